//! Whoever tries to sign in, counted before it is known whether they are right.

use std::sync::atomic::{AtomicU64, Ordering};

use kit::Timestamp;
use store::{StoreError, Tx};

use super::model::{crowd_wait_ms, remembered, wait_ms};
use super::store as table;

/// A day.
const DAY_MS: i64 = 86_400_000;
/// For how long it is kept how often a name was tried in vain, for whoever has it.
const TOLD_MS: i64 = 90 * DAY_MS;
/// Stands for every name, and for every place.
const ALL: &str = "";

/// Somebody who tries to sign in: by which name, and from where. All are kept as keyed hashes alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trying {
    /// The name's keyed hash: of any name that is typed, whether somebody has it or not.
    pub whom: String,
    /// The keyed hash of where they are: of their address, or of the browser in which they signed in before.
    pub place: String,
    /// The keyed hash of their address, where all that try from it are counted together: not for a browser in which they signed in
    /// before.
    pub crowd: Option<String>,
    /// Whether tries wait for those from other places too: where only whoever has the password comes to try.
    pub everywhere: bool,
}

impl Trying {
    /// Counts a try as failed before it is made, so that many at once are no more than one after the other; whoever gets it
    /// right is forgiven. For how long they must wait instead, where they must: then nothing is counted. What is a day old
    /// counts no more.
    pub async fn begin(&self, tx: &mut Tx, at: Timestamp) -> Result<Option<i64>, StoreError> {
        let left = |last: Timestamp, wait: i64| last.plus_millis(wait).as_millis() - at.as_millis();
        let since = |last: Timestamp| at.as_millis() - last.as_millis();
        let (failures, last) = table::failures(tx, &self.whom, &self.place).await?;
        let mut wait = left(last, wait_ms(failures));
        let crowd = match &self.crowd {
            Some(crowd) => {
                let (counted, last) = table::failures(tx, ALL, crowd).await?;
                let counted = remembered(counted, since(last));
                wait = wait.max(left(last, crowd_wait_ms(counted)));
                Some((crowd, counted))
            }
            None => None,
        };
        let (all, last_of_all) = table::failures(tx, &self.whom, ALL).await?;
        if self.everywhere {
            wait = wait.max(left(last_of_all, wait_ms(all)));
        }
        if wait > 0 {
            return Ok(Some(wait));
        }
        let before = if since(last) < DAY_MS { failures } else { 0 };
        table::failed(tx, &self.whom, &self.place, before.saturating_add(1), at).await?;
        if let Some((crowd, counted)) = crowd {
            table::failed(tx, ALL, crowd, counted.saturating_add(1), at).await?;
        }
        table::failed(tx, &self.whom, ALL, all.saturating_add(1), at).await?;
        Ok(None)
    }

    /// Forgives the try that has just been made, and those before it from the same place. How many tries by that name failed
    /// elsewhere or before stays counted, for [`told`](Self::told).
    pub(super) async fn got_it_right(&self, tx: &mut Tx, at: Timestamp) -> Result<(), StoreError> {
        table::forget_failures(tx, &self.whom, &self.place).await?;
        if self.everywhere {
            table::forget_failures(tx, &self.whom, ALL).await?;
        }
        let crowd = self.crowd.iter().map(|crowd| (ALL, crowd.as_str()));
        for (whom, place) in crowd.chain([(self.whom.as_str(), ALL)]) {
            let (failures, last) = table::failures(tx, whom, place).await?;
            if failures > 0 {
                table::failed(tx, whom, place, failures - 1, last).await?;
            }
        }
        let (day, told) = (at.plus_millis(-DAY_MS), at.plus_millis(-TOLD_MS));
        table::forget_old_failures(tx, ALL, day, told).await
    }

    /// How many tries by that name have failed since they were last told, wherever.
    pub(super) async fn failed(&self, tx: &mut Tx) -> Result<u32, StoreError> {
        Ok(table::failures(tx, &self.whom, ALL).await?.0)
    }

    /// The same, and begins to count anew: whoever it is about is being told.
    pub(super) async fn told(&self, tx: &mut Tx) -> Result<u32, StoreError> {
        let failed = self.failed(tx).await?;
        table::forget_failures(tx, &self.whom, ALL).await?;
        Ok(failed)
    }
}

/// How many tries came to what, since the hub started: numbers alone.
#[derive(Debug, Default)]
pub struct Counts {
    right: AtomicU64,
    wrong: AtomicU64,
    waited: AtomicU64,
    busy: AtomicU64,
    elsewhere: AtomicU64,
}

/// What a try came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It was them.
    Right,
    /// It was not.
    Wrong,
    /// They had to wait first.
    Waited,
    /// There was no room.
    Busy,
    /// Another system did not answer, or not as it should.
    Elsewhere,
}

impl Counts {
    /// Each outcome's id with its count.
    pub fn all(&self) -> [(&'static str, u64); 5] {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        [
            ("right", of(&self.right)),
            ("wrong", of(&self.wrong)),
            ("must-wait", of(&self.waited)),
            ("no-room", of(&self.busy)),
            ("no-answer", of(&self.elsewhere)),
        ]
    }

    /// Counts one, and says in the service log that a try failed and why: never whose, or from where.
    pub(super) fn one(&self, outcome: Outcome) {
        let (count, why) = match outcome {
            Outcome::Right => (&self.right, None),
            Outcome::Wrong => (&self.wrong, Some("not right")),
            Outcome::Waited => (&self.waited, Some("tried too often, must wait")),
            Outcome::Busy => (&self.busy, Some("too many at once")),
            Outcome::Elsewhere => (&self.elsewhere, Some("another system did not answer as it should")),
        };
        let so_far = count.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if let Some(why) = why {
            tracing::warn!(why, so_far, "A try to sign in failed");
        }
    }
}
