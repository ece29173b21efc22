//! What is past its time goes from the records, once a day.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use kit::{Clock, Timestamp};
use store::retention::{Last, Retention, carry_out, keep_last, last};
use store::{Actor, Db};

/// How often it is looked whether a day has gone by; what could not be erased is tried again as often.
const LOOK_EVERY: Duration = Duration::from_secs(3_600);
const DAY_MS: i64 = 86_400_000;
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
    if before.is_some_and(|last| within_a_day(&last) && last.problem.is_empty()) {
        return Ok(None);
    }
    erase_now(db, at).await.map(Some)
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
