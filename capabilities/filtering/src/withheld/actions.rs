//! Withholding access and giving it back.

use ::store::{Actor, StoreError, Subject, Tx, trail};
use engine::PersonNo;
use kit::Timestamp;
use serde_json::json;

use super::model::{Decision, Refused, Withheld, WithheldId};
use super::store;
use crate::lasting::WithdrawError;

/// Why nothing was withheld.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// It may not be.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Nobody has that number.
    #[error("nobody on the roll has the number {}; `fivebar people show` lists the roll", .0.0)]
    NobodyThere(PersonNo),
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Withholds somebody's access. Publish afterwards, and the gate knows within a second.
pub async fn start(
    tx: &mut Tx,
    actor: &Actor,
    decision: Decision,
    at: Timestamp,
) -> Result<Withheld, StartError> {
    let span = decision.check(at)?;
    if !people::people(tx).await?.iter().any(|one| one.number == decision.person) {
        return Err(StartError::NobodyThere(decision.person));
    }
    let id: WithheldId = tx.ids().make(at);
    let number = store::KIND.next_number(tx).await?;
    let made = Withheld {
        id,
        number,
        person: decision.person,
        reason: decision.reason.trim().to_owned(),
        span,
        review_at: decision.review_at,
        made_by: actor.to_string(),
        created_at: at,
        withdrawn: None,
    };
    store::insert(tx, &made).await?;
    let detail = json!({
        "person": made.person.0,
        "starts_at": span.starts_at.as_millis(),
        "ends_at": span.ends_at.as_millis(),
        "review_at": made.review_at.map(Timestamp::as_millis),
    });
    trail::changed(tx, actor, "withheld.start", &Subject::new("withheld", id), &detail, at).await?;
    Ok(made)
}

/// Gives the access back before its time.
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
pub async fn not_over(tx: &mut Tx, at: Timestamp) -> Result<Vec<Withheld>, StoreError> {
    store::not_over(tx, at).await
}

/// Everything that is over at `at`, by itself or before its time, the last to end first.
pub async fn ended(tx: &mut Tx, at: Timestamp, at_most: u32) -> Result<Vec<Withheld>, StoreError> {
    store::ended(tx, at, at_most).await
}

/// All there ever were, newest first.
pub async fn newest(tx: &mut Tx, at_most: u32) -> Result<Vec<Withheld>, StoreError> {
    store::newest(tx, at_most).await
}
