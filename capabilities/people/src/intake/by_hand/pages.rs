//! Writing about one person at the portal.

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use engine::PersonNo;
use web::speech::say;
use web::{Mistakes, PageError, Submitted, sentence};

use super::actions::{self, HandError};
use super::model::{Edit, Hand, Mistake};
use super::views::{self, Writing};
use crate::account::SignedIn;
use crate::intake::actions::{Given, ImportRoll};
use crate::intake::model::Field;
use crate::intake::pages::{Office, number};
use crate::intake::store::{self as tables, ClassLine, Profile};
use crate::kind::{Kind, YearGroup};
use crate::roster::day_by_hand;

pub(in crate::intake) fn routes() -> Router<Office> {
    Router::new()
        .route("/staff/roll/new", get(new_form).post(add))
        .route("/staff/roll/{person}/change", get(form).post(change))
        .route("/staff/roll/{person}/return", post(come_back))
        .route("/staff/roll/{person}/kept", post(release))
}

async fn new_form(State(office): State<Office>, who: SignedIn) -> Result<Response, PageError> {
    page(&office, &who, None, None, &Mistakes::default()).await
}

async fn form(
    State(office): State<Office>,
    who: SignedIn,
    path: Result<Path<u32>, PathRejection>,
) -> Result<Response, PageError> {
    page(&office, &who, Some(PersonNo(number(path)?)), None, &Mistakes::default()).await
}

async fn page(
    office: &Office,
    who: &SignedIn,
    person: Option<PersonNo>,
    form: Option<&Submitted>,
    mistakes: &Mistakes,
) -> Result<Response, PageError> {
    who.could::<ImportRoll>(())?;
    let mut tx = office.house.db.read().await.map_err(PageError::unexpected)?;
    let known = match person {
        Some(person) => {
            let profile = tables::profile(&mut tx, person).await.map_err(PageError::unexpected)?;
            // Whoever has left is brought back on their page, and then changed.
            let profile = profile.filter(|profile| profile.here).ok_or(PageError::NotFound)?;
            let own = tables::taught(&mut tx, person).await.map_err(PageError::unexpected)?;
            Some((profile, own))
        }
        None => None,
    };
    let classes = tables::classes(&mut tx).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let as_it_is = known.as_ref().map(|(profile, _)| views::as_it_is(profile)).unwrap_or_default();
    let writing = Writing {
        profile: known.as_ref().map(|(profile, _)| profile),
        own: known.as_ref().map_or(&[], |(_, own)| own.as_slice()),
        classes: &classes,
    };
    Ok(who.respond(&views::write(&writing, form.unwrap_or(&as_it_is), mistakes)))
}

async fn add(State(office): State<Office>, who: SignedIn, form: Submitted) -> Result<Response, PageError> {
    written(&office, &who, None, &form).await
}

async fn change(
    State(office): State<Office>,
    who: SignedIn,
    path: Result<Path<u32>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    written(&office, &who, Some(PersonNo(number(path)?)), &form).await
}

/// What a form says, with what is wrong beside its fields.
fn edit(form: &Submitted, classes: &[ClassLine], asks_to_keep: bool, mistakes: &mut Mistakes) -> Edit {
    let mut day = |field: &'static str| match form.text(field) {
        "" => None,
        text => {
            let day = day_by_hand(text);
            if day.is_none() {
                mistakes.add(field, say("roll.enter-a-day-as"));
            }
            day
        }
    };
    let (born_on, first_on, last_on) = (day("born"), day("first"), day("last"));
    let mut class = |field: &'static str| match form.text(field) {
        "" => None,
        id => {
            let found = classes.iter().find(|class| class.id == id).map(|class| class.key.clone());
            if found.is_none() {
                mistakes.add(field, say("roll.choose-one-of-the"));
            }
            found
        }
    };
    let (leaves, joins) = (class("leaves"), class("joins"));
    let year = form.text("year").parse().ok().and_then(YearGroup::of_number);
    if asks_to_keep && !["keep", "follow"].contains(&form.text("keep")) {
        mistakes.add("keep", say("roll.select-what-holds-when"));
    }
    Edit {
        given: form.line("given"),
        family: form.line("family"),
        kind: Kind::of_id(form.text("kind")),
        year,
        born_on,
        first_on,
        last_on,
        leaves,
        joins,
        keep: form.text("keep") == "keep",
    }
}

async fn written(
    office: &Office,
    who: &SignedIn,
    person: Option<PersonNo>,
    form: &Submitted,
) -> Result<Response, PageError> {
    let (mut tx, permit) = who.begin::<ImportRoll>(()).await?;
    let profile: Option<Profile> = match person {
        Some(person) => {
            let profile = tables::profile(&mut tx, person).await.map_err(PageError::unexpected)?;
            Some(profile.ok_or(PageError::NotFound)?)
        }
        None => None,
    };
    let classes = tables::classes(&mut tx).await.map_err(PageError::unexpected)?;
    let mut mistakes = Mistakes::default();
    let asks = profile.as_ref().is_some_and(|profile| profile.keeper().is_some());
    let edit = edit(form, &classes, asks, &mut mistakes);
    if mistakes.none() {
        let groups = (office.groups)();
        let given = Given { source: None, groups: Some(&groups), zone: &office.house.zone };
        let hand = Hand::Write(edit);
        match actions::prepare(&mut tx, &permit, person, &hand, &given, permit.at()).await {
            Ok(import) => {
                tx.commit().await.map_err(PageError::unexpected)?;
                return Ok(to(import.number));
            }
            Err(error) => refused(error, &mut mistakes)?,
        }
    }
    drop(tx);
    page(office, who, person, Some(form), &mistakes).await
}

fn refused(error: HandError, mistakes: &mut Mistakes) -> Result<(), PageError> {
    let field = match &error {
        HandError::Store(_) | HandError::NobodyThere => {
            return Err(match error {
                HandError::Store(error) => PageError::unexpected(error),
                _ => PageError::NotFound,
            });
        }
        HandError::Mistake(mistake) => match mistake {
            Mistake::NoName => "given",
            Mistake::NoKind => "kind",
            Mistake::YearOfNoPupil => "year",
            Mistake::Days => "last",
            Mistake::Born => "born",
            Mistake::NoClass => "joins",
            Mistake::HasLeft | Mistake::IsHere => "",
        },
        HandError::Nothing => "",
    };
    mistakes.add(field, sentence(&error.to_string()));
    Ok(())
}

fn to(number: i64) -> Response {
    Redirect::to(&format!("/staff/roll/imports/{number}")).into_response()
}

async fn come_back(
    State(office): State<Office>,
    who: SignedIn,
    path: Result<Path<u32>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    let hand = Hand::Return { keep: form.text("keep") == "yes" };
    small(&office, &who, PersonNo(number(path)?), &hand).await
}

async fn release(
    State(office): State<Office>,
    who: SignedIn,
    path: Result<Path<u32>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    who.could::<ImportRoll>(())?;
    let field = Field::ALL.into_iter().find(|field| field.id() == form.text("field"));
    let hand = Hand::Release(field.ok_or(PageError::NotFound)?);
    small(&office, &who, PersonNo(number(path)?), &hand).await
}

/// What takes one press of a button. Where there is nothing to do any more, the person's page says how it stands.
async fn small(
    office: &Office,
    who: &SignedIn,
    person: PersonNo,
    hand: &Hand,
) -> Result<Response, PageError> {
    let (mut tx, permit) = who.begin::<ImportRoll>(()).await?;
    let groups = (office.groups)();
    let given = Given { source: None, groups: Some(&groups), zone: &office.house.zone };
    match actions::prepare(&mut tx, &permit, Some(person), hand, &given, permit.at()).await {
        Ok(import) => {
            tx.commit().await.map_err(PageError::unexpected)?;
            Ok(to(import.number))
        }
        Err(HandError::Store(error)) => Err(PageError::unexpected(error)),
        Err(HandError::NobodyThere) => Err(PageError::NotFound),
        Err(HandError::Nothing | HandError::Mistake(_)) => {
            Ok(Redirect::to(&format!("/staff/roll/{}", person.0)).into_response())
        }
    }
}
