//! The table of web sources.

use ::store::{StoreError, Tx};
use kit::Timestamp;

use super::checksum::Checksum;
use super::fetch::Validators;
use super::model::WebState;
use crate::rows;

const TABLE: &str = "list_web";

/// What is kept of one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub state: WebState,
    pub validators: Validators,
    pub checksum: Option<Checksum>,
}

/// What is kept of an address.
pub async fn of(tx: &mut Tx, address: &str) -> Result<Option<Kept>, StoreError> {
    let sql = "SELECT etag, last_modified, sha256, sha256_from, tried_at, changed_at, failures, problem FROM list_web \
               WHERE address = $1";
    let Some(row) = rows::one(tx, sql, vec![address.into()]).await? else { return Ok(None) };
    let text = |column| -> Result<Option<String>, StoreError> { Ok(row.try_get("", column)?) };
    let checksum = match (text("sha256")?, text("sha256_from")?) {
        (Some(sum), _) => {
            Some(Checksum::Is(sum.parse().map_err(|_| rows::unreadable(TABLE, "sha256", "no SHA-256"))?))
        }
        (None, Some(place)) => Some(Checksum::SaidAt(
            super::WebAddress::parse(&place)
                .map_err(|_| rows::unreadable(TABLE, "sha256_from", "no web address"))?,
        )),
        (None, None) => None,
    };
    let failures: i64 = row.try_get("", "failures")?;
    let changed_at: Option<i64> = row.try_get("", "changed_at")?;
    Ok(Some(Kept {
        state: WebState {
            tried_at: Timestamp::from_millis(row.try_get("", "tried_at")?),
            changed_at: changed_at.map(Timestamp::from_millis),
            failures: u32::try_from(failures).unwrap_or(u32::MAX),
            problem: text("problem")?,
        },
        validators: Validators { etag: text("etag")?, last_modified: text("last_modified")? },
        checksum,
    }))
}

/// Keeps it.
pub async fn keep(tx: &mut Tx, address: &str, kept: &Kept) -> Result<(), StoreError> {
    let sql = "INSERT INTO list_web (address, etag, last_modified, sha256, sha256_from, tried_at, changed_at, failures, \
               problem) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (address) DO UPDATE SET \
               etag = excluded.etag, last_modified = excluded.last_modified, sha256 = excluded.sha256, \
               sha256_from = excluded.sha256_from, tried_at = excluded.tried_at, changed_at = excluded.changed_at, \
               failures = excluded.failures, problem = excluded.problem";
    let (sum, place) = match &kept.checksum {
        Some(Checksum::Is(sum)) => (Some(sum.to_string()), None),
        Some(Checksum::SaidAt(place)) => (None, Some(place.to_string())),
        None => (None, None),
    };
    let values = vec![
        address.into(),
        kept.validators.etag.clone().into(),
        kept.validators.last_modified.clone().into(),
        sum.into(),
        place.into(),
        kept.state.tried_at.as_millis().into(),
        kept.state.changed_at.map(Timestamp::as_millis).into(),
        i64::from(kept.state.failures).into(),
        kept.state.problem.clone().into(),
    ];
    rows::change(tx, sql, values).await.map(|_| ())
}

/// When the whole of what lies there was last fetched, or found to be as it was.
pub async fn whole_at(tx: &mut Tx, address: &str) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT value FROM setting WHERE key = $1";
    let Some(row) = rows::one(tx, sql, vec![whole_key(address).into()]).await? else { return Ok(None) };
    let value: String = row.try_get("", "value")?;
    Ok(value.parse().ok().map(Timestamp::from_millis))
}

/// Keeps it.
pub async fn keep_whole_at(tx: &mut Tx, address: &str, at: Timestamp) -> Result<(), StoreError> {
    let sql = "INSERT INTO setting (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    let values = vec![whole_key(address).into(), at.as_millis().to_string().into()];
    rows::change(tx, sql, values).await.map(|_| ())
}

fn whole_key(address: &str) -> String {
    format!("list-whole:{address}")
}
