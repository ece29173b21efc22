//! What is to be told to somebody, as the outbox carries it.

use kit::Timestamp;
use serde::{Deserialize, Serialize};
use store::{StoreError, Tx};

/// A notice for one person, in the shape of `notices::Tell`: references alone, whose words `content/notices.toml` has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tell {
    /// Their number on the roll.
    pub person: u32,
    /// The id of the notice.
    pub kind: String,
    /// How many of what it tells.
    pub count: u32,
    /// The page to look at.
    pub path: String,
}

impl jobs::Message for Tell {
    const KIND: &'static str = "notice";
}

/// A notice, and by what it is known to have been told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telling {
    /// The same is told once.
    pub key: String,
    /// What.
    pub tell: Tell,
}

/// Puts them into the outbox, each once.
pub async fn put(tx: &mut Tx, tellings: &[Telling], at: Timestamp) -> Result<(), StoreError> {
    for telling in tellings {
        jobs::put_once(tx, &telling.key, &telling.tell, at, at).await?;
    }
    Ok(())
}
