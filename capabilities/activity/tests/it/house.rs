//! A house with a log process and gates in it, in a folder of its own.

use std::net::IpAddr;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use activity::{Client, Config, Event, Search, ServiceError, Status};
use engine::{
    Activity, ActivitySink, Decision, DeviceNo, Fact, Front, GroupNo, Host, HostName, Identity, KnownBy,
    Obligations, Owed, PersonNo, Reason, Request, RuleRef, Step, Verdict,
};
use kit::{Clock, Timestamp};

pub struct House {
    pub folder: tempfile::TempDir,
    pub clock: Clock,
}

impl House {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        activity::make_folders(&folder.path().join("run")).unwrap();
        Self { folder, clock: Clock::System }
    }

    pub fn run_dir(&self) -> PathBuf {
        self.folder.path().join("run")
    }

    pub fn log_dir(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    pub fn config(&self) -> Config {
        Config { clock: self.clock.clone(), ..Config::new(&self.log_dir(), &self.run_dir()) }
    }

    pub fn client(&self) -> Client {
        Client::new(&self.run_dir())
    }

    pub fn log(&self) -> Log {
        self.log_with(self.config())
    }

    pub fn log_with(&self, config: Config) -> Log {
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        let thread = std::thread::spawn(move || activity::service::run(config, flag));
        let client = self.client();
        until("the log answers", || client.status().is_ok());
        Log { stop, thread: Some(thread) }
    }

    pub fn status(&self) -> Status {
        self.client().status().unwrap()
    }

    pub fn found(&self, search: &Search) -> Vec<Event> {
        let mut events = Vec::new();
        self.client()
            .search(search, |event| {
                events.push(event);
                ControlFlow::Continue(())
            })
            .unwrap();
        events
    }

    /// Every byte in the house, by file.
    pub fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        let mut folders = vec![self.run_dir(), self.log_dir()];
        while let Some(folder) = folders.pop() {
            for file in std::fs::read_dir(folder).unwrap() {
                let path = file.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.is_file() {
                    files.push((path.clone(), std::fs::read(path).unwrap()));
                }
            }
        }
        assert!(files.iter().any(|(path, _)| path.starts_with(self.log_dir())), "the log has files");
        files
    }
}

/// A running log process, in a thread.
pub struct Log {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<(), ServiceError>>>,
}

impl Log {
    pub fn stop(mut self) {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.take().unwrap().join().unwrap().unwrap();
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
    }
}

/// Waits for something to become true.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// One request of the made-up school.
#[derive(Clone)]
pub struct Visit {
    pub at: Timestamp,
    pub front: Front,
    pub client: IpAddr,
    pub person: u32,
    pub host: String,
    pub path: Option<String>,
    pub agent: Option<String>,
    pub verdict: Verdict,
    pub step: Step,
    pub category: Option<u16>,
    pub unobserved: bool,
}

impl Visit {
    pub fn to(host: &str) -> Self {
        Self {
            at: at("2026-11-23T10:49:00.123Z"),
            front: Front::Proxy,
            client: [127, 0, 0, 7].into(),
            person: 7,
            host: host.to_owned(),
            path: Some("/a/page?q=secret".to_owned()),
            agent: Some("Browser/1.0".to_owned()),
            verdict: Verdict::Allow,
            step: Step::PermittedUse,
            category: Some(3),
            unobserved: false,
        }
    }

    pub fn refused(host: &str) -> Self {
        Self { verdict: Verdict::Block, ..Self::to(host) }
    }

    pub fn help(host: &str) -> Self {
        Self { step: Step::Help, unobserved: true, category: None, ..Self::to(host) }
    }

    pub fn record(&self, sink: &dyn ActivitySink) {
        self.with(|activity| sink.record(activity));
    }

    /// Ends a request that was begun before.
    pub fn pay(&self, owed: Owed) {
        self.with(|activity| owed.pay(activity));
    }

    fn with(&self, tell: impl FnOnce(&Activity<'_>)) {
        let identity = Identity {
            person: Some(PersonNo(self.person)),
            device: Some(DeviceNo(self.person + 100)),
            known_by: KnownBy::DeviceRegister,
            ..Identity::default()
        };
        let request = Request {
            host: Host::Name(HostName::new(&self.host).unwrap()),
            port: Some(80),
            path: self.path.as_deref(),
            as_sent: None,
            chain: &[],
            addresses: &[],
            identity: &identity,
            front: self.front,
        };
        let reason = Reason {
            step: self.step,
            rule: RuleRef(11),
            fact: Fact::Host,
            category: self.category,
            list: Some(2),
            group: Some(GroupNo(4)),
            beside: None,
        };
        let decision = Decision {
            verdict: self.verdict,
            reason,
            obligations: Obligations { unobserved: self.unobserved, ..Obligations::default() },
        };
        tell(&Activity::of(&request, &decision, self.at, self.client, self.agent.as_deref(), 512));
    }
}
