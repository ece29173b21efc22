//! The tables of the sealed tier.

use ::store::orm::QueryResult;
use ::store::{StoreError, Tx};
use kit::Timestamp;

use super::model::{FeedVersion, How, Kind, Opening, Recipient};
use crate::rows;

const FEED: &str = "sealed_feed";

/// The newest loading of a feed.
pub async fn newest_feed(tx: &mut Tx) -> Result<Option<FeedVersion>, StoreError> {
    let sql = "SELECT number, kind, as_of, fresh_for_days, lines, accepted, refused, how, reason, sha256, imported_by, imported_at \
               FROM sealed_feed ORDER BY number DESC LIMIT 1";
    rows::one(tx, sql, Vec::new()).await?.as_ref().map(read_feed).transpose()
}

/// Writes a loading down.
pub async fn insert_feed(tx: &mut Tx, feed: &FeedVersion) -> Result<(), StoreError> {
    let sql = "INSERT INTO sealed_feed (number, kind, as_of, fresh_for_days, lines, accepted, refused, how, reason, sha256, \
               imported_by, imported_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    let (as_of, fresh_for_days) = match feed.kind {
        Kind::Test => (feed.at, 0),
        Kind::Live { as_of, fresh_for_days } => (as_of, fresh_for_days),
    };
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let values = vec![
        i64::from(feed.number).into(),
        feed.kind.id().into(),
        as_of.as_millis().into(),
        i64::from(fresh_for_days).into(),
        number(feed.lines).into(),
        number(feed.accepted).into(),
        number(feed.refused).into(),
        feed.how.id().into(),
        feed.reason.clone().into(),
        feed.sha256.clone().into(),
        feed.imported_by.clone().into(),
        feed.at.as_millis().into(),
    ];
    rows::change(tx, sql, values).await.map(|_| ())
}

fn read_feed(row: &QueryResult) -> Result<FeedVersion, StoreError> {
    let text = |column: &'static str| -> Result<String, StoreError> { Ok(row.try_get("", column)?) };
    let count = |column: &'static str| -> Result<u64, StoreError> {
        let number: i64 = row.try_get("", column)?;
        u64::try_from(number).map_err(|_| rows::unreadable(FEED, column, "below zero"))
    };
    let small = |column: &'static str| -> Result<u32, StoreError> {
        u32::try_from(count(column)?).map_err(|_| rows::unreadable(FEED, column, "too great"))
    };
    Ok(FeedVersion {
        number: small("number")?,
        kind: match text("kind")?.as_str() {
            "test" => Kind::Test,
            "live" => Kind::Live {
                as_of: Timestamp::from_millis(row.try_get("", "as_of")?),
                fresh_for_days: small("fresh_for_days")?,
            },
            _ => return Err(rows::unreadable(FEED, "kind", "no kind of feed")),
        },
        lines: count("lines")?,
        accepted: count("accepted")?,
        refused: count("refused")?,
        how: match text("how")?.as_str() {
            "replaced" => How::Replaced,
            "joined" => How::Joined,
            _ => return Err(rows::unreadable(FEED, "how", "no way of taking a feed")),
        },
        reason: row.try_get("", "reason")?,
        sha256: text("sha256")?,
        imported_by: text("imported_by")?,
        at: Timestamp::from_millis(row.try_get("", "imported_at")?),
    })
}

/// Everybody to whom records are encrypted, by name.
pub async fn recipients(tx: &mut Tx) -> Result<Vec<Recipient>, StoreError> {
    let sql = "SELECT name, key, added_at FROM sealed_recipient WHERE removed_at IS NULL ORDER BY name";
    let read = |row: &QueryResult| -> Result<Recipient, StoreError> {
        Ok(Recipient {
            name: row.try_get("", "name")?,
            key: row.try_get("", "key")?,
            added_at: Timestamp::from_millis(row.try_get("", "added_at")?),
        })
    };
    rows::read(tx, sql, Vec::new()).await?.iter().map(read).collect()
}

/// Writes a recipient down.
pub async fn insert_recipient(
    tx: &mut Tx,
    id: String,
    recipient: &Recipient,
    added_by: &str,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO sealed_recipient (id, name, key, added_by, added_at) VALUES ($1, $2, $3, $4, $5)";
    let values = vec![
        id.into(),
        recipient.name.clone().into(),
        recipient.key.clone().into(),
        added_by.into(),
        recipient.added_at.as_millis().into(),
    ];
    rows::change(tx, sql, values).await.map(|_| ())
}

/// Marks a recipient as removed; `false` where there is none.
pub async fn remove_recipient(tx: &mut Tx, name: &str, by: &str, at: Timestamp) -> Result<bool, StoreError> {
    let sql =
        "UPDATE sealed_recipient SET removed_by = $1, removed_at = $2 WHERE name = $3 AND removed_at IS NULL";
    Ok(rows::change(tx, sql, vec![by.into(), at.as_millis().into(), name.into()]).await? == 1)
}

/// Writes an opening down.
pub async fn insert_opening(tx: &mut Tx, id: String, opening: &Opening) -> Result<(), StoreError> {
    let sql = "INSERT INTO sealed_opening (id, reference, reason, key, outcome, opened_by, opened_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let values = vec![
        id.into(),
        opening.reference.clone().into(),
        opening.reason.clone().into(),
        opening.key.clone().into(),
        if opening.opened { "opened" } else { "refused" }.into(),
        opening.actor.clone().into(),
        opening.at.as_millis().into(),
    ];
    rows::change(tx, sql, values).await.map(|_| ())
}

/// Who opened a record, or tried to, oldest first.
pub async fn openings(tx: &mut Tx, reference: &str) -> Result<Vec<Opening>, StoreError> {
    let sql = "SELECT reference, reason, key, outcome, opened_by, opened_at FROM sealed_opening WHERE reference = $1 \
               ORDER BY opened_at, id";
    let read = |row: &QueryResult| -> Result<Opening, StoreError> {
        Ok(Opening {
            reference: row.try_get("", "reference")?,
            reason: row.try_get("", "reason")?,
            key: row.try_get("", "key")?,
            opened: row.try_get::<String>("", "outcome")? == "opened",
            actor: row.try_get("", "opened_by")?,
            at: Timestamp::from_millis(row.try_get("", "opened_at")?),
        })
    };
    rows::read(tx, sql, vec![reference.into()]).await?.iter().map(read).collect()
}
