//! Opening identities.

use ::store::{Actor, Db, StoreError, Subject, trail};
use activity::{Client, ClientError};
use kit::Timestamp;
use serde_json::Value;

/// Why identities were not opened, so that nothing is shown.
#[derive(Debug, thiserror::Error)]
pub enum OpeningError {
    /// The log could not write down why.
    #[error(transparent)]
    Log(#[from] ClientError),
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The question to the log was broken off.
    #[error("the question to the activity log was broken off")]
    BrokenOff,
}

/// Writes down that identities are opened, in the access trail and, with the reason, in the activity log. Whoever shows them calls it
/// before.
pub async fn write_down(
    records: &Db,
    log: &Client,
    (actor, verb): (&Actor, &str),
    (subject, detail): (&Subject, &Value),
    reason: &str,
    at: Timestamp,
) -> Result<(), OpeningError> {
    // First the log, which is another process and not waited for in a transaction. Where it cannot write down why, nothing is opened and the
    // trail does not say that it was; where the trail cannot, the log says more than was opened.
    let (log, reason) = (log.clone(), reason.to_owned());
    let asked = tokio::task::spawn_blocking(move || log.open_identities(&reason));
    asked.await.map_err(|_| OpeningError::BrokenOff)??;
    let mut tx = records.begin().await?;
    trail::changed(&mut tx, actor, verb, subject, detail, at).await?;
    tx.commit().await?;
    Ok(())
}
