//! Asking upstreams, and believing only the answer that was asked for.

use engine::{Held, Owed, Recorder};
use front_sys::udp::FRAME_BYTES as UDP_ROOM;

use super::judge::Case;
use super::lead::{CHANGED, says_where, shown};
use super::{Command, Now, Resolver, Settings, Shape, Source, Ticket, write_stored};
use crate::asking::{Asking, Askings, Attempt, Waiter};
use crate::cache::{Stored, Want};
use crate::special;
use crate::upstreams::Way;
use crate::wire::answer::{self, Answer, Unusable};
use crate::wire::query::{Edns, Query};
use crate::wire::write::{self, Transport};
use crate::wire::{HEADER, ede, flag2, flag3, kind, rcode, u16_at};

/// How often one question is sent to upstreams.
const MOST_ATTEMPTS: u32 = 6;
/// How long a device waits at most; most give up after five seconds.
const PATIENCE_MS: u64 = 4_500;
/// How long a stream to an upstream may take.
pub(crate) const STREAM_PATIENCE_MS: u64 = 2_500;

const NOBODY: &str = "No upstream server answered in time.";
const UNREACHABLE: &str = "An upstream server cannot be reached.";
const USELESS: &str = "The upstream servers gave no usable answer.";

impl<R> Resolver<R> {
    /// Sends the question at `place` to the next upstream, or gives it up.
    pub(super) fn attempt(&mut self, place: usize, now: Now) {
        let Some(asking) = self.askings.get_mut(place) else { return };
        let is_over = now.ms.saturating_sub(asking.since_ms) >= PATIENCE_MS;
        if asking.attempts >= MOST_ATTEMPTS && !is_over && !asking.late.is_empty() {
            // Nobody is asked any more, and one of those who were may answer yet.
            return;
        }
        if asking.attempts >= MOST_ATTEMPTS || is_over {
            return self.exhausted(place, now);
        }
        let chosen = self.upstreams.choose(asking.tried | !asking.servers, now.ms, &mut self.random);
        // Everyone was tried once: begin again, more patiently.
        let upstream = match chosen {
            Some(upstream) => upstream,
            None => {
                asking.tried = 0;
                match self.upstreams.choose(!asking.servers, now.ms, &mut self.random) {
                    Some(upstream) => upstream,
                    None => return self.exhausted(place, now),
                }
            }
        };
        self.attempt_at(place, upstream, now);
    }

    /// Sends the question at `place` to that upstream, in one datagram.
    fn attempt_at(&mut self, place: usize, upstream: usize, now: Now) {
        let patience = self.upstreams.patience_ms(upstream);
        let Some(asking) = self.askings.get_mut(place) else { return };
        asking.tried |= 1u64.checked_shl(upstream as u32).unwrap_or(0);
        asking.attempts += 1;
        let round = (asking.attempts - 1) / asking.servers.count_ones().max(1);
        let until_ms = (now.ms + (patience << round.min(3))).min(asking.since_ms + PATIENCE_MS);
        let message = question_for(asking).zip(self.upstreams.take_slot(upstream, now.ms, &mut self.random));
        let Some((mut message, (way, reopen))) = message else { return self.exhausted(place, now) };
        // An id that is free on that socket; with so few in flight the first nearly always is.
        let id = (0..64).find_map(|_| {
            let id = self.random.number()? as u16;
            self.askings.fly(way, id, place).then_some(id)
        });
        let name_end = message.len() - 4 - if self.is_plain(place) { 0 } else { 11 };
        let spelt = message.get_mut(HEADER..name_end).and_then(|name| self.random.spell(name));
        let (Some(id), Some(())) = (id, spelt) else {
            self.upstreams.release(way);
            if let Some(id) = id {
                self.askings.land(way, id);
            }
            return self.exhausted(place, now);
        };
        if let Some(two) = message.first_chunk_mut::<2>() {
            *two = id.to_be_bytes();
        }
        if reopen {
            self.commands.push_back(Command::Reopen(way));
        }
        self.commands.push_back(Command::Send { way, bytes: message.clone() });
        self.counting.asked_upstream.one();
        if let Some(asking) = self.askings.get_mut(place) {
            asking.attempt =
                Some(Attempt { way: Some(way), upstream, id, message, sent_ms: now.ms, until_ms });
        }
    }

    fn is_plain(&mut self, place: usize) -> bool {
        self.askings.get_mut(place).is_some_and(|asking| asking.plain)
    }

    /// Asks the upstream of the attempt under way again, over a stream: its answer was cut, or may be forged.
    fn attempt_stream(&mut self, place: usize, now: Now) {
        self.land(place);
        let Some(asking) = self.askings.get_mut(place) else { return };
        let Some(attempt) = asking.attempt.as_mut() else { return };
        attempt.way = None;
        attempt.sent_ms = now.ms;
        attempt.until_ms = now.ms + STREAM_PATIENCE_MS;
        let ticket = Ticket { place, serial: asking.serial, upstream: attempt.upstream };
        let bytes = attempt.message.clone();
        if let Some(upstream) = self.upstreams.address(ticket.upstream) {
            self.commands.push_back(Command::AskStream { upstream, ticket, bytes });
            self.counting.asked_upstream.one();
        }
    }

    /// The attempt under way no longer flies.
    fn land(&mut self, place: usize) {
        let attempt = self.askings.get_mut(place).and_then(|asking| asking.attempt.as_ref());
        if let Some((way, id)) = attempt.and_then(|attempt| Some((attempt.way?, attempt.id))) {
            self.land_on(way, id);
        }
    }

    fn land_on(&mut self, way: Way, id: u16) {
        self.askings.land(way, id);
        self.upstreams.release(way);
    }

    /// Takes a question out. Nothing of it flies any more.
    fn finish(&mut self, place: usize) -> Option<Asking<R>> {
        self.land(place);
        let mut asking = self.askings.remove(place)?;
        for late in asking.late.drain(..) {
            if let Some(way) = late.way {
                self.land_on(way, late.id);
            }
        }
        Some(asking)
    }

    /// The attempt under way was waited for long enough. A datagram may be answered yet, and goes on flying.
    fn set_aside(&mut self, place: usize) -> Option<usize> {
        let asking = self.askings.get_mut(place)?;
        let attempt = asking.attempt.take()?;
        let upstream = attempt.upstream;
        if attempt.way.is_some() {
            asking.late.push(attempt);
        }
        Some(upstream)
    }

    /// Makes a late attempt that was answered the one under way, as if no other had followed it.
    fn take_up(&mut self, place: usize, way: Way, id: u16) {
        self.set_aside(place);
        let Some(asking) = self.askings.get_mut(place) else { return };
        let late = asking.late.iter().position(|late| late.is(way, id));
        asking.attempt = late.map(|late| asking.late.swap_remove(late));
    }

    /// A datagram came in through an upstream's socket. The socket is connected, so the sender is the upstream or
    /// somebody who forges it; the id, the question and its spelling tell them apart.
    pub fn answered(&mut self, way: Way, message: &[u8], now: Now) {
        let found = u16_at(message, 0).and_then(|id| Some((id, self.askings.in_flight(way, id)?)));
        let Some((id, place)) = found else { return self.counting.mismatched.one() };
        let Some(asking) = self.askings.get_mut(place) else { return };
        let is_late = !asking.attempt.as_ref().is_some_and(|attempt| attempt.is(way, id));
        let attempt = asking.attempt.iter().chain(&asking.late).find(|attempt| attempt.is(way, id));
        let Some(attempt) = attempt else { return };
        let (upstream, sent_ms) = (attempt.upstream, attempt.sent_ms);
        match matches(&attempt.message, message) {
            Match::Exact => {}
            Match::OtherSpelling => {
                // Either a server that does not keep the spelling or a forger who did not see it: a stream cannot be
                // forged from outside.
                self.counting.mismatched.one();
                if is_late {
                    self.take_up(place, way, id);
                }
                return self.attempt_stream(place, now);
            }
            Match::No => return self.counting.mismatched.one(),
        }
        let whole = asking.want.0 & Want::DNSSEC != 0;
        let useless = is_late
            && match answer::read(message, HEADER + asking.question.len(), whole) {
                Ok(_) | Err(Unusable::Truncated) => false,
                Err(Unusable::Circle) => true,
                Err(Unusable::Malformed) => message.len() < UDP_ROOM,
                Err(Unusable::Failed(code)) => {
                    asking.plain || ![rcode::FORMERR, rcode::NOTIMP].contains(&code)
                }
            };
        self.upstreams.answered(upstream, now.ms.saturating_sub(sent_ms));
        if useless {
            // Another was asked already, and may know better.
            asking_without(&mut self.askings, place, way, id);
            return self.land_on(way, id);
        }
        if is_late {
            self.take_up(place, way, id);
        }
        self.believe(place, upstream, message, true, now);
    }

    /// What a stream to an upstream gave; `None` if it failed.
    pub fn stream_answered(&mut self, ticket: Ticket, message: Option<&[u8]>, now: Now) {
        let Some(asking) = self.askings.get_serial(ticket.place, ticket.serial) else { return };
        let streaming = asking
            .attempt
            .as_ref()
            .filter(|attempt| attempt.way.is_none() && attempt.upstream == ticket.upstream);
        let Some(attempt) = streaming else { return };
        let message = message.filter(|message| {
            message.get(..2) == attempt.message.get(..2) && matches(&attempt.message, message) != Match::No
        });
        match message {
            Some(message) => self.believe(ticket.place, ticket.upstream, message, false, now),
            None => {
                self.upstreams.failed(ticket.upstream, now.ms);
                self.counting.upstream_failures.one();
                self.attempt(ticket.place, now);
            }
        }
    }

    /// The socket reported that nobody listens at the upstream.
    pub fn unreachable(&mut self, way: Way, now: Now) {
        let places = self.askings.flying_on(way);
        if !places.is_empty() {
            self.upstreams.failed(way.upstream, now.ms);
            self.counting.upstream_failures.one();
        }
        for place in places {
            self.land(place);
            if let Some(asking) = self.askings.get_mut(place) {
                asking.attempt = None;
                asking.reached = true;
            }
            self.attempt(place, now);
        }
    }

    /// Sends on what has waited too long. Costs a look at each waiting question, at most every 20 ms.
    pub fn tick(&mut self, now: Now) {
        if now.ms < self.next_tick_ms || self.askings.count() == 0 {
            return;
        }
        self.next_tick_ms = now.ms + 20;
        for place in self.askings.overdue(now.ms) {
            if let Some(upstream) = self.set_aside(place) {
                self.upstreams.failed(upstream, now.ms);
                self.counting.upstream_failures.one();
            }
            self.attempt(place, now);
        }
    }

    /// When [`Self::tick`] must be called next, if anything waits.
    pub fn next_tick_ms(&self) -> Option<u64> {
        if self.askings.count() == 0 {
            return None;
        }
        Some(self.next_tick_ms)
    }

    /// Takes an answer that matches its question.
    fn believe(&mut self, place: usize, upstream: usize, message: &[u8], datagram: bool, now: Now) {
        let Some(asking) = self.askings.get_mut(place) else { return };
        asking.reached = true;
        let whole = asking.want.0 & Want::DNSSEC != 0;
        match answer::read(message, HEADER + asking.question.len(), whole) {
            Ok(answer) => self.serve(place, &answer, now),
            Err(Unusable::Truncated) if datagram => self.attempt_stream(place, now),
            // It sent more than was asked for, and what arrived is cut: a stream holds the whole.
            Err(Unusable::Malformed) if datagram && message.len() >= UDP_ROOM => {
                self.attempt_stream(place, now)
            }
            Err(Unusable::Failed(rcode::FORMERR | rcode::NOTIMP)) if datagram && !asking.plain => {
                // RFC 6891 §7: a server that does not know EDNS is asked again without.
                asking.plain = true;
                self.land(place);
                self.attempt_at(place, upstream, now);
            }
            Err(_) => {
                self.land(place);
                let Some(asking) = self.askings.get_mut(place) else { return };
                asking.attempt = None;
                // Another may know better, but nobody is asked twice for an answer that was no good.
                let others = self.upstreams.choose(asking.tried | !asking.servers, now.ms, &mut self.random);
                match others.filter(|_| asking.attempts < MOST_ATTEMPTS) {
                    Some(upstream) => self.attempt_at(place, upstream, now),
                    None => self.give_up(place, Some((ede::NETWORK_ERROR, USELESS)), now),
                }
            }
        }
    }

    /// Keeps an answer and gives it to everyone who waits, each by their own decision.
    fn serve(&mut self, place: usize, answer: &Answer, now: Now) {
        let Some(asking) = self.finish(place) else { return };
        let stored = with_question(answer, &asking)
            .and_then(|answer| Stored::new(asking.hash, asking.want, &answer, now.seconds()));
        let Some(mut stored) = stored else {
            return self.fail(asking, Some((ede::NETWORK_ERROR, USELESS)), now);
        };
        if self.settings.refuse_inside
            && self.settings.routes.is_internet(asking.servers)
            && answer.addresses.iter().any(|address| !kit::address::is_public(*address))
            && !special::is_about_ipv4(&asking.question, &answer.addresses)
        {
            stored.mark_inside();
        }
        let mut scratch = Vec::new();
        let (held, sink) = (self.hold(now), self.sink());
        let mut log = sink.open();
        for waiter in asking.waiters {
            self.serve_one(waiter, &mut stored, &mut scratch, &held, &mut *log, now);
        }
        self.cache.insert(stored, &asking.question);
    }

    fn serve_one(
        &mut self,
        waiter: Waiter<R>,
        stored: &mut Stored,
        scratch: &mut Vec<u8>,
        held: &Held,
        log: &mut dyn Recorder,
        now: Now,
    ) {
        if waiter.led {
            return self.serve_led(waiter, stored, scratch, (held, log), now);
        }
        let Some((query, shape)) = reread(&waiter, scratch) else { return };
        let text = query.name();
        let length = match text.host() {
            Some(host) => {
                let identity = waiter.source.identify(held);
                let case = Case {
                    host,
                    identity: &identity,
                    client: waiter.source.client,
                    transport: waiter.source.transport,
                    at: now.at,
                };
                let decision = case.decide_answer(held, stored, &mut self.addresses);
                if decision.verdict.is_block() {
                    self.write_block(scratch, shape, case, held, (log, waiter.owed), &decision)
                } else if decision.obligations.safe_search != 0 && says_where(query.kind()) {
                    // It leads elsewhere since the device asked.
                    let length = self.write_failure(scratch, shape, CHANGED);
                    case.pay(log, waiter.owed, &decision, length);
                    length
                } else {
                    let life = self.settings.longest_life_s;
                    let length = write_stored(scratch, shape, stored, life, now.seconds());
                    case.pay(log, waiter.owed, &decision, length);
                    length
                }
            }
            // The root's own records name no site; an answer that brings other names or addresses is not one.
            None if stored.has_facts() => {
                write::code(scratch, shape.end, shape.flags, rcode::REFUSED, shape.edns, None)
            }
            None => write_stored(scratch, shape, stored, self.settings.longest_life_s, now.seconds()),
        };
        self.reply(waiter.to, scratch, length);
    }

    pub(super) fn reply(&mut self, to: R, scratch: &[u8], length: usize) {
        self.counting.answers.one();
        let bytes = scratch.get(..length).unwrap_or(&[]).to_vec();
        self.commands.push_back(Command::Reply { to, bytes });
    }

    /// Nobody is left to ask.
    fn exhausted(&mut self, place: usize, now: Now) {
        let reached = self.askings.get_mut(place).is_some_and(|asking| asking.reached);
        let why =
            if reached { (ede::NETWORK_ERROR, UNREACHABLE) } else { (ede::NO_REACHABLE_AUTHORITY, NOBODY) };
        self.give_up(place, Some(why), now);
    }

    /// Answers everyone who waits that it did not work.
    pub(super) fn give_up(&mut self, place: usize, why: Option<write::Extended<'_>>, now: Now) {
        if let Some(asking) = self.finish(place) {
            self.fail(asking, why, now);
        }
    }

    /// Tells the activity log of everything that still waits: this thread is at its end. Nobody is answered, so that
    /// devices ask again, here or elsewhere.
    pub fn close(&mut self, now: Now) {
        let (held, sink) = (self.hold(now), self.sink());
        let mut log = sink.open();
        let mut scratch = Vec::new();
        for place in self.askings.all() {
            for waiter in self.finish(place).into_iter().flat_map(|asking| asking.waiters) {
                if let Some((query, _)) = reread(&waiter, &mut scratch) {
                    let from = (waiter.source, &self.settings);
                    failed(&query, from, waiter.owed, &held, &mut *log, (now, 0));
                }
            }
        }
    }

    /// Gives everyone who waits the last answer there was, or else says that it did not work.
    fn fail(&mut self, asking: Asking<R>, why: Option<write::Extended<'_>>, now: Now) {
        let mut scratch = Vec::new();
        let (held, sink) = (self.hold(now), self.sink());
        let mut log = sink.open();
        if let Some(mut stale) = self.cache.stale(asking.hash, &asking.question, asking.want, now.seconds()) {
            for waiter in asking.waiters {
                self.serve_one(waiter, &mut stale, &mut scratch, &held, &mut *log, now);
            }
            return;
        }
        for waiter in asking.waiters {
            let Some((query, shape)) = reread(&waiter, &mut scratch) else { continue };
            let length = write::code(&mut scratch, shape.end, shape.flags, rcode::SERVFAIL, shape.edns, why);
            let from = (waiter.source, &self.settings);
            failed(&query, from, waiter.owed, &held, &mut *log, (now, length));
            self.counting.failed.one();
            self.reply(waiter.to, &scratch, length);
        }
    }
}

/// Tells the activity log of a question that nobody could answer.
fn failed(
    query: &Query,
    (source, settings): (Source, &Settings),
    owed: Option<Owed>,
    held: &Held,
    log: &mut dyn Recorder,
    (now, bytes): (Now, usize),
) {
    let text = query.name();
    if let Some(host) = text.host() {
        let own = settings.own_above(host);
        let host = shown(host, own.as_deref());
        let identity = source.identify(held);
        let case = Case {
            host,
            identity: &identity,
            client: source.client,
            transport: source.transport,
            at: now.at,
        };
        case.pay(log, owed, &case.decide(held), bytes);
    }
}

fn asking_without<R>(askings: &mut Askings<R>, place: usize, way: Way, id: u16) {
    if let Some(asking) = askings.get_mut(place) {
        asking.reached = true;
        asking.late.retain(|late| !late.is(way, id));
    }
}

/// Puts a waiting device's question back into a buffer with room for its answer.
pub(super) fn reread<R>(waiter: &Waiter<R>, scratch: &mut Vec<u8>) -> Option<(Query, Shape)> {
    scratch.clear();
    scratch.extend_from_slice(&waiter.head);
    // The records after the question are gone; what EDNS said is kept beside.
    scratch.get_mut(6..HEADER)?.fill(0);
    let query = Query::read(scratch).ok()?;
    let shape =
        Shape { flags: query.flags, end: query.end(), edns: waiter.edns, transport: waiter.source.transport };
    let room = match waiter.source.transport {
        Transport::Udp => crate::wire::UDP_BYTES,
        Transport::Tcp | Transport::Tls | Transport::Https => usize::from(u16::MAX),
    };
    scratch.resize(room, 0);
    Some((query, shape))
}

/// The question for an upstream: recursion desired, AD (so that it says what it has checked, RFC 6840 §5.7), and our
/// own EDNS.
fn question_for<R>(asking: &Asking<R>) -> Option<Vec<u8>> {
    let mut message = vec![0; HEADER];
    let unchecked = if asking.want.0 & Want::UNCHECKED != 0 { flag3::CD } else { 0 };
    message.extend_from_slice(&asking.question);
    let end = message.len();
    write::header(&mut message, [flag2::RD, flag3::AD | unchecked], 1, 0, 0);
    if !asking.plain {
        message.resize(end + 11, 0);
        let edns = Edns { size: 0, version: 0, dnssec: asking.want.0 & Want::DNSSEC != 0, padded: false };
        (write::opt(&mut message, end, edns, 0, None) > end).then_some(())?;
    }
    Some(message)
}

/// The answer with the question in lower case, as it is kept.
fn with_question<R>(answer: &Answer, asking: &Asking<R>) -> Option<Answer> {
    let mut answer = answer.clone();
    answer.image.get_mut(HEADER..HEADER + asking.question.len())?.copy_from_slice(&asking.question);
    Some(answer)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Match {
    Exact,
    OtherSpelling,
    No,
}

/// Whether a message answers the question that was sent: a response of the same kind to the same one question.
fn matches(sent: &[u8], got: &[u8]) -> Match {
    let sent_end = Query::read(sent).map_or(0, |query| query.end());
    let ours = sent.get(HEADER..sent_end);
    let theirs = got.get(HEADER..sent_end);
    let (Some(ours), Some(theirs), Some(&two)) = (ours, theirs, got.get(2)) else { return Match::No };
    if two & flag2::QR == 0 || two & flag2::OPCODE != 0 || u16_at(got, 4) != Some(1) {
        return Match::No;
    }
    if ours == theirs {
        Match::Exact
    } else if ours.eq_ignore_ascii_case(theirs) && type_and_class(ours) == type_and_class(theirs) {
        Match::OtherSpelling
    } else {
        Match::No
    }
}

fn type_and_class(question: &[u8]) -> Option<&[u8; 4]> {
    question.last_chunk()
}

const _: () = assert!(kind::OPT < 256, "the codec writes the type of an OPT as one byte");
