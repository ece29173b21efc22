//! What is to be told to somebody, as the outbox carries it.

use kit::Timestamp;
use notices::{Kind, Tell, Where};
use store::{StoreError, Tx};

/// A notice, and by what it is known to have been told. It leads to the page of all that is somebody's to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telling {
    /// The same is told once.
    pub key: String,
    /// Whom: their number on the roll.
    pub person: u32,
    /// The id of the notice.
    pub kind: &'static str,
    /// How many of what it tells.
    pub count: u32,
}

/// Puts them into the outbox, each once.
pub async fn put(tx: &mut Tx, tellings: &[Telling], at: Timestamp) -> Result<(), StoreError> {
    for telling in tellings {
        // A test holds that the content has the notices that are told here.
        let Ok(kind) = Kind::named(telling.kind) else { continue };
        let tell = Tell { person: telling.person, kind, count: telling.count, path: Where::Tasks };
        jobs::put_once(tx, &telling.key, &tell, at, at).await?;
    }
    Ok(())
}
