//! What somebody is at the school just now. The one door to a [`Standing`].

use std::collections::BTreeSet;

use engine::PersonNo;
use kit::permit::Action;
use kit::{Actor, Standing, Timestamp};
use store::{StoreError, Tx};

use super::actions::weighs;
use super::content::Duties;
use super::store as table;
use crate::kind::Kind;

/// For how long a proof of who somebody is counts as a fresh one.
pub(crate) const FRESH_MS: i64 = 10 * 60 * 1_000;

/// How somebody proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    /// When they last did.
    pub at: Timestamp,
    /// Whether by two things or more that somebody else must have both of, as a password and a phone.
    pub several: bool,
}

/// What a person is, and what of it rests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stands {
    /// What they are.
    pub standing: Standing,
    /// The ids of the duties that they hold and that rest, since they proved who they are by one thing alone: nothing is permitted by
    /// them.
    pub resting: BTreeSet<String>,
    /// Whether they hold a duty that would rest.
    pub needs_several: bool,
    /// Whether nobody alone may become them: they hold such a duty, are to hold one, or held one of late.
    pub weighs: bool,
}

impl Stands {
    /// What is left of it for a program that acts for them by a token: all that they are. No token is a proof of who somebody is, so what needs
    /// a fresh one is not done by it.
    pub fn by_a_token(self) -> Standing {
        let duties = self.standing.duties().map(str::to_owned).collect();
        Standing::loaded(self.standing.actor().clone(), duties, None)
    }

    /// What is left of it for whoever signed in by a card of the youngest: that they are a pupil. Whatever else they are rests, and no
    /// proof of a card is a fresh one.
    pub(crate) fn by_a_card(mut self) -> Self {
        self.resting.extend(self.standing.duties().filter(|id| *id != "pupil").map(str::to_owned));
        let left = self.standing.duties().filter(|id| *id == "pupil").map(str::to_owned).collect();
        self.standing = Standing::loaded(self.standing.actor().clone(), left, None);
        self
    }
}

/// What a person is at `at`, by what they proved. Whoever has left the roll is nothing.
pub async fn of_person(
    tx: &mut Tx,
    person: PersonNo,
    proof: Proof,
    at: Timestamp,
) -> Result<Stands, StoreError> {
    let on_the_roll = crate::store::on_the_roll(tx, person).await?;
    let held = if on_the_roll { table::of_person(tx, person).await? } else { Vec::new() };
    let weighs = held.iter().any(|one| weighs(one, at));
    let mut duties: BTreeSet<String> =
        held.into_iter().filter(|one| one.holds(at)).map(|one| one.given.duty).collect();
    // What the roll alone says: whoever is on it as a pupil is a pupil.
    let kind = if on_the_roll { crate::store::kind_of(tx, person).await? } else { None };
    duties.extend(kind.and_then(Kind::duty).map(str::to_owned));
    let needs = |duty: &String| Duties::built_in().named(duty).is_none_or(|duty| duty.second_proof);
    let needs_several = duties.iter().any(needs);
    let (resting, duties) = duties.into_iter().partition(|duty| !proof.several && needs(duty));
    let fresh_until = proof.at.plus_millis(FRESH_MS);
    let standing = Standing::loaded(Actor::Person(person.0), duties, Some(fresh_until));
    Ok(Stands { standing, resting, needs_several, weighs })
}

/// Whether whom the records name, as in `person:12`, may do `A` at `at`, be it after proving again who they are: for what somebody
/// began and another ends. Whoever has left the roll may nothing, whoever else they have become on it since.
pub async fn may_still<A: Action>(tx: &mut Tx, actor: &str, at: Timestamp) -> Result<bool, StoreError> {
    let Some(person) = Actor::person(actor) else { return Ok(false) };
    let proof = Proof { at, several: true };
    let stands = of_person(tx, PersonNo(person), proof, at).await?;
    Ok(Duties::built_in().authority().offers::<A>(&stands.standing))
}

/// Whether `A` would be theirs with the duties that rest.
pub(crate) fn would_offer<A: Action>(standing: &Standing, resting: &BTreeSet<String>) -> bool {
    let duties = standing.duties().map(str::to_owned).chain(resting.iter().cloned()).collect();
    let whole = Standing::loaded(standing.actor().clone(), duties, None);
    !resting.is_empty() && Duties::built_in().authority().offers::<A>(&whole)
}

/// Whether somebody is more here than a pupil.
pub(crate) fn is_more_than_a_pupil(standing: &Standing) -> bool {
    standing.duties().any(|id| !matches!(id, "pupil" | "digital-leader"))
}

/// Somebody at the command line, by their account of the machine: it has let them in just now.
pub fn at_the_command_line(account: u32) -> Standing {
    let duties = BTreeSet::from(["command-line".to_owned()]);
    Standing::loaded(Actor::CommandLine(account), duties, Some(Timestamp::from_millis(i64::MAX)))
}
