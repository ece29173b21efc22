//! Changing one's own password.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use kit::Private;
use web::speech::say;
use web::{Mistakes, PageError, Submitted};

use super::door::SignedIn;
use super::from::From;
use super::house::House;
use super::model::Account;
use super::weak::{Known, check_password};
use super::{actions, store as table, views};

pub(super) fn routes() -> Router<House> {
    Router::new().route("/me/password", get(form).post(change))
}

async fn form(State(house): State<House>, who: SignedIn, from: From) -> Result<Response, PageError> {
    page(&house, &who, &from, &Mistakes::default()).await
}

/// Whose password it is, and how long one that they choose is at least; nothing where the school gives them theirs. For whoever has just
/// proved who they are, by both proofs where they have two.
async fn allowed(house: &House, who: &SignedIn) -> Result<(Account, Option<usize>), PageError> {
    who.fresh()?;
    who.proved_enough()?;
    let mut tx = house.db.read().await.map_err(PageError::unexpected)?;
    let shortest =
        actions::chooses_own(&mut tx, who.person(), who.at()).await.map_err(PageError::unexpected)?;
    let account = table::of_person(&mut tx, who.person()).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    Ok((account.ok_or(PageError::SignedOut)?, shortest))
}

/// The form; and for whom the school chooses, that it does.
async fn page(
    house: &House,
    who: &SignedIn,
    from: &From,
    mistakes: &Mistakes,
) -> Result<Response, PageError> {
    if !from.is_private {
        return Ok(who.respond(&views::not_private().status(StatusCode::FORBIDDEN)));
    }
    let (account, shortest) = allowed(house, who).await?;
    Ok(who.respond(&match shortest {
        Some(shortest) => views::own_password(&account.name, shortest, mistakes),
        None => views::password_is_given(),
    }))
}

async fn change(
    State(house): State<House>,
    who: SignedIn,
    from: From,
    form: Submitted,
) -> Result<Response, PageError> {
    if !from.is_private {
        return Ok(who.respond(&views::not_private().status(StatusCode::FORBIDDEN)));
    }
    let (account, shortest) = allowed(&house, &who).await?;
    let Some(shortest) = shortest else { return page(&house, &who, &from, &Mistakes::default()).await };
    let (password, repeated) = (form.whole("password"), form.whole("repeated"));
    let school = house.school();
    let known = Known { name: &account.name, person: who.name().reveal(), school: &school, shortest };
    let mut mistakes = Mistakes::default();
    if let Err(weak) = check_password(password, &known) {
        mistakes.add("password", weak.said());
    } else if password != repeated {
        mistakes.add("repeated", say("sign-in.enter-the-same-password"));
    }
    if !mistakes.none() {
        return page(&house, &who, &from, &mistakes).await;
    }
    let hash = match house.hashing.hash(&house.place(&from), Private::new(password.to_owned())).await {
        Ok(hash) => hash.ok_or_else(|| PageError::unexpected("the machine gives no randomness"))?,
        Err(_) => {
            mistakes.add("password", say("sign-in.busy"));
            return page(&house, &who, &from, &mistakes).await;
        }
    };
    let (mut tx, at) = who.begin_own().await?;
    actions::change_password(&mut tx, who.session(), &hash, at).await.map_err(PageError::unexpected)?;
    tx.commit().await.map_err(PageError::unexpected)?;
    Ok(Redirect::to("/me").into_response())
}
