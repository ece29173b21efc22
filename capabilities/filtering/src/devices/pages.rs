//! Which devices are registered, and whose they are.

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use axum::routing::get;
use people::account::SignedIn;
use web::PageError;

use super::views;
use crate::portal::Portal;

kit::reading!(
    /// Reading the device register.
    ReadDevices(()) = "device.read"
);

/// How many a page shows.
const SHOWN: u64 = 50;

pub(crate) fn routes() -> Router<Portal> {
    Router::new().route("/staff/devices", get(all))
}

async fn all(
    State(portal): State<Portal>,
    who: SignedIn,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    who.may::<ReadDevices>(())?;
    let page = query.as_deref().and_then(|query| query.strip_prefix("page=")?.parse().ok());
    let page: u64 = page.filter(|page| (1..1_000_000).contains(page)).unwrap_or(1);
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let first = (page - 1).saturating_mul(SHOWN);
    let (devices, many) = people::devices_from(&mut tx, first, SHOWN).await.map_err(PageError::unexpected)?;
    let ranges = people::ranges(&mut tx).await.map_err(PageError::unexpected)?;
    let mut lines = Vec::new();
    for device in devices {
        let owner = match device.person {
            Some(person) => people::name_of(&mut tx, person).await.map_err(PageError::unexpected)?,
            None => None,
        };
        lines.push(views::Line { device, owner });
    }
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let policy = portal.filter.policy();
    let named = |id: &str| {
        policy
            .groups()
            .number(id)
            .map_or_else(|| id.to_owned(), |group| policy.groups().name(group).to_owned())
    };
    let about = views::Paged { page, pages: many.div_ceil(SHOWN).max(1), many };
    Ok(who.respond(&views::all(&lines, &ranges, &about, &named, &portal.zone)))
}
