//! The table of lists.

use ::store::orm::QueryResult;
use ::store::{StoreError, Tx};
use kit::Timestamp;

use super::model::{List, ListReport, State};
use crate::rows;

const TABLE: &str = "list";
const COLUMNS: &str =
    "id, version, category, source, format, state, sha256, lines, accepted, refused, imported_at";

/// Every list that is in use, by id.
pub async fn in_use(tx: &mut Tx) -> Result<Vec<List>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM list WHERE state IN ('active', 'held') ORDER BY id");
    rows::read(tx, &sql, Vec::new()).await?.iter().map(read).collect()
}

/// One list that is in use.
pub async fn one(tx: &mut Tx, id: &str) -> Result<Option<List>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM list WHERE id = $1 AND state IN ('active', 'held')");
    rows::one(tx, &sql, vec![id.into()]).await?.as_ref().map(read).transpose()
}

/// The id of the list in use that is read from there.
pub async fn id_from(tx: &mut Tx, source: &str) -> Result<Option<String>, StoreError> {
    let sql = "SELECT id FROM list WHERE source = $1 AND state IN ('active', 'held') ORDER BY id";
    let row = rows::one(tx, sql, vec![source.into()]).await?;
    Ok(row.map(|row| row.try_get("", "id")).transpose()?)
}

/// The highest version of a list that was ever written down; 0 for none.
pub async fn highest(tx: &mut Tx, id: &str) -> Result<u32, StoreError> {
    let row =
        rows::one(tx, "SELECT max(version) AS version FROM list WHERE id = $1", vec![id.into()]).await?;
    let version: Option<i64> = row.map(|row| row.try_get("", "version")).transpose()?.flatten();
    Ok(version.and_then(|version| u32::try_from(version).ok()).unwrap_or(0))
}

/// Puts a version in use in place of the one before.
pub async fn put(tx: &mut Tx, list: &List) -> Result<(), StoreError> {
    let sql = "UPDATE list SET state = 'replaced' WHERE id = $1 AND state IN ('active', 'held')";
    rows::change(tx, sql, vec![list.id.clone().into()]).await?;
    let refused = serde_json::to_string(&list.report.refused)
        .map_err(|_| rows::unreadable(TABLE, "refused", "not JSON"))?;
    let sql = "INSERT INTO list (id, version, title, category, source, format, state, sha256, lines, accepted, refused, \
               imported_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    let values = vec![
        list.id.clone().into(),
        i64::from(list.version).into(),
        list.id.clone().into(),
        list.categories.join(",").into(),
        list.source.clone().into(),
        list.report.format.clone().into(),
        list.state.id().into(),
        list.sha256.clone().into(),
        i64::try_from(list.report.lines).unwrap_or(i64::MAX).into(),
        i64::try_from(list.report.accepted).unwrap_or(i64::MAX).into(),
        refused.into(),
        list.imported_at.as_millis().into(),
    ];
    rows::change(tx, sql, values).await.map(|_| ())
}

/// Holds or releases a list; `false` where it is not in the state it must be in.
pub async fn set_state(tx: &mut Tx, id: &str, from: State, to: State) -> Result<bool, StoreError> {
    let sql = "UPDATE list SET state = $1 WHERE id = $2 AND state = $3";
    Ok(rows::change(tx, sql, vec![to.id().into(), id.into(), from.id().into()]).await? == 1)
}

/// Takes a list out of use; its versions stay in the records. `false` where it is not in use.
pub async fn take_out(tx: &mut Tx, id: &str) -> Result<bool, StoreError> {
    let sql = "UPDATE list SET state = 'replaced' WHERE id = $1 AND state IN ('active', 'held')";
    Ok(rows::change(tx, sql, vec![id.into()]).await? == 1)
}

/// Keeps why an update waits for a person, or that none does.
pub async fn wait(tx: &mut Tx, id: &str, why: Option<&str>) -> Result<(), StoreError> {
    match why {
        Some(why) => set(tx, waits_key(id), why).await,
        None => {
            let sql = "DELETE FROM setting WHERE key = $1";
            rows::change(tx, sql, vec![waits_key(id).into()]).await.map(|_| ())
        }
    }
}

/// Why an update waits for a person.
pub async fn waits(tx: &mut Tx, id: &str) -> Result<Option<String>, StoreError> {
    get(tx, waits_key(id)).await
}

/// Keeps why a list was last held, released or taken out.
pub async fn note(tx: &mut Tx, id: &str, reason: &str) -> Result<(), StoreError> {
    set(tx, note_key(id), reason).await
}

/// Why a list was last held, released or taken out.
pub async fn noted(tx: &mut Tx, id: &str) -> Result<Option<String>, StoreError> {
    get(tx, note_key(id)).await
}

/// Keeps what the school says of a list's licence.
pub async fn keep_licence(tx: &mut Tx, id: &str, licence: &str) -> Result<(), StoreError> {
    set(tx, licence_key(id), licence).await
}

/// What the school says of a list's licence.
pub async fn licence(tx: &mut Tx, id: &str) -> Result<Option<String>, StoreError> {
    get(tx, licence_key(id)).await
}

/// Keeps why a version of a list was the last before it was taken out, for good.
pub async fn keep_removal(tx: &mut Tx, id: &str, version: u32, reason: &str) -> Result<(), StoreError> {
    set(tx, removal_key(id, version), reason).await
}

/// Why a list was taken out after that version.
pub async fn removal(tx: &mut Tx, id: &str, version: u32) -> Result<Option<String>, StoreError> {
    get(tx, removal_key(id, version)).await
}

async fn set(tx: &mut Tx, key: String, value: &str) -> Result<(), StoreError> {
    let sql = "INSERT INTO setting (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    rows::change(tx, sql, vec![key.into(), value.into()]).await.map(|_| ())
}

async fn get(tx: &mut Tx, key: String) -> Result<Option<String>, StoreError> {
    let row = rows::one(tx, "SELECT value FROM setting WHERE key = $1", vec![key.into()]).await?;
    Ok(row.map(|row| row.try_get("", "value")).transpose()?)
}

fn waits_key(id: &str) -> String {
    format!("list-waits:{id}")
}

fn licence_key(id: &str) -> String {
    format!("list-licence:{id}")
}

fn removal_key(id: &str, version: u32) -> String {
    format!("list-removed:{version}:{id}")
}

fn note_key(id: &str) -> String {
    format!("list-note:{id}")
}

fn read(row: &QueryResult) -> Result<List, StoreError> {
    let text = |column: &'static str| -> Result<String, StoreError> { Ok(row.try_get("", column)?) };
    let number = |column: &'static str| -> Result<u64, StoreError> {
        let number: i64 = row.try_get("", column)?;
        u64::try_from(number).map_err(|_| rows::unreadable(TABLE, column, "below zero"))
    };
    Ok(List {
        id: text("id")?,
        version: u32::try_from(number("version")?)
            .map_err(|_| rows::unreadable(TABLE, "version", "no version"))?,
        categories: text("category")?.split(',').filter(|id| !id.is_empty()).map(str::to_owned).collect(),
        source: text("source")?,
        state: match text("state")?.as_str() {
            "active" => State::Active,
            "held" => State::Held,
            _ => return Err(rows::unreadable(TABLE, "state", "no state of a list in use")),
        },
        sha256: text("sha256")?,
        report: ListReport {
            format: text("format")?,
            lines: number("lines")?,
            accepted: number("accepted")?,
            refused: serde_json::from_str(&text("refused")?)
                .map_err(|_| rows::unreadable(TABLE, "refused", "not JSON"))?,
        },
        imported_at: Timestamp::from_millis(row.try_get("", "imported_at")?),
    })
}
