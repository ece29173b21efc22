//! A device's question.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use engine::test_pass::{Asked, TestGroup};
use engine::{Decision, HardwareAddress, Held, Identity, NameHash, Owed, Recorder, Step};

use super::judge::Case;
use super::lead::{Led, says_where, shown};
use super::{Now, Outcome, Resolver, Shape, want, write_stored};
use crate::asking::{Asking, Waiter, Wanted};
use crate::special::{self, Said};
use crate::wire::device;
use crate::wire::name::Text;
use crate::wire::query::{Complaint, Query};
use crate::wire::write::{self, Transport};
use crate::wire::{HEADER, ede, flag2, kind, rcode};

/// Where a question came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// The device.
    pub client: IpAddr,
    /// How it came, and so how the answer travels.
    pub transport: Transport,
    /// The encrypted-DNS name of its own that it asked through, if any.
    pub name: Option<NameHash>,
    /// The group that the school's own test asks as; nothing for a device.
    pub test: Option<TestGroup>,
    /// The device's hardware address, where a named router tells it.
    pub hardware: Option<HardwareAddress>,
    /// The named router that asks for it, where one does.
    pub router: Option<IpAddr>,
    /// Whether that router told of two registered devices at once: then it is nobody.
    pub is_doubted: bool,
}

impl Source {
    /// A device that is known by its address alone.
    pub const fn of(client: IpAddr, transport: Transport) -> Self {
        Self { client, transport, name: None, test: None, hardware: None, router: None, is_doubted: false }
    }

    /// Who asks, as far as is known.
    #[inline]
    pub(super) fn identify(&self, held: &Held) -> Identity {
        if let (Some(hardware), None, None) = (self.hardware, self.test, self.name) {
            return held.identify_by_hardware(self.client, hardware, self.router != Some(self.client));
        }
        if self.is_doubted && self.test.is_none() {
            return held.nobody();
        }
        held.identify_or_test(self.client, self.name, self.test)
    }

    /// The same device where what its router says of it holds together. Where the address is one registered device's and the
    /// hardware another's, one of the two comes from the device itself, past a router that lets it: neither is believed, and
    /// the log knows no more of it than the router.
    #[cold]
    fn doubting(self, hardware: HardwareAddress, held: &Held) -> Self {
        match self.router {
            Some(router) if router != self.client && held.are_two_devices(self.client, hardware) => {
                Self { client: router, name: None, hardware: None, is_doubted: true, ..self }
            }
            _ => self,
        }
    }
}

/// A message that was read, and the hash of its question.
pub struct Prepared {
    source: Source,
    length: usize,
    complaint: Option<Complaint>,
    query: Query,
    name: Text,
    hash: u64,
}

impl Default for Prepared {
    fn default() -> Self {
        let (query, name) = (Query::default(), Text::root());
        let source = Source::of(IpAddr::V4(Ipv4Addr::UNSPECIFIED), Transport::Udp);
        Self { source, length: 0, complaint: Some(Complaint::NotAQuestion), query, name, hash: 0 }
    }
}

impl<R> Resolver<R> {
    /// Reads a message. What a whole batch needs of the cache can then be fetched together: [`Self::fetch`].
    /// What was prepared before is gone: a batch uses the same room again and again.
    pub fn prepare(&self, message: &[u8], source: Source, prepared: &mut Prepared) {
        prepared.source = source;
        prepared.length = message.len();
        prepared.complaint = prepared.query.reread(message).err();
        if prepared.complaint.is_none() {
            if let Some(edns) = &mut prepared.query.edns {
                // Padding hides nothing where it can be read (RFC 7830 §6).
                edns.padded &= source.transport.is_encrypted();
            }
            if self.settings.routers.contains(&source.client) {
                let told = device::behind_router(message, prepared.query.end());
                prepared.source.client = told.address.unwrap_or(source.client);
                prepared.source.hardware = told.hardware;
                prepared.source.router = Some(source.client);
            }
            prepared.query.name_into(&mut prepared.name);
            prepared.hash = self.hashing.of(prepared.query.question());
            self.cache.fetch_bucket(prepared.hash);
        }
    }

    /// Has the processor fetch what the cache holds for a batch, so that the waits for memory overlap.
    pub fn fetch(&self, batch: &[Prepared]) {
        for prepared in batch {
            self.cache.fetch_place(prepared.hash);
        }
        for prepared in batch {
            self.cache.fetch_piece(prepared.hash);
        }
    }

    /// Prepares and asks.
    pub fn ask(
        &mut self,
        buffer: &mut [u8],
        length: usize,
        source: Source,
        to: impl FnOnce() -> R,
        now: Now,
    ) -> Outcome {
        let mut prepared = Prepared::default();
        self.prepare(buffer.get(..length).unwrap_or(&[]), source, &mut prepared);
        let (held, sink) = (self.hold(now), self.sink());
        self.ask_prepared(&prepared, buffer, to, &held, &mut *sink.open(), now)
    }

    /// Takes the message that was prepared, which begins `buffer`; the answer is written over it. A UDP buffer needs
    /// [`crate::wire::UDP_BYTES`] of room, a TCP one 65,535. An answer from the cache allocates nothing.
    pub fn ask_prepared(
        &mut self,
        prepared: &Prepared,
        buffer: &mut [u8],
        to: impl FnOnce() -> R,
        held: &Held,
        log: &mut dyn Recorder,
        now: Now,
    ) -> Outcome {
        let Prepared { source, length, complaint, query, name, hash } = prepared;
        if let Some(complaint) = complaint {
            return self.complain(buffer, *length, *complaint);
        }
        let (mut source, hash) = (*source, *hash);
        if let Some(hardware) = source.hardware {
            source = source.doubting(hardware, held);
            self.counting.doubted.many(u64::from(source.is_doubted));
        }
        source.test = self.test_group(query.pass(buffer), source.client, (name, query.kind()), now);
        self.counting.questions.one();
        let shape =
            Shape { flags: query.flags, end: query.end(), edns: query.edns, transport: source.transport };
        if source.transport == Transport::Udp
            && self.settings.rates.as_ref().is_some_and(|rates| rates.is_beyond(source.client, now.ms))
            && let Some(outcome) = self.beyond(buffer, shape, (query, name), source, held, now)
        {
            return outcome;
        }
        if let Some(edns) = query.edns.filter(|edns| edns.version > 0) {
            return self.answer(write::bad_version(buffer, shape.end, shape.flags, edns));
        }
        let kind = query.kind();
        // Other classes, transfers and types that are no data have nothing to do with a school's devices.
        let meta = kind == 0 || kind == kind::OPT || (kind::FIRST_META..kind::ANY).contains(&kind);
        if query.class() != 1 || meta {
            return self.code(buffer, shape, rcode::REFUSED, None);
        }
        let Some(host) = name.host() else {
            return self.without_host(buffer, query, hash, source, to, now);
        };
        if source.test.is_some() && host.as_str() == PASS_SHOWN {
            // Nobody but a test with a good pass is told so; whoever else asks gets what the internet says of the name.
            return self.code(buffer, shape, rcode::NXDOMAIN, Some((ede::BLOCKED, PASS_GOOD)));
        }
        let own = self.settings.own_above(host);
        let host = shown(host, own.as_deref());
        let identity = source.identify(held);
        let case = Case {
            host,
            identity: &identity,
            client: source.client,
            transport: source.transport,
            at: now.at,
        };
        if own.is_some() {
            let led = Led { query, hash, source, shape, case };
            return self.below_own_name(buffer, led, (held, log), to, now);
        }
        if let Some(stored) = self.cache.get(hash, query.question(), want(query), now.seconds()) {
            let decision = case.decide_answer(held, stored, &mut self.addresses);
            if decision.obligations.safe_search != 0 && says_where(kind) {
                return self.lead(buffer, Led { query, hash, source, shape, case }, (held, log), to, now);
            }
            if decision.verdict.is_block() {
                return self.block(buffer, shape, case, held, log, &decision);
            }
            let length = write_stored(buffer, shape, stored, self.settings.longest_life_s, now.seconds());
            self.counting.cached.one();
            case.record(log, &decision, length);
            return self.answer(length);
        }
        let decision = case.decide(held);
        if decision.obligations.safe_search != 0 && says_where(kind) {
            return self.lead(buffer, Led { query, hash, source, shape, case }, (held, log), to, now);
        }
        if decision.verdict.is_block() {
            return self.block(buffer, shape, case, held, log, &decision);
        }
        if kind == kind::ANY {
            let length = write::any(buffer, shape.end, shape.flags, shape.edns, self.settings.longest_life_s);
            case.record(log, &decision, length);
            return self.answer(length);
        }
        if let Some(said) = special::answer(host.as_str())
            && self.settings.routes.is_internet(self.settings.routes.of(host.as_str()))
        {
            let length = self.write_special(buffer, shape, kind, said);
            case.record(log, &decision, length);
            return self.answer(length);
        }
        let wanted = self.own(query, hash);
        self.wait(buffer, query, &wanted, (source, !decision.obligations.unobserved), to, now)
    }

    /// Writes what is said of a name that is not the internet's.
    fn write_special(&self, buffer: &mut [u8], shape: Shape, kind: u16, said: Said) -> usize {
        let (Shape { end, flags, edns, .. }, life) = (shape, self.settings.blocked_life_s);
        match (said, kind) {
            (Said::Loopback, kind::A) => {
                write::address(buffer, end, flags, edns, life, Ipv4Addr::LOCALHOST.into())
            }
            (Said::Loopback, kind::AAAA) => {
                write::address(buffer, end, flags, edns, life, Ipv6Addr::LOCALHOST.into())
            }
            (Said::Loopback, _) => write::absent(buffer, end, flags, edns, life, (rcode::NOERROR, None)),
            (Said::Absent(code), _) => write::absent(buffer, end, flags, edns, life, (code, None)),
        }
    }

    /// The device's own question, to be asked upstream.
    fn own<'q>(&self, query: &'q Query, hash: u64) -> Wanted<'q> {
        let servers = self.settings.routes.of(query.name().host().map_or("", |host| host.as_str()));
        Wanted { question: query.question(), hash, want: want(query), servers, led: false }
    }

    /// The group that a pass of the school's own test lets ask, if there is one and it is good.
    #[inline]
    fn test_group(
        &self,
        pass: Option<&[u8]>,
        client: IpAddr,
        (name, kind): (&Text, u16),
        now: Now,
    ) -> Option<TestGroup> {
        let (passes, pass) = (self.settings.passes.as_ref()?, pass?);
        passes.take(pass, client, Asked::Question { name: name.as_bytes(), kind }, now.at)
    }

    /// What becomes of a datagram beyond what its address may ask; nothing of its own for where help is. Every other one is told
    /// to ask over a stream, which costs no more than the question did: nobody can be flooded with such answers, and a device
    /// that really asks so much is answered there. Nobody is told of them one by one.
    #[cold]
    fn beyond(
        &mut self,
        buffer: &mut [u8],
        shape: Shape,
        (query, name): (&Query, &Text),
        source: Source,
        held: &Held,
        now: Now,
    ) -> Option<Outcome> {
        if matches!(query.kind(), kind::A | kind::AAAA)
            && let Some(host) = name.host()
        {
            let identity = source.identify(held);
            let own = self.settings.own_above(host);
            let host = shown(host, own.as_deref());
            let case = Case {
                host,
                identity: &identity,
                client: source.client,
                transport: source.transport,
                at: now.at,
            };
            if case.decide(held).reason.step == Step::Help {
                return None;
            }
        }
        self.counting.limited.one();
        self.answered_beyond = !self.answered_beyond;
        if !self.answered_beyond {
            return Some(Outcome::Nothing);
        }
        let mut flags = write::flags(shape.flags, rcode::NOERROR);
        flags[0] |= flag2::TC;
        write::header(buffer, flags, 1, 0, 0);
        let length = shape.edns.map_or(shape.end, |edns| write::opt(buffer, shape.end, edns, 0, None));
        Some(self.answer(length))
    }

    /// The root, and names no part of which is a host name. The root's own records are nobody's site and are fetched
    /// undecided; of the others nothing can be said, so nothing is asked.
    fn without_host(
        &mut self,
        buffer: &mut [u8],
        query: &Query,
        hash: u64,
        source: Source,
        to: impl FnOnce() -> R,
        now: Now,
    ) -> Outcome {
        let shape =
            Shape { flags: query.flags, end: query.end(), edns: query.edns, transport: source.transport };
        if !query.is_root() || ![kind::NS, kind::SOA, kind::DNSKEY, kind::DS].contains(&query.kind()) {
            return self.code(buffer, shape, rcode::REFUSED, None);
        }
        let want = want(query);
        if let Some(stored) =
            self.cache.get(hash, query.question(), want, now.seconds()).filter(|stored| !stored.has_facts())
        {
            let length = write_stored(buffer, shape, stored, self.settings.longest_life_s, now.seconds());
            self.counting.cached.one();
            return self.answer(length);
        }
        let wanted = self.own(query, hash);
        self.wait(buffer, query, &wanted, (source, false), to, now)
    }

    /// Puts the device among those that wait, and asks an upstream if nobody has yet. It `owes` an event from here on,
    /// if one will come.
    pub(super) fn wait(
        &mut self,
        buffer: &mut [u8],
        query: &Query,
        wanted: &Wanted<'_>,
        (source, owes): (Source, bool),
        to: impl FnOnce() -> R,
        now: Now,
    ) -> Outcome {
        let Wanted { question, hash, want, servers, led } = *wanted;
        let sink = self.sink();
        let waiter = || Waiter {
            head: buffer.get(..query.end()).unwrap_or(&[]).into(),
            edns: query.edns,
            led,
            source,
            to: to(),
            owed: owes.then(|| Owed::new(&sink, now.at)),
        };
        if let Some(place) = self.askings.find(question, want) {
            if !self.askings.admits(place) {
                self.counting.overflowed.one();
                let shape = Shape {
                    flags: query.flags,
                    end: query.end(),
                    edns: query.edns,
                    transport: source.transport,
                };
                return self.code(buffer, shape, rcode::SERVFAIL, Some((ede::OTHER, TOO_MANY)));
            }
            self.askings.join(place, waiter());
            return Outcome::Waiting;
        }
        let asking = Asking {
            question: question.into(),
            hash,
            want,
            waiters: vec![waiter()],
            attempt: None,
            late: Vec::new(),
            servers,
            tried: 0,
            attempts: 0,
            reached: false,
            plain: false,
            since_ms: now.ms,
            serial: 0,
        };
        if self.askings.is_full()
            && let Some(oldest) = self.askings.oldest()
        {
            self.counting.overflowed.one();
            self.give_up(oldest, Some((ede::OTHER, TOO_MANY)), now);
        }
        let place = self.askings.add(asking);
        self.attempt(place, now);
        Outcome::Waiting
    }

    /// Answers what could not be read.
    fn complain(&mut self, buffer: &mut [u8], length: usize, complaint: Complaint) -> Outcome {
        let code = match complaint {
            Complaint::NotAQuestion => {
                self.counting.dropped.one();
                return Outcome::Nothing;
            }
            Complaint::Malformed => rcode::FORMERR,
            Complaint::NotImplemented => rcode::NOTIMP,
        };
        self.counting.questions.one();
        let flags = match buffer.get(2..4) {
            Some(&[two, three]) if length >= HEADER => [two, three],
            _ => return Outcome::Nothing,
        };
        // The question could not be trusted, so it is not repeated.
        self.answer(write::code(buffer, HEADER, flags, code, None, None))
    }

    /// Answers that the name is blocked.
    pub(super) fn block(
        &mut self,
        buffer: &mut [u8],
        shape: Shape,
        case: Case<'_>,
        held: &Held,
        log: &mut dyn Recorder,
        decision: &Decision,
    ) -> Outcome {
        let length = self.write_block(buffer, shape, case, held, (log, None), decision);
        self.answer(length)
    }

    /// Writes that the name is blocked, and records it. Only a device that speaks EDNS can be told why.
    pub(super) fn write_block(
        &self,
        buffer: &mut [u8],
        shape: Shape,
        case: Case<'_>,
        held: &Held,
        (log, owed): (&mut dyn Recorder, Option<Owed>),
        decision: &Decision,
    ) -> usize {
        let saying = shape.edns.map(|_| held.say(decision));
        let reason = saying.as_ref().map(|saying| saying.reason.as_str());
        let life = self.settings.blocked_life_s;
        let length = write::blocked(buffer, shape.end, shape.flags, shape.edns, life, reason);
        self.counting.blocked.one();
        case.pay(log, owed, decision, length);
        length
    }

    pub(super) fn code(
        &mut self,
        buffer: &mut [u8],
        shape: Shape,
        code: u8,
        extended: Option<write::Extended<'_>>,
    ) -> Outcome {
        if code == rcode::SERVFAIL {
            self.counting.failed.one();
        }
        self.answer(write::code(buffer, shape.end, shape.flags, code, shape.edns, extended))
    }

    pub(super) fn answer(&self, length: usize) -> Outcome {
        self.counting.answers.one();
        Outcome::Answer(length)
    }
}

/// The name that the school's own test of its filter asks for first, to hear that its pass is good.
pub const PASS_SHOWN: &str = "pass.filter-test.fivebar.example";
const PASS_GOOD: &str = "The pass of this filter test is good.";

/// Told to a device whose question was given up for others.
const TOO_MANY: &str = "Too many questions wait for an answer. Try again in a moment.";
