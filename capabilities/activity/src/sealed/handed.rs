//! Encrypted records and counts as text, for whoever talks to the log in JSON.

use serde::{Deserialize, Serialize};

use super::shelf::is_sound;
use crate::frame::Kind;

/// One record or count on its way to the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Handed {
    /// A record, its bytes as hexadecimal digits.
    Record(String),
    /// A count, in the same way.
    Count(String),
}

/// What was handed over is neither a record nor a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what was handed over is no sealed record")]
pub struct NotSound;

impl Handed {
    /// A frame of that kind; none where it is of another.
    pub(crate) fn of(kind: Kind, body: &[u8]) -> Option<Self> {
        use std::fmt::Write as _;
        let mut text = String::with_capacity(2 * body.len());
        for byte in body {
            let _ = write!(text, "{byte:02x}");
        }
        match kind {
            Kind::SealedRecord => Some(Self::Record(text)),
            Kind::SealedCount => Some(Self::Count(text)),
            _ => None,
        }
    }

    /// The frame, checked as far as it can be without a key.
    pub(crate) fn frame(&self) -> Result<(Kind, Vec<u8>), NotSound> {
        let (kind, text) = match self {
            Self::Record(text) => (Kind::SealedRecord, text),
            Self::Count(text) => (Kind::SealedCount, text),
        };
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let digit = |digit: u8| char::from(digit).to_digit(16);
        let byte = |[high, low]: &[u8; 2]| u8::try_from(digit(*high)? << 4 | digit(*low)?).ok();
        let body: Option<Vec<u8>> = pairs.iter().map(byte).collect();
        body.filter(|body| rest.is_empty() && is_sound(kind, body)).map(|body| (kind, body)).ok_or(NotSound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_comes_back_and_nothing_else_is_taken() {
        let count = [7u64, 1_000, 3, 0].map(u64::to_le_bytes).concat();
        let record = [&count[..16], b"encrypted"].concat();
        for (kind, body) in [(Kind::SealedCount, &count), (Kind::SealedRecord, &record)] {
            let handed = Handed::of(kind, body).unwrap();
            let text = serde_json::to_string(&handed).unwrap();
            let read: Handed = serde_json::from_str(&text).unwrap();
            assert_eq!(read.frame(), Ok((kind, body.clone())));
        }
        assert_eq!(Handed::of(Kind::Events, &count), None);
        for wrong in ["", "0", "0g", "00", &"00".repeat(40)] {
            assert_eq!(Handed::Record(wrong.to_owned()).frame(), Err(NotSound), "{wrong}");
            assert_eq!(Handed::Count(wrong.to_owned()).frame(), Err(NotSound), "{wrong}");
        }
    }
}
