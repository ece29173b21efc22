//! Marking what an adult is to a pupil.

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use engine::PersonNo;
use web::speech::say;
use web::{Mistakes, PageError, Submitted};

use super::actions::{self, MarkError, MarkRelation, ReadRelations};
use super::views;
use crate::account::SignedIn;
use crate::intake::{Office, Parent};
use crate::kind::Kind;

pub(crate) fn routes() -> Router<Office> {
    Router::new().route("/staff/roll/{pupil}/adults/{adult}", get(form).post(mark))
}

fn pair(path: Result<Path<(u32, u32)>, PathRejection>) -> Result<(PersonNo, PersonNo), PageError> {
    let (pupil, adult) = crate::intake::pages::number(path)?;
    Ok((PersonNo(pupil), PersonNo(adult)))
}

async fn found(
    office: &Office,
    who: &SignedIn,
    (pupil, adult): (PersonNo, PersonNo),
) -> Result<(String, Parent), PageError> {
    let permit = who.may::<ReadRelations>(pupil)?;
    let mut tx = office.house.db.begin().await.map_err(PageError::unexpected)?;
    let related = actions::of_person(&mut tx, &permit, Some(Kind::Pupil), who.at())
        .await
        .map_err(PageError::unexpected)?;
    let name = crate::store::on_the_roll_by(&mut tx, pupil).await.map_err(PageError::unexpected)?;
    tx.commit().await.map_err(PageError::unexpected)?;
    let parent = related.into_iter().find(|one| one.person == adult);
    name.map(kit::Private::into_revealed).zip(parent).ok_or(PageError::NotFound)
}

async fn form(
    State(office): State<Office>,
    who: SignedIn,
    path: Result<Path<(u32, u32)>, PathRejection>,
) -> Result<Response, PageError> {
    let between = pair(path)?;
    who.could::<MarkRelation>(between)?;
    let (pupil, parent) = found(&office, &who, between).await?;
    Ok(who.respond(&views::mark(between.0, &pupil, &parent, &views::as_it_is(&parent), &Mistakes::default())))
}

async fn mark(
    State(office): State<Office>,
    who: SignedIn,
    path: Result<Path<(u32, u32)>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    let between = pair(path)?;
    who.could::<MarkRelation>(between)?;
    let responsibility = match form.text("responsibility") {
        "yes" => Some(Some(true)),
        "no" => Some(Some(false)),
        "unknown" => Some(None),
        _ => None,
    };
    let restricted = match form.text("restricted") {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    };
    let mut mistakes = Mistakes::default();
    if responsibility.is_none() {
        mistakes.add("responsibility", say("relation.select-whether-they-have"));
    }
    if restricted.is_none() {
        mistakes.add("restricted", say("relation.select-whether-a-court"));
    }
    let (Some(responsibility), Some(restricted)) = (responsibility, restricted) else {
        let (pupil, parent) = found(&office, &who, between).await?;
        return Ok(who.respond(&views::mark(between.0, &pupil, &parent, &form, &mistakes)));
    };
    let (mut tx, permit) = who.begin::<MarkRelation>(between).await?;
    match actions::mark(&mut tx, &permit, responsibility, restricted, permit.at()).await {
        Ok(()) => tx.commit().await.map_err(PageError::unexpected)?,
        Err(MarkError::NotRelated) => return Err(PageError::NotFound),
        Err(MarkError::Store(error)) => return Err(PageError::unexpected(error)),
    }
    Ok(Redirect::to(&format!("/staff/roll/{}", between.0.0)).into_response())
}
