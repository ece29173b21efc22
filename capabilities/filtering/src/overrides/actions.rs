//! Granting and withdrawing.

use ::store::{Actor, StoreError, Subject, Tx, trail};
use kit::Timestamp;
use serde_json::json;

use super::model::{Grant, Override, OverrideId, Refused};
use super::store;

/// Why nothing was granted.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// It may not be.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes an exception. Whether the gate can carry it out beside its sealed and help sites is checked when it is
/// published, which says what is wrong and leaves the gate as it was.
pub async fn grant(tx: &mut Tx, actor: &Actor, grant: Grant, at: Timestamp) -> Result<Override, GrantError> {
    grant.check(at)?;
    let id: OverrideId = tx.ids().make(at);
    let number = store::next_number(tx).await?;
    let made =
        Override { id, number, grant, granted_by: actor.to_string(), created_at: at, withdrawn_at: None };
    store::insert(tx, &made).await?;
    let detail = json!({
        "verdict": made.grant.effect.id(),
        "ends_at": made.grant.ends_at.as_millis(),
        "request": made.grant.request.map(|request| request.to_string()),
    });
    trail::changed(tx, actor, "override.grant", &Subject::new("override", id), &detail, at).await?;
    Ok(made)
}

/// Why nothing was withdrawn.
#[derive(Debug, thiserror::Error)]
pub enum WithdrawError {
    /// There is none that still holds.
    #[error("there is no such override that still holds")]
    NotFound,
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Ends an exception before its time.
pub async fn withdraw(
    tx: &mut Tx,
    actor: &Actor,
    id: OverrideId,
    at: Timestamp,
) -> Result<(), WithdrawError> {
    if !store::withdraw(tx, id, actor, at).await? {
        return Err(WithdrawError::NotFound);
    }
    trail::changed(tx, actor, "override.withdraw", &Subject::new("override", id), &json!({}), at).await?;
    Ok(())
}

/// Everything that holds at `at` or will begin later.
pub async fn not_over(tx: &mut Tx, at: Timestamp) -> Result<Vec<Override>, StoreError> {
    store::not_over(tx, at).await
}
