//! What whoever is signed in asked for and reported, and the answers.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use people::account::SignedIn;
use web::PageError;

use super::own_views as views;
use crate::portal::Portal;
use crate::{site_report, site_request};

/// So many of each are shown.
const SHOWN: u32 = 50;

pub(crate) fn routes() -> Router<Portal> {
    Router::new().route("/me/asked", get(asked))
}

async fn asked(State(portal): State<Portal>, who: SignedIn) -> Result<Response, PageError> {
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let requests = site_request::actions::of_person(&mut tx, who.person(), SHOWN).await;
    let requests = requests.map_err(PageError::unexpected)?;
    let reports = site_report::actions::of_person(&mut tx, who.person(), SHOWN).await;
    let reports = reports.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    Ok(who.respond(&views::asked(&requests, &reports, &portal.zone)))
}
