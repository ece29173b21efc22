//! Encrypted DNS: over TLS (RFC 7858) and over HTTPS (RFC 8484, HTTP/2), on as many threads as answer. They decide
//! nothing: every message goes to a thread that answers, as one that came over TCP does.
//!
//! A connection costs memory and a handshake, and whoever opens many must not keep others out: there are so many places
//! in all, an address (of IPv6, its network) has a quarter of them at most, and every wait has an end.

mod certificate;
mod flights;
mod https;

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use engine::NameHash;
use front_sys::{Sockets, udp};
use rustls::ServerConfig;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

pub use certificate::{Certificate, CertificateError};

use crate::StartError;
use crate::desk::Desk;
use crate::inbox::Inbox;
use crate::rate::Pace;
use crate::resolver::Source;
use crate::stream::{self, Asker, Patience};
use crate::wire::write::Transport;

/// Where devices ask in a way that nobody can read along, and how.
#[derive(Debug, Clone)]
pub struct Encrypted {
    /// Where DNS over TLS is answered; its port is 853. Port 0 takes a free one.
    pub tls: Option<SocketAddr>,
    /// Where DNS over HTTPS is answered.
    pub https: Option<SocketAddr>,
    /// What shows devices that it is this gate.
    pub certificate: Certificate,
    /// The most connections at once.
    pub connections: usize,
    /// How long things may take.
    pub limits: Limits,
}

/// How long a device may take on an encrypted connection.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// To agree on keys.
    pub handshake: Duration,
    /// To ask again; a connection that is kept spares the next question a handshake (RFC 7858 §3.4).
    pub idle: Duration,
    /// To send a message, from its first byte.
    pub message: Duration,
    /// To take an answer.
    pub slow: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(5),
            idle: Duration::from_secs(30),
            message: Duration::from_secs(5),
            slow: Duration::from_secs(10),
        }
    }
}

impl Encrypted {
    /// The usual places and patience, nothing listened on.
    pub fn new(certificate: Certificate) -> Self {
        Self { tls: None, https: None, certificate, connections: 1_024, limits: Limits::default() }
    }
}

/// The sockets, bound and not yet read.
#[derive(Default)]
pub struct Bound {
    tls: Option<(SocketAddr, TcpListener)>,
    https: Option<(SocketAddr, TcpListener)>,
}

impl Bound {
    /// The sockets, for another program to read.
    pub fn sockets(&self) -> impl Iterator<Item = &TcpListener> {
        [&self.tls, &self.https].into_iter().flatten().map(|(_, listener)| listener)
    }

    /// Where they are.
    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> + '_ {
        [&self.tls, &self.https].into_iter().flatten().map(|(address, _)| *address)
    }
}

/// Takes the addresses.
pub fn bind(encrypted: Option<&Encrypted>, sockets: &mut Sockets) -> Result<Bound, StartError> {
    let Some(encrypted) = encrypted else { return Ok(Bound::default()) };
    let mut listen = |address: Option<SocketAddr>| {
        let Some(address) = address else { return Ok(None) };
        if let Some(listener) = sockets.take_tcp(address).pop() {
            let bound = listener.local_addr().map(|bound| Some((bound, listener)));
            return bound.map_err(|error| StartError::Listen { address, error });
        }
        // An IPv6 wildcard takes IPv4 too: there is one address for each kind.
        let dual = address.is_ipv6() && address.ip().is_unspecified();
        let bound =
            udp::listen_stream(address, dual).and_then(|listener| Ok((listener.local_addr()?, listener)));
        bound.map(Some).map_err(|error| StartError::Listen { address, error })
    };
    Ok(Bound { tls: listen(encrypted.tls)?, https: listen(encrypted.https)? })
}

/// The threads that serve.
#[derive(Default)]
pub struct Serving {
    /// Where DNS over TLS is answered.
    pub tls: Option<SocketAddr>,
    /// Where DNS over HTTPS is answered.
    pub https: Option<SocketAddr>,
    stop: Option<watch::Sender<()>>,
    /// While it says yes, connections are taken.
    open: Option<watch::Sender<bool>>,
    places: Option<Arc<Places>>,
    threads: Vec<JoinHandle<()>>,
}

impl Serving {
    /// Takes no more connections; those there are go on.
    pub fn leave(&self) {
        if let Some(open) = &self.open {
            open.send_replace(false);
        }
    }

    /// Whether nothing more is taken, and nothing that was taken is open.
    pub fn has_left(&self) -> bool {
        // Who takes connections holds the other end.
        let taking = self.open.as_ref().map_or(0, watch::Sender::receiver_count);
        taking == 0 && self.places.as_ref().is_none_or(|places| places.taken().is_empty())
    }

    /// Ends every connection and waits for the threads.
    pub fn stop(&mut self) {
        self.stop = None;
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("A thread of encrypted DNS ended in a panic");
            }
        }
    }
}

/// Starts a thread for each inbox; devices know the gate by that name.
pub fn start(
    bound: Bound,
    (how, name): (&Encrypted, Option<&str>),
    inboxes: &[Arc<Inbox>],
    pace: &Pace,
) -> io::Result<Serving> {
    let Bound { tls, https } = bound;
    let mut serving = Serving {
        tls: tls.as_ref().map(|(address, _)| *address),
        https: https.as_ref().map(|(address, _)| *address),
        ..Serving::default()
    };
    if tls.is_none() && https.is_none() {
        return Ok(serving);
    }
    let (stop, stopped) = watch::channel(());
    let open = watch::Sender::new(true);
    let places = Arc::new(Places::new(how.connections));
    (serving.stop, serving.places) = (Some(stop), Some(Arc::clone(&places)));
    let mut doors = Vec::new();
    for (bound, transport, protocol) in [(tls, Transport::Tls, "dot"), (https, Transport::Https, "h2")] {
        if let Some((_, listener)) = bound {
            doors.push((listener, transport, how.certificate.server(&[protocol]).map_err(io::Error::other)?));
        }
    }
    for (number, inbox) in inboxes.iter().enumerate() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let desk = Arc::new(Desk::default());
        let mut own = Vec::new();
        for (listener, transport, server) in &doors {
            let _inside = runtime.enter();
            let listener = tokio::net::TcpListener::from_std(listener.try_clone()?)?;
            let house = House {
                acceptor: TlsAcceptor::from(Arc::<ServerConfig>::clone(server)),
                transport: *transport,
                own_names: name.map(|name| format!(".{name}")),
                limits: how.limits,
                inbox: Arc::clone(inbox),
                desk: Arc::clone(&desk),
                places: Arc::clone(&places),
                pace: pace.clone(),
            };
            own.push((listener, Arc::new(house), open.subscribe()));
        }
        let mut stopped = stopped.clone();
        let work = async move {
            for (listener, house, mut closed) in own {
                tokio::spawn(async move {
                    tokio::select! {
                        () = accept(listener, house) => {}
                        _ = closed.changed() => {}
                    }
                });
            }
            tokio::select! {
                () = desk.give_out() => {}
                // Its other end goes when the front stops.
                () = async { while stopped.changed().await.is_ok() {} } => {}
            }
        };
        let thread = std::thread::Builder::new().name(format!("dns-tls-{number}"));
        serving.threads.push(thread.spawn(move || runtime.block_on(work))?);
    }
    serving.open = Some(open);
    Ok(serving)
}

/// What all connections of one kind on one thread share.
struct House {
    acceptor: TlsAcceptor,
    transport: Transport,
    /// What follows the label of a name of somebody's own.
    own_names: Option<String>,
    limits: Limits,
    inbox: Arc<Inbox>,
    /// Where the answers to requests are given out.
    desk: Arc<Desk>,
    places: Arc<Places>,
    pace: Pace,
}

async fn accept(listener: tokio::net::TcpListener, house: Arc<House>) {
    loop {
        // With every place taken nothing more is accepted; the kernel's queue holds the next.
        let Some(place) = house.places.one().await else { return };
        match listener.accept().await {
            Ok((stream, device)) => {
                let client = device.ip().to_canonical();
                // An address that has its share gets no more: its device sees the connection end.
                let Some(seat) = house.places.seat(client, place) else { continue };
                let house = Arc::clone(&house);
                tokio::spawn(async move {
                    greet(stream, client, &house).await;
                    drop(seat);
                });
            }
            // Out of descriptors: some connection must end first.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Agrees on keys and serves.
async fn greet(stream: TcpStream, client: IpAddr, house: &House) {
    let _ = stream.set_nodelay(true);
    let Ok(Ok(stream)) = timeout(house.limits.handshake, house.acceptor.accept(stream)).await else { return };
    let name = stream.get_ref().1.server_name().and_then(|name| house.own_name(name));
    let source = Source { name, ..Source::of(client, house.transport) };
    let asker = Asker { source, inbox: Arc::clone(&house.inbox), pace: house.pace.clone() };
    let Limits { idle, message, slow, .. } = house.limits;
    if house.transport == Transport::Https {
        https::serve(stream, asker, Arc::clone(&house.desk), house.limits).await;
    } else {
        let (read, write) = tokio::io::split(stream);
        stream::serve(read, write, asker, Patience { idle, message, slow }).await;
    }
}

impl House {
    /// Whose name it is: the one label before the gate's own name, hashed.
    fn own_name(&self, server_name: &str) -> Option<NameHash> {
        let lower = server_name.to_ascii_lowercase();
        NameHash::of_token(lower.strip_suffix(self.own_names.as_deref()?)?)
    }
}

/// The places for connections, shared by all threads.
struct Places {
    all: Arc<Semaphore>,
    taken: Mutex<HashMap<IpAddr, usize>>,
    share: usize,
}

/// One connection's place.
struct Seat {
    _place: OwnedSemaphorePermit,
    places: Arc<Places>,
    whose: IpAddr,
}

impl Places {
    fn new(connections: usize) -> Self {
        Self {
            all: Arc::new(Semaphore::new(connections)),
            taken: Mutex::default(),
            share: (connections / 4).max(1),
        }
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a place.
    async fn one(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.all).acquire_owned().await.ok()
    }

    /// Gives the place to an address, if that has not its share.
    fn seat(self: &Arc<Self>, client: IpAddr, place: OwnedSemaphorePermit) -> Option<Seat> {
        let whose = network(client);
        let mut taken = self.taken();
        let count = taken.entry(whose).or_insert(0);
        if *count >= self.share {
            return None;
        }
        *count += 1;
        Some(Seat { _place: place, places: Arc::clone(self), whose })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        if let Some(count) = taken.get_mut(&self.whose) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.whose);
            }
        }
    }
}

/// Who counts as one: a device of IPv6 has a whole network of addresses.
fn network(client: IpAddr) -> IpAddr {
    match client {
        IpAddr::V4(_) => client,
        IpAddr::V6(v6) => IpAddr::from((u128::from(v6) & !u128::from(u64::MAX)).to_be_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_quarter_of_the_places_and_gives_them_back() {
        let places = Arc::new(Places::new(8));
        let take = |client: &str| {
            let place = Arc::clone(&places.all).try_acquire_owned().unwrap();
            places.seat(client.parse().unwrap(), place)
        };
        let (first, second) = (take("192.0.2.1"), take("192.0.2.1"));
        assert!(first.is_some() && second.is_some() && take("192.0.2.1").is_none());
        let six = [take("2001:db8::1"), take("2001:db8::ffff:1")];
        assert!(six.iter().all(Option::is_some) && take("2001:db8::2").is_none(), "one network");
        assert!(take("2001:db8:0:1::1").is_some() && take("192.0.2.2").is_some());
        drop(first);
        assert!(take("192.0.2.1").is_some());
        drop((second, six));
        assert_eq!((places.taken().len(), places.all.available_permits()), (0, 8));
    }
}
