//! The table of requests.

use ::store::orm::QueryResult;
use ::store::{Actor, StoreError, Tx};
use kit::{Private, Timestamp};

use super::model::{Ask, HowLong, SiteRequest, SiteRequestId, State};
use crate::asker::Asker;
use crate::reference::Reference;
use crate::rows;
use crate::site::Site;

const TABLE: &str = "site_request";
const COLUMNS: &str = "id, reference, host, path, person, device, address, words, how_long, state, answered_at, answer, \
                       ends_at, created_at";

pub async fn insert(tx: &mut Tx, request: &SiteRequest) -> Result<(), StoreError> {
    let [person, device, address] = request.ask.asker.values();
    let sql = "INSERT INTO site_request \
               (id, reference, host, path, person, device, address, words, how_long, state, created_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'open', $10)";
    let values = vec![
        request.id.to_string().into(),
        request.reference.to_string().into(),
        request.ask.site.host.clone().into(),
        request.ask.site.path.clone().into(),
        person,
        device,
        address,
        request.ask.words.reveal().clone().into(),
        request.ask.how_long.id().into(),
        request.created_at.as_millis().into(),
    ];
    rows::change(tx, sql, values).await.map(|_| ())
}

/// Writes down the answer of a request that was open. `false` where somebody else was first.
pub async fn answer(tx: &mut Tx, request: &SiteRequest, actor: &Actor) -> Result<bool, StoreError> {
    let (answer, at, ends_at) = match &request.state {
        State::Open => return Ok(false),
        State::Approved { answer, at, ends_at } => (answer, at, Some(ends_at.as_millis())),
        State::Refused { answer, at } => (answer, at, None),
    };
    let sql = "UPDATE site_request SET state = $1, answer = $2, answered_at = $3, answered_by = $4, ends_at = $5 \
               WHERE id = $6 AND state = 'open'";
    let values = vec![
        request.state.id().into(),
        answer.clone().into(),
        at.as_millis().into(),
        actor.to_string().into(),
        ends_at.into(),
        request.id.to_string().into(),
    ];
    Ok(rows::change(tx, sql, values).await? == 1)
}

pub async fn by_reference(tx: &mut Tx, reference: &Reference) -> Result<Option<SiteRequest>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM site_request WHERE reference = $1");
    rows::one(tx, &sql, vec![reference.to_string().into()]).await?.as_ref().map(read).transpose()
}

/// Newest first; only those that wait for an answer where asked.
pub async fn newest(tx: &mut Tx, only_open: bool, at_most: u32) -> Result<Vec<SiteRequest>, StoreError> {
    let only = if only_open { "WHERE state = 'open'" } else { "" };
    let sql = format!(
        "SELECT {COLUMNS} FROM site_request {only} ORDER BY created_at DESC, id DESC LIMIT {at_most}"
    );
    rows::read(tx, &sql, Vec::new()).await?.iter().map(read).collect()
}

/// How many of an address wait for an answer.
pub async fn open_from(tx: &mut Tx, asker: &Asker) -> Result<i64, StoreError> {
    let [_, _, address] = asker.values();
    let sql = "SELECT count(*) AS open FROM site_request WHERE state = 'open' AND address = $1";
    let row = rows::one(tx, sql, vec![address]).await?;
    Ok(row.map(|row| row.try_get("", "open")).transpose()?.unwrap_or(0))
}

fn read(row: &QueryResult) -> Result<SiteRequest, StoreError> {
    let text = |column: &'static str| -> Result<String, StoreError> { Ok(row.try_get("", column)?) };
    let moment = |column: &'static str| -> Result<Timestamp, StoreError> {
        let millis: Option<i64> = row.try_get("", column)?;
        millis.map(Timestamp::from_millis).ok_or_else(|| rows::unreadable(TABLE, column, "no time"))
    };
    let answer = || -> Result<String, StoreError> {
        row.try_get::<Option<String>>("", "answer")?
            .ok_or_else(|| rows::unreadable(TABLE, "answer", "no answer"))
    };
    let state = match text("state")?.as_str() {
        "open" => State::Open,
        "approved" => {
            State::Approved { answer: answer()?, at: moment("answered_at")?, ends_at: moment("ends_at")? }
        }
        "refused" => State::Refused { answer: answer()?, at: moment("answered_at")? },
        _ => return Err(rows::unreadable(TABLE, "state", "no state")),
    };
    let id: SiteRequestId = text("id")?.parse().map_err(|_| rows::unreadable(TABLE, "id", "no id"))?;
    Ok(SiteRequest {
        id,
        reference: text("reference")?
            .parse()
            .map_err(|_| rows::unreadable(TABLE, "reference", "no reference"))?,
        ask: Ask {
            site: Site { host: text("host")?, path: row.try_get("", "path")? },
            words: Private::new(text("words")?),
            how_long: HowLong::of(&text("how_long")?)
                .ok_or_else(|| rows::unreadable(TABLE, "how_long", "no length of time"))?,
            asker: Asker::read(row, TABLE)?,
        },
        created_at: moment("created_at")?,
        state,
    })
}
