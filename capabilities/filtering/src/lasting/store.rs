//! The columns that the tables of overrides, focus, withheld access and observing only share.

use std::collections::HashSet;

use ::store::orm::{QueryResult, Value};
use ::store::{Actor, StoreError, Subject, Tx, trail};
use kit::Timestamp;
use serde_json::json;

use super::{Span, WithdrawError, Withdrawn};
use crate::rows;

/// One kind of thing that lasts a while. Their tables share the columns `id`, `number`, `starts_at`, `ends_at`,
/// `withdrawn_by`, `withdrawn_at` and `withdrawn_reason`.
pub struct Kind {
    /// What people call it.
    pub what: &'static str,
    /// The command that looks after it.
    pub command: &'static str,
    /// The table, as the engines read it.
    pub table: &'static str,
    /// The subject of its trail entries.
    pub subject: &'static str,
    /// The trail's verb for an end before its time.
    pub withdraw: &'static str,
    /// The trail's verb for an end by itself.
    pub over: &'static str,
}

/// Something of such a kind, as its table holds it.
pub trait Row: Sized {
    /// Its kind.
    const KIND: &'static Kind;
    /// What is read of it.
    const COLUMNS: &'static str;

    /// Reads one.
    fn read(row: &QueryResult) -> Result<Self, StoreError>;
}

impl Kind {
    /// The number of the next one. Two programs that make one at once are told apart by the column, which takes a
    /// number once only.
    pub(crate) async fn next_number(&self, tx: &mut Tx) -> Result<u32, StoreError> {
        let sql = format!("SELECT max(number) AS newest FROM {}", self.table);
        let row = rows::one(tx, &sql, Vec::new()).await?;
        let newest =
            row.map(|row| row.try_get::<Option<i64>>("", "newest")).transpose()?.flatten().unwrap_or(0);
        u32::try_from(newest + 1).map_err(|_| rows::unreadable(self.subject, "number", "no number"))
    }

    /// Ends one before its time, with its entry in the trail.
    pub(crate) async fn withdraw(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        number: u32,
        reason: &str,
        at: Timestamp,
    ) -> Result<(), WithdrawError> {
        if reason.trim().is_empty() {
            return Err(WithdrawError::NoReason);
        }
        let sql = format!("SELECT id FROM {} WHERE number = $1", self.table);
        let Some(row) = rows::one(tx, &sql, vec![i64::from(number).into()]).await? else {
            return Err(WithdrawError::NotFound { what: self.what, number, command: self.command });
        };
        let id: String = row.try_get("", "id").map_err(StoreError::from)?;
        let sql = format!(
            "UPDATE {} SET withdrawn_by = $1, withdrawn_at = $2, withdrawn_reason = $3 \
             WHERE id = $4 AND withdrawn_at IS NULL AND ends_at > $2",
            self.table
        );
        let values: Vec<Value> = vec![
            actor.to_string().into(),
            at.as_millis().into(),
            reason.trim().to_owned().into(),
            id.clone().into(),
        ];
        if rows::change(tx, &sql, values).await? != 1 {
            return Err(WithdrawError::Over { what: self.what, number });
        }
        trail::changed(tx, actor, self.withdraw, &Subject::new(self.subject, id), &json!({}), at).await?;
        Ok(())
    }

    /// The rows of those that are not over at `at`, running or still to begin, in the order they were made.
    pub(crate) async fn not_over(
        &self,
        tx: &mut Tx,
        columns: &str,
        at: Timestamp,
    ) -> Result<Vec<QueryResult>, StoreError> {
        let sql = format!(
            "SELECT {columns} FROM {} WHERE withdrawn_at IS NULL AND ends_at > $1 ORDER BY number",
            self.table
        );
        rows::read(tx, &sql, vec![at.as_millis().into()]).await
    }

    /// The rows of all there ever were, newest first.
    pub(crate) async fn newest(
        &self,
        tx: &mut Tx,
        columns: &str,
        at_most: u32,
    ) -> Result<Vec<QueryResult>, StoreError> {
        let sql = format!("SELECT {columns} FROM {} ORDER BY number DESC LIMIT {at_most}", self.table);
        rows::read(tx, &sql, Vec::new()).await
    }

    /// The rows of those that are over at `at`, by themselves or before their time, the last to end first.
    pub(crate) async fn ended(
        &self,
        tx: &mut Tx,
        columns: &str,
        at: Timestamp,
        at_most: u32,
    ) -> Result<Vec<QueryResult>, StoreError> {
        let sql = format!(
            "SELECT {columns} FROM {} WHERE withdrawn_at IS NOT NULL OR ends_at <= $1 \
             ORDER BY coalesce(withdrawn_at, ends_at) DESC, number DESC LIMIT {at_most}",
            self.table
        );
        rows::read(tx, &sql, vec![at.as_millis().into()]).await
    }

    /// The ids of those that ended by themselves after `since` and until `at`, with their ends, and have no entry in the
    /// trail that says so.
    async fn ended_unsaid(
        &self,
        tx: &mut Tx,
        since: Timestamp,
        at: Timestamp,
    ) -> Result<Vec<(String, i64)>, StoreError> {
        let sql = format!(
            "SELECT id, ends_at FROM {} WHERE withdrawn_at IS NULL AND ends_at > $1 AND ends_at <= $2 ORDER BY ends_at, number",
            self.table
        );
        let ended = rows::read(tx, &sql, vec![since.as_millis().into(), at.as_millis().into()]).await?;
        if ended.is_empty() {
            return Ok(Vec::new());
        }
        let said = trail::of_kind(tx, self.subject, self.over).await?;
        let said: HashSet<&str> = said.iter().map(|entry| entry.subject_id.as_str()).collect();
        let mut unsaid = Vec::new();
        for row in &ended {
            let id: String = row.try_get("", "id")?;
            if !said.contains(id.as_str()) {
                unsaid.push((id, row.try_get("", "ends_at")?));
            }
        }
        Ok(unsaid)
    }

    /// Whether one ended by itself in that time, and no entry says so yet. Reads alone.
    pub(crate) async fn has_ended(
        &self,
        tx: &mut Tx,
        since: Timestamp,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        Ok(!self.ended_unsaid(tx, since, at).await?.is_empty())
    }

    /// Leaves an entry in the trail for each that ended by itself in that time; gives how many.
    pub(crate) async fn say_ended(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        since: Timestamp,
        at: Timestamp,
    ) -> Result<usize, StoreError> {
        let unsaid = self.ended_unsaid(tx, since, at).await?;
        for (id, ends_at) in &unsaid {
            let detail = json!({ "ended_at": ends_at });
            trail::changed(tx, actor, self.over, &Subject::new(self.subject, id.clone()), &detail, at)
                .await?;
        }
        Ok(unsaid.len())
    }

    /// The number of a row.
    pub(crate) fn number(&self, row: &QueryResult) -> Result<u32, StoreError> {
        u32::try_from(row.try_get::<i64>("", "number")?)
            .map_err(|_| rows::unreadable(self.subject, "number", "no number"))
    }
}

/// From when until when a row holds.
pub(crate) fn read_span(row: &QueryResult) -> Result<Span, StoreError> {
    Ok(Span {
        starts_at: Timestamp::from_millis(row.try_get("", "starts_at")?),
        ends_at: Timestamp::from_millis(row.try_get("", "ends_at")?),
    })
}

/// How a row ended before its time, where it did.
pub(crate) fn read_withdrawn(row: &QueryResult) -> Result<Option<Withdrawn>, StoreError> {
    let by: Option<String> = row.try_get("", "withdrawn_by")?;
    let at: Option<i64> = row.try_get("", "withdrawn_at")?;
    let reason = row.try_get("", "withdrawn_reason")?;
    Ok(by.zip(at).map(|(by, at)| Withdrawn { by, at: Timestamp::from_millis(at), reason }))
}
