//! Taking a list out of use at the portal: that opens what it alone names, so one person proposes it and another agrees.

use ::store::{StoreError, Tx};
use engine::PersonNo;
use kit::{Actor, Permit, Timestamp};
use notices::Where;
use people::account::notices::{kinds, tell_duties};
use register::approval::{self, Approval, ApprovalId, Proposal};
use serde_json::json;

use super::holding::{self, HoldError};
use super::store;

kit::action!(
    /// Proposing to take a list out of use, and taking that back. Its subject is the list's id.
    RemoveList(String) = "list.remove"
);
kit::action!(
    /// Agreeing, as the second person, that a list is taken out of use. Its subject is the list's id.
    AgreeRemoval(String) = "list.agree"
);

/// What such approvals are kept as.
const APPROVAL: &str = "list.remove";
/// For so long a proposal waits.
const WAITS_MS: i64 = 7 * 86_400_000;

/// Why nothing came of it.
#[derive(Debug, thiserror::Error)]
pub enum RemovalError {
    /// Nothing is proposed of it, or no such list is in use any more.
    #[error("Nothing waits for an answer here; somebody else may have been quicker")]
    NothingWaits,
    /// Somebody proposed it already.
    #[error("Somebody has proposed this already, and a second person’s answer is awaited")]
    Proposed,
    /// What waits is not what the second person was shown.
    #[error("What is proposed has changed since you opened this page; read it again")]
    Changed,
    /// It cannot be answered so.
    #[error(transparent)]
    Approval(#[from] approval::AnswerError),
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is proposed about a list in use and waits; nothing of somebody who may no longer propose it.
pub async fn of(tx: &mut Tx, list: &str, at: Timestamp) -> Result<Option<Approval>, StoreError> {
    let Some(waiting) = approval::waiting_for(tx, APPROVAL, list).await? else { return Ok(None) };
    Ok(holds(tx, &waiting, at).await?.then_some(waiting))
}

/// Whether what waits can be agreed to: its list is in use, and whoever proposed it may still.
async fn holds(tx: &mut Tx, waiting: &Approval, at: Timestamp) -> Result<bool, StoreError> {
    Ok(at < waiting.lapses_at
        && store::one(tx, &waiting.subject).await?.is_some()
        && people::duty::may_still::<RemoveList>(tx, &waiting.proposed_by, at).await?)
}

/// Everything that waits so, whose subject is the list's id, oldest first.
pub async fn waiting(tx: &mut Tx, at: Timestamp) -> Result<Vec<Approval>, StoreError> {
    let mut all = Vec::new();
    for proposed in approval::waiting(tx, APPROVAL).await? {
        if holds(tx, &proposed, at).await? {
            all.push(proposed);
        }
    }
    Ok(all)
}

/// Proposes to take a list out of use. Nothing has changed yet.
pub async fn propose(
    tx: &mut Tx,
    permit: &Permit<RemoveList>,
    reason: &str,
    at: Timestamp,
) -> Result<Approval, RemovalError> {
    let (actor, list) = (permit.actor(), permit.subject());
    if store::one(tx, list).await?.is_none() {
        return Err(RemovalError::NothingWaits);
    }
    approval::lapse(tx, &Actor::Job("approvals"), at).await?;
    if of(tx, list, at).await?.is_none() {
        approval::overtake(tx, actor, APPROVAL, list, at).await?;
    }
    let proposal = Proposal {
        kind: APPROVAL,
        subject: list.clone(),
        terms: json!({ "list": list }),
        reason: reason.trim().to_owned(),
        lapses_at: at.plus_millis(WAITS_MS),
    };
    match approval::propose(tx, actor, proposal, at).await {
        Ok(made) => {
            let proposer = Actor::person(&made.proposed_by).map(PersonNo);
            tell_duties(tx, kinds::REQUEST_SECOND, Where::Lists, proposer, at).await?;
            Ok(made)
        }
        Err(StoreError::Taken) => Err(RemovalError::Proposed),
        Err(error) => Err(error.into()),
    }
}

/// The second person agrees, and the list is out of use in the same transaction, for the reason for which that was proposed. Publish
/// everything afterwards.
pub async fn agree(
    tx: &mut Tx,
    permit: &Permit<AgreeRemoval>,
    shown: ApprovalId,
    words: &str,
    at: Timestamp,
) -> Result<(), RemovalError> {
    let (actor, list) = (permit.actor(), permit.subject());
    let proposed = shown_now(tx, list, shown, at).await?;
    approval::agree(tx, actor, proposed.id, words, at).await?;
    match holding::remove(tx, actor, list, &proposed.reason, at).await {
        Ok(()) => Ok(()),
        Err(HoldError::Store(error)) => Err(error.into()),
        Err(_) => Err(RemovalError::NothingWaits),
    }
}

/// The second person does not agree, and the list stays in use.
pub async fn disagree(
    tx: &mut Tx,
    permit: &Permit<AgreeRemoval>,
    shown: ApprovalId,
    words: &str,
    at: Timestamp,
) -> Result<(), RemovalError> {
    let proposed = shown_now(tx, permit.subject(), shown, at).await?;
    approval::refuse(tx, permit.actor(), proposed.id, words, at).await?;
    Ok(())
}

/// Whoever proposed it takes it back.
pub async fn withdraw(tx: &mut Tx, permit: &Permit<RemoveList>, at: Timestamp) -> Result<(), RemovalError> {
    let proposed = of(tx, permit.subject(), at).await?.ok_or(RemovalError::NothingWaits)?;
    approval::withdraw(tx, permit.actor(), proposed.id, at).await?;
    Ok(())
}

async fn shown_now(
    tx: &mut Tx,
    list: &str,
    shown: ApprovalId,
    at: Timestamp,
) -> Result<Approval, RemovalError> {
    let proposed = of(tx, list, at).await?.ok_or(RemovalError::NothingWaits)?;
    if proposed.id == shown { Ok(proposed) } else { Err(RemovalError::Changed) }
}
