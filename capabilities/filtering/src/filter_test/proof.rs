//! Whether the tests that are kept are those that were run. Each was kept with an entry in the access trail that holds the hash of
//! its report, and the trail proves itself.

use ::store::trail::{self, Entry};
use ::store::{StoreError, Tx};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::store::{self, Row};

pub(super) const KIND: &str = "filter-test";
pub(super) const VERB: &str = "filter-test.run";

/// How a test is not the one that was run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Altered {
    /// Its report has another hash.
    #[error("the report of filter test {0} is not the one that was kept")]
    Report(u32),
    /// Another account or time is named than the trail names.
    #[error("filter test {0} is not said to be from whoever ran it, or when")]
    Origin(u32),
    /// The trail has no entry of it.
    #[error("filter test {0} was never run: the access trail knows nothing of it")]
    Unknown(u32),
    /// The trail has its entry, and it is not there.
    #[error("filter test {0} was run and is missing")]
    Missing(String),
}

/// What comparing came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Proved {
    /// How many tests are kept.
    pub tests: usize,
    /// How many of them were kept before the trail held their hash, so that nothing can be said of their report.
    pub before_proofs: usize,
    /// What is wrong.
    pub altered: Vec<Altered>,
}

#[derive(Deserialize)]
struct Detail {
    #[serde(default)]
    sha256: Option<String>,
}

/// The hash that is kept in the trail.
pub(super) fn hash(report: &str) -> String {
    Sha256::digest(report.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Compares every test with the trail, which is proved apart from this.
pub async fn prove(tx: &mut Tx) -> Result<Proved, StoreError> {
    let entries = trail::of_kind(tx, KIND, VERB).await?;
    let rows = store::rows_as_written(tx).await?;
    let mut proved = Proved { tests: rows.len(), ..Proved::default() };
    for row in &rows {
        match compare(row, &entries) {
            Ok(true) => {}
            Ok(false) => proved.before_proofs += 1,
            Err(altered) => proved.altered.push(altered),
        }
    }
    let is_there = |entry: &&Entry| rows.iter().any(|row| row.number.to_string() == entry.subject_id);
    let missing = entries.iter().filter(|entry| !is_there(entry));
    proved.altered.extend(missing.map(|entry| Altered::Missing(entry.subject_id.clone())));
    Ok(proved)
}

/// Every entry about a test must be true of it. Whether its report is proved.
fn compare(row: &Row, entries: &[Entry]) -> Result<bool, Altered> {
    let id = row.number.to_string();
    let (mut known, mut proved) = (false, false);
    for entry in entries.iter().filter(|entry| entry.subject_id == id) {
        known = true;
        let said: Option<Detail> = serde_json::from_str(&entry.detail).ok();
        match said.map(|said| said.sha256) {
            Some(Some(sum)) if sum == hash(&row.report) => proved = true,
            Some(None) => {}
            _ => return Err(Altered::Report(row.number)),
        }
        if entry.actor != row.run_by || entry.at != row.at {
            return Err(Altered::Origin(row.number));
        }
    }
    if known { Ok(proved) } else { Err(Altered::Unknown(row.number)) }
}
