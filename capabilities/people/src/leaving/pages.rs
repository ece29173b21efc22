//! What somebody leaves to hand over, on one page, each with its own form.

use ::store::Tx;
use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use engine::{DeviceNo, PersonNo};
use kit::Permit;
use web::speech::say;
use web::{Mistakes, PageError, Submitted, filled, sentence};

use super::actions::{self, HandDevice, HandOverError, Leaves, SeeDevices};
use super::views::{self, About, Wrong};
use crate::account::SignedIn;
use crate::duty::{self, Assignment, AssignmentId, DutyError, EndDuty, GiveDuty, Giving, Span};
use crate::guest::{self, GiveError, GiveGuest, GuestId};
use crate::intake::pages::{not_kept, number};
use crate::intake::{Office, ReadRoll};

pub(crate) fn routes() -> Router<Office> {
    Router::new()
        .route("/staff/roll/{person}/leaving", get(leaving))
        .route("/staff/roll/{person}/leaving/duties/{assignment}", get(before_duty).post(hand_duty))
        .route("/staff/roll/{person}/leaving/devices/{device}", get(before_device).post(hand_device))
        .route("/staff/roll/{person}/leaving/guests/{guest}", get(before_guest).post(hand_guest))
}

async fn leaving(
    State(office): State<Office>,
    who: SignedIn,
    path: Result<Path<u32>, PathRejection>,
) -> Result<Response, PageError> {
    one(&office, &who, PersonNo(number(path)?), None).await
}

async fn one(
    office: &Office,
    who: &SignedIn,
    person: PersonNo,
    wrong: Option<&Wrong<'_>>,
) -> Result<Response, PageError> {
    let permit = who.may::<ReadRoll>(())?;
    let mut tx = office.house.db.read().await.map_err(PageError::unexpected)?;
    let profile = crate::intake::profile(&mut tx, person).await.map_err(PageError::unexpected)?;
    let Some(profile) = profile else { return Err(PageError::NotFound) };
    // Whoever hands over what a leaver had sees what there is to hand over, and of nobody else.
    let leaves = Leaves::of(&profile) != Leaves::No;
    let may_hand = who.offers::<HandDevice>() && leaves;
    let sees_devices = may_hand || who.may::<SeeDevices>(person).is_ok();
    let left = actions::left_behind(&mut tx, &permit, person, sees_devices, who.at())
        .await
        .map_err(PageError::unexpected)?;
    let classes = crate::intake::taught(&mut tx, person).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let may_give = who.offers::<GiveDuty>();
    let may_give_guests = who.offers::<GiveGuest>();
    let seen = views::Seen {
        kind: office.house.kind,
        may_give,
        may_hand,
        may_give_guests,
        sees_devices,
        at: who.at(),
    };
    Ok(who.respond(&views::leaving(&profile, &left, &classes, &seen, wrong)))
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
    who.could::<GiveDuty>(person)?;
    Ok(back(person))
}

async fn before_device(
    who: SignedIn,
    path: Result<Path<(u32, u32)>, PathRejection>,
) -> Result<Response, PageError> {
    let (person, device) = number(path)?;
    who.could::<HandDevice>(DeviceNo(device))?;
    Ok(back(PersonNo(person)))
}

async fn before_guest(
    who: SignedIn,
    path: Result<Path<(u32, String)>, PathRejection>,
) -> Result<Response, PageError> {
    who.could::<GiveGuest>(())?;
    Ok(back(PersonNo(number(path)?.0)))
}

/// What somebody chose to be done, by one of the forms.
enum Chosen {
    /// Somebody takes it over; whether it was said already that they leave too.
    Hand(PersonNo, bool),
    /// Nobody does.
    Nobody,
}

/// What a form says, or beside which field it is wrong and how. An empty field says nothing.
async fn chosen(
    tx: &mut Tx,
    form: &Submitted,
    nobody: &str,
) -> Result<Result<Chosen, (&'static str, String)>, PageError> {
    let then = form.text("then");
    if then == nobody {
        return Ok(Ok(Chosen::Nobody));
    }
    if then != views::HAND {
        return Ok(Err(("then", say("leaving.select-what-becomes-of"))));
    }
    let meant = actions::meant(tx, &form.line("to")).await.map_err(PageError::unexpected)?;
    Ok(match meant.as_slice() {
        [(person, _)] => Ok(Chosen::Hand(*person, form.text("knowing") == person.0.to_string())),
        [] => Err(("to", say("leaving.enter-the-name-or"))),
        _ => Err(("to", say("leaving.several-people-are-called"))),
    })
}

/// What is said of a form that was not carried out, and whom it asks about once more.
fn refused(error: &HandOverError, to: Option<PersonNo>, mistakes: &mut Mistakes) -> Option<PersonNo> {
    match error {
        HandOverError::LeavesToo { on } => {
            mistakes.add("to", filled!("leaving.they-leave-too-on", on));
            to
        }
        HandOverError::NobodyThere => {
            mistakes.add("to", say("leaving.enter-the-name-or"));
            None
        }
        other => {
            mistakes.add_whole(sentence(&other.to_string()));
            None
        }
    }
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
    let mut knowing = None;
    match chosen(&mut tx, &form, views::END).await? {
        Ok(Chosen::Nobody) if !found.holds(ending.at()) => {
            mistakes.add("to", say("leaving.enter-who-takes-this"));
        }
        Err((field, say)) => mistakes.add(field, say),
        Ok(chosen) => {
            let to = match &chosen {
                Chosen::Hand(to, _) => Some(*to),
                Chosen::Nobody => None,
            };
            match hand(&mut tx, &office, &who, &ending, &found, &chosen).await? {
                Ok(()) => {
                    tx.commit().await.map_err(PageError::unexpected)?;
                    return Ok(back(person));
                }
                Err(NotHanded::Over(error)) => knowing = refused(&error, to, &mut mistakes),
                Err(NotHanded::Duty(error)) => mistakes.add("to", sentence(&error.to_string())),
            }
        }
    }
    drop(tx);
    let wrong = Wrong { about: About::Duty(assignment), form: &form, mistakes: &mistakes, knowing };
    one(&office, &who, person, Some(&wrong)).await
}

enum NotHanded {
    Over(HandOverError),
    Duty(DutyError),
}

async fn hand(
    tx: &mut Tx,
    office: &Office,
    who: &SignedIn,
    ending: &Permit<EndDuty>,
    found: &Assignment,
    chosen: &Chosen,
) -> Result<Result<(), NotHanded>, PageError> {
    let at = ending.at();
    if let Chosen::Hand(to, knowing) = chosen {
        match actions::can_take_over(tx, *to, *knowing).await {
            Ok(()) => {}
            Err(HandOverError::Store(error)) => return Err(PageError::unexpected(error)),
            Err(error) => return Ok(Err(NotHanded::Over(error))),
        }
    }
    // Given before it is ended: whoever hands their own on may give it by it until then.
    if let Chosen::Hand(to, _) = chosen {
        let giving = who.also::<GiveDuty>(tx, ending, *to).await?;
        let given = Giving {
            person: *to,
            duty: found.given.duty.clone(),
            span: Span { starts_at: at, ends_at: found.given.span.ends_at.filter(|end| *end > at) },
            covers: None,
            reason: format!("Taken over from person {}", found.given.person.0),
        };
        if let Err(error) = duty::give(tx, &giving, given, office.house.kind, at).await {
            return kept(error);
        }
    }
    if found.ended.is_none()
        && let Err(error) = duty::end(tx, ending, at).await
    {
        return kept(error);
    }
    Ok(Ok(()))
}

/// What a page can say of a duty's error.
fn kept(error: DutyError) -> Result<Result<(), NotHanded>, PageError> {
    match error {
        DutyError::Store(error) => Err(PageError::unexpected(error)),
        error => Ok(Err(NotHanded::Duty(error))),
    }
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
    let (mut mistakes, mut knowing) = (Mistakes::default(), None);
    let mut status = None;
    match chosen(&mut tx, &form, views::SCHOOL).await? {
        Err((field, say)) => {
            drop(tx);
            mistakes.add(field, say);
        }
        Ok(chosen) => {
            let (to, knows) = match chosen {
                Chosen::Hand(to, knows) => (Some(to), knows),
                Chosen::Nobody => (None, false),
            };
            match actions::hand_device(&mut tx, &permit, person, (to, knows), permit.at()).await {
                Ok(()) => match office.publishes.roll(tx, permit.actor().clone(), permit.at()).await {
                    Ok(()) => return Ok(back(person)),
                    Err(error) => {
                        mistakes.add_whole(not_kept(&error));
                        status = Some(StatusCode::SERVICE_UNAVAILABLE);
                    }
                },
                Err(HandOverError::Store(error)) => return Err(PageError::unexpected(error)),
                Err(error) => {
                    drop(tx);
                    knowing = refused(&error, to, &mut mistakes);
                }
            }
        }
    }
    let wrong = Wrong { about: About::Device(device), form: &form, mistakes: &mistakes, knowing };
    let page = one(&office, &who, person, Some(&wrong)).await?;
    Ok(match status {
        Some(status) => (status, page).into_response(),
        None => page,
    })
}

async fn hand_guest(
    State(office): State<Office>,
    who: SignedIn,
    path: Result<Path<(u32, String)>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    let (mut tx, permit) = who.begin::<GiveGuest>(()).await?;
    let (person, id) = number(path)?;
    let (person, id): (_, GuestId) = (PersonNo(person), id.parse().map_err(|_| PageError::NotFound)?);
    let (mut mistakes, mut knowing) = (Mistakes::default(), None);
    match chosen(&mut tx, &form, views::END).await? {
        Err((field, say)) => mistakes.add(field, say),
        // A guest is nobody's at no time: whoever answers for none any more ends the stay.
        Ok(Chosen::Nobody) => mistakes.add("to", say("leaving.enter-who-takes-this")),
        Ok(Chosen::Hand(to, knows)) => match actions::can_take_over(&mut tx, to, knows).await {
            Err(HandOverError::Store(error)) => return Err(PageError::unexpected(error)),
            Err(error) => knowing = refused(&error, Some(to), &mut mistakes),
            Ok(()) => match guest::hand(&mut tx, &permit, id, (person, to)).await {
                Ok(()) => {
                    tx.commit().await.map_err(PageError::unexpected)?;
                    return Ok(back(person));
                }
                Err(GiveError::Store(error)) => return Err(PageError::unexpected(error)),
                // Somebody was quicker, or the stay has ended: the page says how it stands.
                Err(GiveError::Over) => return Ok(back(person)),
                Err(error) => mistakes.add("to", error.to_string()),
            },
        },
    }
    drop(tx);
    let wrong = Wrong { about: About::Guest(id), form: &form, mistakes: &mistakes, knowing };
    one(&office, &who, person, Some(&wrong)).await
}
