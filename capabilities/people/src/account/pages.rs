//! Signing in and out, choosing a password, and one's own sessions.

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::{HeaderName, HeaderValue, SET_COOKIE};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use kit::Private;
use web::form::{HOME, back_to};
use web::speech::say;
use web::{Mistakes, Page, PageError, Submitted};

use super::actions::{self, Proved, WelcomeError};
use super::codes::model::Typed;
use super::door::SignedIn;
use super::from::From;
use super::house::House;
use super::model::{Account, Name, Token};
use super::proving::{Tried, not_right};
use super::weak::{Known, check_password};
use super::{
    card, codes, elsewhere, inviting, lanyard, link, notices, own_language, own_password, passkeys, provider,
    recovery, store as table, views, worry,
};
use crate::duty;

/// The routes.
pub fn routes(house: House) -> Router {
    Router::new()
        .route("/sign-in", get(sign_in_form).post(sign_in))
        .route("/sign-in/again", get(again_form).post(again))
        .route("/sign-out", post(sign_out))
        .route("/welcome/{token}", get(welcome_form).post(welcome))
        .route("/me", get(me))
        .route("/me/sessions/end-others", post(end_others))
        .route("/me/sessions/{which}/end", post(end_session))
        .merge(codes::pages::routes())
        .merge(inviting::pages::routes())
        .merge(notices::pages::routes())
        .merge(own_language::routes())
        .merge(own_password::routes())
        .merge(passkeys::pages::routes())
        .merge(provider::pages::routes())
        .merge(recovery::pages::routes())
        .merge(card::routes())
        .merge(lanyard::routes())
        .merge(elsewhere::routes())
        .merge(worry::routes())
        .with_state(house)
}

async fn sign_in_form(
    State(house): State<House>,
    from: From,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let back = back_to(query.as_deref());
    if !from.is_private {
        return Ok(house.respond(&views::not_private().status(StatusCode::FORBIDDEN)));
    }
    let page = sign_in_page(&house, &Submitted::of([("back", back.as_str())]), &Mistakes::default());
    let mut tx = house.db.read().await.map_err(PageError::unexpected)?;
    let nobody = duty::nobody_holds_any(&mut tx, house.clock.now()).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let page = if nobody { page.with(views::first_one()) } else { page };
    Ok(house.respond(&page))
}

/// The form to sign in by, with the other ways that this portal has.
pub(super) fn sign_in_page(house: &House, form: &Submitted, mistakes: &Mistakes) -> Page {
    let asked = house.asked(house.clock.now());
    views::sign_in(form, asked.as_ref(), &house.ways_elsewhere(form.text("back")), mistakes)
}

async fn sign_in(State(house): State<House>, from: From, form: Submitted) -> Result<Response, PageError> {
    let at = house.clock.now();
    if !from.is_private {
        return Ok(house.respond(&views::not_private().status(StatusCode::FORBIDDEN)));
    }
    let again = |mistakes: &Mistakes| Ok(house.respond(&sign_in_page(&house, &form, mistakes)));
    let (name, password) = (form.line("name"), Private::new(form.whole("password").to_owned()));
    let mut mistakes = Mistakes::default();
    if name.is_empty() {
        mistakes.add("name", say("sign-in.enter-the-name-that"));
    }
    if password.reveal().is_empty() {
        mistakes.add("password", say("sign-in.enter-your-password"));
    }
    if !mistakes.none() {
        return again(&mistakes);
    }
    let (trying, place) = (house.trying(&name, &from), house.place(&from));
    let name = Name::typed(&name);
    let (account, how) = match house.is_theirs((&trying, &place), name.as_ref(), &password, at).await? {
        Tried::Right(account, how) => (account, how),
        Tried::Not(say) => {
            mistakes.add("name", say);
            return again(&mistakes);
        }
    };
    let mut tx = house.db.begin().await.map_err(PageError::unexpected)?;
    if let Some(page) = house.second_step(&mut tx, (&account, how), form.text("back"), at).await? {
        return Ok(page);
    }
    let token = token()?;
    let known = house.known_cookie(&trying, &from.cookies);
    let (agent, before) = (from.agent, house.token(&from.cookies));
    let proved = Proved { account: &account, how, proofs: 1, agent, trying: &trying, before };
    if actions::sign_in(&mut tx, proved, &token, at).await.map_err(PageError::unexpected)?.is_none() {
        mistakes.add("name", not_right());
        return again(&mistakes);
    }
    tx.commit().await.map_err(PageError::unexpected)?;
    let onwards = Redirect::to(&way_back(form.text("back"))).into_response();
    Ok(with_cookies(onwards, [house.set_cookie(&token), known]))
}

/// Where a form says that somebody goes on. It is as little believed there as in an address.
pub(super) fn way_back(back: &str) -> String {
    back_to(Some(&format!("back={}", web::form::in_a_query(back))))
}

async fn again_form(who: SignedIn, from: From, RawQuery(query): RawQuery) -> Result<Response, PageError> {
    if !from.is_private {
        return Ok(who.respond(&views::not_private().status(StatusCode::FORBIDDEN)));
    }
    let back = back_to(query.as_deref());
    let form = Submitted::of([("back", back.as_str())]);
    Ok(who.respond(&who.again_page(&form, &Mistakes::default()).await?))
}

async fn again(
    State(house): State<House>,
    who: SignedIn,
    from: From,
    form: Submitted,
) -> Result<Response, PageError> {
    if !from.is_private {
        return Ok(who.respond(&views::not_private().status(StatusCode::FORBIDDEN)));
    }
    let password = Private::new(form.whole("password").to_owned());
    let code = Typed::read(form.text("code"));
    match house.proves(who.session(), &from, (&password, &code), who.at()).await? {
        Ok(token) => {
            let onwards = Redirect::to(&way_back(form.text("back"))).into_response();
            Ok(with_cookies(onwards, [house.set_cookie(&token)]))
        }
        Err(say) => {
            let mut mistakes = Mistakes::default();
            mistakes.add("password", say);
            Ok(who.respond(&who.again_page(&form, &mistakes).await?))
        }
    }
}

async fn sign_out(State(house): State<House>, who: SignedIn, from: From) -> Result<Response, PageError> {
    let mut tx = house.db.begin().await.map_err(PageError::unexpected)?;
    let session = who.session();
    actions::end_own(&mut tx, session, &session.hash, who.at()).await.map_err(PageError::unexpected)?;
    tx.commit().await.map_err(PageError::unexpected)?;
    // On a device of a class the next child signs in.
    let to = if card::is_class_device(&house, &from) { card::SIGN_IN } else { web::error::SIGN_IN };
    let mut answer = with_cookies(Redirect::to(to).into_response(), [house.clear_cookie()]);
    // What a browser kept of pages goes (W3C, Clear Site Data); its place for notices and the cookie of a class stay.
    answer.headers_mut().insert(CLEAR_SITE_DATA, HeaderValue::from_static("\"cache\""));
    Ok(answer)
}

const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");

async fn welcome_form(
    State(house): State<House>,
    from: From,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    if !from.is_private {
        return Ok(house.respond(&views::not_private().status(StatusCode::FORBIDDEN)));
    }
    let token = invitation(path)?;
    let mut tx = house.db.read().await.map_err(PageError::unexpected)?;
    let account =
        actions::chooses(&mut tx, &token, house.clock.now()).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let page = match account {
        Some((account, _, shortest)) => views::welcome(&token, &account.name, shortest, &Mistakes::default()),
        None => views::no_welcome(),
    };
    Ok(house.respond(&page))
}

async fn welcome(
    State(house): State<House>,
    from: From,
    path: Result<Path<String>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    if !from.is_private {
        return Ok(house.respond(&views::not_private().status(StatusCode::FORBIDDEN)));
    }
    let token = invitation(path)?;
    let at = house.clock.now();
    let mut tx = house.db.read().await.map_err(PageError::unexpected)?;
    let account = actions::chooses(&mut tx, &token, at).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let Some((account, person, shortest)) = account else { return Ok(house.respond(&views::no_welcome())) };
    let (password, repeated) = (form.whole("password"), form.whole("repeated"));
    let school = house.school();
    let known = Known { name: &account.name, person: person.reveal(), school: &school, shortest };
    let mut mistakes = Mistakes::default();
    if let Err(weak) = check_password(password, &known) {
        mistakes.add("password", weak.said());
    } else if password != repeated {
        mistakes.add("repeated", say("sign-in.enter-the-same-password"));
    }
    if !mistakes.none() {
        return Ok(house.respond(&views::welcome(&token, &account.name, shortest, &mistakes)));
    }
    let password = Private::new(password.to_owned());
    let hash = match house.hashing.hash(&house.place(&from), password.clone()).await {
        Ok(hash) => hash.ok_or_else(|| PageError::unexpected("the machine gives no randomness"))?,
        Err(_) => {
            mistakes.add("password", say("sign-in.busy"));
            return Ok(house.respond(&views::welcome(&token, &account.name, shortest, &mistakes)));
        }
    };
    let session = self::token()?;
    let trying = house.trying(account.name.reveal(), &from);
    let known = house.known_cookie(&trying, &from.cookies);
    let mut tx = house.db.begin().await.map_err(PageError::unexpected)?;
    let (account, proofs) = match actions::welcome(&mut tx, &token, (&password, &school), &hash, at).await {
        Ok((account, proofs)) => (Account { password: Some(hash.clone()), ..account }, proofs),
        Err(WelcomeError::Ended) => return Ok(house.respond(&views::no_welcome())),
        Err(error) => return Err(PageError::unexpected(error)),
    };
    // Whoever has an app for codes proves that it is them by it: an invitation alone lets nobody be somebody else.
    if let Some(page) = house.second_step(&mut tx, (&account, "invitation"), HOME, at).await? {
        tx.commit().await.map_err(PageError::unexpected)?;
        return Ok(page);
    }
    // Whoever has a passkey proves by that, before their duties are theirs again.
    let keys = passkeys::store::of(&mut tx, account.id).await.map_err(PageError::unexpected)?;
    let proofs = if keys.is_empty() { proofs } else { 1 };
    let (agent, before) = (from.agent, house.token(&from.cookies));
    let proved = Proved { account: &account, how: "invitation", proofs, agent, trying: &trying, before };
    actions::sign_in(&mut tx, proved, &session, at).await.map_err(PageError::unexpected)?;
    tx.commit().await.map_err(PageError::unexpected)?;
    Ok(with_cookies(Redirect::to(HOME).into_response(), [house.set_cookie(&session), known]))
}

async fn me(State(house): State<House>, who: SignedIn, from: From) -> Result<Response, PageError> {
    Ok(who.respond(&own_page(&house, &who, &from).await?))
}

async fn own_page(house: &House, who: &SignedIn, from: &From) -> Result<Page, PageError> {
    let mut tx = house.db.read().await.map_err(PageError::unexpected)?;
    let sessions =
        actions::own_sessions(&mut tx, who.session(), who.at()).await.map_err(PageError::unexpected)?;
    let account = table::of_person(&mut tx, who.person()).await.map_err(PageError::unexpected)?;
    let failed = match account {
        Some(account) => house.trying(account.name.reveal(), from).failed(&mut tx).await,
        None => Ok(0),
    };
    let failed = failed.map_err(PageError::unexpected)?;
    let links = link::store::of(&mut tx, who.session().account).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let (before, now) = (who.session().failed_before, failed);
    let failed = views::Failed { before, since: now };
    let called = |id: &str| {
        let known =
            house.ways.providers.iter().map(provider::Provider::settings).find(|known| known.id == id);
        known.map_or_else(|| id.to_owned(), |known| known.name.clone())
    };
    let links = links.into_iter().map(|link| (called(&link.system), link)).collect::<Vec<_>>();
    Ok(views::me(who, &sessions, &links, &failed, house.kind, &house.zone))
}

async fn end_others(who: SignedIn) -> Result<Response, PageError> {
    proved_again(&who)?;
    let (mut tx, at) = who.begin_own().await?;
    actions::end_others(&mut tx, who.session(), at).await.map_err(PageError::unexpected)?;
    tx.commit().await.map_err(PageError::unexpected)?;
    Ok(Redirect::to("/me").into_response())
}

async fn end_session(
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    let Path(which) = path.map_err(|_| PageError::NotFound)?;
    if which != who.session().hash {
        proved_again(&who)?;
    }
    let (mut tx, at) = who.begin_own().await?;
    actions::end_own(&mut tx, who.session(), &which, at).await.map_err(PageError::unexpected)?;
    tx.commit().await.map_err(PageError::unexpected)?;
    Ok(Redirect::to("/me").into_response())
}

/// Whoever finds a browser signed in ends nobody's other sessions, which may be its owner's. Whoever signs in by a card has no more to prove it by.
pub(super) fn proved_again(who: &SignedIn) -> Result<(), PageError> {
    if who.session().is_weak() { Ok(()) } else { who.fresh() }
}

fn invitation(path: Result<Path<String>, PathRejection>) -> Result<Token, PageError> {
    let Path(text) = path.map_err(|_| PageError::NotFound)?;
    Token::read(&text).ok_or(PageError::NotFound)
}

pub(super) fn token() -> Result<Token, PageError> {
    let mut random = [0; Token::BYTES];
    getrandom::fill(&mut random).map_err(|_| PageError::unexpected("the machine gives no randomness"))?;
    Ok(Token::of(random))
}

pub(super) fn with_cookies(
    mut response: Response,
    cookies: impl IntoIterator<Item = Option<HeaderValue>>,
) -> Response {
    for cookie in cookies.into_iter().flatten() {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}
