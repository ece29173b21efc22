//! What happened, for whoever to the right wants to know: a message in the outbox, in the transaction of the change. It holds ids alone.

use jobs::{Message, MessageId};
use kit::Timestamp;
use serde::{Deserialize, Serialize};
use store::{StoreError, Tx};

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// What: an event of `content/api.toml`, or one that only this program hears of.
    pub name: String,
    /// What kind of thing it is about; empty where it is about none.
    pub kind: String,
    /// Which one, as the records call it. Whoever passes it on gives it an id that tells nothing.
    pub id: String,
    /// When.
    pub at: i64,
}

impl Message for Event {
    const KIND: &'static str = "event";
}

/// A duty of somebody ended: only this program hears of it. The subject is the person's number.
pub const DUTY_ENDED: &str = "duty.ended";
/// Somebody left the roll. The subject is their number.
pub const PERSON_LEFT: &str = "person.left";

/// Says that something happened.
pub async fn happened(
    tx: &mut Tx,
    name: &str,
    (kind, id): (&str, String),
    at: Timestamp,
) -> Result<MessageId, StoreError> {
    let event = Event { name: name.to_owned(), kind: kind.to_owned(), id, at: at.as_millis() };
    jobs::put(tx, &event, at, at).await
}
