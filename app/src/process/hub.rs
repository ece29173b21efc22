//! The hub: the portal and the records behind it. It holds the database and no socket of the gate's.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use engine::{Current, SealedKey};
use filtering::publish::Published;
use jobs::Outbox;
use kit::{Clock, Private, Zone};
use store::Db;

use crate::commands::backup::doing_now;
use crate::commands::context::database_url;
use crate::config::Config;
use crate::home::{Home, read_key};
use crate::process::asking::{ASKING, AskTheLog, named};
use crate::process::brought_back;
use crate::process::chasing::chase;
use crate::process::confine::{Reach, confine};
use crate::process::ending::{end_last_days, write_down_ends};
use crate::process::erasing::erase;
use crate::process::errands::Carrying;
use crate::process::keeping::Keeping;
use crate::process::mending::{Alarm, Mending};
use crate::process::metrics;
use crate::process::notices::Notices;
use crate::process::notify::Manager;
use crate::process::plain;
use crate::process::portal::{self, own_address};
use crate::process::publishing::{GateFile, Publishing};
use crate::process::renewing::Renewing;
use crate::process::secure::Secure;
use crate::process::sign_in;
use crate::process::snapshot::Opened;
use crate::process::stop::Stop;
use crate::process::supervisor::{Bind, Person, Ready};
use crate::process::testing::Testing;
use crate::process::told;
use crate::process::users::Account;

/// How long work beside the pages may take once it is time to stop.
const LEAVING: Duration = Duration::from_secs(20);

/// How often the hub looks whether another snapshot was published.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Runs until told to stop.
pub fn run(
    home: &Home,
    config: &Config,
    bind: &Bind,
    user: Option<&Account>,
    manager: &Manager,
    when_ready: impl FnOnce(&Ready),
) -> Result<()> {
    // A port below 1024 is root's to give.
    let address = bind.portal.unwrap_or(config.portal.listen);
    let listener = std::net::TcpListener::bind(address)
        .with_context(|| format!("cannot serve the portal on {address}; is another program using it?"))?;
    listener.set_nonblocking(true)?;
    let mut secure = Secure::listen(home, config, bind)?;
    user.map_or(Ok(()), Account::take_on)?;
    if let Some(secure) = &mut secure {
        secure.is_shown(home, config, bind)?;
    }
    let ticket_key = Private::new(read_key(home, "ticket.key")?);
    let notices = Notices::read(home, config);
    let sealed_key = read_key(home, "sealed.key")?;
    let pseudonyms = people::Pseudonyms::new(sealed_key);
    let sealed_key = SealedKey::new(sealed_key);
    // Their secrets are out of its reach once it has shut itself in.
    let ways = sign_in::ways(home, config, Clock::System.now());
    // The records are brought up to date and published before the hub shuts itself in. Gates go on with what they have
    // where that cannot be done.
    if let Err(error) = crate::commands::records::publish_at_start(home, config) {
        if Published::read(&home.gate())?.is_none() {
            return Err(error.context("nothing was ever published, and publishing failed"));
        }
        tracing::error!(
            error = format!("{error:#}"),
            "The records could not be published again; gates go on with what they have"
        );
    }
    // Pages and lists matter more than numbers about them.
    let metrics = config.metrics.listen.and_then(|address| {
        metrics::bind(address).inspect_err(|error| tracing::error!("{error:#}; the hub goes on without")).ok()
    });
    let confined = confine(&reach(home, config)?)?;
    tracing::info!(?confined, "The hub may touch its own folders only");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let listeners = Listeners { portal: listener, secure, metrics };
    runtime.block_on(async {
        tokio::select! {
            ended = serve(home, config, bind, listeners, Keys { ticket: ticket_key, sealed: sealed_key, pseudonyms, ways, notices }, when_ready) => ended,
            // Whatever is served stands still where this does.
            () = manager.keep_telling(|| true) => Ok(()),
        }
    })?;
    // What is cut off half way, as a back-up may be, leaves nothing that counts: nobody waits for it long.
    runtime.shutdown_timeout(LEAVING);
    Ok(())
}

/// What the hub may touch once it serves.
fn reach(home: &Home, config: &Config) -> Result<Reach> {
    let mut reach = Reach {
        read: [read_outside(), vec![home.health()]].concat(),
        // Lists are fetched into their folder, and read where what was published of them is damaged.
        write: vec![home.hub(), home.gate(), home.lists()],
        run: Vec::new(),
    };
    let Some(backup) = &config.backup else { return Ok(reach) };
    // What goes into a back-up, and where it goes.
    reach.read.extend([home.config(), home.keys(), home.certificate()]);
    reach.write.extend(backup.folder());
    if database_url(home, config)?.file().is_none() {
        // PostgreSQL's own programs write the dump and load it again.
        reach.run.extend(["/usr/lib", "/usr/bin", "/usr/local", "/lib", "/lib64"].map(PathBuf::from));
    }
    Ok(reach)
}

/// What the hub has read of the school's keys.
struct Keys {
    ticket: Private<[u8; 32]>,
    sealed: SealedKey,
    pseudonyms: people::Pseudonyms,
    ways: people::account::Ways,
    notices: Notices,
}

/// Where the hub listens.
struct Listeners {
    portal: std::net::TcpListener,
    secure: Option<Secure>,
    metrics: Option<std::net::TcpListener>,
}

/// What the hub reads outside the home: time zones, and what fetching lists needs, which is how names are looked up here
/// and whom this machine trusts.
fn read_outside() -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = [
        "/etc",
        "/usr/share/zoneinfo",
        // Where /etc/resolv.conf leads to, as a rule, and where /etc/ssl does.
        "/run/systemd/resolve",
        "/run/resolvconf",
        "/run/NetworkManager",
        "/usr/share/ca-certificates",
        "/usr/local/share/ca-certificates",
    ]
    .map(PathBuf::from)
    .into();
    // Whoever starts the program may name other certificates, as for any other program.
    all.extend(["SSL_CERT_FILE", "SSL_CERT_DIR"].iter().filter_map(std::env::var_os).map(PathBuf::from));
    all
}

async fn serve(
    home: &Home,
    config: &Config,
    bind: &Bind,
    listeners: Listeners,
    Keys { ticket: ticket_key, sealed: sealed_key, pseudonyms, ways, notices }: Keys,
    when_ready: impl FnOnce(&Ready),
) -> Result<()> {
    let stop = Stop::on_signals()?;
    let db = Db::open(&database_url(home, config)?).await.context("cannot open the records")?;
    brought_back::look(home, &db, Clock::System.now()).await?;
    let opened = Opened::open(&home.gate(), &sealed_key)?;
    opened.report();
    let notice = opened.policy.sealed().state(Clock::System.now()).notice();
    let (zone, zone_name) = (zone_of(&opened), opened.policy.document().calendar.zone.clone());
    let seen = opened.published;
    let document = opened.policy.document();
    let help: Vec<engine::catalogue::OpenSite> = (opened.policy.catalogue().help.iter())
        .filter(|help| !help.confirm_first || document.help_confirmed.contains(&help.id))
        .cloned()
        .collect();
    let (current, _) = Current::new(opened.policy, &opened.live);
    let current = Arc::new(current);
    tokio::spawn(write_down_ends(home.clone(), db.clone()));
    let alarm = Alarm::default();
    let mending =
        Mending::new(home.clone(), db.clone(), sealed_key.clone(), portal::hosts(config), alarm.clone());
    let renewing = Renewing {
        home: home.clone(),
        records: db.clone(),
        key: sealed_key.clone(),
        portal: portal::hosts(config).into(),
        every: config.lists.update,
    };
    tokio::spawn(renewing.clone().run());
    let errands = Arc::new(filtering::errand::Errands::default());
    let testing = Testing {
        home: home.clone(),
        config: config.clone(),
        records: db.clone(),
        sealed: sealed_key.clone(),
        ticket: ticket_key.clone(),
        errands: Arc::clone(&errands),
    };
    tokio::spawn(testing.clone().run());
    tokio::spawn(watch(home.clone(), sealed_key.clone(), Arc::clone(&current), seen, mending));
    let keeping = Keeping {
        home: home.clone(),
        config: config.clone(),
        records: db.clone(),
        errands: Arc::clone(&errands),
    };
    tokio::spawn(keeping.clone().run());

    let own = own_portal(config, &Bind { portal: Some(listeners.portal.local_addr()?), ..bind.clone() });
    let mut tx = db.begin().await?;
    notices::set_clock(&mut tx, &zone_name).await?;
    tx.commit().await?;
    let mut carriers = notices.carriers(&db, own.url.trim_end_matches('/'));

    let tries = Arc::new(people::account::Counts::default());
    let publishes = Publishing {
        home: home.clone(),
        records: db.clone(),
        key: sealed_key.clone(),
        portal: portal::hosts(config).into(),
        alarm: alarm.clone(),
    };
    tokio::spawn(end_last_days(db.clone(), publishes.clone()));
    tokio::spawn(chase(db.clone()));
    tokio::spawn(erase(db.clone()));
    tokio::spawn(told::settle(db.clone(), publishes.clone(), Arc::clone(&current), zone.clone()));
    let portal = filtering::Portal {
        db: db.clone(),
        clock: Clock::System,
        zone,
        publishes: Arc::new(publishes),
        log: activity::Client::new(&home.run()),
        pseudonyms,
        keep_days: config.activity.keep_days,
        gate: Arc::new(GateFile { home: home.clone(), clock: Clock::System, alarm: alarm.clone() }),
        errands,
        hub: Arc::new(Carrying { testing, keeping, renewing }),
        kind: config.school.kind,
        hashing: people::account::Hashing::new(),
        tries: Arc::clone(&tries),
        ways,
        telling: notices.telling.clone(),
        service: config.school.name.clone(),
        help: help.into(),
        filter: Arc::clone(&current),
        ticket_key,
        is_gate: Arc::new(is_this_machine),
        own,
        recent: Arc::new(AskTheLog {
            client: activity::Client::new(&home.run()),
            filter: Arc::clone(&current),
            asking: tokio::sync::Semaphore::new(ASKING),
        }),
        named: named(home.clone(), Arc::clone(&current)),
        back_ups: backups::Watching {
            rule: config.backup.as_ref().map(crate::config::Backup::rule),
            now: {
                let home = home.clone();
                Arc::new(move || doing_now(&home))
            },
        },
        notices: {
            let filter = Arc::clone(&current);
            Arc::new(move || {
                let at = Clock::System.now();
                let observing = filtering::observing::notice(&filter.policy(), &filter.live(), at);
                observing.into_iter().chain(alarm.notices()).collect()
            })
        },
    };
    if let Some(listener) = listeners.metrics {
        tokio::spawn(metrics::serve(listener, home.clone(), Arc::clone(&tries)));
    }
    let listener = listeners.portal;
    portal::write_address(home, listener.local_addr()?)?;
    when_ready(&Ready {
        portal: Some(listener.local_addr()?),
        portal_https: listeners.secure.as_ref().map(Secure::address).transpose()?,
        people: people_with_addresses(&db).await?,
        notice: notice.map(str::to_owned),
        pid: std::process::id(),
        ..Ready::default()
    });
    let programs = api::Api::beside(portal, config.portal.api_a_minute);
    let sending = api::webhook::sending::Sending::default();
    carriers.extend(api::carriers(&programs, sending));
    tokio::spawn(Outbox { records: db.clone(), clock: Clock::System, carriers }.run());
    let pages = api::routes(programs);
    let (told, also_told) = (stop.clone(), stop.clone());
    let secure = listeners.secure.map(|secure| secure.serve(pages.clone(), also_told));
    let plain = plain::serve(listener, pages, told);
    let secure = async {
        match secure {
            Some(secure) => secure.await,
            None => Ok(()),
        }
    };
    tokio::try_join!(plain, secure)?;
    // What was done until now is known from now on.
    brought_back::look(home, &db, Clock::System.now()).await?;
    Ok(())
}

/// Whether a connection from that address can be one that the gate made: where the machine speaks to itself, its own
/// address stands at both ends. Of loopback it is never said: whoever is there is a browser on this very machine or
/// somebody of a made-up school, and what the proxy carries to the portal bears its word in any case.
fn is_this_machine(peer: IpAddr) -> bool {
    !peer.is_loopback() && own_address(SocketAddr::new(peer, 9)).is_none_or(|own| own == peer)
}

/// Where browsers reach the portal, and its own addresses: the one that it listens on, or any that this machine has where it
/// listens on all of them.
fn own_portal(config: &Config, bind: &Bind) -> web::OwnAddress {
    let listens = bind.portal.unwrap_or(config.portal.listen).ip().to_canonical();
    let is_own = move |address: IpAddr| {
        if listens.is_unspecified() {
            address.is_loopback() || own_address(SocketAddr::new(address, 9)) == Some(address)
        } else {
            address == listens
        }
    };
    web::OwnAddress { url: portal::url(config, bind), is_own: Arc::new(is_own) }
}

fn zone_of(opened: &Opened) -> Zone {
    Zone::named(&opened.policy.document().calendar.zone).unwrap_or_else(|_| Zone::utc())
}

/// Follows what is published, so that the portal's words are those of the policy that decides, and looks after it.
async fn watch(home: Home, key: SealedKey, current: Arc<Current>, mut seen: Published, mut mending: Mending) {
    loop {
        mending.look().await;
        tokio::time::sleep(LOOK_EVERY).await;
        let folder = home.gate();
        if !matches!(Published::read(&folder), Ok(Some(published)) if published != seen) {
            continue;
        }
        let key = key.clone();
        let opened = tokio::task::spawn_blocking(move || Opened::open(&folder, &key)).await;
        match opened {
            Ok(Ok(opened)) => {
                seen = opened.published;
                current.swap_both(opened.policy, &opened.live);
            }
            Ok(Err(error)) => {
                tracing::error!(%error, "A published snapshot cannot be used; the portal goes on with the last")
            }
            Err(_) => return,
        }
    }
}

/// Everybody with a device of their own at a fixed address, for scripts.
async fn people_with_addresses(db: &Db) -> Result<Vec<Person>> {
    let mut tx = db.read().await?;
    let people = people::people(&mut tx).await?;
    let devices = people::devices(&mut tx).await?;
    tx.roll_back().await?;
    Ok(people
        .iter()
        .filter_map(|person| {
            let device = devices.iter().find(|device| device.person == Some(person.number))?;
            Some(Person {
                name: person.name.reveal().clone(),
                group: person.groups.first().cloned().unwrap_or_default(),
                address: device.addresses.first()?.to_string(),
            })
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_from_this_machine_to_itself_is_told_from_a_devices() {
        for peer in ["127.0.0.1", "::1", "127.0.5.1"] {
            assert!(!is_this_machine(peer.parse().unwrap()), "{peer}");
        }
        // The address that this machine has on a network, where it has one.
        let own = std::net::UdpSocket::bind("0.0.0.0:0").and_then(|socket| {
            socket.connect("192.0.2.1:9")?;
            socket.local_addr()
        });
        if let Some(own) = own.ok().map(|own| own.ip()).filter(|own| !own.is_loopback()) {
            assert!(is_this_machine(own), "{own}");
        }
    }
}
