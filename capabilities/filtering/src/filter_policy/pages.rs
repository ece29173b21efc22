//! The policy at the portal: its versions, who applied each and why, and what changed.

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use people::account::SignedIn;
use web::PageError;

use super::{actions, differences_by_group, prove, table_views, views};
use crate::portal::Portal;
use crate::portal::who_did::who_did;

kit::reading!(
    /// Reading the filter policy, its versions and what changed.
    ReadPolicy(()) = "policy.read"
);

pub(crate) fn routes() -> Router<Portal> {
    Router::new()
        .route("/staff/policy", get(all))
        .route("/staff/policy/{number}", get(one))
        .route("/staff/policy/{number}/table", get(table))
        .route("/staff/policy/{number}/since/{before}", get(since))
}

async fn all(State(portal): State<Portal>, who: SignedIn) -> Result<Response, PageError> {
    who.may::<ReadPolicy>(())?;
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let versions = actions::history(&mut tx).await.map_err(PageError::unexpected)?;
    let (_, altered) = prove(&mut tx).await.map_err(PageError::unexpected)?;
    let mut lines = Vec::new();
    for version in versions {
        lines.push(views::Line {
            by: who_did(&mut tx, &version.applied_by).await.map_err(PageError::unexpected)?,
            version,
        });
    }
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let altered: Vec<String> = altered.iter().map(ToString::to_string).collect();
    Ok(who.respond(&views::all(&lines, &altered, &portal.zone)))
}

async fn one(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<u32>, PathRejection>,
) -> Result<Response, PageError> {
    let Path(number) = path.map_err(|_| PageError::NotFound)?;
    compared(&portal, &who, number, number.saturating_sub(1)).await
}

/// The permitted-use table of a version.
async fn table(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<u32>, PathRejection>,
) -> Result<Response, PageError> {
    who.may::<ReadPolicy>(())?;
    let Path(number) = path.map_err(|_| PageError::NotFound)?;
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let versions = actions::history(&mut tx).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let version = versions.iter().find(|version| version.number == number).ok_or(PageError::NotFound)?;
    Ok(who.respond(&table_views::table(version, version.document().ok().as_ref(), &portal.zone)))
}

async fn since(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<(u32, u32)>, PathRejection>,
) -> Result<Response, PageError> {
    let Path((number, before)) = path.map_err(|_| PageError::NotFound)?;
    compared(&portal, &who, number, before).await
}

/// One version beside another; beside nothing where there is none of that number.
async fn compared(portal: &Portal, who: &SignedIn, number: u32, before: u32) -> Result<Response, PageError> {
    who.may::<ReadPolicy>(())?;
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let versions = actions::history(&mut tx).await.map_err(PageError::unexpected)?;
    let find = |number: u32| versions.iter().find(|version| version.number == number);
    let version = find(number).ok_or(PageError::NotFound)?.clone();
    let line = views::Line {
        by: who_did(&mut tx, &version.applied_by).await.map_err(PageError::unexpected)?,
        version,
    };
    tx.roll_back().await.map_err(PageError::unexpected)?;
    // A version that this program cannot read any more is shown without what changed.
    let documents =
        find(before).and_then(|before| Some((before.document().ok()?, line.version.document().ok()?)));
    let changed = documents.map(|(before, now)| differences_by_group(&before, &now));
    let others = versions.iter().map(|version| version.number).filter(|other| *other < number);
    let about = views::Compared { before, changed, others: others.collect() };
    Ok(who.respond(&views::one(&line, &about, &portal.zone)))
}
