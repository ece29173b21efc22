//! Putting messages in, and how they fare.

use ::store::{StoreError, Tx};
use kit::Timestamp;

use crate::message::{Message, MessageId};
use crate::store;

/// Puts a message in the outbox, in the transaction of the change that it is about. It is not carried before `not_before`.
pub async fn put<M: Message>(
    tx: &mut Tx,
    message: &M,
    not_before: Timestamp,
    at: Timestamp,
) -> Result<MessageId, StoreError> {
    let id = tx.ids().make(at);
    store::insert(tx, &row(id, None, message, not_before, at)?).await?;
    Ok(id)
}

/// The same, once for a key among the messages of that kind: nothing is put where one is there already, carried or not.
pub async fn put_once<M: Message>(
    tx: &mut Tx,
    key: &str,
    message: &M,
    not_before: Timestamp,
    at: Timestamp,
) -> Result<Option<MessageId>, StoreError> {
    let id = tx.ids().make(at);
    let put = store::insert(tx, &row(id, Some(key), message, not_before, at)?).await?;
    Ok(put.then_some(id))
}

fn row<M: Message>(
    id: MessageId,
    once: Option<&str>,
    message: &M,
    not_before: Timestamp,
    at: Timestamp,
) -> Result<store::New, StoreError> {
    let unwritable = |_| StoreError::Unreadable {
        table: "outbox",
        column: "body",
        why: "a message that JSON has no words for",
    };
    let body = serde_json::to_string(message).map_err(unwritable)?;
    Ok(store::New { id, kind: M::KIND, once: once.map(str::to_owned), body, made_at: at, due_at: not_before })
}

/// How the outbox fares, for whoever looks after the program.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// Messages that are due or will be.
    pub waiting: u64,
    /// Of those, the ones that a try has failed for.
    pub failing: u64,
    /// Messages given up in the last seven days.
    pub given_up: u64,
    /// Since when the oldest has been due that waits.
    pub oldest: Option<Timestamp>,
    /// What went wrong last, in a word, where something is failing or was given up.
    pub problem: Option<String>,
}

/// Gives up all that waits, for records that were brought back to an earlier state: it was carried before, as far as anybody knows.
pub async fn give_up_all(tx: &mut Tx, problem: &str, at: Timestamp) -> Result<(), StoreError> {
    store::give_up_all(tx, problem, at).await
}

/// How the outbox fares at a moment.
pub async fn seen(tx: &mut Tx, at: Timestamp) -> Result<Seen, StoreError> {
    store::seen(tx, at).await
}
