//! The rules by age at the portal.

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use web::{Mistakes, PageError, Submitted};

use super::content::Way;
use super::rules::{self, Chosen, NotChosen, SetError, SetRules};
use super::views;
use crate::account::card::SeeAnyClass;
use crate::account::{House, SignedIn};
use crate::intake::ClassOrGroup;

/// The routes.
pub(crate) fn routes() -> Router<House> {
    Router::new()
        .route("/staff/accounts/rules", get(all))
        .route("/staff/accounts/rules/{id}", get(form).post(set))
}

async fn all(State(house): State<House>, who: SignedIn) -> Result<Response, PageError> {
    // Whoever issues by them sees them.
    who.may::<SeeAnyClass>(ClassOrGroup::Group("any".to_owned()))?;
    let mut tx = house.db.read().await.map_err(PageError::unexpected)?;
    let rules = rules::rules(&mut tx).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    Ok(who.respond(&views::rules(&rules, who.offers::<SetRules>())))
}

async fn shown(
    house: &House,
    who: &SignedIn,
    id: &str,
    form: &Submitted,
    mistakes: &Mistakes,
) -> Result<Response, PageError> {
    let mut tx = house.db.read().await.map_err(PageError::unexpected)?;
    let rules = rules::rules(&mut tx).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let rule = rules.named(id).ok_or(PageError::NotFound)?;
    Ok(who.respond(&views::set(rule, form, mistakes)))
}

async fn form(
    State(house): State<House>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    let Path(id) = path.map_err(|_| PageError::NotFound)?;
    who.could::<SetRules>(())?;
    shown(&house, &who, &id, &Submitted::default(), &Mistakes::default()).await
}

async fn set(
    State(house): State<House>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    let Path(id) = path.map_err(|_| PageError::NotFound)?;
    let (mut tx, permit) = who.begin::<SetRules>(()).await?;
    let mut mistakes = Mistakes::default();
    let way = Way::of_id(form.text("way"));
    if way.is_none() {
        mistakes.add("way", "Choose what they get");
    }
    let length = form.text("length").parse().ok();
    if length.is_none() {
        mistakes.add("length", "Enter a number");
    }
    if let Some((way, length)) = way.zip(length) {
        match rules::set(&mut tx, &permit, &id, Chosen { way, length }).await {
            Ok(()) => {
                tx.commit().await.map_err(PageError::unexpected)?;
                return Ok(Redirect::to("/staff/accounts/rules").into_response());
            }
            Err(SetError::NotChosen(why @ NotChosen::NotOffered)) => mistakes.add("way", why.to_string()),
            Err(SetError::NotChosen(why)) => mistakes.add("length", why.to_string()),
            Err(SetError::Store(error)) => return Err(PageError::unexpected(error)),
        }
    }
    drop(tx);
    shown(&house, &who, &id, &form, &mistakes).await
}
