//! What ends by itself is written down, and what must follow from it is done.

use std::time::Duration;

use anyhow::Result;
use kit::{Clock, Timestamp};
use store::{Actor, Db};

use crate::home::Home;
use crate::process::brought_back;
use crate::process::publishing::Publishing;

/// How often the hub looks whether something has ended by itself.
const ENDS_EVERY: Duration = Duration::from_secs(10);

/// Writes into the access trail that an override, a focus or withheld access ended by itself, and that a proposal waited in vain. Gates go by the clock and
/// wait for nobody; what ended while no hub ran is written down when one starts.
pub async fn write_down_ends(home: Home, db: Db) {
    let mut since = Timestamp::from_millis(i64::MIN);
    loop {
        let at = Clock::System.now();
        if let Err(error) = brought_back::look(&home, &db, at).await {
            tracing::error!(
                error = format!("{error:#}"),
                "It cannot be told whether the records were brought back"
            );
        }
        let over = async { ends(&db, since, at).await.and(lapse(&db, at).await) };
        match over.await {
            Ok(()) => since = at.plus_millis(-OVERLAP_MS),
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "What ended by itself is not in the trail yet")
            }
        }
        tokio::time::sleep(ENDS_EVERY).await;
    }
}

/// Proposals to which nobody agreed in time.
async fn lapse(db: &Db, at: Timestamp) -> Result<()> {
    let mut tx = db.read().await?;
    let some = register::approval::is_overdue(&mut tx, at).await?;
    tx.roll_back().await?;
    if some {
        let mut tx = db.begin().await?;
        register::approval::lapse(&mut tx, &store::Actor::Job("approvals"), at).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Takes those off the roll whose last day is over, so that they are signed out and gates know it.
pub async fn end_last_days(db: Db, publishes: Publishing) {
    loop {
        let at = Clock::System.now();
        if let Err(error) = last_days(&db, &publishes, at).await {
            tracing::error!(error = format!("{error:#}"), "Whose last day is over is still on the roll")
        }
        tokio::time::sleep(ENDS_EVERY).await;
    }
}

async fn last_days(db: &Db, publishes: &Publishing, at: Timestamp) -> Result<()> {
    let job = Actor::Job("last-days");
    let mut tx = db.read().await?;
    let some = people::intake::some_last_day_is_over(&mut tx, at).await?;
    tx.roll_back().await?;
    if some {
        let mut tx = db.begin().await?;
        people::intake::end_days(&mut tx, &job, at).await?;
        people::intake::Publishes::roll(publishes, tx, job, at).await?;
    }
    Ok(())
}

/// So much is looked at again, should the clock have been set back a little.
const OVERLAP_MS: i64 = 3_600_000;

async fn ends(db: &Db, since: Timestamp, at: Timestamp) -> Result<()> {
    let mut tx = db.read().await?;
    let some = filtering::lasting::has_ended(&mut tx, since, at).await?;
    tx.roll_back().await?;
    if some {
        let mut tx = db.begin().await?;
        filtering::lasting::say_ended(&mut tx, since, at).await?;
        tx.commit().await?;
    }
    Ok(())
}
