//! What an upstream answers: checked whole, and reduced to what a device needs and the policy must know.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::name;
use super::rewrite;
use super::{HEADER, flag2, flag3, kind, rcode, service_key, u16_at, u32_at};

/// The most names an answer may go through.
pub const MOST_NAMES: usize = 16;
/// The longest an answer is kept, whatever it says (RFC 8767 §4 advises days; a day is enough here).
const LONGEST_LIFE_S: u32 = 86_400;
/// The longest a negative answer is kept (RFC 2308 §5 advises one to three hours).
const LONGEST_NEGATIVE_LIFE_S: u32 = 3_600;

/// Why an upstream's answer cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unusable {
    /// It cannot be read as a message.
    Malformed,
    /// Its aliases lead in a circle, or through too many names.
    Circle,
    /// It was cut to fit.
    Truncated,
    /// It is an error of that code.
    Failed(u8),
}

/// An answer, ready to be kept and served.
///
/// `image` is the message up to the end of the answer (or of the authority section, where that matters), in the
/// upstream's own compression: every pointer leads backwards and so stays true. The OPT and the additional section are
/// gone. Where something before the end had to go, the rest is written anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The message.
    pub image: Vec<u8>,
    /// Where each record's remaining seconds stand.
    pub lives_at: Vec<u16>,
    /// For how long the whole may be kept; 0 is not at all.
    pub life_s: u32,
    /// The names it goes through (`CNAME`, `DNAME`, service bindings), in the order of the records.
    pub chain: Vec<Box<[u8]>>,
    /// The addresses it gives, hints of service bindings included.
    pub addresses: Vec<IpAddr>,
}

/// Reads an answer whose header and question have been compared with what was asked. `question_end` is where the
/// records begin; `whole` keeps the authority section of a positive answer (signatures were asked for).
///
/// Only what answers the question is kept, and only that is judged. In the answer section: records of the type asked for
/// and aliases, of the name asked for and of those it is an alias of, whichever order they stand in (RFC 2181 §5.4.1,
/// RFC 5452 §6); in the authority section: what a negative answer and its proof need, which is never an address; of the
/// additional section nothing, since a device asks again for what it needs and the answer is then judged.
pub fn read(message: &[u8], question_end: usize, whole: bool) -> Result<Answer, Unusable> {
    let header = message.first_chunk::<HEADER>().ok_or(Unusable::Malformed)?;
    let [_, _, two, three, _, _, counts @ ..] = *header;
    if two & flag2::TC != 0 {
        return Err(Unusable::Truncated);
    }
    let code = three & flag3::RCODE;
    if code != rcode::NOERROR && code != rcode::NXDOMAIN {
        return Err(Unusable::Failed(code));
    }
    let [a, b, c, d, e, f] = counts;
    let (answers, authorities, additional) =
        (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]), u16::from_be_bytes([e, f]));

    let mut reader = Reader::new(message, question_end).ok_or(Unusable::Malformed)?;
    for _ in 0..answers {
        reader.answer()?;
    }
    reader.settle()?;
    reader.change_bindings();
    let (answers_end, answers_kept) = (reader.at, reader.kept.len());
    for _ in 0..authorities {
        reader.authority().ok_or(Unusable::Malformed)?;
    }
    let (authorities_end, authorities_kept) = (reader.at, reader.kept.len() - answers_kept);
    for _ in 0..additional {
        reader.next(Section::Additional).ok_or(Unusable::Malformed)?;
    }
    if reader.upper_rcode != 0 {
        return Err(Unusable::Failed(code));
    }

    let negative = code == rcode::NXDOMAIN || !reader.has_data;
    let keep_authority = whole || negative;
    let (end, kept_authorities) =
        if keep_authority { (authorities_end, authorities_kept) } else { (answers_end, 0) };
    reader.kept.truncate(answers_kept + kept_authorities);
    let is_whole = !reader.is_changed
        && answers_kept == usize::from(answers)
        && (!keep_authority || authorities_kept == usize::from(authorities));
    let (mut image, lives_at) = if is_whole {
        let mut image = message.get(..end).ok_or(Unusable::Malformed)?.to_vec();
        // Our own spelling of the question must not shine through where a server did not compress.
        for record in &reader.kept {
            name::lower_in_place(&mut image, record.owner);
        }
        let lives_at = reader.kept.iter().map(|record| record.body + 4);
        (image, lives_at.map(u16::try_from).collect::<Result<_, _>>().map_err(|_| Unusable::Malformed)?)
    } else {
        reader.kept.sort_unstable_by_key(|record| record.owner);
        rewrite::rewrite(message, question_end, &reader.kept).ok_or(Unusable::Malformed)?
    };
    let count = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
    // What was changed is no longer what was signed.
    let authentic = if reader.is_changed { 0 } else { flag3::AD };
    let flags = [flag2::QR, three & (authentic | flag3::RCODE)];
    super::write::header(&mut image, flags, 1, count(answers_kept), count(kept_authorities));
    let shortest = if answers_kept > 0 { reader.shortest_s } else { u32::MAX };
    let life_s = if negative {
        // RFC 2308 §5: without a SOA a negative answer must not be kept.
        reader.negative_s.map_or(0, |life| life.min(LONGEST_NEGATIVE_LIFE_S)).min(shortest)
    } else {
        shortest.min(LONGEST_LIFE_S)
    };
    Ok(Answer { image, lives_at, life_s, chain: reader.chain, addresses: reader.addresses })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    Records,
    Additional,
}

/// Where a record lies in its message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record {
    /// Its owner's name.
    pub owner: usize,
    /// Its type, behind the owner.
    pub body: usize,
    /// Behind its data.
    pub end: usize,
    pub kind: u16,
    class: u16,
    life: u32,
}

struct Reader<'m> {
    message: &'m [u8],
    at: usize,
    asked: u16,
    question: Box<[u8]>,
    kept: Vec<Record>,
    /// Records of the answer section whose owner was not yet met.
    aside: Vec<Record>,
    chain: Vec<Box<[u8]>>,
    addresses: Vec<IpAddr>,
    shortest_s: u32,
    negative_s: Option<u32>,
    has_data: bool,
    has_opt: bool,
    upper_rcode: u8,
    /// Whether a service binding is malformed, or holds what a device must not have: keys to hide from us whom it talks to, or an offer to talk
    /// past us.
    is_changed: bool,
    /// Where the bodies of those bindings are that are of no use without.
    useless: Vec<usize>,
}

impl<'m> Reader<'m> {
    fn new(message: &'m [u8], question_end: usize) -> Option<Self> {
        Some(Self {
            message,
            at: question_end,
            asked: u16_at(message, question_end.checked_sub(4)?)?,
            question: name::read(message, HEADER)?.0.as_bytes().into(),
            kept: Vec::new(),
            aside: Vec::new(),
            chain: Vec::new(),
            addresses: Vec::new(),
            shortest_s: u32::MAX,
            negative_s: None,
            has_data: false,
            has_opt: false,
            upper_rcode: 0,
            is_changed: false,
            useless: Vec::new(),
        })
    }

    /// Reads where the next record lies, with its owner, and steps behind it.
    fn next(&mut self, section: Section) -> Option<(Record, name::Text)> {
        let message = self.message;
        let owner = self.at;
        let (text, body) = name::read(message, owner)?;
        let (kind, class) = (u16_at(message, body)?, u16_at(message, body + 2)?);
        let life = u32_at(message, body + 4)?;
        let end = body + 10 + usize::from(u16_at(message, body + 8)?);
        message.get(..end)?;
        self.at = end;
        if kind == kind::OPT {
            let first = !std::mem::replace(&mut self.has_opt, true);
            self.upper_rcode = (life >> 24) as u8;
            (section == Section::Additional && first).then_some(())?;
        }
        // RFC 2181 §8: a time with its top bit set is zero.
        let life = if life > i32::MAX as u32 { 0 } else { life };
        Some((Record { owner, body, end, kind, class, life }, text))
    }

    /// Reads a record of the answer section. One whose owner is not known yet is set aside: some servers put an alias
    /// behind what it leads to.
    fn answer(&mut self) -> Result<(), Unusable> {
        let (record, owner) = self.next(Section::Records).ok_or(Unusable::Malformed)?;
        if self.answers(&record, owner.as_bytes()) {
            self.keep(record)
        } else {
            self.aside.push(record);
            Ok(())
        }
    }

    /// Takes of what was set aside whatever an alias has led to since; the rest answers nothing.
    fn settle(&mut self) -> Result<(), Unusable> {
        let mut before = usize::MAX;
        while !self.aside.is_empty() && self.aside.len() < before {
            before = self.aside.len();
            for record in std::mem::take(&mut self.aside) {
                let (owner, _) = name::read(self.message, record.owner).ok_or(Unusable::Malformed)?;
                if self.answers(&record, owner.as_bytes()) {
                    self.keep(record)?;
                } else {
                    self.aside.push(record);
                }
            }
        }
        Ok(())
    }

    /// Whether the record of that owner is of a name that the question has led to, and of a type that belongs there.
    fn answers(&self, record: &Record, owner: &[u8]) -> bool {
        if record.class != 1 {
            return false;
        }
        match self.signed_or_own(record) {
            // A DNAME stands above the alias that was made of it (RFC 6672 §3.1).
            Some(kind::DNAME) if self.asked != kind::DNAME => self.names().any(|name| is_within(name, owner)),
            Some(kind) => {
                (kind == self.asked || kind == kind::CNAME || record.kind == self.asked)
                    && self.names().any(|name| name == owner)
            }
            None => false,
        }
    }

    /// The record's type, or the type that it signs.
    fn signed_or_own(&self, record: &Record) -> Option<u16> {
        if record.kind == kind::RRSIG {
            u16_at(self.message.get(..record.end)?, record.body + 10)
        } else {
            Some(record.kind)
        }
    }

    /// The name asked for, and those it has led to.
    fn names(&self) -> impl Iterator<Item = &[u8]> {
        std::iter::once(&*self.question).chain(self.chain.iter().map(|name| &**name))
    }

    /// Keeps a record of the answer section, with its facts.
    fn keep(&mut self, record: Record) -> Result<(), Unusable> {
        self.facts(&record).ok_or(Unusable::Malformed)?;
        self.shortest_s = self.shortest_s.min(record.life);
        self.has_data |= record.kind == self.asked;
        self.kept.push(record);
        if self.chain.len() > MOST_NAMES { Err(Unusable::Circle) } else { self.no_circle() }
    }

    fn no_circle(&self) -> Result<(), Unusable> {
        let Some((last, before)) = self.chain.split_last() else { return Ok(()) };
        let again = *last == self.question || before.contains(last);
        if again && self.asked != kind::SVCB && self.asked != kind::HTTPS {
            Err(Unusable::Circle)
        } else {
            Ok(())
        }
    }

    fn facts(&mut self, record: &Record) -> Option<()> {
        let (data, end) = (record.body + 10, record.end);
        let bytes = self.message.get(data..end)?;
        match record.kind {
            kind::A => self
                .addresses
                .push(Ipv4Addr::from(*bytes.first_chunk::<4>().filter(|_| bytes.len() == 4)?).into()),
            kind::AAAA => {
                let octets = bytes.first_chunk::<16>().filter(|_| bytes.len() == 16)?;
                self.addresses.push(IpAddr::V6(Ipv6Addr::from(*octets)).to_canonical());
            }
            kind::CNAME | kind::DNAME => {
                let (target, after) = name::read(self.message, data)?;
                if after != end {
                    return None;
                }
                // A DNAME's own target is an ancestor of the alias that stands beside it (RFC 6672 §3.1).
                if record.kind == kind::CNAME {
                    self.chain.push(target.as_bytes().into());
                }
            }
            kind::SVCB | kind::HTTPS => self.service(record.body, data, end)?,
            _ => {}
        }
        Some(())
    }

    /// Takes keys for Encrypted Client Hello and offers of HTTP/3 out of service bindings (they themselves go when the answer is
    /// written anew): with the keys, a device hides the host's name from the filter, and over HTTP/3 it talks to the host in
    /// datagrams that no proxy sees. Bindings of no use without them go whole, and so do the signatures over what is changed.
    fn change_bindings(&mut self) {
        if !self.is_changed {
            return;
        }
        let kept = std::mem::take(&mut self.kept);
        self.kept = kept
            .into_iter()
            .filter(|record| !self.useless.contains(&record.body))
            .filter(|record| {
                record.kind != kind::RRSIG
                    || !matches!(self.signed_or_own(record), Some(kind::SVCB | kind::HTTPS))
            })
            .collect();
        self.has_data = self.kept.iter().any(|record| record.kind == self.asked);
    }

    /// Reads a record of the authority section, and keeps it where it says that something is not there.
    fn authority(&mut self) -> Option<()> {
        let (record, owner) = self.next(Section::Records)?;
        let belongs = record.class == 1
            && match self.signed_or_own(&record)? {
                kind::SOA => self.names().any(|name| is_within(name, owner.as_bytes())),
                kind::NSEC | kind::NSEC3 => true,
                _ => false,
            };
        if belongs {
            if record.kind == kind::SOA {
                let minimum = self.soa_minimum(record.body + 10, record.end)?;
                self.negative_s = Some(minimum.min(record.life));
            }
            self.kept.push(record);
        }
        Some(())
    }

    fn soa_minimum(&self, data: usize, end: usize) -> Option<u32> {
        let mailbox = name::read(self.message, data)?.1;
        let numbers = name::read(self.message, mailbox)?.1;
        if numbers + 20 == end { u32_at(self.message, numbers + 16) } else { None }
    }

    /// A service binding (RFC 9460 §2.2): its target and its address hints.
    fn service(&mut self, body: usize, data: usize, end: usize) -> Option<()> {
        let met = (self.chain.len(), self.addresses.len());
        let (target, mut at) = name::read(self.message, data + 2)?;
        if !target.as_bytes().is_empty() && self.chain.iter().all(|name| **name != *target.as_bytes()) {
            self.chain.push(target.as_bytes().into());
        }
        let (mut insists, mut only_these, mut none_left, mut useless) = (false, false, false, false);
        let mut before = None;
        while at < end {
            let key = u16_at(self.message, at)?;
            let length = usize::from(u16_at(self.message, at + 2)?);
            let value = self.message.get(at + 4..at + 4 + length).filter(|_| at + 4 + length <= end)?;
            // Keys out of order, or twice, are malformed (RFC 9460 §2.2): two readers would read two bindings.
            if before.replace(key).is_some_and(|before| before >= key) {
                (at, useless) = (end, true);
                break;
            }
            match key {
                service_key::ECH => self.is_changed = true,
                service_key::MANDATORY => {
                    let keys = value.as_chunks::<2>().0;
                    insists = keys.contains(&service_key::ALPN.to_be_bytes());
                    useless |= keys.contains(&service_key::ECH.to_be_bytes());
                }
                service_key::ALPN => {
                    let mut left = Protocols(value).filter(|protocol| !is_http3(protocol));
                    self.is_changed |= Protocols(value).any(is_http3);
                    none_left = left.next().is_none();
                }
                service_key::NO_DEFAULT_ALPN => only_these = true,
                4 => {
                    self.addresses.extend(value.as_chunks::<4>().0.iter().map(|octets| IpAddr::from(*octets)))
                }
                6 => self.addresses.extend(
                    value.as_chunks::<16>().0.iter().map(|octets| IpAddr::from(*octets).to_canonical()),
                ),
                _ => {}
            }
            at += 4 + length;
        }
        // It is left out whole, and leads nowhere.
        if useless || (none_left && (insists || only_these)) {
            self.is_changed = true;
            self.useless.push(body);
            self.chain.truncate(met.0);
            self.addresses.truncate(met.1);
        }
        (at == end).then_some(())
    }
}

/// The protocols in the value of `alpn` (RFC 9460 §7.1.1), each without its length.
pub(super) struct Protocols<'v>(pub &'v [u8]);

impl<'v> Iterator for Protocols<'v> {
    type Item = &'v [u8];

    fn next(&mut self) -> Option<&'v [u8]> {
        let (length, rest) = self.0.split_first()?;
        // What is cut short is nobody's protocol, and ends the list.
        let (protocol, rest) = rest.split_at_checked(usize::from(*length))?;
        self.0 = rest;
        Some(protocol)
    }
}

/// Whether a protocol is HTTP/3, or a draft of it (`h3-29`).
pub(super) fn is_http3(protocol: &[u8]) -> bool {
    protocol == b"h3" || protocol.starts_with(b"h3-")
}

/// Whether `name` is `ancestor` or lies below it; both as [`name::Text`] writes them.
fn is_within(name: &[u8], ancestor: &[u8]) -> bool {
    ancestor.is_empty()
        || name.strip_suffix(ancestor).is_some_and(|before| before.is_empty() || before.ends_with(b"."))
}
