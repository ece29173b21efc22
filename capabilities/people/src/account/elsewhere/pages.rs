//! Making words for a class, on the page that is printed.

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use kit::Private;
use serde_json::json;
use store::{Subject, trail};
use web::speech::say;
use web::{Mistakes, PageError, Submitted, filled};

use super::super::card::{begin, may_see};
use super::super::door::SignedIn;
use super::super::house::House;
use super::model::{Form, LEAST, MOST, RANDOM, draw};
use super::views;
use crate::intake::{ClassOrGroup, classes};

pub(super) fn routes() -> Router<House> {
    Router::new().route("/staff/cards/{of}/elsewhere", get(form).post(make))
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
    asked(&house, &who, &of(path)?, &Submitted::default(), &Mistakes::default()).await
}

async fn asked(
    house: &House,
    who: &SignedIn,
    of: &ClassOrGroup,
    form: &Submitted,
    mistakes: &Mistakes,
) -> Result<Response, PageError> {
    let mut tx = house.db.read().await.map_err(PageError::unexpected)?;
    may_see(who, &mut tx, of.clone()).await?;
    let name = classes::name_of(&mut tx, of).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    Ok(who.respond(&views::form(of, &name.ok_or(PageError::NotFound)?, form, mistakes)))
}

async fn make(
    State(house): State<House>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    let of = of(path)?;
    let (system, how) = (form.line("system"), Form::of_id(form.text("form")));
    let count = form.text("count").parse().ok().filter(|count| (LEAST..=MOST).contains(count));
    let mut mistakes = Mistakes::default();
    if system.is_empty() || system.chars().count() > 60 {
        mistakes.add("system", say("elsewhere.enter-what-the-other"));
    }
    if how.is_none() {
        mistakes.add("form", say("elsewhere.select-how-the-words"));
    }
    if count.is_none() {
        mistakes.add("count", filled!("elsewhere.enter-a-number-from", least = LEAST, most = MOST));
    }
    let (Some(how), Some(count), true) = (how, count, mistakes.none()) else {
        return asked(&house, &who, &of, &form, &mistakes).await;
    };
    let (mut tx, may) = begin(&who, of.clone()).await?;
    let name = classes::name_of(&mut tx, &of).await.map_err(PageError::unexpected)?;
    let name = name.ok_or(PageError::NotFound)?;
    let mut lines = Vec::new();
    for known in classes::members(&mut tx, &of).await.map_err(PageError::unexpected)? {
        let mut random = [0; RANDOM];
        getrandom::fill(&mut random).map_err(|error| PageError::unexpected(error.to_string()))?;
        let words = draw(how, count, random)
            .ok_or_else(|| PageError::unexpected("content/accounts.toml has no words"))?;
        lines.push((Private::new(known.facts.name), words));
    }
    // That it was done, for how many: what was made is on this page and nowhere else.
    let detail = json!({ "pupils": lines.len(), "words": count, "form": how.id() });
    let subject = Subject::new("class", of.to_string());
    trail::changed(&mut tx, may.actor(), "account.words-elsewhere", &subject, &detail, may.at())
        .await
        .map_err(PageError::unexpected)?;
    tx.commit().await.map_err(PageError::unexpected)?;
    Ok(who.respond(&views::made(&of, &name, &system, &lines)))
}
