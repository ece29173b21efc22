//! The page for anybody, and the one on which somebody looks into it.

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use web::{Mistakes, Page, PageError, Submitted};

use super::super::actions::{self as accounts, EndSessions};
use super::super::door::SignedIn;
use super::super::from::From;
use super::super::house::House;
use super::super::model::Name;
use super::super::pages::proved_again;
use super::super::store as accounts_table;
use super::actions::{self, ReadWorries, TellError, Teller};
use super::model::{Mistake, Said, Worry, WorryId};
use super::views::{self, Elsewhere};
use crate::store as roll;
use engine::PersonNo;
use store::Tx;

pub(super) fn routes() -> Router<House> {
    Router::new()
        .route("/worry", get(form).post(tell))
        .route("/staff/worries/{id}", get(one))
        .route("/staff/worries/{id}/end-sessions", post(end_sessions))
}

/// Whoever is signed in, or nobody: the page is for both.
struct Perhaps(Option<SignedIn>);

impl FromRequestParts<House> for Perhaps {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, house: &House) -> Result<Self, PageError> {
        match SignedIn::from_request_parts(parts, house).await {
            Ok(who) => Ok(Self(Some(who))),
            Err(PageError::SignInFirst { .. } | PageError::SignedOut) => Ok(Self(None)),
            Err(error) => Err(error),
        }
    }
}

fn answer(house: &House, who: Option<&SignedIn>, page: &Page) -> Response {
    match who {
        Some(who) => who.respond(page),
        None => house.respond(page),
    }
}

async fn form(State(house): State<House>, Perhaps(who): Perhaps) -> Response {
    let page = views::form(who.is_some(), &Submitted::default(), &Mistakes::default());
    answer(&house, who.as_ref(), &page)
}

async fn tell(
    State(house): State<House>,
    Perhaps(who): Perhaps,
    from: From,
    form: Submitted,
) -> Result<Response, PageError> {
    let mut mistakes = Mistakes::default();
    let said = match Said::read(form.text("what"), &form.line("name"), form.text("words")) {
        Ok(said) => said,
        Err(wrong) => {
            for mistake in wrong {
                mistakes.add(field_of(mistake), mistake.to_string());
            }
            return Ok(answer(&house, who.as_ref(), &views::form(who.is_some(), &form, &mistakes)));
        }
    };
    let what = said.what.clone();
    let teller = match &who {
        Some(who) => Teller::Person(who.person()),
        None => Teller::Stranger(house.place(&from)),
    };
    let (mut tx, at) = match &who {
        Some(who) => who.begin_own().await?,
        None => (house.db.begin().await.map_err(PageError::unexpected)?, house.clock.now()),
    };
    match actions::tell(&mut tx, &teller, said, at).await {
        Ok(_) => {}
        Err(TellError::TooMany) => {
            drop(tx);
            let page = views::too_many().status(StatusCode::TOO_MANY_REQUESTS);
            return Ok(answer(&house, who.as_ref(), &page));
        }
        Err(TellError::Store(error)) => return Err(PageError::unexpected(error)),
    }
    // It is written down whoever says it. Whoever else is signed in as them is out in this moment, where they have just proved who they are: a
    // browser that somebody found open ends nothing of its owner's.
    let elsewhere = match &who {
        None => Elsewhere::NotSignedIn,
        Some(who) if proved_again(who).is_ok() => {
            accounts::end_others(&mut tx, who.session(), at).await.map_err(PageError::unexpected)?;
            Elsewhere::Ended
        }
        Some(who) => {
            let others = accounts::has_others(&mut tx, who.session(), at).await;
            if others.map_err(PageError::unexpected)? { Elsewhere::Asks } else { Elsewhere::Ended }
        }
    };
    tx.commit().await.map_err(PageError::unexpected)?;
    Ok(answer(&house, who.as_ref(), &views::told(&what, elsewhere)))
}

const fn field_of(mistake: Mistake) -> &'static str {
    match mistake {
        Mistake::What => "what",
        Mistake::Name => "name",
        Mistake::Words => "words",
    }
}

fn id(path: Result<Path<String>, PathRejection>) -> Result<WorryId, PageError> {
    let Path(text) = path.map_err(|_| PageError::NotFound)?;
    text.parse().map_err(|_| PageError::NotFound)
}

/// Whose account it is about: who told it, or whom the name that they wrote is of.
async fn whose(tx: &mut Tx, worry: &Worry) -> Result<Option<PersonNo>, PageError> {
    let named = worry.said.name.as_ref().and_then(|name| Name::typed(name.reveal()));
    let account = match named {
        Some(name) => accounts_table::by_name(tx, &name).await.map_err(PageError::unexpected)?,
        None => None,
    };
    Ok(account.map(|account| account.person).or(worry.person.filter(|_| worry.said.name.is_none())))
}

async fn one(
    State(house): State<House>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    let permit = who.may::<ReadWorries>(id(path)?)?;
    let mut tx = house.db.read().await.map_err(PageError::unexpected)?;
    let worry = actions::one(&mut tx, &permit).await.map_err(PageError::unexpected)?;
    let worry = worry.ok_or(PageError::NotFound)?;
    let whose = whose(&mut tx, &worry).await?;
    let mut names = [None, None];
    for (name, person) in names.iter_mut().zip([worry.person, whose]) {
        if let Some(person) = person {
            *name = roll::name_of(&mut tx, person).await.map_err(PageError::unexpected)?;
        }
    }
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let [by, about] = names;
    let seen = views::Seen {
        worry: &worry,
        by,
        about: whose.zip(about),
        may_end: who.offers::<EndSessions>(),
        sees_roll: who.offers::<crate::intake::ReadRoll>(),
    };
    Ok(who.respond(&views::one(&seen, &house.zone)))
}

/// Signs whomever it is about out everywhere.
async fn end_sessions(
    State(house): State<House>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    let id = id(path)?;
    let permit = who.may::<ReadWorries>(id)?;
    let mut tx = house.db.read().await.map_err(PageError::unexpected)?;
    let worry = actions::one(&mut tx, &permit).await.map_err(PageError::unexpected)?;
    let worry = worry.ok_or(PageError::NotFound)?;
    let whose = whose(&mut tx, &worry).await?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let (mut tx, permit) = who.begin::<EndSessions>(whose.ok_or(PageError::NotFound)?).await?;
    accounts::end_everywhere(&mut tx, &permit, permit.at()).await.map_err(PageError::unexpected)?;
    tx.commit().await.map_err(PageError::unexpected)?;
    Ok(Redirect::to(&format!("/staff/worries/{id}")).into_response())
}
