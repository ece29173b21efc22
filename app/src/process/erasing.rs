//! What is past its time goes from the records, once a day.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, bail};
use kit::{Clock, Timestamp};
use store::retention::{Last, Retention, carry_out, keep_last, last};
use store::trail::{Wanted, find};
use store::{Actor, Db};

/// How often it is looked whether a day has gone by; what could not be erased is tried again as often.
const LOOK_EVERY: Duration = Duration::from_secs(3_600);
const DAY_MS: i64 = 86_400_000;
/// More than the summer is long.
const MOST_AT_ONCE_MS: i64 = 60 * DAY_MS;
/// So many of the newest entries of the trail are looked at.
const LOOKED_AT: u32 = 500;
const JOB: Actor = Actor::Job("retention");

/// Erases once a day what is past its time, for as long as the hub runs: the first time as it starts, so that what a back-up brought back is
/// not there for long.
pub async fn erase(db: Db) {
    loop {
        match round(&db, Clock::System.now()).await {
            Ok(Some(erased)) if !erased.is_empty() => {
                let rows: u64 = erased.values().sum();
                tracing::info!(rows, tables = erased.len(), "What was past its time was erased");
            }
            Ok(_) => {}
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "What is past its time could not be erased")
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Erases what is past its time, where that was not done within a day or something kept it from some of it.
async fn round(db: &Db, at: Timestamp) -> Result<Option<BTreeMap<String, u64>>> {
    let mut tx = db.read().await?;
    let before = last(&mut tx).await?;
    tx.roll_back().await?;
    let within_a_day = |last: &Last| (0..DAY_MS).contains(&(at.as_millis() - last.at_ms));
    if before.as_ref().is_some_and(|last| within_a_day(last) && last.problem.is_empty()) {
        return Ok(None);
    }
    if let Some(before) = before
        && at.as_millis() - before.at_ms > MOST_AT_ONCE_MS
        && !somebody_was_here(db, at).await?
    {
        // A machine whose clock is wrong for a moment must not erase what is years from its time.
        bail!(
            "the clock says that more than {} days have gone by since the last round, and nobody has done anything here since: nothing is \
             erased before somebody has. Look whether the machine's time is right",
            MOST_AT_ONCE_MS / DAY_MS
        );
    }
    erase_now(db, at).await.map(Some)
}

/// Whether a person has done something within the last days, by the trail: what jobs do, they do by the same clock.
async fn somebody_was_here(db: &Db, at: Timestamp) -> Result<bool> {
    let since = Some(at.plus_millis(-MOST_AT_ONCE_MS));
    let mut tx = db.read().await?;
    let lately = find(&mut tx, &Wanted { since, ..Wanted::default() }, LOOKED_AT).await?;
    tx.roll_back().await?;
    Ok(lately.iter().any(|entry| !entry.actor.starts_with("job:")))
}

/// Erases what is past its time, and keeps when that was.
pub async fn erase_now(db: &Db, at: Timestamp) -> Result<BTreeMap<String, u64>> {
    let done = carry_out(db, &Retention::built_in()?, &JOB, at).await;
    let mut tx = db.begin().await?;
    let kept = Last {
        at_ms: at.as_millis(),
        erased: done.as_ref().ok().cloned().unwrap_or_default(),
        problem: done.as_ref().err().map(ToString::to_string).unwrap_or_default(),
    };
    keep_last(&mut tx, &kept).await?;
    tx.commit().await?;
    Ok(done?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use store::{DatabaseUrl, Subject, trail};

    use super::*;

    #[tokio::test]
    async fn a_clock_that_leaps_erases_nothing_until_somebody_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&DatabaseUrl::sqlite(folder.path().join("it.db"))).await.unwrap();
        let begun = Timestamp::parse("2026-11-23T09:00:00Z").unwrap();
        assert!(round(&db, begun).await.unwrap().is_some(), "the first round");
        assert!(round(&db, begun.plus_millis(DAY_MS / 2)).await.unwrap().is_none(), "once a day");
        let leapt = begun.plus_millis(7 * 365 * DAY_MS);
        let told = async |actor: Actor, at: Timestamp| {
            let mut tx = db.begin().await.unwrap();
            trail::changed(&mut tx, &actor, "task.open", &Subject::new("task", 1), &json!({}), at)
                .await
                .unwrap();
            tx.commit().await.unwrap();
        };
        told(Actor::Job("tasks"), leapt).await;
        let refused = round(&db, leapt).await.unwrap_err();
        assert!(refused.to_string().contains("Look whether the machine's time is right"), "{refused}");
        assert!(
            round(&db, begun.plus_millis(2 * DAY_MS)).await.unwrap().is_some(),
            "by the right time it goes on"
        );
        told(Actor::Person(1), leapt).await;
        assert!(round(&db, leapt).await.unwrap().is_some(), "whoever is there sees what day it is");
    }
}
