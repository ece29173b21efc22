//! The form, and the page with the answer.

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use kit::{Private, Timestamp};
use people::account::Anybody;
use store::Actor;
use web::{Mistakes, PageError, Submitted};
use words::Say;

use super::actions::{self, FileError};
use super::model::{Kind, SiteReport, Tell};
use super::views;
use crate::asker::Asker;
use crate::portal::speech::{Visit, mistakes as spoken};
use crate::portal::{Carried, Portal, Visitor, not_kept};
use crate::site_note::pages::{LONGEST_WORDS, reference, too_long, typed_site};
use crate::site_note::views::of_help;

pub(crate) fn routes() -> Router<Portal> {
    Router::new().route("/reports", get(new).post(file)).route("/reports/{reference}", get(show))
}

async fn new(State(portal): State<Portal>, visit: Visit, carried: Carried) -> Response {
    let refusal = portal.refusal(&carried.ticket, portal.clock.now());
    let site = refusal.as_ref().and_then(|refusal| refusal.host.as_deref()).unwrap_or("");
    let kind = if site.is_empty() { "" } else { Kind::ShouldBeOpen.id() };
    let begun = Submitted::of([("site", site), ("kind", kind), ("t", &carried.ticket)]);
    portal.respond_to(&visit, &views::form(&visit.say, &begun, &Mistakes::default()))
}

async fn file(
    State(portal): State<Portal>,
    visitor: Visitor,
    who: Anybody,
    visit: Visit,
    form: Submitted,
) -> Response {
    let say = &visit.say;
    let at = portal.clock.now();
    let ticket = form.text("t");
    let asker = portal.asker_with(ticket, visitor, who, at);
    let mut tell = match check(say, &form, asker) {
        Ok(tell) => tell,
        Err(mistakes) => return portal.respond_to(&visit, &views::form(say, &form, &mistakes)),
    };
    if portal.is_help(&tell.site.host) {
        tell.asker = Asker::nobody();
    }
    match keep(&portal, tell, at).await {
        Ok(report) if report.tell.asker.is_nobody() => {
            portal.respond_to(&visit, &of_help(say, &report.tell.site.host))
        }
        Ok(report) => {
            let page = format!("/reports/{}", report.reference);
            Redirect::to(&portal.way_to(&page, &asker, ticket, (visitor, who))).into_response()
        }
        Err(error @ (FileError::TooMany | FileError::TooManyOfHelp)) => {
            let mut mistakes = spoken(say);
            mistakes.add("site", format!("{error}. Wait for an answer, or tell somebody in person."));
            portal.respond_to(&visit, &views::form(say, &form, &mistakes))
        }
        // Whatever went wrong, the person's words come back with the page.
        Err(error) => {
            let mut mistakes = spoken(say);
            mistakes.add("site", not_kept(&error));
            portal.respond_to(
                &visit,
                &views::form(say, &form, &mistakes).status(StatusCode::SERVICE_UNAVAILABLE),
            )
        }
    }
}

async fn keep(portal: &Portal, tell: Tell, at: Timestamp) -> Result<SiteReport, FileError> {
    let mut tx = portal.db.begin().await?;
    let report = actions::file(&mut tx, &Actor::Job("portal"), tell, at).await?;
    tx.commit().await?;
    Ok(report)
}

/// What is told, or everything that keeps the form from being taken.
pub(super) fn check(say: &Say, form: &Submitted, asker: Asker) -> Result<Tell, Mistakes> {
    let mut mistakes = spoken(say);
    let site = typed_site(say, form, &mut mistakes, "report.need-site");
    let kind = Kind::of(form.text("kind"));
    if kind.is_none() {
        mistakes.add("kind", say.say("report.need-wrong"));
    }
    let words = form.text("what");
    if words.is_empty() && kind == Some(Kind::Other) {
        mistakes.add("what", say.say("report.need-what"));
    } else if words.chars().count() > LONGEST_WORDS {
        mistakes.add("what", too_long(say));
    }
    match (site, kind) {
        (Some(site), Some(kind)) if mistakes.none() => {
            Ok(Tell { kind, site, words: Private::new(words.to_owned()), asker })
        }
        _ => Err(mistakes),
    }
}

async fn show(
    State(portal): State<Portal>,
    visitor: Visitor,
    who: Anybody,
    visit: Visit,
    Carried { ticket }: Carried,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    let reference = reference(path)?;
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let report = actions::find(&mut tx, &reference).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    // Whoever did not tell may not know that there is such a report.
    let report = report
        .filter(|report| portal.is_asker(&report.tell.asker, &ticket, visitor, who))
        .ok_or(PageError::NotFound)?;
    Ok(portal.respond_to(&visit, &views::answer(&visit.say, &report, &portal.zone)))
}
