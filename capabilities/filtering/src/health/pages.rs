//! How the filter fares, and its back-ups, at the portal.

use std::time::Duration;

use ::backups::kept;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use people::account::SignedIn;
use store::retention::{self, Retention};
use web::PageError;

use super::back_up_views::{self, BackUps};
use super::{Seen, backups, items, kept_views, views};
use crate::portal::Portal;
use crate::{filter_test, list};

kit::reading!(
    /// Seeing how the filter fares and when it was backed up.
    ReadHealth(()) = "health.read"
);

kit::reading!(
    /// Seeing how long things are kept, and what went.
    ReadKept(()) = "retention.read"
);

/// How long the log is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many tests are looked at for failures that stand.
const LOOKED_BACK: u32 = 60;
/// How many back-ups are shown.
const SHOWN: u32 = 50;

pub(crate) fn routes() -> Router<Portal> {
    Router::new()
        .route("/staff/health", get(health))
        .route("/staff/back-ups", get(back_ups))
        .route("/staff/kept", get(how_long))
}

async fn health(State(portal): State<Portal>, who: SignedIn) -> Result<Response, PageError> {
    who.may::<ReadHealth>(())?;
    let log = portal.log.clone();
    let asked = tokio::task::spawn_blocking(move || log.status_within(PATIENCE).ok());
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let lists = list::status(&mut tx).await.map_err(PageError::unexpected)?;
    let tests = filter_test::newest(&mut tx, LOOKED_BACK).await.map_err(PageError::unexpected)?;
    let not_tested = filter_test::problem(&mut tx).await.map_err(PageError::unexpected)?;
    let backups = backups::newest(&mut tx, SHOWN).await.map_err(PageError::unexpected)?;
    let known = kept::known(&mut tx).await.map_err(PageError::unexpected)?;
    let erased = retention::last(&mut tx).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let log = asked.await.unwrap_or_default();
    let gate = portal.gate.health();
    let seen = Seen {
        at: who.at(),
        gate: gate.as_ref(),
        log: log.as_ref(),
        lists: &lists,
        tests: &tests,
        not_tested: not_tested.as_deref(),
        backup: backups.iter().find(|backup| !backup.restored),
        by_rule: portal.back_ups.rule.as_ref().map(|rule| (rule, &known)),
        erased: erased.as_ref(),
        zone: &portal.zone,
    };
    Ok(who.respond(&views::health(&items(&seen), who.at(), &portal.zone)))
}

async fn how_long(State(portal): State<Portal>, who: SignedIn) -> Result<Response, PageError> {
    who.may::<ReadKept>(())?;
    let rules = Retention::built_in().map_err(PageError::unexpected)?;
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let last = retention::last(&mut tx).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    Ok(who.respond(&kept_views::kept(&rules, last.as_ref(), &portal.zone)))
}

async fn back_ups(State(portal): State<Portal>, who: SignedIn) -> Result<Response, PageError> {
    who.may::<ReadHealth>(())?;
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let by_hand = backups::newest(&mut tx, SHOWN).await.map_err(PageError::unexpected)?;
    let made = kept::newest(&mut tx, SHOWN).await.map_err(PageError::unexpected)?;
    let drills = kept::drills(&mut tx, SHOWN).await.map_err(PageError::unexpected)?;
    let known = kept::known(&mut tx).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let rule = portal.back_ups.rule.as_ref();
    let owed = rule.map(|rule| rule.owed(&known, &portal.zone, who.at())).unwrap_or_default();
    // Read where nobody waits for it: a file of a few bytes.
    let now = (portal.back_ups.now)();
    let shown =
        BackUps { rule, owed: &owed, now: now.as_deref(), made: &made, drills: &drills, by_hand: &by_hand };
    Ok(who.respond(&back_up_views::back_ups(&shown, &portal.zone)))
}
