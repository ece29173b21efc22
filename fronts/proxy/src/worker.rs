//! What one thread of the proxy holds: everything of its own, shared with no other thread but the counters.

use std::cell::{Cell, RefCell};
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::time::Duration;

use engine::{Activity, ActivitySink, Current, Front, Refusal};
use front_sys::splice::Pipe;
use kit::Clock;

use crate::address::Reach;
use crate::buffer::Rooms;
use crate::config::Config;
use crate::counters::Counters;
use crate::pool::Pool;
use crate::portal::Portal;
use crate::resolve::Resolve;
use crate::watch::{Watch, Watched};

/// What all threads share.
pub struct Shared {
    /// What the proxy was told.
    pub config: Config,
    /// What may be connected to.
    pub reach: Reach,
    /// Which requests go to the portal.
    pub portal: Portal,
    /// Who decides.
    pub filter: Arc<Current>,
    /// Who is told.
    pub sink: Arc<dyn ActivitySink>,
    /// Where the time comes from.
    pub clock: Clock,
    /// What has been done.
    pub counters: Counters,
    /// Connections there are now, of all threads.
    pub open: AtomicUsize,
    /// Listeners that connections are taken from now, of all threads.
    pub accepting: AtomicUsize,
    /// Whether another program takes the connections from now on.
    pub leaving: AtomicBool,
    /// Whether to stop.
    pub stop: AtomicBool,
}

impl Shared {
    /// Tells the log of a request that the proxy refused and of which no more is known than who sent it.
    pub fn note(&self, refusal: Refusal, front: Front, client: IpAddr) {
        let at = self.clock.now();
        let identity = self.filter.hold(at).identify(client);
        self.sink.record(&Activity::refused(refusal, front, &identity, at, client));
    }
}

/// What one thread holds.
pub struct Worker {
    /// What all threads share.
    pub shared: Arc<Shared>,
    /// The thread's connections.
    pub watch: Watch,
    /// Unused connections to origins.
    pub pool: Pool,
    /// Where hosts are.
    pub resolve: Resolve,
    /// Room for bytes.
    pub rooms: Rooms,
    /// Pipes that are empty.
    pub pipes: RefCell<Vec<Pipe>>,
    /// Where a tunnel's few bytes lie between reading and writing, within one poll.
    pub scratch: RefCell<Box<[u8]>>,
    /// Milliseconds since the thread's start, as of the watchman's last round.
    pub tick: Cell<u64>,
}

/// A worker as its connections hold it.
#[derive(Clone)]
pub struct Mine(pub Rc<Worker>);

impl AsRef<Watch> for Mine {
    fn as_ref(&self) -> &Watch {
        &self.0.watch
    }
}

impl std::ops::Deref for Mine {
    type Target = Worker;
    fn deref(&self) -> &Worker {
        &self.0
    }
}

/// How many empty pipes a thread keeps.
const MOST_PIPES: usize = 16;

impl Worker {
    /// A thread's share.
    pub fn start(shared: Arc<Shared>) -> Mine {
        let config = &shared.config;
        Mine(Rc::new(Self {
            watch: Watch::default(),
            pool: Pool::new(config.limits.kept_origins),
            resolve: Resolve::new(&config.upstreams, &config.forward, config.limits.resolve),
            rooms: Rooms::default(),
            pipes: RefCell::default(),
            scratch: RefCell::new(vec![0; crate::buffer::ROOM].into_boxed_slice()),
            tick: Cell::new(1),
            shared,
        }))
    }

    /// Gives a connection so long from now.
    pub fn allow(&self, watched: &Watched, time: Duration) {
        watched.until(self.tick.get() + u64::try_from(time.as_millis()).unwrap_or(u64::MAX / 2).max(1));
    }

    /// An empty pipe, if the machine has one to give.
    pub fn pipe(&self) -> Option<Pipe> {
        self.pipes.borrow_mut().pop().or_else(|| Pipe::new().ok())
    }

    /// Takes an empty pipe back.
    pub fn put_pipe(&self, pipe: Pipe) {
        let mut pipes = self.pipes.borrow_mut();
        if pipes.len() < MOST_PIPES {
            pipes.push(pipe);
        }
    }
}
