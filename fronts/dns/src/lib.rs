//! The DNS front: questions of untrusted devices in, decided answers out, over UDP, TCP, TLS and
//! HTTPS.
//!
//! One thread a core receives and answers datagrams in batches, with its own cache and its own upstream sockets, and
//! shares nothing. Streams are read by one more thread, encrypted ones by one more a core; they hand their questions to
//! the same [`resolver`], so there is one implementation. The front holds no database and waits for none; it asks the [`engine::Current`] filter and hands
//! events to an [`engine::ActivitySink`].

pub mod asking;
pub mod cache;
pub mod counters;
pub mod encrypted;
pub mod random;
pub mod rate;
pub mod resolver;
pub mod upstreams;
pub mod wire;

mod desk;
mod inbox;
mod sockets;
mod special;
mod stream;
mod worker;

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::Arc;
use std::thread::JoinHandle;

use engine::test_pass::Passes;
use engine::{ActivitySink, Current};
use front_sys::Sockets;
use kit::Clock;

pub use counters::Counters;
use counters::Counting;
pub use encrypted::{Certificate, CertificateError, Encrypted, Limits};
use inbox::Inbox;
pub use rate::Rate;
use resolver::Settings;

/// How the front runs.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it listens, over UDP and TCP. Port 0 takes a free one.
    pub listen: Vec<SocketAddr>,
    /// The servers it forwards to; at most 64, with those of `forward`.
    pub upstreams: Vec<SocketAddr>,
    /// Zones of the school's own, and who answers for them.
    pub forward: Vec<Forward>,
    /// The name that devices know the gate by, in lower case. A label before it can be somebody's own: such a name is
    /// answered as the name itself is, and neither sent on nor written down.
    pub name: Option<String>,
    /// Whether an answer of the internet's that leads to an address inside is refused, unless the policy opens the name:
    /// with such answers a page of the internet reaches what only the school's own devices should (DNS rebinding).
    pub refuse_inside: bool,
    /// Routers that ask for the devices behind them. Which device it is, they say in the question (RFC 7871), and of nobody
    /// else is that believed; where they do not say it, the router is who asks.
    pub routers: Vec<IpAddr>,
    /// How many threads answer; 0 is one for each core.
    pub threads: usize,
    /// The most memory that kept answers take, in bytes, over all threads.
    pub cache_bytes: usize,
    /// The most questions that wait for upstreams at once, over all threads; the oldest goes when one more comes.
    pub waiting: usize,
    /// The most TCP connections at once.
    pub connections: usize,
    /// DNS over TLS and over HTTPS, where the school has it.
    pub encrypted: Option<Encrypted>,
    /// How much one address may ask, in datagrams and as much again over streams; without bound where there is none.
    pub rate: Option<Rate>,
    /// The longest a device may keep an answer, in seconds, so that a changed policy reaches it. At most 60.
    pub longest_life_s: u32,
    /// How long a device may keep that a name is blocked, in seconds. At most 60.
    pub blocked_life_s: u32,
    /// Who takes passes of the school's own filter test ([`engine::test_pass`]); without it nobody tests.
    pub passes: Option<Arc<Passes>>,
}

/// Whether a name is nobody's on the internet, so that the front answers it without asking anybody, unless a zone of the
/// school's own holds it.
pub fn is_nobodys(name: &str) -> bool {
    special::answer(name).is_some()
}

/// Names whose questions go to servers of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forward {
    /// Each stands for itself and all below it, as [`kit::host::normalise_host_name`] gives it.
    pub zones: Vec<String>,
    /// Who answers for them, and nobody else.
    pub upstreams: Vec<SocketAddr>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: Vec::new(),
            upstreams: Vec::new(),
            forward: Vec::new(),
            name: None,
            refuse_inside: false,
            routers: Vec::new(),
            threads: 0,
            cache_bytes: 32 << 20,
            waiting: 8_192,
            connections: 512,
            encrypted: None,
            rate: None,
            longest_life_s: LONGEST_LIFE_S,
            blocked_life_s: 30,
            passes: None,
        }
    }
}

/// A policy-dependent answer lives no longer than this with a device.
const LONGEST_LIFE_S: u32 = 60;

/// Why the front could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration names no address to listen on.
    #[error("the DNS front has no address to listen on; give at least one")]
    NoListen,
    /// The configuration names no upstream, or too many.
    #[error("the DNS front has {0} upstream servers; give 1 to 64")]
    Upstreams(usize),
    /// An address could not be listened on.
    #[error("cannot listen for DNS on {address}: {error}; is another DNS server running there?")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        error: io::Error,
    },
    /// A socket or thread could not be made.
    #[error("cannot start the DNS front: {0}")]
    System(#[from] io::Error),
}

/// The running front. Dropping it stops it.
pub struct Running {
    addresses: Vec<SocketAddr>,
    counting: Vec<Arc<Counting>>,
    inboxes: Vec<Arc<Inbox>>,
    threads: Vec<JoinHandle<()>>,
    streams: Option<stream::Streams>,
    encrypted: encrypted::Serving,
    pace: rate::Pace,
}

/// The front's sockets, bound and not yet read: what may need rights that the rest must not have.
pub struct Bound {
    config: Config,
    threads: usize,
    addresses: Vec<SocketAddr>,
    udp: Vec<Vec<std::net::UdpSocket>>,
    tcp: Vec<TcpListener>,
    encrypted: encrypted::Bound,
}

/// Starts the front. It answers from the moment this returns.
pub fn start(
    config: Config,
    filter: Arc<Current>,
    sink: Arc<dyn ActivitySink>,
    clock: Clock,
) -> Result<Running, StartError> {
    bind(config)?.start(filter, sink, clock)
}

/// Checks the configuration and takes its addresses. Questions wait in the sockets until the front starts.
pub fn bind(config: Config) -> Result<Bound, StartError> {
    bind_with(config, &mut Sockets::default())
}

/// The same with sockets that were bound before: those of its addresses are taken, and only what is missing is bound.
pub fn bind_with(config: Config, sockets: &mut Sockets) -> Result<Bound, StartError> {
    if config.listen.is_empty() {
        return Err(StartError::NoListen);
    }
    let servers =
        config.upstreams.len() + config.forward.iter().map(|one| one.upstreams.len()).sum::<usize>();
    if config.upstreams.is_empty() || servers > upstreams::MOST {
        return Err(StartError::Upstreams(servers));
    }
    let threads = match config.threads {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        threads => threads,
    };
    let (addresses, udp, tcp) = listen(&config.listen, threads, sockets)?;
    let encrypted = encrypted::bind(config.encrypted.as_ref(), sockets)?;
    Ok(Bound { config, threads, addresses, udp, tcp, encrypted })
}

impl Bound {
    /// Where it listens, in the order of the configuration, with the ports it got.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// All of them, encrypted ones too.
    pub fn all_addresses(&self) -> Vec<SocketAddr> {
        self.addresses.iter().copied().chain(self.encrypted.addresses()).collect()
    }

    /// Its sockets, for another program to read from when this one leaves.
    pub fn descriptors(&self) -> io::Result<Vec<OwnedFd>> {
        let udp = self.udp.iter().flatten().map(|socket| socket.as_fd().try_clone_to_owned());
        let streams = self.tcp.iter().chain(self.encrypted.sockets());
        udp.chain(streams.map(|listener| listener.as_fd().try_clone_to_owned())).collect()
    }

    /// Starts the threads that answer.
    pub fn start(
        self,
        filter: Arc<Current>,
        sink: Arc<dyn ActivitySink>,
        clock: Clock,
    ) -> Result<Running, StartError> {
        let Bound { config, threads, addresses, mut udp, tcp, encrypted } = self;
        let inboxes: Vec<_> = (0..threads).map(|_| Inbox::new().map(Arc::new)).collect::<io::Result<_>>()?;
        let counting: Vec<_> = (0..threads).map(|_| Arc::new(Counting::default())).collect();
        let pace = rate::Pace::new(config.rate.as_ref(), &config.routers);
        let streams = stream::start(tcp, inboxes.clone(), config.connections, &pace)?;
        let encrypted = match config.encrypted {
            Some(how) => encrypted::start(encrypted, (&how, config.name.as_deref()), &inboxes, &pace)?,
            None => encrypted::Serving::default(),
        };
        let mut running = Running {
            addresses,
            counting,
            inboxes,
            threads: Vec::new(),
            streams: Some(streams),
            encrypted,
            pace,
        };
        let routes = upstreams::Routes::new(&config.upstreams, &config.forward);
        let settings = Settings {
            routes,
            own: config.name.as_deref().map(Settings::own),
            refuse_inside: config.refuse_inside,
            routers: config.routers.iter().map(IpAddr::to_canonical).collect(),
            cache_bytes: config.cache_bytes / threads,
            waiting: (config.waiting / threads).max(16),
            rates: config.rate.as_ref().and_then(rate::Rates::new).map(Arc::new),
            longest_life_s: config.longest_life_s.min(LONGEST_LIFE_S),
            blocked_life_s: config.blocked_life_s.min(LONGEST_LIFE_S),
            passes: config.passes,
        };
        for (number, (inbox, counting)) in running.inboxes.iter().zip(&running.counting).enumerate() {
            let listeners = udp.pop().unwrap_or_default();
            let resolver = resolver::Resolver::new(
                settings.clone(),
                Arc::clone(&filter),
                Arc::clone(&sink),
                Arc::clone(counting),
            );
            let sender = running.streams.as_ref().map(stream::Streams::sender);
            let worker = worker::Worker::new(
                resolver,
                listeners,
                settings.routes.servers(),
                Arc::clone(inbox),
                sender,
                Arc::clone(counting),
                clock.clone(),
            )?;
            let name = format!("dns-{number}");
            running.threads.push(std::thread::Builder::new().name(name).spawn(move || worker.run())?);
        }
        Ok(running)
    }
}

type Listening = (Vec<SocketAddr>, Vec<Vec<std::net::UdpSocket>>, Vec<TcpListener>);

/// Binds every address for UDP once a thread, and for TCP once.
fn listen(wanted: &[SocketAddr], threads: usize, sockets: &mut Sockets) -> Result<Listening, StartError> {
    let mut addresses = Vec::new();
    let mut udp: Vec<Vec<_>> = (0..threads).map(|_| Vec::new()).collect();
    let mut tcp = Vec::new();
    for &address in wanted {
        // An IPv6 wildcard alone on its port takes IPv4 too.
        let dual = address.is_ipv6()
            && address.ip().is_unspecified()
            && (address.port() == 0
                || !wanted.iter().any(|other| other.is_ipv4() && other.port() == address.port()));
        let (bound, opened, listener) = sockets::take_or_listen(address, dual, threads, sockets)
            .map_err(|error| StartError::Listen { address, error })?;
        addresses.push(bound);
        // Where there are more than threads, some threads read two: none may stay unread.
        let places = 0..threads;
        for (place, socket) in places.cycle().zip(opened) {
            if let Some(mine) = udp.get_mut(place) {
                mine.push(socket);
            }
        }
        tcp.push(listener);
    }
    Ok((addresses, udp, tcp))
}

impl Running {
    /// Where it listens, in the order of the configuration, with the ports it got.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Where it answers over TLS.
    pub const fn tls(&self) -> Option<SocketAddr> {
        self.encrypted.tls
    }

    /// Where it answers over HTTPS.
    pub const fn https(&self) -> Option<SocketAddr> {
        self.encrypted.https
    }

    /// Whether every thread that answers has come round since this was last asked.
    pub fn is_alive(&self) -> bool {
        // Each is greeted, whatever the one before it did.
        self.inboxes.iter().filter(|inbox| !inbox.greet()).count() == 0
    }

    /// What it has done so far.
    pub fn counters(&self) -> Counters {
        self.watching().counters()
    }

    /// Takes nothing more: another program reads the sockets from now on. What was taken is answered.
    pub fn leave(&self) {
        self.inboxes.iter().for_each(|inbox| inbox.leave());
        if let Some(streams) = &self.streams {
            streams.leave();
        }
        self.encrypted.leave();
    }

    /// How many questions wait for their answers, of a front that leaves.
    pub fn questions_left(&self) -> usize {
        self.inboxes.iter().fold(0, |sum: usize, inbox| sum.saturating_add(inbox.waiting()))
    }

    /// Whether it has left: nothing more is taken, every question is answered, and every stream is closed.
    pub fn has_left(&self) -> bool {
        let streams = self.streams.as_ref().is_none_or(stream::Streams::has_left);
        streams && self.encrypted.has_left() && self.questions_left() == 0
    }

    /// Reads what it has done so far, for somebody else.
    pub fn watching(&self) -> Watching {
        Watching(self.counting.clone(), self.pace.clone())
    }

    /// Stops it and waits for its threads. Questions that wait get no answer.
    pub fn stop(self) {
        drop(self);
    }
}

/// Reads the counters of a front that runs, or has run.
#[derive(Debug, Clone)]
pub struct Watching(Vec<Arc<Counting>>, rate::Pace);

impl Watching {
    /// What it has done so far.
    pub fn counters(&self) -> Counters {
        let mut sum = Counters::default();
        for counting in &self.0 {
            sum.add(counting);
        }
        sum.slowed = self.1.slowed();
        sum
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        for inbox in &self.inboxes {
            inbox.stop();
        }
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("A DNS thread ended in a panic");
            }
        }
        self.streams = None;
        self.encrypted.stop();
    }
}
