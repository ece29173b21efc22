//! What lists are taken in with, and how much one may be.

use std::collections::{BTreeMap, HashMap};

use lists::{Gathered, Kinds, Seed};

use super::text::MOST_BYTES;

/// What lists are taken in with: what their names say, and room for what was read of each in the form the index takes, so
/// that publishing in the same command reads none of them again.
pub struct Intake {
    pub(super) kinds: Kinds,
    pub(super) seed: Seed,
    pub(super) limits: Limits,
    pub(super) gathered: HashMap<(String, u32), Gathered>,
    /// Lists whose updates are left alone: what they would newly block, of how many requests.
    left: TooMuch,
}

/// What a list would newly block of what was asked for in the last days. A visit is an asker and a site, however often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blocks {
    /// How many visits.
    pub visits: u64,
    /// Of how many.
    pub of: u64,
    /// Of how many people.
    pub people: usize,
}

/// Lists that would newly block too much, by id.
pub type TooMuch = BTreeMap<String, Blocks>;

/// How much one list may be. What is beyond is refused rather than let the machine run out of memory or disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all its files, unpacked, on disk.
    pub unpacked: u64,
    /// Bytes of memory for what was read of it: twelve for a name, as long as they are for URLs and expressions.
    pub gathered: usize,
}

impl Default for Limits {
    /// A GiB on disk, half as much in memory: about forty million names.
    fn default() -> Self {
        Self { unpacked: MOST_BYTES, gathered: 512 << 20 }
    }
}

impl Intake {
    /// For an index under a fresh seed.
    pub fn new(kinds: Kinds) -> Result<Self, NoRandomness> {
        let mut seed = [0u8; 16];
        getrandom::fill(&mut seed).map_err(|_| NoRandomness)?;
        Ok(Self {
            kinds,
            seed: Seed(seed),
            limits: Limits::default(),
            gathered: HashMap::new(),
            left: TooMuch::new(),
        })
    }

    /// The same with other limits.
    #[must_use]
    pub fn within(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Leaves the updates of these lists alone.
    #[must_use]
    pub fn leaving(self, left: TooMuch) -> Self {
        Self { left, ..self }
    }

    /// What a list that is left alone would newly block.
    pub(super) fn left(&self, id: &str) -> Option<Blocks> {
        self.left.get(id).copied()
    }

    /// How much one list may be.
    pub const fn limits(&self) -> Limits {
        self.limits
    }

    /// The seed of the index to come.
    pub(crate) const fn seed(&self) -> Seed {
        self.seed
    }

    /// What was read of a version of a list, if it was read here.
    pub(crate) fn take(&mut self, id: &str, version: u32) -> Option<Gathered> {
        self.gathered.remove(&(id.to_owned(), version))
    }
}

/// The machine has no random numbers.
#[derive(Debug, thiserror::Error)]
#[error("the machine has no random numbers, which the list index needs")]
pub struct NoRandomness;
