//! Ending what another closed opens it again before its time, so it takes two people: one proposes it, another agrees.

use ::store::{Actor, StoreError, Tx};
use engine::PersonNo;
use kit::{Permit, Timestamp};
use notices::Where;
use people::account::notices::{kinds, tell_duties};
use register::approval::{self, Approval, ApprovalId, Proposal};
use serde_json::json;

use super::Override;
use super::closing::{EndOverride, may_end};
use crate::lasting::{self, WithdrawError};

kit::action!(
    /// Agreeing, as the second person, that a closed site opens again. Its subject is the override's number.
    AgreeEnd(u32) = "override.agree"
);

/// What such approvals are kept as.
pub(crate) const KIND: &str = "override.end";

/// Why nothing came of it.
#[derive(Debug, thiserror::Error)]
pub enum AgreeEndError {
    /// There is none with that number, it is over, or nothing is proposed of it.
    #[error("Nothing waits for an answer here; somebody else may have been quicker")]
    NothingWaits,
    /// Somebody proposed it already.
    #[error("Somebody has proposed this already, and a second person’s answer is awaited")]
    Proposed,
    /// What waits is not what the second person was shown.
    #[error("What is proposed has changed since you opened this page; read it again")]
    Changed,
    /// One person may end it alone.
    #[error("You can end this by yourself")]
    YoursAlone,
    /// It cannot be answered so.
    #[error(transparent)]
    Approval(#[from] approval::AnswerError),
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What holds or will, by its number.
pub async fn find(tx: &mut Tx, number: u32, at: Timestamp) -> Result<Option<Override>, StoreError> {
    Ok(lasting::not_over::<Override>(tx, at).await?.into_iter().find(|one| one.number == number))
}

/// What is proposed about one and waits; nothing of somebody who may no longer propose it.
pub async fn of(tx: &mut Tx, one: &Override, at: Timestamp) -> Result<Option<Approval>, StoreError> {
    let Some(waiting) = approval::waiting_for(tx, KIND, &one.id.to_string()).await? else { return Ok(None) };
    let may_still = people::duty::may_still::<EndOverride>(tx, &waiting.proposed_by, at).await?;
    Ok(Some(waiting).filter(|waiting| may_still && at < waiting.lapses_at))
}

/// Proposes to end what another closed. Nothing is opened yet.
pub async fn propose(
    tx: &mut Tx,
    permit: &Permit<EndOverride>,
    reason: &str,
    at: Timestamp,
) -> Result<Approval, AgreeEndError> {
    let one = find(tx, *permit.subject(), at).await?.ok_or(AgreeEndError::NothingWaits)?;
    if may_end(&one, &permit.actor().to_string()) {
        return Err(AgreeEndError::YoursAlone);
    }
    approval::lapse(tx, &Actor::Job("approvals"), at).await?;
    if of(tx, &one, at).await?.is_none() {
        approval::overtake(tx, permit.actor(), KIND, &one.id.to_string(), at).await?;
    }
    let proposal = Proposal {
        kind: KIND,
        subject: one.id.to_string(),
        terms: json!({ "number": one.number }),
        reason: reason.trim().to_owned(),
        lapses_at: one.grant.span.ends_at,
    };
    match approval::propose(tx, permit.actor(), proposal, at).await {
        Ok(made) => {
            let proposer = Actor::person(&made.proposed_by).map(PersonNo);
            tell_duties(tx, kinds::REQUEST_SECOND, Where::Overrides, proposer, at).await?;
            Ok(made)
        }
        Err(StoreError::Taken) => Err(AgreeEndError::Proposed),
        Err(error) => Err(error.into()),
    }
}

/// The second person agrees, and it ends in the same transaction. Publish afterwards.
pub async fn agree(
    tx: &mut Tx,
    permit: &Permit<AgreeEnd>,
    shown: ApprovalId,
    words: &str,
    at: Timestamp,
) -> Result<Override, AgreeEndError> {
    let (one, waiting) = waiting(tx, *permit.subject(), shown, at).await?;
    approval::agree(tx, permit.actor(), waiting.id, words, at).await?;
    match lasting::end::<Override>(tx, permit.actor(), one.number, words, at).await {
        Ok(()) => Ok(one),
        Err(WithdrawError::Store(error)) => Err(error.into()),
        Err(_) => Err(AgreeEndError::NothingWaits),
    }
}

/// The second person does not agree, and it stays closed.
pub async fn disagree(
    tx: &mut Tx,
    permit: &Permit<AgreeEnd>,
    shown: ApprovalId,
    words: &str,
    at: Timestamp,
) -> Result<(), AgreeEndError> {
    let (_, waiting) = waiting(tx, *permit.subject(), shown, at).await?;
    approval::refuse(tx, permit.actor(), waiting.id, words, at).await?;
    Ok(())
}

/// Whoever proposed it takes it back.
pub async fn withdraw(tx: &mut Tx, permit: &Permit<EndOverride>, at: Timestamp) -> Result<(), AgreeEndError> {
    let one = find(tx, *permit.subject(), at).await?.ok_or(AgreeEndError::NothingWaits)?;
    let waiting = of(tx, &one, at).await?.ok_or(AgreeEndError::NothingWaits)?;
    approval::withdraw(tx, permit.actor(), waiting.id, at).await?;
    Ok(())
}

async fn waiting(
    tx: &mut Tx,
    number: u32,
    shown: ApprovalId,
    at: Timestamp,
) -> Result<(Override, Approval), AgreeEndError> {
    let one = find(tx, number, at).await?.ok_or(AgreeEndError::NothingWaits)?;
    let waiting = of(tx, &one, at).await?.ok_or(AgreeEndError::NothingWaits)?;
    if waiting.id == shown { Ok((one, waiting)) } else { Err(AgreeEndError::Changed) }
}
