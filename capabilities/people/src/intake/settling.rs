//! Bringing the roll to what a system tells of which nobody looks first: all at once, but for what opens more than it should.

use std::collections::BTreeSet;

use kit::{Actor, Timestamp};
use store::{StoreError, Tx};

use super::actions::{
    ApplyError, Difference, Given, PrepareError, apply_as, difference, drop_as, keep, leading_of, put,
    too_many_go,
};
use super::store as tables;
use crate::roster::Roster;

/// What came of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Settled {
    /// Whether something was applied, so that the roll is to be published.
    pub applied: bool,
    /// Whether there is a difference that was not there before, applied or waiting.
    pub made: bool,
}

/// Why the roll was not brought to it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettlingError {
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    #[error(transparent)]
    Apply(#[from] ApplyError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Applies what a system tells. Whom it puts up the years out of turn, or calls a pupil no more, stays as they are for the filter, and that
/// alone waits for a person: who leaves, who comes and all else of everybody does not wait for it. Where too many would leave, or somebody
/// who leads, all of it waits.
pub(crate) async fn settle(
    tx: &mut Tx,
    actor: &Actor,
    (source, told): (&str, &Roster),
    given: &Given<'_>,
    at: Timestamp,
) -> Result<Settled, SettlingError> {
    let whole = difference(tx, (source, told), given, at).await?;
    if whole.summary.is_nothing() {
        // It has taken back what waited, if anything did.
        if let Some(older) = tables::waiting(tx, source).await? {
            drop_as(tx, actor, older.number, at).await?;
        }
        return Ok(Settled::default());
    }
    let held = held_of(&whole);
    let rest = match held.is_empty() {
        true => None,
        false => {
            let as_they_are = as_they_are(told, &held, &whole);
            Some(difference(tx, (source, &as_they_are), given, at).await?)
        }
    };
    let at_once = rest.as_ref().unwrap_or(&whole);
    let all_waits = too_many_go(tx, source, &at_once.summary, at).await?
        || leading_of(tx, &at_once.now, &at_once.changes, at).await? > 0;
    let origin = (source, Some(told.shape), None);
    if all_waits {
        keep(tx, actor, origin, (whole.changes, whole.summary), at).await?;
        return Ok(Settled { applied: false, made: true });
    }
    let Some(rest) = rest else {
        let import = keep(tx, actor, origin, (whole.changes, whole.summary), at).await?;
        apply_as(tx, actor, import.number, (None, false), given.zone, at).await?;
        return Ok(Settled { applied: true, made: true });
    };
    let applied = !rest.summary.is_nothing();
    if applied {
        // One of a source waits at a time: what does steps aside for as long as this takes.
        let older = tables::waiting(tx, source).await?;
        if let Some(older) = &older {
            tables::answer(tx, older.number, ("waiting", "dropped"), actor, at).await?;
        }
        let import = put(tx, actor, origin, (rest.changes, rest.summary), at).await?;
        apply_as(tx, actor, import.number, (None, false), given.zone, at).await?;
        if let Some(older) = &older {
            tables::wait_again(tx, older.number).await?;
        }
    }
    // What is left of it waits. Where the same waits already, whoever looks at it goes on.
    let left = difference(tx, (source, told), given, at).await?;
    let waits_already = match tables::waiting(tx, source).await? {
        Some(older) => {
            tables::changes(tx, older.number, None, (0, u64::from(u32::MAX))).await?.0 == left.changes
        }
        None => false,
    };
    if !waits_already {
        keep(tx, actor, origin, (left.changes, left.summary), at).await?;
    }
    Ok(Settled { applied, made: applied || !waits_already })
}

/// Those of whom something is kept back, by what the system calls them.
fn held_of(whole: &Difference) -> BTreeSet<String> {
    let mut held = whole.out_of_turn.clone();
    held.extend(super::model::grown(&whole.changes).map(str::to_owned));
    held
}

/// What is told, with what these people are and their years as the roll has them.
fn as_they_are(told: &Roster, held: &BTreeSet<String>, whole: &Difference) -> Roster {
    let mut told = told.clone();
    for id in held {
        let Some((row, (_, facts))) = told.people.get_mut(id).zip(whole.now.people.get(id)) else { continue };
        row.kind = facts.kind;
        row.year = facts.year;
    }
    told
}
