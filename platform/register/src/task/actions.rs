//! Opening tasks, and what people do with them: each change with its entry in the access trail, which never holds their words.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use kit::{Actor, Permit, Timestamp};
use serde_json::json;
use store::{StoreError, Subject, Tx, trail};

use super::content::{Kind, Kinds};
use super::model::{Me, Opening, Owner, Refused, State, Task, TaskId};
use super::store as table;
use crate::calendar::SchoolYear;

kit::reading!(
    /// Seeing what is theirs to do.
    ReadTasks(()) = "task.read"
);
kit::action!(
    /// Taking upon themselves what is of a duty of theirs.
    TakeTask(TaskId) = "task.do"
);
kit::action!(
    /// Handing on what is theirs to do.
    HandTask(TaskId) = "task.do"
);
kit::action!(
    /// Saying that something is done, or need not be.
    CloseTask(TaskId) = "task.do"
);

/// So many of the newest that ended are looked at for those that somebody may see.
const LOOKED_AT: u64 = 200;

/// So many subjects are asked for at once.
const ASKED_AT_ONCE: usize = 500;

/// Why nothing was done to a task.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// There is none with that id, or of a kind that there is no more.
    #[error("there is nothing to do here any more")]
    NotFound,
    /// It cannot be done so.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Opens a task, once for its kind and what it is about, whatever became of the first. `None` where there was one, and where the content
/// has no such kind.
pub async fn put_once(
    tx: &mut Tx,
    actor: &Actor,
    opening: Opening,
    year: &SchoolYear,
    at: Timestamp,
) -> Result<Option<Task>, StoreError> {
    let Some(kind) = Kinds::built_in().named(opening.kind) else { return Ok(None) };
    if table::about(tx, &kind.id, &opening.subject).await?.is_some() {
        return Ok(None);
    }
    put(tx, actor, kind, opening, year, at).await.map(Some)
}

/// The same for many, with a question to the records for each five hundred of them rather than each; how many were opened.
pub async fn put_all(
    tx: &mut Tx,
    actor: &Actor,
    openings: Vec<Opening>,
    year: &SchoolYear,
    at: Timestamp,
) -> Result<usize, StoreError> {
    let mut asked: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for opening in &openings {
        asked.entry(opening.kind).or_default().push(&opening.subject);
    }
    let mut there = HashSet::new();
    for (kind, subjects) in asked {
        for some in subjects.chunks(ASKED_AT_ONCE) {
            let known = table::known(tx, kind, some).await?;
            there.extend(known.into_iter().map(|subject| (kind.to_owned(), subject)));
        }
    }
    let mut opened = 0;
    for opening in openings {
        let Some(kind) = Kinds::built_in().named(opening.kind) else { continue };
        if there.insert((kind.id.clone(), opening.subject.clone())) {
            put(tx, actor, kind, opening, year, at).await?;
            opened += 1;
        }
    }
    Ok(opened)
}

async fn put(
    tx: &mut Tx,
    actor: &Actor,
    kind: &Kind,
    opening: Opening,
    year: &SchoolYear,
    at: Timestamp,
) -> Result<Task, StoreError> {
    let task = Task {
        id: tx.ids().make(at),
        kind: kind.id.clone(),
        subject: opening.subject,
        path: opening.path,
        owner: None,
        not_by: opening.not_by,
        opened_at: at,
        due_at: opening.due_at.unwrap_or_else(|| kind.clock.start(at, year).due_at).max(at),
        escalated: 0,
        state: State::Open,
    };
    table::insert(tx, &task).await?;
    say(tx, actor, "task.open", &task, at).await?;
    Ok(task)
}

/// Everything that is open, the first due first.
pub async fn open(tx: &mut Tx) -> Result<Vec<Task>, StoreError> {
    table::open(tx).await
}

/// What somebody ended, and what others ended of their duties and said something of, the last first.
pub async fn ended_lately(
    tx: &mut Tx,
    permit: &Permit<ReadTasks>,
    me: &Me,
    at_most: usize,
) -> Result<Vec<Task>, StoreError> {
    let actor = permit.actor().to_string();
    let newest = table::ended(tx, LOOKED_AT).await?;
    let seen = newest.into_iter().filter(|task| {
        let ending = match &task.state {
            State::Open => return false,
            State::Done(ending) | State::Dropped(ending) => ending,
        };
        let of_theirs = || Kinds::built_in().named(&task.kind).is_some_and(|kind| is_of(task, kind, me));
        ending.by == actor || (!ending.words.is_empty() && of_theirs())
    });
    Ok(seen.take(at_most).collect())
}

/// Whether one that has ended was work of a duty of theirs, whoever had it.
fn is_of(task: &Task, kind: &Kind, me: &Me) -> bool {
    !task.looks_at(me.person) && kind.duties_at(task.escalated).any(|duty| me.duties.contains(duty))
}

/// The task with that id and its kind, where it is theirs; where it has ended, for whoever ended it and whoever holds one of its duties:
/// what was said at its end is said to them.
pub async fn find(
    tx: &mut Tx,
    permit: &Permit<ReadTasks>,
    id: TaskId,
    me: &Me,
) -> Result<Option<Task>, StoreError> {
    let Some((task, kind)) = known(tx, id).await? else { return Ok(None) };
    let ended = match &task.state {
        State::Open => false,
        State::Done(ending) | State::Dropped(ending) => {
            ending.by == permit.actor().to_string() || is_of(&task, kind, me)
        }
    };
    let theirs = ended || task.whose(kind, me).is_some();
    Ok(theirs.then_some(task))
}

/// Somebody takes it upon themselves.
pub async fn take(tx: &mut Tx, permit: &Permit<TakeTask>, me: &Me, at: Timestamp) -> Result<Task, TaskError> {
    let (task, kind) = known(tx, *permit.subject()).await?.ok_or(TaskError::NotFound)?;
    let taken = task.take(kind, me)?;
    changed(tx, permit.actor(), "task.take", taken, at).await
}

/// It is handed to a duty, or to a person who holds `duties`.
pub async fn hand(
    tx: &mut Tx,
    permit: &Permit<HandTask>,
    me: &Me,
    to: Owner,
    duties: &BTreeSet<String>,
    at: Timestamp,
) -> Result<Task, TaskError> {
    let (task, kind) = known(tx, *permit.subject()).await?.ok_or(TaskError::NotFound)?;
    let handed = task.hand(kind, me, to, duties)?;
    changed(tx, permit.actor(), "task.hand", handed, at).await
}

/// Somebody says what was done.
pub async fn done(
    tx: &mut Tx,
    permit: &Permit<CloseTask>,
    me: &Me,
    words: &str,
    at: Timestamp,
) -> Result<Task, TaskError> {
    let (task, kind) = known(tx, *permit.subject()).await?.ok_or(TaskError::NotFound)?;
    let done = task.done(kind, me, words, at)?;
    changed(tx, permit.actor(), "task.done", done, at).await
}

/// Somebody says why it need not be done.
pub async fn dropped(
    tx: &mut Tx,
    permit: &Permit<CloseTask>,
    me: &Me,
    words: &str,
    at: Timestamp,
) -> Result<Task, TaskError> {
    let (task, kind) = known(tx, *permit.subject()).await?.ok_or(TaskError::NotFound)?;
    let dropped = task.dropped(kind, me, words, at)?;
    changed(tx, permit.actor(), "task.drop", dropped, at).await
}

/// What a task of that kind was about is settled: it is done, by whoever settled it. `None` where none was open.
pub async fn settle(
    tx: &mut Tx,
    actor: &Actor,
    kind: &str,
    subject: &str,
    at: Timestamp,
) -> Result<Option<Task>, StoreError> {
    let Some(task) = table::about(tx, kind, subject).await? else { return Ok(None) };
    let Ok(settled) = task.settled(actor, at) else { return Ok(None) };
    if !table::update(tx, &settled).await? {
        return Ok(None);
    }
    say(tx, actor, "task.done", &settled, at).await?;
    Ok(Some(settled))
}

/// It has come to the next duty of its kind, because it is late.
pub async fn escalate(
    tx: &mut Tx,
    job: &Actor,
    task: Task,
    at: Timestamp,
) -> Result<Option<Task>, StoreError> {
    let escalated = Task { escalated: task.escalated.saturating_add(1), ..task };
    if !table::update(tx, &escalated).await? {
        return Ok(None);
    }
    say(tx, job, "task.escalate", &escalated, at).await?;
    Ok(Some(escalated))
}

/// Whoever had it can do it no more, as when they left: it is everybody's whose duty it is again.
pub async fn give_back(
    tx: &mut Tx,
    job: &Actor,
    task: Task,
    at: Timestamp,
) -> Result<Option<Task>, StoreError> {
    let given = Task { owner: None, ..task };
    if !table::update(tx, &given).await? {
        return Ok(None);
    }
    say(tx, job, "task.give-back", &given, at).await?;
    Ok(Some(given))
}

async fn known(tx: &mut Tx, id: TaskId) -> Result<Option<(Task, &'static Kind)>, StoreError> {
    let Some(task) = table::by_id(tx, id).await? else { return Ok(None) };
    let kind = Kinds::built_in().named(&task.kind);
    Ok(kind.map(|kind| (task, kind)))
}

async fn changed(
    tx: &mut Tx,
    actor: &Actor,
    verb: &str,
    task: Task,
    at: Timestamp,
) -> Result<Task, TaskError> {
    if !table::update(tx, &task).await? {
        return Err(TaskError::NotFound);
    }
    say(tx, actor, verb, &task, at).await?;
    Ok(task)
}

async fn say(tx: &mut Tx, actor: &Actor, verb: &str, task: &Task, at: Timestamp) -> Result<(), StoreError> {
    let detail = json!({
        "kind": task.kind,
        "subject": task.subject,
        "owner": task.owner.as_ref().map(ToString::to_string),
        "due_at": task.due_at.as_millis(),
        "escalated": task.escalated,
    });
    trail::changed(tx, actor, verb, &Subject::new("task", task.id), &detail, at).await?;
    Ok(())
}
