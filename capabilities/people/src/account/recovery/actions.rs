//! Proposing to let somebody in again, and agreeing to it.

use std::collections::BTreeSet;

use engine::PersonNo;
use kit::{Actor, Permit, Timestamp};
use notices::Where;
use register::approval::{self, Approval, ApprovalId, Proposal, State};
use serde_json::json;
use store::{StoreError, Subject, Tx, trail};
use web::speech::say;

use super::super::model::{Account, INVITED_MS, Token};
use super::super::notices::{kinds, tell_person};
use super::super::safe::{Safe, make_safe};
use super::super::store as table;
use crate::duty::{self, Duties, Proof};

kit::action!(
    /// Letting somebody in again who has lost what they sign in by: one proposes, another agrees.
    Recover(PersonNo) = "account.recover"
);

/// For how long a proposal can be agreed to.
const HOLDS_MS: i64 = 24 * 3_600_000;

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
    /// For whoever may give duties one of the two must stand over them.
    #[error("{}", say("refused.for-the-head-one"))]
    NeedsAbove,
    /// One of the two was let in again of late.
    #[error("{}", say("refused.whoever-was-let-in"))]
    Rests,
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
    if rests(tx, permit.actor(), at).await? {
        return Err(RecoverError::Rests);
    }
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

/// The second person agrees: whatever they sign in by ends, and every session. The link by which they choose a new password is made and handed
/// over by whoever proposed it ([`link`]): so it takes both, and neither has all of it on their screen.
pub async fn agree(
    tx: &mut Tx,
    permit: &Permit<Recover>,
    (shown, words): (ApprovalId, &str),
    at: Timestamp,
) -> Result<Recovery, RecoverError> {
    let person = *permit.subject();
    let account = their(tx, permit.actor(), person).await?;
    let waits = waits(tx, &account, shown, at).await?;
    let proposer = number(&waits.proposed_by);
    let proposed_by = proposer.map(|proposer| Actor::Person(proposer.0));
    for one in proposed_by.iter().chain([permit.actor()]) {
        if rests(tx, one, at).await? {
            return Err(RecoverError::Rests);
        }
    }
    if is_guarded(tx, person, at).await? {
        let by = &Duties::built_in().letting_in().by;
        let mut above = false;
        for one in [proposer, number(&permit.actor().to_string())].into_iter().flatten() {
            above = above || (one != person && holds(tx, one, by, at).await?);
        }
        if !above {
            return Err(RecoverError::NeedsAbove);
        }
    }
    let approval = approval::agree(tx, permit.actor(), waits.id, words, at).await?;
    let ended = make_safe(tx, permit.actor(), &account, Safe::Lost, at).await?;
    let mut detail = ended.detail(&account);
    if let Some(fields) = detail.as_object_mut() {
        fields.insert("approval".to_owned(), approval.id.to_string().into());
    }
    trail::changed(tx, permit.actor(), "account.recover", &Subject::new("person", person.0), &detail, at)
        .await?;
    if let Some(proposer) = proposer {
        tell_person(tx, proposer, kinds::RECOVERY_AGREED, Where::Recoveries, at).await?;
    }
    Ok(Recovery { person, approval })
}

/// Whoever proposed it makes the invitation of this token, once another agreed and until somebody came in by it; another ends the one before.
pub async fn link(
    tx: &mut Tx,
    permit: &Permit<Recover>,
    token: &Token,
    at: Timestamp,
) -> Result<Recovery, RecoverError> {
    let person = *permit.subject();
    let account = their(tx, permit.actor(), person).await?;
    let approval = agreed(tx, &account, at).await?.ok_or(RecoverError::Changed)?;
    if approval.proposed_by != permit.actor().to_string() {
        return Err(RecoverError::Changed);
    }
    table::invite(tx, (token, 2), person, permit.actor(), at, at.plus_millis(INVITED_MS)).await?;
    let detail = json!({ "account": account.id.to_string(), "approval": approval.id.to_string() });
    let subject = Subject::new("person", person.0);
    trail::changed(tx, permit.actor(), "account.invite", &subject, &detail, at).await?;
    Ok(Recovery { person, approval })
}

/// What was agreed to about an account in the last day, while nobody has come in by it.
pub(in super::super) async fn agreed(
    tx: &mut Tx,
    account: &Account,
    at: Timestamp,
) -> Result<Option<Approval>, StoreError> {
    let last = last_agreed(tx, account).await?;
    let holds = |agreed_at: Timestamp| at < agreed_at.plus_millis(HOLDS_MS) && account.password.is_none();
    Ok(last.filter(|(_, agreed_at)| holds(*agreed_at)).map(|(approval, _)| approval))
}

/// All that were agreed to, which somebody proposed and has to hand over.
pub async fn to_hand_over(tx: &mut Tx, proposer: &Actor, at: Timestamp) -> Result<Vec<Recovery>, StoreError> {
    let mut all = Vec::new();
    for account in table::all(tx).await?.into_iter().filter(|account| account.password.is_none()) {
        let approval = agreed(tx, &account, at).await?;
        let theirs = approval.filter(|approval| approval.proposed_by == proposer.to_string());
        all.extend(theirs.map(|approval| Recovery { person: account.person, approval }));
    }
    Ok(all)
}

/// The same about one person.
pub async fn to_hand_over_to(
    tx: &mut Tx,
    proposer: &Actor,
    person: PersonNo,
    at: Timestamp,
) -> Result<Option<Recovery>, StoreError> {
    let Some(account) = table::of_person(tx, person).await? else { return Ok(None) };
    let approval = agreed(tx, &account, at).await?;
    let theirs = approval.filter(|approval| approval.proposed_by == proposer.to_string());
    Ok(theirs.map(|approval| Recovery { person, approval }))
}

async fn last_agreed(tx: &mut Tx, account: &Account) -> Result<Option<(Approval, Timestamp)>, StoreError> {
    let all = approval::history(tx, "account.recover", &account.id.to_string()).await?;
    let agreed = all.into_iter().filter_map(|one| {
        let at = match &one.state {
            State::Agreed { at, .. } => Some(*at),
            _ => None,
        };
        at.map(|at| (one, at))
    });
    Ok(agreed.max_by_key(|(_, at)| *at))
}

/// Whether whoever acts was let in again so lately that they may be somebody else: then they let nobody in again, and give no duties.
pub(crate) async fn rests(tx: &mut Tx, actor: &Actor, at: Timestamp) -> Result<bool, StoreError> {
    let Actor::Person(person) = actor else { return Ok(false) };
    let Some(account) = table::of_person(tx, PersonNo(*person)).await? else { return Ok(false) };
    let days = i64::from(Duties::built_in().letting_in().rests_days);
    let last = last_agreed(tx, &account).await?;
    Ok(last.is_some_and(|(_, agreed_at)| at < agreed_at.plus_millis(days.saturating_mul(86_400_000))))
}

/// Whether somebody holds, is to hold or held of late what may give duties or stands over it.
async fn is_guarded(tx: &mut Tx, person: PersonNo, at: Timestamp) -> Result<bool, StoreError> {
    let guarded = &Duties::built_in().letting_in().guarded;
    Ok(duty::weighing_of(tx, person, at).await?.iter().any(|duty| guarded.contains(duty)))
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
async fn holds(
    tx: &mut Tx,
    person: PersonNo,
    any: &BTreeSet<String>,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let stands = duty::of_person(tx, person, Proof { at, several: true }, at).await?;
    Ok(any.iter().any(|duty| stands.standing.holds(duty)))
}

/// The person whom the trail writes so.
pub(super) fn number(actor: &str) -> Option<PersonNo> {
    Actor::person(actor).map(PersonNo)
}
