//! The name of an encrypted record: random, so that nothing can be told from it, and short enough to be read out.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Letters and digits that cannot be mistaken for each other, as in every reference of this program.
const SIGNS: &[u8; 30] = b"23456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH: u32 = 12;
/// How many there are: 30 to the power of 12.
const ALL: u64 = 30_u64.pow(LENGTH);

/// Names one encrypted record, as `S-7KQ4-M2HX-9TRB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RecordRef(u64);

/// A text names no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the reference of a sealed record; one looks like S-7KQ4-M2HX-9TRB")]
pub struct NotARecordRef;

impl RecordRef {
    /// A new one; `None` where the machine has no random numbers.
    pub fn random() -> Option<Self> {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).ok()?;
        Some(Self::scattered(u64::from_le_bytes(bytes)))
    }

    /// The one that a number as good as random gives: always the same.
    pub const fn scattered(number: u64) -> Self {
        Self(number % (ALL - 1) + 1)
    }

    /// The number it is kept as; never 0.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The reference kept as that number; 0 is none.
    pub const fn from_number(number: u64) -> Option<Self> {
        if number == 0 || number >= ALL { None } else { Some(Self(number)) }
    }
}

impl fmt::Display for RecordRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("S")?;
        for place in (0..LENGTH).rev() {
            if place % 4 == 3 {
                f.write_str("-")?;
            }
            let sign = self.0 / 30_u64.pow(place) % 30;
            let sign = SIGNS.get(usize::try_from(sign).unwrap_or(0)).copied().unwrap_or(b'?');
            write!(f, "{}", char::from(sign))?;
        }
        Ok(())
    }
}

/// As people type it: small letters, missing hyphens and surrounding space are forgiven.
impl FromStr for RecordRef {
    type Err = NotARecordRef;

    fn from_str(text: &str) -> Result<Self, NotARecordRef> {
        let text = text.trim().to_ascii_uppercase();
        let signs = text.strip_prefix('S').ok_or(NotARecordRef)?;
        let (mut number, mut count) = (0_u64, 0);
        for sign in signs.bytes().filter(|byte| *byte != b'-') {
            let value = SIGNS.iter().position(|known| *known == sign).ok_or(NotARecordRef)?;
            count += 1;
            if count > LENGTH {
                return Err(NotARecordRef);
            }
            number = number * 30 + value as u64;
        }
        if count == LENGTH { Self::from_number(number).ok_or(NotARecordRef) } else { Err(NotARecordRef) }
    }
}

impl From<RecordRef> for String {
    fn from(reference: RecordRef) -> Self {
        reference.to_string()
    }
}

impl TryFrom<String> for RecordRef {
    type Error = NotARecordRef;

    fn try_from(text: String) -> Result<Self, NotARecordRef> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_read_back_as_people_type_it() {
        for _ in 0..200 {
            let reference = RecordRef::random().unwrap();
            let text = reference.to_string();
            assert_eq!((text.len(), text.parse()), (16, Ok(reference)));
            assert_eq!(text.to_lowercase().replace('-', "").parse(), Ok(reference));
            assert_eq!(RecordRef::from_number(reference.number()), Some(reference));
        }
        for wrong in [
            "",
            "S-",
            "S-2222-2222-2222",
            "S-7KQ4-M2HX-9TR",
            "S-7KQ4-M2HX-9TRBB",
            "R-7KQ4-M2HX-9TRB",
            "S-7KQ4-M2HX-9TR1",
        ] {
            assert_eq!(wrong.parse::<RecordRef>(), Err(NotARecordRef), "{wrong}");
        }
    }
}
