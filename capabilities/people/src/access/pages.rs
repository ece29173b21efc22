//! Reviews at the portal.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use engine::PersonNo;
use kit::Private;
use web::speech::say;
use web::{Mistakes, PageError, Submitted, filled, sentence};

use super::actions::{self, BeginReview, EndAll, EndReview, ReadAccess, ReviewAccess, ReviewError};
use super::model::Verdict;
use super::views::{self, Looking};
use crate::account::SignedIn;
use crate::intake::pages::{Office, number};
use crate::leaving::{self, SeeDevices};

pub(crate) fn routes() -> Router<Office> {
    Router::new()
        .route("/staff/access", get(all).post(begin))
        .route("/staff/access/{number}", get(one))
        .route("/staff/access/{number}/end", post(end))
        .route("/staff/access/{number}/people/{person}", get(person).post(decide))
}

/// How many reviews are listed.
const LISTED: u64 = 20;
/// The longest reason, in characters.
const LONGEST_REASON: usize = 1_000;

async fn all(State(office): State<Office>, who: SignedIn) -> Result<Response, PageError> {
    let permit = who.may::<ReadAccess>(())?;
    let mut tx = office.house.db.read().await.map_err(PageError::unexpected)?;
    let reviews = actions::newest(&mut tx, &permit, LISTED).await.map_err(PageError::unexpected)?;
    let due = actions::stands(&mut tx, &permit, who.at()).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    Ok(who.respond(&views::all(&reviews, due, who.offers::<BeginReview>(), &office.house.zone)))
}

async fn begin(who: SignedIn) -> Result<Response, PageError> {
    let (mut tx, permit) = who.begin::<BeginReview>(()).await?;
    match actions::begin(&mut tx, &permit, permit.at()).await {
        Ok(review) => {
            tx.commit().await.map_err(PageError::unexpected)?;
            Ok(to(review.number))
        }
        // Somebody was quicker: the page says which one goes on.
        Err(ReviewError::GoesOn) => Ok(Redirect::to("/staff/access").into_response()),
        Err(error) => Err(PageError::unexpected(error)),
    }
}

fn to(number: i64) -> Response {
    Redirect::to(&format!("/staff/access/{number}")).into_response()
}

async fn one(
    State(office): State<Office>,
    who: SignedIn,
    path: Result<Path<i64>, PathRejection>,
) -> Result<Response, PageError> {
    review_page(&office, &who, number(path)?, &Mistakes::default()).await
}

async fn review_page(
    office: &Office,
    who: &SignedIn,
    number: i64,
    mistakes: &Mistakes,
) -> Result<Response, PageError> {
    let permit = who.may::<ReadAccess>(())?;
    let mut tx = office.house.db.read().await.map_err(PageError::unexpected)?;
    let found = actions::progress(&mut tx, &permit, number, who.at()).await.map_err(PageError::unexpected)?;
    let Some((review, progress)) = found else { return Err(PageError::NotFound) };
    let names: BTreeMap<PersonNo, Private<String>> =
        crate::store::names(&mut tx).await.map_err(PageError::unexpected)?.into_iter().collect();
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let may_review = who.offers::<ReviewAccess>();
    let shown =
        views::Shown { review: &review, progress: &progress, names: &names, who: who.person(), may_review };
    Ok(who.respond(&views::one(&shown, mistakes, &office.house.zone)))
}

async fn end(
    State(office): State<Office>,
    who: SignedIn,
    path: Result<Path<i64>, PathRejection>,
) -> Result<Response, PageError> {
    let number = number(path)?;
    let (mut tx, permit) = who.begin::<EndReview>(number).await?;
    match actions::finish(&mut tx, &permit, permit.at()).await {
        Ok(()) => tx.commit().await.map_err(PageError::unexpected)?,
        Err(ReviewError::Store(error)) => return Err(PageError::unexpected(error)),
        Err(ReviewError::Ended) => drop(tx),
        Err(error) => {
            drop(tx);
            let mut mistakes = Mistakes::default();
            mistakes.add_whole(sentence(&error.to_string()));
            return review_page(&office, &who, number, &mistakes).await;
        }
    }
    Ok(to(number))
}

async fn person(
    State(office): State<Office>,
    who: SignedIn,
    path: Result<Path<(i64, u32)>, PathRejection>,
) -> Result<Response, PageError> {
    let (review, person) = number(path)?;
    // Asked for before anything is written.
    who.could::<ReviewAccess>(PersonNo(person))?;
    person_page(&office, &who, review, PersonNo(person), &Submitted::default(), &Mistakes::default()).await
}

async fn person_page(
    office: &Office,
    who: &SignedIn,
    number: i64,
    person: PersonNo,
    form: &Submitted,
    mistakes: &Mistakes,
) -> Result<Response, PageError> {
    let permit = who.may::<ReadAccess>(())?;
    let mut tx = office.house.db.read().await.map_err(PageError::unexpected)?;
    let found = actions::progress(&mut tx, &permit, number, who.at()).await.map_err(PageError::unexpected)?;
    let Some((review, progress)) = found else { return Err(PageError::NotFound) };
    if review.ended.is_some() || !progress.left.contains(&person) || person == who.person() {
        // They were looked at already, or must be by somebody else: the review says so.
        return Ok(to(number));
    }
    let seen = actions::look(&mut tx, &permit, person, who.at()).await.map_err(PageError::unexpected)?;
    let profile = crate::intake::profile(&mut tx, person).await.map_err(PageError::unexpected)?;
    let Some(profile) = profile else { return Err(PageError::NotFound) };
    let devices = match who.may::<SeeDevices>(person) {
        Ok(_) => Some(leaving::devices_of(&mut tx, person).await.map_err(PageError::unexpected)?),
        Err(_) => None,
    };
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let looking = Looking {
        number,
        profile: &profile,
        seen: &seen,
        devices: devices.as_deref(),
        done: progress.lines.len(),
        left: progress.left.len(),
        may_end: who.offers::<EndAll>(),
        school: office.house.kind,
        zone: &office.house.zone,
    };
    Ok(who.respond(&views::person(&looking, form, mistakes)))
}

async fn decide(
    State(office): State<Office>,
    who: SignedIn,
    path: Result<Path<(i64, u32)>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    let (review, person) = number(path)?;
    let person = PersonNo(person);
    who.could::<ReviewAccess>(person)?;
    let mut mistakes = Mistakes::default();
    let verdict = Verdict::of_id(form.text("verdict"));
    if verdict.is_none() {
        mistakes.add("verdict", say("access.select-what-becomes-of"));
    }
    let reason = form.text("reason");
    if reason.chars().count() > LONGEST_REASON {
        mistakes.add("reason", filled!("access.enter-at-most-characters", n = LONGEST_REASON));
    }
    let Some(verdict) = verdict.filter(|_| mistakes.none()) else {
        return person_page(&office, &who, review, person, &form, &mistakes).await;
    };
    let (mut tx, permit) = who.begin::<ReviewAccess>(person).await?;
    let ending = match verdict == Verdict::End && who.offers::<EndAll>() {
        true => Some(who.also::<EndAll>(&mut tx, &permit, person).await?),
        false => None,
    };
    let decided = (verdict, reason);
    match actions::review(&mut tx, &permit, review, decided, ending.as_ref(), permit.at()).await {
        Ok(()) => tx.commit().await.map_err(PageError::unexpected)?,
        Err(ReviewError::Store(error)) => return Err(PageError::unexpected(error)),
        Err(ReviewError::NoReason) => {
            drop(tx);
            mistakes.add("reason", say("access.enter-why-for-whoever"));
            return person_page(&office, &who, review, person, &form, &mistakes).await;
        }
        Err(error @ ReviewError::NotYoursToEnd) => {
            drop(tx);
            mistakes.add("verdict", sentence(&error.to_string()));
            return person_page(&office, &who, review, person, &form, &mistakes).await;
        }
        // It was decided meanwhile, or is nothing for them: the review says how it stands.
        Err(_) => {
            drop(tx);
            return Ok(to(review));
        }
    }
    let read = who.may::<ReadAccess>(())?;
    let mut tx = office.house.db.read().await.map_err(PageError::unexpected)?;
    let found =
        actions::progress(&mut tx, &read, review, permit.at()).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let next = found.and_then(|(_, progress)| progress.next(Some(person), who.person()));
    Ok(match next {
        Some(next) => Redirect::to(&format!("/staff/access/{review}/people/{}", next.0)).into_response(),
        None => to(review),
    })
}
