//! Back-ups, as the access trail tells of them.

use ::store::trail::{self, Wanted};
use ::store::{StoreError, Tx};
use kit::Timestamp;
use serde::Deserialize;

/// A back-up that was made, or put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackUp {
    /// When.
    pub at: Timestamp,
    /// Who, as the trail writes it.
    pub by: String,
    /// Whether it is encrypted.
    pub encrypted: bool,
    /// How many entries of the access trail are in it, where that is said.
    pub entries: Option<u64>,
    /// Whether one was put back rather than made.
    pub restored: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Detail {
    encrypted: bool,
    entries: Option<u64>,
    kept_as: Option<String>,
}

/// The newest, newest first. Those that were made for another place are told of by what is known of that place.
pub async fn newest(tx: &mut Tx, at_most: u32) -> Result<Vec<BackUp>, StoreError> {
    let mut entries = Vec::new();
    for verb in ["backup.make", "backup.restore"] {
        let wanted = Wanted { verb: Some(verb), ..Wanted::default() };
        entries.extend(trail::find(tx, &wanted, at_most).await?);
    }
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.seq));
    let read = |entry: trail::Entry| {
        let detail: Detail = serde_json::from_str(&entry.detail).unwrap_or_default();
        let by_hand = BackUp {
            at: entry.at,
            by: entry.actor,
            encrypted: detail.encrypted,
            entries: detail.entries,
            restored: entry.verb == "backup.restore",
        };
        detail.kept_as.is_none().then_some(by_hand)
    };
    Ok(entries.into_iter().filter_map(read).collect())
}
