//! The first page, why something was refused, help, and whether the portal is well.

use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use serde::Deserialize;
use web::PageError;

use super::{Portal, Visitor, views};

pub(super) fn routes() -> Router<Portal> {
    Router::new()
        .route("/", get(first))
        .route("/why", get(why))
        .route("/help", get(help))
        .route("/health", get(health))
}

/// The one thing our links carry: a ticket, in which nothing can be read.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Carried {
    #[serde(default)]
    pub t: String,
}

async fn first(State(portal): State<Portal>) -> Response {
    portal.respond(&views::first(&portal.service))
}

async fn why(
    State(portal): State<Portal>,
    visitor: Visitor,
    Query(Carried { t: ticket }): Query<Carried>,
) -> Response {
    let at = portal.clock.now();
    if let Some(refusal) = portal.refusal(&ticket, at) {
        return portal.respond(&views::why(&refusal, &ticket, &portal.help, &portal.zone));
    }
    let recent = portal.recent.last(visitor.0).await.inspect_err(|error| {
        tracing::warn!(%error, "The portal cannot show what a device was refused");
    });
    portal.respond(&views::recent(recent.as_deref().ok(), !ticket.is_empty(), &portal.help, &portal.zone))
}

async fn help(State(portal): State<Portal>) -> Response {
    portal.respond(&views::help(&portal.help))
}

/// Says `ok` when a page could be shown and the records can be read.
async fn health(State(portal): State<Portal>) -> Result<Response, PageError> {
    let tx = portal.db.read().await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    Ok("ok\n".into_response())
}
