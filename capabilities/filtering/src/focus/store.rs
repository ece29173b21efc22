//! The table of focuses.

use ::store::orm::QueryResult;
use ::store::{StoreError, Tx};
use kit::Timestamp;

use super::model::{Focus, Plan};
use crate::lasting::store::{Kind, Row, read_span, read_withdrawn};
use crate::rows;

const TABLE: &str = "focus";
pub const KIND: Kind = Kind {
    what: "focus",
    command: "focus",
    table: TABLE,
    subject: TABLE,
    withdraw: "focus.end",
    over: "focus.over",
};

pub async fn insert(tx: &mut Tx, made: &Focus) -> Result<(), StoreError> {
    let sql = "INSERT INTO focus (id, number, name, audience, sites, reason, made_by, starts_at, ends_at, created_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let sites = serde_json::to_string(&made.plan.sites)
        .map_err(|_| rows::unreadable(TABLE, "sites", "they cannot be written"))?;
    let values = vec![
        made.id.to_string().into(),
        i64::from(made.number).into(),
        made.plan.name.clone().into(),
        made.plan.group.clone().into(),
        sites.into(),
        made.plan.reason.clone().into(),
        made.made_by.clone().into(),
        made.plan.span.starts_at.as_millis().into(),
        made.plan.span.ends_at.as_millis().into(),
        made.created_at.as_millis().into(),
    ];
    rows::change(tx, sql, values).await.map(|_| ())
}

impl Row for Focus {
    const KIND: &'static Kind = &KIND;
    const COLUMNS: &'static str = "id, number, name, audience, sites, reason, made_by, starts_at, ends_at, withdrawn_by, \
                           withdrawn_at, withdrawn_reason, created_at";

    fn read(row: &QueryResult) -> Result<Self, StoreError> {
        let text = |column: &'static str| -> Result<String, StoreError> { Ok(row.try_get("", column)?) };
        Ok(Self {
            id: text("id")?.parse().map_err(|_| rows::unreadable(TABLE, "id", "no id"))?,
            number: KIND.number(row)?,
            plan: Plan {
                name: text("name")?,
                group: text("audience")?,
                sites: serde_json::from_str(&text("sites")?)
                    .map_err(|_| rows::unreadable(TABLE, "sites", "no list of sites"))?,
                reason: text("reason")?,
                span: read_span(row)?,
            },
            made_by: text("made_by")?,
            created_at: Timestamp::from_millis(row.try_get("", "created_at")?),
            withdrawn: read_withdrawn(row)?,
        })
    }
}
