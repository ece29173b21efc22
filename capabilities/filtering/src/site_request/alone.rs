//! Opening a site alone, because it cannot wait for a second person: for 24 hours at most, and looked at by somebody else.

use std::collections::BTreeSet;

use ::store::{StoreError, Tx};
use kit::{Actor, Permit, Timestamp};
use register::approval::{self, ApprovalId};
use register::emergency::{self, Carried, Emergency, EmergencyError, EmergencyId, Verdict};

use super::actions::{self, AnswerError};
use super::agreeing::{self, AgreeError, KIND};
use super::model::SiteRequest;
use crate::desk;
use crate::lasting::{self, Span, WithdrawError};
use crate::overrides::{self, Grant, Override};
use crate::reference::Reference;
use crate::site::{NoSite, check_one_site};

kit::action!(
    /// Opening alone what one proposed, since it cannot wait.
    OpenAlone(Reference) = "request.open-alone"
);
kit::action!(
    /// Looking at what another opened alone.
    LookAtAlone(Reference) = "request.look-at-alone"
);

/// Why nothing came of it.
#[derive(Debug, thiserror::Error)]
pub enum AloneError {
    /// The request or its proposal cannot be answered so.
    #[error(transparent)]
    Agree(#[from] AgreeError),
    /// It cannot be opened alone, or looked at.
    #[error(transparent)]
    Emergency(#[from] EmergencyError),
    /// What was opened could not be ended.
    #[error(transparent)]
    End(#[from] WithdrawError),
}

impl From<StoreError> for AloneError {
    fn from(error: StoreError) -> Self {
        Self::Agree(error.into())
    }
}

/// Opens what the permit's holder proposed, as it was proposed, for 24 hours at most. The proposal goes on waiting for its second person,
/// and a task opens for somebody else to look at it. Publish afterwards.
pub async fn open_alone(
    tx: &mut Tx,
    permit: &Permit<OpenAlone>,
    shown: ApprovalId,
    reason: &str,
    at: Timestamp,
) -> Result<(Emergency, Override), AloneError> {
    let (actor, reference) = (permit.actor(), permit.subject());
    let request = found(tx, reference).await?;
    let proposed = agreeing::of(tx, reference, at).await?.ok_or(AgreeError::NothingWaits)?;
    if proposed.id != shown {
        return Err(AgreeError::Changed.into());
    }
    if let Err(NoSite { why, .. }) = check_one_site(&request.ask.site.host) {
        return Err(AgreeError::from(AnswerError::NoSite { why, reference: reference.clone() }).into());
    }
    let waiting = approval::waiting_for(tx, KIND, &request.id.to_string()).await?;
    let approval = waiting.ok_or(AgreeError::NothingWaits)?;
    let ends_at = emergency::ends(&approval, actor, reason, proposed.terms.ends_at, at)
        .map_err(EmergencyError::from)?;
    let grant = Grant {
        whom: proposed.terms.whom,
        effect: engine::document::Effect::Allow,
        target: request.ask.site.host.clone(),
        reason: reason.trim().to_owned(),
        span: Span { starts_at: at, ends_at },
        request: None,
    };
    let made = overrides::actions::grant(tx, actor, grant, at).await;
    let made = made.map_err(AnswerError::from).map_err(AgreeError::from)?;
    let carried = Carried {
        made: made.number.to_string(),
        path: format!("/staff/requests/{reference}"),
        reason: reason.to_owned(),
        ends_at,
    };
    let year = desk::year(tx).await?;
    let opened = emergency::open(tx, actor, &approval, carried, &year, at).await?;
    Ok((opened, made))
}

/// Somebody else looks at what was opened alone, and says that it was right or ends it. What is ended needs a new proposal. Publish
/// afterwards where it was ended.
pub async fn look(
    tx: &mut Tx,
    permit: &Permit<LookAtAlone>,
    (shown, was_right): (EmergencyId, bool),
    words: &str,
    at: Timestamp,
) -> Result<Emergency, AloneError> {
    let request = found(tx, permit.subject()).await?;
    let waiting = unseen(tx, &request).await?.filter(|waiting| waiting.id == shown);
    let waiting = waiting.ok_or(EmergencyError::NotFound)?;
    let verdict = if was_right { Verdict::Right } else { Verdict::Ended };
    let seen = emergency::review(tx, permit.actor(), waiting.id, verdict, words, at).await?;
    if !was_right {
        close(tx, permit.actor(), &seen, words, at).await?;
        let overtaken = approval::overtake(tx, permit.actor(), KIND, &request.id.to_string(), at).await;
        overtaken.map_err(AgreeError::from)?;
    }
    Ok(seen)
}

/// What was opened alone of a request, oldest first.
pub async fn history(tx: &mut Tx, request: &SiteRequest) -> Result<Vec<Emergency>, StoreError> {
    emergency::about(tx, KIND, &request.id.to_string()).await
}

/// What of a request was opened alone and nobody has looked at.
pub async fn unseen(tx: &mut Tx, request: &SiteRequest) -> Result<Option<Emergency>, StoreError> {
    Ok(history(tx, request).await?.into_iter().rfind(|one| one.reviewed.is_none()))
}

/// The ids of the requests of which something was opened alone and nobody has looked at it.
pub async fn all_unseen(tx: &mut Tx) -> Result<BTreeSet<String>, StoreError> {
    let waiting = emergency::waiting(tx).await?;
    Ok(waiting.into_iter().filter(|one| one.kind == KIND).map(|one| one.subject).collect())
}

/// Whether what was opened alone is open at `at`.
pub async fn is_open(tx: &mut Tx, alone: &Emergency, at: Timestamp) -> Result<bool, StoreError> {
    let open = lasting::not_over::<Override>(tx, at).await?;
    Ok(open.iter().any(|one| one.number.to_string() == alone.made))
}

/// The second person has agreed to the proposal, or has not: with that they have looked at what was opened alone of it, and it holds no
/// longer by itself. Whether anything was ended.
pub(super) async fn answered(
    tx: &mut Tx,
    actor: &Actor,
    proposal: ApprovalId,
    verdict: Verdict,
    words: &str,
    at: Timestamp,
) -> Result<bool, AloneError> {
    let Some(alone) = emergency::of_approval(tx, proposal).await? else { return Ok(false) };
    if alone.reviewed.is_none() {
        emergency::review(tx, actor, alone.id, verdict, words, at).await?;
    }
    close(tx, actor, &alone, words, at).await
}

/// Whoever opened it alone takes the proposal back: it is closed at once, and still looked at. Whether anything was ended.
pub(super) async fn taken_back(
    tx: &mut Tx,
    actor: &Actor,
    proposal: ApprovalId,
    at: Timestamp,
) -> Result<bool, AloneError> {
    let Some(alone) = emergency::of_approval(tx, proposal).await? else { return Ok(false) };
    close(tx, actor, &alone, "The proposal was taken back.", at).await
}

/// Ends what was opened, where it holds.
async fn close(
    tx: &mut Tx,
    actor: &Actor,
    alone: &Emergency,
    words: &str,
    at: Timestamp,
) -> Result<bool, AloneError> {
    let number = alone.made.parse::<u32>().ok().filter(|_| alone.holds(at));
    let Some(number) = number else { return Ok(false) };
    match lasting::end::<Override>(tx, actor, number, words, at).await {
        Ok(()) => Ok(true),
        // Somebody ended it before.
        Err(WithdrawError::Over { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

async fn found(tx: &mut Tx, reference: &Reference) -> Result<SiteRequest, AloneError> {
    let found = actions::find(tx, reference).await?;
    Ok(found.ok_or(AnswerError::NotFound).map_err(AgreeError::from)?)
}
