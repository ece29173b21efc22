//! What the records know of back-ups: which were made, which went, what drills found.

use kit::{Actor, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use store::orm::{ConnectionTrait as _, QueryResult, Statement, Value};
use store::trail;
use store::{StoreError, Subject, Tx};

use crate::rule::Known;

/// A back-up that was made by rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// What it is called.
    pub name: String,
    /// When it was begun.
    pub made_at: Timestamp,
    /// Where it was put, in words.
    pub place: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256 in hexadecimal, as it lies there.
    pub sha256: String,
    /// Whether it is encrypted.
    pub encrypted: bool,
    /// How many entries the access trail in it has.
    pub entries: i64,
    /// How long it took, until it was read back where it lies.
    pub took_ms: i64,
    /// What should be in it and is not, in words; empty where nothing is missing.
    pub left_out: String,
    /// When it went by the rule.
    pub removed_at: Option<Timestamp>,
}

/// Why something could not be done by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// When it was last tried.
    pub at: Timestamp,
    /// Why, with what to do.
    pub why: String,
    /// Whether there is no new back-up for it; otherwise there is one, and something beside it went wrong.
    pub no_backup: bool,
}

/// How far a drill went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// It was read whole where it lies, and is what was put there. What is inside nobody saw.
    Read,
    /// It was restored elsewhere, and the school in it proved.
    Restored,
}

impl Depth {
    const fn id(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Restored => "restored",
        }
    }

    fn of_id(id: &str) -> Option<Self> {
        [Self::Read, Self::Restored].into_iter().find(|depth| depth.id() == id)
    }
}

/// A drill, kept as evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drill {
    /// From 1, without gaps.
    pub number: u32,
    /// When it was begun.
    pub at: Timestamp,
    /// Who ran it, as the trail writes it.
    pub run_by: String,
    /// Which back-up.
    pub backup: String,
    /// How far it went.
    pub depth: Depth,
    /// Whether all was as it should be.
    pub passed: bool,
    /// How long it took.
    pub took_ms: i64,
    /// What was found, in words.
    pub says: String,
}

const DRILL: &str = "backup-drill";
const DRILL_VERB: &str = "backup.drill";
const PROBLEM: &str = "back-up-problem";

async fn change(tx: &mut Tx, sql: &str, values: Vec<Value>) -> Result<(), StoreError> {
    let statement = Statement::from_sql_and_values(tx.backend(), sql, values);
    tx.conn().execute_raw(statement).await?;
    Ok(())
}

async fn read(tx: &mut Tx, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>, StoreError> {
    let statement = Statement::from_sql_and_values(tx.backend(), sql, values);
    Ok(tx.conn().query_all_raw(statement).await?)
}

const fn unreadable(table: &'static str, column: &'static str) -> StoreError {
    StoreError::Unreadable { table, column, why: "not one that this program writes" }
}

/// Whose records these are, for the names of their back-ups: `None` in records without a single entry in their trail.
pub async fn first_hash(tx: &mut Tx) -> Result<Option<String>, StoreError> {
    let rows = read(tx, "SELECT hash FROM trail ORDER BY seq LIMIT 1", Vec::new()).await?;
    Ok(rows.first().map(|row| row.try_get("", "hash")).transpose()?)
}

/// Keeps that one was made. Its entry in the trail was written when the archive was proved.
pub async fn insert(tx: &mut Tx, made: &Made) -> Result<(), StoreError> {
    let sql = "INSERT INTO back_up (name, made_at, place, bytes, sha256, encrypted, entries, took_ms, left_out) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let bytes = i64::try_from(made.bytes).unwrap_or(i64::MAX);
    let values: Vec<Value> = vec![
        made.name.clone().into(),
        made.made_at.as_millis().into(),
        made.place.clone().into(),
        bytes.into(),
        made.sha256.clone().into(),
        i64::from(made.encrypted).into(),
        made.entries.into(),
        made.took_ms.into(),
        made.left_out.clone().into(),
    ];
    change(tx, sql, values).await
}

/// Keeps that one went by the rule.
pub async fn removed(tx: &mut Tx, actor: &Actor, name: &str, at: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE back_up SET removed_at = $2 WHERE name = $1 AND removed_at IS NULL";
    change(tx, sql, vec![name.into(), at.as_millis().into()]).await?;
    trail::changed(tx, actor, "backup.remove", &Subject::new("backup", name), &json!({}), at).await?;
    Ok(())
}

const COLUMNS: &str =
    "name, made_at, place, bytes, sha256, encrypted, entries, took_ms, left_out, removed_at";

/// The newest that were made by rule, newest first.
pub async fn newest(tx: &mut Tx, at_most: u32) -> Result<Vec<Made>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM back_up ORDER BY made_at DESC, name DESC LIMIT $1");
    let rows = read(tx, &sql, vec![i64::from(at_most).into()]).await?;
    rows.iter().map(made).collect()
}

/// The one of that name, as it was when it was made; nothing where these records made none.
pub async fn named(tx: &mut Tx, name: &str) -> Result<Option<Made>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM back_up WHERE name = $1");
    let rows = read(tx, &sql, vec![name.into()]).await?;
    rows.first().map(made).transpose()
}

fn made(row: &QueryResult) -> Result<Made, StoreError> {
    let bytes: i64 = row.try_get("", "bytes")?;
    let removed: Option<i64> = row.try_get("", "removed_at")?;
    Ok(Made {
        name: row.try_get("", "name")?,
        made_at: Timestamp::from_millis(row.try_get("", "made_at")?),
        place: row.try_get("", "place")?,
        bytes: u64::try_from(bytes).map_err(|_| unreadable("back_up", "bytes"))?,
        sha256: row.try_get("", "sha256")?,
        encrypted: row.try_get::<i64>("", "encrypted")? != 0,
        entries: row.try_get("", "entries")?,
        took_ms: row.try_get("", "took_ms")?,
        left_out: row.try_get("", "left_out")?,
        removed_at: removed.map(Timestamp::from_millis),
    })
}

/// Keeps why something could not be done by itself, or that nothing is wrong.
pub async fn keep_problem(tx: &mut Tx, problem: Option<&Problem>) -> Result<(), StoreError> {
    change(tx, "DELETE FROM setting WHERE key = $1", vec![PROBLEM.into()]).await?;
    if let Some(problem) = problem {
        let text = serde_json::to_string(problem).unwrap_or_default();
        let sql = "INSERT INTO setting (key, value) VALUES ($1, $2)";
        change(tx, sql, vec![PROBLEM.into(), text.into()]).await?;
    }
    Ok(())
}

/// Why something could not be done by itself.
pub async fn problem(tx: &mut Tx) -> Result<Option<Problem>, StoreError> {
    let rows = read(tx, "SELECT value FROM setting WHERE key = $1", vec![PROBLEM.into()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let text: String = row.try_get("", "value")?;
    serde_json::from_str(&text).map(Some).map_err(|_| unreadable("setting", "value"))
}

/// What a drill found, before it has a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Which back-up.
    pub backup: String,
    /// How far it went.
    pub depth: Depth,
    /// Whether all was as it should be.
    pub passed: bool,
    /// How long it took.
    pub took_ms: i64,
    /// What was found, in words: no name, address or word of anybody at the school.
    pub says: String,
}

/// Keeps what a drill found, with its entry in the trail, which holds the hash of all of it.
pub async fn keep_drill(
    tx: &mut Tx,
    actor: &Actor,
    found: &Found,
    at: Timestamp,
) -> Result<Drill, StoreError> {
    let rows = read(tx, "SELECT COALESCE(MAX(number), 0) AS number FROM back_up_drill", Vec::new()).await?;
    let last: i64 = rows.first().map_or(Ok(0), |row| row.try_get("", "number"))?;
    let number = u32::try_from(last + 1).map_err(|_| unreadable("back_up_drill", "number"))?;
    let drill = Drill {
        number,
        at,
        run_by: actor.to_string(),
        backup: found.backup.clone(),
        depth: found.depth,
        passed: found.passed,
        took_ms: found.took_ms,
        says: found.says.clone(),
    };
    let sql = "INSERT INTO back_up_drill (number, at, run_by, back_up, depth, passed, took_ms, says) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let values: Vec<Value> = vec![
        i64::from(number).into(),
        at.as_millis().into(),
        drill.run_by.clone().into(),
        drill.backup.clone().into(),
        drill.depth.id().into(),
        i64::from(drill.passed).into(),
        drill.took_ms.into(),
        drill.says.clone().into(),
    ];
    change(tx, sql, values).await?;
    let detail = json!({ "passed": drill.passed, "depth": drill.depth.id(), "sha256": drill.sum() });
    trail::changed(tx, actor, DRILL_VERB, &Subject::new(DRILL, number), &detail, at).await?;
    Ok(drill)
}

impl Drill {
    /// The hash of everything that is said of it.
    fn sum(&self) -> String {
        let all = json!([
            self.number,
            self.at.as_millis(),
            self.run_by,
            self.backup,
            self.depth.id(),
            self.passed,
            self.took_ms,
            self.says
        ]);
        Sha256::digest(all.to_string()).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// The newest drills, newest first.
pub async fn drills(tx: &mut Tx, at_most: u32) -> Result<Vec<Drill>, StoreError> {
    let sql = "SELECT number, at, run_by, back_up, depth, passed, took_ms, says FROM back_up_drill \
               ORDER BY number DESC LIMIT $1";
    let rows = read(tx, sql, vec![i64::from(at_most).into()]).await?;
    rows.iter().map(drill).collect()
}

fn drill(row: &QueryResult) -> Result<Drill, StoreError> {
    let (number, depth): (i64, String) = (row.try_get("", "number")?, row.try_get("", "depth")?);
    Ok(Drill {
        number: u32::try_from(number).map_err(|_| unreadable("back_up_drill", "number"))?,
        at: Timestamp::from_millis(row.try_get("", "at")?),
        run_by: row.try_get("", "run_by")?,
        backup: row.try_get("", "back_up")?,
        depth: Depth::of_id(&depth).ok_or_else(|| unreadable("back_up_drill", "depth"))?,
        passed: row.try_get::<i64>("", "passed")? != 0,
        took_ms: row.try_get("", "took_ms")?,
        says: row.try_get("", "says")?,
    })
}

/// What proving the drills that are kept came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Proved {
    /// How many drills are kept.
    pub drills: usize,
    /// What is wrong, in words.
    pub altered: Vec<String>,
}

/// Holds every drill against its entry in the trail, which is proved apart from this.
pub async fn prove(tx: &mut Tx) -> Result<Proved, StoreError> {
    let entries = trail::of_kind(tx, DRILL, DRILL_VERB).await?;
    let drills = drills(tx, u32::MAX >> 1).await?;
    let mut proved = Proved { drills: drills.len(), altered: Vec::new() };
    for drill in &drills {
        let id = drill.number.to_string();
        let entry = entries.iter().find(|entry| entry.subject_id == id);
        let said = entry.and_then(|entry| serde_json::from_str::<serde_json::Value>(&entry.detail).ok());
        let sum = said.as_ref().and_then(|said| said.get("sha256")).and_then(|sum| sum.as_str());
        if sum != Some(drill.sum().as_str()) {
            proved.altered.push(format!("drill {id} is not the one that was kept"));
        }
    }
    let is_there = |id: &str| drills.iter().any(|drill| drill.number.to_string() == id);
    let missing = entries.iter().filter(|entry| !is_there(&entry.subject_id));
    proved.altered.extend(missing.map(|entry| format!("drill {} was run and is missing", entry.subject_id)));
    Ok(proved)
}

/// How it goes, as the records know it.
pub async fn known(tx: &mut Tx) -> Result<Known, StoreError> {
    let rows =
        read(tx, "SELECT MAX(made_at) AS at FROM back_up WHERE removed_at IS NULL", Vec::new()).await?;
    let last: Option<i64> = rows.first().map_or(Ok(None), |row| row.try_get("", "at"))?;
    let of = async |tx: &mut Tx, which: &str| -> Result<Option<Drill>, StoreError> {
        let sql = format!(
            "SELECT number, at, run_by, back_up, depth, passed, took_ms, says FROM back_up_drill {which} \
             ORDER BY number DESC LIMIT 1"
        );
        read(tx, &sql, Vec::new()).await?.first().map(drill).transpose()
    };
    Ok(Known {
        last_made: last.map(Timestamp::from_millis),
        problem: problem(tx).await?,
        restored: of(tx, "WHERE depth = 'restored' AND passed = 1").await?,
        drilled: of(tx, "").await?,
    })
}
