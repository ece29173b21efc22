//! The lists at the portal: where each comes from, how long it is, when it was read, and what waits.

use ::store::Tx;
use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use people::account::SignedIn;
use web::{Mistakes, PageError, Submitted};

use super::keeping_pages::{self, HoldList, TakeList};
use super::removal::{self, RemoveList};
use super::{removal_pages, removal_views, removed, status, views};
use crate::errand::{self, Errand};
use crate::portal::Portal;

kit::reading!(
    /// Reading which lists are in use, and how each fares.
    ReadLists(()) = "list.read"
);

pub(crate) fn routes() -> Router<Portal> {
    Router::new()
        .route("/staff/lists", get(all))
        .route("/staff/lists/of/{*list}", get(show))
        .route("/staff/lists/hold", post(keeping_pages::hold))
        .route("/staff/lists/release", post(keeping_pages::release))
        .route("/staff/lists/take", post(keeping_pages::take))
        .merge(removal_pages::routes())
}

/// What a list is about, in the school's words.
fn about(portal: &Portal, ids: &[String]) -> String {
    let policy = portal.filter.policy();
    let catalogue = policy.catalogue();
    let name = |id: &String| {
        let known = catalogue.category_no(id).and_then(|number| catalogue.category(number));
        known.map_or_else(|| id.clone(), |known| known.name.clone())
    };
    ids.iter().map(name).collect::<Vec<_>>().join(", ")
}

async fn all(State(portal): State<Portal>, who: SignedIn) -> Result<Response, PageError> {
    who.may::<ReadLists>(())?;
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let lists = status(&mut tx).await.map_err(PageError::unexpected)?;
    let gone = removed(&mut tx).await.map_err(PageError::unexpected)?;
    let waiting = removal::waiting(&mut tx, who.at()).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let lines: Vec<views::Line> = lists
        .into_iter()
        .map(|status| views::Line { about: about(&portal, &status.list.categories), status })
        .collect();
    let going: Vec<(String, String)> = waiting
        .into_iter()
        .map(|proposed| (proposed.subject.clone(), removal_views::page(&proposed)))
        .collect();
    Ok(who.respond(&views::all(&lines, &going, &gone, &portal.zone)))
}

async fn show(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    who.may::<ReadLists>(())?;
    let Path(id) = path.map_err(|_| PageError::NotFound)?;
    one(&portal, &who, &id, &Submitted::default(), &Mistakes::default()).await
}

/// The page of one list that is in use, with whatever words stand in its form.
pub(super) async fn one(
    portal: &Portal,
    who: &SignedIn,
    id: &str,
    form: &Submitted,
    mistakes: &Mistakes,
) -> Result<Response, PageError> {
    who.may::<ReadLists>(())?;
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let line = line_of(&mut tx, portal, id).await?;
    let proposed = removal::of(&mut tx, id, who.at()).await.map_err(PageError::unexpected)?;
    let proposed = proposed.as_ref().map(removal_views::page);
    let may_take = who.offers::<TakeList>();
    let take = errand::offer(&mut tx, portal, who, &Errand::Take(id.to_owned()), may_take).await?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let may = views::May {
        hold: who.offers::<HoldList>(),
        remove: who.offers::<RemoveList>(),
        proposed: proposed.as_deref(),
        take: &take,
    };
    Ok(who.respond(&views::of(&line, &may, form, mistakes, &portal.zone)))
}

/// A list in use, with what it is about.
pub(super) async fn line_of(tx: &mut Tx, portal: &Portal, id: &str) -> Result<views::Line, PageError> {
    let lists = status(tx).await.map_err(PageError::unexpected)?;
    let found = lists.into_iter().find(|status| status.list.id == id).ok_or(PageError::NotFound)?;
    Ok(views::Line { about: about(portal, &found.list.categories), status: found })
}
