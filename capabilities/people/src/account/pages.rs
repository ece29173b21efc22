//! Signing in and out, choosing a password, and one's own sessions.

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::{HeaderValue, SET_COOKIE};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use kit::{Private, Timestamp};
use web::form::{HOME, back_to};
use web::{Mistakes, Page, PageError, Submitted};

use super::actions::{self, Proved, Trying, WelcomeError};
use super::door::{From, House, SignedIn};
use super::model::{Account, Name, Token, check_password};
use super::{store as table, views};

/// The routes.
pub fn routes(house: House) -> Router {
    Router::new()
        .route("/sign-in", get(sign_in_form).post(sign_in))
        .route("/sign-in/again", get(again_form).post(again))
        .route("/sign-out", post(sign_out))
        .route("/welcome/{token}", get(welcome_form).post(welcome))
        .route("/me", get(me))
        .route("/me/sessions/{which}/end", post(end_session))
        .with_state(house)
}

async fn sign_in_form(State(house): State<House>, from: From, RawQuery(query): RawQuery) -> Response {
    let back = back_to(query.as_deref());
    if !House::is_private(from.address) {
        return house.respond(&views::not_private().status(StatusCode::FORBIDDEN));
    }
    house.respond(&views::sign_in(&Submitted::of([("back", back.as_str())]), &Mistakes::default()))
}

async fn sign_in(State(house): State<House>, from: From, form: Submitted) -> Result<Response, PageError> {
    let at = house.clock.now();
    if !House::is_private(from.address) {
        return Ok(house.respond(&views::not_private().status(StatusCode::FORBIDDEN)));
    }
    let again = |mistakes: &Mistakes| Ok(house.respond(&views::sign_in(&form, mistakes)));
    let (name, password) = (form.line("name"), Private::new(form.whole("password").to_owned()));
    let mut mistakes = Mistakes::default();
    if name.is_empty() {
        mistakes.add("name", "Enter the name that you sign in by");
    }
    if password.reveal().is_empty() {
        mistakes.add("password", "Enter your password");
    }
    if !mistakes.none() {
        return again(&mistakes);
    }
    let trying = house.trying(&name, from.place);
    let name = Name::typed(&name);
    let account = match (is_theirs(&house, &trying, name.as_ref(), &password, at).await?, name) {
        (Tried::Right(account), _) => account,
        (Tried::Not(say), _) => {
            mistakes.add("name", say);
            return again(&mistakes);
        }
    };
    let token = token()?;
    let mut tx = house.db.begin().await.map_err(PageError::unexpected)?;
    let proved = Proved { account: &account, how: "password", agent: from.agent, trying: &trying };
    if actions::sign_in(&mut tx, proved, &token, at).await.map_err(PageError::unexpected)?.is_none() {
        mistakes.add("name", NOT_RIGHT);
        return again(&mistakes);
    }
    tx.commit().await.map_err(PageError::unexpected)?;
    // `back` in a form is as little believed as in an address.
    let back = back_to(Some(&format!("back={}", web::form::in_a_query(form.text("back")))));
    Ok(with_cookie(Redirect::to(&back).into_response(), house.set_cookie(&token)))
}

/// Said of every try that failed, whyever it did.
const NOT_RIGHT: &str = "The name or the password is not right. Check both, and try again";

/// What came of a try.
enum Tried {
    /// It is them.
    Right(Account),
    /// It is not, or nobody can say now; what they are told, the same whether there is such an account or not.
    Not(String),
}

/// Whether a password is the one of a name. Takes as long for a name that nobody has.
async fn is_theirs(
    house: &House,
    trying: &Trying,
    name: Option<&Name>,
    password: &Private<String>,
    at: Timestamp,
) -> Result<Tried, PageError> {
    let mut tx = house.db.begin().await.map_err(PageError::unexpected)?;
    let wait = trying.begin(&mut tx, at).await.map_err(PageError::unexpected)?;
    tx.commit().await.map_err(PageError::unexpected)?;
    if let Some(wait) = wait {
        return Ok(Tried::Not(views::wait(wait)));
    }
    let mut tx = house.db.read().await.map_err(PageError::unexpected)?;
    let account = match name {
        Some(name) => table::by_name(&mut tx, name).await.map_err(PageError::unexpected)?,
        None => None,
    };
    // Whoever has left may not come in, and learns nothing else than that.
    let account = match account {
        Some(account)
            if crate::store::on_the_roll(&mut tx, account.person).await.map_err(PageError::unexpected)? =>
        {
            Some(account)
        }
        _ => None,
    };
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let hash = account.as_ref().and_then(|account| account.password.clone());
    let right = match house.hashing.is_right(password.clone(), hash).await {
        Ok(right) => right,
        Err(busy) => return Ok(Tried::Not(format!("Sorry: {busy}"))),
    };
    if let (true, Some(account)) = (right, account) {
        return Ok(Tried::Right(account));
    }
    tracing::info!("A sign-in failed");
    Ok(Tried::Not(NOT_RIGHT.to_owned()))
}

async fn again_form(who: SignedIn, RawQuery(query): RawQuery) -> Response {
    let back = back_to(query.as_deref());
    who.respond(&views::again(&Submitted::of([("back", back.as_str())]), &Mistakes::default()))
}

async fn again(
    State(house): State<House>,
    who: SignedIn,
    from: From,
    form: Submitted,
) -> Result<Response, PageError> {
    let at = who.at();
    let mut mistakes = Mistakes::default();
    let mut tx = house.db.read().await.map_err(PageError::unexpected)?;
    let account = table::of_person(&mut tx, who.person()).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let name = account.map(|account| account.name).ok_or(PageError::SignedOut)?;
    let trying = house.trying(name.reveal(), from.place);
    let password = Private::new(form.whole("password").to_owned());
    let account = match is_theirs(&house, &trying, Some(&name), &password, at).await? {
        Tried::Right(account) => account,
        Tried::Not(say) => {
            mistakes.add("password", say);
            return Ok(who.respond(&views::again(&form, &mistakes)));
        }
    };
    let mut tx = house.db.begin().await.map_err(PageError::unexpected)?;
    let proved = actions::prove_again(&mut tx, who.session(), &account, &trying, at).await;
    if !proved.map_err(PageError::unexpected)? {
        return Err(PageError::SignedOut);
    }
    tx.commit().await.map_err(PageError::unexpected)?;
    let back = back_to(Some(&format!("back={}", web::form::in_a_query(form.text("back")))));
    Ok(Redirect::to(&back).into_response())
}

async fn sign_out(State(house): State<House>, who: SignedIn) -> Result<Response, PageError> {
    let mut tx = house.db.begin().await.map_err(PageError::unexpected)?;
    let session = who.session();
    actions::end_own(&mut tx, session, &session.hash, who.at()).await.map_err(PageError::unexpected)?;
    tx.commit().await.map_err(PageError::unexpected)?;
    Ok(with_cookie(Redirect::to(web::error::SIGN_IN).into_response(), house.clear_cookie()))
}

async fn welcome_form(
    State(house): State<House>,
    from: From,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    if !House::is_private(from.address) {
        return Ok(house.respond(&views::not_private().status(StatusCode::FORBIDDEN)));
    }
    let token = invitation(path)?;
    let mut tx = house.db.read().await.map_err(PageError::unexpected)?;
    let account =
        actions::invited(&mut tx, &token, house.clock.now()).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let page = match account {
        Some(account) => views::welcome(&token, &account.name, &Mistakes::default()),
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
    if !House::is_private(from.address) {
        return Ok(house.respond(&views::not_private().status(StatusCode::FORBIDDEN)));
    }
    let token = invitation(path)?;
    let at = house.clock.now();
    let mut tx = house.db.read().await.map_err(PageError::unexpected)?;
    let account = actions::invited(&mut tx, &token, at).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let Some(account) = account else { return Ok(house.respond(&views::no_welcome())) };
    let (password, repeated) = (form.whole("password"), form.whole("repeated"));
    let mut mistakes = Mistakes::default();
    if let Err(weak) = check_password(password, &account.name) {
        mistakes.add("password", weak.to_string());
    } else if password != repeated {
        mistakes.add("repeated", "Enter the same password twice");
    }
    if !mistakes.none() {
        return Ok(house.respond(&views::welcome(&token, &account.name, &mistakes)));
    }
    let password = Private::new(password.to_owned());
    let hash = match house.hashing.hash(password.clone()).await {
        Ok(hash) => hash.ok_or_else(|| PageError::unexpected("the machine gives no randomness"))?,
        Err(busy) => {
            mistakes.add("password", format!("Sorry: {busy}"));
            return Ok(house.respond(&views::welcome(&token, &account.name, &mistakes)));
        }
    };
    let session = self::token()?;
    let trying = house.trying(account.name.reveal(), from.place);
    let mut tx = house.db.begin().await.map_err(PageError::unexpected)?;
    let account = match actions::welcome(&mut tx, &token, &password, &hash, at).await {
        Ok(account) => Account { password: Some(hash.clone()), ..account },
        Err(WelcomeError::Ended) => return Ok(house.respond(&views::no_welcome())),
        Err(error) => return Err(PageError::unexpected(error)),
    };
    let proved = Proved { account: &account, how: "password", agent: from.agent, trying: &trying };
    actions::sign_in(&mut tx, proved, &session, at).await.map_err(PageError::unexpected)?;
    tx.commit().await.map_err(PageError::unexpected)?;
    Ok(with_cookie(Redirect::to(HOME).into_response(), house.set_cookie(&session)))
}

async fn me(State(house): State<House>, who: SignedIn) -> Result<Response, PageError> {
    Ok(who.respond(&own_page(&house, &who).await?))
}

async fn own_page(house: &House, who: &SignedIn) -> Result<Page, PageError> {
    let mut tx = house.db.read().await.map_err(PageError::unexpected)?;
    let sessions =
        actions::own_sessions(&mut tx, who.session(), who.at()).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    Ok(views::me(who, &sessions, house.kind, &house.zone))
}

async fn end_session(
    State(house): State<House>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    let Path(which) = path.map_err(|_| PageError::NotFound)?;
    let mut tx = house.db.begin().await.map_err(PageError::unexpected)?;
    actions::end_own(&mut tx, who.session(), &which, who.at()).await.map_err(PageError::unexpected)?;
    tx.commit().await.map_err(PageError::unexpected)?;
    Ok(Redirect::to("/me").into_response())
}

fn invitation(path: Result<Path<String>, PathRejection>) -> Result<Token, PageError> {
    let Path(text) = path.map_err(|_| PageError::NotFound)?;
    Token::read(&text).ok_or(PageError::NotFound)
}

fn token() -> Result<Token, PageError> {
    let mut random = [0; Token::BYTES];
    getrandom::fill(&mut random).map_err(|_| PageError::unexpected("the machine gives no randomness"))?;
    Ok(Token::of(random))
}

fn with_cookie(mut response: Response, cookie: Option<HeaderValue>) -> Response {
    if let Some(cookie) = cookie {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}
