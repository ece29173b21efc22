//! Beginning a review, deciding about somebody, and ending it.

use std::collections::BTreeSet;

use engine::PersonNo;
use kit::{Actor, Permit, Private, Timestamp};
use serde_json::json;
use store::{StoreError, Subject, Tx, trail};
use web::speech::say;

use super::model::{Due, Held, Line, Progress, Review, Seen, SignedIn, Verdict, due};
use super::store as table;
use crate::by_age::ByAge;
use crate::duty::{self, Duties};
use crate::intake::person::Signs;
use crate::store::Among;
use crate::{account, leaving};

kit::reading!(
    /// Reading reviews of who may do what.
    ReadAccess(()) = "access.read"
);
kit::action!(
    /// Beginning a review of who may do what.
    BeginReview(()) = "access.review"
);
kit::action!(
    /// Deciding, in a review, about what somebody may do.
    ReviewAccess(PersonNo) = "access.review"
);
kit::action!(
    /// Ending, in a review, all that somebody holds: whoever gives duties may.
    EndAll(PersonNo) = "duty.give"
);
kit::action!(
    /// Ending a review in which everybody was looked at.
    EndReview(i64) = "access.review"
);

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// One goes on already.
    #[error("{}", say("refused.a-review-goes-on"))]
    GoesOn,
    /// It has ended, or there is none of that number.
    #[error("{}", say("refused.that-review-has-ended"))]
    Ended,
    /// They hold nothing and do not sign in, or were looked at.
    #[error("{}", say("refused.they-were-looked-at"))]
    NotLeft,
    /// Nobody reviews themselves.
    #[error("{}", say("refused.nobody-reviews-themselves-another"))]
    Oneself,
    /// Whoever reviews does not give duties.
    #[error("{}", say("refused.only-whoever-gives-duties"))]
    NotYoursToEnd,
    /// A reason is missing.
    #[error("{}", say("refused.enter-why-for-whoever"))]
    NoReason,
    /// Somebody is left.
    #[error("people who are still to be looked at: {0}")]
    Left(usize),
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn subject(number: i64) -> Subject {
    Subject::new("access-review", number)
}

/// Begins a review.
pub async fn begin(tx: &mut Tx, permit: &Permit<BeginReview>, at: Timestamp) -> Result<Review, ReviewError> {
    let last = table::newest(tx, 1).await?.into_iter().next();
    if last.as_ref().is_some_and(|last| last.ended.is_none()) {
        return Err(ReviewError::GoesOn);
    }
    let number = last.map_or(0, |last| last.number) + 1;
    table::insert(tx, number, permit.actor(), at).await?;
    trail::changed(tx, permit.actor(), "access.begin", &subject(number), &json!({}), at).await?;
    Ok(Review { number, began: (at, permit.actor().to_string()), ended: None })
}

/// The newest reviews, newest first.
pub async fn newest(tx: &mut Tx, _: &Permit<ReadAccess>, most: u64) -> Result<Vec<Review>, StoreError> {
    table::newest(tx, most).await
}

/// One review and how far it has come; none where there is none of that number.
pub async fn progress(
    tx: &mut Tx,
    _: &Permit<ReadAccess>,
    number: i64,
    at: Timestamp,
) -> Result<Option<(Review, Progress)>, StoreError> {
    let Some(review) = table::by_number(tx, number).await? else { return Ok(None) };
    let progress = so_far(tx, &review, at).await?;
    Ok(Some((review, progress)))
}

async fn so_far(tx: &mut Tx, review: &Review, at: Timestamp) -> Result<Progress, StoreError> {
    let lines = table::lines(tx, review.number).await?;
    if review.ended.is_some() {
        return Ok(Progress { left: Vec::new(), lines, pupils: 0 });
    }
    let done: BTreeSet<PersonNo> = lines.iter().map(|line| line.person).collect();
    let (people, pupils) = to_review(tx, at).await?;
    let left = people.into_iter().filter(|person| !done.contains(person)).collect();
    Ok(Progress { left, lines, pupils })
}

/// Everybody on the roll who holds a duty or is to hold one, or who signs in and is no pupil; and how many pupils sign in who hold none.
async fn to_review(tx: &mut Tx, at: Timestamp) -> Result<(BTreeSet<PersonNo>, usize), StoreError> {
    let number = |person: PersonNo| i64::from(person.0);
    let not_over = duty::every(tx).await?.into_iter().filter(|one| one.is_not_over(at));
    let holders: BTreeSet<i64> = not_over.map(|one| number(one.given.person)).collect();
    let mut asked: BTreeSet<i64> = account::owners(tx).await?.into_iter().map(number).collect();
    asked.extend(&holders);
    let (mut people, mut pupils) = (BTreeSet::new(), 0);
    for known in crate::store::known_among(tx, Among::Numbers(&asked)).await? {
        let is_pupil = ByAge::built_in().is_pupil(&known);
        if is_pupil && !holders.contains(&number(known.number)) {
            pupils += 1;
        } else {
            people.insert(known.number);
        }
    }
    Ok((people, pupils))
}

/// What there is to look at of somebody.
pub async fn look(
    tx: &mut Tx,
    _: &Permit<ReadAccess>,
    person: PersonNo,
    at: Timestamp,
) -> Result<Seen, StoreError> {
    seen(tx, person, at).await
}

async fn seen(tx: &mut Tx, person: PersonNo, at: Timestamp) -> Result<Seen, StoreError> {
    let mut all = duty::every(tx).await?;
    all.retain(|one| one.given.person == person && one.is_not_over(at));
    let duties = all
        .into_iter()
        .map(|one| Held {
            duty: one.given.duty,
            since_ms: one.given.span.starts_at.as_millis(),
            until_ms: one.given.span.ends_at.map(Timestamp::as_millis),
            covers: one.given.covers.is_some(),
        })
        .collect();
    let signed_in = match account::signs(tx, person).await? {
        Signs::No => SignedIn::No,
        Signs::Never => SignedIn::Never,
        Signs::At(at) => SignedIn::At(at.as_millis()),
    };
    Ok(Seen { duties, signed_in, devices: leaving::devices_of(tx, person).await?.len() })
}

/// Decides about the permit's person in a review that goes on. Ending takes every duty and every session away in that moment, and takes
/// a permit for that: whoever reviews is not always one who gives duties and ends them.
pub async fn review(
    tx: &mut Tx,
    permit: &Permit<ReviewAccess>,
    number: i64,
    (verdict, reason): (Verdict, &str),
    ending: Option<&Permit<EndAll>>,
    at: Timestamp,
) -> Result<(), ReviewError> {
    let person = *permit.subject();
    let may_end = ending.is_some_and(|ending| *ending.subject() == person);
    if verdict == Verdict::End && !may_end {
        return Err(ReviewError::NotYoursToEnd);
    }
    let review = table::by_number(tx, number).await?.filter(|review| review.ended.is_none());
    let review = review.ok_or(ReviewError::Ended)?;
    if *permit.actor() == Actor::Person(person.0) {
        return Err(ReviewError::Oneself);
    }
    if !so_far(tx, &review, at).await?.left.contains(&person) {
        return Err(ReviewError::NotLeft);
    }
    if verdict != Verdict::Keep && reason.trim().is_empty() {
        return Err(ReviewError::NoReason);
    }
    let line = Line {
        person,
        verdict,
        reason: Private::new(reason.trim().to_owned()),
        seen: seen(tx, person, at).await?,
        by: permit.actor().to_string(),
        at,
    };
    let (mut duties, mut sessions) = (0, 0);
    if verdict == Verdict::End {
        duties = duty::end_of_leaver(tx, permit.actor(), person, at).await?;
        sessions = account::end_of_leaver(tx, permit.actor(), person, at).await?;
    }
    table::insert_line(tx, number, &line).await?;
    let detail = json!({ "review": number, "what": verdict.id(), "duties": duties, "sessions": sessions });
    trail::changed(tx, permit.actor(), "access.review", &Subject::new("person", person.0), &detail, at)
        .await?;
    Ok(())
}

/// Ends the permit's review, in which nobody is left.
pub async fn finish(tx: &mut Tx, permit: &Permit<EndReview>, at: Timestamp) -> Result<(), ReviewError> {
    let number = *permit.subject();
    let review = table::by_number(tx, number).await?.filter(|review| review.ended.is_none());
    let progress = so_far(tx, &review.ok_or(ReviewError::Ended)?, at).await?;
    if !progress.left.is_empty() {
        return Err(ReviewError::Left(progress.left.len()));
    }
    if !table::end(tx, number, permit.actor(), at).await? {
        return Err(ReviewError::Ended);
    }
    let detail = json!({ "people": progress.lines.len() });
    trail::changed(tx, permit.actor(), "access.end", &subject(number), &detail, at).await?;
    Ok(())
}

/// How it stands with reviews: whether one goes on, is overdue, or when the next is due.
pub async fn stands(tx: &mut Tx, _: &Permit<ReadAccess>, at: Timestamp) -> Result<Due, StoreError> {
    let last = table::newest(tx, 1).await?.into_iter().next();
    if let Some(review) = last.as_ref().filter(|review| review.ended.is_none()) {
        let left = so_far(tx, review, at).await?.left.len();
        return Ok(Due::GoesOn(review.number, left));
    }
    let last_ended = last.and_then(|last| last.ended).map(|(at, _)| at);
    let first_given = duty::every(tx).await?.first().map(|one| one.created_at);
    Ok(due(last_ended, first_given, Duties::built_in().review_every_days(), at))
}

/// By when a review should have ended that has not, one that goes on among them; for what puts it to somebody.
pub async fn overdue(tx: &mut Tx, at: Timestamp) -> Result<Option<Timestamp>, StoreError> {
    let last = table::newest(tx, 2).await?.into_iter().find_map(|review| review.ended);
    let first_given = duty::every(tx).await?.first().map(|one| one.created_at);
    let days = Duties::built_in().review_every_days();
    Ok(match due(last.map(|(at, _)| at), first_given, days, at) {
        Due::Overdue(on) => Some(on),
        Due::GoesOn(..) | Due::On(_) | Due::Nothing => None,
    })
}
