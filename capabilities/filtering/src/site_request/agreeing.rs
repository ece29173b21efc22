//! Opening a site takes two people: one proposes, with whom it is for, until when and what it would risk; another
//! agrees, and only then is it opened.

use std::collections::BTreeMap;

use ::store::{Actor, StoreError, Tx};
use engine::PersonNo;
use kit::{Permit, Private, Timestamp};
use notices::Where;
use people::account::notices::{kinds, tell_duties};
use register::approval::{self, Approval, ApprovalId, Proposal};
use register::emergency::{EmergencyError, Verdict};
use serde_json::{Value, json};
use web::speech::say;

use super::actions::{self, AnswerError};
use super::alone::{self, AloneError};
use super::model::SiteRequest;
use crate::lasting::WithdrawError;
use crate::overrides::{self, Override, Whom};
use crate::reference::Reference;

kit::action!(
    /// Proposing to open what somebody asks for.
    ProposeRequest(Reference) = "request.propose"
);
kit::action!(
    /// Agreeing, as the second person, to what another proposed, or refusing it.
    AgreeRequest(Reference) = "request.agree"
);

/// What such approvals are kept as.
pub(super) const KIND: &str = "request.approve";
/// For how long a proposal waits for its second person.
const WAITS_MS: i64 = 14 * 86_400_000;

/// What somebody proposes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// For whom the site is opened.
    pub whom: Whom,
    /// Until when.
    pub ends_at: Timestamp,
    /// What opening it would risk, and why that is worth it, in the proposer's words.
    pub risk: Private<String>,
}

/// What waits for a second person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposed {
    /// The approval's id.
    pub id: ApprovalId,
    /// What is proposed.
    pub terms: Terms,
    /// By whom, as the trail writes them.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Until when it can be agreed to.
    pub lapses_at: Timestamp,
}

/// Why nothing came of it.
#[derive(Debug, thiserror::Error)]
pub enum AgreeError {
    /// The request cannot be answered so.
    #[error(transparent)]
    Request(#[from] AnswerError),
    /// The proposal cannot be answered so.
    #[error(transparent)]
    Approval(#[from] approval::AnswerError),
    /// What waits is not what the second person was shown.
    #[error("{}", say("refused.what-is-proposed-has"))]
    Changed,
    /// Somebody proposed to open it already.
    #[error("{}", say("refused.somebody-has-proposed-this-already"))]
    Proposed,
    /// The request is answered, or nothing waits.
    #[error("{}", say("refused.nothing-waits-for-an"))]
    NothingWaits,
    /// What was opened alone of it cannot be answered so.
    #[error(transparent)]
    Alone(EmergencyError),
    /// What was opened alone could not be ended.
    #[error(transparent)]
    End(WithdrawError),
    /// It is for one person, and not for whoever asked.
    #[error("{}", say("refused.one-person-is-whoever-asked"))]
    Whom,
    /// It would end before anybody could agree.
    #[error("{}", say("refused.the-time-must-end"))]
    Over,
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Proposes to open what somebody asks for. Nothing is opened yet.
pub async fn propose(
    tx: &mut Tx,
    permit: &Permit<ProposeRequest>,
    terms: Terms,
    at: Timestamp,
) -> Result<Proposed, AgreeError> {
    let request = waiting(tx, permit.subject(), terms.risk.reveal()).await?;
    if terms.ends_at <= at {
        return Err(AgreeError::Over);
    }
    // What is proposed is shown beside what was asked for before: of somebody else, that would tell what they did.
    if matches!(terms.whom, Whom::Person(_)) && actions::asker(&request).as_ref() != Some(&terms.whom) {
        return Err(AgreeError::Whom);
    }
    overrides::actions::somebody(tx, &terms.whom).await.map_err(AnswerError::from)?;
    // What nobody agreed to in time stands in nobody's way.
    approval::lapse(tx, &Actor::Job("approvals"), at).await?;
    if of(tx, permit.subject(), at).await?.is_none() {
        approval::overtake(tx, permit.actor(), KIND, &request.id.to_string(), at).await?;
    }
    let (kind, id) = terms.whom.parts();
    let proposal = Proposal {
        kind: KIND,
        subject: request.id.to_string(),
        terms: json!({ "whom": { "kind": kind, "id": id }, "ends_at": terms.ends_at.as_millis() }),
        reason: terms.risk.reveal().trim().to_owned(),
        // Whoever agrees once it would have ended agrees to nothing.
        lapses_at: terms.ends_at.min(at.plus_millis(WAITS_MS)),
    };
    match approval::propose(tx, permit.actor(), proposal, at).await {
        Ok(made) => {
            let proposer = Actor::person(&made.proposed_by).map(PersonNo);
            tell_duties(tx, kinds::REQUEST_SECOND, Where::Requests, proposer, at).await?;
            Ok(read(made)?)
        }
        Err(StoreError::Taken) => Err(AgreeError::Proposed),
        Err(error) => Err(error.into()),
    }
}

/// The second person agrees, and the site is opened in the same transaction, as was proposed. `words` are what the
/// asker reads, and `shown` is the proposal that they read: another that has taken its place meanwhile is not agreed to.
/// Publish afterwards.
pub async fn agree(
    tx: &mut Tx,
    permit: &Permit<AgreeRequest>,
    shown: ApprovalId,
    words: &str,
    at: Timestamp,
) -> Result<(SiteRequest, Override), AgreeError> {
    let proposed = shown_one(tx, permit.subject(), shown, at).await?;
    approval::agree(tx, permit.actor(), proposed.id, words, at).await?;
    // What one person had opened alone meanwhile holds no longer by itself, and has been looked at with that.
    settle_alone(alone::answered(tx, permit.actor(), proposed.id, Verdict::Agreed, words, at).await)?;
    let Terms { whom, ends_at, .. } = proposed.terms;
    Ok(actions::open_up(tx, permit, Some(whom), words, ends_at, at).await?)
}

/// What went wrong about what was opened alone, as an error of agreeing.
fn settle_alone(settled: Result<bool, AloneError>) -> Result<bool, AgreeError> {
    settled.map_err(|error| match error {
        AloneError::Agree(error) => error,
        AloneError::Emergency(error) => AgreeError::Alone(error),
        AloneError::End(error) => AgreeError::End(error),
    })
}

/// The second person does not agree, and says why. The request itself waits on. Whether something that one person had opened alone is
/// closed with that: publish then.
pub async fn disagree(
    tx: &mut Tx,
    permit: &Permit<AgreeRequest>,
    shown: ApprovalId,
    words: &str,
    at: Timestamp,
) -> Result<bool, AgreeError> {
    let proposed = shown_one(tx, permit.subject(), shown, at).await?;
    approval::refuse(tx, permit.actor(), proposed.id, words, at).await?;
    settle_alone(alone::answered(tx, permit.actor(), proposed.id, Verdict::Ended, words, at).await)
}

/// Whoever proposed it takes it back. Whether something that they had opened alone is closed with that: publish then.
pub async fn withdraw(
    tx: &mut Tx,
    permit: &Permit<ProposeRequest>,
    at: Timestamp,
) -> Result<bool, AgreeError> {
    let proposed = of(tx, permit.subject(), at).await?.ok_or(AgreeError::NothingWaits)?;
    approval::withdraw(tx, permit.actor(), proposed.id, at).await?;
    settle_alone(alone::taken_back(tx, permit.actor(), proposed.id, at).await)
}

/// What is proposed about a request and waits. It takes two people, each of whom may: what was proposed by one who may no longer
/// waits for nobody, since they may have come back to the roll as another.
pub async fn of(tx: &mut Tx, reference: &Reference, at: Timestamp) -> Result<Option<Proposed>, AgreeError> {
    let Some(request) = actions::find(tx, reference).await? else { return Ok(None) };
    let Some(waiting) = approval::waiting_for(tx, KIND, &request.id.to_string()).await? else {
        return Ok(None);
    };
    if !people::duty::may_still::<ProposeRequest>(tx, &waiting.proposed_by, at).await? {
        return Ok(None);
    }
    Ok(Some(read(waiting)?))
}

/// What is proposed about any request and waits, by the request's id: for what lists many at once.
pub async fn all(tx: &mut Tx, at: Timestamp) -> Result<BTreeMap<String, Proposed>, StoreError> {
    let (mut found, mut may) = (BTreeMap::new(), BTreeMap::new());
    for waiting in approval::waiting(tx, KIND).await? {
        let may_still = match may.get(&waiting.proposed_by) {
            Some(may) => *may,
            None => {
                let may_still =
                    people::duty::may_still::<ProposeRequest>(tx, &waiting.proposed_by, at).await?;
                may.insert(waiting.proposed_by.clone(), may_still);
                may_still
            }
        };
        if may_still {
            found.insert(waiting.subject.clone(), read(waiting)?);
        }
    }
    Ok(found)
}

/// Every proposal about a request, oldest first, with what became of it.
pub async fn history(tx: &mut Tx, request: &SiteRequest) -> Result<Vec<Approval>, StoreError> {
    approval::history(tx, KIND, &request.id.to_string()).await
}

async fn shown_one(
    tx: &mut Tx,
    reference: &Reference,
    shown: ApprovalId,
    at: Timestamp,
) -> Result<Proposed, AgreeError> {
    let proposed = of(tx, reference, at).await?.ok_or(AgreeError::NothingWaits)?;
    if proposed.id == shown { Ok(proposed) } else { Err(AgreeError::Changed) }
}

/// What is still open, since an answer from elsewhere may have come first.
async fn waiting(tx: &mut Tx, reference: &Reference, words: &str) -> Result<SiteRequest, AgreeError> {
    let request = actions::open(tx, reference, words).await?;
    match request.state {
        super::State::Open => Ok(request),
        _ => Err(AgreeError::NothingWaits),
    }
}

fn read(approval: Approval) -> Result<Proposed, StoreError> {
    let unreadable = || StoreError::Unreadable { table: "approval", column: "terms", why: "not its terms" };
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let whom = approval.terms.get("whom").ok_or_else(unreadable)?;
    let (kind, id) = (text(whom.get("kind")), text(whom.get("id")));
    let whom = kind.zip(id).and_then(|(kind, id)| Whom::of(&kind, &id)).ok_or_else(unreadable)?;
    let ends_at = approval.terms.get("ends_at").and_then(Value::as_i64).ok_or_else(unreadable)?;
    Ok(Proposed {
        id: approval.id,
        terms: Terms { whom, ends_at: Timestamp::from_millis(ends_at), risk: Private::new(approval.reason) },
        by: approval.proposed_by,
        at: approval.proposed_at,
        lapses_at: approval.lapses_at,
    })
}
