//! Starts the threads, each with its own listeners on the same addresses, and stops them.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use engine::{ActivitySink, Current, Front, Refusal};
use front_sys::Sockets;
use kit::Clock;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::LocalSet;

use crate::address::Reach;
use crate::client;
use crate::config::{Config, ConfigError};
use crate::counters::{Counters, Counts};
use crate::page;
use crate::portal::Portal;
use crate::worker::{Mine, Shared, Worker};

/// How often a thread's watchman goes round. A change of the policy reaches everything open within twice that.
const ROUND: Duration = Duration::from_millis(200);
/// How often unused connections and old answers are swept.
const SWEEP_TICKS: u64 = 5_000;

/// A running proxy. Dropping it stops it.
pub struct Running {
    shared: Arc<Shared>,
    addresses: Vec<SocketAddr>,
    threads: Vec<JoinHandle<()>>,
}

/// The proxy's sockets, bound and not yet listening: what may need rights that the rest must not have.
pub struct Bound {
    config: Config,
    addresses: Vec<SocketAddr>,
    /// A thread's sockets, one an address.
    sockets: Vec<Vec<TcpSocket>>,
}

/// Starts the proxy. When this returns, it answers.
pub fn start(
    config: Config,
    filter: Arc<Current>,
    sink: Arc<dyn ActivitySink>,
    clock: Clock,
) -> Result<Running, ConfigError> {
    bind(config)?.start(filter, sink, clock)
}

/// Checks the configuration and takes its addresses.
pub fn bind(config: Config) -> Result<Bound, ConfigError> {
    bind_with(config, &mut Sockets::default())
}

/// The same with sockets that were bound before: those of its addresses are taken, and only what is missing is bound.
pub fn bind_with(config: Config, passed: &mut Sockets) -> Result<Bound, ConfigError> {
    config.check()?;
    let count = match config.threads {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        some => some,
    };
    let mut sockets: Vec<Vec<TcpSocket>> = (0..count).map(|_| Vec::new()).collect();
    let mut addresses = Vec::new();
    for &wanted in &config.listen {
        // A port of 0 is chosen once, by the first thread's socket.
        let mut address = wanted;
        let refused = |error| ConfigError::Listen { address: wanted, error };
        let taken = passed.take_tcp(wanted);
        let many = taken.len();
        for (place, listener) in (0..count).cycle().zip(taken) {
            address = listener.local_addr().map_err(refused)?;
            // Where there are more than threads, some threads listen at two: none may stay unheard.
            if let Some(mine) = sockets.get_mut(place) {
                mine.push(TcpSocket::from_std_stream(std::net::TcpStream::from(OwnedFd::from(listener))));
            }
        }
        for mine in sockets.iter_mut().skip(many) {
            let socket = socket(address).map_err(refused)?;
            address = socket.local_addr().map_err(refused)?;
            mine.push(socket);
        }
        addresses.push(address);
    }
    Ok(Bound { config, addresses, sockets })
}

impl Bound {
    /// Where it listens.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Its sockets, for another program to take connections from when this one leaves.
    pub fn descriptors(&self) -> io::Result<Vec<OwnedFd>> {
        self.sockets.iter().flatten().map(|socket| socket.as_fd().try_clone_to_owned()).collect()
    }

    /// Starts the threads. When this returns, it answers.
    pub fn start(
        self,
        filter: Arc<Current>,
        sink: Arc<dyn ActivitySink>,
        clock: Clock,
    ) -> Result<Running, ConfigError> {
        let Bound { config, addresses, sockets } = self;
        let count = sockets.len();
        let mut own = config.own.clone();
        own.extend(&addresses);
        let reach = Reach { openings: config.allow_private.clone(), own };
        let portal = Portal::of(&config);
        let shared = Arc::new(Shared {
            config,
            reach,
            portal,
            filter,
            sink,
            clock,
            counters: Counters::default(),
            open: AtomicUsize::new(0),
            accepting: AtomicUsize::new(0),
            leaving: AtomicBool::new(false),
            stop: AtomicBool::new(false),
        });
        let mut running = Running { shared: Arc::clone(&shared), addresses, threads: Vec::new() };
        let (ready, started) = mpsc::channel();
        for (number, sockets) in sockets.into_iter().enumerate() {
            let (shared, ready) = (Arc::clone(&shared), ready.clone());
            let thread = std::thread::Builder::new()
                .name(format!("proxy-{number}"))
                .spawn(move || thread(shared, sockets, &ready))
                .map_err(ConfigError::Thread)?;
            running.threads.push(thread);
        }
        drop(ready);
        for result in started.iter().take(count) {
            result?;
        }
        Ok(running)
    }
}

impl Running {
    /// Where it listens.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// What it has done so far.
    pub fn counts(&self) -> Counts {
        let mut counts = self.shared.counters.now();
        counts.open = self.shared.open.load(Ordering::Relaxed) as u64;
        counts
    }

    /// Takes no more connections: another program does from now on. Those there are go on, for one more answer each where
    /// they are not tunnels.
    pub fn leave(&self) {
        self.shared.leaving.store(true, Ordering::SeqCst);
    }

    /// Whether it has left: nothing more is taken, and nothing that was taken is open. The order of the two counts: what
    /// the last listener took is open before that listener is gone.
    pub fn has_left(&self) -> bool {
        self.shared.accepting.load(Ordering::SeqCst) == 0 && self.shared.open.load(Ordering::SeqCst) == 0
    }

    /// Stops accepting, ends what is open, and waits for the threads.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        for thread in self.threads.drain(..) {
            // A thread that panicked has already ended its connections.
            let _ = thread.join();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

fn socket(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.set_reuseport(true)?;
    // Accepted sockets inherit it: an answer's last bytes never wait for an acknowledgement.
    socket.set_nodelay(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// A task of one thread.
type JoinHandleHere = tokio::task::JoinHandle<()>;

type Ready = mpsc::Sender<Result<(), ConfigError>>;

fn thread(shared: Arc<Shared>, sockets: Vec<TcpSocket>, ready: &Ready) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = ready.send(Err(ConfigError::Thread(error)));
            return;
        }
    };
    let local = LocalSet::new();
    local.block_on(&runtime, async move {
        let worker = Worker::start(shared);
        let mut accepting = Vec::new();
        for socket in sockets {
            let address = socket.local_addr();
            match socket.listen(4096) {
                Ok(listener) => {
                    let taking = Counted::one(&worker.shared, |shared| &shared.accepting);
                    let worker = worker.clone();
                    accepting.push(tokio::task::spawn_local(async move {
                        accept(worker, listener).await;
                        drop(taking);
                    }));
                }
                Err(error) => {
                    let address = address.unwrap_or_else(|_| SocketAddr::from(([0, 0, 0, 0], 0)));
                    let _ = ready.send(Err(ConfigError::Listen { address, error }));
                    return;
                }
            }
        }
        let _ = ready.send(Ok(()));
        watchman(&worker, accepting).await;
    });
}

/// Goes round until the proxy stops.
async fn watchman(worker: &Mine, mut accepting: Vec<JoinHandleHere>) {
    let shared = &worker.shared;
    let start = Instant::now();
    let mut swept = 0;
    loop {
        tokio::time::sleep(ROUND).await;
        let tick = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX) + 1;
        worker.tick.set(tick);
        if shared.leaving.load(Ordering::SeqCst) {
            // What waits in the sockets is for whoever holds them now.
            accepting.drain(..).for_each(|task| task.abort());
        }
        if shared.stop.load(Ordering::SeqCst) {
            worker.watch.end_all();
            // One turn for the connections to see it and tell the log what they had open; it hears of the rest from here.
            tokio::time::sleep(Duration::from_millis(20)).await;
            worker.watch.close_all(shared.clock.now(), &*shared.sink);
            return;
        }
        let round = worker.watch.round(tick, shared.clock.now(), &shared.filter, &*shared.sink);
        Counters::add(&shared.counters.timed_out, round.timed_out);
        Counters::add(&shared.counters.closed_by_change, round.blocked);
        if tick >= swept + SWEEP_TICKS {
            swept = tick;
            worker.pool.sweep(tick);
            worker.resolve.sweep(tick);
        }
    }
}

async fn accept(worker: Mine, listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, from)) => {
                let shared = &worker.shared;
                Counters::add(&shared.counters.connections, 1);
                let seat = Counted::one(shared, |shared| &shared.open);
                if shared.open.load(Ordering::Relaxed) > shared.config.limits.connections {
                    Counters::add(&shared.counters.turned_away, 1);
                    // What it asks for is not read; that it was turned away is told.
                    shared.note(Refusal::Busy, Front::Proxy, from.ip().to_canonical());
                    turn_away(&stream);
                    continue;
                }
                let worker = worker.clone();
                drop(tokio::task::spawn_local(async move {
                    client::serve(worker, stream, from).await;
                    drop(seat);
                }));
            }
            Err(_) => {
                // No descriptors left, or a client that went before it was met: neither is helped by hurrying.
                Counters::add(&worker.shared.counters.accept_errors, 1);
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// One among those that are counted, until it is dropped.
struct Counted {
    shared: Arc<Shared>,
    count: fn(&Shared) -> &AtomicUsize,
}

impl Counted {
    fn one(shared: &Arc<Shared>, count: fn(&Shared) -> &AtomicUsize) -> Self {
        count(shared).fetch_add(1, Ordering::SeqCst);
        Self { shared: Arc::clone(shared), count }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        (self.count)(&self.shared).fetch_sub(1, Ordering::SeqCst);
    }
}

fn turn_away(stream: &TcpStream) {
    let sentence = "Too many connections are open at the moment. Try again in a minute.";
    let mut out = Vec::new();
    page::trouble(503, "The filter is busy", sentence, None).write(&mut out, false, true);
    // A new socket has room for a page; if not, closing it says enough.
    let _ = stream.try_write(&out);
}
