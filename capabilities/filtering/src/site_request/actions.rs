//! What people do with requests.

use ::store::{Actor, StoreError, Subject, Tx, trail};
use engine::{Catalogue, PersonNo};
use kit::permit::Action;
use kit::{Permit, Timestamp};
use notices::Where;
use people::account::notices::{kinds, tell_duties};
use people::event;
use register::approval;
use serde_json::json;

use super::model::{Ask, NotOpen, SiteRequest, State};
use super::store;
use crate::always_open::AlwaysOpen;
use crate::lasting::Span;
use crate::overrides::{self, Grant, GrantError, Override, Whom};
use crate::reference::{NoRandomness, Reference};
use crate::site::{NoSite, check_one_site};
use crate::site_note::MOST_OPEN;

kit::reading!(
    /// Reading what people ask to have opened.
    ReadRequests(()) = "request.read"
);
kit::action!(
    /// Refusing a request.
    RefuseRequest(Reference) = "request.refuse"
);
kit::action!(
    /// Approving a request alone.
    ApproveRequest(Reference) = "request.approve"
);

/// Why a request was not taken.
#[derive(Debug, thiserror::Error)]
pub enum RaiseError {
    /// This address has too many waiting already.
    #[error("{MOST_OPEN} requests from this device are waiting for an answer")]
    TooMany,
    /// Too many are waiting about sites of help, of which nobody knows who asked.
    #[error("too many requests about sites of help are waiting for an answer")]
    TooManyOfHelp,
    /// No reference could be made.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Keeps what somebody asks for.
pub async fn raise(tx: &mut Tx, actor: &Actor, ask: Ask, at: Timestamp) -> Result<SiteRequest, RaiseError> {
    if store::NOTES.too_many_from(tx, &ask.asker).await? {
        let of_help = ask.asker.is_nobody();
        return Err(if of_help { RaiseError::TooManyOfHelp } else { RaiseError::TooMany });
    }
    let request = SiteRequest {
        id: tx.ids().make(at),
        reference: Reference::random('R')?,
        ask,
        created_at: at,
        state: State::Open,
    };
    store::insert(tx, &request).await?;
    let subject = Subject::new("site-request", request.id);
    trail::changed(tx, actor, "site-request.raise", &subject, &json!({}), at).await?;
    tell_duties(tx, kinds::REQUEST_WAITING, Where::Requests, None, at).await?;
    // Nothing of help sites is told to anybody outside.
    if !request.ask.asker.is_nobody() {
        event::happened(tx, "request.made", ("request", request.reference.to_string()), at).await?;
    }
    Ok(request)
}

/// Why a request was not answered.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// There is none with that reference.
    #[error("there is no request with that reference; `fivebar requests list` shows them")]
    NotFound,
    /// It has an answer.
    #[error(transparent)]
    NotOpen(#[from] NotOpen),
    /// An answer without a reason helps nobody.
    #[error("an answer needs a reason, which the asker reads")]
    NoReason,
    /// Nobody knows who asked, so it must be said who may use the site.
    #[error("nobody knows who asked; say with --whom for whom the site is opened, as in --whom group:year-9")]
    NobodyKnown,
    /// More or other than one site of the internet was asked for, as a version before this one let people do.
    #[error(
        "{why}. Refuse the request and say what to ask for: `fivebar requests refuse {reference} --reason …`"
    )]
    NoSite {
        /// What is wrong with what is asked for.
        why: String,
        /// The request.
        reference: Reference,
    },
    /// The override that an approval makes was refused.
    #[error(transparent)]
    Grant(#[from] GrantError),
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Opens the site for whoever asked, or for `whom`, until `ends_at`. The exception is made in the same transaction;
/// publish afterwards, and the gate knows within a second.
pub async fn approve(
    tx: &mut Tx,
    permit: &Permit<ApproveRequest>,
    whom: Option<Whom>,
    reason: &str,
    ends_at: Timestamp,
    at: Timestamp,
) -> Result<(SiteRequest, Override), AnswerError> {
    open_up(tx, permit, whom, reason, ends_at, at).await
}

/// The same for any permit that lets a request be approved, as that of a second person.
pub(super) async fn open_up<A: Action<Subject = Reference>>(
    tx: &mut Tx,
    permit: &Permit<A>,
    whom: Option<Whom>,
    reason: &str,
    ends_at: Timestamp,
    at: Timestamp,
) -> Result<(SiteRequest, Override), AnswerError> {
    let (actor, reference) = (permit.actor(), permit.subject());
    let request = open(tx, reference, reason).await?;
    if let Err(NoSite { why, .. }) = check_one_site(&request.ask.site.host) {
        return Err(AnswerError::NoSite { why, reference: reference.clone() });
    }
    if let Some(whom) = &whom {
        overrides::actions::somebody(tx, whom).await?;
    }
    let whom = whom.or_else(|| asker(&request)).ok_or(AnswerError::NobodyKnown)?;
    let request = request.approve(reason.trim().to_owned(), ends_at, at)?;
    let grant = Grant {
        whom,
        effect: engine::document::Effect::Allow,
        target: request.ask.site.host.clone(),
        reason: reason.trim().to_owned(),
        span: Span { starts_at: at, ends_at },
        request: Some(request.id),
    };
    let granted = overrides::actions::grant(tx, actor, grant, at).await?;
    answer(tx, actor, &request, "site-request.approve", at).await?;
    Ok((request, granted))
}

/// Takes an open request for a site that is open to everyone out of the records: there is nothing to open, and who asked for
/// a helpline is not kept. Why it is open; `None` where it is not, or no request waits under that reference.
pub async fn forget_always_open(
    tx: &mut Tx,
    actor: &Actor,
    reference: &Reference,
    catalogue: &Catalogue,
    confirmed: &[String],
    at: Timestamp,
) -> Result<Option<AlwaysOpen>, StoreError> {
    let Some(request) = store::by_reference(tx, reference).await? else { return Ok(None) };
    let Some(open) = AlwaysOpen::of(&request.ask.site.host, catalogue, confirmed) else { return Ok(None) };
    if !store::remove(tx, &request).await? {
        return Ok(None);
    }
    let subject = Subject::new("site-request", request.id);
    trail::changed(tx, actor, "site-request.forget", &subject, &json!({}), at).await?;
    Ok(Some(open))
}

/// Leaves the site closed, and says why.
pub async fn refuse(
    tx: &mut Tx,
    permit: &Permit<RefuseRequest>,
    reason: &str,
    at: Timestamp,
) -> Result<SiteRequest, AnswerError> {
    let request = open(tx, permit.subject(), reason).await?.refuse(reason.trim().to_owned(), at)?;
    answer(tx, permit.actor(), &request, "site-request.refuse", at).await?;
    Ok(request)
}

/// The request with that reference. Where its override was ended before its time, that is when it ends.
pub async fn find(tx: &mut Tx, reference: &Reference) -> Result<Option<SiteRequest>, StoreError> {
    let Some(mut request) = store::by_reference(tx, reference).await? else { return Ok(None) };
    if let State::Approved { ends_at, .. } = &mut request.state
        && let Some(withdrawn) = overrides::actions::withdrawn(tx, request.id).await?
    {
        *ends_at = withdrawn.at;
    }
    Ok(Some(request))
}

/// The newest requests; only those that wait where asked.
pub async fn list(tx: &mut Tx, only_open: bool, at_most: u32) -> Result<Vec<SiteRequest>, StoreError> {
    store::newest(tx, only_open, at_most).await
}

/// What somebody wrote here who was signed in, newest first.
pub async fn of_person(tx: &mut Tx, person: PersonNo, at_most: u32) -> Result<Vec<SiteRequest>, StoreError> {
    store::of_person(tx, person, at_most).await
}

/// What somebody asked for of late, signed in or by their device; newest first.
pub async fn lately_of(
    tx: &mut Tx,
    person: PersonNo,
    since: Timestamp,
    at_most: u32,
) -> Result<Vec<SiteRequest>, StoreError> {
    store::lately_of(tx, person, since, at_most).await
}

pub(super) async fn open(
    tx: &mut Tx,
    reference: &Reference,
    reason: &str,
) -> Result<SiteRequest, AnswerError> {
    if reason.trim().is_empty() {
        return Err(AnswerError::NoReason);
    }
    store::by_reference(tx, reference).await?.ok_or(AnswerError::NotFound)
}

async fn answer(
    tx: &mut Tx,
    actor: &Actor,
    request: &SiteRequest,
    verb: &str,
    at: Timestamp,
) -> Result<(), AnswerError> {
    if !store::answer(tx, request, actor).await? {
        return Err(NotOpen { was: "answered" }.into());
    }
    trail::changed(tx, actor, verb, &Subject::new("site-request", request.id), &json!({}), at).await?;
    if !request.ask.asker.is_nobody() {
        event::happened(tx, "request.answered", ("request", request.reference.to_string()), at).await?;
    }
    // Whatever is proposed about it waits for nothing now.
    match approval::overtake(tx, actor, super::agreeing::KIND, &request.id.to_string(), at).await {
        Ok(_) => Ok(()),
        Err(approval::AnswerError::Store(error)) => Err(error.into()),
        // It was answered in this very moment: it waits no more either.
        Err(_) => Ok(()),
    }
}

/// Whoever asked, where that is known well enough to open something for them alone: whoever was signed in, before whose device it is.
pub(super) fn asker(request: &SiteRequest) -> Option<Whom> {
    request.ask.asker.whoever().map(Whom::Person)
}
