//! Ids of records: one newtype a thing over UUIDv7, made by [`Ids`], which is passed in.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use uuid::{ContextV7, Timestamp as UuidTimestamp, Uuid};

use crate::Timestamp;

/// An id of one kind of thing. `K` only tells the kinds apart.
pub struct Id<K> {
    uuid: Uuid,
    kind: PhantomData<fn() -> K>,
}

/// Names a kind of thing for its ids, as shown in the service log (`list_018f…`).
pub trait Kind {
    /// The word before the underscore.
    const WORD: &'static str;
}

/// Declares a kind of thing and the alias of its id.
#[macro_export]
macro_rules! id_kind {
    ($(#[$doc:meta])* $alias:ident, $kind:ident, $word:literal) => {
        #[doc = concat!("Tells ids of a ", $word, " apart from other ids.")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $kind {}
        impl $crate::ids::Kind for $kind {
            const WORD: &'static str = $word;
        }
        $(#[$doc])*
        pub type $alias = $crate::ids::Id<$kind>;
    };
}

impl<K> Id<K> {
    /// The id that a store handed back.
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self { uuid, kind: PhantomData }
    }

    /// The bare UUID, for a store.
    pub const fn uuid(&self) -> Uuid {
        self.uuid
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.uuid == other.uuid
    }
}
impl<K> Eq for Id<K> {}
impl<K> std::hash::Hash for Id<K> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.uuid.hash(state);
    }
}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.uuid.cmp(&other.uuid)
    }
}
impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", K::WORD, self.uuid.simple())
    }
}
impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text was not an id of the kind asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id of this kind")]
pub struct NotAnId;

impl<K: Kind> FromStr for Id<K> {
    type Err = NotAnId;
    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let bare = text.strip_prefix(K::WORD).and_then(|rest| rest.strip_prefix('_')).ok_or(NotAnId)?;
        Uuid::try_parse(bare).map(Self::from_uuid).map_err(|_| NotAnId)
    }
}

/// Makes ids. Whoever starts a piece of work owns one; nothing else makes an id. May be shared between threads.
#[derive(Debug)]
pub struct Ids {
    context: Mutex<ContextV7>,
}

impl Default for Ids {
    fn default() -> Self {
        Self { context: Mutex::new(ContextV7::new()) }
    }
}

impl Ids {
    /// A new id, ordered by `at` and then by the order of the calls.
    pub fn make<K>(&self, at: Timestamp) -> Id<K> {
        let millis = u64::try_from(at.as_millis()).unwrap_or(0);
        // A panic elsewhere cannot leave a counter half counted, so a poisoned lock is as good as any.
        let context = self.context.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = UuidTimestamp::from_unix(
            &*context,
            millis / 1_000,
            u32::try_from(millis % 1_000).unwrap_or(0).saturating_mul(1_000_000),
        );
        Id::from_uuid(Uuid::new_v7(stamp))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    id_kind!(
        /// An id used by these tests.
        GateId, Gate, "gate"
    );

    #[test]
    fn ids_are_ordered_by_their_making_and_read_back() {
        let ids = Ids::default();
        let first: GateId = ids.make(Timestamp::from_millis(1_790_000_000_000));
        let second: GateId = ids.make(Timestamp::from_millis(1_790_000_000_000));
        assert!(first < second);
        assert_eq!(first.to_string().parse(), Ok(first));
        assert_eq!("list_00000000000000000000000000000000".parse::<GateId>(), Err(NotAnId));
    }
}
