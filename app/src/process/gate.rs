//! The gate: answers devices by the published snapshots. It reads untrusted bytes, so it holds no database and may
//! touch `gate/` (to read), `run/pages/` and `run/health/`, nothing else.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use engine::test_pass::Passes;
use engine::{Current, SealedKey, SealedState};
use filtering::observing;
use filtering::publish::{Part, Published, PublishedFile, Trace};
use front_proxy::{HelpLine, Network, Opening, Pac, Ports};
use front_sys::Sockets;
use kit::{Clock, Private};

use crate::config::{AnswersInside, Config, Port};
use crate::home::{Home, read_key};
use crate::process::apart;
use crate::process::certificate::{self, Shows};
use crate::process::confine::{MACHINE_START, Reach, confine};
use crate::process::hand_over::{Door, Taken};
use crate::process::health::{self, Health};
use crate::process::lock::Held;
use crate::process::notify::Manager;
use crate::process::portal;
use crate::process::snapshot::{BEHIND, Opened, catalogue, is_unverifiable};
use crate::process::stop::{SUPERVISED, Stop};
use crate::process::supervisor::{Bind, Ready};
use crate::process::users::Account;

/// How often the gate looks for a new snapshot: one `stat` of a small file.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How long a gate that was never given a snapshot waits for the first one.
const FIRST_SNAPSHOT: Duration = Duration::from_secs(60);

/// How long a gate whose place was taken finishes what is open.
const LEAVING: Duration = Duration::from_secs(120);

/// How long a gate that stops answers what it was asked.
const ANSWERING: Duration = Duration::from_secs(1);

/// What a gate begins with.
pub struct Beginning<'a> {
    /// Whom it becomes.
    pub user: Option<&'a Account>,
    /// Who is told how it fares.
    pub manager: &'a Manager,
    /// Sockets that were bound before it began.
    pub sockets: Sockets,
    /// What the gate before it gave, whose place it takes.
    pub taken: Option<Taken>,
    /// The lock of the home.
    pub held: &'a Held,
}

/// Runs until told to stop, or until another gate has taken its place and what it had is finished.
pub fn run(
    home: &Home,
    config: &Config,
    bind: &Bind,
    beginning: Beginning<'_>,
    when_ready: impl FnOnce(&Ready),
) -> Result<()> {
    let Beginning { user, manager, mut sockets, mut taken, held } = beginning;
    in_small_pages();
    let ticket_key = Private::new(read_key(home, "ticket.key")?);
    let passes = Arc::new(Passes::new(ticket_key.clone()));
    let sealed_key = SealedKey::new(read_key(home, "sealed.key")?);
    let help = help_lines()?;
    let portal = portal::url(config, bind);
    // Ports below 1024 and keys are root's to give; whatever reads a device's bytes is not root any more.
    let clock = Clock::System;
    let shown = certificate::to_show(home, config, bind, Shows::Dns, clock.now())?;
    let settings = front_dns::Config {
        listen: or(&bind.dns, &config.dns.listen),
        upstreams: config.dns.upstreams.clone(),
        threads: config.dns.threads.unwrap_or(0),
        cache_bytes: config.dns.cache_mb << 20,
        name: config.dns.name.clone(),
        refuse_inside: config.dns.answers_inside == AnswersInside::Refuse,
        routers: config.dns.routers.clone(),
        forward: config
            .dns
            .forwards()
            .map(|(zones, upstreams)| front_dns::Forward { zones, upstreams })
            .collect(),
        encrypted: shown.as_ref().map(|(_, certificate)| front_dns::Encrypted {
            tls: bind.tls.or(config.dns.tls),
            https: bind.https.or(config.dns.https),
            ..front_dns::Encrypted::new(certificate.clone())
        }),
        passes: Some(Arc::clone(&passes)),
        rate: Some(config.dns.rate()),
        ..front_dns::Config::default()
    };
    let dns = front_dns::bind_with(settings, &mut sockets)?;
    let (file, certificate) = shown.unzip();
    let settings = front_proxy::Config {
        passes: Some(passes),
        ..proxy_config(config, bind, portal, ticket_key, help, &dns.all_addresses())
    };
    let proxy = front_proxy::bind_with(settings, &mut sockets)?;
    // Of those that the settings name no more nobody will read: they are closed, here and where they are kept.
    drop(sockets);
    let mut given = dns.descriptors()?;
    given.extend(proxy.descriptors()?);
    user.map_or(Ok(()), Account::take_on)?;
    // Whoever started this gate alone decides what comes after it.
    let door = match std::env::var_os(SUPERVISED) {
        None => Some(Door::open(home, taken.as_mut().map(Taken::door))?),
        Some(_) => None,
    };
    let confined = confine(&Reach {
        read: vec![home.gate(), MACHINE_START.into()],
        write: vec![activity::pages_folder(&home.run()), home.health()],
        ..Reach::default()
    })?;
    tracing::info!(?confined, "The gate may touch its own folders only");

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let guard = runtime.enter();
    let stop = Stop::on_signals_hearing(move |line| {
        if let Some(certificate) = &certificate {
            certificate::show_again(certificate, line);
        }
    })?;
    drop(guard);

    let mut published = first_snapshot(home, &sealed_key, &stop)?;
    let Some(opened) = published.take() else { return Ok(()) };
    let state = opened.policy.sealed().state(clock.now());
    if !state.may_serve() {
        bail!("{}", state.notice().unwrap_or("The sealed lists cannot be used."));
    }
    if let Some(notice) = state.notice() {
        tracing::warn!("{notice}");
    }
    opened.report();
    let behind = (!opened.behind.is_empty()).then(|| BEHIND.to_owned());
    let (seen, mapped) = (opened.published, opened.lists);
    let (recipients, version) = (opened.recipients, opened.version);
    if recipients.is_empty() {
        tracing::warn!("Nobody is named who may open records of sealed addresses, so none are made");
    }
    let (current, problems) = Current::new(opened.policy, &opened.live);
    report(&problems);
    let current = Arc::new(current);
    let sink =
        Arc::new(activity::Sink::start(&home.run(), clock.now()).context("cannot start recording activity")?);
    write_sealed_to(&sink, &recipients, version, seen.generation);

    let dns =
        dns.start(Arc::clone(&current), Arc::clone(&sink) as Arc<dyn engine::ActivitySink>, clock.clone())?;
    let proxy = proxy.start(
        Arc::clone(&current),
        Arc::clone(&sink) as Arc<dyn engine::ActivitySink>,
        clock.clone(),
    )?;
    let observing = observing::notice(&current.policy(), &current.live(), clock.now());
    if let Some(notice) = &observing {
        tracing::warn!("{notice}");
    }
    let watcher = {
        let (home, stop, clock) = (home.clone(), stop.clone(), clock.clone());
        let (current, sink) = (Arc::clone(&current), Arc::clone(&sink));
        let watch = Watch {
            home,
            key: sealed_key,
            current,
            sink,
            to: (recipients, version),
            clock,
            said: state,
            said_observing: observing.is_some(),
            mapped,
            damaged: Vec::new(),
            trace: None,
            asked: dns.watching(),
            limited: Limited::default(),
        };
        std::thread::Builder::new().name("snapshots".to_owned()).spawn(move || watch.follow(seen, &stop))?
    };
    let (dns, proxy) = (Arc::new(dns), Arc::new(proxy));
    let another = Stop::default();
    let health = {
        let (dns, proxy, another) = (Arc::clone(&dns), Arc::clone(&proxy), another.clone());
        let (folder, stop, started) = (home.health(), stop.clone(), clock.now());
        let write = move || {
            let (mut wait, mut said) = (Duration::ZERO, 0);
            while !stop.is_said() && !another.is_said() {
                std::thread::sleep(LOOK_EVERY);
                wait = wait.saturating_sub(LOOK_EVERY);
                // Somebody may be waiting to hear that the gate goes by what they have just changed.
                let generation = current.live().document().version;
                if !wait.is_zero() && generation == said {
                    continue;
                }
                said = generation;
                wait = health::EVERY;
                let fronts = [("dns", dns.counters().named()), ("proxy", proxy.counts().named())];
                let at = clock.now();
                let notice = current.policy().sealed().state(at).notice();
                let observing = current.live().observing(at).map(|one| one.ends_at);
                Health::of(started, at, (notice, observing), generation, &fronts).write(&folder);
            }
            // Where another gate serves, the file is its own.
            if !another.is_said() {
                Health::forget(&folder);
            }
        };
        std::thread::Builder::new().name("health".to_owned()).spawn(write)?
    };
    when_ready(&Ready {
        dns: dns.addresses().to_vec(),
        proxy: proxy.addresses().to_vec(),
        dot: dns.tls(),
        doh: dns.https(),
        certificate: file,
        notice: state.notice().map(str::to_owned),
        behind,
        observing,
        pid: std::process::id(),
        ..Ready::default()
    });
    apart::settle_in(manager)?;
    manager.keep(&given);
    if let Some(mut door) = door {
        door.say_serving().context("the gate before this one has gone")?;
        held.names_this_process()?;
        given.extend(held.to_share()?);
        let another = another.clone();
        std::thread::Builder::new().name("hand-over".to_owned()).spawn(move || {
            match door.wait_for_another(given) {
                Ok(()) => another.now(),
                Err(error) => {
                    tracing::error!(%error, "Another gate cannot take this one's place: restart it instead")
                }
            }
        })?;
    }
    runtime.block_on(async {
        tokio::select! {
            () = stop.said() => {}
            () = another.said() => {}
            () = manager.keep_telling(|| dns.is_alive()) => {}
        }
    });
    if another.is_said() && !stop.is_said() {
        tracing::info!("Another gate answers devices now; this one finishes what it has");
        dns.leave();
        proxy.leave();
        runtime.block_on(async {
            tokio::select! {
                () = stop.said() => {}
                () = tokio::time::sleep(LEAVING) => {}
                () = nothing_left(&dns, &proxy) => {}
            }
        });
        // Whoever follows what is published ends as well.
        stop.now();
    } else {
        // Whoever asks from now on waits in the sockets for the next gate, where a service manager keeps them.
        dns.leave();
        let _ = runtime.block_on(async { tokio::time::timeout(ANSWERING, all_answered(&dns)).await });
    }
    let _ = health.join();
    // Nobody else holds them now, so this stops both.
    drop((dns, proxy));
    // What is still in the spool goes to the log before the process ends.
    sink.stop();
    let _ = watcher.join();
    Ok(())
}

/// Waits until every question that was taken is answered.
async fn all_answered(dns: &front_dns::Running) {
    while dns.questions_left() > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until every question that was taken is answered and every connection is closed.
async fn nothing_left(dns: &front_dns::Running, proxy: &front_proxy::Running) {
    while !dns.has_left() || !proxy.has_left() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Keeps the kernel from giving two megabytes wherever a thread's heap touches a few bytes, which is 25 MB of a gate that
/// holds five million names. Where answers are kept, large pages are asked for: there they save 4 % of an answer.
fn in_small_pages() {
    match front_sys::huge_only_where_advised() {
        Ok(true) => {}
        Ok(false) => {
            tracing::debug!("This kernel has large pages everywhere or nowhere; the gate does without")
        }
        Err(error) => tracing::warn!(%error, "The gate takes more memory than it needs, in large pages"),
    }
}

/// The last good snapshot; on a new machine, waits for the hub to publish the first, and where nothing that was
/// published can be used, to publish again. Sealed entries that cannot be verified are never waited out.
fn first_snapshot(home: &Home, key: &SealedKey, stop: &Stop) -> Result<Option<Opened>> {
    let until = Instant::now() + FIRST_SNAPSHOT;
    let folder = home.gate();
    let mut said = false;
    loop {
        let unusable = match Published::read(&folder) {
            Ok(None) => None,
            Ok(Some(_)) => match Opened::open(&folder, key) {
                Ok(opened) => return Ok(Some(opened)),
                Err(error) => Some(error.context("the published policy cannot be used")),
            },
            Err(error) => Some(error.into()),
        };
        if stop.is_said() {
            return Ok(None);
        }
        let late = Instant::now() > until;
        match unusable {
            Some(error) if late || is_unverifiable(&error) => return Err(error),
            Some(error) if !said => {
                said = true;
                tracing::error!(error = format!("{error:#}"), "Waiting for the hub to publish again");
            }
            None if late => bail!(
                "nothing has been published to {} yet. `fivebar policy apply` publishes a policy; `fivebar run` without --only starts the part that does it.",
                folder.display()
            ),
            _ => {}
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Follows what is published, and the age of the sealed feed.
struct Watch {
    home: Home,
    key: SealedKey,
    current: Arc<Current>,
    sink: Arc<activity::Sink>,
    /// To whom sealed records are written, and the version of the policy they name.
    to: (Vec<String>, u32),
    clock: Clock,
    /// What was last said of the sealed tier.
    said: SealedState,
    /// Whether it was last said that the filter observes only.
    said_observing: bool,
    /// The list index that decides.
    mapped: PublishedFile,
    /// List indexes that were found damaged.
    damaged: Vec<u64>,
    /// What the system said of the published files when that index was last read to its end.
    trace: Option<Trace>,
    /// What the DNS front has done.
    asked: front_dns::Watching,
    /// How many questions were beyond the bound, when that was last said.
    limited: Limited,
}

/// What was said of addresses that ask too much.
#[derive(Default)]
struct Limited {
    questions: u64,
    said: Option<Instant>,
}

/// How often it is said at most.
const LIMITED_EVERY: Duration = Duration::from_secs(60);

impl Watch {
    /// Swaps in every new snapshot. One that cannot be used is said once, and the running one stays.
    fn follow(mut self, mut seen: Published, stop: &Stop) {
        let folder: PathBuf = self.home.gate();
        let mut refused = None;
        // Opening an index reads little of it, so that a gate that starts answers at once; the rest is read here.
        self.check_lists(&folder, &seen);
        while !stop.is_said() {
            std::thread::sleep(LOOK_EVERY);
            self.say_what_changed();
            self.say_what_was_limited();
            let published = match Published::read(&folder) {
                Ok(Some(published)) if published != seen && Some(&published) != refused.as_ref() => published,
                _ => {
                    self.check_lists(&folder, &seen);
                    continue;
                }
            };
            match self.swap(&folder, published, &seen) {
                Ok(()) => {
                    tracing::info!(generation = published.generation, "Another snapshot decides");
                    seen = published;
                    self.check_lists(&folder, &seen);
                }
                Err(error) => {
                    tracing::error!(
                        error = format!("{error:#}"),
                        "A published snapshot cannot be used; the running one stays"
                    );
                    refused = Some(published);
                }
            }
        }
    }

    fn swap(&mut self, folder: &Path, published: Published, seen: &Published) -> Result<()> {
        if published.same_policy(seen)
            && self.mapped == published.lists.newest
            && let Ok(live) = published.live(folder)
        {
            report(&self.current.swap_live(&live));
            let (recipients, version) = &self.to;
            write_sealed_to(&self.sink, recipients, *version, published.generation);
        } else {
            self.take(Opened::open_without(folder, &self.key, &self.damaged)?);
        }
        Ok(())
    }

    fn take(&mut self, opened: Opened) {
        opened.report();
        self.to = (opened.recipients, opened.version);
        self.mapped = opened.lists;
        self.trace = None;
        report(&self.current.swap_both(opened.policy, &opened.live));
        let (recipients, version) = &self.to;
        write_sealed_to(&self.sink, recipients, *version, opened.published.generation);
    }

    /// Reads the index that decides to its end whenever the system says that something was written to what is published.
    /// One that is damaged gives way to the one before.
    fn check_lists(&mut self, folder: &Path, seen: &Published) {
        let trace = Some(seen.trace(folder));
        if self.trace == trace {
            return;
        }
        self.trace = trace;
        let Err(error) = self.mapped.is_whole(folder, Part::Lists) else { return };
        tracing::error!(%error, "The lists that decide are damaged");
        self.damaged.push(self.mapped.number);
        match Opened::open_without(folder, &self.key, &self.damaged) {
            Ok(opened) => {
                let trace = self.trace.take();
                self.take(opened);
                self.trace = trace;
            }
            Err(error) => tracing::error!(
                error = format!("{error:#}"),
                "Nothing can stand in for them, so they go on deciding until the hub publishes again"
            ),
        }
    }

    /// An address that asks too much is a device that was taken over, a mistake, or a resolver that should be excepted.
    fn say_what_was_limited(&mut self) {
        let questions = self.asked.counters().limited;
        let lately = self.limited.said.is_some_and(|said| said.elapsed() < LIMITED_EVERY);
        if questions > self.limited.questions && !lately {
            let more = questions - self.limited.questions;
            tracing::warn!(
                questions = more,
                "Some address asks more than [dns] rate allows; what is beyond was told to ask over TCP. A resolver that asks for many devices belongs into rate-except"
            );
            self.limited = Limited { questions, said: Some(Instant::now()) };
        }
    }

    /// A feed grows stale without anything being published. It goes on blocking; somebody must hear of it.
    fn say_what_changed(&mut self) {
        let state = self.current.policy().sealed().state(self.clock.now());
        if state != self.said {
            self.said = state;
            match state.notice() {
                Some(notice) => tracing::warn!("{notice}"),
                None => tracing::info!("A live feed of sealed entries is in force"),
            }
        }
        let observing = observing::notice(&self.current.policy(), &self.current.live(), self.clock.now());
        if observing.is_some() != self.said_observing {
            self.said_observing = observing.is_some();
            match observing {
                Some(notice) => tracing::warn!("{notice}"),
                None => tracing::warn!("The filter refuses what its rules close"),
            }
        }
    }
}

/// Keys that were published are checked before; one that is none all the same costs the records and not the blocking.
fn write_sealed_to(sink: &activity::Sink, recipients: &[String], version: u32, generation: u64) {
    if let Err(error) = sink.write_sealed_to(recipients, version, generation) {
        tracing::error!(%error, "Records of sealed addresses are written for those that were named before");
    }
}

/// What was left out of a snapshot is said in the service log; the texts name records by number only. Which of them sealed
/// entries cover is told by commands that leave an entry each time, and by no log.
fn report(problems: &[engine::Problem]) {
    let (covered, others): (Vec<_>, Vec<_>) =
        problems.iter().partition(|problem| problem.message.contains(engine::sealed::COVERED));
    for problem in others {
        tracing::warn!(%problem, "Left out of the snapshot");
    }
    if !covered.is_empty() {
        tracing::warn!(
            "Something that holds for a time is left out; `fivebar overrides list` and `fivebar focus list` say what"
        );
    }
}

fn or(bound: &[std::net::SocketAddr], configured: &[std::net::SocketAddr]) -> Vec<std::net::SocketAddr> {
    if bound.is_empty() { configured.to_vec() } else { bound.to_vec() }
}

fn proxy_config(
    config: &Config,
    bind: &Bind,
    portal: String,
    ticket_key: Private<[u8; 32]>,
    help: Vec<HelpLine>,
    dns: &[std::net::SocketAddr],
) -> front_proxy::Config {
    let mut allow_private: Vec<Opening> = config
        .proxy
        .inside
        .iter()
        .map(|inside| Opening { network: Network::one(inside.address), ports: vec![inside.port] })
        .collect();
    // The file was checked: every text in it is a port.
    let ports = |named: &Option<Vec<Port>>, usual: fn() -> Ports| match named {
        None => usual(),
        Some(ports) => ports.iter().filter_map(|port| port.ports().ok()).collect(),
    };
    let portal_at = portal::address(config, bind);
    for at in [Some(portal_at), portal::secure_address(config, bind)].into_iter().flatten() {
        allow_private.push(Opening { network: Network::one(at.ip()), ports: vec![at.port()] });
    }
    front_proxy::Config {
        listen: or(&bind.proxy, &config.proxy.listen),
        threads: config.proxy.threads.unwrap_or(0),
        upstreams: config.dns.upstreams.clone(),
        forward: config.dns.forwards().collect(),
        connect_ports: ports(&config.proxy.connect_ports, Ports::for_tunnels),
        web_ports: ports(&config.proxy.web_ports, Ports::for_pages),
        allow_private,
        own: dns.to_vec(),
        portal,
        portal_at: Some(portal_at),
        dns_name: config.dns.name.clone(),
        help,
        pac: Pac { proxy: None, direct: config.proxy.direct.clone() },
        ticket_key,
        ..front_proxy::Config::default()
    }
}

/// The helplines that a block page shows first where a child may be hurt: the first of the content, each with its page.
fn help_lines() -> Result<Vec<HelpLine>> {
    const SHOWN: usize = 4;
    let catalogue = catalogue()?;
    let lines = catalogue.help.iter().filter(|help| !help.confirm_first).filter_map(|help| {
        let site = help.domains.first()?;
        Some(HelpLine { name: help.name.clone(), how: help.about.clone(), url: format!("https://{site}/") })
    });
    Ok(lines.take(SHOWN).collect())
}
