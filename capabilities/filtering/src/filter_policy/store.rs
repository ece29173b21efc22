//! The table of policy versions.

use ::store::orm::QueryResult;
use ::store::{StoreError, Tx};
use kit::Timestamp;

use super::actions::Version;
use crate::rows;

const COLUMNS: &str = "number, text, note, applied_by, at";

pub async fn insert(tx: &mut Tx, version: &Version) -> Result<(), StoreError> {
    let sql = "INSERT INTO policy_version (number, text, note, applied_by, at) VALUES ($1, $2, $3, $4, $5)";
    let values = vec![
        i64::from(version.number).into(),
        version.text.clone().into(),
        version.note.clone().into(),
        version.applied_by.clone().into(),
        version.at.as_millis().into(),
    ];
    rows::change(tx, sql, values).await.map(|_| ())
}

pub async fn newest(tx: &mut Tx) -> Result<Option<Version>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM policy_version ORDER BY number DESC LIMIT 1");
    rows::one(tx, &sql, Vec::new()).await?.as_ref().map(read).transpose()
}

pub async fn by_number(tx: &mut Tx, number: u32) -> Result<Option<Version>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM policy_version WHERE number = $1");
    rows::one(tx, &sql, vec![i64::from(number).into()]).await?.as_ref().map(read).transpose()
}

/// Newest first.
pub async fn all(tx: &mut Tx) -> Result<Vec<Version>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM policy_version ORDER BY number DESC");
    rows::read(tx, &sql, Vec::new()).await?.iter().map(read).collect()
}

fn read(row: &QueryResult) -> Result<Version, StoreError> {
    let number: i64 = row.try_get("", "number")?;
    Ok(Version {
        number: u32::try_from(number)
            .map_err(|_| rows::unreadable("policy_version", "number", "no version number"))?,
        text: row.try_get("", "text")?,
        note: row.try_get("", "note")?,
        applied_by: row.try_get("", "applied_by")?,
        at: Timestamp::from_millis(row.try_get("", "at")?),
    })
}
