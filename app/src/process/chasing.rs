//! The hub puts to people what waits for them, and chases it.

use std::time::Duration;

use filtering::desk::{self, Kept};
use kit::{Clock, Timestamp};
use store::{Db, StoreError};

/// How often it is looked what waits.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Keeps tasks up with the records and chases them, for as long as the hub runs.
pub async fn chase(db: Db) {
    loop {
        match round(&db, Clock::System.now()).await {
            Ok(kept) if kept.anything() => {
                let Kept { opened, settled, escalated } = kept;
                tracing::info!(opened, settled, escalated, "Tasks were kept up");
            }
            Ok(_) => {}
            Err(error) => {
                let error = anyhow::Error::from(error);
                tracing::error!(error = format!("{error:#}"), "What waits for people could not be kept up");
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn round(db: &Db, at: Timestamp) -> Result<Kept, StoreError> {
    let mut tx = db.begin().await?;
    let kept = desk::keep_up(&mut tx, at).await?;
    tx.commit().await?;
    Ok(kept)
}
