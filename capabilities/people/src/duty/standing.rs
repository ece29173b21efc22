//! What somebody is at the school just now. The one door to a [`Standing`].

use std::collections::BTreeSet;

use engine::PersonNo;
use kit::permit::Action;
use kit::{Actor, Standing, Timestamp};
use store::{StoreError, Tx};

use super::content::Duties;
use super::store as table;

/// For how long a proof of who somebody is counts as a fresh one.
pub(crate) const FRESH_MS: i64 = 10 * 60 * 1_000;

/// What a person is at `at`, who last proved at `proved_at` that it is them. Whoever has left the roll is nothing.
pub async fn of_person(
    tx: &mut Tx,
    person: PersonNo,
    proved_at: Timestamp,
    at: Timestamp,
) -> Result<Standing, StoreError> {
    let on_the_roll = crate::store::on_the_roll(tx, person).await?;
    let held = if on_the_roll { table::of_person(tx, person).await? } else { Vec::new() };
    let duties: BTreeSet<String> =
        held.into_iter().filter(|one| one.holds(at)).map(|one| one.given.duty).collect();
    Ok(Standing::loaded(Actor::Person(person.0), duties, Some(proved_at.plus_millis(FRESH_MS))))
}

/// Whether whom the records name, as in `person:12`, may do `A` at `at`, be it after proving again who they are: for what somebody
/// began and another ends. Whoever has left the roll may nothing, whoever else they have become on it since.
pub async fn may_still<A: Action>(tx: &mut Tx, actor: &str, at: Timestamp) -> Result<bool, StoreError> {
    let Some(person) = Actor::person(actor) else { return Ok(false) };
    let standing = of_person(tx, PersonNo(person), at, at).await?;
    Ok(Duties::built_in().authority().offers::<A>(&standing))
}

/// Somebody at the command line, by their account of the machine: it has let them in just now.
pub fn at_the_command_line(account: u32) -> Standing {
    let duties = BTreeSet::from(["command-line".to_owned()]);
    Standing::loaded(Actor::CommandLine(account), duties, Some(Timestamp::from_millis(i64::MAX)))
}
