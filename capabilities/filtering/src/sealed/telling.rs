//! What may be told of live sealed entries. Any answer that depends on one tells of it, and asking in bulk would draw the list
//! out of the gate one guess at a time: every command and every page that gives such answers asks here first. Entries for testing are
//! no secret.

use ::store::{Actor, Db, StoreError, Subject, Tx, trail};
use engine::{SealedState, Step};
use kit::Timestamp;
use serde_json::json;

use super::is_test_entry;

/// So many answers that tell of a sealed site are given in an hour by all commands and pages together, in one go or one by one.
const MOST_TOLD: u32 = 10;
const AN_HOUR_MS: i64 = 3_600_000;
const ASKED: &str = "sealed.asked";
const IN_BULK: &str = "sealed.asked-in-bulk";

/// How many more may be told at `at`, by when answers were given before and whether each was the last.
fn left(before: &[(Timestamp, bool)], at: Timestamp) -> u32 {
    let since = at.plus_millis(-AN_HOUR_MS);
    let mut left = MOST_TOLD;
    for (_, in_bulk) in before.iter().filter(|(told, _)| *told > since) {
        left = if *in_bulk { 0 } else { left.saturating_sub(1) };
    }
    left
}

/// How many more may be told.
pub async fn still_left(tx: &mut Tx, at: Timestamp) -> Result<u32, StoreError> {
    Ok(before(tx, at).await?.0)
}

/// Leaves an entry for each of so many sealed sites before an answer that tells of them; whether they may be told, and how many
/// are left then. Where they are more than are left, none may be told, and no other answer is given for an hour: an entry says that
/// somebody asked in bulk. No entry says what was asked. Of none at all: whether any answer may be given, since where nothing is left not
/// even that there is nothing to tell may be told.
pub async fn may_tell(
    records: &Db,
    actor: &Actor,
    what: &str,
    many: u32,
    at: Timestamp,
) -> Result<(bool, u32), StoreError> {
    if many == 0 {
        let mut tx = records.read().await?;
        let left = still_left(&mut tx, at).await?;
        tx.roll_back().await?;
        return Ok((left > 0, left));
    }
    let subject = subject();
    let detail = json!({ "command": what });
    let mut tx = records.begin().await?;
    let (left, said) = before(&mut tx, at).await?;
    let may = many <= left;
    if may {
        for _ in 0..many {
            trail::changed(&mut tx, actor, ASKED, &subject, &detail, at).await?;
        }
    } else if !said {
        trail::changed(&mut tx, actor, IN_BULK, &subject, &detail, at).await?;
    }
    tx.commit().await?;
    Ok((may, left.saturating_sub(many)))
}

fn subject() -> Subject {
    Subject::new("sealed", "explain")
}

/// How many are left, and whether an entry already says that somebody asked in bulk.
async fn before(tx: &mut Tx, at: Timestamp) -> Result<(u32, bool), StoreError> {
    let entries = trail::newest(tx, Some(&subject()), MOST_TOLD).await?;
    let before: Vec<_> = entries.iter().map(|entry| (entry.at, entry.verb == IN_BULK)).collect();
    let said = before.iter().any(|(told, in_bulk)| *in_bulk && *told > at.plus_millis(-AN_HOUR_MS));
    Ok((left(&before, at), said))
}

/// Whether an answer tells what the live feed holds. Entries for testing are no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Secret {
    /// Whether a live feed is loaded.
    pub live: bool,
}

impl Secret {
    /// As the tier stands.
    pub const fn of(state: SealedState) -> Self {
        Self { live: matches!(state, SealedState::Live | SealedState::Stale) }
    }

    /// Whether an answer of that step about that host tells of an entry.
    pub fn is_told_by(self, step: Step, host: &str) -> bool {
        self.live && step == Step::Sealed && !is_test_entry(host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_are_told_in_an_hour_and_none_after_asking_for_more() {
        let at = Timestamp::from_millis(10 * AN_HOUR_MS);
        let ago = |minutes: i64, in_bulk| (at.plus_millis(-minutes * 60_000), in_bulk);
        let told: Vec<_> = (1..=10).map(|minutes| ago(minutes, false)).collect();
        assert_eq!((left(&told, at), left(&told[1..], at), left(&[], at)), (0, 1, 10));
        assert_eq!(left(&told, at.plus_millis(AN_HOUR_MS - 5 * 60_000)), 6);
        assert_eq!((left(&[ago(59, true)], at), left(&[ago(60, true)], at)), (0, 10));
    }

    #[test]
    fn a_live_sealed_entry_is_a_secret_and_a_test_entry_is_none() {
        let live = Secret::of(SealedState::Stale);
        assert!(live.is_told_by(Step::Sealed, "a.example") && !live.is_told_by(Step::School, "a.example"));
        assert!(!live.is_told_by(Step::Sealed, "www.sealed-test-iwf.fivebar.example"));
        assert!(!Secret::of(SealedState::TestEntries).is_told_by(Step::Sealed, "a.example"));
    }
}
