//! What lists are taken in with, and how much one may be, and all of them together.

use std::collections::{BTreeMap, HashMap};

use ::store::{StoreError, Tx};
use lists::{Gathered, Kinds, Seed};

use super::actions::Watched;
use super::model::List;
use super::store;
use super::text::MOST_BYTES;

/// What lists are taken in with: what their names say, and room for what was read of each in the form the index takes, so
/// that publishing in the same command reads none of them again.
pub struct Intake {
    pub(super) kinds: Kinds,
    pub(super) seed: Seed,
    pub(super) limits: Limits,
    pub(super) gathered: HashMap<(String, u32), Gathered>,
    /// The bytes of memory that each list in use takes while an index is built; not known before the first list is taken.
    needs: Option<HashMap<String, usize>>,
    /// Lists whose updates are left alone: what they would newly block, of how many requests.
    left: TooMuch,
    /// The list whose update one person at the portal has looked at.
    looked_at: Option<String>,
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

impl Blocks {
    /// Whose visits they are.
    pub(super) fn whose(&self) -> String {
        if self.people == 1 { "1 person".to_owned() } else { format!("{} people", self.people) }
    }
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
    /// Bytes of memory for all lists in use together, as the index of them is built.
    pub together: usize,
}

impl Default for Limits {
    /// A GiB on disk, half as much in memory, which is about forty million names; and a GiB in memory for all lists.
    fn default() -> Self {
        Self { unpacked: MOST_BYTES, gathered: 512 << 20, together: 1 << 30 }
    }
}

/// What one entry takes: that of a name, of which nearly all lists are.
const EACH: usize = 12;

/// How much memory a list may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    pub bytes: usize,
    /// Whether it is the other lists that leave no more.
    pub is_shared: bool,
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
            needs: None,
            left: TooMuch::new(),
            looked_at: None,
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

    /// Takes the update of that list although it closes much: one person has looked at it.
    #[must_use]
    pub fn looked_at(self, list: &str) -> Self {
        Self { looked_at: Some(list.to_owned()), ..self }
    }

    /// Who looks at the update of a list.
    pub(super) fn watched(&self, list: &str) -> Watched {
        if self.looked_at.as_deref() == Some(list) { Watched::AtThePortal } else { Watched::Nobody }
    }

    /// How much memory a list may take beside the others: what one may, or what they leave of it.
    pub(super) async fn room(&mut self, tx: &mut Tx, id: &str) -> Result<Room, StoreError> {
        let needs = match &mut self.needs {
            Some(needs) => needs,
            None => {
                let in_use = store::in_use(tx).await?;
                let need = |list: &List| usize::try_from(list.report.accepted).unwrap_or(usize::MAX);
                let all = in_use.iter().map(|list| (list.id.clone(), need(list).saturating_mul(EACH)));
                self.needs.insert(all.collect())
            }
        };
        let others = needs.iter().filter(|(other, _)| *other != id);
        let taken = others.fold(0usize, |sum, (_, need)| sum.saturating_add(*need));
        let left = self.limits.together.saturating_sub(taken);
        Ok(Room { bytes: self.limits.gathered.min(left), is_shared: left < self.limits.gathered })
    }

    /// Keeps what was read of a list for the index that is built next.
    pub(super) fn keep(&mut self, id: &str, version: u32, gathered: Gathered) {
        if let Some(needs) = &mut self.needs {
            needs.insert(id.to_owned(), gathered.held_bytes());
        }
        self.gathered.insert((id.to_owned(), version), gathered);
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
