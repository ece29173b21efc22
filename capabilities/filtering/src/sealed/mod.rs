//! The sealed tier as a school keeps it: the feed of entries, the people to whom the gate's records are encrypted, and
//! who opened one.
//!
//! An entry is text for as long as a line of it is read, and a keyed hash from then on: nothing here writes one down,
//! prints one or returns one.

pub mod actions;
pub mod feed;
pub mod model;
mod store;
pub mod telling;

pub use actions::{
    ImportError, Imported, InForceError, OpeningError, RecipientError, add_recipient, import, in_force,
    newest_feed, openings, recipients, remove_recipient, write_opening,
};
pub use feed::{Reading, RefusedLine};
pub use model::{FeedVersion, How, Kind, Opening, Recipient, is_test_entry, test_entries};
