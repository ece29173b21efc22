//! The table of requests.

use ::store::orm::QueryResult;
use ::store::{Actor, StoreError, Tx};
use engine::PersonNo;
use kit::Timestamp;

use super::model::{Ask, HowLong, SiteRequest, State};
use crate::reference::Reference;
use crate::site_note::store::{Answer, Note, Notes, Row};

pub const NOTES: Notes = Notes { table: "site_request", own: "how_long" };

pub async fn insert(tx: &mut Tx, request: &SiteRequest) -> Result<(), StoreError> {
    let note = Note {
        id: request.id.to_string(),
        reference: &request.reference,
        site: &request.ask.site,
        words: &request.ask.words,
        asker: &request.ask.asker,
        created_at: request.created_at,
        own: request.ask.how_long.id(),
    };
    NOTES.insert(tx, note).await
}

/// Writes down the answer of a request that was open. `false` where somebody else was first.
pub async fn answer(tx: &mut Tx, request: &SiteRequest, actor: &Actor) -> Result<bool, StoreError> {
    let (words, at, ends_at) = match &request.state {
        State::Open => return Ok(false),
        State::Approved { answer, at, ends_at } => (answer, *at, Some(*ends_at)),
        State::Refused { answer, at } => (answer, *at, None),
    };
    let answer = Answer { state: request.state.id(), words, at, ends_at };
    NOTES.answer(tx, request.id.to_string(), answer, actor).await
}

/// Takes an open request out of the records. `false` where it has been answered.
pub async fn remove(tx: &mut Tx, request: &SiteRequest) -> Result<bool, StoreError> {
    NOTES.remove_open(tx, request.id.to_string()).await
}

pub async fn by_reference(tx: &mut Tx, reference: &Reference) -> Result<Option<SiteRequest>, StoreError> {
    NOTES.by_reference(tx, reference).await?.as_ref().map(read).transpose()
}

/// Newest first; only those that wait for an answer where asked.
pub async fn newest(tx: &mut Tx, only_open: bool, at_most: u32) -> Result<Vec<SiteRequest>, StoreError> {
    NOTES.newest(tx, only_open, at_most).await?.iter().map(read).collect()
}

/// What somebody wrote who was signed in, newest first.
pub async fn of_person(tx: &mut Tx, person: PersonNo, at_most: u32) -> Result<Vec<SiteRequest>, StoreError> {
    NOTES.of_person(tx, person, at_most).await?.iter().map(read).collect()
}

/// What somebody asked for since a moment, signed in or by their device; newest first.
pub async fn lately_of(
    tx: &mut Tx,
    person: PersonNo,
    since: Timestamp,
    at_most: u32,
) -> Result<Vec<SiteRequest>, StoreError> {
    NOTES.lately_of(tx, person, since, at_most).await?.iter().map(read).collect()
}

fn read(row: &QueryResult) -> Result<SiteRequest, StoreError> {
    let row = Row { row, table: NOTES.table };
    let state = match row.text("state")?.as_str() {
        "open" => State::Open,
        "approved" => {
            let (answer, at) = row.answered()?;
            State::Approved { answer, at, ends_at: row.moment("ends_at")? }
        }
        "refused" => row.answered().map(|(answer, at)| State::Refused { answer, at })?,
        _ => return Err(row.unreadable("state", "no state")),
    };
    Ok(SiteRequest {
        id: row.parsed("id", "no id")?,
        reference: row.parsed("reference", "no reference")?,
        ask: Ask {
            site: row.site()?,
            words: row.words()?,
            how_long: HowLong::of(&row.text("how_long")?)
                .ok_or_else(|| row.unreadable("how_long", "no length of time"))?,
            asker: row.asker()?,
        },
        created_at: row.moment("created_at")?,
        state,
    })
}
