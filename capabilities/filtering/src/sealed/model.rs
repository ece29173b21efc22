//! What is kept about the sealed tier. Pure.

use engine::sealed::{Feed, SealedEntryError, SealedWriter};
use engine::{Sealed, SealedKey};
use kit::Timestamp;

/// Entries that try the sealed tier out, and are no real addresses: names under `example`, which RFC 2606 keeps for
/// examples. They are in every school's gate, beside a live feed too, so that a check of the tier has something to find.
const TEST_ENTRIES: [&str; 2] = ["sealed-test-iwf.fivebar.example", "sealed-test-police.fivebar.example"];

/// Whether a host is, or lies below, one of the program's own entries for testing. They are no secret.
pub fn is_test_entry(host: &str) -> bool {
    TEST_ENTRIES.iter().any(|entry| {
        host.strip_suffix(entry).is_some_and(|before| before.is_empty() || before.ends_with('.'))
    })
}

/// The sealed tier while nothing else was ever loaded: the program's own test entries, hashed under the school's key.
pub fn test_entries(key: SealedKey) -> Result<Sealed, SealedEntryError> {
    let mut writer = SealedWriter::new(key, Feed::Test);
    add_test_entries(&mut writer)?;
    Ok(writer.finish())
}

pub(super) fn add_test_entries(writer: &mut SealedWriter) -> Result<(), SealedEntryError> {
    TEST_ENTRIES.iter().try_for_each(|host| writer.host(host))
}

const A_DAY_MS: i64 = 86_400_000;

/// What a feed is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Entries for testing, of a school's own.
    Test,
    /// A live feed, to be trusted for so many days.
    Live {
        /// When whoever made it took it from its source.
        as_of: Timestamp,
        /// How many.
        fresh_for_days: u32,
    },
}

impl Kind {
    /// The word in the records and reports.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Live { .. } => "live",
        }
    }

    /// The feed as the engine knows it.
    pub const fn feed(self) -> Feed {
        match self {
            Self::Test => Feed::Test,
            Self::Live { as_of, fresh_for_days } => {
                Feed::Live { as_of, fresh_for_ms: fresh_for_days as i64 * A_DAY_MS }
            }
        }
    }
}

/// How a version came to hold what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// What was read, in place of what was there before.
    Replaced,
    /// What was read and what was there before: the update had shrunk.
    Joined,
}

impl How {
    /// The word in the records and reports.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Replaced => "replaced",
            Self::Joined => "joined",
        }
    }
}

/// One loading of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedVersion {
    /// From 1, without gaps.
    pub number: u32,
    /// What it is for.
    pub kind: Kind,
    /// Lines read, without empty ones and remarks.
    pub lines: u64,
    /// Lines taken.
    pub accepted: u64,
    /// Lines refused.
    pub refused: u64,
    /// How it came to hold what it holds.
    pub how: How,
    /// Why a person had a shrunken update taken as it is.
    pub reason: Option<String>,
    /// SHA-256 of the file of hashes, in hexadecimal.
    pub sha256: String,
    /// Who loaded it, as the trail writes it.
    pub imported_by: String,
    /// When.
    pub at: Timestamp,
}

impl FeedVersion {
    /// Until when it counts as fresh.
    pub fn fresh_until(&self) -> Option<Timestamp> {
        match self.kind {
            Kind::Test => None,
            Kind::Live { as_of, fresh_for_days } => {
                Some(as_of.plus_millis(i64::from(fresh_for_days) * A_DAY_MS))
            }
        }
    }
}

/// Somebody to whom the gate encrypts its records: a duty, never a person's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The duty, as in `head`, `dsl`, `police`.
    pub name: String,
    /// The public key, as in `age1…`.
    pub key: String,
    /// When they were added.
    pub added_at: Timestamp,
}

/// Whether a name is one for a recipient: small letters, digits and hyphens, so that it is a duty and no person.
pub fn is_duty(name: &str) -> bool {
    let sound = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !name.is_empty()
        && name.len() <= 32
        && name.bytes().all(sound)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

/// Somebody opened a record, or tried to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The record's reference.
    pub reference: String,
    /// Why, in their words.
    pub reason: String,
    /// The public key of the identity that was used.
    pub key: String,
    /// Whether it opened.
    pub opened: bool,
    /// Who, as the trail writes it.
    pub actor: String,
    /// When.
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_entries_are_known_with_what_lies_below_them() {
        for (host, want) in [
            ("sealed-test-iwf.fivebar.example", true),
            ("a.b.sealed-test-police.fivebar.example", true),
            ("notsealed-test-iwf.fivebar.example", false),
            ("fivebar.example", false),
        ] {
            assert_eq!(is_test_entry(host), want, "{host}");
        }
    }

    #[test]
    fn a_recipient_is_named_by_a_duty() {
        for (name, want) in
            [("head", true), ("deputy-dsl-2", true), ("", false), ("Head Teacher", false), ("-dsl", false)]
        {
            assert_eq!(is_duty(name), want, "{name}");
        }
    }
}
