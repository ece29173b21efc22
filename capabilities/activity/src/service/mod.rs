//! The log process: takes events from gates, makes them durable, answers questions.
//!
//! One thread (the caller's) writes. A thread a gate reads its socket and checks what it says; a thread a question
//! answers it. The writer alone decides when to sync: at 1,024 events, or 20 ms after the first that waits.

mod gates;
mod imports;
mod queries;
mod sockets;
mod upkeep;
mod writer;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{io, thread};

use kit::{Clock, Timestamp};
use serde::{Deserialize, Serialize};

use crate::crowds::{Crowd, Crowds};
use crate::event::moment;
use crate::log::{Accounts, AppendLog, LogConfig};
use crate::page::{HelpCounts, Run};
use crate::sealed::Shelf;
use crate::store::StoreError;
use sockets::Listener;

/// How the log process runs.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the log is kept, `home/log`; made if need be.
    pub log: LogConfig,
    /// Where sockets and pages lie, `home/run`. It must exist.
    pub run_dir: PathBuf,
    /// The machine's clock, or a test's.
    pub clock: Clock,
    /// The permission bits of both sockets. Who may connect is who may write to them.
    pub socket_mode: u32,
    /// How long after the start what is too old is first looked for, and days that are over. By then a machine that
    /// started with a wrong clock has set it, and the jump has been seen.
    pub first_upkeep: Duration,
    /// How often from then on.
    pub upkeep_every: Duration,
    /// Addresses that are known to be many devices: routers that say which device asks.
    pub routers: Vec<IpAddr>,
}

impl Config {
    /// The usual: see [`LogConfig::in_dir`]; sockets for the owner and the group.
    pub fn new(log_dir: &Path, run_dir: &Path) -> Self {
        Self {
            log: LogConfig::in_dir(log_dir),
            run_dir: run_dir.to_owned(),
            clock: Clock::System,
            socket_mode: 0o660,
            first_upkeep: Duration::from_secs(600),
            upkeep_every: Duration::from_secs(3600),
            routers: Vec::new(),
        }
    }
}

/// Why the log process ended.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The log itself could not be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A socket could not be made.
    #[error("cannot listen on {}: {why}; is the folder there, and may this user write to it?", .path.display())]
    Listen {
        /// The socket.
        path: PathBuf,
        /// What the machine said.
        why: io::Error,
    },
    /// A thread could not be started.
    #[error("cannot start a thread: {0}")]
    Thread(io::Error),
}

/// An alarm: the log cannot make events durable. Gates keep what they can meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    /// Since when.
    #[serde(with = "moment")]
    pub since: Timestamp,
    /// What the machine said, with the file.
    pub why: String,
}

/// How the log fares.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// When this was asked.
    #[serde(with = "moment")]
    pub at: Timestamp,
    /// The first place still kept.
    pub first_seq: u64,
    /// The place of the last durable event, 0 where there has been none.
    pub last_seq: u64,
    /// Files that hold events: segments, and files of columns.
    pub segments: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The time of the oldest event kept.
    #[serde(default, with = "moment::maybe", skip_serializing_if = "Option::is_none")]
    pub oldest: Option<Timestamp>,
    /// How many days events are kept.
    pub keep_days: u32,
    /// Every number ever issued, accounted for.
    pub accounts: Accounts,
    /// Help visits answered, by finished day. Nothing is shown of a day that is not over.
    pub help: Vec<HelpDay>,
    /// Set while events cannot be made durable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alarm: Option<Alarm>,
    /// Set while the machine's clock has jumped by more than an hour: nothing is deleted by age then.
    pub clock_jumped: bool,
    /// How long making events durable takes: median and 99th percentile of the last thousand, in microseconds.
    pub sync_us_p50: u64,
    /// See above.
    pub sync_us_p99: u64,
    /// Addresses that are many devices, as far as the last day tells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub crowds: Vec<Crowd>,
}

/// Help visits of one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HelpDay {
    /// The day, as its first moment in UTC; missing for visits whose day could not be kept.
    #[serde(default, with = "moment::maybe", skip_serializing_if = "Option::is_none")]
    pub day: Option<Timestamp>,
    /// How many, by front.
    pub counts: HelpCounts,
}

/// What the threads share.
struct Service {
    log: AppendLog,
    sealed: Shelf,
    config: Config,
    stop: Arc<AtomicBool>,
    alarm: Mutex<Option<Alarm>>,
    sync_us: Mutex<SyncTimes>,
    clock_jumped: AtomicBool,
    crowds: Mutex<Crowds>,
    /// Imports that conversations are about now.
    importing: Mutex<Vec<Run>>,
}

/// The last thousand times that a sync took.
#[derive(Default)]
struct SyncTimes {
    us: Vec<u64>,
    next: usize,
}

impl SyncTimes {
    const KEPT: usize = 1_024;

    fn add(&mut self, us: u64) {
        match self.us.get_mut(self.next) {
            Some(slot) => *slot = us,
            None => self.us.push(us),
        }
        self.next = (self.next + 1) % Self::KEPT;
    }

    fn percentile(&self, percent: usize) -> u64 {
        let mut sorted = self.us.clone();
        sorted.sort_unstable();
        let last = sorted.len().saturating_sub(1);
        sorted.get(last * percent / 100).copied().unwrap_or(0)
    }
}

impl Service {
    fn stopping(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    fn status(&self) -> Status {
        let (files, kept) = self.log.kept();
        let (sync_us_p50, sync_us_p99) =
            self.sync_us.lock().map(|times| (times.percentile(50), times.percentile(99))).unwrap_or_default();
        Status {
            at: self.config.clock.now(),
            first_seq: kept.first_seq,
            last_seq: kept.next_seq.saturating_sub(1),
            segments: files,
            bytes: kept.bytes,
            oldest: (!kept.is_empty()).then_some(kept.oldest),
            keep_days: self.config.log.keep_days,
            accounts: self.log.accounts(&self.config.run_dir),
            help: self.log.help_days(),
            alarm: self.alarm.lock().map(|alarm| alarm.clone()).unwrap_or_default(),
            clock_jumped: self.clock_jumped.load(Ordering::Relaxed),
            sync_us_p50,
            sync_us_p99,
            crowds: (self.crowds.lock())
                .map(|crowds| crowds.told(self.config.clock.now()))
                .unwrap_or_default(),
        }
    }
}

/// Runs the log process until `stop` is set; then makes durable what has arrived, says so to the gates, and returns.
/// Stop the gates first: they wait up to two seconds for their last events to be taken.
/// The sockets are there once the log has been opened and repaired. Only a failure to begin is an error: a full disk
/// is an alarm, and the log goes on by itself when there is room again.
pub fn run(config: Config, stop: Arc<AtomicBool>) -> Result<(), ServiceError> {
    let log = AppendLog::open(config.log.clone(), config.clock.now())?;
    let sealed = Shelf::open(&config.log.dir)
        .map_err(StoreError::io("read", config.log.dir.join(crate::sealed::FILE)))?;
    crate::make_folders(&config.run_dir)
        .map_err(|why| ServiceError::Listen { path: config.run_dir.clone(), why })?;
    let gate_listener = Listener::bind(&crate::gate_socket(&config.run_dir), config.socket_mode)?;
    let query_listener = Listener::bind(&crate::query_socket(&config.run_dir), config.socket_mode)?;
    let crowds = Mutex::new(Crowds::new(config.routers.clone()));
    let service = Service {
        log,
        sealed,
        config,
        stop,
        alarm: Mutex::new(None),
        sync_us: Mutex::default(),
        clock_jumped: AtomicBool::new(false),
        crowds,
        importing: Mutex::default(),
    };
    let (to_writer, arrivals) = std::sync::mpsc::sync_channel(gates::QUEUE);
    let outcome = thread::scope(|scope| {
        let start = |name: &str| thread::Builder::new().name(name.to_owned());
        start("log-gates")
            .spawn_scoped(scope, || gates::serve(scope, &service, &gate_listener, to_writer))?;
        start("log-queries").spawn_scoped(scope, || queries::serve(scope, &service, &query_listener))?;
        start("log-upkeep").spawn_scoped(scope, || upkeep::keep(&service))?;
        writer::write(&service, &arrivals);
        gate_listener.close();
        query_listener.close();
        // Those still reading see the end of the channel or of their socket.
        drop(arrivals);
        Ok(())
    });
    outcome.map_err(ServiceError::Thread)
}
