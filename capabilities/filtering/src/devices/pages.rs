//! Which devices are registered, and whose they are.

use ::store::Tx;
use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use axum::routing::{get, post};
use engine::DeviceNo;
use people::Device;
use people::account::SignedIn;
use people::device::ChangeDevices;
use web::{PageError, Submitted};

use super::views::Line;
use super::{changing, views};
use crate::portal::Portal;

kit::reading!(
    /// Reading the device register.
    ReadDevices(()) = "device.read"
);

/// How many a page shows.
const SHOWN: u64 = 50;

pub(crate) fn routes() -> Router<Portal> {
    Router::new()
        .route("/staff/devices", get(all).post(find))
        .route("/staff/devices/new", get(changing::new_form).post(changing::add))
        .route("/staff/devices/{device}", get(one))
        .route("/staff/devices/{device}/change", get(changing::change_form).post(changing::change))
        .route("/staff/devices/{device}/end", post(changing::end))
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
    let pages = many.div_ceil(SHOWN).max(1);
    listed(&portal, &who, tx, devices, &views::Paged { page, pages, many, words: "" }).await
}

/// Looked for by a form that is sent, since whose a device is must not stand in an address.
async fn find(State(portal): State<Portal>, who: SignedIn, form: Submitted) -> Result<Response, PageError> {
    who.may::<ReadDevices>(())?;
    let words: String = form.line("words").chars().take(200).collect();
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let (devices, many) =
        people::devices_found(&mut tx, &words, SHOWN).await.map_err(PageError::unexpected)?;
    let pages = many.div_ceil(SHOWN).max(1);
    listed(&portal, &who, tx, devices, &views::Paged { page: 1, pages, many, words: &words }).await
}

async fn listed(
    portal: &Portal,
    who: &SignedIn,
    mut tx: Tx,
    devices: Vec<Device>,
    paged: &views::Paged<'_>,
) -> Result<Response, PageError> {
    let ranges = people::ranges(&mut tx).await.map_err(PageError::unexpected)?;
    let mut lines = Vec::new();
    for device in devices {
        lines.push(line(&mut tx, device).await?);
    }
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let may_change = who.offers::<ChangeDevices>();
    Ok(who.respond(&views::all(
        &lines,
        &ranges,
        paged,
        &|id: &str| named(portal, id),
        may_change,
        &portal.zone,
    )))
}

/// A device, with whose it is.
pub(super) async fn line(tx: &mut Tx, device: Device) -> Result<Line, PageError> {
    let owner = match device.person {
        Some(person) => people::name_of(tx, person).await.map_err(PageError::unexpected)?,
        None => None,
    };
    Ok(Line { device, owner })
}

/// What a group of the policy is called.
pub(super) fn named(portal: &Portal, id: &str) -> String {
    let policy = portal.filter.policy();
    let groups = policy.groups();
    groups.number(id).map_or_else(|| id.to_owned(), |group| groups.name(group).to_owned())
}

async fn one(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<u32>, PathRejection>,
) -> Result<Response, PageError> {
    who.may::<ReadDevices>(())?;
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let device = there(&mut tx, number(path)?).await?;
    let line = line(&mut tx, device).await?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let may_change = who.offers::<ChangeDevices>();
    Ok(who.respond(&views::one(&line, &|id: &str| named(&portal, id), may_change, &portal.zone)))
}

/// A device that is on the register.
pub(super) async fn there(tx: &mut Tx, device: DeviceNo) -> Result<Device, PageError> {
    let found = people::device_numbered(tx, device).await.map_err(PageError::unexpected)?;
    found.ok_or(PageError::NotFound)
}

pub(super) fn number(path: Result<Path<u32>, PathRejection>) -> Result<DeviceNo, PageError> {
    path.map(|Path(number)| DeviceNo(number)).map_err(|_| PageError::NotFound)
}
