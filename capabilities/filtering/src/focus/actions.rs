//! Starting a focus and ending it.

use ::store::{Actor, StoreError, Subject, Tx, trail};
use kit::Timestamp;
use serde_json::json;

use super::model::{Focus, FocusId, Plan, Refused};
use super::store;
use crate::lasting::WithdrawError;

/// Why nothing was started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// It may not be.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a walled garden. Whether a gate can carry it out beside its policy and its sealed sites is for whoever
/// publishes to ask first, with [`FromRecords::carries_out`](crate::publish::FromRecords::carries_out).
pub async fn start(tx: &mut Tx, actor: &Actor, plan: Plan, at: Timestamp) -> Result<Focus, StartError> {
    plan.check(at)?;
    let id: FocusId = tx.ids().make(at);
    let number = store::KIND.next_number(tx).await?;
    let made = Focus { id, number, plan, made_by: actor.to_string(), created_at: at, withdrawn: None };
    store::insert(tx, &made).await?;
    let detail = json!({
        "group": made.plan.group,
        "sites": made.plan.sites.len(),
        "starts_at": made.plan.span.starts_at.as_millis(),
        "ends_at": made.plan.span.ends_at.as_millis(),
    });
    trail::changed(tx, actor, "focus.start", &Subject::new("focus", id), &detail, at).await?;
    Ok(made)
}

/// Ends one before its time.
pub async fn end(
    tx: &mut Tx,
    actor: &Actor,
    number: u32,
    reason: &str,
    at: Timestamp,
) -> Result<(), WithdrawError> {
    store::KIND.withdraw(tx, actor, number, reason, at).await
}

/// Everything that holds at `at` or will begin later.
pub async fn not_over(tx: &mut Tx, at: Timestamp) -> Result<Vec<Focus>, StoreError> {
    store::not_over(tx, at).await
}

/// Everything that is over at `at`, by itself or before its time, the last to end first.
pub async fn ended(tx: &mut Tx, at: Timestamp, at_most: u32) -> Result<Vec<Focus>, StoreError> {
    store::ended(tx, at, at_most).await
}

/// All there ever were, newest first.
pub async fn newest(tx: &mut Tx, at_most: u32) -> Result<Vec<Focus>, StoreError> {
    store::newest(tx, at_most).await
}
