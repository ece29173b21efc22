//! The table of times in which the filter observes only.

use ::store::orm::QueryResult;
use ::store::{StoreError, Tx};
use kit::Timestamp;

use super::model::Observing;
use crate::lasting::store::{Kind, Row, read_span, read_withdrawn};
use crate::rows;

const TABLE: &str = "observing";
pub const KIND: Kind = Kind {
    what: "time of observing only",
    command: "observe",
    table: TABLE,
    subject: TABLE,
    withdraw: "observing.end",
    over: "observing.over",
};

pub async fn insert(tx: &mut Tx, made: &Observing) -> Result<(), StoreError> {
    let sql = "INSERT INTO observing (id, number, reason, made_by, starts_at, ends_at, created_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let values = vec![
        made.id.to_string().into(),
        i64::from(made.number).into(),
        made.reason.clone().into(),
        made.made_by.clone().into(),
        made.span.starts_at.as_millis().into(),
        made.span.ends_at.as_millis().into(),
        made.created_at.as_millis().into(),
    ];
    rows::change(tx, sql, values).await.map(|_| ())
}

impl Row for Observing {
    const KIND: &'static Kind = &KIND;
    const COLUMNS: &'static str = "id, number, reason, made_by, starts_at, ends_at, withdrawn_by, withdrawn_at, \
                                   withdrawn_reason, created_at";

    fn read(row: &QueryResult) -> Result<Self, StoreError> {
        let text = |column: &'static str| -> Result<String, StoreError> { Ok(row.try_get("", column)?) };
        Ok(Self {
            id: text("id")?.parse().map_err(|_| rows::unreadable(TABLE, "id", "no id"))?,
            number: KIND.number(row)?,
            reason: text("reason")?,
            span: read_span(row)?,
            made_by: text("made_by")?,
            created_at: Timestamp::from_millis(row.try_get("", "created_at")?),
            withdrawn: read_withdrawn(row)?,
        })
    }
}
