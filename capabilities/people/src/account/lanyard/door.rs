//! The page that a lanyard's code opens.

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use kit::Timestamp;
use store::Tx;
use web::form::HOME;
use web::speech::say;
use web::{Mistakes, PageError, Submitted};

use super::super::actions::{self as accounts, Proved};
use super::super::from::From;
use super::super::house::House;
use super::super::pages::{token, with_cookies};
use super::super::printed_code::LanyardCode;
use super::super::trying::{Outcome, Trying};
use super::super::{store as table, views as account_views};
use super::{code_hash, pin_hash, views};
use crate::guest::{Lanyard, store as guests};

pub(super) fn routes() -> Router<House> {
    Router::new()
        .route("/sign-in/lanyard", get(by_hand).post(typed))
        .route("/sign-in/lanyard/{code}", get(form).post(sign_in))
}

fn unexpected(error: store::StoreError) -> PageError {
    PageError::unexpected(error)
}

/// The lanyard of a code, on its days.
async fn lanyard(
    tx: &mut Tx,
    house: &House,
    code: &LanyardCode,
    at: Timestamp,
) -> Result<Option<Lanyard>, PageError> {
    let found = guests::lanyard(tx, &code_hash(&house.key, code)).await.map_err(unexpected)?;
    Ok(found.filter(|lanyard| lanyard.guest.holds(at)))
}

fn read(path: Result<Path<String>, PathRejection>) -> Result<LanyardCode, PageError> {
    let Path(text) = path.map_err(|_| PageError::NotFound)?;
    LanyardCode::read(&text).ok_or(PageError::NotFound)
}

/// Where there is no camera: the code stands beside the square.
async fn by_hand(State(house): State<House>, from: From) -> Response {
    if !from.is_private {
        return house.respond(&account_views::not_private().status(StatusCode::FORBIDDEN));
    }
    house.respond(&views::code(&Submitted::default(), &Mistakes::default()))
}

async fn typed(State(house): State<House>, from: From, form: Submitted) -> Result<Response, PageError> {
    if !from.is_private {
        return Ok(house.respond(&account_views::not_private().status(StatusCode::FORBIDDEN)));
    }
    let again = |say: String| {
        let mut mistakes = Mistakes::default();
        mistakes.add("code", say);
        Ok(house.respond(&views::code(&form, &mistakes)))
    };
    let Some(code) = LanyardCode::read(form.text("code")) else {
        return again(say("provider.enter-the-twelve-letters"));
    };
    let at = house.clock.now();
    let (whom, place) = (code_hash(&house.key, &code), house.place(&from));
    let trying = Trying { whom, place: place.clone(), crowd: Some(place), everywhere: false };
    let mut tx = house.db.begin().await.map_err(unexpected)?;
    if let Some(wait) = trying.begin(&mut tx, at).await.map_err(unexpected)? {
        house.counts.one(Outcome::Waited);
        return again(account_views::wait(wait));
    }
    let found = lanyard(&mut tx, &house, &code, at).await?;
    if found.is_some() {
        trying.got_it_right(&mut tx, at).await.map_err(unexpected)?;
    }
    tx.commit().await.map_err(unexpected)?;
    match found {
        Some(_) => Ok(Redirect::to(&format!("/sign-in/lanyard/{}", code.reveal())).into_response()),
        None => {
            house.counts.one(Outcome::Wrong);
            again(say("provider.no-lanyard-of-that"))
        }
    }
}

/// Says nothing of whose lanyard it is: whoever found it has its code.
async fn form(
    State(house): State<House>,
    from: From,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    if !from.is_private {
        return Ok(house.respond(&account_views::not_private().status(StatusCode::FORBIDDEN)));
    }
    let code = read(path)?;
    let mut tx = house.db.read().await.map_err(unexpected)?;
    let found = lanyard(&mut tx, &house, &code, house.clock.now()).await?;
    tx.roll_back().await.map_err(unexpected)?;
    Ok(house.respond(&found.map_or_else(views::over, |_| views::number(&code, &Mistakes::default()))))
}

async fn sign_in(
    State(house): State<House>,
    from: From,
    path: Result<Path<String>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    if !from.is_private {
        return Ok(house.respond(&account_views::not_private().status(StatusCode::FORBIDDEN)));
    }
    let code = read(path)?;
    let at = house.clock.now();
    let again = |outcome, say: String| {
        house.counts.one(outcome);
        let mut mistakes = Mistakes::default();
        mistakes.add("number", say);
        Ok(house.respond(&views::number(&code, &mistakes)))
    };
    let mut tx = house.db.begin().await.map_err(unexpected)?;
    let Some(lanyard) = lanyard(&mut tx, &house, &code, at).await? else {
        return Ok(house.respond(&views::over()));
    };
    // Wherever they are: only who has the code comes here, and there are a million numbers.
    let whom = house.keyed("lanyard", &lanyard.id.to_string());
    let trying = Trying { whom, place: house.place(&from), crowd: None, everywhere: true };
    if let Some(wait) = trying.begin(&mut tx, at).await.map_err(unexpected)? {
        return again(Outcome::Waited, account_views::wait_anywhere(wait));
    }
    let given = pin_hash(&house.key, lanyard.id, form.text("number"));
    // Both are keyed hashes, of which nobody without the key knows how far they agree.
    let right = given == *lanyard.pin.reveal();
    let account = table::of_person(&mut tx, lanyard.guest.person).await.map_err(unexpected)?;
    let Some(account) = account.filter(|_| right) else {
        // The try stays counted.
        tx.commit().await.map_err(unexpected)?;
        return again(Outcome::Wrong, say("provider.the-number-is-not"));
    };
    let session = token()?;
    let (agent, before) = (from.agent.clone(), house.token(&from.cookies));
    let proved = Proved { account: &account, how: "lanyard", proofs: 1, agent, trying: &trying, before };
    if accounts::sign_in(&mut tx, proved, &session, at).await.map_err(unexpected)?.is_none() {
        return again(Outcome::Wrong, say("provider.that-did-not-work"));
    }
    table::end_at(&mut tx, &session.hash(), lanyard.guest.ends_at).await.map_err(unexpected)?;
    tx.commit().await.map_err(unexpected)?;
    house.counts.one(Outcome::Right);
    Ok(with_cookies(Redirect::to(HOME).into_response(), [house.set_cookie(&session)]))
}
