//! Withholding access.

use ::store::{Actor, StoreError, Subject, Tx, trail};
use engine::PersonNo;
use kit::Timestamp;
use serde_json::json;

use super::model::{Decision, Refused, Withheld, WithheldId};
use super::store;

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
    if people::person(tx, decision.person).await?.is_none() {
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
