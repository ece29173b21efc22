//! Proposing to let somebody in again, and agreeing to it.

use engine::PersonNo;
use kit::{Actor, Permit, Timestamp};
use notices::Where;
use register::approval::{self, Approval, ApprovalId, Proposal};
use serde_json::json;
use store::{StoreError, Subject, Tx, trail};
use web::speech::say;

use super::super::model::{Account, INVITED_MS, Token};
use super::super::notices::{kinds, tell_person};
use super::super::{codes, store as table};
use crate::duty::{self, Proof};

kit::action!(
    /// Letting somebody in again who has lost what they sign in by: one proposes, another agrees.
    Recover(PersonNo) = "account.recover"
);

/// For how long a proposal can be agreed to.
const HOLDS_MS: i64 = 24 * 3_600_000;
/// Whose duties stand over the head's.
const ABOVE: [&str; 3] = ["chair", "proprietor", "trust-officer"];

/// Why somebody is not let in again.
#[derive(Debug, thiserror::Error)]
pub enum RecoverError {
    /// They have no account, or have left.
    #[error("{}", say("refused.nobody-who-signs-in"))]
    NobodyThere,
    /// It is about whoever asks.
    #[error("{}", say("refused.nobody-lets-themselves-in"))]
    Own,
    /// It waits already.
    #[error("{}", say("refused.somebody-has-proposed-this"))]
    Waits,
    /// For the head one of the two must stand over them.
    #[error("{}", say("refused.for-the-head-one"))]
    NeedsAbove,
    /// What was shown is not what waits now.
    #[error("{}", say("refused.this-has-changed-since"))]
    Changed,
    /// It cannot be answered so.
    #[error(transparent)]
    Answer(#[from] approval::AnswerError),
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Somebody who is to be let in again.
#[derive(Debug, Clone)]
pub struct Recovery {
    /// Whom.
    pub person: PersonNo,
    /// What was proposed.
    pub approval: Approval,
}

/// Proposes to let the permit's person in again.
pub async fn propose(
    tx: &mut Tx,
    permit: &Permit<Recover>,
    reason: String,
    at: Timestamp,
) -> Result<Recovery, RecoverError> {
    let person = *permit.subject();
    let account = their(tx, permit.actor(), person).await?;
    let proposal = Proposal {
        kind: "account.recover",
        subject: account.id.to_string(),
        terms: json!({ "person": person.0 }),
        reason,
        lapses_at: at.plus_millis(HOLDS_MS),
    };
    // What nobody agreed to in time, or whoever proposed it may propose no more, stands in nobody's way.
    approval::lapse(tx, &Actor::Job("approvals"), at).await?;
    if waiting_for(tx, person, at).await?.is_some() {
        return Err(RecoverError::Waits);
    }
    approval::overtake(tx, permit.actor(), "account.recover", &account.id.to_string(), at).await?;
    let approval = approval::propose(tx, permit.actor(), proposal, at).await?;
    tell_person(tx, person, kinds::RECOVERY_ASKED, Where::Today, at).await?;
    Ok(Recovery { person, approval })
}

/// The second person agrees: the app, the codes on paper and the password end, every session ends, and the invitation of this token lets them choose a
/// new password. It is handed over in person.
pub async fn agree(
    tx: &mut Tx,
    permit: &Permit<Recover>,
    (shown, words): (ApprovalId, &str),
    token: &Token,
    at: Timestamp,
) -> Result<Recovery, RecoverError> {
    let person = *permit.subject();
    let account = their(tx, permit.actor(), person).await?;
    let waits = waits(tx, &account, shown, at).await?;
    if holds(tx, person, &["head"], at).await? {
        let mut above = false;
        for one in [number(&waits.proposed_by), number(&permit.actor().to_string())].into_iter().flatten() {
            above = above || holds(tx, one, &ABOVE, at).await?;
        }
        if !above {
            return Err(RecoverError::NeedsAbove);
        }
    }
    let approval = approval::agree(tx, permit.actor(), waits.id, words, at).await?;
    codes::remove_lost(tx, permit.actor(), &account, at).await?;
    let ended = table::end_sessions(tx, account.id, None, permit.actor(), at).await?;
    table::invite(tx, token, person, permit.actor(), at, at.plus_millis(INVITED_MS)).await?;
    let detail =
        json!({ "account": account.id.to_string(), "approval": approval.id.to_string(), "ended": ended });
    trail::changed(tx, permit.actor(), "account.recover", &Subject::new("person", person.0), &detail, at)
        .await?;
    Ok(Recovery { person, approval })
}

/// The second person refuses.
pub async fn refuse(
    tx: &mut Tx,
    permit: &Permit<Recover>,
    (shown, words): (ApprovalId, &str),
    at: Timestamp,
) -> Result<(), RecoverError> {
    let account = their(tx, permit.actor(), *permit.subject()).await?;
    let waits = waits(tx, &account, shown, at).await?;
    approval::refuse(tx, permit.actor(), waits.id, words, at).await?;
    Ok(())
}

/// Whoever proposed it takes it back.
pub async fn withdraw(tx: &mut Tx, permit: &Permit<Recover>, at: Timestamp) -> Result<(), RecoverError> {
    let account = their(tx, permit.actor(), *permit.subject()).await?;
    let waits = approval::waiting_for(tx, "account.recover", &account.id.to_string()).await?;
    approval::withdraw(tx, permit.actor(), waits.ok_or(RecoverError::Changed)?.id, at).await?;
    Ok(())
}

/// Whoever it is about says no: they are signed in, so they have lost nothing, or somebody wants to be them.
pub async fn object(tx: &mut Tx, person: PersonNo, at: Timestamp) -> Result<bool, RecoverError> {
    let Some(waits) = waiting_for(tx, person, at).await? else { return Ok(false) };
    let words = "Whoever it is about is signed in, and said no.";
    approval::refuse(tx, &Actor::Person(person.0), waits.approval.id, words, at).await?;
    Ok(true)
}

/// What waits about somebody, for as long as whoever proposed it may still propose it.
pub async fn waiting_for(
    tx: &mut Tx,
    person: PersonNo,
    at: Timestamp,
) -> Result<Option<Recovery>, StoreError> {
    let Some(account) = table::of_person(tx, person).await? else { return Ok(None) };
    let waits = approval::waiting_for(tx, "account.recover", &account.id.to_string()).await?;
    let Some(approval) = waits else { return Ok(None) };
    if !duty::may_still::<Recover>(tx, &approval.proposed_by, at).await? {
        return Ok(None);
    }
    Ok(Some(Recovery { person, approval }))
}

/// All that wait.
pub async fn waiting(tx: &mut Tx, at: Timestamp) -> Result<Vec<Recovery>, StoreError> {
    let mut all = Vec::new();
    for account in table::all(tx).await? {
        all.extend(waiting_for(tx, account.person, at).await?);
    }
    Ok(all)
}

/// The account of somebody on the roll, for anybody but themselves.
async fn their(tx: &mut Tx, actor: &Actor, person: PersonNo) -> Result<Account, RecoverError> {
    if *actor == Actor::Person(person.0) {
        return Err(RecoverError::Own);
    }
    if !crate::store::on_the_roll(tx, person).await? {
        return Err(RecoverError::NobodyThere);
    }
    table::of_person(tx, person).await?.ok_or(RecoverError::NobodyThere)
}

async fn waits(
    tx: &mut Tx,
    account: &Account,
    shown: ApprovalId,
    at: Timestamp,
) -> Result<Approval, RecoverError> {
    let waits = waiting_for(tx, account.person, at).await?.map(|waits| waits.approval);
    waits.filter(|waits| waits.id == shown).ok_or(RecoverError::Changed)
}

/// Whether somebody holds one of these duties.
async fn holds(tx: &mut Tx, person: PersonNo, any: &[&str], at: Timestamp) -> Result<bool, StoreError> {
    let stands = duty::of_person(tx, person, Proof { at, several: true }, at).await?;
    Ok(any.iter().any(|duty| stands.standing.holds(duty)))
}

/// The person whom the trail writes so.
pub(super) fn number(actor: &str) -> Option<PersonNo> {
    Actor::person(actor).map(PersonNo)
}
