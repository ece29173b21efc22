//! What holds now: which file of each part, how long it is, what its bytes sum to, and which file was before it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::files::{PublishError, file};

/// The manifest that a gate goes by.
pub(super) const CURRENT: &str = "CURRENT";
/// The same once more, for when the first is damaged.
pub(super) const COPY: &str = "CURRENT.copy";

/// A part of what is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The policy document and the sealed hashes.
    Policy,
    /// The list index.
    Lists,
    /// Overrides, focus, withheld access and the roll.
    Live,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Policy, Self::Lists, Self::Live];

    /// What people call it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::Lists => "lists",
            Self::Live => "overrides and roll",
        }
    }

    /// How the names of its files begin and end.
    pub(super) const fn name(self) -> (&'static str, &'static str) {
        match self {
            Self::Policy => ("policy-", ".json"),
            Self::Lists => ("lists-", ".idx"),
            Self::Live => ("live-", ".json"),
        }
    }
}

/// One file, as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedFile {
    /// The generation it came with, which its name carries.
    pub number: u64,
    /// How long it is.
    pub bytes: u64,
    /// The CRC-32 of all of it.
    pub sum: u32,
    /// The beginning of the seal over the sealed entries in it: a policy file's alone, and none where nothing was ever
    /// sealed. Two files with the same have the same entries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal: Option<u64>,
}

/// A part's newest file, and the one before it, which is used where the newest is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// What holds.
    pub newest: PublishedFile,
    /// What held before, where anything did and was whole when it was followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<PublishedFile>,
}

/// What holds now: the content of `CURRENT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// Rises with every publication.
    pub generation: u64,
    /// The policy files.
    pub policy: Kept,
    /// The list indexes.
    pub lists: Kept,
    /// The live files.
    pub live: Kept,
}

/// A manifest as it lies on disk.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    published: Published,
    /// The CRC-32 of `published` as it is written here.
    sum: u32,
}

/// What the manifests say.
#[derive(Debug)]
pub struct Manifests {
    /// What holds, from the first of the two that is whole.
    pub published: Published,
    /// The one that is not whole, or not like the other.
    pub damaged: Option<PublishError>,
}

impl Manifests {
    /// Reads both; `None` where nothing was ever published. An error where neither is whole.
    pub fn read(folder: &Path) -> Result<Option<Self>, PublishError> {
        match (one(&folder.join(CURRENT)), one(&folder.join(COPY))) {
            (Ok(None), Ok(None)) => Ok(None),
            (Ok(Some(published)), Ok(Some(copy))) if copy == published => {
                Ok(Some(Self { published, damaged: None }))
            }
            (Ok(Some(published)), copy) => {
                let what = "it is not like CURRENT";
                let damaged = copy.err().unwrap_or_else(|| damage(&folder.join(COPY), what));
                Ok(Some(Self { published, damaged: Some(damaged) }))
            }
            (current, Ok(Some(published))) => {
                let damaged = current.err().unwrap_or_else(|| damage(&folder.join(CURRENT), "it is missing"));
                Ok(Some(Self { published, damaged: Some(damaged) }))
            }
            (Err(error), _) | (_, Err(error)) => Err(error),
        }
    }
}

fn one(path: &Path) -> Result<Option<Published>, PublishError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(file(path)(error)),
    };
    let written: Written =
        serde_json::from_slice(&bytes).map_err(|error| damage(path, &error.to_string()))?;
    if sum_of(&written.published) != Some(written.sum) {
        return Err(damage(path, "its checksum is wrong"));
    }
    Ok(Some(written.published))
}

pub(super) fn damage(path: &Path, what: &str) -> PublishError {
    PublishError::Damaged { path: path.to_owned(), what: what.to_owned() }
}

fn sum_of(published: &Published) -> Option<u32> {
    serde_json::to_vec(published).ok().map(|bytes| crc32fast::hash(&bytes))
}

impl Published {
    /// What holds in `folder`; `None` where nothing was ever published.
    pub fn read(folder: &Path) -> Result<Option<Self>, PublishError> {
        // Nearly always the first says it all, and gates ask five times a second.
        match one(&folder.join(CURRENT)) {
            Ok(Some(published)) => Ok(Some(published)),
            _ => Ok(Manifests::read(folder)?.map(|manifests| manifests.published)),
        }
    }

    /// The manifest as it is written.
    pub(super) fn to_bytes(self) -> Vec<u8> {
        let written = Written { published: self, sum: sum_of(&self).unwrap_or_default() };
        serde_json::to_vec(&written).unwrap_or_default()
    }

    /// Whether policy and lists are the same, so that only the live part is to be swapped.
    pub fn same_policy(&self, other: &Self) -> bool {
        self.policy.newest == other.policy.newest && self.lists.newest == other.lists.newest
    }

    /// The files of a part.
    pub const fn part(&self, part: Part) -> &Kept {
        match part {
            Part::Policy => &self.policy,
            Part::Lists => &self.lists,
            Part::Live => &self.live,
        }
    }

    pub(super) const fn part_mut(&mut self, part: Part) -> &mut Kept {
        match part {
            Part::Policy => &mut self.policy,
            Part::Lists => &mut self.lists,
            Part::Live => &mut self.live,
        }
    }

    /// The newest policy file.
    pub fn policy_path(&self, folder: &Path) -> PathBuf {
        self.policy.newest.path(folder, Part::Policy)
    }

    /// The newest list index.
    pub fn lists_path(&self, folder: &Path) -> PathBuf {
        self.lists.newest.path(folder, Part::Lists)
    }

    /// The newest live file.
    pub fn live_path(&self, folder: &Path) -> PathBuf {
        self.live.newest.path(folder, Part::Live)
    }

    /// The names of the files that hold, and of those before them.
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        self.newest_names().chain(
            Part::ALL
                .map(|part| self.part(part).before.map(|before| before.name(part)))
                .into_iter()
                .flatten(),
        )
    }

    /// The names of the files that hold.
    pub(super) fn newest_names(&self) -> impl Iterator<Item = String> + use<> {
        Part::ALL.map(|part| self.part(part).newest.name(part)).into_iter()
    }
}

impl PublishedFile {
    /// Where it lies.
    pub fn path(&self, folder: &Path, part: Part) -> PathBuf {
        folder.join(self.name(part))
    }

    fn name(&self, part: Part) -> String {
        let (start, end) = part.name();
        format!("{start}{}{end}", self.number)
    }
}
