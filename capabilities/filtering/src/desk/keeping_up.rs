//! Tasks kept up with what the records say, and chased.

use std::collections::BTreeSet;

use ::store::{Actor, StoreError, Tx};
use kit::Timestamp;
use register::chase::{self, Escalated};
use register::task::{self, Kinds, Me, Owner, Task};

use super::facts::{FOLLOWED, facts};
use super::{me, year};

/// The job that does it, as the trail writes it.
const JOB: Actor = Actor::Job("tasks");

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kept {
    /// So many were opened.
    pub opened: usize,
    /// So many are done by themselves.
    pub settled: usize,
    /// So many came to the next duty.
    pub escalated: usize,
}

impl Kept {
    /// Whether anything was.
    pub fn anything(&self) -> bool {
        *self != Self::default()
    }
}

/// Opens what should be somebody's task, ends what is settled, brings what is late to its next duty, and puts into the outbox what is to
/// be told. Doing it again does nothing more.
pub async fn keep_up(tx: &mut Tx, at: Timestamp) -> Result<Kept, StoreError> {
    let year = year(tx).await?;
    let mut kept = Kept::default();
    let found = facts(tx, at).await?;
    let wanted: BTreeSet<(&str, String)> = found.iter().map(|one| (one.kind, one.subject.clone())).collect();
    kept.opened = task::put_all(tx, &JOB, found, &year, at).await?;
    let everybody = me::everybody(tx, at).await?;
    for open in task::open(tx).await? {
        let followed = FOLLOWED.iter().find(|kind| **kind == open.kind);
        if followed.is_some_and(|kind| !wanted.contains(&(*kind, open.subject.clone()))) {
            kept.settled +=
                usize::from(task::settle(tx, &JOB, &open.kind, &open.subject, at).await?.is_some());
        } else if is_nobodys(&open, &everybody) {
            task::give_back(tx, &JOB, open, at).await?;
        }
    }
    let round = chase::round(&task::open(tx).await?, Kinds::built_in(), &everybody, &year, at);
    for Escalated { task: late, tell } in round.escalate {
        if task::escalate(tx, &JOB, late, at).await?.is_some() {
            kept.escalated += 1;
            chase::put(tx, &tell, at).await?;
        }
    }
    chase::put(tx, &round.tell, at).await?;
    Ok(kept)
}

/// Whether a task is with somebody who holds none of its duties any more, or with a duty that nobody holds.
fn is_nobodys(task: &Task, everybody: &[Me]) -> bool {
    let Some((owner, kind)) = task.owner.as_ref().zip(Kinds::built_in().named(&task.kind)) else {
        return false;
    };
    let duties = kind.all_duties();
    let holds = |me: &Me| match owner {
        Owner::Person(number) => {
            me.person == *number && me.duties.iter().any(|duty| duties.contains(duty.as_str()))
        }
        Owner::Duty(id) => me.duties.contains(id),
    };
    !everybody.iter().any(holds)
}
