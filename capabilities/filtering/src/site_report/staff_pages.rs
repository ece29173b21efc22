//! Reports as those see them who answer: all of them, and one with how its site stands.

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use engine::LiveDocument;
use people::account::SignedIn;
use web::speech::say;
use web::{Mistakes, PageError, Submitted, checked_words, sentence};

use super::actions::{self, AnswerError, AnswerReport, AsRequestError, ReadReports};
use super::staff_views::{self as views, Teller};
use super::{Kind, Outcome, SiteReport};
use crate::explain::now;
use crate::overrides::GrantError;
use crate::overrides::Whom;
use crate::overrides::closing::{self, CloseError, CloseSite};
use crate::portal::{NotPublished, Portal, not_kept};
use crate::reference::Reference;
use crate::site_note::pages::reference;
use crate::site_request::actions::{RaiseError, ReadRequests};

/// How many are shown.
const SHOWN: u32 = 100;

pub(crate) fn routes() -> Router<Portal> {
    Router::new()
        .route("/staff/reports", get(all))
        .route("/staff/reports/{reference}", get(show))
        .route("/staff/reports/{reference}/answer", post(answer))
        .route("/staff/reports/{reference}/request", post(as_request))
}

async fn all(State(portal): State<Portal>, who: SignedIn) -> Result<Response, PageError> {
    who.may::<ReadReports>(())?;
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    // Whatever waits is shown, however much was answered since.
    let waiting = actions::list(&mut tx, true, SHOWN).await.map_err(PageError::unexpected)?;
    let newest = actions::list(&mut tx, false, SHOWN).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let answered = newest.into_iter().filter(|report| report.outcome != Outcome::Open).collect::<Vec<_>>();
    Ok(who.respond(&views::all(&waiting, &answered, &portal.zone)))
}

async fn show(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    one(&portal, &who, &reference(path)?, &Submitted::default(), &Mistakes::default()).await
}

/// The page of one report, with whatever words stand in its form.
async fn one(
    portal: &Portal,
    who: &SignedIn,
    reference: &Reference,
    form: &Submitted,
    mistakes: &Mistakes,
) -> Result<Response, PageError> {
    who.may::<ReadReports>(())?;
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let found = actions::find(&mut tx, reference).await.map_err(PageError::unexpected)?;
    let report = found.ok_or(PageError::NotFound)?;
    let asker = report.tell.asker;
    let person = match asker.whoever() {
        Some(person) => people::person(&mut tx, person).await.map_err(PageError::unexpected)?,
        None => None,
    };
    let device_of = match asker.device_of() {
        Some(person) => people::name_of(&mut tx, person).await.map_err(PageError::unexpected)?,
        None => None,
    };
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let identity = now::identity_of(portal, &asker, person.as_ref());
    let now = now::now(portal, who, &report.tell.site.host, &identity).await?;
    let waits = report.outcome == Outcome::Open;
    let seen = views::Seen {
        teller: Teller::of(&asker, person.map(|person| person.name), device_of),
        now,
        may_answer: waits && who.offers::<AnswerReport>(),
        may_close: waits && who.offers::<CloseSite>(),
        may_ask: waits && may_ask(portal, who, &report),
    };
    Ok(who.respond(&views::one(&report, &seen, form, mistakes, &portal.zone)))
}

/// Whether a request can be made of it: what is open to everyone needs none.
fn may_ask(portal: &Portal, who: &SignedIn, report: &SiteReport) -> bool {
    report.tell.kind == Kind::ShouldBeOpen
        && who.offers::<AnswerReport>()
        && who.offers::<ReadRequests>()
        && portal.always_open(&report.tell.site.host).is_none()
}

async fn answer(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    let reference = reference(path)?;
    who.could::<AnswerReport>(reference.clone())?;
    let closes = form.text("outcome") == "close";
    if closes {
        who.could::<CloseSite>(Whom::Everyone)?;
    }
    let mut mistakes = Mistakes::default();
    if !matches!(form.text("outcome"), "close" | "changed" | "left") {
        mistakes.add("outcome", say("reports.select-what-becomes-of"));
    }
    if closes {
        checked_words(&form, "why", &say("reports.enter-why-it-is"), &mut mistakes);
    }
    checked_words(&form, "answer", &say("reports.enter-an-answer"), &mut mistakes);
    if !mistakes.none() {
        return one(&portal, &who, &reference, &form, &mistakes).await;
    }
    let (mut tx, permit) = who.begin::<AnswerReport>(reference.clone()).await?;
    let changed = form.text("outcome") != "left";
    let report = match actions::answer(&mut tx, &permit, changed, form.text("answer"), permit.at()).await {
        Ok(report) => report,
        Err(error) => {
            drop(tx);
            mistakes.add_whole(told(error)?);
            return one(&portal, &who, &reference, &form, &mistakes).await;
        }
    };
    if !closes {
        tx.commit().await.map_err(PageError::unexpected)?;
        return Ok(to(&reference));
    }
    // Closed and answered in one: nobody is told that it is closed where it is not.
    let closing = who.also::<CloseSite>(&mut tx, &permit, Whom::Everyone).await?;
    let (policy, live) = portal.filter.both();
    let (site, why) = (&report.tell.site.host, form.text("why"));
    let made = match closing::close(&mut tx, &closing, (&policy, &live), site, why, permit.at()).await {
        Ok(made) => made,
        Err(CloseError::Grant(GrantError::Store(error))) => return Err(PageError::unexpected(error)),
        Err(error) => {
            drop(tx);
            mistakes.add("outcome", sentence(&error.to_string()));
            return one(&portal, &who, &reference, &form, &mistakes).await;
        }
    };
    let new = LiveDocument { overrides: vec![made.published()], ..LiveDocument::default() };
    match portal.publishes.live(tx, new, permit.actor().clone(), permit.at()).await {
        Ok(()) => Ok(to(&reference)),
        Err(NotPublished::CannotBe(why)) => {
            mistakes.add_whole(sentence(&why));
            one(&portal, &who, &reference, &form, &mistakes).await
        }
        Err(NotPublished::Failed(error)) => {
            mistakes.add_whole(not_kept(error.as_ref()));
            let page = one(&portal, &who, &reference, &form, &mistakes).await?;
            Ok((StatusCode::SERVICE_UNAVAILABLE, page).into_response())
        }
    }
}

async fn as_request(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    let reference = reference(path)?;
    who.could::<AnswerReport>(reference.clone())?;
    who.may::<ReadRequests>(())?;
    let (mut tx, permit) = who.begin::<AnswerReport>(reference.clone()).await?;
    let found = actions::find(&mut tx, &reference).await.map_err(PageError::unexpected)?;
    let is_open = found.is_some_and(|report| portal.always_open(&report.tell.site.host).is_some());
    let mut mistakes = Mistakes::default();
    if is_open {
        mistakes.add_whole(say("reports.it-is-open-to"));
    } else {
        match actions::as_request(&mut tx, &permit, permit.at()).await {
            Ok(request) => {
                tx.commit().await.map_err(PageError::unexpected)?;
                return Ok(Redirect::to(&format!("/staff/requests/{}", request.reference)).into_response());
            }
            Err(AsRequestError::Answer(error)) => mistakes.add_whole(told(error)?),
            Err(AsRequestError::OtherKind) => return Err(PageError::NotFound),
            Err(AsRequestError::Raise(RaiseError::Store(error))) => return Err(PageError::unexpected(error)),
            Err(AsRequestError::Raise(error)) => mistakes.add_whole(sentence(&error.to_string())),
        }
    }
    drop(tx);
    one(&portal, &who, &reference, &Submitted::default(), &mistakes).await
}

/// What is said of an error that is somebody's to mend.
fn told(error: AnswerError) -> Result<String, PageError> {
    match error {
        AnswerError::NotFound => Err(PageError::NotFound),
        AnswerError::Store(error) => Err(PageError::unexpected(error)),
        AnswerError::AlreadyAnswered(_) => Ok(say("request.somebody-else-has-answered")),
        error @ AnswerError::NoReason => Ok(sentence(&error.to_string())),
    }
}

fn to(reference: &Reference) -> Response {
    Redirect::to(&format!("/staff/reports/{reference}")).into_response()
}
