//! Proposing, and answering what was proposed. Whoever calls these holds the permit of the change itself.

use kit::{Actor, Timestamp};
use serde_json::json;
use store::{StoreError, Subject, Tx, trail};

use super::model::{Approval, ApprovalId, Proposal, Refused, State};
use super::store as table;

/// Why an approval was not answered.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// There is none with that id.
    #[error("nothing waits here; it may have been answered by somebody else")]
    NotFound,
    /// It cannot be answered so.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// An answer without a word helps nobody.
    #[error("say why, for whoever looks back at this")]
    NoWords,
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Keeps what somebody proposes. [`StoreError::Taken`] where the same is waiting for an answer already.
pub async fn propose(
    tx: &mut Tx,
    actor: &Actor,
    proposal: Proposal,
    at: Timestamp,
) -> Result<Approval, StoreError> {
    let approval = Approval {
        id: tx.ids().make(at),
        kind: proposal.kind.to_owned(),
        subject: proposal.subject,
        terms: proposal.terms,
        reason: proposal.reason,
        proposed_by: actor.to_string(),
        proposed_at: at,
        lapses_at: proposal.lapses_at,
        state: State::Waiting,
    };
    table::insert(tx, &approval).await?;
    say(tx, actor, "approval.propose", &approval, at).await?;
    Ok(approval)
}

/// The second person agrees; gives back what was proposed, which the caller carries out in the same transaction.
pub async fn agree(
    tx: &mut Tx,
    actor: &Actor,
    id: ApprovalId,
    words: &str,
    at: Timestamp,
) -> Result<Approval, AnswerError> {
    let approval = found(tx, id).await?.agree(actor, words.trim().to_owned(), at)?;
    answered(tx, actor, "approval.agree", approval, at).await
}

/// The second person refuses, and says why.
pub async fn refuse(
    tx: &mut Tx,
    actor: &Actor,
    id: ApprovalId,
    words: &str,
    at: Timestamp,
) -> Result<Approval, AnswerError> {
    if words.trim().is_empty() {
        return Err(AnswerError::NoWords);
    }
    let approval = found(tx, id).await?.refuse(actor, words.trim().to_owned(), at)?;
    answered(tx, actor, "approval.refuse", approval, at).await
}

/// Whoever proposed it takes it back.
pub async fn withdraw(
    tx: &mut Tx,
    actor: &Actor,
    id: ApprovalId,
    at: Timestamp,
) -> Result<Approval, AnswerError> {
    let approval = found(tx, id).await?.withdraw(actor, at)?;
    answered(tx, actor, "approval.withdraw", approval, at).await
}

/// Writes down that nobody agreed in time to those whose time is over; which they were.
pub async fn lapse(tx: &mut Tx, job: &Actor, at: Timestamp) -> Result<Vec<Approval>, AnswerError> {
    let mut lapsed = Vec::new();
    for approval in table::overdue(tx, at).await? {
        let approval = approval.lapse(at)?;
        lapsed.push(answered(tx, job, "approval.lapse", approval, at).await?);
    }
    Ok(lapsed)
}

/// Whether any waits although its time is over.
pub async fn is_overdue(tx: &mut Tx, at: Timestamp) -> Result<bool, StoreError> {
    Ok(!table::overdue(tx, at).await?.is_empty())
}

/// Ends what of that kind waits about a subject, because somebody has settled it otherwise: nobody can agree to it any more.
pub async fn overtake(
    tx: &mut Tx,
    actor: &Actor,
    kind: &str,
    subject: &str,
    at: Timestamp,
) -> Result<Option<Approval>, AnswerError> {
    let Some(approval) = table::waiting_about(tx, kind, subject).await? else { return Ok(None) };
    answered(tx, actor, "approval.overtake", approval.lapse(at)?, at).await.map(Some)
}

/// What of that kind waits about a subject.
pub async fn waiting_for(tx: &mut Tx, kind: &str, subject: &str) -> Result<Option<Approval>, StoreError> {
    table::waiting_about(tx, kind, subject).await
}

/// Everything of that kind that waits, oldest first: for what lists many at once.
pub async fn waiting(tx: &mut Tx, kind: &str) -> Result<Vec<Approval>, StoreError> {
    table::waiting_kind(tx, kind).await
}

/// What waits that somebody proposed, oldest first; they as the trail writes them.
pub async fn proposed_by(tx: &mut Tx, proposer: &str) -> Result<Vec<Approval>, StoreError> {
    table::waiting_of(tx, proposer).await
}

/// All that was proposed of that kind about a subject, oldest first.
pub async fn history(tx: &mut Tx, kind: &str, subject: &str) -> Result<Vec<Approval>, StoreError> {
    table::about(tx, kind, subject).await
}

async fn found(tx: &mut Tx, id: ApprovalId) -> Result<Approval, AnswerError> {
    table::by_id(tx, id).await?.ok_or(AnswerError::NotFound)
}

async fn answered(
    tx: &mut Tx,
    actor: &Actor,
    verb: &str,
    approval: Approval,
    at: Timestamp,
) -> Result<Approval, AnswerError> {
    if !table::answer(tx, &approval).await? {
        return Err(AnswerError::NotFound);
    }
    say(tx, actor, verb, &approval, at).await?;
    Ok(approval)
}

async fn say(
    tx: &mut Tx,
    actor: &Actor,
    verb: &str,
    approval: &Approval,
    at: Timestamp,
) -> Result<(), StoreError> {
    // For whom it would be, where the change says that: a number or an id, as it stands in the terms, and never a name.
    let whom = approval.terms.get("whom");
    let detail = match whom {
        Some(whom) => json!({ "kind": approval.kind, "subject": approval.subject, "whom": whom }),
        None => json!({ "kind": approval.kind, "subject": approval.subject }),
    };
    trail::changed(tx, actor, verb, &Subject::new("approval", approval.id), &detail, at).await?;
    Ok(())
}
