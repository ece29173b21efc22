//! Starts gate, log and hub as processes of their own, waits until each says it is ready, and starts again whichever
//! ends before it was told to.

use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use filtering::publish::Published;

use crate::cli::Part;
use crate::config::Config;
use crate::home::Home;
use crate::process::certificate::{Pair, Shows};
use crate::process::notify::OF_ONE_PROCESS;
use crate::process::stop::{SUPERVISED, Stop};

/// What a part says on its standard output once it serves, one JSON line.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Ready {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dns: Vec<SocketAddr>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proxy: Vec<SocketAddr>,
    /// Where DNS over TLS is answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dot: Option<SocketAddr>,
    /// Where DNS over HTTPS is answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doh: Option<SocketAddr>,
    /// The file of the certificate that both show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub portal: Option<SocketAddr>,
    /// Where the portal is served over HTTPS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub portal_https: Option<SocketAddr>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<Person>,
    /// What must be said about the sealed tier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<String>,
    /// What must be said of older rules that stand in for damaged ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behind: Option<String>,
    /// What must be said where the filter observes only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observing: Option<String>,
    /// What must be said of events that were damaged on disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub damaged: Option<String>,
    /// The process that says it.
    #[serde(default)]
    pub pid: u32,
}

/// Somebody of the school, with where they ask from, for scripts that try things.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Person {
    pub name: String,
    pub group: String,
    pub address: String,
}

impl Ready {
    /// All that must be said.
    pub fn notices(&self) -> Option<String> {
        let all = [&self.observing, &self.behind, &self.notice, &self.damaged];
        let all: Vec<&str> = all.into_iter().flatten().map(String::as_str).collect();
        (!all.is_empty()).then(|| all.join(" "))
    }

    /// The line for scripts: the first address of each kind as a plain text, so that it can be used as it is, and all
    /// of them beside it.
    pub fn line(&self) -> serde_json::Value {
        serde_json::json!({
            "dns": self.dns.first(),
            "proxy": self.proxy.first(),
            "portal": self.portal,
            "portal_https": self.portal_https,
            "dot": self.dot,
            "doh": self.doh,
            "certificate": self.certificate,
            "dns_all": self.dns,
            "proxy_all": self.proxy,
            "people": self.people,
            "notice": self.notices(),
            "pid": self.pid,
        })
    }
}

/// A part ended, said it is ready, or has waited long enough to be started again.
enum News {
    Ready(Part, Box<Ready>),
    Ended(Part, Ending),
    Again(Part),
}

/// How a part ended.
struct Ending {
    how: String,
    /// Whether somebody told it to end: it stopped in good order, or a signal for stopping came before it listened.
    told: bool,
}

impl Ending {
    fn of(status: std::io::Result<ExitStatus>) -> Self {
        match status {
            Ok(status) => Self {
                how: status.to_string(),
                told: status.success() || status.signal().is_some_and(is_for_stopping),
            },
            Err(error) => Self { how: error.to_string(), told: false },
        }
    }
}

/// How much a part is listened to: far more than it has to say, and no more than this process can hold.
const MOST_SAID: u64 = 4 << 20;

const TRIED_AGAIN: &str = "Devices are answered by what was published last, and it is tried again until it starts: see \
                           what it said above, and `fivebar verify`.";

fn is_for_stopping(signal: i32) -> bool {
    [SignalKind::terminate(), SignalKind::interrupt()].iter().any(|kind| kind.as_raw_value() == signal)
}

/// How long the word to stop may take to reach this process after it has reached a part: a service manager and a terminal
/// tell all of them, one after the other.
const SAME_MOMENT: Duration = Duration::from_millis(500);

/// How long a part may take to stop before it is killed.
const STOPPING: Duration = Duration::from_secs(8);

/// Runs the three parts until told to stop; calls `when_ready` once, when all of them serve for the first time.
pub async fn run(home: &Home, bind: Bind, when_ready: impl FnOnce(&Ready)) -> Result<()> {
    let stop = Stop::on_signals()?;
    let mut reload = signal(SignalKind::hangup()).context("cannot listen for SIGHUP")?;
    let (news, mut heard) = mpsc::unbounded_channel();
    // Asked now: the file may be replaced by a newer one while the school runs, and parts start again from there.
    let program = std::env::current_exe().context("cannot find this program's own file")?;
    let mut house = House { home: home.clone(), program, bind, news, parts: Vec::new() };
    for part in [Part::Log, Part::Hub, Part::Gate] {
        house.start(part)?;
    }
    let mut together = Ready { pid: std::process::id(), ..Ready::default() };
    let mut waiting = vec![Part::Log, Part::Hub, Part::Gate];
    let mut when_ready = Some(when_ready);
    loop {
        tokio::select! {
            () = stop.said() => break,
            _ = reload.recv() => {
                house.update_lists();
                house.show_certificate_again().await;
            }
            Some(news) = heard.recv() => match news {
                News::Ready(part, ready) => {
                    tracing::info!(part = part.id(), pid = ready.pid, "Serving");
                    house.serving(part);
                    house.bind.remember(&ready);
                    match part {
                        Part::Gate => {
                            (together.dns, together.proxy) = (ready.dns, ready.proxy);
                            (together.dot, together.doh) = (ready.dot, ready.doh);
                            together.certificate = ready.certificate;
                            together.behind = ready.behind;
                            together.observing = ready.observing;
                        }
                        Part::Hub => {
                            (together.portal, together.people) = (ready.portal, ready.people);
                            together.portal_https = ready.portal_https;
                            together.notice = ready.notice;
                        }
                        Part::Log => together.damaged = ready.damaged,
                    }
                    waiting.retain(|other| *other != part);
                }
                News::Again(part) => {
                    if stop.is_said() { break; }
                    house.start(part)?;
                }
                News::Ended(part, ending) => {
                    if ending.told {
                        // Whoever told the part tells this process in the same moment, as a rule.
                        let _ = tokio::time::timeout(SAME_MOMENT, stop.said()).await;
                    }
                    if stop.is_said() { break; }
                    let how = ending.how;
                    if when_ready.is_some() && waiting.contains(&part) && house.never_served(part) {
                        // With something published, devices are answered whatever is broken beside the gate.
                        if part == Part::Gate || Published::read(&home.gate()).ok().flatten().is_none() {
                            house.stop_all().await;
                            bail!("the {} could not start ({how}); what it said stands above", part.id());
                        }
                        tracing::error!(
                            part = part.id(),
                            how,
                            "It could not start and is tried again; the gate answers by what was published last"
                        );
                        waiting.retain(|other| *other != part);
                        // Where it will be once it starts: block pages link to it already.
                        together.portal = together.portal.or(house.bind.portal);
                        together.notice =
                            Some(format!("The {} could not start. {TRIED_AGAIN}", part.id()));
                    }
                    house.again(part, &how);
                }
            },
        }
        if waiting.is_empty()
            && let Some(say) = when_ready.take()
        {
            say(&together);
        }
    }
    house.stop_all().await;
    Ok(())
}

/// Addresses to listen on instead of the configured ones.
#[derive(Debug, Clone, Default)]
pub struct Bind {
    pub dns: Vec<SocketAddr>,
    pub proxy: Vec<SocketAddr>,
    pub tls: Option<SocketAddr>,
    pub https: Option<SocketAddr>,
    pub portal: Option<SocketAddr>,
    pub portal_https: Option<SocketAddr>,
}

impl Bind {
    /// Keeps the addresses a part got, so that it has them again when it starts again.
    fn remember(&mut self, ready: &Ready) {
        if !ready.dns.is_empty() {
            self.dns.clone_from(&ready.dns);
        }
        if !ready.proxy.is_empty() {
            self.proxy.clone_from(&ready.proxy);
        }
        self.tls = ready.dot.or(self.tls);
        self.https = ready.doh.or(self.https);
        self.portal = ready.portal.or(self.portal);
        self.portal_https = ready.portal_https.or(self.portal_https);
    }
}

struct Running {
    part: Part,
    /// Closing it tells the part to stop, even if this process dies.
    life_line: Option<tokio::process::ChildStdin>,
    started: Instant,
    served: bool,
    wait: Duration,
    ended: Option<tokio::task::JoinHandle<()>>,
}

struct House {
    home: Home,
    program: PathBuf,
    bind: Bind,
    news: mpsc::UnboundedSender<News>,
    parts: Vec<Running>,
}

impl House {
    fn start(&mut self, part: Part) -> Result<()> {
        let wait = self
            .parts
            .iter()
            .find(|running| running.part == part)
            .map_or(Duration::ZERO, |running| running.wait);
        let served = self.parts.iter().any(|running| running.part == part && running.served);
        self.parts.retain(|running| running.part != part);
        let mut child = self.spawn(part)?;
        let life_line = child.stdin.take();
        if let Some(said) = child.stdout.take() {
            let news = self.news.clone();
            tokio::spawn(async move {
                let mut lines = BufReader::new(said.take(MOST_SAID)).lines();
                while let Ok(Some(line)) = lines.next_line().await {
                    if let Ok(ready) = serde_json::from_str::<Ready>(&line) {
                        let _ = news.send(News::Ready(part, Box::new(ready)));
                    }
                }
            });
        }
        let news = self.news.clone();
        let ended = tokio::spawn(async move {
            let _ = news.send(News::Ended(part, Ending::of(child.wait().await)));
        });
        self.parts.push(Running {
            part,
            life_line,
            started: Instant::now(),
            served,
            wait,
            ended: Some(ended),
        });
        Ok(())
    }

    fn spawn(&self, part: Part) -> Result<Child> {
        let mut command = Command::new(&self.program);
        command.arg("--home").arg(self.home.path()).args(["--json", "run", "--only", part.id()]);
        for address in &self.bind.dns {
            command.arg("--bind-dns").arg(address.to_string());
        }
        for address in &self.bind.proxy {
            command.arg("--bind-proxy").arg(address.to_string());
        }
        let Bind { tls, https, portal, portal_https, .. } = self.bind;
        for (flag, address) in [
            ("--bind-tls", tls),
            ("--bind-https", https),
            ("--bind-portal", portal),
            ("--bind-portal-https", portal_https),
        ] {
            if let Some(address) = address {
                command.arg(flag).arg(address.to_string());
            }
        }
        for told in OF_ONE_PROCESS {
            command.env_remove(told);
        }
        command
            .env(SUPERVISED, "1")
            .env_remove("FIVEBAR_HOME")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start the {}", part.id()))
    }

    fn serving(&mut self, part: Part) {
        if let Some(running) = self.parts.iter_mut().find(|running| running.part == part) {
            running.served = true;
        }
    }

    fn never_served(&self, part: Part) -> bool {
        self.parts.iter().any(|running| running.part == part && !running.served)
    }

    /// Starts a part again: at once if it had run for a while, else after a wait that doubles up to five seconds.
    /// Nothing else waits meanwhile.
    fn again(&mut self, part: Part, how: &str) {
        let mut wait = Duration::from_millis(50);
        if let Some(running) = self.parts.iter_mut().find(|running| running.part == part) {
            if running.started.elapsed() < Duration::from_secs(10) {
                wait = (running.wait * 2).clamp(Duration::from_millis(50), Duration::from_secs(5));
            }
            running.wait = wait;
        }
        tracing::warn!(part = part.id(), how, "Ended without being told to; it is started again");
        let news = self.news.clone();
        tokio::spawn(async move {
            tokio::time::sleep(wait).await;
            let _ = news.send(News::Again(part));
        });
    }

    /// Reads the lists again from where they came from, in a process of its own: the hub is shut into its own folders,
    /// and a list may lie anywhere.
    fn update_lists(&self) {
        let started = Command::new(&self.program)
            .arg("--home")
            .arg(self.home.path())
            .args(["--json", "lists", "update"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn();
        match started {
            Ok(mut update) => {
                tokio::spawn(async move {
                    match update.wait().await {
                        Ok(status) if status.success() => tracing::info!("The lists were read again"),
                        Ok(status) => {
                            tracing::warn!(%status, "Not every list could be read again; what was wrong stands above")
                        }
                        Err(error) => tracing::warn!(%error, "The lists could not be read again"),
                    }
                });
            }
            Err(error) => tracing::warn!(%error, "The lists could not be read again"),
        }
    }

    /// Reads the certificate of encrypted DNS again and hands it to the gate, which may read neither file any more. It
    /// goes through the pipe that is the gate's life line.
    async fn show_certificate_again(&mut self) {
        let read = Config::read(&self.home.config()).and_then(|config| {
            if config.dns.is_encrypted() {
                Pair::read(&self.home, &config, Shows::Dns).map(Some)
            } else {
                Ok(None)
            }
        });
        let pair = match read {
            Ok(Some(pair)) => pair,
            Ok(None) => return,
            Err(error) => {
                let error = format!("{error:#}");
                tracing::error!(
                    error,
                    "The certificate could not be read again; the gate shows the one it has"
                );
                return;
            }
        };
        let gate = self.parts.iter_mut().find(|running| running.part == Part::Gate);
        let Some(life_line) = gate.and_then(|gate| gate.life_line.as_mut()) else { return };
        // A pipe holds more than a certificate, and a gate that does not read is not waited for.
        let line = pair.line();
        let told = tokio::time::timeout(SAME_MOMENT, life_line.write_all(line.as_bytes()));
        if !matches!(told.await, Ok(Ok(()))) {
            tracing::error!("The gate could not be given the certificate again; it shows the one it has");
        }
    }

    /// Tells the gate first, so that what it still holds reaches the log; the log goes last.
    async fn stop_all(&mut self) {
        for part in [Part::Gate, Part::Hub, Part::Log] {
            let Some(mut running) =
                self.parts.iter().position(|running| running.part == part).map(|at| self.parts.remove(at))
            else {
                continue;
            };
            drop(running.life_line.take());
            if let Some(ended) = running.ended.take() {
                let abort = ended.abort_handle();
                if tokio::time::timeout(STOPPING, ended).await.is_err() {
                    tracing::warn!(part = part.id(), "Did not stop in time; it is ended");
                    abort.abort(); // drops the child, which kills it
                }
            }
        }
    }
}
