//! What commands may tell of live sealed entries: [`filtering::sealed::telling`] counts for all of them and for the portal.

use std::cell::Cell;
use std::sync::Arc;

use anyhow::{Result, bail};
use engine::sealed::COVERED;
use engine::{Catalogue, Problem, Sealed, SealedKey};
use filtering::sealed::telling::{may_tell, still_left};

use crate::commands::context::Context;
use crate::home::read_key;

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
            let left = still_left(&mut tx, &context.actor, context.at).await?;
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
