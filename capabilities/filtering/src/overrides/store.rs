//! The table of overrides.

use ::store::orm::QueryResult;
use ::store::{StoreError, Tx};
use engine::document::Effect;
use kit::Timestamp;

use super::model::{Grant, Override, Whom};
use crate::lasting::Withdrawn;
use crate::lasting::store::{Kind, Row, read_span, read_withdrawn};
use crate::rows;
use crate::site_request::SiteRequestId;

const TABLE: &str = "override";
// `override` is a word of PostgreSQL's own in places, so it is always quoted.
pub const KIND: Kind = Kind {
    what: "override",
    command: "overrides",
    table: "\"override\"",
    subject: TABLE,
    withdraw: "override.withdraw",
    over: "override.over",
};

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
        made.grant.span.starts_at.as_millis().into(),
        made.grant.span.ends_at.as_millis().into(),
        made.grant.request.map(|request| request.to_string()).into(),
        made.created_at.as_millis().into(),
        i64::from(made.number).into(),
    ];
    rows::change(tx, sql, values).await.map(|_| ())
}

pub async fn withdrawn(tx: &mut Tx, request: SiteRequestId) -> Result<Option<Withdrawn>, StoreError> {
    let sql = "SELECT withdrawn_by, withdrawn_at, withdrawn_reason FROM \"override\" WHERE request = $1";
    let row = rows::one(tx, sql, vec![request.to_string().into()]).await?;
    Ok(row.as_ref().map(read_withdrawn).transpose()?.flatten())
}

/// Those for somebody that answer no request and began after `since`, whether they are over or not.
pub async fn begun_since(tx: &mut Tx, whom: &Whom, since: Timestamp) -> Result<Vec<Override>, StoreError> {
    let sql = format!(
        "SELECT {} FROM \"override\" WHERE subject_kind = $1 AND subject_id = $2 AND starts_at > $3 AND request IS NULL ORDER BY number",
        Override::COLUMNS
    );
    let (kind, id) = whom.parts();
    let values = vec![kind.into(), id.into(), since.as_millis().into()];
    rows::read(tx, &sql, values).await?.iter().map(Override::read).collect()
}

impl Row for Override {
    const KIND: &'static Kind = &KIND;
    const COLUMNS: &'static str = "id, number, subject_kind, subject_id, verdict, target, reason, granted_by, starts_at, ends_at, request, \
                           withdrawn_by, withdrawn_at, withdrawn_reason, created_at";

    fn read(row: &QueryResult) -> Result<Self, StoreError> {
        let text = |column: &'static str| -> Result<String, StoreError> { Ok(row.try_get("", column)?) };
        let effect = match text("verdict")?.as_str() {
            "allow" => Effect::Allow,
            "block" => Effect::Block,
            _ => return Err(rows::unreadable(TABLE, "verdict", "no verdict")),
        };
        let request: Option<String> = row.try_get("", "request")?;
        Ok(Self {
            id: text("id")?.parse().map_err(|_| rows::unreadable(TABLE, "id", "no id"))?,
            number: KIND.number(row)?,
            grant: Grant {
                whom: Whom::of(&text("subject_kind")?, &text("subject_id")?)
                    .ok_or_else(|| rows::unreadable(TABLE, "subject_id", "nobody"))?,
                effect,
                target: text("target")?,
                reason: text("reason")?,
                span: read_span(row)?,
                request: request
                    .map(|id| id.parse().map_err(|_| rows::unreadable(TABLE, "request", "no id")))
                    .transpose()?,
            },
            granted_by: text("granted_by")?,
            created_at: Timestamp::from_millis(row.try_get("", "created_at")?),
            withdrawn: read_withdrawn(row)?,
        })
    }
}
