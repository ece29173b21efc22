//! What people do with reports.

use ::store::{Actor, StoreError, Subject, Tx, trail};
use engine::PersonNo;
use kit::{Permit, Private, Timestamp};
use notices::Where;
use people::account::notices::{kinds, tell_duties};
use serde_json::json;

use super::model::{AlreadyAnswered, Kind, Outcome, SiteReport, Tell};
use super::store;
use crate::reference::{NoRandomness, Reference};
use crate::site_note::MOST_OPEN;
use crate::site_request::actions::RaiseError;
use crate::site_request::{self, Ask, HowLong, SiteRequest};

kit::reading!(
    /// Reading what people report about sites.
    ReadReports(()) = "report.read"
);
kit::action!(
    /// Answering a report.
    AnswerReport(Reference) = "report.answer"
);

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
    tell_duties(tx, kinds::REPORT_WAITING, Where::Reports, None, at).await?;
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
    permit: &Permit<AnswerReport>,
    changed: bool,
    reason: &str,
    at: Timestamp,
) -> Result<SiteReport, AnswerError> {
    let (actor, reference) = (permit.actor(), permit.subject());
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

/// Why a report was not made into a request.
#[derive(Debug, thiserror::Error)]
pub enum AsRequestError {
    /// It cannot be answered so.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// It does not ask for anything to be opened.
    #[error("it asks for nothing to be opened")]
    OtherKind,
    /// No request could be made of it.
    #[error(transparent)]
    Raise(#[from] RaiseError),
}

/// Makes a report into a request to open the site, for whoever reported it, and answers it with where that is. From there on it takes
/// two people, as any request does.
pub async fn as_request(
    tx: &mut Tx,
    permit: &Permit<AnswerReport>,
    at: Timestamp,
) -> Result<SiteRequest, AsRequestError> {
    let found = store::by_reference(tx, permit.subject()).await.map_err(AnswerError::from)?;
    let report = found.ok_or(AnswerError::NotFound)?;
    if report.outcome != Outcome::Open {
        return Err(AnswerError::from(AlreadyAnswered).into());
    }
    // Whoever says that a site should be blocked, or tells of something else there, does not ask for it.
    if report.tell.kind != Kind::ShouldBeOpen {
        return Err(AsRequestError::OtherKind);
    }
    let words = match report.tell.words.reveal().as_str() {
        "" => report.tell.kind.words().to_owned(),
        words => words.to_owned(),
    };
    let ask = Ask {
        site: report.tell.site,
        words: Private::new(words),
        how_long: HowLong::Unsure,
        asker: report.tell.asker,
    };
    let request = site_request::actions::raise(tx, permit.actor(), ask, at).await?;
    let told = format!(
        "It is looked at as a request to open the site, {}. The answer stands there.",
        request.reference
    );
    answer(tx, permit, false, &told, at).await?;
    Ok(request)
}

/// The report with that reference.
pub async fn find(tx: &mut Tx, reference: &Reference) -> Result<Option<SiteReport>, StoreError> {
    store::by_reference(tx, reference).await
}

/// The newest reports; only those that wait where asked.
pub async fn list(tx: &mut Tx, only_open: bool, at_most: u32) -> Result<Vec<SiteReport>, StoreError> {
    store::newest(tx, only_open, at_most).await
}

/// What somebody wrote here who was signed in, newest first.
pub async fn of_person(tx: &mut Tx, person: PersonNo, at_most: u32) -> Result<Vec<SiteReport>, StoreError> {
    store::of_person(tx, person, at_most).await
}
