//! Starting a focus.

use ::store::{Actor, StoreError, Subject, Tx, trail};
use kit::Timestamp;
use serde_json::json;

use super::model::{Focus, FocusId, Plan, Refused};
use super::store;

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
