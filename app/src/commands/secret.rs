//! What commands may tell of live sealed entries. Any answer that depends on one tells of it, and asking in bulk would draw
//! the list out of the gate one guess at a time: every command that gives such answers asks here first. Entries for
//! testing are no secret.

use std::cell::Cell;
use std::sync::Arc;

use anyhow::{Result, bail};
use engine::sealed::COVERED;
use engine::{Catalogue, Problem, Sealed, SealedKey};
use kit::Timestamp;
use serde_json::json;
use store::{Actor, Db, Tx};

use crate::commands::context::Context;
use crate::home::read_key;

/// So many answers that tell of a sealed site are given in an hour by all commands together, in one go or one by one.
const MOST_TOLD: u32 = 10;
const AN_HOUR_MS: i64 = 3_600_000;
const ASKED: &str = "sealed.asked";
const IN_BULK: &str = "sealed.asked-in-bulk";

/// How many more may be told at `at`, by when answers were given before and whether each was the last.
fn left(before: &[(Timestamp, bool)], at: Timestamp) -> u32 {
    let since = at.plus_millis(-AN_HOUR_MS);
    let mut left = MOST_TOLD;
    for (_, in_bulk) in before.iter().filter(|(told, _)| *told > since) {
        left = if *in_bulk { 0 } else { left.saturating_sub(1) };
    }
    left
}

/// What one command may still tell.
pub struct Budget<'a> {
    context: &'a Context,
    command: &'static str,
    left: Cell<u32>,
}

impl<'a> Budget<'a> {
    /// Opens it before anything is answered. Where nothing is left there is no answer, whatever it would be: a refusal
    /// of sealed sites alone would tell which they are.
    pub fn open(context: &'a Context, command: &'static str) -> Result<Self> {
        let budget = Self::look(context, command)?;
        budget.check()?;
        Ok(budget)
    }

    /// Opens it for an answer that is given in any case, and says less where nothing is left.
    pub fn look(context: &'a Context, command: &'static str) -> Result<Self> {
        let records = context.records()?;
        let left = context.wait(async {
            let mut tx = records.read().await?;
            let (left, _) = before(&mut tx, context.at).await?;
            tx.roll_back().await?;
            anyhow::Ok(left)
        })?;
        Ok(Self { context, command, left: Cell::new(left) })
    }

    /// Refuses where nothing is left.
    pub fn check(&self) -> Result<()> {
        if self.left.get() == 0 { self.tell(1) } else { Ok(()) }
    }

    /// As [`Self::may_tell`], refusing where they are more than are left.
    pub fn tell(&self, many: u32) -> Result<()> {
        if !self.may_tell(many)? {
            bail!(
                "ten sealed sites have been asked about within an hour, and no more answers are given for now; the access trail says that you asked"
            );
        }
        Ok(())
    }

    /// Leaves an entry for each of so many sealed sites before an answer that tells of them. Where they are more than are
    /// left, none may be told, and no other answer is given for an hour: an entry says that somebody asked in bulk. No entry
    /// says what was asked. Where nothing is left, not even that there is nothing to tell may be told.
    pub fn may_tell(&self, many: u32) -> Result<bool> {
        if many == 0 {
            return Ok(self.left.get() > 0);
        }
        let Context { actor, at, .. } = self.context;
        let records = self.context.records()?;
        let (may, left) = self.context.wait(may_tell(&records, actor, self.command, many, *at))?;
        self.left.set(left);
        Ok(may)
    }

    /// What a command ended with, where that may be told.
    pub fn answer<T>(&self, ended: Result<T>) -> Result<T> {
        ended.or_else(|error| {
            let Tells { error, many } = error.downcast()?;
            self.tell(many)?;
            Err(error)
        })
    }
}

/// The same for whoever has no command's context: whether so many may be told, and how many are left then.
pub async fn may_tell(
    records: &Db,
    actor: &Actor,
    what: &str,
    many: u32,
    at: Timestamp,
) -> Result<(bool, u32)> {
    if many == 0 {
        let mut tx = records.read().await?;
        let (left, _) = before(&mut tx, at).await?;
        tx.roll_back().await?;
        return Ok((left > 0, left));
    }
    let subject = subject();
    let detail = json!({ "command": what });
    let mut tx = records.begin().await?;
    let (left, said) = before(&mut tx, at).await?;
    let may = many <= left;
    if may {
        for _ in 0..many {
            store::trail::changed(&mut tx, actor, ASKED, &subject, &detail, at).await?;
        }
    } else if !said {
        store::trail::changed(&mut tx, actor, IN_BULK, &subject, &detail, at).await?;
    }
    tx.commit().await?;
    Ok((may, left.saturating_sub(many)))
}

/// An error that tells of sealed entries. It goes through [`Budget::answer`] once its transaction is over.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct Tells {
    /// What it says.
    pub error: anyhow::Error,
    /// Of how many.
    pub many: u32,
}

impl Tells {
    /// An error that tells of so many, or the error itself where it tells of none.
    pub fn of(error: anyhow::Error, many: u32) -> anyhow::Error {
        if many == 0 { error } else { Self { error, many }.into() }
    }
}

/// The sealed tier as it is without a feed: what it says is no secret.
pub fn no_secret(context: &Context) -> Result<Arc<Sealed>> {
    no_secret_under(SealedKey::new(read_key(&context.home, "sealed.key")?))
}

/// The same for whoever holds the key already.
pub fn no_secret_under(key: SealedKey) -> Result<Arc<Sealed>> {
    Ok(Arc::new(filtering::sealed::test_entries(key)?))
}

/// Of how many live sealed entries the problems of a policy tell.
pub fn told_by(
    context: &Context,
    text: &str,
    catalogue: &Arc<Catalogue>,
    problems: &[Problem],
) -> Result<u32> {
    let all = covered(problems);
    if all == 0 {
        return Ok(0);
    }
    let (_, harmless) = filtering::filter_policy::check(text, catalogue, &no_secret(context)?, None);
    Ok(all.saturating_sub(covered(&harmless)))
}

/// How many problems are that a sealed site would be opened.
pub fn covered(problems: &[Problem]) -> u32 {
    let many = problems.iter().filter(|problem| problem.message.contains(COVERED)).count();
    u32::try_from(many).unwrap_or(u32::MAX)
}

fn subject() -> store::Subject {
    store::Subject::new("sealed", "explain")
}

/// How many are left, and whether an entry already says that somebody asked in bulk.
async fn before(tx: &mut Tx, at: Timestamp) -> Result<(u32, bool)> {
    let entries = store::trail::newest(tx, Some(&subject()), MOST_TOLD).await?;
    let before: Vec<_> = entries.iter().map(|entry| (entry.at, entry.verb == IN_BULK)).collect();
    let said = before.iter().any(|(told, in_bulk)| *in_bulk && *told > at.plus_millis(-AN_HOUR_MS));
    Ok((left(&before, at), said))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_are_told_in_an_hour_and_none_after_asking_for_more() {
        let at = Timestamp::from_millis(10 * AN_HOUR_MS);
        let ago = |minutes: i64, in_bulk| (at.plus_millis(-minutes * 60_000), in_bulk);
        let told: Vec<_> = (1..=10).map(|minutes| ago(minutes, false)).collect();
        assert_eq!((left(&told, at), left(&told[1..], at), left(&[], at)), (0, 1, 10));
        assert_eq!(left(&told, at.plus_millis(AN_HOUR_MS - 5 * 60_000)), 6);
        assert_eq!((left(&[ago(59, true)], at), left(&[ago(60, true)], at)), (0, 10));
    }
}
