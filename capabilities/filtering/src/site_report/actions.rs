//! What people do with reports.

use ::store::{Actor, StoreError, Subject, Tx, trail};
use kit::Timestamp;
use serde_json::json;

use super::model::{AlreadyAnswered, Outcome, SiteReport, Tell};
use super::store;
use crate::reference::{NoRandomness, Reference};
use crate::site_note::MOST_OPEN;

/// Why a report was not taken.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// This address has too many waiting already.
    #[error("{MOST_OPEN} reports from this device are waiting for an answer")]
    TooMany,
    /// Too many are waiting about sites of help, of which nobody knows who told.
    #[error("too many reports about sites of help are waiting for an answer")]
    TooManyOfHelp,
    /// No reference could be made.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Keeps what somebody tells.
pub async fn file(tx: &mut Tx, actor: &Actor, tell: Tell, at: Timestamp) -> Result<SiteReport, FileError> {
    if store::NOTES.too_many_from(tx, &tell.asker).await? {
        let of_help = tell.asker.is_nobody();
        return Err(if of_help { FileError::TooManyOfHelp } else { FileError::TooMany });
    }
    let report = SiteReport {
        id: tx.ids().make(at),
        reference: Reference::random('P')?,
        tell,
        created_at: at,
        outcome: Outcome::Open,
    };
    store::insert(tx, &report).await?;
    let subject = Subject::new("site-report", report.id);
    trail::changed(tx, actor, "site-report.file", &subject, &json!({ "kind": report.tell.kind.id() }), at)
        .await?;
    Ok(report)
}

/// Why a report was not answered.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// There is none with that reference.
    #[error("there is no report with that reference; `fivebar requests list` shows them")]
    NotFound,
    /// It has an answer.
    #[error(transparent)]
    AlreadyAnswered(#[from] AlreadyAnswered),
    /// An answer without a reason helps nobody.
    #[error("an answer needs a reason, which whoever told reads")]
    NoReason,
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Answers a report; `changed` says whether anything was changed because of it.
pub async fn answer(
    tx: &mut Tx,
    actor: &Actor,
    reference: &Reference,
    changed: bool,
    reason: &str,
    at: Timestamp,
) -> Result<SiteReport, AnswerError> {
    if reason.trim().is_empty() {
        return Err(AnswerError::NoReason);
    }
    let report = store::by_reference(tx, reference).await?.ok_or(AnswerError::NotFound)?;
    let report = report.answer(changed, reason.trim().to_owned(), at)?;
    if !store::answer(tx, &report, actor).await? {
        return Err(AlreadyAnswered.into());
    }
    let subject = Subject::new("site-report", report.id);
    trail::changed(tx, actor, "site-report.answer", &subject, &json!({ "changed": changed }), at).await?;
    Ok(report)
}

/// The report with that reference.
pub async fn find(tx: &mut Tx, reference: &Reference) -> Result<Option<SiteReport>, StoreError> {
    store::by_reference(tx, reference).await
}

/// The newest reports; only those that wait where asked.
pub async fn list(tx: &mut Tx, only_open: bool, at_most: u32) -> Result<Vec<SiteReport>, StoreError> {
    store::newest(tx, only_open, at_most).await
}
