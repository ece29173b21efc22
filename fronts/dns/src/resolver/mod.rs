//! A message in, an outcome out: everything the DNS front does, without a socket or a clock.
//!
//! The order for one question, and why:
//! 1. *read* it; what cannot be read gets an error and nothing else, and what is beyond its address's bound little more;
//! 2. look in the *cache*;
//! 3. if it is not there, *decide by the name* before anything is asked: a blocked name is never sent upstream. Then
//!    ask, once for all who ask the same;
//! 4. *decide with the answer's names and addresses*, for every answer, cached or not: what is kept is what the
//!    upstream said, never what was decided. Facts only ever add blocks, so this includes what the name decides;
//! 5. *write* the answer and hand one event to the activity log.
//!
//! Of a decision's obligations, `unobserved` is carried out by [`Activity::of`]. A name alone cannot be scanned or
//! inspected, carries no headers and has nowhere to sign in: these are the proxy's. Safe search is carried out by `lead`.

mod ask;
mod judge;
mod lead;
mod upstream;

pub use ask::{PASS_SHOWN, Prepared, Source};
pub(crate) use upstream::STREAM_PATIENCE_MS;

use std::collections::VecDeque;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use engine::test_pass::Passes;
use engine::{ActivitySink, Current, Held, HostName, Level, NameHash, SafeTarget};
use kit::Timestamp;

use crate::asking::Askings;
use crate::cache::{Cache, Stored, Want};
use crate::counters::Counting;
use crate::random::Random;
use crate::rate::Rates;
use crate::upstreams::{Routes, Upstreams, Way};
use crate::wire::query::Query;
use crate::wire::write::{self, Transport};
use crate::wire::{HEADER, ede, flag3, u32_at};

/// The moment a piece of work happens: the wall clock for decisions, and a clock that never steps for lives and
/// patience.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// The wall clock.
    pub at: Timestamp,
    /// Milliseconds since some moment in the past.
    pub ms: u64,
}

impl Now {
    fn seconds(self) -> u32 {
        u32::try_from(self.ms / 1_000).unwrap_or(u32::MAX)
    }
}

/// What is to be done with a message that came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The answer stands in the buffer, so many bytes long.
    Answer(usize),
    /// The answer comes later, as a [`Command::Reply`].
    Waiting,
    /// There is none.
    Nothing,
}

/// What the resolver wants done.
#[derive(Debug)]
pub enum Command<R> {
    /// Give a device its answer.
    Reply {
        /// Where to.
        to: R,
        /// The answer.
        bytes: Vec<u8>,
    },
    /// Open the upstream's socket anew, on another port.
    Reopen(Way),
    /// Send a question through that socket.
    Send {
        /// Which socket.
        way: Way,
        /// The question.
        bytes: Vec<u8>,
    },
    /// Ask over a stream and hand the answer to [`Resolver::stream_answered`].
    AskStream {
        /// The upstream's address.
        upstream: SocketAddr,
        /// To be handed back.
        ticket: Ticket,
        /// The question.
        bytes: Vec<u8>,
    },
}

/// Which question a stream was opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    place: usize,
    serial: u64,
    upstream: usize,
}

/// How one thread resolves.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where questions go.
    pub routes: Routes,
    /// Routers that are believed when they tell which device asks.
    pub routers: Vec<IpAddr>,
    /// The name that devices know the gate by; what lies below it are secrets of people and devices.
    pub own: Option<Arc<SafeTarget>>,
    /// Whether an answer of the internet's that leads inside is refused.
    pub refuse_inside: bool,
    /// The most bytes of answers kept.
    pub cache_bytes: usize,
    /// The most questions that wait at once.
    pub waiting: usize,
    /// How much each address may ask in datagrams, over all threads.
    pub rates: Option<Arc<Rates>>,
    /// The longest a device may keep an answer, in seconds, so that a changed policy reaches it.
    pub longest_life_s: u32,
    /// How long a device may keep that a name is blocked, in seconds.
    pub blocked_life_s: u32,
    /// Who takes passes of the school's own filter test; without it nobody tests.
    pub passes: Option<Arc<Passes>>,
}

impl Settings {
    /// A name that devices know the gate by, as the names below it are answered: with its addresses.
    pub fn own(name: &str) -> Arc<SafeTarget> {
        Arc::new(SafeTarget {
            engine: Box::default(),
            name: name.into(),
            level: Level::Strict,
            header: None,
            parameter: None,
        })
    }

    /// The gate's own name, where the host lies below it and tells who somebody is ([`NameHash::is_told_by`]).
    pub(crate) fn own_above(&self, host: HostName<'_>) -> Option<Arc<SafeTarget>> {
        self.own.as_ref().filter(|own| NameHash::is_told_by(host, &own.name)).map(Arc::clone)
    }
}

/// The DNS front of one thread. `R` says where an answer goes.
pub struct Resolver<R> {
    filter: Arc<Current>,
    sink: Arc<dyn ActivitySink>,
    counting: Arc<Counting>,
    settings: Settings,
    cache: Cache,
    askings: Askings<R>,
    upstreams: Upstreams,
    random: Random,
    hashing: Hashing,
    commands: VecDeque<Command<R>>,
    addresses: Vec<IpAddr>,
    next_tick_ms: u64,
    /// Whether the last datagram beyond its address's bound was answered.
    answered_beyond: bool,
}

impl<R> Resolver<R> {
    /// A resolver with an empty cache.
    pub fn new(
        settings: Settings,
        filter: Arc<Current>,
        sink: Arc<dyn ActivitySink>,
        counting: Arc<Counting>,
    ) -> Self {
        Self {
            filter,
            sink,
            counting,
            cache: Cache::new(settings.cache_bytes),
            askings: Askings::new(settings.waiting),
            upstreams: Upstreams::new(settings.routes.servers()),
            random: Random::default(),
            hashing: Hashing::new(),
            commands: VecDeque::new(),
            addresses: Vec::new(),
            next_tick_ms: 0,
            answered_beyond: false,
            settings,
        }
    }

    /// Where events go.
    pub fn sink(&self) -> Arc<dyn ActivitySink> {
        Arc::clone(&self.sink)
    }

    /// What decides now, for one batch.
    pub fn hold(&self, now: Now) -> Held {
        self.filter.hold(now.at)
    }

    /// The next thing to be done.
    pub fn command(&mut self) -> Option<Command<R>> {
        self.commands.pop_front()
    }

    /// Whether nothing is to be done.
    pub fn is_idle(&self) -> bool {
        self.commands.is_empty()
    }

    /// How many questions wait for an upstream.
    pub fn waiting(&self) -> usize {
        self.askings.count()
    }
}

/// The variant of an answer that a device asks for.
fn want(query: &Query) -> Want {
    let dnssec = query.edns.is_some_and(|edns| edns.dnssec);
    let unchecked = query.flags[1] & flag3::CD != 0;
    Want((u8::from(dnssec) * Want::DNSSEC) | (u8::from(unchecked) * Want::UNCHECKED))
}

/// What of a question is needed to write its answer over it.
#[derive(Clone, Copy)]
struct Shape {
    flags: [u8; 2],
    end: usize,
    edns: Option<crate::wire::query::Edns>,
    transport: Transport,
}

/// How long a device may keep an answer whose time is over (RFC 8767 §4).
const STALE_LIFE_S: u32 = 30;
/// Told beside such an answer.
const STALE: &str = "No upstream server answers; this is what the last one said.";

/// Writes a kept answer over the question in `buffer`; one that does not fit is cut, which sends the device to TCP
/// (RFC 2181 §9).
fn write_stored(buffer: &mut [u8], shape: Shape, stored: &Stored, longest_s: u32, now_s: u32) -> usize {
    let image = stored.image();
    let room = write::room(shape.transport, shape.edns);
    let opt = if shape.edns.is_some() { 11 } else { 0 };
    let Some(header) = image.first_chunk::<HEADER>() else { return 0 };
    let mut flags = write::flags(shape.flags, header[3]);
    // RFC 6840 §5.8: who asks neither for AD nor for signatures is not told.
    if shape.flags[1] & flag3::AD != 0 || shape.edns.is_some_and(|edns| edns.dnssec) {
        flags[1] |= header[3] & flag3::AD;
    }
    let whole = image.len() + opt <= room && image.len() + opt <= buffer.len();
    let Some((records, place)) =
        image.get(shape.end..).zip(buffer.get_mut(shape.end..image.len().max(shape.end))).filter(|_| whole)
    else {
        flags[0] |= crate::wire::flag2::TC;
        write::header(buffer, flags, 1, 0, 0);
        return shape.edns.map_or(shape.end, |edns| write::opt(buffer, shape.end, edns, 0, None));
    };
    place.copy_from_slice(records);
    if let Some(head) = buffer.get_mut(2..HEADER) {
        let [_, _, _, _, counts @ ..] = *header;
        let [a, b, c, d, e, f, g, h] = counts;
        head.copy_from_slice(&[flags[0], flags[1], a, b, c, d, e, f, g, h]);
    }
    let (age, stale) = (stored.age_s(now_s), stored.is_stale(now_s));
    for at in stored.lives_at() {
        if let Some(life) = u32_at(image, at)
            && let Some(place) = buffer.get_mut(at..at + 4)
        {
            let left = if stale { STALE_LIFE_S } else { life.saturating_sub(age) };
            place.copy_from_slice(&left.min(longest_s).to_be_bytes());
        }
    }
    let why = stale
        .then_some((ede::STALE_ANSWER, STALE))
        .filter(|(_, text)| image.len() + opt + 6 + text.len() <= room);
    shape.edns.map_or(image.len(), |edns| write::opt(buffer, image.len(), edns, 0, why))
}

/// Hashes questions under numbers nobody outside knows, so that no one can fill one bucket on purpose.
pub(crate) struct Hashing {
    keys: [u64; 2],
}

impl Hashing {
    pub(crate) fn new() -> Self {
        // The standard library's keys come from the operating system; two different hashes give two numbers.
        let state = RandomState::new();
        let key = |salt: u8| {
            let mut hasher = state.build_hasher();
            hasher.write_u8(salt);
            hasher.finish() | 1
        };
        Self { keys: [key(1), key(2)] }
    }

    /// Folded multiplication, eight bytes at a time.
    pub(crate) fn of(&self, bytes: &[u8]) -> u64 {
        let [first, second] = self.keys;
        let mut hash = first ^ bytes.len() as u64;
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            hash = fold(hash ^ u64::from_le_bytes(*word), second);
        }
        let mut last = [0; 8];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = *from;
        }
        hash = fold(hash ^ u64::from_le_bytes(last), second);
        fold(hash, first)
    }
}

fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a ^ 0x2d35_8dcc_aa6c_78a5) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}
