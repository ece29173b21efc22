//! The form, and the page with the answer.

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use kit::{Private, Timestamp};
use store::Actor;
use web::{Mistakes, PageError, Submitted};

use super::actions::{self, RaiseError};
use super::model::{Ask, HowLong, SiteRequest};
use super::views;
use crate::asker::Asker;
use crate::portal::{Carried, Portal, Refusal, Visitor, not_kept};
use crate::site::{Site, check_one_site};
use crate::site_note::pages::{LONGEST_WORDS, reference, typed_site};
use crate::site_note::views::always_open;

pub(crate) fn routes() -> Router<Portal> {
    Router::new().route("/requests", get(new).post(raise)).route("/requests/{reference}", get(show))
}

async fn new(State(portal): State<Portal>, carried: Carried) -> Response {
    let refusal = portal.refusal(&carried.ticket, portal.clock.now());
    portal.respond(&views::form(&begun(refusal.as_ref(), &carried.ticket), &Mistakes::default()))
}

/// The form as it begins: the site is there where a ticket names it.
fn begun(refusal: Option<&Refusal>, ticket: &str) -> Submitted {
    let site = refusal.and_then(|refusal| refusal.host.as_deref()).unwrap_or("");
    Submitted::of([("site", site), ("t", ticket)])
}

async fn raise(State(portal): State<Portal>, visitor: Visitor, form: Submitted) -> Response {
    let at = portal.clock.now();
    let ticket = form.text("t");
    // Before anything else is asked of them: nobody has to say why they need a helpline.
    if let Some(site) = Site::typed(&form.line("site"))
        && let Some(open) = portal.always_open(&site.host)
    {
        return portal.respond(&always_open(&site.host, open));
    }
    let asker = portal.asker_with(ticket, visitor, at);
    let ask = match check(&form, asker) {
        Ok(ask) => ask,
        Err(mistakes) => return portal.respond(&views::form(&form, &mistakes)),
    };
    match keep(&portal, ask, at).await {
        Ok(request) => {
            let page = format!("/requests/{}", request.reference);
            Redirect::to(&portal.way_to(&page, &asker, ticket, visitor)).into_response()
        }
        Err(error @ RaiseError::TooMany) => {
            let mut mistakes = Mistakes::default();
            mistakes.add("site", format!("{error}. Wait for an answer, or ask somebody in person."));
            portal.respond(&views::form(&form, &mistakes))
        }
        // Whatever went wrong, the person's words come back with the page.
        Err(error) => {
            let mut mistakes = Mistakes::default();
            mistakes.add("site", not_kept(&error));
            portal.respond(&views::form(&form, &mistakes).status(StatusCode::SERVICE_UNAVAILABLE))
        }
    }
}

async fn keep(portal: &Portal, ask: Ask, at: Timestamp) -> Result<SiteRequest, RaiseError> {
    let mut tx = portal.db.begin().await?;
    let request = actions::raise(&mut tx, &Actor::Job("portal"), ask, at).await?;
    tx.commit().await?;
    Ok(request)
}

/// What is asked, or everything that keeps the form from being taken.
pub(super) fn check(form: &Submitted, asker: Asker) -> Result<Ask, Mistakes> {
    let mut mistakes = Mistakes::default();
    let site = typed_site(form, &mut mistakes, "Enter the site you need");
    // Whoever answers should not have to find out that a yes would open far more than was meant.
    if let Some(Err(no_site)) = site.as_ref().map(|site| check_one_site(&site.host)) {
        mistakes.add("site", no_site.to_string());
    }
    let words = form.text("what");
    if words.is_empty() {
        mistakes.add("what", "Enter what you need the site for");
    } else if words.chars().count() > LONGEST_WORDS {
        mistakes.add(
            "what",
            format!("Shorten what you need the site for to {LONGEST_WORDS} characters or fewer"),
        );
    }
    let how_long = HowLong::of(form.text("how-long"));
    if how_long.is_none() {
        mistakes.add("how-long", "Select how long you need the site");
    }
    match (site, how_long) {
        (Some(site), Some(how_long)) if mistakes.none() => {
            Ok(Ask { site, words: Private::new(words.to_owned()), how_long, asker })
        }
        _ => Err(mistakes),
    }
}

async fn show(
    State(portal): State<Portal>,
    visitor: Visitor,
    Carried { ticket }: Carried,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    let reference = reference(path)?;
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let request = actions::find(&mut tx, &reference).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    // Whoever did not ask may not know that there is such a request.
    let request = request
        .filter(|request| portal.is_asker(&request.ask.asker, &ticket, visitor))
        .ok_or(PageError::NotFound)?;
    Ok(portal.respond(&views::answer(&request, &portal.zone)))
}
