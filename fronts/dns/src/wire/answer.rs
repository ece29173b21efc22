//! What an upstream answers: checked whole, and reduced to what a device needs and the policy must know.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::name;
use super::{HEADER, flag2, flag3, kind, rcode, u16_at, u32_at};

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
/// gone.
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
        reader.record(Section::Answer)?;
    }
    let (answers_end, answers_lives) = (reader.at, reader.lives_at.len());
    for _ in 0..authorities {
        reader.record(Section::Authority)?;
    }
    let (authorities_end, authorities_lives) = (reader.at, reader.lives_at.len());
    for _ in 0..additional {
        reader.record(Section::Additional)?;
    }
    if reader.upper_rcode != 0 {
        return Err(Unusable::Failed(code));
    }

    let negative = code == rcode::NXDOMAIN || !reader.has_data;
    let keep_authority = whole || negative;
    let (end, lives, kept) = if keep_authority {
        (authorities_end, authorities_lives, authorities)
    } else {
        (answers_end, answers_lives, 0)
    };
    let mut image = message.get(..end).ok_or(Unusable::Malformed)?.to_vec();
    // Our own spelling of the question must not shine through where a server did not compress.
    for owner in reader.owners.iter().filter(|owner| **owner < end) {
        name::lower_in_place(&mut image, *owner);
    }
    super::write::header(&mut image, [flag2::QR, three & (flag3::AD | flag3::RCODE)], 1, answers, kept);
    reader.lives_at.truncate(lives);
    let shortest = if answers > 0 { reader.shortest_s } else { u32::MAX };
    let life_s = if negative {
        // RFC 2308 §5: without a SOA a negative answer must not be kept.
        reader.negative_s.map_or(0, |life| life.min(LONGEST_NEGATIVE_LIFE_S)).min(shortest)
    } else {
        shortest.min(LONGEST_LIFE_S)
    };
    Ok(Answer { image, lives_at: reader.lives_at, life_s, chain: reader.chain, addresses: reader.addresses })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    Answer,
    Authority,
    Additional,
}

struct Reader<'m> {
    message: &'m [u8],
    at: usize,
    asked: u16,
    question: Box<[u8]>,
    lives_at: Vec<u16>,
    owners: Vec<usize>,
    chain: Vec<Box<[u8]>>,
    addresses: Vec<IpAddr>,
    shortest_s: u32,
    negative_s: Option<u32>,
    has_data: bool,
    has_opt: bool,
    upper_rcode: u8,
}

impl<'m> Reader<'m> {
    fn new(message: &'m [u8], question_end: usize) -> Option<Self> {
        Some(Self {
            message,
            at: question_end,
            asked: u16_at(message, question_end.checked_sub(4)?)?,
            question: name::read(message, HEADER)?.0.as_bytes().into(),
            lives_at: Vec::new(),
            owners: Vec::new(),
            chain: Vec::new(),
            addresses: Vec::new(),
            shortest_s: u32::MAX,
            negative_s: None,
            has_data: false,
            has_opt: false,
            upper_rcode: 0,
        })
    }

    /// Reads one record and steps behind it.
    fn record(&mut self, section: Section) -> Result<(), Unusable> {
        self.try_record(section).ok_or(Unusable::Malformed)?;
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

    fn try_record(&mut self, section: Section) -> Option<()> {
        let message = self.message;
        let owner = self.at;
        let body = name::read(message, owner)?.1;
        let (kind, class) = (u16_at(message, body)?, u16_at(message, body + 2)?);
        let life = u32_at(message, body + 4)?;
        let data = body + 10;
        let end = data + usize::from(u16_at(message, body + 8)?);
        let bytes = message.get(data..end)?;
        self.at = end;
        if kind == kind::OPT {
            let first = !std::mem::replace(&mut self.has_opt, true);
            self.upper_rcode = (life >> 24) as u8;
            return (section == Section::Additional && first).then_some(());
        }
        if section == Section::Additional {
            return Some(());
        }
        // RFC 2181 §8: a time with its top bit set is zero.
        let life = if life > i32::MAX as u32 { 0 } else { life };
        self.lives_at.push(u16::try_from(body + 4).ok()?);
        self.owners.push(owner);
        if section == Section::Authority {
            if kind == kind::SOA {
                let minimum = self.soa_minimum(data, end)?;
                self.negative_s = Some(minimum.min(life));
            }
            return Some(());
        }
        self.shortest_s = self.shortest_s.min(life);
        if kind == self.asked {
            self.has_data = true;
        }
        if class != 1 {
            return Some(());
        }
        match kind {
            kind::A => self
                .addresses
                .push(Ipv4Addr::from(*bytes.first_chunk::<4>().filter(|_| bytes.len() == 4)?).into()),
            kind::AAAA => {
                let octets = bytes.first_chunk::<16>().filter(|_| bytes.len() == 16)?;
                self.addresses.push(IpAddr::V6(Ipv6Addr::from(*octets)).to_canonical());
            }
            kind::CNAME | kind::DNAME => {
                let (target, after) = name::read(message, data)?;
                if after != end {
                    return None;
                }
                // A DNAME's own target is an ancestor of the alias that stands beside it (RFC 6672 §3.1).
                if kind == kind::CNAME {
                    self.chain.push(target.as_bytes().into());
                }
            }
            kind::SVCB | kind::HTTPS => self.service(data, end)?,
            _ => {}
        }
        Some(())
    }

    fn soa_minimum(&self, data: usize, end: usize) -> Option<u32> {
        let mailbox = name::read(self.message, data)?.1;
        let numbers = name::read(self.message, mailbox)?.1;
        if numbers + 20 == end { u32_at(self.message, numbers + 16) } else { None }
    }

    /// A service binding (RFC 9460 §2.2): its target and its address hints.
    fn service(&mut self, data: usize, end: usize) -> Option<()> {
        let (target, mut at) = name::read(self.message, data + 2)?;
        if !target.as_bytes().is_empty() && self.chain.iter().all(|name| **name != *target.as_bytes()) {
            self.chain.push(target.as_bytes().into());
        }
        while at < end {
            let key = u16_at(self.message, at)?;
            let length = usize::from(u16_at(self.message, at + 2)?);
            let value = self.message.get(at + 4..at + 4 + length).filter(|_| at + 4 + length <= end)?;
            match key {
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
        (at == end).then_some(())
    }
}
