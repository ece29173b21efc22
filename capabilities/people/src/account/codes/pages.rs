//! Codes: one's own page of them, and the second step of signing in.

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use kit::Timestamp;
use sha2::{Digest as _, Sha256};
use store::{Actor, Tx};
use web::form::back_to;
use web::speech::say;
use web::{Mistakes, PageError, Submitted};

use super::super::actions::{self as accounts, Proved};
use super::super::door::SignedIn;
use super::super::from::From;
use super::super::house::House;
use super::super::model::{Account, AccountId};
use super::super::pages::{sign_in_page, token, way_back, with_cookies};
use super::super::trying::Outcome;
use super::super::{seal, store as table, views as account_views};
use super::actions::{self, CodeError};
use super::model::Typed;
use super::{store as codes, views};

/// How long somebody may take between their password and their code.
const HALF_MS: i64 = 5 * 60_000;
/// Where one's own account is.
const OWN_PAGE: &str = "/me";
const HALF_WAY: &str = "half way through signing in";

pub(in super::super) fn routes() -> Router<House> {
    Router::new()
        .route("/sign-in/code", post(sign_in))
        .route("/me/codes", get(own).post(set_up))
        .route("/me/codes/recovery", post(renew))
        .route("/me/codes/removal", post(remove))
}

impl House {
    /// The page that asks for a code, where somebody who has just proved one thing has an app; `None` for anybody else. It carries that they
    /// did, and how, sealed: nothing of it is in the records.
    pub(in super::super) async fn second_step(
        &self,
        tx: &mut Tx,
        (account, how): (&Account, &str),
        back: &str,
        at: Timestamp,
    ) -> Result<Option<Response>, PageError> {
        if codes::app(tx, account.id).await.map_err(PageError::unexpected)?.is_none() {
            return Ok(None);
        }
        let until = at.plus_millis(HALF_MS).as_millis();
        let half = format!("{} {until} {} {how}", account.id, digest(account));
        let half = seal::seal(&self.key, HALF_WAY, half.as_bytes());
        let half = half.ok_or_else(|| PageError::unexpected("the machine gives no randomness"))?;
        let form = Submitted::of([("half", half.as_str()), ("back", back)]);
        Ok(Some(self.respond(&views::code(&form, &Mistakes::default()))))
    }

    /// Whose first half of signing in a form carries, and how they did it, where it holds still.
    async fn half_way(
        &self,
        tx: &mut Tx,
        half: &str,
        at: Timestamp,
    ) -> Result<Option<(Account, String)>, PageError> {
        let opened = seal::open(&self.key, HALF_WAY, half).and_then(|bytes| String::from_utf8(bytes).ok());
        let Some(opened) = opened else { return Ok(None) };
        let mut parts = opened.split(' ');
        let id = parts.next().and_then(|id| id.parse::<AccountId>().ok());
        let until = parts.next().and_then(|until| until.parse().ok());
        let (Some(id), Some(until), Some(password), Some(how)) = (id, until, parts.next(), parts.next())
        else {
            return Ok(None);
        };
        if at.as_millis() >= until {
            return Ok(None);
        }
        let account = table::by_id(tx, id).await.map_err(PageError::unexpected)?;
        let Some(account) = account.filter(|account| digest(account) == password) else { return Ok(None) };
        let here = crate::store::on_the_roll(tx, account.person).await.map_err(PageError::unexpected)?;
        Ok(here.then(|| (account, how.to_owned())))
    }
}

/// Which password somebody has, so that another ends what the one before began.
fn digest(account: &Account) -> String {
    let hash = account.password.as_ref().map_or("", |hash| hash.reveal().as_str());
    Sha256::digest(hash.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn sign_in(State(house): State<House>, from: From, form: Submitted) -> Result<Response, PageError> {
    if !from.is_private {
        return Ok(house.respond(&account_views::not_private().status(StatusCode::FORBIDDEN)));
    }
    let at = house.clock.now();
    let mut tx = house.db.begin().await.map_err(PageError::unexpected)?;
    let Some((account, first)) = house.half_way(&mut tx, form.whole("half"), at).await? else {
        let mut mistakes = Mistakes::default();
        mistakes.add("name", say("codes.that-took-too-long"));
        return Ok(house.respond(&sign_in_page(&house, &form, &mistakes)));
    };
    let again = |say: String| {
        let mut mistakes = Mistakes::default();
        mistakes.add("code", say);
        Ok(house.respond(&views::code(&form, &mistakes)))
    };
    // Counted before it is looked at, as a password is; by whom it is, wherever they are: only who has the password comes here.
    let trying = house.trying_codes(account.id, &from);
    let wait = trying.begin(&mut tx, at).await.map_err(PageError::unexpected)?;
    tx.commit().await.map_err(PageError::unexpected)?;
    if let Some(wait) = wait {
        house.counts.one(Outcome::Waited);
        return again(account_views::wait_anywhere(wait));
    }
    let mut tx = house.db.begin().await.map_err(PageError::unexpected)?;
    let taken = house.takes_code(&mut tx, &account, &Typed::read(form.text("code")), at).await;
    let Some(how) = taken.map_err(PageError::unexpected)? else {
        house.counts.one(Outcome::Wrong);
        return again(CodeError::NotRight.to_string());
    };
    trying.got_it_right(&mut tx, at).await.map_err(PageError::unexpected)?;
    let by_name = house.trying(account.name.reveal(), &from);
    let known = house.known_cookie(&by_name, &from.cookies);
    let (session, agent, before) = (token()?, from.agent, house.token(&from.cookies));
    let how = &format!("{first}+{how}");
    let proved = Proved { account: &account, how, proofs: 2, agent, trying: &by_name, before };
    let begun = accounts::sign_in(&mut tx, proved, &session, at).await.map_err(PageError::unexpected)?;
    if begun.is_none() {
        return again(CodeError::NotRight.to_string());
    }
    tx.commit().await.map_err(PageError::unexpected)?;
    house.counts.one(Outcome::Right);
    let onwards = Redirect::to(&way_back(form.text("back"))).into_response();
    Ok(with_cookies(onwards, [house.set_cookie(&session), known]))
}

async fn own(
    State(house): State<House>,
    who: SignedIn,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    who.fresh()?;
    who.proved_enough()?;
    page(&house, &who, &onwards(query.as_deref()), &Mistakes::default()).await
}

/// Where somebody goes on once codes are set up; to their own page, where nothing is said.
fn onwards(query: Option<&str>) -> String {
    let asked = query.is_some_and(|query| query.split('&').any(|field| field.starts_with("back=")));
    if asked { back_to(query) } else { OWN_PAGE.to_owned() }
}

/// What there is of codes; where there is nothing, how to set them up.
async fn page(house: &House, who: &SignedIn, back: &str, mistakes: &Mistakes) -> Result<Response, PageError> {
    let mut tx = house.db.read().await.map_err(PageError::unexpected)?;
    let account = table::of_person(&mut tx, who.person()).await.map_err(PageError::unexpected)?;
    let account = account.ok_or(PageError::SignedOut)?;
    let app = codes::app(&mut tx, account.id).await.map_err(PageError::unexpected)?;
    let left = codes::recovery_left(&mut tx, account.id).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    if let Some(app) = app {
        return Ok(who.respond(&views::there(app.made_at, left, &house.zone, mistakes)));
    }
    let (secret, sealed) = house.new_secret(account.id, who.at()).map_err(PageError::unexpected)?;
    Ok(who.respond(&views::set_up(
        &secret,
        (sealed.as_str(), back),
        &house.school(),
        &account.name,
        mistakes,
    )))
}

async fn set_up(State(house): State<House>, who: SignedIn, form: Submitted) -> Result<Response, PageError> {
    who.fresh()?;
    who.proved_enough()?;
    let (mut tx, at) = who.begin_own().await?;
    let back = match form.text("back") {
        "" => OWN_PAGE.to_owned(),
        back => way_back(back),
    };
    let there = codes::app(&mut tx, who.session().account).await.map_err(PageError::unexpected)?;
    if there.is_some() {
        tx.roll_back().await.map_err(PageError::unexpected)?;
        return Ok(Redirect::to("/me/codes").into_response());
    }
    let (sealed, code) = (form.whole("sealed"), Typed::read(form.text("code")));
    match house.set_codes_up(&mut tx, who.session(), (sealed, &code), at).await {
        Ok(codes) => {
            tx.commit().await.map_err(PageError::unexpected)?;
            Ok(who.respond(&views::recovery(&codes, &back)))
        }
        Err(wrong @ (CodeError::NotRight | CodeError::TooOld)) => {
            drop(tx);
            let mut mistakes = Mistakes::default();
            mistakes.add("code", wrong.to_string());
            // The app has the secret already: the same stays on the page.
            match house.travelled(who.session().account, sealed, at) {
                Some(secret) => {
                    let account = own_account(&house, &who).await?;
                    let school = house.school();
                    let page =
                        views::set_up(&secret, (sealed, back.as_str()), &school, &account.name, &mistakes);
                    Ok(who.respond(&page))
                }
                None => page(&house, &who, &back, &mistakes).await,
            }
        }
        Err(error) => Err(PageError::unexpected(error)),
    }
}

async fn renew(State(house): State<House>, who: SignedIn) -> Result<Response, PageError> {
    who.fresh()?;
    who.proved_enough()?;
    let (mut tx, at) = who.begin_own().await?;
    if codes::app(&mut tx, who.session().account).await.map_err(PageError::unexpected)?.is_none() {
        return Err(PageError::NotFound);
    }
    let codes = house.renew_recovery(&mut tx, who.session(), at).await.map_err(PageError::unexpected)?;
    tx.commit().await.map_err(PageError::unexpected)?;
    Ok(who.respond(&views::recovery(&codes, OWN_PAGE)))
}

async fn remove(State(house): State<House>, who: SignedIn) -> Result<Response, PageError> {
    who.fresh()?;
    who.proved_enough()?;
    let account = own_account(&house, &who).await?;
    let (mut tx, at) = who.begin_own().await?;
    let actor = Actor::Person(who.person().0);
    actions::remove(&mut tx, &actor, &account, at).await.map_err(PageError::unexpected)?;
    tx.commit().await.map_err(PageError::unexpected)?;
    Ok(Redirect::to("/me").into_response())
}

async fn own_account(house: &House, who: &SignedIn) -> Result<Account, PageError> {
    let mut tx = house.db.read().await.map_err(PageError::unexpected)?;
    let account = table::of_person(&mut tx, who.person()).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    account.ok_or(PageError::SignedOut)
}
