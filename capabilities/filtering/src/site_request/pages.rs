//! The form, and the page with the answer.

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use kit::{Private, Timestamp};
use people::account::Anybody;
use store::{Actor, StoreError};
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

/// So many at most are shown of what was asked for within so long.
const LATELY: u32 = 10;
const LATELY_MS: i64 = 28 * 86_400_000;

pub(crate) fn routes() -> Router<Portal> {
    Router::new().route("/requests", get(new).post(raise)).route("/requests/{reference}", get(show))
}

async fn new(
    State(portal): State<Portal>,
    visitor: Visitor,
    who: Anybody,
    visit: Visit,
    carried: Carried,
) -> Response {
    let refusal = portal.refusal(&carried.ticket, portal.clock.now());
    let begun = begun(refusal.as_ref(), &carried.ticket);
    let lately = lately(&portal, &carried.ticket, visitor, who).await.unwrap_or_else(|error| {
        // Whoever wants to ask can, all the same.
        tracing::warn!(%error, "What was asked for of late could not be read");
        Vec::new()
    });
    let form = views::form(&visit.say, &begun, &Mistakes::default());
    portal.respond_to(&visit, &form.with(views::lately(&visit.say, &lately)))
}

/// What whoever is there asked for of late, where it is known who that is: what was asked at a device that is nobody's own may be another's.
async fn lately(
    portal: &Portal,
    ticket: &str,
    visitor: Visitor,
    who: Anybody,
) -> Result<Vec<SiteRequest>, StoreError> {
    let at = portal.clock.now();
    let Some(person) = portal.asker_with(ticket, visitor, who, at).whoever() else { return Ok(Vec::new()) };
    let mut tx = portal.db.read().await?;
    let mut asked = actions::lately_of(&mut tx, person, at.plus_millis(-LATELY_MS), LATELY).await?;
    tx.roll_back().await?;
    asked.retain(|request| portal.is_asker(&request.ask.asker, ticket, visitor, who));
    Ok(asked)
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
