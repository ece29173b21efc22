//! Giving duties and ending them.

use std::collections::BTreeSet;

use engine::PersonNo;
use kit::{Actor, Permit, Timestamp};
use serde_json::json;
use store::{StoreError, Subject, Tx, trail};

use super::content::{Duties, SchoolKind};
use super::model::{Assignment, AssignmentId, ByRoll, Giving, Mistake, Span};
use super::store as table;
use crate::account::{self, MadeSafe, recovery};
use crate::by_age::ByAge;
use crate::event;
use crate::kind::Kind;

kit::reading!(
    /// Seeing who holds which duty.
    ReadDuties(()) = "duty.read"
);
kit::action!(
    /// Giving somebody a duty.
    GiveDuty(PersonNo) = "duty.give"
);
kit::action!(
    /// Ending a duty before its time.
    EndDuty(AssignmentId) = "duty.give"
);

/// Why a duty was not given or ended.
#[derive(Debug, thiserror::Error)]
pub enum DutyError {
    /// It cannot be given so.
    #[error(transparent)]
    Mistake(#[from] Mistake),
    /// Nobody on the roll has that number.
    #[error("nobody on the roll has that number; `fivebar people show` lists the roll")]
    NobodyThere,
    /// There is no such assignment, or it was ended already.
    #[error("that duty is not held any more; `fivebar duties list` shows who holds what")]
    NotHeld,
    /// Whoever gives it was let in again of late.
    #[error(
        "you were let in again a few days ago, so for some days you give and end no duties: ask another who may"
    )]
    Rests,
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Gives a duty to the permit's person: to somebody else than whoever gives it, of whom the roll says nothing that speaks against it. What
/// stands in for an assignment is of the same duty, and ends.
pub async fn give(
    tx: &mut Tx,
    permit: &Permit<GiveDuty>,
    giving: Giving,
    kind: SchoolKind,
    at: Timestamp,
) -> Result<Assignment, DutyError> {
    let giving = Giving { person: *permit.subject(), ..giving };
    if recovery::rests(tx, permit.actor(), at).await? {
        return Err(DutyError::Rests);
    }
    let duty = giving.check(Duties::built_in(), kind, at)?;
    if *permit.actor() == Actor::Person(giving.person.0) {
        return Err(Mistake::Oneself.into());
    }
    let known = crate::store::known_of(tx, giving.person).await?.filter(|known| known.facts.here);
    let known = known.ok_or(DutyError::NobodyThere)?;
    // Where the roll says of nobody what they are, whoever is in a year or a key stage is a pupil.
    let is_pupil = known.facts.kind.is_none() && ByAge::built_in().is_pupil(&known);
    let facts = known.facts;
    let what = facts.kind.or(is_pupil.then_some(Kind::Pupil));
    // A day's difference between clocks makes nobody an adult by more than that day.
    let today = kit::Zone::utc().day(at).date.to_string();
    ByRoll { kind: what, born_on: facts.born_on.as_deref(), today: &today }.fits(duty, kind)?;
    let all = table::all(tx).await?;
    if let Some(covered) = giving.covers {
        let covered = all.iter().find(|one| one.id == covered && one.given.duty == giving.duty);
        let covered = covered.filter(|one| one.is_not_over(at)).ok_or(Mistake::NothingToCover)?;
        if covered.given.person == giving.person {
            return Err(Mistake::OwnCover.into());
        }
    }
    let own = all.iter().filter(|one| one.given.person == giving.person && one.given.duty == giving.duty);
    if own.into_iter().any(|one| one.is_not_over(at) && one.given.span.meets(giving.span)) {
        return Err(Mistake::HoldsIt.into());
    }
    let made = Assignment {
        id: tx.ids().make(at),
        given: giving,
        given_by: permit.actor().to_string(),
        created_at: at,
        ended: None,
    };
    // The first for which nobody alone may become them: what others gave them to sign in by before ends.
    let is_first = duty.second_proof && !anything_weighs(tx, made.given.person, at).await?;
    let ended = if is_first {
        account::before_a_duty(tx, permit.actor(), made.given.person, at).await?
    } else {
        MadeSafe::default()
    };
    table::insert(tx, &made).await?;
    let detail = json!({
        "made_safe": ended.password || ended.second_proof || ended.sessions > 0,
        "duty": made.given.duty,
        "assignment": made.id.to_string(),
        "starts_at": made.given.span.starts_at.as_millis(),
        "ends_at": made.given.span.ends_at.map(Timestamp::as_millis),
        "covers": made.given.covers.map(|covers| covers.to_string()),
    });
    let subject = Subject::new("person", made.given.person.0);
    trail::changed(tx, permit.actor(), "duty.give", &subject, &detail, at).await?;
    Ok(made)
}

/// Gives the duty that goes with a lanyard, for its days: whoever gives the lanyard needs no other permit for it.
pub(crate) async fn give_with_lanyard(
    tx: &mut Tx,
    actor: &Actor,
    (person, duty): (PersonNo, &str),
    span: Span,
    at: Timestamp,
) -> Result<(), StoreError> {
    let given = Giving { person, duty: duty.to_owned(), span, covers: None, reason: String::new() };
    let made =
        Assignment { id: tx.ids().make(at), given, given_by: actor.to_string(), created_at: at, ended: None };
    table::insert(tx, &made).await?;
    let detail = json!({
        "duty": duty, "assignment": made.id.to_string(), "starts_at": span.starts_at.as_millis(),
        "ends_at": span.ends_at.map(Timestamp::as_millis),
    });
    trail::changed(tx, actor, "duty.give", &Subject::new("person", person.0), &detail, at).await?;
    Ok(())
}

/// Ends a duty now. Whoever held it can do nothing by it from this moment.
pub async fn end(tx: &mut Tx, permit: &Permit<EndDuty>, at: Timestamp) -> Result<Assignment, DutyError> {
    let id = *permit.subject();
    if recovery::rests(tx, permit.actor(), at).await? {
        return Err(DutyError::Rests);
    }
    let found = table::all(tx).await?.into_iter().find(|one| one.id == id).ok_or(DutyError::NotHeld)?;
    if !table::end(tx, id, permit.actor(), at).await? {
        return Err(DutyError::NotHeld);
    }
    let detail = json!({ "duty": found.given.duty, "assignment": id.to_string() });
    let subject = Subject::new("person", found.given.person.0);
    trail::changed(tx, permit.actor(), "duty.end", &subject, &detail, at).await?;
    let about = ("person", found.given.person.0.to_string());
    event::happened(tx, event::DUTY_ENDED, about, at).await?;
    Ok(Assignment { ended: Some((at, permit.actor().to_string())), ..found })
}

/// Every duty that was ever given, oldest first.
pub async fn all(tx: &mut Tx, _: &Permit<ReadDuties>) -> Result<Vec<Assignment>, StoreError> {
    table::all(tx).await
}

/// Ends all that somebody holds or is to hold, in the transaction of their leaving; how many.
pub(crate) async fn end_of_leaver(
    tx: &mut Tx,
    actor: &Actor,
    person: PersonNo,
    at: Timestamp,
) -> Result<u64, StoreError> {
    table::end_all(tx, person, actor, at).await
}

/// For how long after somebody left their duties come back with them.
const COMES_BACK_MS: i64 = 24 * 3_600_000;

/// Takes that back of whoever left at `left_at`, where that is a day ago at most; how many, and how many not. A duty that needs a second
/// proof never comes back by itself: whoever gives duties gives it again.
pub(crate) async fn give_back(
    tx: &mut Tx,
    person: PersonNo,
    left_at: Timestamp,
    at: Timestamp,
) -> Result<(u64, u64), StoreError> {
    let ended = table::of_person(tx, person).await?;
    let ended =
        ended.into_iter().filter(|one| one.ended.as_ref().is_some_and(|(ended, _)| *ended == left_at));
    let is_lately = at.as_millis() - left_at.as_millis() <= COMES_BACK_MS;
    let (back, not): (Vec<Assignment>, Vec<Assignment>) =
        ended.partition(|one| is_lately && !needs_second_proof(&one.given.duty));
    let back: Vec<AssignmentId> = back.iter().map(|one| one.id).collect();
    Ok((table::give_back(tx, &back, left_at).await?, not.len() as u64))
}

fn needs_second_proof(duty: &str) -> bool {
    Duties::built_in().named(duty).is_none_or(|duty| duty.second_proof)
}

/// For how long somebody whose duty ended is looked at as if they held it still.
const WEIGHS_MS: i64 = 90 * 86_400_000;

/// Whether it is for this that nobody alone may become somebody: a duty that needs a second proof, which they hold, are to hold, or held in
/// the last ninety days. What somebody is at this very moment is not enough, since whoever wants to be them may change that first.
pub(super) fn weighs(one: &Assignment, at: Timestamp) -> bool {
    needs_second_proof(&one.given.duty)
        && one.over_at().is_none_or(|over| at.as_millis() - over.as_millis() < WEIGHS_MS)
}

/// Whether nobody alone may become somebody, for a duty of theirs.
pub(crate) async fn anything_weighs(
    tx: &mut Tx,
    person: PersonNo,
    at: Timestamp,
) -> Result<bool, StoreError> {
    Ok(table::of_person(tx, person).await?.iter().any(|one| weighs(one, at)))
}

/// Everybody whom nobody alone may become, for a duty of theirs.
pub(crate) async fn weighing(tx: &mut Tx, at: Timestamp) -> Result<BTreeSet<PersonNo>, StoreError> {
    let all = table::all(tx).await?;
    Ok(all.iter().filter(|one| weighs(one, at)).map(|one| one.given.person).collect())
}

/// Whether nobody on the roll holds a duty, or is to hold one: then nobody can let anybody in at the portal.
pub async fn nobody_holds_any(tx: &mut Tx, at: Timestamp) -> Result<bool, StoreError> {
    Ok(given(tx, at).await?.is_empty())
}

/// The ids of the duties for which nobody alone may become somebody.
pub(crate) async fn weighing_of(
    tx: &mut Tx,
    person: PersonNo,
    at: Timestamp,
) -> Result<BTreeSet<String>, StoreError> {
    let theirs = table::of_person(tx, person).await?;
    Ok(theirs.into_iter().filter(|one| weighs(one, at)).map(|one| one.given.duty).collect())
}

/// Everybody who was given a duty that is not over.
pub(crate) async fn given(tx: &mut Tx, at: Timestamp) -> Result<BTreeSet<PersonNo>, StoreError> {
    let all = table::all(tx).await?;
    Ok(all.iter().filter(|one| one.is_not_over(at)).map(|one| one.given.person).collect())
}

/// Everybody who holds a duty that needs a second proof, or is to hold one.
pub(crate) async fn leading(tx: &mut Tx, at: Timestamp) -> Result<BTreeSet<PersonNo>, StoreError> {
    let all = table::all(tx).await?;
    let leading = all.iter().filter(|one| one.is_not_over(at) && needs_second_proof(&one.given.duty));
    Ok(leading.map(|one| one.given.person).collect())
}

/// Who of the roll holds any of these duties at `at`, by number.
pub async fn holders(
    tx: &mut Tx,
    duties: &[String],
    at: Timestamp,
) -> Result<BTreeSet<PersonNo>, StoreError> {
    let mut found = BTreeSet::new();
    for one in table::all(tx).await? {
        let person = one.given.person;
        if duties.contains(&one.given.duty)
            && one.holds(at)
            && !found.contains(&person)
            && crate::store::on_the_roll(tx, person).await?
        {
            found.insert(person);
        }
    }
    Ok(found)
}

/// Every duty that was ever given, for the pages of this crate that hold another permit.
pub(crate) async fn every(tx: &mut Tx) -> Result<Vec<Assignment>, StoreError> {
    table::all(tx).await
}
