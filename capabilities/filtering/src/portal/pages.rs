//! The first page, why something was refused, help, and whether the portal is well.

use std::convert::Infallible;

use axum::Router;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use people::account::views::first_one;
use people::duty;
use store::StoreError;
use web::PageError;

use super::speech::Visit;
use super::views::Recent;
use super::{Portal, Visitor, views};

pub(super) fn routes() -> Router<Portal> {
    Router::new()
        .route("/", get(first))
        .route("/why", get(why))
        .route("/help", get(help))
        .route("/health", get(health))
}

/// The one thing our links carry: a ticket, in which nothing can be read. Whatever else an address says is passed over.
#[derive(Debug, Default)]
pub(crate) struct Carried {
    /// The ticket; empty where there is none.
    pub ticket: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Carried {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let fields = parts.uri.query().unwrap_or("").split('&');
        // A ticket is letters, digits, `-` and `_`, so nothing in it is encoded.
        let ticket = fields.filter_map(|field| field.strip_prefix("t=")).next().unwrap_or("");
        Ok(Self { ticket: ticket.to_owned() })
    }
}

async fn first(State(portal): State<Portal>, visit: Visit) -> Response {
    let page = views::first(&visit.say, &portal.service);
    // Without its records the portal says what it can.
    let page = match is_nobodys(&portal).await {
        Ok(true) => page.with(first_one()),
        Ok(false) | Err(_) => page,
    };
    portal.respond_to(&visit, &page)
}

/// Whether nobody holds a duty yet, so that nobody can let anybody in here.
async fn is_nobodys(portal: &Portal) -> Result<bool, StoreError> {
    let mut tx = portal.db.read().await?;
    let nobody = duty::nobody_holds_any(&mut tx, portal.clock.now()).await?;
    tx.roll_back().await?;
    Ok(nobody)
}

async fn why(
    State(portal): State<Portal>,
    visitor: Visitor,
    visit: Visit,
    Carried { ticket }: Carried,
) -> Response {
    let say = &visit.say;
    let at = portal.clock.now();
    if let Some(refusal) = portal.refusal(&ticket, at) {
        let named = portal.named_by(&refusal).await;
        return portal
            .respond_to(&visit, &views::why(say, &refusal, &named, &ticket, &portal.help, &portal.zone));
    }
    let recent = match visitor {
        Visitor::BehindGate(_) => Recent::WhoseDevice,
        Visitor::At(address) => match portal.recent.last(address).await {
            Ok(refusals) => Recent::These(refusals),
            Err(error) => {
                tracing::warn!(%error, "The portal cannot show what a device was refused");
                Recent::NotNow
            }
        },
    };
    let page = views::recent(say, &recent, !ticket.is_empty(), &portal.help, &portal.zone);
    portal.respond_to(&visit, &page)
}

async fn help(State(portal): State<Portal>, visit: Visit) -> Response {
    portal.respond_to(&visit, &views::help(&visit.say, &portal.help))
}

/// Says `ok` when a page could be shown and the records can be read.
async fn health(State(portal): State<Portal>) -> Result<Response, PageError> {
    let tx = portal.db.read().await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    Ok("ok\n".into_response())
}
