//! The pages of the timetable: one's own week, that of a class, and of any teacher.

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use engine::PersonNo;
use people::ClassId;
use people::account::SignedIn;
use people::intake::{self, ReadRoll};
use people::timetable::{ReadTimetable, of_class, of_teacher};
use web::PageError;

use super::model::{now, week};
use super::views;
use crate::portal::Portal;

pub(crate) fn routes() -> Router<Portal> {
    Router::new()
        .route("/staff/timetable", get(own))
        .route("/staff/timetable/class/{class}", get(class))
        .route("/staff/timetable/of/{person}", get(teacher))
}

/// Whoever teaches sees their own week first; everybody who may, each class.
async fn own(State(portal): State<Portal>, who: SignedIn) -> Result<Response, PageError> {
    who.may::<ReadTimetable>(())?;
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let lessons = of_teacher(&mut tx, who.person()).await.map_err(PageError::unexpected)?;
    let classes = intake::classes(&mut tx).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let policy = portal.filter.policy();
    let calendar = &policy.document().calendar;
    let local = portal.zone.local(who.at());
    let (day, time) = (local.date(), local.civil().time());
    let going_on =
        if policy.calendar().is_school_day(day) { now(&lessons, calendar, day, time) } else { Vec::new() };
    Ok(who.respond(&views::own(&week(&lessons, calendar, day), &going_on, &classes)))
}

async fn class(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    who.may::<ReadTimetable>(())?;
    let Path(text) = path.map_err(|_| PageError::NotFound)?;
    let class: ClassId = text.parse().map_err(|_| PageError::NotFound)?;
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let found = of_class(&mut tx, class).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let (name, teachers, lessons) = found.ok_or(PageError::NotFound)?;
    let week =
        week(&lessons, &portal.filter.policy().document().calendar, portal.zone.local(who.at()).date());
    Ok(who.respond(&views::class(&name, &teachers, &week)))
}

/// Another's week is for whoever sees who is at the school.
async fn teacher(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<u32>, PathRejection>,
) -> Result<Response, PageError> {
    who.may::<ReadTimetable>(())?;
    who.may::<ReadRoll>(())?;
    let Path(number) = path.map_err(|_| PageError::NotFound)?;
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let name = people::name_of(&mut tx, PersonNo(number)).await.map_err(PageError::unexpected)?;
    let lessons = of_teacher(&mut tx, PersonNo(number)).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let week =
        week(&lessons, &portal.filter.policy().document().calendar, portal.zone.local(who.at()).date());
    Ok(who.respond(&views::teacher(&name.ok_or(PageError::NotFound)?, &week)))
}
