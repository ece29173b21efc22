//! Hosts of search engines, and of YouTube, that lead to where they answer safely.
//!
//! Such a host is answered as an alias of the name that the engine has for it, with that name's own addresses. These are asked
//! for as any answer is, so that whoever asks for the name itself shares them; what is made of them is kept beside the host's
//! other answers, as a variant. Nothing here is signed, and nothing says so.
//!
//! The rule is that no way leads to the unprotected address: where the safe one cannot be had there is none.
//!
//! Names below the gate's own are led to that in the same way: a label there is a secret that tells who somebody is, and a device
//! that is to ask through it asks for its address in the open first. It is neither sent on nor written down.

use std::net::IpAddr;

use engine::{Held, HostName, Level, Recorder, SafeTarget};

use super::judge::Case;
use super::{Now, Outcome, Resolver, Shape, Source, write_stored};
use crate::asking::{Waiter, Wanted};
use crate::cache::{Stored, Want};
use crate::special;
use crate::wire::answer::Answer;
use crate::wire::query::Query;
use crate::wire::{HEADER, ede, flag2, flag3, kind, rcode, write};

/// A device's question about such a host.
#[derive(Clone, Copy)]
pub(super) struct Led<'a> {
    pub query: &'a Query,
    pub hash: u64,
    pub source: Source,
    pub shape: Shape,
    pub case: Case<'a>,
}

/// Told to a device whose search engine cannot be reached where it answers safely.
const NOT_SAFELY: &str = "The search engine's safe address cannot be found.";
/// Told to a device that would have had another answer when it asked.
pub(super) const CHANGED: &str = "The school's policy has just changed. Ask again.";

/// Whether an answer of that type says where a host is.
pub(super) const fn says_where(kind: u16) -> bool {
    matches!(kind, kind::A | kind::AAAA | kind::CNAME | kind::SVCB | kind::HTTPS)
}

impl<R> Resolver<R> {
    /// Answers such a question, or asks for what it takes.
    pub(super) fn lead(
        &mut self,
        buffer: &mut [u8],
        led: Led<'_>,
        (held, log): (&Held, &mut dyn Recorder),
        to: impl FnOnce() -> R,
        now: Now,
    ) -> Outcome {
        let Led { query, hash, source, shape, case } = led;
        // Where the host would lead otherwise is no fact of this answer.
        let decision = case.decide(held);
        if decision.verdict.is_block() {
            return self.block(buffer, shape, case, held, log, &decision);
        }
        let own = query.name().host().and_then(|host| self.settings.own_above(host));
        let Some(target) = own.as_deref().or_else(|| held.safe_target(&decision)) else {
            return self.code(buffer, shape, rcode::SERVFAIL, Some((ede::OTHER, NOT_SAFELY)));
        };
        let seconds = now.seconds();
        let mut stored = match query.kind() {
            kind::A | kind::AAAA => None,
            kind::CNAME => {
                let alias = Alias { target, kind: kind::CNAME, life_s: self.settings.blocked_life_s };
                alias
                    .answer(query.question(), &[], &[])
                    .and_then(|answer| Stored::new(hash, led_want(query, target.level), &answer, seconds))
            }
            // A service binding holds addresses of its own, and keys to hide behind: a device does without one.
            _ => {
                let life = self.settings.blocked_life_s;
                let length =
                    write::absent(buffer, shape.end, shape.flags, shape.edns, life, (rcode::NOERROR, None));
                case.record(log, &decision, length);
                return self.answer(length);
            }
        };
        let want = led_want(query, target.level);
        if let Some(kept) = self.cache.get(hash, query.question(), want, seconds)
            && kept.facts(&mut self.addresses).next() == Some(target.name.as_bytes())
        {
            let decision = case.decide_answer(held, kept, &mut self.addresses);
            if decision.verdict.is_block() {
                return self.block(buffer, shape, case, held, log, &decision);
            }
            let length = write_stored(buffer, shape, kept, self.settings.longest_life_s, seconds);
            self.counting.cached.one();
            case.record(log, &decision, length);
            return self.answer(length);
        }
        let Some(question) = question_of(target, query.kind()) else {
            return self.code(buffer, shape, rcode::SERVFAIL, Some((ede::OTHER, NOT_SAFELY)));
        };
        let their = (self.hashing.of(&question), Want(want.0 & Want::UNCHECKED));
        if stored.is_none()
            && let Some(kept) = self.cache.get(their.0, &question, their.1, seconds)
        {
            stored = made_of(kept, target, query, hash, &mut self.addresses);
            if stored.is_none() && own.is_some() {
                let length = self.write_nothing(buffer, shape);
                case.record(log, &decision, length);
                return self.answer(length);
            }
            if stored.is_none() {
                return self.code(buffer, shape, rcode::SERVFAIL, Some((ede::OTHER, NOT_SAFELY)));
            }
        }
        if let Some(mut stored) = stored {
            let decision = case.decide_answer(held, &mut stored, &mut self.addresses);
            let length = if decision.verdict.is_block() {
                self.write_block(buffer, shape, case, held, (log, None), &decision)
            } else {
                let length = write_stored(buffer, shape, &stored, self.settings.longest_life_s, seconds);
                case.record(log, &decision, length);
                length
            };
            self.cache.insert(stored, query.question());
            return self.answer(length);
        }
        let wanted = Wanted {
            question: &question,
            hash: their.0,
            want: their.1,
            servers: self.settings.routes.of(&target.name),
            led: true,
        };
        self.wait(buffer, query, &wanted, (source, !decision.obligations.unobserved), to, now)
    }

    /// Gives a device that waits what was made of the answer it waits for: `theirs` is that of the name its host leads to.
    pub(super) fn serve_led(
        &mut self,
        waiter: Waiter<R>,
        theirs: &Stored,
        scratch: &mut Vec<u8>,
        (held, log): (&Held, &mut dyn Recorder),
        now: Now,
    ) {
        let Some((query, shape)) = super::upstream::reread(&waiter, scratch) else { return };
        let text = query.name();
        let Some(host) = text.host() else { return };
        let own = self.settings.own_above(host);
        let host = shown(host, own.as_deref());
        let Waiter { source, owed, to, .. } = waiter;
        let identity = source.identify(held);
        let case = Case {
            host,
            identity: &identity,
            client: source.client,
            transport: source.transport,
            at: now.at,
        };
        let decision = case.decide(held);
        if decision.verdict.is_block() {
            let length = self.write_block(scratch, shape, case, held, (log, owed), &decision);
            return self.reply(to, scratch, length);
        }
        // The policy may have changed while it waited: then this is no answer to it any more.
        let target = own.as_deref().or_else(|| held.safe_target(&decision)).filter(|target| {
            let theirs = theirs.image().get(HEADER..);
            question_of(target, query.kind())
                .is_some_and(|question| theirs.is_some_and(|theirs| theirs.starts_with(&question)))
        });
        let hash = self.hashing.of(query.question());
        let made = match target {
            None => Err(CHANGED),
            Some(target) => made_of(theirs, target, &query, hash, &mut self.addresses).ok_or(NOT_SAFELY),
        };
        let mut stored = match made {
            Ok(stored) => stored,
            Err(why) => {
                let length = match own {
                    Some(_) => self.write_nothing(scratch, shape),
                    None => self.write_failure(scratch, shape, why),
                };
                case.pay(log, owed, &decision, length);
                return self.reply(to, scratch, length);
            }
        };
        let decision = case.decide_answer(held, &mut stored, &mut self.addresses);
        let length = if decision.verdict.is_block() {
            self.write_block(scratch, shape, case, held, (log, owed), &decision)
        } else {
            let length = write_stored(scratch, shape, &stored, self.settings.longest_life_s, now.seconds());
            case.pay(log, owed, &decision, length);
            length
        };
        self.cache.insert(stored, query.question());
        self.reply(to, scratch, length);
    }

    /// Answers about a name below the gate's own: its addresses are that name's, and there is nothing else.
    pub(super) fn below_own_name(
        &mut self,
        buffer: &mut [u8],
        led: Led<'_>,
        (held, log): (&Held, &mut dyn Recorder),
        to: impl FnOnce() -> R,
        now: Now,
    ) -> Outcome {
        let Led { query, shape, case, .. } = led;
        let routes = &self.settings.routes;
        let host = case.host.as_str();
        let is_nobodys = special::answer(host).is_some() && routes.is_internet(routes.of(host));
        if says_where(query.kind()) && !is_nobodys {
            return self.lead(buffer, led, (held, log), to, now);
        }
        let decision = case.decide(held);
        if decision.verdict.is_block() {
            return self.block(buffer, shape, case, held, log, &decision);
        }
        let length = self.write_nothing(buffer, shape);
        case.record(log, &decision, length);
        self.answer(length)
    }

    /// Writes that a name has no such data.
    fn write_nothing(&self, buffer: &mut [u8], shape: Shape) -> usize {
        let life = self.settings.blocked_life_s;
        write::absent(buffer, shape.end, shape.flags, shape.edns, life, (rcode::NOERROR, None))
    }

    /// Writes that there is no answer, and why.
    pub(super) fn write_failure(&self, buffer: &mut [u8], shape: Shape, why: &str) -> usize {
        self.counting.failed.one();
        let why = Some((ede::OTHER, why));
        write::code(buffer, shape.end, shape.flags, rcode::SERVFAIL, shape.edns, why)
    }
}

/// The host as it is decided about and written down: what lies below the gate's own name is that name.
pub(super) fn shown<'a>(host: HostName<'a>, own: Option<&'a SafeTarget>) -> HostName<'a> {
    own.and_then(|own| HostName::new(&own.name)).unwrap_or(host)
}

/// Which variant of its own answers a host's safe one is.
fn led_want(query: &Query, level: Level) -> Want {
    let led = if level == Level::Moderate { Want::LED_MODERATE } else { Want::LED };
    Want((super::want(query).0 & Want::UNCHECKED) | led)
}

/// The question that a host's own becomes.
fn question_of(target: &SafeTarget, kind: u16) -> Option<Vec<u8>> {
    let mut question = Vec::with_capacity(target.name.len() + 6);
    push_name(&target.name, &mut question)?;
    question.extend_from_slice(&kind.to_be_bytes());
    question.extend_from_slice(&[0, 1]);
    Some(question)
}

/// Appends a name in its wire form.
fn push_name(name: &str, into: &mut Vec<u8>) -> Option<()> {
    HostName::new(name)?;
    for label in name.split('.') {
        into.push(u8::try_from(label.len()).ok().filter(|length| *length < 64)?);
        into.extend_from_slice(label.as_bytes());
    }
    into.push(0);
    Some(())
}

/// The host's safe answer, made of what the name that it leads to is answered with. It is as old as that, and ends with it.
/// `None` where that name does not exist.
fn made_of(
    theirs: &Stored,
    target: &SafeTarget,
    query: &Query,
    hash: u64,
    addresses: &mut Vec<IpAddr>,
) -> Option<Stored> {
    if theirs.image().get(3)? & flag3::RCODE != rcode::NOERROR {
        return None;
    }
    let chain: Vec<Box<[u8]>> = theirs.facts(addresses).map(Box::from).collect();
    let alias = Alias { target, kind: query.kind(), life_s: theirs.life_s() };
    let answer = alias.answer(query.question(), addresses, &chain)?;
    let mut stored = Stored::new(hash, led_want(query, target.level), &answer, theirs.stored_s())?;
    if theirs.leads_inside() {
        stored.mark_inside();
    }
    Some(stored)
}

/// An answer that is another name's.
struct Alias<'a> {
    target: &'a SafeTarget,
    kind: u16,
    life_s: u32,
}

impl Alias<'_> {
    /// The answer: the alias, then the addresses of the type asked for under the other name, however many aliases that had
    /// itself. Where there are none, how long that may be kept stands in the authority section.
    fn answer(&self, question: &[u8], addresses: &[IpAddr], chain: &[Box<[u8]>]) -> Option<Answer> {
        let mut image = vec![0; HEADER];
        image.extend_from_slice(question);
        let mut lives_at = Vec::new();
        let mut name = Vec::new();
        push_name(&self.target.name, &mut name)?;
        self.record(&mut image, &mut lives_at, HEADER, kind::CNAME, &name)?;
        let name_at = image.len() - name.len();
        let mut answers = 1u16;
        for address in addresses {
            match (self.kind, address) {
                (kind::A, IpAddr::V4(v4)) => {
                    self.record(&mut image, &mut lives_at, name_at, kind::A, &v4.octets())?;
                }
                (kind::AAAA, IpAddr::V6(v6)) => {
                    self.record(&mut image, &mut lives_at, name_at, kind::AAAA, &v6.octets())?;
                }
                _ => continue,
            }
            answers = answers.checked_add(1)?;
        }
        let is_empty = answers == 1 && self.kind != kind::CNAME;
        if is_empty {
            let [a, b, c, d] = self.life_s.to_be_bytes();
            let start = [0, 0, 0, 0, 0, 1, 0, 0, 14, 16, 0, 0, 3, 132, 0, 9, 58, 128, a, b, c, d];
            self.record(&mut image, &mut lives_at, name_at, kind::SOA, &start)?;
        }
        write::header(&mut image, [flag2::QR, rcode::NOERROR], 1, answers, u16::from(is_empty));
        let first = Box::from(self.target.name.as_bytes());
        let chain = std::iter::once(first).chain(chain.iter().cloned()).collect();
        Some(Answer { image, lives_at, life_s: self.life_s, chain, addresses: addresses.to_vec() })
    }

    fn record(
        &self,
        image: &mut Vec<u8>,
        lives_at: &mut Vec<u16>,
        owner_at: usize,
        kind: u16,
        data: &[u8],
    ) -> Option<()> {
        let owner = u16::try_from(owner_at).ok().filter(|at| *at < 0x4000)? | 0xc000;
        image.extend_from_slice(&owner.to_be_bytes());
        image.extend_from_slice(&kind.to_be_bytes());
        image.extend_from_slice(&[0, 1]);
        lives_at.push(u16::try_from(image.len()).ok()?);
        image.extend_from_slice(&self.life_s.to_be_bytes());
        image.extend_from_slice(&u16::try_from(data.len()).ok()?.to_be_bytes());
        image.extend_from_slice(data);
        Some(())
    }
}
