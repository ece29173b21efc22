//! The gate's side: takes events without ever waiting, and gets them to the log.

mod drain;
mod spool;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use engine::{Activity, ActivitySink, Recorder};
use kit::Timestamp;

use crate::page::{Run, RunPage, Taking};
use crate::sealed::{Desk, NotAKey};
use drain::Drain;
use spool::{Opened, Spool};

/// How a sink is set up.
#[derive(Debug, Clone)]
pub struct SinkConfig {
    /// The folder of sockets and pages, `home/run`. It must exist.
    pub run_dir: PathBuf,
    /// How much memory events may take while they wait for the log. Beyond it they are dropped and counted.
    pub spool_bytes: usize,
}

impl SinkConfig {
    /// A spool of 64 MiB: about a million events, half an hour of a large school's busiest time.
    pub fn in_dir(run_dir: &Path) -> Self {
        Self { run_dir: run_dir.to_owned(), spool_bytes: 64 << 20 }
    }
}

/// Takes the events of one gate run. Cheap to share; [`Sink::record`] never waits, never allocates more than a spool
/// chunk, and costs about a tenth of a microsecond.
#[derive(Debug)]
pub struct Sink {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What the recording threads and the drain share.
#[derive(Debug)]
struct Shared {
    page: RunPage,
    spool: Spool,
    /// Where sealed refusals are noted for their encrypted records.
    desk: Desk,
    /// Events that found no room.
    dropped: AtomicU64,
    /// Events that the log has said are durable.
    taken: AtomicU64,
    connected: AtomicBool,
    stop: AtomicBool,
}

/// How a sink fares. `issued - taken - dropped` events are on their way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SinkCounts {
    /// Numbers issued: every event there was, but for visits to help sites.
    pub issued: u64,
    /// Events of requests that are being carried out; they have no number yet.
    pub owed: u64,
    /// Events that found no room, or never came though they were owed.
    pub dropped: u64,
    /// Events that the log has said are durable.
    pub taken: u64,
    /// Whether the log is there.
    pub connected: bool,
}

impl SinkCounts {
    /// Events on their way.
    pub const fn queued(&self) -> u64 {
        self.issued.saturating_sub(self.dropped).saturating_sub(self.taken)
    }
}

impl Sink {
    /// Begins a gate run: makes its page in `run_dir` and starts the one thread that sends events to the log, which
    /// need not be there yet.
    pub fn start(run_dir: &Path, at: Timestamp) -> io::Result<Self> {
        Self::start_with(&SinkConfig::in_dir(run_dir), at)
    }

    /// The same with everything said.
    pub fn start_with(config: &SinkConfig, at: Timestamp) -> io::Result<Self> {
        crate::make_folders(&config.run_dir)?;
        let shared = Arc::new(Shared {
            page: RunPage::create(&config.run_dir, at)?,
            spool: Spool::new(config.spool_bytes),
            desk: Desk::default(),
            dropped: AtomicU64::new(0),
            taken: AtomicU64::new(0),
            connected: AtomicBool::new(false),
            stop: AtomicBool::new(false),
        });
        let drain = Drain::new(Arc::clone(&shared), crate::gate_socket(&config.run_dir));
        let thread = thread::Builder::new().name("activity".to_owned()).spawn(move || drain.run())?;
        Ok(Self { shared, thread: Mutex::new(Some(thread)) })
    }

    /// Which run this is.
    pub fn run(&self) -> Run {
        self.shared.page.run()
    }

    /// From now on sealed refusals are recorded for these public keys, and the records name this policy and publication.
    /// Until this is called, and with no keys, there are no such records: the refusals are the same.
    pub fn write_sealed_to(&self, keys: &[String], policy: u32, generation: u64) -> Result<(), NotAKey> {
        self.shared.desk.write_to(keys, policy, generation)
    }

    /// How it fares.
    pub fn counts(&self) -> SinkCounts {
        let shared = &self.shared;
        let taken = shared.taken.load(Ordering::Acquire);
        let dropped = shared.dropped.load(Ordering::Acquire);
        SinkCounts {
            issued: shared.page.issued(),
            owed: shared.page.owed(),
            dropped,
            taken,
            connected: shared.connected.load(Ordering::Relaxed),
        }
    }

    /// Ends the run: what is waiting is given to the log if it answers within two seconds. What is recorded after
    /// this is counted as lost. Also done when the sink is dropped.
    pub fn stop(&self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        let thread = self.thread.lock().ok().and_then(|mut thread| thread.take());
        if let Some(thread) = thread {
            thread.thread().unpark();
            // A drain that panicked has nothing left to say: its events are counted as lost by the log.
            drop(thread.join());
        }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.stop();
    }
}

impl ActivitySink for Sink {
    fn record(&self, activity: &Activity<'_>) {
        self.shared.open().record(activity);
    }

    fn open(&self) -> Box<dyn Recorder + '_> {
        Box::new(self.shared.open())
    }

    fn owe(&self, at: Timestamp) {
        self.shared.page.owe(at);
    }

    fn record_owed(&self, activity: &Activity<'_>) {
        self.shared.open().record_owed(activity);
    }

    fn write_off(&self) {
        self.shared.page.write_off();
        self.shared.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

impl Shared {
    fn open(&self) -> Open<'_> {
        Open { shared: self, buffer: None }
    }
}

/// Events of one thread, one after the other.
struct Open<'a> {
    shared: &'a Shared,
    /// Taken when the first event comes.
    buffer: Option<Opened<'a>>,
}

impl Open<'_> {
    /// Keeps an event that is not a visit to a help site, or counts it as dropped.
    fn keep(&mut self, activity: &Activity<'_>, taking: Taking) {
        let shared = self.shared;
        // Noted before its row is numbered, so that the drain finds it no later than the row.
        let record =
            activity.sealed().and_then(|address| shared.desk.note(activity, address, Instant::now()));
        let buffer = self.buffer.get_or_insert_with(|| shared.spool.open());
        if !buffer.put(&shared.page, activity, record, taking) {
            shared.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Recorder for Open<'_> {
    fn record(&mut self, activity: &Activity<'_>) {
        if activity.decision().obligations.unobserved {
            self.shared.page.count_help(activity.at(), activity.front());
        } else {
            self.keep(activity, Taking::NEW);
        }
    }

    fn record_owed(&mut self, activity: &Activity<'_>) {
        if activity.decision().obligations.unobserved {
            self.shared.page.count_help(activity.at(), activity.front());
            self.shared.page.forgive();
        } else {
            self.keep(activity, Taking::OWED);
        }
    }
}
