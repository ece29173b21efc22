//! Short random references that people read out, type and keep: `R-7KQ4M2HX`. Never a sequence, whose gaps would tell
//! how many others there are.

use std::fmt;
use std::str::FromStr;

/// Letters and digits that cannot be mistaken for each other, read aloud or in handwriting.
const SIGNS: &[u8; 30] = b"23456789ABCDEFGHJKMNPQRSTVWXYZ";
/// 30 to the power of 8 is 656 thousand million: nobody finds another's by trying.
const LENGTH: usize = 8;

/// A reference: one letter for the kind of thing, and eight random signs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference(String);

/// The machine gave no randomness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system's source of randomness failed; restart the machine, and tell whoever keeps it")]
pub struct NoRandomness;

/// A text is not a reference of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a reference; one looks like R-7KQ4M2HX")]
pub struct NotAReference;

impl Reference {
    /// A new one.
    pub fn random(kind: char) -> Result<Self, NoRandomness> {
        let mut text = format!("{kind}-");
        while text.len() < LENGTH + 2 {
            let mut bytes = [0_u8; 16];
            getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
            // Bytes of 240 and more are thrown away, so that every sign is as likely as any other.
            let signs =
                bytes.iter().filter(|byte| **byte < 240).filter_map(|byte| SIGNS.get(usize::from(byte % 30)));
            text.extend(signs.map(|sign| char::from(*sign)).take(LENGTH + 2 - text.len()));
        }
        Ok(Self(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// As people type it: small letters and surrounding space are forgiven.
impl FromStr for Reference {
    type Err = NotAReference;

    fn from_str(text: &str) -> Result<Self, NotAReference> {
        let text = text.trim().to_ascii_uppercase();
        let (kind, signs) = text.split_once('-').ok_or(NotAReference)?;
        let whole = matches!(kind, "R" | "P")
            && signs.len() == LENGTH
            && signs.bytes().all(|sign| SIGNS.contains(&sign));
        whole.then_some(Self(text)).ok_or(NotAReference)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_random_and_read_back() {
        let all: std::collections::BTreeSet<_> =
            (0..1_000).map(|_| Reference::random('R').unwrap()).collect();
        assert_eq!(all.len(), 1_000);
        for reference in &all {
            assert_eq!(reference.as_str().len(), 10);
            assert_eq!(format!(" {} ", reference.as_str().to_lowercase()).parse().as_ref(), Ok(reference));
        }
        for bad in
            ["", "R-", "R-7KQ4M2H", "R-7KQ4M2HXX", "X-7KQ4M2HX", "R-7KQ4M2HO", "R-7KQ4M2H1", "7KQ4M2HX"]
        {
            assert_eq!(bad.parse::<Reference>(), Err(NotAReference), "{bad}");
        }
    }
}
