//! The table of reports about sites.

use ::store::orm::QueryResult;
use ::store::{Actor, StoreError, Tx};
use engine::PersonNo;

use super::model::{Kind, Outcome, SiteReport, Tell};
use crate::reference::Reference;
use crate::site_note::store::{Answer, Note, Notes, Row};

pub const NOTES: Notes = Notes { table: "site_report", own: "kind" };

pub async fn insert(tx: &mut Tx, report: &SiteReport) -> Result<(), StoreError> {
    let note = Note {
        id: report.id.to_string(),
        reference: &report.reference,
        site: &report.tell.site,
        words: &report.tell.words,
        asker: &report.tell.asker,
        created_at: report.created_at,
        own: report.tell.kind.id(),
    };
    NOTES.insert(tx, note).await
}

/// Writes down the answer of a report that had none. `false` where somebody else was first.
pub async fn answer(tx: &mut Tx, report: &SiteReport, actor: &Actor) -> Result<bool, StoreError> {
    let (Outcome::Changed { answer, at } | Outcome::LeftAsItIs { answer, at }) = &report.outcome else {
        return Ok(false);
    };
    let answer = Answer { state: report.outcome.id(), words: answer, at: *at, ends_at: None };
    NOTES.answer(tx, report.id.to_string(), answer, actor).await
}

pub async fn by_reference(tx: &mut Tx, reference: &Reference) -> Result<Option<SiteReport>, StoreError> {
    NOTES.by_reference(tx, reference).await?.as_ref().map(read).transpose()
}

/// Newest first; only those that wait for an answer where asked.
pub async fn newest(tx: &mut Tx, only_open: bool, at_most: u32) -> Result<Vec<SiteReport>, StoreError> {
    NOTES.newest(tx, only_open, at_most).await?.iter().map(read).collect()
}

/// What somebody wrote who was signed in, newest first.
pub async fn of_person(tx: &mut Tx, person: PersonNo, at_most: u32) -> Result<Vec<SiteReport>, StoreError> {
    NOTES.of_person(tx, person, at_most).await?.iter().map(read).collect()
}

fn read(row: &QueryResult) -> Result<SiteReport, StoreError> {
    let row = Row { row, table: NOTES.table };
    let outcome = match row.text("state")?.as_str() {
        "open" => Outcome::Open,
        "approved" => row.answered().map(|(answer, at)| Outcome::Changed { answer, at })?,
        "refused" => row.answered().map(|(answer, at)| Outcome::LeftAsItIs { answer, at })?,
        _ => return Err(row.unreadable("state", "no state")),
    };
    Ok(SiteReport {
        id: row.parsed("id", "no id")?,
        reference: row.parsed("reference", "no reference")?,
        tell: Tell {
            kind: Kind::of(&row.text("kind")?).ok_or_else(|| row.unreadable("kind", "no kind"))?,
            site: row.site()?,
            words: row.words()?,
            asker: row.asker()?,
        },
        created_at: row.moment("created_at")?,
        outcome,
    })
}
