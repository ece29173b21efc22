//! Moving the records of a school from one database to another, of the same engine or the other.
//!
//! Everything is read at one moment and written in one transaction: whatever breaks in between leaves the old records as they
//! are and the new database empty. Before it is committed, each table of both is counted and summed up, and they must agree.

use std::collections::{BTreeMap, BTreeSet};

use kit::{Actor, Timestamp};
use sea_orm::{ConnectionTrait, QueryResult, Statement, Value};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::db::Db;
use crate::error::StoreError;
use crate::migrations::STEPS;
use crate::schema::{self, Table};
use crate::trail::{self, Broken, Subject, Verified};
use crate::tx::Tx;
use crate::url::DatabaseUrl;

/// The word of a move in the trail.
const MOVED: &str = "records.move";
/// Rows that are read at once.
const PAGE: usize = 10_000;
/// Values of one statement: SQLite takes 32,766, PostgreSQL 65,535.
const VALUES: usize = 30_000;

/// Records that have been moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// How many rows of each table.
    pub rows: BTreeMap<String, u64>,
    /// How many entries the access trail had.
    pub entries: i64,
    /// The hash of the last of them. The new records have one more, which tells of the move.
    pub head: String,
}

/// Why the records were not moved. The old ones are as they were.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// They are there already.
    #[error("the records are there already")]
    SamePlace,
    /// There is something in the new database.
    #[error("{place}: there are records here already ({table} has some); name an empty database")]
    NotEmpty {
        /// The database, without its password.
        place: String,
        /// A table with rows in it.
        table: String,
    },
    /// The two differ in shape.
    #[error("the tables of the two databases are not alike; name a database that nothing else uses")]
    OtherShape,
    /// Somebody changed the records meanwhile.
    #[error("the records were changed while they were moved; stop whatever uses them and try again")]
    Changed,
    /// A table did not arrive as it was.
    #[error("{table} did not arrive as it was; nothing was kept of the move. Please report this")]
    Differs {
        /// Which.
        table: String,
    },
    /// A text has a sign in it that the other engine does not take.
    #[error(
        "{table}.{column}: a text has a sign in it (U+0000) that PostgreSQL cannot hold; nothing was kept of the move"
    )]
    CannotHold {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// Rows point to each other in a circle.
    #[error("{table}: rows point to what is not there; run `fivebar verify`")]
    Circle {
        /// The table.
        table: String,
    },
    /// The access trail was tampered with.
    #[error(
        "the access trail is broken at entry {seq}: {why}. Nothing was moved. Keep every back-up and tell the data protection officer"
    )]
    TrailBroken {
        /// The first entry that cannot be right.
        seq: i64,
        /// Why not.
        why: Broken,
    },
    /// A database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Copies all records from one database to an empty one and proves that they arrived. `each` is told the name of each table
/// before it is copied. The old records are not changed: whoever called this says from now on which are in use. Where they
/// arrived before, by a move that was cut off behind that, they are not copied again.
///
/// Cost: every row is read twice and written once; memory for one page of rows.
pub async fn move_records(
    from: &DatabaseUrl,
    to: &DatabaseUrl,
    actor: &Actor,
    at: Timestamp,
    each: &(dyn Fn(&str) + Sync),
) -> Result<Moved, MoveError> {
    if from == to {
        return Err(MoveError::SamePlace);
    }
    let source = Db::look(from).await?;
    let (entries, head) = whole(&source).await?;
    let target = Db::open(to).await?;
    let mut reading = source.read().await?;
    let mut writing = target.begin().await?;
    let tables = schema::tables(&mut reading).await?;
    if tables != schema::tables(&mut writing).await? {
        return Err(MoveError::OtherShape);
    }
    if let Some(rows) = arrived(&mut writing, &tables, (entries, &head)).await? {
        reading.roll_back().await?;
        writing.roll_back().await?;
        let there = whole(&target).await?;
        source.close().await?;
        target.close().await?;
        return match there {
            (there, _) if there == entries + 1 => Ok(Moved { rows, entries, head }),
            _ => Err(MoveError::Differs { table: "trail".to_owned() }),
        };
    }
    for name in tables.keys().filter(|name| *name != STEPS) {
        if count(&mut writing, name).await? > 0 {
            return Err(MoveError::NotEmpty { place: to.to_string(), table: name.clone() });
        }
    }
    let mut rows = BTreeMap::new();
    for name in in_order(&tables)? {
        let Some(table) = tables.get(name) else { continue };
        each(name);
        let sum = copy(&mut reading, &mut writing, name, table).await?;
        if sum != sum_of(&mut writing, name, table).await? {
            return Err(MoveError::Differs { table: name.to_owned() });
        }
        rows.insert(name.to_owned(), sum.rows);
    }
    reading.roll_back().await?;
    // Whatever anybody changes leaves an entry.
    if whole(&source).await? != (entries, head.clone()) {
        return Err(MoveError::Changed);
    }
    let detail = json!({ "from": from.engine(), "to": to.engine(), "entries": entries, "head": head });
    trail::changed(&mut writing, actor, MOVED, &Subject::new("records", to.engine()), &detail, at).await?;
    writing.commit().await?;
    if whole(&target).await?.0 != entries + 1 {
        return Err(MoveError::Differs { table: "trail".to_owned() });
    }
    source.close().await?;
    target.close().await?;
    Ok(Moved { rows, entries, head })
}

async fn whole(db: &Db) -> Result<(i64, String), MoveError> {
    match trail::verify(db).await? {
        Verified::Whole { entries, head } => Ok((entries, head)),
        Verified::BrokenAt { seq, why } => Err(MoveError::TrailBroken { seq, why }),
    }
}

/// How many rows each table of the new database has, where its last entry says that these very records were moved to it: that entry was
/// committed with them, once they had been compared.
async fn arrived(
    writing: &mut Tx,
    tables: &BTreeMap<String, Table>,
    (entries, head): (i64, &str),
) -> Result<Option<BTreeMap<String, u64>>, MoveError> {
    let newest = trail::newest(writing, None, 1).await?;
    let Some(last) = newest.first().filter(|last| last.verb == MOVED && last.seq == entries + 1) else {
        return Ok(None);
    };
    let detail: serde_json::Value = serde_json::from_str(&last.detail).unwrap_or_default();
    if last.prev != head || detail.get("head").and_then(serde_json::Value::as_str) != Some(head) {
        return Ok(None);
    }
    let mut rows = BTreeMap::new();
    for name in tables.keys().filter(|name| *name != STEPS) {
        let there = count(writing, name).await?;
        // The entry of the move came on top.
        let there = if name == "trail" { there - 1 } else { there };
        rows.insert(name.clone(), u64::try_from(there).unwrap_or(0));
    }
    Ok(Some(rows))
}

async fn count(tx: &mut Tx, name: &str) -> Result<i64, StoreError> {
    let sql = format!("SELECT count(*) AS n FROM \"{name}\"");
    let row = tx.conn().query_one_raw(Statement::from_string(tx.backend(), sql)).await?;
    Ok(row.map_or(Ok(0), |row| row.try_get("", "n"))?)
}

/// The tables in an order in which each comes after those that it points to; itself it may point to.
fn in_order(tables: &BTreeMap<String, Table>) -> Result<Vec<&str>, MoveError> {
    let mut left: BTreeSet<&str> = tables.keys().map(String::as_str).filter(|name| *name != STEPS).collect();
    let mut order = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let waits = |name: &str| {
            let points_to = tables.get(name).map(|table| &table.points_to);
            points_to
                .into_iter()
                .flatten()
                .any(|(_, there, _)| there != name && left.contains(there.as_str()))
        };
        let next: Vec<&str> = left.iter().copied().filter(|name| !waits(name)).collect();
        if let ([], Some(first)) = (&*next, left.first()) {
            return Err(MoveError::Circle { table: (*first).to_owned() });
        }
        next.iter().for_each(|name| {
            left.remove(name);
        });
        order.extend(next);
    }
    Ok(order)
}

/// One row: its values by column, in the columns' order.
type Row = Vec<Value>;

/// What a table holds, whatever the order of its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Sum {
    rows: u64,
    sum: u128,
}

impl Sum {
    fn add(&mut self, row: &Row) {
        let mut hash = Sha256::new();
        for value in row {
            match value {
                Value::String(Some(text)) => {
                    hash.update([1]);
                    hash.update((text.len() as u64).to_be_bytes());
                    hash.update(text.as_bytes());
                }
                Value::BigInt(Some(number)) => {
                    hash.update([2]);
                    hash.update(number.to_be_bytes());
                }
                _ => hash.update([0]),
            }
        }
        let mut first = [0; 16];
        first.iter_mut().zip(hash.finalize()).for_each(|(place, byte)| *place = byte);
        self.rows += 1;
        self.sum = self.sum.wrapping_add(u128::from_be_bytes(first));
    }
}

async fn copy(reading: &mut Tx, writing: &mut Tx, name: &str, table: &Table) -> Result<Sum, MoveError> {
    let mut sum = Sum::default();
    // Rows that point to rows of their own table come after those.
    let own = table.points_to.iter().find(|(_, there, _)| there == name);
    let place = |column: &str| table.columns.keys().position(|known| known == column);
    let own = own.and_then(|(here, _, its)| place(here).zip(place(its)));
    let (mut waiting, mut arrived): (Vec<Row>, BTreeSet<String>) = Default::default();
    let mut from = 0;
    loop {
        let rows = page(reading, name, table, from).await?;
        let last = rows.len() < PAGE;
        from += rows.len();
        rows.iter().for_each(|row| sum.add(row));
        match own {
            None => insert(writing, name, table, &rows).await?,
            Some(_) => waiting.extend(rows),
        }
        if last {
            break;
        }
    }
    let Some((here, its)) = own else { return Ok(sum) };
    let text = |row: &Row, place: usize| row.get(place).map(|value| format!("{value:?}")).unwrap_or_default();
    let points = |row: &Row| match row.get(here) {
        Some(Value::String(None) | Value::BigInt(None)) | None => None,
        Some(_) => Some(text(row, here)),
    };
    while !waiting.is_empty() {
        let (now, later): (Vec<Row>, Vec<Row>) =
            waiting.into_iter().partition(|row| points(row).is_none_or(|there| arrived.contains(&there)));
        if now.is_empty() {
            return Err(MoveError::Circle { table: name.to_owned() });
        }
        insert(writing, name, table, &now).await?;
        arrived.extend(now.iter().map(|row| text(row, its)));
        waiting = later;
    }
    Ok(sum)
}

async fn sum_of(tx: &mut Tx, name: &str, table: &Table) -> Result<Sum, MoveError> {
    let (mut sum, mut from) = (Sum::default(), 0);
    loop {
        let rows = page(tx, name, table, from).await?;
        rows.iter().for_each(|row| sum.add(row));
        from += rows.len();
        if rows.len() < PAGE {
            return Ok(sum);
        }
    }
}

/// Some rows of a table in the order of its key, from a place on.
async fn page(tx: &mut Tx, name: &str, table: &Table, from: usize) -> Result<Vec<Row>, MoveError> {
    let quoted = |columns: &mut dyn Iterator<Item = &String>| {
        columns.map(|column| format!("\"{column}\"")).collect::<Vec<_>>().join(", ")
    };
    // Rows of a table without a key are told apart by all that they hold.
    let key = table.unique.iter().find(|unique| !unique.partial).map(|unique| &unique.columns);
    let key = key.map_or_else(|| quoted(&mut table.columns.keys()), |key| quoted(&mut key.iter()));
    let columns = quoted(&mut table.columns.keys());
    let sql = format!("SELECT {columns} FROM \"{name}\" ORDER BY {key} LIMIT {PAGE} OFFSET {from}");
    let rows =
        tx.conn().query_all_raw(Statement::from_string(tx.backend(), sql)).await.map_err(StoreError::from)?;
    rows.iter().map(|row| read(row, table).map_err(MoveError::from)).collect()
}

fn read(row: &QueryResult, table: &Table) -> Result<Row, StoreError> {
    let value = |(name, column): (&String, &schema::Column)| {
        Ok(match column.kind.as_str() {
            "bigint" => Value::BigInt(row.try_get("", name)?),
            _ => Value::String(row.try_get("", name)?),
        })
    };
    table.columns.iter().map(value).collect()
}

async fn insert(tx: &mut Tx, name: &str, table: &Table, rows: &[Row]) -> Result<(), MoveError> {
    let width = table.columns.len().max(1);
    if tx.backend() == sea_orm::DbBackend::Postgres {
        for row in rows {
            for (value, column) in row.iter().zip(table.columns.keys()) {
                if matches!(value, Value::String(Some(text)) if text.contains('\0')) {
                    return Err(MoveError::CannotHold { table: name.to_owned(), column: column.clone() });
                }
            }
        }
    }
    let columns: Vec<String> = table.columns.keys().map(|column| format!("\"{column}\"")).collect();
    let columns = columns.join(", ");
    for some in rows.chunks((VALUES / width).max(1)) {
        let places: Vec<String> = (0..some.len())
            .map(|row| {
                let places: Vec<String> =
                    (1..=width).map(|place| format!("${}", row * width + place)).collect();
                format!("({})", places.join(", "))
            })
            .collect();
        let sql = format!("INSERT INTO \"{name}\" ({columns}) VALUES {}", places.join(", "));
        let values = some.iter().flatten().cloned();
        let statement = Statement::from_sql_and_values(tx.backend(), sql, values);
        tx.conn().execute_raw(statement).await.map_err(StoreError::from)?;
    }
    Ok(())
}
