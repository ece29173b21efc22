//! Telling of a worry, and reading one.

use engine::PersonNo;
use kit::{Actor, Permit, Timestamp};
use serde_json::json;
use store::{StoreError, Subject, Tx, trail};

use super::super::store as accounts;
use super::content::Worries;
use super::model::{Said, Worry, WorryId};
use super::store as table;

kit::reading!(
    /// Reading what somebody said is wrong with an account or a device.
    ReadWorries(WorryId) = "account.worry"
);

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// What counts them by address, in place of a name that somebody tries.
const COUNTED: &str = "worry";
/// For so long after it was told a worry becomes a task, where it did not in the moment.
const LATELY_MS: i64 = 30 * DAY_MS;

/// Who tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Teller {
    /// Somebody who is signed in.
    Person(PersonNo),
    /// Somebody who is not, by the keyed hash of where they are.
    Stranger(String),
}

impl Teller {
    const fn person(&self) -> Option<PersonNo> {
        match self {
            Self::Person(person) => Some(*person),
            Self::Stranger(_) => None,
        }
    }
}

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
pub async fn tell(tx: &mut Tx, teller: &Teller, said: Said, at: Timestamp) -> Result<WorryId, TellError> {
    let (most, person) = (Worries::built_in().most(), teller.person());
    let of_all = if person.is_some() { most.of_one } else { most.of_strangers };
    if table::count_since(tx, person, at.plus_millis(-HOUR_MS)).await? >= u64::from(of_all) {
        return Err(TellError::TooMany);
    }
    if let Teller::Stranger(place) = teller {
        // One device does not keep those of everybody else out.
        let (told, last) = accounts::failures(tx, COUNTED, place).await?;
        let told = if at < last.plus_millis(HOUR_MS) { told } else { 0 };
        if told >= most.of_an_address {
            return Err(TellError::TooMany);
        }
        accounts::failed(tx, COUNTED, place, told.saturating_add(1), at).await?;
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
