//! What is sent along with somebody's browser and comes back once: sealed, for a while, and never a second time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use kit::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::house::House;
use super::seal;

/// How many are remembered: far more than people who can have proved something meanwhile.
const MOST: usize = 100_000;
/// For how long one is remembered: longer than any may be under way.
const REMEMBERED_MS: i64 = 20 * 60_000;

/// What came back already. What was sent along before the hub started does not come back at all.
#[derive(Clone)]
pub(super) struct Once {
    taken: Arc<Mutex<HashMap<[u8; 32], Timestamp>>>,
    since: Timestamp,
}

impl Once {
    pub fn since(since: Timestamp) -> Self {
        Self { taken: Arc::default(), since }
    }

    /// Takes it; `false` where it was taken before.
    fn take(&self, sealed: &str, at: Timestamp) -> bool {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.retain(|_, since| at.as_millis() - since.as_millis() < REMEMBERED_MS);
        taken.len() < MOST && taken.insert(Sha256::digest(sealed.as_bytes()).into(), at).is_none()
    }
}

#[derive(Serialize, Deserialize)]
struct Sent<T> {
    made: i64,
    until: i64,
    value: T,
}

impl House {
    /// Seals something for one purpose, for so long. `None` where the machine gives no randomness.
    pub(super) fn send_along(
        &self,
        purpose: &str,
        value: &impl Serialize,
        wait_ms: i64,
        at: Timestamp,
    ) -> Option<String> {
        let sent = Sent { made: at.as_millis(), until: at.plus_millis(wait_ms).as_millis(), value };
        seal::seal(&self.key, purpose, &serde_json::to_vec(&sent).ok()?)
    }

    /// What comes back in time. Whoever makes something of it [takes it](Self::takes), once what came with it has been proved: what nobody
    /// proved fills no memory.
    pub(super) fn comes_back<T: DeserializeOwned>(
        &self,
        purpose: &str,
        sealed: &str,
        at: Timestamp,
    ) -> Option<T> {
        let opened = seal::open(&self.key, purpose, sealed)?;
        let sent: Sent<T> = serde_json::from_slice(&opened).ok()?;
        let holds = at.as_millis() < sent.until && self.ways.once.since.as_millis() <= sent.made;
        holds.then_some(sent.value)
    }

    /// Takes what came back; `false` where it was taken before: then what came with it was seen by somebody on its way, or sent twice.
    pub(super) fn takes(&self, sealed: &str, at: Timestamp) -> bool {
        self.ways.once.take(sealed, at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_back_is_taken_once_and_forgotten_when_it_cannot_come_back_any_more() {
        let at = Timestamp::from_millis;
        let once = Once::since(at(0));
        assert!(once.take("a", at(1)) && !once.take("a", at(2)) && once.take("b", at(2)));
        assert!(once.take("a", at(2 + REMEMBERED_MS)), "nothing is under way for so long");
        assert_eq!(once.taken.lock().unwrap().len(), 1);
    }
}
