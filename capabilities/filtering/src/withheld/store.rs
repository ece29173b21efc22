//! The table of withheld access.

use ::store::orm::QueryResult;
use ::store::{StoreError, Tx};
use engine::PersonNo;
use kit::Timestamp;

use super::model::Withheld;
use crate::lasting::store::{Kind, Row, read_span, read_withdrawn};
use crate::rows;

const TABLE: &str = "withheld";
pub const KIND: Kind = Kind {
    what: "withheld access",
    command: "withhold",
    table: TABLE,
    subject: TABLE,
    withdraw: "withheld.end",
    over: "withheld.over",
};

pub async fn insert(tx: &mut Tx, made: &Withheld) -> Result<(), StoreError> {
    let sql = "INSERT INTO withheld (id, number, person, reason, made_by, starts_at, ends_at, review_at, created_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let values = vec![
        made.id.to_string().into(),
        i64::from(made.number).into(),
        i64::from(made.person.0).into(),
        made.reason.clone().into(),
        made.made_by.clone().into(),
        made.span.starts_at.as_millis().into(),
        made.span.ends_at.as_millis().into(),
        made.review_at.map(Timestamp::as_millis).into(),
        made.created_at.as_millis().into(),
    ];
    rows::change(tx, sql, values).await.map(|_| ())
}

impl Row for Withheld {
    const KIND: &'static Kind = &KIND;
    const COLUMNS: &'static str = "id, number, person, reason, made_by, starts_at, ends_at, review_at, withdrawn_by, withdrawn_at, \
                           withdrawn_reason, created_at";

    fn read(row: &QueryResult) -> Result<Self, StoreError> {
        let text = |column: &'static str| -> Result<String, StoreError> { Ok(row.try_get("", column)?) };
        Ok(Self {
            id: text("id")?.parse().map_err(|_| rows::unreadable(TABLE, "id", "no id"))?,
            number: KIND.number(row)?,
            person: u32::try_from(row.try_get::<i64>("", "person")?)
                .map(PersonNo)
                .map_err(|_| rows::unreadable(TABLE, "person", "no number"))?,
            reason: text("reason")?,
            span: read_span(row)?,
            review_at: row.try_get::<Option<i64>>("", "review_at")?.map(Timestamp::from_millis),
            made_by: text("made_by")?,
            created_at: Timestamp::from_millis(row.try_get("", "created_at")?),
            withdrawn: read_withdrawn(row)?,
        })
    }
}
