//! The pages of those who let somebody in again.

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use engine::PersonNo;
use kit::Private;
use store::Tx;
use web::second::{AGREEMENT, DISAGREEMENT};
use web::speech::say;
use web::{Mistakes, PageError, Submitted, checked_words, sentence};

use super::super::door::SignedIn;
use super::super::house::House;
use super::super::model::Name;
use super::super::pages::token;
use super::super::{store as table, welcome_link};
use super::actions::{self, Recover, RecoverError, Recovery, number};
use super::views::{self, Line, Shown};

pub(in super::super) fn routes() -> Router<House> {
    Router::new()
        .route("/staff/recoveries", get(all).post(propose))
        .route("/staff/recoveries/{person}", get(one))
        .route("/staff/recoveries/{person}/agreement", post(agree))
        .route("/staff/recoveries/{person}/disagreement", post(refuse))
        .route("/staff/recoveries/{person}/link", post(link))
        .route("/staff/recoveries/{person}/withdrawal", post(withdraw))
        .route("/me/recovery/objection", post(object))
}

async fn all(State(house): State<House>, who: SignedIn) -> Result<Response, PageError> {
    list(&house, &who, &Submitted::default(), &Mistakes::default()).await
}

async fn list(
    house: &House,
    who: &SignedIn,
    form: &Submitted,
    mistakes: &Mistakes,
) -> Result<Response, PageError> {
    who.must_offer::<Recover>()?;
    let mut tx = house.db.read().await.map_err(PageError::unexpected)?;
    let mut lines = Vec::new();
    for recovery in actions::waiting(&mut tx, who.at()).await.map_err(PageError::unexpected)? {
        // Whoever it is about is told on their own pages.
        if recovery.person != who.person() {
            let name =
                crate::store::name_of(&mut tx, recovery.person).await.map_err(PageError::unexpected)?;
            lines.push(Line { recovery, name });
        }
    }
    let mut ready = Vec::new();
    let agreed = actions::to_hand_over(&mut tx, who.standing().actor(), who.at()).await;
    for recovery in agreed.map_err(PageError::unexpected)? {
        let name = crate::store::name_of(&mut tx, recovery.person).await.map_err(PageError::unexpected)?;
        ready.push(Line { recovery, name });
    }
    tx.roll_back().await.map_err(PageError::unexpected)?;
    Ok(who.respond(&views::all(&lines, form, mistakes, &house.zone).with(views::all_ready(&ready))))
}

async fn propose(State(house): State<House>, who: SignedIn, form: Submitted) -> Result<Response, PageError> {
    who.must_offer::<Recover>()?;
    let mut mistakes = Mistakes::default();
    let mut tx = house.db.read().await.map_err(PageError::unexpected)?;
    let person = named(&mut tx, &form.line("whose")).await?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    if person.is_none() {
        mistakes.add("whose", say("recovery.enter-the-name-of"));
    }
    checked_words(&form, "reason", &say("recovery.enter-what-happened-and"), &mut mistakes);
    let (Some(person), true) = (person, mistakes.none()) else {
        return list(&house, &who, &form, &mistakes).await;
    };
    let (mut tx, permit) = who.begin::<Recover>(person).await?;
    match actions::propose(&mut tx, &permit, form.text("reason").to_owned(), permit.at()).await {
        Ok(_) => tx.commit().await.map_err(PageError::unexpected)?,
        Err(RecoverError::Store(error)) => return Err(PageError::unexpected(error)),
        Err(error) => {
            drop(tx);
            mistakes.add("whose", sentence(&error.to_string()));
            return list(&house, &who, &form, &mistakes).await;
        }
    }
    Ok(Redirect::to(&format!("/staff/recoveries/{}", person.0)).into_response())
}

async fn one(
    State(house): State<House>,
    who: SignedIn,
    path: Result<Path<u32>, PathRejection>,
) -> Result<Response, PageError> {
    let person = person(path)?;
    // Asked for before anything is written.
    who.could::<Recover>(person)?;
    shown(&house, &who, person, &Submitted::default(), &Mistakes::default()).await
}

async fn shown(
    house: &House,
    who: &SignedIn,
    person: PersonNo,
    form: &Submitted,
    mistakes: &Mistakes,
) -> Result<Response, PageError> {
    let mut tx = house.db.read().await.map_err(PageError::unexpected)?;
    let recovery = actions::waiting_for(&mut tx, person, who.at()).await.map_err(PageError::unexpected)?;
    let name = crate::store::name_of(&mut tx, person).await.map_err(PageError::unexpected)?;
    let Some(recovery) = recovery.filter(|_| person != who.person()) else {
        // It may have been agreed to: then whoever proposed it hands the link over.
        let agreed = actions::to_hand_over_to(&mut tx, who.standing().actor(), person, who.at()).await;
        tx.roll_back().await.map_err(PageError::unexpected)?;
        agreed.map_err(PageError::unexpected)?.ok_or(PageError::NotFound)?;
        return Ok(who.respond(&views::ready(person, name.as_ref())));
    };
    let proposer = proposer_of(&mut tx, &recovery).await?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let own = recovery.approval.proposed_by == who.standing().actor().to_string();
    Ok(who.respond(&views::one(&Shown { recovery, name, proposer, own }, form, mistakes, &house.zone)))
}

async fn agree(
    State(house): State<House>,
    who: SignedIn,
    path: Result<Path<u32>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    let person = person(path)?;
    who.could::<Recover>(person)?;
    let mut mistakes = Mistakes::default();
    checked_words(&form, AGREEMENT, &say("recovery.enter-how-you-know"), &mut mistakes);
    if !mistakes.none() {
        return shown(&house, &who, person, &form, &mistakes).await;
    }
    let (mut tx, permit) = who.begin::<Recover>(person).await?;
    let agreed = match form.text("proposal").parse() {
        Ok(id) => actions::agree(&mut tx, &permit, (id, form.text(AGREEMENT)), permit.at()).await,
        Err(_) => Err(RecoverError::Changed),
    };
    let recovery = match agreed {
        Ok(recovery) => {
            tx.commit().await.map_err(PageError::unexpected)?;
            recovery
        }
        Err(RecoverError::Store(error)) => return Err(PageError::unexpected(error)),
        Err(error) => {
            drop(tx);
            mistakes.add_whole(sentence(&error.to_string()));
            return shown(&house, &who, person, &form, &mistakes).await;
        }
    };
    let mut tx = house.db.read().await.map_err(PageError::unexpected)?;
    let name = crate::store::name_of(&mut tx, person).await.map_err(PageError::unexpected)?;
    let proposer = proposer_of(&mut tx, &recovery).await?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    Ok(who.respond(&views::agreed(name.as_ref(), proposer.as_ref())))
}

/// The name of whoever proposed it.
async fn proposer_of(tx: &mut Tx, recovery: &Recovery) -> Result<Option<Private<String>>, PageError> {
    match number(&recovery.approval.proposed_by) {
        Some(by) => crate::store::name_of(tx, by).await.map_err(PageError::unexpected),
        None => Ok(None),
    }
}

/// Whoever proposed it is shown the link, once another agreed.
async fn link(
    State(house): State<House>,
    who: SignedIn,
    path: Result<Path<u32>, PathRejection>,
) -> Result<Response, PageError> {
    let person = person(path)?;
    who.could::<Recover>(person)?;
    let token = token()?;
    let (mut tx, permit) = who.begin::<Recover>(person).await?;
    match actions::link(&mut tx, &permit, &token, permit.at()).await {
        Ok(_) => tx.commit().await.map_err(PageError::unexpected)?,
        Err(RecoverError::Store(error)) => return Err(PageError::unexpected(error)),
        // It was used meanwhile, or its day is over: the list says what waits.
        Err(_) => {
            drop(tx);
            return Ok(Redirect::to("/staff/recoveries").into_response());
        }
    }
    let mut tx = house.db.read().await.map_err(PageError::unexpected)?;
    let name = crate::store::name_of(&mut tx, person).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    Ok(who.respond(&views::link(name.as_ref(), &welcome_link(&house.url, &token))))
}

async fn refuse(
    State(house): State<House>,
    who: SignedIn,
    path: Result<Path<u32>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    let person = person(path)?;
    who.could::<Recover>(person)?;
    let mut mistakes = Mistakes::default();
    checked_words(&form, DISAGREEMENT, &say("recovery.enter-why-not-for"), &mut mistakes);
    if !mistakes.none() {
        return shown(&house, &who, person, &form, &mistakes).await;
    }
    let (mut tx, permit) = who.begin::<Recover>(person).await?;
    let refused = match form.text("proposal").parse() {
        Ok(id) => actions::refuse(&mut tx, &permit, (id, form.text(DISAGREEMENT)), permit.at()).await,
        Err(_) => Err(RecoverError::Changed),
    };
    match refused {
        Ok(()) => tx.commit().await.map_err(PageError::unexpected)?,
        Err(RecoverError::Store(error)) => return Err(PageError::unexpected(error)),
        Err(error) => {
            drop(tx);
            mistakes.add_whole(sentence(&error.to_string()));
            return shown(&house, &who, person, &form, &mistakes).await;
        }
    }
    Ok(Redirect::to("/staff/recoveries").into_response())
}

async fn withdraw(who: SignedIn, path: Result<Path<u32>, PathRejection>) -> Result<Response, PageError> {
    let (mut tx, permit) = who.begin::<Recover>(person(path)?).await?;
    match actions::withdraw(&mut tx, &permit, permit.at()).await {
        Ok(()) => tx.commit().await.map_err(PageError::unexpected)?,
        Err(RecoverError::Store(error)) => return Err(PageError::unexpected(error)),
        // Somebody else answered it meanwhile: the page says so.
        Err(_) => drop(tx),
    }
    Ok(Redirect::to("/staff/recoveries").into_response())
}

async fn object(who: SignedIn) -> Result<Response, PageError> {
    let (mut tx, at) = who.begin_own().await?;
    actions::object(&mut tx, who.person(), at).await.map_err(PageError::unexpected)?;
    tx.commit().await.map_err(PageError::unexpected)?;
    Ok(Redirect::to(web::form::HOME).into_response())
}

/// Whom a name means: as on the roll, or as they sign in, where that is one person with an account.
async fn named(tx: &mut Tx, text: &str) -> Result<Option<PersonNo>, PageError> {
    if let Some(name) = Name::typed(text)
        && let Some(account) = table::by_name(tx, &name).await.map_err(PageError::unexpected)?
    {
        return Ok(Some(account.person));
    }
    let mut called = crate::store::people_called(tx, text).await.map_err(PageError::unexpected)?.into_iter();
    let Some(person) = called.next().filter(|_| called.next().is_none()) else { return Ok(None) };
    let account = table::of_person(tx, person.number).await.map_err(PageError::unexpected)?;
    Ok(account.map(|account| account.person))
}

fn person(path: Result<Path<u32>, PathRejection>) -> Result<PersonNo, PageError> {
    path.map(|Path(number)| PersonNo(number)).map_err(|_| PageError::NotFound)
}
