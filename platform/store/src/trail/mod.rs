//! The access trail: who looked at or changed records here, entry after entry, each sealed to the one before.
//!
//! An entry is written in the same transaction as the change it tells of ([`changed`]), so there is never one without
//! the other. Each entry's hash covers every field and the hash before it; [`verify`] recomputes them all. The database
//! itself refuses to change, remove or fork entries, so a mistaken program cannot either.
//!
//! What the chain cannot do by itself: a person who can write the database file can rebuild the whole chain from some entry on.
//! The head hash therefore goes into every back-up's manifest and into signed checkpoints ([`Checkpoint`]): either tells
//! on a newer chain, where it is kept out of that person's reach.

mod checkpoint;
mod entry;
mod verify;

pub use checkpoint::{Checkpoint, CheckpointKey, NotACheckpoint, Stands};
pub(crate) use entry::hex;
pub use entry::{Entry, NOTHING_BEFORE, Subject};
pub use kit::Actor;
pub use verify::{Broken, Known, Verified, compare, verify};

use kit::Timestamp;
use sea_orm::{ConnectionTrait, QueryResult, Statement};
use serde_json::Value;

use crate::error::StoreError;
use crate::tx::Tx;

/// Writes down what `actor` did to `subject`, in the transaction that does it. Gives the entry's number.
///
/// `verb` is the word of the action with its thing first (`policy.apply`, `request.refuse`). `detail` holds what else a
/// reader needs, in ids, numbers and hashes only: an entry is never erased, so nobody's name, address or words may be
/// in it.
///
/// Cost: one read and one write by key. Nobody else writes until this transaction ends ([`Db::begin`](crate::Db::begin)), so entries stand
/// in one line.
pub async fn changed(
    tx: &mut Tx,
    actor: &Actor,
    verb: &str,
    subject: &Subject,
    detail: &Value,
    at: Timestamp,
) -> Result<i64, StoreError> {
    let (seq, prev) = match last(tx.conn()).await? {
        Some((seq, hash)) => (seq + 1, hash),
        None => (1, NOTHING_BEFORE.to_owned()),
    };
    let entry = Entry::after(seq, prev, actor, verb, subject, detail, at);
    let sql = "INSERT INTO trail (seq, at, actor, verb, subject_kind, subject_id, detail, prev, hash) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let values: [sea_orm::Value; 9] = [
        entry.seq.into(),
        entry.at.as_millis().into(),
        entry.actor.into(),
        entry.verb.into(),
        entry.subject_kind.into(),
        entry.subject_id.into(),
        entry.detail.into(),
        entry.prev.into(),
        entry.hash.into(),
    ];
    tx.conn().execute_raw(Statement::from_sql_and_values(tx.backend(), sql, values)).await?;
    Ok(seq)
}

/// The newest entries, newest first, `at_most` of them; those about `subject` alone where one is given.
pub async fn newest(tx: &mut Tx, subject: Option<&Subject>, at_most: u32) -> Result<Vec<Entry>, StoreError> {
    let mut sql = format!("SELECT {COLUMNS} FROM trail");
    let mut values: Vec<sea_orm::Value> = Vec::new();
    if let Some(subject) = subject {
        sql.push_str(" WHERE subject_kind = $1 AND subject_id = $2");
        values.extend([subject.kind().into(), subject.id().into()]);
    }
    sql.push_str(&format!(" ORDER BY seq DESC LIMIT {at_most}"));
    let rows = tx.conn().query_all_raw(Statement::from_sql_and_values(tx.backend(), sql, values)).await?;
    rows.iter().map(read).collect()
}

/// Which entries are looked for: all that is set must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wanted<'a> {
    /// From this moment on.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
    /// By whom, as [`Actor`] writes it.
    pub actor: Option<&'a str>,
    /// What was done: the whole word, or the thing before its dot.
    pub verb: Option<&'a str>,
    /// About a thing: its kind and its id.
    pub about: Option<(&'a str, &'a str)>,
    /// Before the entry of that number, for whoever reads on.
    pub before: Option<i64>,
}

/// The newest entries that are looked for, newest first, `at_most` of them.
pub async fn find(tx: &mut Tx, wanted: &Wanted<'_>, at_most: u32) -> Result<Vec<Entry>, StoreError> {
    let mut held: Vec<String> = Vec::new();
    let mut values: Vec<sea_orm::Value> = Vec::new();
    let mut also = |condition: &dyn Fn(usize) -> String, value: sea_orm::Value| {
        values.push(value);
        held.push(condition(values.len()));
    };
    if let Some(since) = wanted.since {
        also(&|place| format!("at >= ${place}"), since.as_millis().into());
    }
    if let Some(until) = wanted.until {
        also(&|place| format!("at < ${place}"), until.as_millis().into());
    }
    if let Some(actor) = wanted.actor {
        also(&|place| format!("actor = ${place}"), actor.into());
    }
    if let Some(verb) = wanted.verb {
        let thing = format!("{verb}.");
        let length = thing.chars().count();
        let either = |place| format!("${place} IN (verb || '.', substr(verb, 1, {length}))");
        also(&either, thing.into());
    }
    if let Some((kind, id)) = wanted.about {
        also(&|place| format!("subject_kind = ${place}"), kind.into());
        also(&|place| format!("subject_id = ${place}"), id.into());
    }
    if let Some(before) = wanted.before {
        also(&|place| format!("seq < ${place}"), before.into());
    }
    let held = if held.is_empty() { String::new() } else { format!(" WHERE {}", held.join(" AND ")) };
    let sql = format!("SELECT {COLUMNS} FROM trail{held} ORDER BY seq DESC LIMIT {at_most}");
    let rows = tx.conn().query_all_raw(Statement::from_sql_and_values(tx.backend(), sql, values)).await?;
    rows.iter().map(read).collect()
}

/// Every entry that tells of this being done to a thing of this kind, oldest first.
pub async fn of_kind(tx: &mut Tx, kind: &str, verb: &str) -> Result<Vec<Entry>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM trail WHERE subject_kind = $1 AND verb = $2 ORDER BY seq");
    let asked = Statement::from_sql_and_values(tx.backend(), sql, [kind.into(), verb.into()]);
    tx.conn().query_all_raw(asked).await?.iter().map(read).collect()
}

/// The number and hash of the last entry.
pub(crate) async fn last(connection: &impl ConnectionTrait) -> Result<Option<(i64, String)>, StoreError> {
    let sql = "SELECT seq, hash FROM trail ORDER BY seq DESC LIMIT 1";
    let row =
        connection.query_one_raw(Statement::from_string(connection.get_database_backend(), sql)).await?;
    row.map(|row| Ok((row.try_get("", "seq")?, row.try_get("", "hash")?))).transpose()
}

const COLUMNS: &str = "seq, at, actor, verb, subject_kind, subject_id, detail, prev, hash";

fn read(row: &QueryResult) -> Result<Entry, StoreError> {
    Ok(Entry {
        seq: row.try_get("", "seq")?,
        at: Timestamp::from_millis(row.try_get("", "at")?),
        actor: row.try_get("", "actor")?,
        verb: row.try_get("", "verb")?,
        subject_kind: row.try_get("", "subject_kind")?,
        subject_id: row.try_get("", "subject_id")?,
        detail: row.try_get("", "detail")?,
        prev: row.try_get("", "prev")?,
        hash: row.try_get("", "hash")?,
    })
}
