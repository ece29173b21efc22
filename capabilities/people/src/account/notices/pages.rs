//! What somebody was told, and how they want to be told.

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use kit::Timestamp;
use notices::address::{self, AddressError, CodeError};
use notices::push::{self, Offered, SubscribeError, SubscriptionId};
use notices::{Hours, Kind, NoticeId, Where, minute_of};
use store::Tx;
use web::{Mistakes, PageError, Submitted};

use super::super::door::SignedIn;
use super::super::house::House;
use super::actions::{kinds, tell_person};
use super::views::{self, Own, ways_of};

const OWN: &str = "/me/notices";

pub(in super::super) fn routes() -> Router<House> {
    Router::new()
        .route("/me/notices", get(own).post(choose))
        .route("/me/notices/all", get(all))
        .route("/me/notices/all/seen", post(seen))
        .route("/me/notices/address", post(give))
        .route("/me/notices/address/code", post(confirm))
        .route("/me/notices/address/removal", post(remove_address))
        .route("/me/notices/subscriptions", post(subscribe))
        .route("/me/notices/subscriptions/{id}/removal", post(unsubscribe))
        .route("/me/notices/trial", post(trial))
}

async fn own(State(house): State<House>, who: SignedIn) -> Result<Response, PageError> {
    page(&house, &who, &Submitted::default(), &Mistakes::default()).await
}

async fn page(
    house: &House,
    who: &SignedIn,
    form: &Submitted,
    mistakes: &Mistakes,
) -> Result<Response, PageError> {
    let person = who.person().0;
    let mut tx = house.db.read().await.map_err(PageError::unexpected)?;
    let chosen = notices::chosen(&mut tx, person).await.map_err(PageError::unexpected)?;
    let quiet = notices::quiet_of(&mut tx, person).await.map_err(PageError::unexpected)?;
    let addresses = address::of(&mut tx, person).await.map_err(PageError::unexpected)?;
    let browsers = push::of(&mut tx, person).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let own = Own {
        chosen,
        quiet,
        addresses,
        browsers,
        is_staff: who.is_staff(),
        mail: house.telling.mail,
        push: house.telling.push.as_ref().map(notices::push::Vapid::public),
        zone: &house.zone,
        at: who.at(),
    };
    Ok(who.respond(&views::own(&own, form, mistakes)))
}

/// Whether whoever changes how they are told is who they say: what tells them of a thief is changed by no thief.
fn may_change(who: &SignedIn) -> Result<(), PageError> {
    if !who.is_staff() {
        return Err(PageError::NotFound);
    }
    who.fresh()?;
    who.proved_enough()
}

async fn choose(State(house): State<House>, who: SignedIn, form: Submitted) -> Result<Response, PageError> {
    may_change(&who)?;
    let mut mistakes = Mistakes::default();
    let minute = |field: &'static str, mistakes: &mut Mistakes| {
        let minute = minute_of(form.text(field));
        if minute.is_none() {
            mistakes.add(field, "Enter a time of the day as hours and minutes, such as 18:00");
        }
        minute.unwrap_or_default()
    };
    let hours = Hours {
        from_minute: minute("from", &mut mistakes),
        until_minute: minute("until", &mut mistakes),
        weekends: form.text("weekends") == "yes",
    };
    if !mistakes.none() {
        return page(&house, &who, &form, &mistakes).await;
    }
    let person = who.person().0;
    let (mut tx, at) = who.begin_own().await?;
    let known = notices::chosen(&mut tx, person).await.map_err(PageError::unexpected)?;
    let changed: Vec<_> = known
        .iter()
        .filter_map(|one| {
            let ways = ways_of(form.text(&one.kind.id)).filter(|ways| *ways != one.ways)?;
            Some((Kind::named(&one.kind.id).ok()?, ways))
        })
        .collect();
    if !changed.is_empty() {
        notices::choose(&mut tx, person, &changed, at).await.map_err(PageError::unexpected)?;
    }
    notices::choose_quiet(&mut tx, person, hours, at).await.map_err(PageError::unexpected)?;
    tx.commit().await.map_err(PageError::unexpected)?;
    Ok(Redirect::to(OWN).into_response())
}

async fn all(State(house): State<House>, who: SignedIn) -> Result<Response, PageError> {
    let mut tx = house.db.read().await.map_err(PageError::unexpected)?;
    let told = notices::of(&mut tx, who.person().0).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    Ok(who.respond(&views::all(&told, &house.zone)))
}

/// One of theirs, where the form names it, or all.
async fn seen(who: SignedIn, form: Submitted) -> Result<Response, PageError> {
    let only = match form.text("notice") {
        "" => None,
        id => Some(id.parse::<NoticeId>().map_err(|_| PageError::NotFound)?),
    };
    let (mut tx, at) = who.begin_own().await?;
    notices::mark_seen(&mut tx, who.person().0, only, at).await.map_err(PageError::unexpected)?;
    tx.commit().await.map_err(PageError::unexpected)?;
    let back = if form.text("back") == web::form::HOME { web::form::HOME } else { "/me/notices/all" };
    Ok(Redirect::to(back).into_response())
}

async fn give(State(house): State<House>, who: SignedIn, form: Submitted) -> Result<Response, PageError> {
    may_change(&who)?;
    if !house.telling.mail {
        return Err(PageError::NotFound);
    }
    let (mut tx, at) = who.begin_own().await?;
    match address::give(&mut tx, who.person().0, form.text("address"), at).await {
        Ok(()) => tx.commit().await.map_err(PageError::unexpected)?,
        Err(AddressError::Store(error)) => return Err(PageError::unexpected(error)),
        Err(error) => {
            drop(tx);
            let mut mistakes = Mistakes::default();
            mistakes.add("address", error.to_string());
            return page(&house, &who, &form, &mistakes).await;
        }
    }
    Ok(Redirect::to(OWN).into_response())
}

async fn confirm(State(house): State<House>, who: SignedIn, form: Submitted) -> Result<Response, PageError> {
    may_change(&who)?;
    let (mut tx, at) = who.begin_own().await?;
    let confirmed =
        address::confirm(&mut tx, &house.telling.key, who.person().0, form.text("code"), at).await;
    let wrong = match confirmed {
        Ok(()) => None,
        Err(CodeError::Store(error)) => return Err(PageError::unexpected(error)),
        Err(error) => Some(error.to_string()),
    };
    // The try stays counted.
    tx.commit().await.map_err(PageError::unexpected)?;
    if let Some(wrong) = wrong {
        let mut mistakes = Mistakes::default();
        mistakes.add("code", wrong);
        return page(&house, &who, &form, &mistakes).await;
    }
    Ok(Redirect::to(OWN).into_response())
}

async fn remove_address(who: SignedIn) -> Result<Response, PageError> {
    may_change(&who)?;
    let (mut tx, at) = who.begin_own().await?;
    address::remove(&mut tx, who.person().0, at).await.map_err(PageError::unexpected)?;
    tx.commit().await.map_err(PageError::unexpected)?;
    Ok(Redirect::to(OWN).into_response())
}

async fn subscribe(
    State(house): State<House>,
    who: SignedIn,
    form: Submitted,
) -> Result<Response, PageError> {
    may_change(&who)?;
    if house.telling.push.is_none() {
        return Err(PageError::NotFound);
    }
    let called = form.line("called");
    let offered = Offered {
        endpoint: form.text("endpoint"),
        key: form.text("key"),
        auth: form.text("auth"),
        called: &called,
    };
    let (mut tx, at) = who.begin_own().await?;
    match push::subscribe(&mut tx, who.person().0, &offered, house.telling.reach, at).await {
        Ok(_) => tx.commit().await.map_err(PageError::unexpected)?,
        Err(SubscribeError::Store(error)) => return Err(PageError::unexpected(error)),
        Err(error) => {
            drop(tx);
            let mut mistakes = Mistakes::default();
            mistakes.add_whole(error.to_string());
            return page(&house, &who, &form, &mistakes).await;
        }
    }
    Ok(Redirect::to(OWN).into_response())
}

async fn unsubscribe(
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    may_change(&who)?;
    let Path(id) = path.map_err(|_| PageError::NotFound)?;
    let id: SubscriptionId = id.parse().map_err(|_| PageError::NotFound)?;
    let (mut tx, at) = who.begin_own().await?;
    if !push::unsubscribe(&mut tx, who.person().0, id, at).await.map_err(PageError::unexpected)? {
        return Err(PageError::NotFound);
    }
    tx.commit().await.map_err(PageError::unexpected)?;
    Ok(Redirect::to(OWN).into_response())
}

/// Sends one to whoever asks, so that they see whether notices reach them.
async fn trial(who: SignedIn) -> Result<Response, PageError> {
    let (mut tx, at) = who.begin_own().await?;
    tell_trial(&mut tx, &who, at).await?;
    tx.commit().await.map_err(PageError::unexpected)?;
    Ok(Redirect::to("/me/notices/all").into_response())
}

async fn tell_trial(tx: &mut Tx, who: &SignedIn, at: Timestamp) -> Result<(), PageError> {
    let told = tell_person(tx, who.person(), kinds::TRIAL, Where::Notices, at).await;
    told.map_err(PageError::unexpected)
}
