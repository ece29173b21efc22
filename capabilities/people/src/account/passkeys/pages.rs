//! One's own passkeys, and signing in by one.

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use kit::Timestamp;
use store::Tx;
use web::{Mistakes, PageError, Submitted};

use super::super::actions::{self as accounts, Proved};
use super::super::door::SignedIn;
use super::super::from::From;
use super::super::house::House;
use super::super::model::{Account, Session, Token};
use super::super::pages::{sign_in_page, token, way_back, with_cookies};
use super::super::trying::Outcome;
use super::super::{store as table, views as account_views};
use super::actions::{self, PasskeyError};
use super::model::{Passkey, PasskeyId, wrong_name};
use super::views::{Asked, Shown, Then};
use super::{store as passkeys, views};

pub(in super::super) fn routes() -> Router<House> {
    Router::new()
        .route("/sign-in/passkey", post(sign_in))
        .route("/sign-in/again/passkey", post(again))
        .route("/me/passkeys", get(own).post(make))
        .route("/me/passkeys/{id}", get(one))
        .route("/me/passkeys/{id}/name", post(rename))
        .route("/me/passkeys/{id}/removal", post(remove))
}

impl House {
    /// What a browser is asked to sign in by, where this portal has passkeys.
    pub(in super::super) fn asked(&self, at: Timestamp) -> Option<Asked> {
        let (options, state) = self.begin_signing_in(at).ok()?;
        Some(Asked { options, state })
    }

    /// Whether whoever has the session proves again who they are, by a passkey of theirs: then the session goes on by the token
    /// that this gives; otherwise what they are told.
    pub(in super::super) async fn proves_by_passkey(
        &self,
        session: &Session,
        from: &From,
        sent: (&str, &str),
        at: Timestamp,
    ) -> Result<Result<Token, String>, PageError> {
        let not = |error: PasskeyError| {
            self.counts.one(Outcome::Wrong);
            Ok(Err(error.to_string()))
        };
        let held = match self.held(sent, at).await {
            Ok(held) if held.account.id == session.account => held,
            // Somebody else's, on a computer that they share.
            Ok(_) => return not(PasskeyError::NotRight),
            Err(PasskeyError::Store(error)) => return Err(PageError::unexpected(error)),
            Err(error) => return not(error),
        };
        let mut tx = self.db.begin().await.map_err(PageError::unexpected)?;
        if !held.use_up(&mut tx, at).await.map_err(PageError::unexpected)? {
            return not(PasskeyError::NotRight);
        }
        let trying = self.trying(held.account.name.reveal(), from);
        let token = token()?;
        let by = (&trying, true);
        let proved = accounts::prove_again(&mut tx, (session, &token), &held.account, by, at).await;
        if !proved.map_err(PageError::unexpected)? {
            return Err(PageError::SignedOut);
        }
        tx.commit().await.map_err(PageError::unexpected)?;
        self.counts.one(Outcome::Right);
        Ok(Ok(token))
    }
}

async fn sign_in(State(house): State<House>, from: From, form: Submitted) -> Result<Response, PageError> {
    if !from.is_private {
        return Ok(house.respond(&account_views::not_private().status(StatusCode::FORBIDDEN)));
    }
    let at = house.clock.now();
    let not = |error: PasskeyError| {
        house.counts.one(Outcome::Wrong);
        let mut mistakes = Mistakes::default();
        mistakes.add_whole(error.to_string());
        Ok(house.respond(&sign_in_page(&house, &form, &mistakes)))
    };
    let held = match house.held((form.whole("state"), form.whole("answer")), at).await {
        Ok(held) => held,
        Err(PasskeyError::Store(error)) => return Err(PageError::unexpected(error)),
        Err(error) => return not(error),
    };
    let mut tx = house.db.begin().await.map_err(PageError::unexpected)?;
    if !held.use_up(&mut tx, at).await.map_err(PageError::unexpected)? {
        return not(PasskeyError::NotRight);
    }
    let account = &held.account;
    let trying = house.trying(account.name.reveal(), &from);
    let known = house.known_cookie(&trying, &from.cookies);
    let session = token()?;
    let agent = from.agent.clone();
    let before = house.token(&from.cookies);
    let proved = Proved { account, how: "passkey", proofs: 2, agent, trying: &trying, before };
    if accounts::sign_in(&mut tx, proved, &session, at).await.map_err(PageError::unexpected)?.is_none() {
        return not(PasskeyError::NotRight);
    }
    tx.commit().await.map_err(PageError::unexpected)?;
    house.counts.one(Outcome::Right);
    let onwards = Redirect::to(&way_back(form.text("back"))).into_response();
    Ok(with_cookies(onwards, [house.set_cookie(&session), known]))
}

async fn again(
    State(house): State<House>,
    who: SignedIn,
    from: From,
    form: Submitted,
) -> Result<Response, PageError> {
    if !from.is_private {
        return Ok(who.respond(&account_views::not_private().status(StatusCode::FORBIDDEN)));
    }
    let sent = (form.whole("state"), form.whole("answer"));
    match house.proves_by_passkey(who.session(), &from, sent, who.at()).await? {
        Ok(token) => {
            let onwards = Redirect::to(&way_back(form.text("back"))).into_response();
            Ok(with_cookies(onwards, [house.set_cookie(&token)]))
        }
        Err(say) => {
            let mut mistakes = Mistakes::default();
            mistakes.add_whole(say);
            Ok(who.respond(&who.again_page(&form, &mistakes).await?))
        }
    }
}

async fn own(State(house): State<House>, who: SignedIn) -> Result<Response, PageError> {
    who.fresh()?;
    who.proved_enough()?;
    page(&house, &who, "", &Mistakes::default()).await
}

async fn page(
    house: &House,
    who: &SignedIn,
    called: &str,
    mistakes: &Mistakes,
) -> Result<Response, PageError> {
    let (account, kept) = theirs(house, who).await?;
    let asked = match house.begin_making(&account, who.name(), &kept, who.at()) {
        Ok((options, state)) => Some(Asked { options, state }),
        Err(PasskeyError::NoneHere) => None,
        Err(error) => return Err(PageError::unexpected(error)),
    };
    let shown: Vec<Shown> = kept.iter().map(Shown::from).collect();
    Ok(who.respond(&views::own(&shown, asked.as_ref(), called, &house.zone, mistakes)))
}

async fn make(State(house): State<House>, who: SignedIn, form: Submitted) -> Result<Response, PageError> {
    who.fresh()?;
    who.proved_enough()?;
    let called = form.line("called");
    let mut mistakes = Mistakes::default();
    if let Some(wrong) = wrong_name(&called) {
        mistakes.add("called", wrong);
        return page(&house, &who, &called, &mistakes).await;
    }
    let (mut tx, at) = who.begin_own().await?;
    let account = account(&mut tx, &who).await?;
    let sent = (form.whole("state"), form.whole("answer"), called.as_str());
    match house.finish_making(&mut tx, (&account, who.session()), sent, at).await {
        Ok(()) => tx.commit().await.map_err(PageError::unexpected)?,
        Err(PasskeyError::Store(error)) => return Err(PageError::unexpected(error)),
        Err(error) => {
            drop(tx);
            mistakes.add_whole(error.to_string());
            return page(&house, &who, &called, &mistakes).await;
        }
    }
    Ok(Redirect::to("/me/passkeys").into_response())
}

async fn one(
    State(house): State<House>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    who.fresh()?;
    who.proved_enough()?;
    page_of(&house, &who, id(path)?, None, &Mistakes::default()).await
}

async fn page_of(
    house: &House,
    who: &SignedIn,
    id: PasskeyId,
    called: Option<&str>,
    mistakes: &Mistakes,
) -> Result<Response, PageError> {
    let (_, kept) = theirs(house, who).await?;
    let one = kept.iter().find(|one| one.id == id).ok_or(PageError::NotFound)?;
    let enough = who.has_codes() || !one.holds() || kept.iter().any(|other| other.id != id && other.holds());
    let then = match (enough, who.needs_several()) {
        (true, _) => Then::Enough,
        (false, true) => Then::DutiesRest,
        (false, false) => Then::PasswordAlone,
    };
    let shown = Shown::from(one);
    let called = called.unwrap_or(&shown.called);
    Ok(who.respond(&views::one(&shown, called, then, &house.zone, mistakes)))
}

async fn rename(
    State(house): State<House>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    who.fresh()?;
    who.proved_enough()?;
    let (id, called) = (id(path)?, form.line("called"));
    if let Some(wrong) = wrong_name(&called) {
        let mut mistakes = Mistakes::default();
        mistakes.add("called", wrong);
        return page_of(&house, &who, id, Some(&called), &mistakes).await;
    }
    let (mut tx, _) = who.begin_own().await?;
    let account = account(&mut tx, &who).await?;
    if !actions::rename(&mut tx, &account, id, &called).await.map_err(PageError::unexpected)? {
        return Err(PageError::NotFound);
    }
    tx.commit().await.map_err(PageError::unexpected)?;
    Ok(Redirect::to("/me/passkeys").into_response())
}

async fn remove(
    State(house): State<House>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    who.fresh()?;
    who.proved_enough()?;
    let id = id(path)?;
    let (mut tx, at) = who.begin_own().await?;
    let account = account(&mut tx, &who).await?;
    match house.take_passkey_away(&mut tx, (&account, who.session()), id, at).await {
        Ok(()) => tx.commit().await.map_err(PageError::unexpected)?,
        Err(error @ PasskeyError::OnlyWay) => {
            drop(tx);
            let mut mistakes = Mistakes::default();
            mistakes.add_whole(error.to_string());
            return page_of(&house, &who, id, None, &mistakes).await;
        }
        Err(error) => return Err(PageError::unexpected(error)),
    }
    Ok(Redirect::to("/me/passkeys").into_response())
}

async fn theirs(house: &House, who: &SignedIn) -> Result<(Account, Vec<Passkey>), PageError> {
    let mut tx = house.db.read().await.map_err(PageError::unexpected)?;
    let account = account(&mut tx, who).await?;
    let kept = passkeys::of(&mut tx, account.id).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    Ok((account, kept))
}

async fn account(tx: &mut Tx, who: &SignedIn) -> Result<Account, PageError> {
    let account = table::of_person(tx, who.person()).await.map_err(PageError::unexpected)?;
    account.ok_or(PageError::SignedOut)
}

/// An id that cannot be one is nothing of theirs.
fn id(path: Result<Path<String>, PathRejection>) -> Result<PasskeyId, PageError> {
    let Path(text) = path.map_err(|_| PageError::NotFound)?;
    text.parse().map_err(|_| PageError::NotFound)
}
