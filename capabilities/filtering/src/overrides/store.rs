//! The table of overrides.

use ::store::orm::QueryResult;
use ::store::{Actor, StoreError, Tx};
use engine::document::Effect;
use kit::Timestamp;

use super::model::{Grant, Override, OverrideId, Whom};
use crate::rows;

const TABLE: &str = "override";
// `override` is a word of PostgreSQL's own in places, so it is always quoted.
const COLUMNS: &str = "id, number, subject_kind, subject_id, verdict, target, reason, granted_by, starts_at, ends_at, request, \
                       withdrawn_at, created_at";

pub async fn insert(tx: &mut Tx, made: &Override) -> Result<(), StoreError> {
    let sql = "INSERT INTO \"override\" (id, subject_kind, subject_id, verdict, target, reason, granted_by, starts_at, \
               ends_at, request, created_at, number) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    let (kind, id) = made.grant.whom.parts();
    let values = vec![
        made.id.to_string().into(),
        kind.into(),
        id.into(),
        made.grant.effect.id().into(),
        made.grant.target.clone().into(),
        made.grant.reason.clone().into(),
        made.granted_by.clone().into(),
        made.grant.starts_at.as_millis().into(),
        made.grant.ends_at.as_millis().into(),
        made.grant.request.map(|request| request.to_string()).into(),
        made.created_at.as_millis().into(),
        i64::from(made.number).into(),
    ];
    rows::change(tx, sql, values).await.map(|_| ())
}

/// The number of the next override. Two programs that grant at once are told apart by the column, which takes a number
/// once only.
pub async fn next_number(tx: &mut Tx) -> Result<u32, StoreError> {
    let row = rows::one(tx, "SELECT max(number) AS newest FROM \"override\"", Vec::new()).await?;
    let newest = row.map(|row| row.try_get::<Option<i64>>("", "newest")).transpose()?.flatten().unwrap_or(0);
    u32::try_from(newest + 1).map_err(|_| rows::unreadable(TABLE, "number", "no number"))
}

/// Marks an override as withdrawn; `false` where there is none that still holds.
pub async fn withdraw(tx: &mut Tx, id: OverrideId, actor: &Actor, at: Timestamp) -> Result<bool, StoreError> {
    let sql = "UPDATE \"override\" SET withdrawn_by = $1, withdrawn_at = $2 \
               WHERE id = $3 AND withdrawn_at IS NULL AND ends_at > $2";
    let values = vec![actor.to_string().into(), at.as_millis().into(), id.to_string().into()];
    Ok(rows::change(tx, sql, values).await? == 1)
}

/// Those that are not over at `at`: running ones, and ones still to begin. In the order they were made.
pub async fn not_over(tx: &mut Tx, at: Timestamp) -> Result<Vec<Override>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM \"override\" WHERE withdrawn_at IS NULL AND ends_at > $1 ORDER BY created_at, id"
    );
    rows::read(tx, &sql, vec![at.as_millis().into()]).await?.iter().map(read).collect()
}

fn read(row: &QueryResult) -> Result<Override, StoreError> {
    let text = |column: &'static str| -> Result<String, StoreError> { Ok(row.try_get("", column)?) };
    let moment = |column: &'static str| -> Result<Timestamp, StoreError> {
        Ok(Timestamp::from_millis(row.try_get("", column)?))
    };
    let effect = match text("verdict")?.as_str() {
        "allow" => Effect::Allow,
        "block" => Effect::Block,
        _ => return Err(rows::unreadable(TABLE, "verdict", "no verdict")),
    };
    let request: Option<String> = row.try_get("", "request")?;
    Ok(Override {
        id: text("id")?.parse().map_err(|_| rows::unreadable(TABLE, "id", "no id"))?,
        number: u32::try_from(row.try_get::<i64>("", "number")?)
            .map_err(|_| rows::unreadable(TABLE, "number", "no number"))?,
        grant: Grant {
            whom: Whom::of(&text("subject_kind")?, &text("subject_id")?)
                .ok_or_else(|| rows::unreadable(TABLE, "subject_id", "nobody"))?,
            effect,
            target: text("target")?,
            reason: text("reason")?,
            starts_at: moment("starts_at")?,
            ends_at: moment("ends_at")?,
            request: request
                .map(|id| id.parse().map_err(|_| rows::unreadable(TABLE, "request", "no id")))
                .transpose()?,
        },
        granted_by: text("granted_by")?,
        created_at: moment("created_at")?,
        withdrawn_at: row.try_get::<Option<i64>>("", "withdrawn_at")?.map(Timestamp::from_millis),
    })
}
