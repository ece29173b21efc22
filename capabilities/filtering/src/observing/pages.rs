//! Whether the filter observes only, at the portal, and how much it would have refused.

use activity::{ClientError, Search, TimeRange};
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use engine::Verdict;
use people::account::SignedIn;
use web::PageError;

use super::{Observing, views};
use crate::lasting;
use crate::portal::Portal;

kit::reading!(
    /// Reading whether the filter observes only, and what it would have refused.
    ReadObserving(()) = "observing.read"
);

/// How many times are shown.
const SHOWN: u32 = 20;

pub(crate) fn routes() -> Router<Portal> {
    Router::new().route("/staff/observe", get(all))
}

async fn all(State(portal): State<Portal>, who: SignedIn) -> Result<Response, PageError> {
    who.may::<ReadObserving>(())?;
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let ever: Vec<Observing> = lasting::newest(&mut tx, SHOWN).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let mut counted = None;
    if let Some(newest) = ever.first().filter(|one| one.span.starts_at <= who.at()) {
        let ended = newest.withdrawn.as_ref().map_or(newest.span.ends_at, |withdrawn| withdrawn.at);
        let time = TimeRange { from: Some(newest.span.starts_at), to: Some(ended.min(who.at())) };
        let log = portal.log.clone();
        let asked = tokio::task::spawn_blocking(move || log.counts(&Search { time, ..Search::default() }));
        counted = match asked.await.unwrap_or(Err(ClientError::Unexpected)) {
            Ok(counts) => {
                let would = counts.by_verdict.get(Verdict::WouldBlock.id()).copied().unwrap_or(0);
                Some(views::Counted { requests: counts.events, would_block: would })
            }
            Err(error) => {
                tracing::warn!(%error, "The portal cannot count what would have been refused");
                None
            }
        };
    }
    Ok(who.respond(&views::all(&ever, counted, who.at(), &portal.zone)))
}
