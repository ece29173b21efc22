//! The table of tests.

use ::store::orm::QueryResult;
use ::store::{Actor, StoreError, Tx};
use kit::Timestamp;

use super::model::Report;
use crate::rows;

const TABLE: &str = "filter_test";

/// A test as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// From 1, without gaps.
    pub number: u32,
    /// When.
    pub at: Timestamp,
    /// Who ran it, as the trail writes it.
    pub run_by: String,
    /// What it found.
    pub report: Report,
}

/// A test as it is written in the records.
pub(super) struct Row {
    pub number: u32,
    pub at: Timestamp,
    pub run_by: String,
    pub report: String,
}

/// Every test, oldest first.
pub(super) async fn rows_as_written(tx: &mut Tx) -> Result<Vec<Row>, StoreError> {
    let sql = "SELECT number, at, run_by, report FROM filter_test ORDER BY number";
    let rows = rows::read(tx, sql, Vec::new()).await?;
    let read = |row: &QueryResult| {
        Ok(Row {
            number: number(row)?,
            at: Timestamp::from_millis(row.try_get("", "at")?),
            run_by: row.try_get("", "run_by")?,
            report: row.try_get("", "report")?,
        })
    };
    rows.iter().map(read).collect()
}

pub(super) async fn next(tx: &mut Tx) -> Result<u32, StoreError> {
    let sql = "SELECT COALESCE(MAX(number), 0) AS number FROM filter_test";
    let Some(row) = rows::one(tx, sql, Vec::new()).await? else { return Ok(1) };
    Ok(number(&row)?.saturating_add(1))
}

pub(super) async fn insert(
    tx: &mut Tx,
    number: u32,
    actor: &Actor,
    passed: bool,
    report: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO filter_test (number, at, run_by, passed, report) VALUES ($1, $2, $3, $4, $5)";
    let values = vec![
        i64::from(number).into(),
        at.as_millis().into(),
        actor.to_string().into(),
        i64::from(passed).into(),
        report.into(),
    ];
    rows::change(tx, sql, values).await.map(|_| ())
}

/// The newest tests, newest first.
pub async fn newest(tx: &mut Tx, at_most: u32) -> Result<Vec<Kept>, StoreError> {
    let sql = "SELECT number, at, run_by, report FROM filter_test ORDER BY number DESC LIMIT $1";
    rows::read(tx, sql, vec![i64::from(at_most).into()]).await?.iter().map(read).collect()
}

/// The newest test of somebody, as the trail writes them.
pub async fn newest_by(tx: &mut Tx, run_by: &str) -> Result<Option<Kept>, StoreError> {
    let sql =
        "SELECT number, at, run_by, report FROM filter_test WHERE run_by = $1 ORDER BY number DESC LIMIT 1";
    rows::one(tx, sql, vec![run_by.into()]).await?.as_ref().map(read).transpose()
}

const PROBLEM: &str = "filter-test-problem";

/// Keeps why a test could not be run by itself, or that none could not.
pub async fn keep_problem(tx: &mut Tx, why: Option<&str>) -> Result<(), StoreError> {
    let sql = "DELETE FROM setting WHERE key = $1";
    rows::change(tx, sql, vec![PROBLEM.into()]).await?;
    if let Some(why) = why {
        let sql = "INSERT INTO setting (key, value) VALUES ($1, $2)";
        rows::change(tx, sql, vec![PROBLEM.into(), why.into()]).await?;
    }
    Ok(())
}

/// Why a test could not be run by itself.
pub async fn problem(tx: &mut Tx) -> Result<Option<String>, StoreError> {
    let sql = "SELECT value FROM setting WHERE key = $1";
    let row = rows::one(tx, sql, vec![PROBLEM.into()]).await?;
    Ok(row.map(|row| row.try_get("", "value")).transpose()?)
}

/// The test with that number.
pub async fn kept(tx: &mut Tx, number: u32) -> Result<Option<Kept>, StoreError> {
    let sql = "SELECT number, at, run_by, report FROM filter_test WHERE number = $1";
    rows::one(tx, sql, vec![i64::from(number).into()]).await?.as_ref().map(read).transpose()
}

fn number(row: &QueryResult) -> Result<u32, StoreError> {
    let number: i64 = row.try_get("", "number")?;
    u32::try_from(number).map_err(|_| rows::unreadable(TABLE, "number", "no number"))
}

fn read(row: &QueryResult) -> Result<Kept, StoreError> {
    let report: String = row.try_get("", "report")?;
    Ok(Kept {
        number: number(row)?,
        at: Timestamp::from_millis(row.try_get("", "at")?),
        run_by: row.try_get("", "run_by")?,
        report: serde_json::from_str(&report).map_err(|_| rows::unreadable(TABLE, "report", "no report"))?,
    })
}
