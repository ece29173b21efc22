//! The lists at the portal: where each comes from, how long it is, when it was read, and what waits.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use people::account::SignedIn;
use web::PageError;

use super::{removed, status, views};
use crate::portal::Portal;

kit::reading!(
    /// Reading which lists are in use, and how each fares.
    ReadLists(()) = "list.read"
);

pub(crate) fn routes() -> Router<Portal> {
    Router::new().route("/staff/lists", get(all))
}

async fn all(State(portal): State<Portal>, who: SignedIn) -> Result<Response, PageError> {
    who.may::<ReadLists>(())?;
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let lists = status(&mut tx).await.map_err(PageError::unexpected)?;
    let gone = removed(&mut tx).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let policy = portal.filter.policy();
    let named = |ids: &[String]| -> String {
        let catalogue = policy.catalogue();
        let name = |id: &String| {
            let known = catalogue.category_no(id).and_then(|number| catalogue.category(number));
            known.map_or_else(|| id.clone(), |known| known.name.clone())
        };
        ids.iter().map(name).collect::<Vec<_>>().join(", ")
    };
    let lines: Vec<views::Line> = lists
        .into_iter()
        .map(|status| views::Line { about: named(&status.list.categories), status })
        .collect();
    Ok(who.respond(&views::all(&lines, &gone, &portal.zone)))
}
