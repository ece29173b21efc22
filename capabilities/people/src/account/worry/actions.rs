//! Telling of a worry, and reading one.

use engine::PersonNo;
use kit::{Actor, Permit, Timestamp};
use serde_json::json;
use store::{StoreError, Subject, Tx, trail};

use super::model::{Said, Worry, WorryId};
use super::store as table;

kit::reading!(
    /// Reading what somebody said is wrong with an account or a device.
    ReadWorries(WorryId) = "account.worry"
);

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// So many are taken of one person in an hour.
const MOST_OF_ONE: u64 = 5;
/// So many are taken in an hour of all who are not signed in. Whoever comes after that is told to say it to somebody.
const MOST_OF_NOBODY: u64 = 40;
/// For so long after it was told a worry becomes a task, where it did not in the moment.
const LATELY_MS: i64 = 30 * DAY_MS;

/// Why it was not taken.
#[derive(Debug, thiserror::Error)]
pub enum TellError {
    /// Too many were told.
    #[error("a great many were told just now; say it to somebody instead")]
    TooMany,
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Somebody tells of a worry. It takes no duty, and no session.
pub async fn tell(
    tx: &mut Tx,
    person: Option<PersonNo>,
    said: Said,
    at: Timestamp,
) -> Result<WorryId, TellError> {
    let most = if person.is_some() { MOST_OF_ONE } else { MOST_OF_NOBODY };
    if table::count_since(tx, person, at.plus_millis(-HOUR_MS)).await? >= most {
        return Err(TellError::TooMany);
    }
    let worry = Worry { id: tx.ids().make(at), person, said, at };
    table::insert(tx, &worry).await?;
    let actor = person.map_or(Actor::Job("worry"), |person| Actor::Person(person.0));
    let detail = json!({ "what": worry.said.what });
    trail::changed(tx, &actor, "account.worry", &Subject::new("account-worry", worry.id), &detail, at)
        .await?;
    Ok(worry.id)
}

/// One, for whoever may read it.
pub async fn one(tx: &mut Tx, permit: &Permit<ReadWorries>) -> Result<Option<Worry>, StoreError> {
    table::by_id(tx, *permit.subject()).await
}

/// The ids of those that were told of late, for what makes tasks of them.
pub async fn lately(tx: &mut Tx, at: Timestamp) -> Result<Vec<WorryId>, StoreError> {
    table::since(tx, at.plus_millis(-LATELY_MS)).await
}
