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

use super::actions::{self, RaiseError};
use super::model::{Ask, HowLong, SiteRequest};
use super::views;
use crate::asker::Asker;
use crate::portal::speech::{Visit, mistakes as spoken};
use crate::portal::{Carried, Portal, Refusal, Visitor, not_kept};
use crate::site::{Site, check_one_site};
use crate::site_note::pages::{LONGEST_WORDS, reference, too_long, typed_site};
use crate::site_note::views::{always_open, of_help};

pub(crate) fn routes() -> Router<Portal> {
    Router::new().route("/requests", get(new).post(raise)).route("/requests/{reference}", get(show))
}

async fn new(State(portal): State<Portal>, visit: Visit, carried: Carried) -> Response {
    let refusal = portal.refusal(&carried.ticket, portal.clock.now());
    let begun = begun(refusal.as_ref(), &carried.ticket);
    portal.respond_to(&visit, &views::form(&visit.say, &begun, &Mistakes::default()))
}

/// The form as it begins: the site is there where a ticket names it.
fn begun(refusal: Option<&Refusal>, ticket: &str) -> Submitted {
    let site = refusal.and_then(|refusal| refusal.host.as_deref()).unwrap_or("");
    Submitted::of([("site", site), ("t", ticket)])
}

async fn raise(
    State(portal): State<Portal>,
    visitor: Visitor,
    who: Anybody,
    visit: Visit,
    form: Submitted,
) -> Response {
    let say = &visit.say;
    let at = portal.clock.now();
    let ticket = form.text("t");
    // Before anything else is asked of them: nobody has to say why they need a helpline.
    if let Some(site) = Site::typed(&form.line("site"))
        && let Some(open) = portal.always_open(&site.host)
    {
        return portal.respond_to(&visit, &always_open(say, &site.host, open));
    }
    let asker = portal.asker_with(ticket, visitor, who, at);
    let mut ask = match check(say, &form, asker) {
        Ok(ask) => ask,
        Err(mistakes) => return portal.respond_to(&visit, &views::form(say, &form, &mistakes)),
    };
    // A site of help that the school has not confirmed.
    if portal.is_help(&ask.site.host) {
        ask.asker = Asker::nobody();
    }
    match keep(&portal, ask, at).await {
        Ok(request) if request.ask.asker.is_nobody() => {
            portal.respond_to(&visit, &of_help(say, &request.ask.site.host))
        }
        Ok(request) => {
            let page = format!("/requests/{}", request.reference);
            Redirect::to(&portal.way_to(&page, &asker, ticket, (visitor, who))).into_response()
        }
        Err(error @ (RaiseError::TooMany | RaiseError::TooManyOfHelp)) => {
            let mut mistakes = spoken(say);
            mistakes.add("site", format!("{error}. Wait for an answer, or ask somebody in person."));
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

async fn keep(portal: &Portal, ask: Ask, at: Timestamp) -> Result<SiteRequest, RaiseError> {
    let mut tx = portal.db.begin().await?;
    let request = actions::raise(&mut tx, &Actor::Job("portal"), ask, at).await?;
    tx.commit().await?;
    Ok(request)
}

/// What is asked, or everything that keeps the form from being taken.
pub(super) fn check(say: &Say, form: &Submitted, asker: Asker) -> Result<Ask, Mistakes> {
    let mut mistakes = spoken(say);
    let site = typed_site(say, form, &mut mistakes, "ask.need-site");
    // Whoever answers should not have to find out that a yes would open far more than was meant.
    if let Some(Err(no_site)) = site.as_ref().map(|site| check_one_site(&site.host)) {
        mistakes.add("site", no_site.to_string());
    }
    let words = form.text("what");
    if words.is_empty() {
        mistakes.add("what", say.say("ask.need-what"));
    } else if words.chars().count() > LONGEST_WORDS {
        mistakes.add("what", too_long(say));
    }
    let how_long = HowLong::of(form.text("how-long"));
    if how_long.is_none() {
        mistakes.add("how-long", say.say("ask.need-long"));
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
    who: Anybody,
    visit: Visit,
    Carried { ticket }: Carried,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    let reference = reference(path)?;
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let request = actions::find(&mut tx, &reference).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    // Whoever did not ask may not know that there is such a request.
    let request = request
        .filter(|request| portal.is_asker(&request.ask.asker, &ticket, visitor, who))
        .ok_or(PageError::NotFound)?;
    Ok(portal.respond_to(&visit, &views::answer(&visit.say, &request, &portal.zone)))
}
