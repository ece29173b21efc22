//! What a gate and the log say to each other on `run/events/log.sock`: `[length u32][kind u8][body]`.
//!
//! | kind | from | body |
//! | --- | --- | --- |
//! | 1 hello | gate | version u8, run u64; first, once |
//! | 2 batch | gate | batch number u64, then a [`crate::batch`] |
//! | 3 mark | gate | number u64: every event up to it is in a batch sent before, or was dropped |
//! | 4 taken | log | batch number u64: it and all before it are durable |
//! | 5 sealed | gate | batch number u64, the kind of a frame u8, its body: see [`crate::sealed`] |

use crate::bytes::Reader;
use crate::frame::Kind;

/// The version in a hello.
pub const VERSION: u8 = 3;
/// Those before, whose events had no [`engine::Step::Front`] or nothing of what was searched for, and are read the same. A log
/// of such a version, in turn, would not understand ours, and hangs up at the hello.
const BEFORE: [u8; 2] = [1, 2];
/// The bytes before a batch in its message: length, kind, batch number.
pub const BATCH_HEAD: usize = 4 + 1 + 8;
/// The longest message after its length.
pub const LONGEST: usize = 1 << 18;

const HELLO: u8 = 1;
const BATCH: u8 = 2;
const MARK: u8 = 3;
const TAKEN: u8 = 4;
const SEALED: u8 = 5;

/// The messages without a batch in them, whole.
pub fn hello(run: u64) -> Vec<u8> {
    message(HELLO, &[&[VERSION], &run.to_le_bytes()[..]])
}

/// Every event up to `number` is in a batch sent before, or was dropped.
pub fn mark(number: u64) -> Vec<u8> {
    message(MARK, &[&number.to_le_bytes()])
}

/// The batch of that number, and all before it on this connection, are durable.
pub fn taken(batch: u64) -> Vec<u8> {
    message(TAKEN, &[&batch.to_le_bytes()])
}

/// A sealed record or count, numbered as batches are.
pub fn sealed(batch: u64, kind: Kind, body: &[u8]) -> Vec<u8> {
    message(SEALED, &[&batch.to_le_bytes(), &[kind as u8], body])
}

fn message(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length = 1 + parts.iter().map(|part| part.len()).sum::<usize>();
    let mut out = Vec::with_capacity(4 + length);
    out.extend_from_slice(&(length as u32).to_le_bytes());
    out.push(kind);
    parts.iter().for_each(|part| out.extend_from_slice(part));
    out
}

/// The head of a batch message whose batch is `length` bytes.
pub fn batch_head(batch: u64, length: usize) -> [u8; BATCH_HEAD] {
    let [l0, l1, l2, l3] = ((length + 9) as u32).to_le_bytes();
    let [b0, b1, b2, b3, b4, b5, b6, b7] = batch.to_le_bytes();
    [l0, l1, l2, l3, BATCH, b0, b1, b2, b3, b4, b5, b6, b7]
}

/// One message, read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message<'a> {
    /// A gate begins.
    Hello {
        /// Its run.
        run: u64,
    },
    /// Events.
    Batch {
        /// The gate's number for it.
        batch: u64,
        /// A [`crate::batch`], not yet checked.
        bytes: &'a [u8],
    },
    /// A sealed record or a count.
    Sealed {
        /// The gate's number for it, in one row with those of batches.
        batch: u64,
        /// What it is.
        kind: Kind,
        /// The body of its frame, not yet checked.
        body: &'a [u8],
    },
    /// How far the gate is done.
    Mark {
        /// The last number that is sent or dropped.
        number: u64,
    },
    /// What is durable.
    Taken {
        /// The last batch.
        batch: u64,
    },
}

/// Why bytes are no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what came on the log's socket is not what this version of the gate writes")]
pub struct NotAMessage;

/// The message at the front of `bytes` and how long it is with its length; `Ok(None)` where more bytes are needed.
pub fn read(bytes: &[u8]) -> Result<Option<(Message<'_>, usize)>, NotAMessage> {
    let mut reader = Reader(bytes);
    let Some(length) = reader.u32() else { return Ok(None) };
    let length = length as usize;
    if length == 0 || length > LONGEST {
        return Err(NotAMessage);
    }
    let Some(body) = reader.take(length) else { return Ok(None) };
    let message = parse(Reader(body)).ok_or(NotAMessage)?;
    Ok(Some((message, 4 + length)))
}

fn parse(mut body: Reader<'_>) -> Option<Message<'_>> {
    let message = match body.byte()? {
        HELLO => {
            let version = body.byte()?;
            if version != VERSION && !BEFORE.contains(&version) {
                return None;
            }
            Message::Hello { run: body.u64()? }
        }
        SEALED => {
            let batch = body.u64()?;
            let kind = [Kind::SealedRecord, Kind::SealedCount];
            let number = body.byte()?;
            let kind = kind.into_iter().find(|kind| *kind as u8 == number)?;
            return Some(Message::Sealed { batch, kind, body: body.0 });
        }
        BATCH => return Some(Message::Batch { batch: body.u64()?, bytes: body.0 }),
        MARK => Message::Mark { number: body.u64()? },
        TAKEN => Message::Taken { batch: body.u64()? },
        _ => return None,
    };
    body.0.is_empty().then_some(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_comes_back_and_a_part_of_one_waits_for_more() {
        let mut batch = batch_head(9, 5).to_vec();
        batch.extend_from_slice(b"bytes");
        let rows = [
            (hello(7), Message::Hello { run: 7 }),
            (mark(8), Message::Mark { number: 8 }),
            (taken(3), Message::Taken { batch: 3 }),
            (batch, Message::Batch { batch: 9, bytes: b"bytes" }),
            (
                sealed(4, Kind::SealedCount, b"body"),
                Message::Sealed { batch: 4, kind: Kind::SealedCount, body: b"body" },
            ),
        ];
        for (bytes, message) in rows {
            assert_eq!(read(&bytes), Ok(Some((message, bytes.len()))));
            for part in 0..bytes.len() {
                assert_eq!(read(&bytes[..part]), Ok(None));
            }
        }
        for (version, known) in [(0, false), (1, true), (2, true), (3, true), (4, false)] {
            let mut bytes = hello(7);
            bytes[5] = version;
            assert_eq!(read(&bytes).is_ok(), known, "a gate of version {version}");
        }
        assert_eq!(read(&[1, 0, 0, 0, 99]), Err(NotAMessage));
        assert_eq!(read(&[0xff; 8]), Err(NotAMessage));
    }
}
