//! What a device asks.

use engine::test_pass::PASS_BYTES;

use super::name::{NAME_BYTES, Text};
use super::{HEADER, flag2, kind, u16_at};

/// What EDNS says in a question (RFC 6891 §6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edns {
    /// The largest UDP answer the device can take.
    pub size: u16,
    /// The version; only 0 is known.
    pub version: u8,
    /// Whether signatures are wanted (DO).
    pub dnssec: bool,
    /// Whether the question is padded, and its answer shall be (RFC 7830). Only where nobody can read along.
    pub padded: bool,
}

/// Why a message gets no proper answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Complaint {
    /// Too short for a header, or itself a response: an answer could start a loop, so there is none.
    NotAQuestion,
    /// The message cannot be read as one question.
    Malformed,
    /// An opcode other than a question.
    NotImplemented,
}

/// Room for a question: a name, its type and its class.
pub const QUESTION_BYTES: usize = NAME_BYTES + 4;

/// A question as asked, read out of the message's bytes. Its room is used again for the next: [`Query::reread`].
pub struct Query {
    /// The third and fourth byte: flags.
    pub flags: [u8; 2],
    /// The question in lower case: name, type, class.
    question: [u8; QUESTION_BYTES],
    length: usize,
    /// What EDNS says, where the device speaks it.
    pub edns: Option<Edns>,
    /// Where in the message the pass of a filter test stands, if it has one.
    pass: Option<u16>,
}

impl Default for Query {
    /// No question yet: the root's, of type and class 0.
    fn default() -> Self {
        Self { flags: [0; 2], question: [0; QUESTION_BYTES], length: 5, edns: None, pass: None }
    }
}

impl Query {
    /// Reads a message. The question starts behind the header and is never compressed.
    pub fn read(message: &[u8]) -> Result<Self, Complaint> {
        let mut query = Self::default();
        query.reread(message)?;
        Ok(query)
    }

    /// Reads a message in place of the last. After a complaint it is a question of no use, and no harm.
    pub fn reread(&mut self, message: &[u8]) -> Result<(), Complaint> {
        let header = message.first_chunk::<HEADER>().ok_or(Complaint::NotAQuestion)?;
        let [_, _, two, three, counts @ ..] = *header;
        if two & flag2::QR != 0 {
            return Err(Complaint::NotAQuestion);
        }
        if two & flag2::OPCODE != 0 {
            return Err(Complaint::NotImplemented);
        }
        let [0, 1, 0, 0, 0, authority, 0, additional] = counts else { return Err(Complaint::Malformed) };
        (self.flags, self.edns, self.pass) = ([two, three], None, None);
        let mut end = self.read_question(message).ok_or(Complaint::Malformed)?;
        // Only an incremental transfer, which is refused anyway, has a record there (RFC 1995 §3).
        for _ in 0..authority {
            end = skip_record(message, end).ok_or(Complaint::Malformed)?.1;
        }
        for _ in 0..additional {
            let (is_opt, next) = skip_record(message, end).ok_or(Complaint::Malformed)?;
            if is_opt {
                // More than one is an error, and so is one whose owner is not the root (RFC 6891 §6.1.1).
                if self.edns.is_some() || message.get(end) != Some(&0) {
                    return Err(Complaint::Malformed);
                }
                let (edns, pass) = read_opt(message, end, next).ok_or(Complaint::Malformed)?;
                (self.edns, self.pass) = (Some(edns), pass);
            }
            end = next;
        }
        if end == message.len() { Ok(()) } else { Err(Complaint::Malformed) }
    }

    /// Copies the question in lower case; returns where it ends.
    fn read_question(&mut self, message: &[u8]) -> Option<usize> {
        let from = message.get(HEADER..)?;
        let mut at = 0;
        loop {
            let length = usize::from(*from.get(at)?);
            if length > 63 {
                return None;
            }
            at += 1 + length;
            if length == 0 {
                break;
            }
        }
        if at > NAME_BYTES {
            return None;
        }
        let from = from.get(..at + 4)?;
        let to = self.question.get_mut(..at + 4)?;
        to.copy_from_slice(from);
        self.length = at + 4;
        // A length is at most 63 and so below the letters: lowering the whole run leaves lengths alone.
        to.get_mut(..at)?.make_ascii_lowercase();
        Some(HEADER + self.length)
    }

    /// The question in lower case: name, type, class.
    pub fn question(&self) -> &[u8] {
        self.question.get(..self.length).unwrap_or(&[])
    }

    /// Where the question ends in the message.
    pub const fn end(&self) -> usize {
        HEADER + self.length
    }

    /// The pass of a filter test in the message that was read, if it has one; whether it is good is another matter.
    pub fn pass<'m>(&self, message: &'m [u8]) -> Option<&'m [u8]> {
        message.get(usize::from(self.pass?)..)?.get(..PASS_BYTES)
    }

    /// The record type asked for.
    pub fn kind(&self) -> u16 {
        u16_at(&self.question, self.length - 4).unwrap_or(0)
    }

    /// The class asked for.
    pub fn class(&self) -> u16 {
        u16_at(&self.question, self.length - 2).unwrap_or(0)
    }

    /// The name as text.
    pub fn name(&self) -> Text {
        let mut text = Text::root();
        self.name_into(&mut text);
        text
    }

    /// The name as text, in place of what `text` held.
    pub fn name_into(&self, text: &mut Text) {
        text.set_lower_wire(self.question.get(..self.length - 5).unwrap_or(&[]));
    }

    /// Whether the name is the root.
    pub const fn is_root(&self) -> bool {
        self.length == 5
    }
}

/// Whether the record at `at` is an OPT, and where the next begins.
pub(super) fn skip_record(message: &[u8], at: usize) -> Option<(bool, usize)> {
    // Nearly always the root of an OPT, for which no name need be read.
    let body = if message.get(at) == Some(&0) { at + 1 } else { super::name::read(message, at)?.1 };
    let end = body + 10 + usize::from(u16_at(message, body + 8)?);
    (end <= message.len()).then_some((u16_at(message, body)? == kind::OPT, end))
}

/// Reads the OPT at `at`, whose options must fill it exactly, and finds the pass of a filter test.
fn read_opt(message: &[u8], at: usize, end: usize) -> Option<(Edns, Option<u16>)> {
    let size = u16_at(message, at + 3)?;
    let version = *message.get(at + 6)?;
    let dnssec = message.get(at + 7)? & 0x80 != 0;
    let mut option = at + 11;
    let (mut padded, mut pass) = (false, None);
    while option < end {
        let (code, length) = (u16_at(message, option)?, usize::from(u16_at(message, option + 2)?));
        padded |= code == super::PADDING;
        option += 4;
        if code == super::TEST_PASS && length == PASS_BYTES {
            pass = u16::try_from(option).ok();
        }
        option += length;
    }
    (option == end).then_some((Edns { size, version, dnssec, padded }, pass))
}
