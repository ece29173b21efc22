//! Ending before its time what one person may not end alone, since it opens something: one proposes it, another agrees.

use ::store::{Actor, StoreError, Tx};
use engine::PersonNo;
use kit::permit::Action;
use kit::{Permit, Timestamp};
use notices::Where;
use people::account::notices::tell_duties;
use register::approval::{self, Approval, ApprovalId, Proposal};
use serde_json::json;

use super::{Lasting, Span, WithdrawError, actions};

/// What lasts a while and may take two people to end before its time.
pub trait EndedByTwo: Lasting {
    /// Proposing to end it, or ending it alone where that is theirs. Its subject is the number.
    type End: Action<Subject = u32>;
    /// Agreeing to that as the second person. Its subject is the number.
    type Agree: Action<Subject = u32>;
    /// What such approvals are kept as: the id of [`EndedByTwo::End`].
    const APPROVAL: &'static str;
    /// What tells people that one waits.
    const NOTICE: &'static str;
    /// Where they find it.
    const PLACE: Where;

    /// Its id.
    fn id(&self) -> String;

    /// Its number.
    fn number(&self) -> u32;

    /// From when until when it holds.
    fn span(&self) -> Span;

    /// Whether it is anything to whoever `looks`: what is withheld from somebody is decided by others alone.
    fn is_for(&self, looks: &Actor) -> bool;

    /// Whether one person may end it alone, as the trail writes them.
    fn may_end_alone(&self, actor: &str) -> bool;
}

/// Why nothing came of it.
#[derive(Debug, thiserror::Error)]
pub enum SecondError {
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

/// What holds or will, for whoever looks, by its number.
pub async fn find<T: EndedByTwo>(
    tx: &mut Tx,
    looks: &Actor,
    number: u32,
    at: Timestamp,
) -> Result<Option<T>, StoreError> {
    let all = actions::not_over::<T>(tx, at).await?;
    Ok(all.into_iter().find(|one| one.number() == number && one.is_for(looks)))
}

/// What is proposed about one and waits; nothing of somebody who may no longer propose it.
pub async fn of<T: EndedByTwo>(tx: &mut Tx, one: &T, at: Timestamp) -> Result<Option<Approval>, StoreError> {
    let Some(waiting) = approval::waiting_for(tx, T::APPROVAL, &one.id()).await? else { return Ok(None) };
    let may_still = people::duty::may_still::<T::End>(tx, &waiting.proposed_by, at).await?;
    Ok(Some(waiting).filter(|waiting| may_still && at < waiting.lapses_at))
}

/// Proposes to end one. Nothing has changed yet.
pub async fn propose<T: EndedByTwo>(
    tx: &mut Tx,
    permit: &Permit<T::End>,
    reason: &str,
    at: Timestamp,
) -> Result<Approval, SecondError> {
    let actor = permit.actor();
    let one: T = find(tx, actor, *permit.subject(), at).await?.ok_or(SecondError::NothingWaits)?;
    if one.may_end_alone(&actor.to_string()) {
        return Err(SecondError::YoursAlone);
    }
    approval::lapse(tx, &Actor::Job("approvals"), at).await?;
    if of(tx, &one, at).await?.is_none() {
        approval::overtake(tx, actor, T::APPROVAL, &one.id(), at).await?;
    }
    let proposal = Proposal {
        kind: T::APPROVAL,
        subject: one.id(),
        terms: json!({ "number": one.number() }),
        reason: reason.trim().to_owned(),
        lapses_at: one.span().ends_at,
    };
    match approval::propose(tx, actor, proposal, at).await {
        Ok(made) => {
            let proposer = Actor::person(&made.proposed_by).map(PersonNo);
            tell_duties(tx, T::NOTICE, T::PLACE, proposer, at).await?;
            Ok(made)
        }
        Err(StoreError::Taken) => Err(SecondError::Proposed),
        Err(error) => Err(error.into()),
    }
}

/// The second person agrees, and it ends in the same transaction. Publish afterwards.
pub async fn agree<T: EndedByTwo>(
    tx: &mut Tx,
    permit: &Permit<T::Agree>,
    shown: ApprovalId,
    words: &str,
    at: Timestamp,
) -> Result<T, SecondError> {
    let (one, waiting) = waiting::<T>(tx, permit.actor(), *permit.subject(), shown, at).await?;
    approval::agree(tx, permit.actor(), waiting.id, words, at).await?;
    match actions::end::<T>(tx, permit.actor(), one.number(), words, at).await {
        Ok(()) => Ok(one),
        Err(WithdrawError::Store(error)) => Err(error.into()),
        Err(_) => Err(SecondError::NothingWaits),
    }
}

/// The second person does not agree, and it goes on.
pub async fn disagree<T: EndedByTwo>(
    tx: &mut Tx,
    permit: &Permit<T::Agree>,
    shown: ApprovalId,
    words: &str,
    at: Timestamp,
) -> Result<(), SecondError> {
    let (_, waiting) = waiting::<T>(tx, permit.actor(), *permit.subject(), shown, at).await?;
    approval::refuse(tx, permit.actor(), waiting.id, words, at).await?;
    Ok(())
}

/// Whoever proposed it takes it back.
pub async fn withdraw<T: EndedByTwo>(
    tx: &mut Tx,
    permit: &Permit<T::End>,
    at: Timestamp,
) -> Result<(), SecondError> {
    let one: T = find(tx, permit.actor(), *permit.subject(), at).await?.ok_or(SecondError::NothingWaits)?;
    let waiting = of(tx, &one, at).await?.ok_or(SecondError::NothingWaits)?;
    approval::withdraw(tx, permit.actor(), waiting.id, at).await?;
    Ok(())
}

async fn waiting<T: EndedByTwo>(
    tx: &mut Tx,
    looks: &Actor,
    number: u32,
    shown: ApprovalId,
    at: Timestamp,
) -> Result<(T, Approval), SecondError> {
    let one: T = find(tx, looks, number, at).await?.ok_or(SecondError::NothingWaits)?;
    let waiting = of(tx, &one, at).await?.ok_or(SecondError::NothingWaits)?;
    if waiting.id == shown { Ok((one, waiting)) } else { Err(SecondError::Changed) }
}
