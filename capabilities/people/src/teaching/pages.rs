//! Saying at the portal that a class was taught its rules.

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use engine::PersonNo;
use web::{Mistakes, PageError, Submitted};

use super::actions::{self, NotSaid, Said};
use super::views;
use crate::account::card::{begin, may_see};
use crate::account::{House, SignedIn};
use crate::intake::ClassOrGroup;
use crate::roster::day_by_hand;

/// The routes.
pub(crate) fn routes() -> Router<House> {
    Router::new().route("/staff/taught/{of}", get(form).post(say))
}

fn of(path: Result<Path<String>, PathRejection>) -> Result<ClassOrGroup, PageError> {
    let Path(text) = path.map_err(|_| PageError::NotFound)?;
    text.parse().map_err(|_| PageError::NotFound)
}

async fn form(
    State(house): State<House>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    shown(&house, &who, &of(path)?, None, &Mistakes::default()).await
}

async fn shown(
    house: &House,
    who: &SignedIn,
    of: &ClassOrGroup,
    form: Option<&Submitted>,
    mistakes: &Mistakes,
) -> Result<Response, PageError> {
    let mut tx = house.db.read().await.map_err(PageError::unexpected)?;
    let may = may_see(who, &mut tx, of.clone()).await?;
    let class = actions::class(&mut tx, &may).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let (name, pupils) = class.ok_or(PageError::NotFound)?;
    let today = house.zone.local(who.at()).date();
    Ok(who.respond(&views::class(of, &name, &pupils, today, form, mistakes)))
}

async fn say(
    State(house): State<House>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    let of = of(path)?;
    let ticked = form.fields().filter(|(_, value)| *value == "yes");
    let ticked = ticked.filter_map(|(name, _)| name.strip_prefix("pupil-")?.parse().ok().map(PersonNo));
    let (pupils, on) = (ticked.collect(), day_by_hand(form.text("on")).and_then(|day| day.parse().ok()));
    let mut mistakes = Mistakes::default();
    let (mut tx, may) = begin(&who, of.clone()).await?;
    let done = match on {
        Some(on) => actions::say(&mut tx, &may, &Said { pupils, on }, &house.zone).await,
        None => Err(NotSaid::Day),
    };
    match done {
        Ok(()) => {
            tx.commit().await.map_err(PageError::unexpected)?;
            return Ok(Redirect::to(&format!("/staff/cards/{of}")).into_response());
        }
        Err(NotSaid::Store(error)) => return Err(PageError::unexpected(error)),
        Err(why @ NotSaid::Day) => mistakes.add("on", why.to_string()),
        Err(why) => mistakes.add("pupils", why.to_string()),
    }
    drop(tx);
    shown(&house, &who, &of, Some(&form), &mistakes).await
}
