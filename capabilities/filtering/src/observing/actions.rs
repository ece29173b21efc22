//! Beginning to observe only.

use ::store::{Actor, StoreError, Subject, Tx, trail};
use kit::Timestamp;
use serde_json::json;

use super::model::{Observing, ObservingId, Plan, Refused};
use super::store;
use crate::lasting;

/// Why the filter goes on refusing.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// It may not be.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// One at a time, so that there is one end.
    #[error(
        "a time of observing only is there already, number {number}, until {ends_at}; `fivebar observe stop --reason WHY` ends it"
    )]
    Already {
        /// Which.
        number: u32,
        /// Its end.
        ends_at: Timestamp,
    },
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Has the filter observe only for a time. Publish afterwards, and the gate knows within a second.
pub async fn start(tx: &mut Tx, actor: &Actor, plan: Plan, at: Timestamp) -> Result<Observing, StartError> {
    plan.check(at)?;
    let others: Vec<Observing> = lasting::not_over(tx, at).await?;
    if let Some(other) = others.first() {
        return Err(StartError::Already { number: other.number, ends_at: other.span.ends_at });
    }
    let id: ObservingId = tx.ids().make(at);
    let number = store::KIND.next_number(tx).await?;
    let Plan { reason, span } = plan;
    let made = Observing {
        id,
        number,
        reason: reason.trim().to_owned(),
        span,
        made_by: actor.to_string(),
        created_at: at,
        withdrawn: None,
    };
    store::insert(tx, &made).await?;
    let detail = json!({
        "number": number,
        "starts_at": span.starts_at.as_millis(),
        "ends_at": span.ends_at.as_millis(),
    });
    trail::changed(tx, actor, "observing.start", &Subject::new("observing", id), &detail, at).await?;
    Ok(made)
}
