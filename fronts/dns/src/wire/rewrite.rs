//! Writing an answer anew from some of its records. Pointers into what is gone would say something else, so every name is
//! taken out of the message whole and compressed again.

use super::answer::{Protocols, Record, is_http3};
use super::{HEADER, kind, name, service_key, u16_at};

/// Where names stand in the data of types that may compress them (RFC 3597 §4), or that we must read anyway: how many
/// bytes come before, and how many names follow each other.
const fn names_in(kind: u16) -> Option<(usize, usize)> {
    Some(match kind {
        // NS, MD, MF, CNAME, MB, MG, MR, PTR, DNAME, NSEC.
        2..=5 | 7..=9 | 12 | kind::DNAME | kind::NSEC => (0, 1),
        // SOA, MINFO, RP.
        kind::SOA | 14 | 17 => (0, 2),
        // MX, AFSDB, RT, KX, and service bindings.
        15 | 18 | 21 | 36 | kind::SVCB | kind::HTTPS => (2, 1),
        // PX.
        26 => (2, 2),
        // SRV.
        33 => (6, 1),
        // SIG, RRSIG.
        24 | kind::RRSIG => (18, 1),
        _ => return None,
    })
}

/// Whether devices understand a pointer in the data of that type (RFC 1035 §3.3).
const fn may_compress(kind: u16) -> bool {
    matches!(kind, 2..=9 | 12 | 14 | 15)
}

/// The header and the question of `message` with those records of it, and where the records' lives stand. `None` where a
/// record cannot be read, or where the whole would become longer than it was.
pub(super) fn rewrite(
    message: &[u8],
    question_end: usize,
    records: &[Record],
) -> Option<(Vec<u8>, Vec<u16>)> {
    let mut writer = Writer {
        message,
        question_end,
        image: message.get(..question_end)?.to_vec(),
        known: Vec::new(),
        labels: Vec::new(),
    };
    writer.know_question()?;
    let mut lives_at = Vec::with_capacity(records.len());
    for record in records {
        writer.name(record.owner, message.len(), true)?;
        lives_at.push(u16::try_from(writer.image.len() + 4).ok()?);
        writer.image.extend_from_slice(message.get(record.body..record.body + 8)?);
        let length_at = writer.image.len();
        writer.image.extend_from_slice(&[0, 0]);
        writer.data(record)?;
        let length = u16::try_from(writer.image.len() - length_at - 2).ok()?;
        writer.image.get_mut(length_at..length_at + 2)?.copy_from_slice(&length.to_be_bytes());
    }
    (writer.image.len() <= message.len()).then_some((writer.image, lives_at))
}

struct Writer<'m> {
    message: &'m [u8],
    question_end: usize,
    image: Vec<u8>,
    /// Names in lower case, and where each stands.
    known: Vec<(Box<[u8]>, u16)>,
    /// The name being written.
    labels: Vec<u8>,
}

impl Writer<'_> {
    /// The question's name stands where it stood.
    fn know_question(&mut self) -> Option<()> {
        self.labels.clear();
        name::copy(self.message, HEADER, self.message.len(), &mut self.labels)?;
        let mut start = 0;
        while let Some(rest) = self.labels.get(start..).filter(|rest| !rest.is_empty()) {
            self.known.push((rest.into(), u16::try_from(HEADER + start).ok()?));
            start += 1 + usize::from(*rest.first()?);
        }
        Some(())
    }

    /// Writes the name at `at`; letters that stand before `lower_until` are lowered.
    fn name(&mut self, at: usize, lower_until: usize, compress: bool) -> Option<()> {
        self.labels.clear();
        name::copy(self.message, at, lower_until, &mut self.labels)?;
        let mut start = 0;
        while let Some(rest) = self.labels.get(start..).filter(|rest| !rest.is_empty()) {
            let lower = rest.to_ascii_lowercase();
            if compress {
                if let Some((_, place)) = self.known.iter().find(|(known, _)| **known == *lower) {
                    self.image.extend_from_slice(&(0xc000 | place).to_be_bytes());
                    return Some(());
                }
                if let Some(place) = u16::try_from(self.image.len()).ok().filter(|place| *place < 0x4000) {
                    self.known.push((lower.into(), place));
                }
            }
            let label = rest.get(..1 + usize::from(*rest.first()?))?;
            self.image.extend_from_slice(label);
            start += label.len();
        }
        self.image.push(0);
        Some(())
    }

    /// Writes a record's data.
    fn data(&mut self, record: &Record) -> Option<()> {
        let (mut at, end) = (record.body + 10, record.end);
        if let Some((before, names)) = names_in(record.kind) {
            self.image.extend_from_slice(self.message.get(at..at + before).filter(|_| at + before <= end)?);
            at += before;
            for _ in 0..names {
                let after = name::read(self.message, at)?.1;
                // The question's letters were chosen at random for the upstream alone.
                self.name(at, self.question_end, may_compress(record.kind))?;
                at = after;
            }
        }
        if matches!(record.kind, kind::SVCB | kind::HTTPS) {
            return self.parameters(at, end);
        }
        self.image.extend_from_slice(self.message.get(at..end)?);
        Some(())
    }

    /// Writes the parameters of a service binding, without keys for Encrypted Client Hello and without HTTP/3.
    fn parameters(&mut self, mut at: usize, end: usize) -> Option<()> {
        while at < end {
            let next = at + 4 + usize::from(u16_at(self.message, at + 2)?);
            let parameter = self.message.get(at..next).filter(|_| next <= end)?;
            match u16_at(self.message, at)? {
                service_key::ECH => {}
                service_key::ALPN => self.protocols(parameter)?,
                _ => self.image.extend_from_slice(parameter),
            }
            at = next;
        }
        Some(())
    }

    /// Writes the protocols of a binding without HTTP/3; nothing where none is left, which is the usual one.
    fn protocols(&mut self, parameter: &[u8]) -> Option<()> {
        let left = || Protocols(parameter.get(4..).unwrap_or(&[])).filter(|protocol| !is_http3(protocol));
        let length: usize = left().map(|protocol| 1 + protocol.len()).sum();
        if length > 0 {
            self.image.extend_from_slice(&service_key::ALPN.to_be_bytes());
            self.image.extend_from_slice(&u16::try_from(length).ok()?.to_be_bytes());
            for protocol in left() {
                self.image.push(u8::try_from(protocol.len()).ok()?);
                self.image.extend_from_slice(protocol);
            }
        }
        Some(())
    }
}
