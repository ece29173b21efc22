//! The table of reports about sites.

use ::store::orm::QueryResult;
use ::store::{Actor, StoreError, Tx};
use kit::{Private, Timestamp};

use super::model::{Kind, Outcome, SiteReport, Tell};
use crate::asker::Asker;
use crate::reference::Reference;
use crate::rows;
use crate::site::Site;

const TABLE: &str = "site_report";
const COLUMNS: &str =
    "id, reference, kind, host, path, person, device, address, words, state, answered_at, answer, created_at";

pub async fn insert(tx: &mut Tx, report: &SiteReport) -> Result<(), StoreError> {
    let [person, device, address] = report.tell.asker.values();
    let sql = "INSERT INTO site_report \
               (id, reference, kind, host, path, person, device, address, words, state, created_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'open', $10)";
    let values = vec![
        report.id.to_string().into(),
        report.reference.to_string().into(),
        report.tell.kind.id().into(),
        report.tell.site.host.clone().into(),
        report.tell.site.path.clone().into(),
        person,
        device,
        address,
        report.tell.words.reveal().clone().into(),
        report.created_at.as_millis().into(),
    ];
    rows::change(tx, sql, values).await.map(|_| ())
}

/// Writes down the answer of a report that had none. `false` where somebody else was first.
pub async fn answer(tx: &mut Tx, report: &SiteReport, actor: &Actor) -> Result<bool, StoreError> {
    let (Outcome::Changed { answer, at } | Outcome::LeftAsItIs { answer, at }) = &report.outcome else {
        return Ok(false);
    };
    let sql = "UPDATE site_report SET state = $1, answer = $2, answered_at = $3, answered_by = $4 \
               WHERE id = $5 AND state = 'open'";
    let values = vec![
        report.outcome.id().into(),
        answer.clone().into(),
        at.as_millis().into(),
        actor.to_string().into(),
        report.id.to_string().into(),
    ];
    Ok(rows::change(tx, sql, values).await? == 1)
}

pub async fn by_reference(tx: &mut Tx, reference: &Reference) -> Result<Option<SiteReport>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM site_report WHERE reference = $1");
    rows::one(tx, &sql, vec![reference.to_string().into()]).await?.as_ref().map(read).transpose()
}

/// Newest first; only those that wait for an answer where asked.
pub async fn newest(tx: &mut Tx, only_open: bool, at_most: u32) -> Result<Vec<SiteReport>, StoreError> {
    let only = if only_open { "WHERE state = 'open'" } else { "" };
    let sql =
        format!("SELECT {COLUMNS} FROM site_report {only} ORDER BY created_at DESC, id DESC LIMIT {at_most}");
    rows::read(tx, &sql, Vec::new()).await?.iter().map(read).collect()
}

/// How many of an address wait for an answer.
pub async fn open_from(tx: &mut Tx, asker: &Asker) -> Result<i64, StoreError> {
    let [_, _, address] = asker.values();
    let sql = "SELECT count(*) AS open FROM site_report WHERE state = 'open' AND address = $1";
    let row = rows::one(tx, sql, vec![address]).await?;
    Ok(row.map(|row| row.try_get("", "open")).transpose()?.unwrap_or(0))
}

fn read(row: &QueryResult) -> Result<SiteReport, StoreError> {
    let text = |column: &'static str| -> Result<String, StoreError> { Ok(row.try_get("", column)?) };
    let answered = || -> Result<(String, Timestamp), StoreError> {
        let answer: Option<String> = row.try_get("", "answer")?;
        let at: Option<i64> = row.try_get("", "answered_at")?;
        answer
            .zip(at.map(Timestamp::from_millis))
            .ok_or_else(|| rows::unreadable(TABLE, "answer", "no answer"))
    };
    let outcome = match text("state")?.as_str() {
        "open" => Outcome::Open,
        "approved" => answered().map(|(answer, at)| Outcome::Changed { answer, at })?,
        "refused" => answered().map(|(answer, at)| Outcome::LeftAsItIs { answer, at })?,
        _ => return Err(rows::unreadable(TABLE, "state", "no state")),
    };
    Ok(SiteReport {
        id: text("id")?.parse().map_err(|_| rows::unreadable(TABLE, "id", "no id"))?,
        reference: text("reference")?
            .parse()
            .map_err(|_| rows::unreadable(TABLE, "reference", "no reference"))?,
        tell: Tell {
            kind: Kind::of(&text("kind")?).ok_or_else(|| rows::unreadable(TABLE, "kind", "no kind"))?,
            site: Site { host: text("host")?, path: row.try_get("", "path")? },
            words: Private::new(text("words")?),
            asker: Asker::read(row, TABLE)?,
        },
        created_at: Timestamp::from_millis(row.try_get("", "created_at")?),
        outcome,
    })
}
