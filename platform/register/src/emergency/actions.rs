//! Opening alone, and looking at what another opened. Whoever calls these holds the permit of the change itself.

use kit::{Actor, Timestamp};
use serde_json::json;
use store::{StoreError, Subject, Tx, trail};

use super::model::{Emergency, EmergencyId, Refused, Verdict, may_open};
use super::store as table;
use crate::approval::{Approval, ApprovalId};
use crate::calendar::SchoolYear;
use crate::task::{self, Opening};

/// The kind of the task that opens for somebody else.
pub const TASK: &str = "emergency-opening";

/// Why nothing came of it.
#[derive(Debug, thiserror::Error)]
pub enum EmergencyError {
    /// There is none.
    #[error("nothing waits here to be looked at; somebody else may have been quicker")]
    NotFound,
    /// It cannot be so.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// It was opened alone already, and nobody has looked at that.
    #[error("this was opened alone already; somebody else must look at that first")]
    Twice,
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// When what is opened alone at `at` would end, where it may be.
pub fn ends(
    approval: &Approval,
    actor: &Actor,
    reason: &str,
    would_end: Timestamp,
    at: Timestamp,
) -> Result<Timestamp, Refused> {
    may_open(approval, actor, reason, would_end, at)
}

/// What was carried out alone, for [`open`].
#[derive(Debug, Clone)]
pub struct Carried {
    /// What was made: an id that says nothing about a person.
    pub made: String,
    /// The page where another looks at it.
    pub path: String,
    /// Why it could not wait.
    pub reason: String,
    /// When it ends, as [`ends`] said.
    pub ends_at: Timestamp,
}

/// Keeps that whoever proposed `approval` has carried it out alone, and opens the task of looking at it, which can be nobody's who did.
/// What was made is made by the caller, in the same transaction, and ends at `ends_at`.
pub async fn open(
    tx: &mut Tx,
    actor: &Actor,
    approval: &Approval,
    carried: Carried,
    year: &SchoolYear,
    at: Timestamp,
) -> Result<Emergency, EmergencyError> {
    let latest = may_open(approval, actor, &carried.reason, carried.ends_at, at)?;
    let emergency = Emergency {
        id: tx.ids().make(at),
        approval: approval.id,
        kind: approval.kind.clone(),
        subject: approval.subject.clone(),
        made: carried.made,
        reason: carried.reason.trim().to_owned(),
        opened_by: actor.to_string(),
        opened_at: at,
        ends_at: carried.ends_at.min(latest),
        reviewed: None,
    };
    match table::insert(tx, &emergency).await {
        Ok(()) => {}
        Err(StoreError::Taken) => return Err(EmergencyError::Twice),
        Err(error) => return Err(error.into()),
    }
    say(tx, actor, "emergency.open", &emergency, at).await?;
    let opening = Opening {
        kind: TASK,
        subject: emergency.id.to_string(),
        path: carried.path,
        due_at: None,
        not_by: Some(emergency.opened_by.clone()),
    };
    task::put_once(tx, actor, opening, year, at).await?;
    Ok(emergency)
}

/// Somebody else has looked at it; their task is done with that. Ending what was opened, or agreeing to what was proposed, is the
/// caller's, in the same transaction.
pub async fn review(
    tx: &mut Tx,
    actor: &Actor,
    id: EmergencyId,
    verdict: Verdict,
    words: &str,
    at: Timestamp,
) -> Result<Emergency, EmergencyError> {
    let found = table::by_id(tx, id).await?.ok_or(EmergencyError::NotFound)?;
    let reviewed = found.review(actor, verdict, words, at)?;
    let Some(review) = &reviewed.reviewed else { return Err(EmergencyError::NotFound) };
    if !table::review(tx, id, review).await? {
        return Err(Refused::Reviewed.into());
    }
    say(tx, actor, "emergency.review", &reviewed, at).await?;
    task::settle(tx, actor, TASK, &id.to_string(), at).await?;
    Ok(reviewed)
}

/// What was opened alone of a proposal.
pub async fn of_approval(tx: &mut Tx, approval: ApprovalId) -> Result<Option<Emergency>, StoreError> {
    table::by_approval(tx, approval).await
}

/// All that was opened alone of that kind about a subject, oldest first.
pub async fn about(tx: &mut Tx, kind: &str, subject: &str) -> Result<Vec<Emergency>, StoreError> {
    table::about(tx, kind, subject).await
}

/// All at which nobody has looked, oldest first.
pub async fn waiting(tx: &mut Tx) -> Result<Vec<Emergency>, StoreError> {
    table::waiting(tx).await
}

async fn say(
    tx: &mut Tx,
    actor: &Actor,
    verb: &str,
    one: &Emergency,
    at: Timestamp,
) -> Result<(), StoreError> {
    let detail = json!({
        "kind": one.kind,
        "subject": one.subject,
        "approval": one.approval.to_string(),
        "ends_at": one.ends_at.as_millis(),
        "verdict": one.reviewed.as_ref().map(|review| review.verdict.id()),
    });
    trail::changed(tx, actor, verb, &Subject::new("emergency", one.id), &detail, at).await?;
    Ok(())
}
