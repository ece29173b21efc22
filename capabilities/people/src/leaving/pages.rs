//! What somebody leaves to hand over, on one page, each with its own form.

use ::store::Tx;
use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use engine::{DeviceNo, PersonNo};
use web::{Mistakes, PageError, Submitted};

use super::actions::{self, HandDevice, HandOverError};
use super::views;
use crate::account::SignedIn;
use crate::duty::{self, AssignmentId, Duties, DutyError, EndDuty, GiveDuty, Giving, Span};
use crate::intake::pages::{not_kept, number};
use crate::intake::{Office, ReadRoll, views::sentence};

pub(crate) fn routes() -> Router<Office> {
    Router::new()
        .route("/staff/roll/{person}/leaving", get(leaving))
        .route("/staff/roll/{person}/leaving/duties/{assignment}", get(before_duty).post(hand_duty))
        .route("/staff/roll/{person}/leaving/devices/{device}", get(before_device).post(hand_device))
}

async fn leaving(
    State(office): State<Office>,
    who: SignedIn,
    path: Result<Path<u32>, PathRejection>,
) -> Result<Response, PageError> {
    one(&office, &who, PersonNo(number(path)?), &Submitted::default(), &Mistakes::default()).await
}

async fn one(
    office: &Office,
    who: &SignedIn,
    person: PersonNo,
    form: &Submitted,
    mistakes: &Mistakes,
) -> Result<Response, PageError> {
    let permit = who.may::<ReadRoll>(())?;
    let mut tx = office.house.db.read().await.map_err(PageError::unexpected)?;
    let profile = crate::intake::profile(&mut tx, person).await.map_err(PageError::unexpected)?;
    let Some(profile) = profile else { return Err(PageError::NotFound) };
    let left =
        actions::left_behind(&mut tx, &permit, person, who.at()).await.map_err(PageError::unexpected)?;
    let classes = crate::intake::taught(&mut tx, person).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let seen = views::Seen {
        kind: office.house.kind,
        may_give: who.offers::<GiveDuty>(),
        may_hand: who.offers::<HandDevice>(),
        at: who.at(),
    };
    Ok(who.respond(&views::leaving(&profile, &left, &classes, &seen, form, mistakes)))
}

fn back(person: PersonNo) -> Response {
    Redirect::to(&format!("/staff/roll/{}/leaving", person.0)).into_response()
}

/// Where whoever had to prove again who they are comes back to: nothing was sent, so they begin at the page.
async fn before_duty(
    who: SignedIn,
    path: Result<Path<(u32, String)>, PathRejection>,
) -> Result<Response, PageError> {
    let person = PersonNo(number(path)?.0);
    who.may::<GiveDuty>(person)?;
    Ok(back(person))
}

async fn before_device(
    who: SignedIn,
    path: Result<Path<(u32, u32)>, PathRejection>,
) -> Result<Response, PageError> {
    let (person, device) = number(path)?;
    who.may::<HandDevice>(DeviceNo(device))?;
    Ok(back(PersonNo(person)))
}

/// The one person whom a form names; `Ok(None)` where it names nobody.
async fn to_whom(tx: &mut Tx, form: &Submitted) -> Result<Result<Option<PersonNo>, &'static str>, PageError> {
    let written = form.line("to");
    if written.is_empty() {
        return Ok(Ok(None));
    }
    let meant = actions::meant(tx, &written).await.map_err(PageError::unexpected)?;
    Ok(match meant.as_slice() {
        [(person, _)] => Ok(Some(*person)),
        [] => Err("Enter the name or number of somebody on the roll"),
        _ => Err("Several people are called so: enter the number, which stands in the address of their page"),
    })
}

async fn hand_duty(
    State(office): State<Office>,
    who: SignedIn,
    path: Result<Path<(u32, String)>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    let (person, assignment) = number(path)?;
    let (person, assignment): (_, AssignmentId) =
        (PersonNo(person), assignment.parse().map_err(|_| PageError::NotFound)?);
    let (mut tx, ending) = who.begin::<EndDuty>(assignment).await?;
    let mut mistakes = Mistakes::default();
    let every = duty::every(&mut tx).await.map_err(PageError::unexpected)?;
    let found = every.into_iter().find(|one| one.id == assignment && one.given.person == person);
    let Some(found) = found else { return Err(PageError::NotFound) };
    let to = match to_whom(&mut tx, &form).await? {
        Ok(None) if !found.holds(who.at()) => Err("Enter who takes this over"),
        other => other,
    };
    let to = match to {
        Ok(to) => to,
        Err(say) => {
            drop(tx);
            mistakes.add("to", say);
            return one(&office, &who, person, &form, &mistakes).await;
        }
    };
    let done = hand(&mut tx, &office, &who, &ending, &found, to).await;
    match done {
        Ok(()) => tx.commit().await.map_err(PageError::unexpected)?,
        Err(DutyError::Store(error)) => return Err(PageError::unexpected(error)),
        Err(error) => {
            drop(tx);
            mistakes.add_whole(sentence(&error.to_string()));
            return one(&office, &who, person, &form, &mistakes).await;
        }
    }
    Ok(back(person))
}

async fn hand(
    tx: &mut Tx,
    office: &Office,
    who: &SignedIn,
    ending: &kit::Permit<EndDuty>,
    found: &duty::Assignment,
    to: Option<PersonNo>,
) -> Result<(), DutyError> {
    let at = who.at();
    if found.ended.is_none() {
        duty::end(tx, ending, at).await?;
    }
    let Some(to) = to else { return Ok(()) };
    // The permit to end is of the same action, and of the same freshness.
    let Ok(giving) = Duties::built_in().authority().grant::<GiveDuty>(who.standing(), to, at) else {
        return Err(DutyError::NobodyThere);
    };
    let given = Giving {
        person: to,
        duty: found.given.duty.clone(),
        span: Span { starts_at: at, ends_at: found.given.span.ends_at.filter(|end| *end > at) },
        covers: None,
        reason: format!("Taken over from person {}", found.given.person.0),
    };
    duty::give(tx, &giving, given, office.house.kind, at).await.map(drop)
}

async fn hand_device(
    State(office): State<Office>,
    who: SignedIn,
    path: Result<Path<(u32, u32)>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    let (person, device) = number(path)?;
    let (person, device) = (PersonNo(person), DeviceNo(device));
    let (mut tx, permit) = who.begin::<HandDevice>(device).await?;
    let mut mistakes = Mistakes::default();
    let to = match to_whom(&mut tx, &form).await? {
        Ok(to) => to,
        Err(say) => {
            drop(tx);
            mistakes.add("to", say);
            return one(&office, &who, person, &form, &mistakes).await;
        }
    };
    match actions::hand_device(&mut tx, &permit, person, to, who.at()).await {
        Ok(()) => {}
        Err(HandOverError::Store(error)) => return Err(PageError::unexpected(error)),
        Err(error) => {
            drop(tx);
            mistakes.add_whole(sentence(&error.to_string()));
            return one(&office, &who, person, &form, &mistakes).await;
        }
    }
    if let Err(error) = office.publishes.roll(tx, permit.actor().clone(), who.at()).await {
        mistakes.add_whole(not_kept(&error));
        let page = one(&office, &who, person, &form, &mistakes).await?;
        return Ok((StatusCode::SERVICE_UNAVAILABLE, page).into_response());
    }
    Ok(back(person))
}
