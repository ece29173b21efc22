//! Whether the versions in the records are those that were applied. Each was applied with an entry in the access trail
//! that holds the hash of its text, and the trail proves itself.

use ::store::trail::{self, Entry};
use ::store::{StoreError, Tx};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::actions::Version;
use super::store;

/// What the entry of an applied version is about, and what was done.
pub(super) const KIND: &str = "policy-version";
pub(super) const VERB: &str = "policy.apply";

/// How a version is not the one that was applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Altered {
    /// Its text has another hash.
    #[error("version {0} of the policy is not the text that was applied")]
    Text(u32),
    /// Another account or time is named than the trail names.
    #[error("version {0} of the policy is not said to be from whoever applied it, or when")]
    Origin(u32),
    /// The trail has no entry of it.
    #[error("version {0} of the policy was never applied: the access trail knows nothing of it")]
    Unknown(u32),
    /// The trail has its entry, and it is not there.
    #[error("version {0} of the policy was applied and is missing")]
    Missing(String),
}

#[derive(Deserialize)]
struct Detail {
    sha256: String,
}

/// The hash that is kept in the trail.
pub(super) fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The entries of every applied version, oldest first.
pub(super) async fn entries(tx: &mut Tx) -> Result<Vec<Entry>, StoreError> {
    trail::of_kind(tx, KIND, VERB).await
}

/// Compares every version with the trail, which is proved apart from this. Gives how many there are, and what is wrong.
pub async fn prove(tx: &mut Tx) -> Result<(usize, Vec<Altered>), StoreError> {
    let entries = entries(tx).await?;
    let versions = store::all(tx).await?;
    let mut wrong: Vec<Altered> =
        versions.iter().rev().filter_map(|version| compare(version, &entries).err()).collect();
    for entry in &entries {
        if !versions.iter().any(|version| version.number.to_string() == entry.subject_id) {
            wrong.push(Altered::Missing(entry.subject_id.clone()));
        }
    }
    Ok((versions.len(), wrong))
}

/// Whether this is the version that was applied last, as it was applied.
pub async fn prove_newest(tx: &mut Tx, version: &Version) -> Result<Result<(), Altered>, StoreError> {
    let entries = entries(tx).await?;
    Ok(compare(version, &entries).and_then(|()| match entries.last() {
        Some(last) if last.subject_id != version.number.to_string() => {
            Err(Altered::Missing(last.subject_id.clone()))
        }
        _ => Ok(()),
    }))
}

/// Every entry about a version must be true of it: one that is written later than its version vouches for nothing.
fn compare(version: &Version, entries: &[Entry]) -> Result<(), Altered> {
    let id = version.number.to_string();
    let (text, mut known) = (hash(&version.text), false);
    for entry in entries.iter().filter(|entry| entry.subject_id == id) {
        known = true;
        let said: Option<Detail> = serde_json::from_str(&entry.detail).ok();
        if said.is_none_or(|said| said.sha256 != text) {
            return Err(Altered::Text(version.number));
        }
        if entry.actor != version.applied_by || entry.at != version.at {
            return Err(Altered::Origin(version.number));
        }
    }
    if known { Ok(()) } else { Err(Altered::Unknown(version.number)) }
}
