//! The kept tests of the filter at the portal.

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use people::account::SignedIn;
use web::PageError;

use super::{kept, newest, problem, views};
use crate::errand::{self, Errand};
use crate::portal::Portal;

kit::reading!(
    /// Reading what tests of the filter found.
    ReadFilterTests(()) = "filter-test.read"
);
kit::action!(
    /// Testing the filter now.
    RunFilterTest(()) = "filter-test.run"
);

/// How many are shown.
const SHOWN: u32 = 60;

pub(crate) fn routes() -> Router<Portal> {
    Router::new()
        .route("/staff/filter-tests", get(all))
        .route("/staff/filter-tests/now", post(now))
        .route("/staff/filter-tests/{number}", get(one))
}

async fn all(State(portal): State<Portal>, who: SignedIn) -> Result<Response, PageError> {
    who.may::<ReadFilterTests>(())?;
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let tests = newest(&mut tx, SHOWN).await.map_err(PageError::unexpected)?;
    let problem = problem(&mut tx).await.map_err(PageError::unexpected)?;
    let may = who.offers::<RunFilterTest>();
    let now = errand::offer(&mut tx, &portal, &who, &Errand::Test, may).await?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    Ok(who.respond(&views::all(&tests, problem.as_deref(), &now, who.at(), &portal.zone)))
}

/// Has the hub test the filter. Sent twice, it is tested once.
async fn now(State(portal): State<Portal>, who: SignedIn) -> Result<Response, PageError> {
    let (tx, permit) = who.begin::<RunFilterTest>(()).await?;
    errand::send(&portal, tx, Errand::Test, (permit.actor().clone(), permit.at())).await?;
    Ok(Redirect::to(views::PAGE).into_response())
}

async fn one(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<u32>, PathRejection>,
) -> Result<Response, PageError> {
    who.may::<ReadFilterTests>(())?;
    let Path(number) = path.map_err(|_| PageError::NotFound)?;
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let test = kept(&mut tx, number).await.map_err(PageError::unexpected)?.ok_or(PageError::NotFound)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    Ok(who.respond(&views::one(&test, &portal.zone)))
}
