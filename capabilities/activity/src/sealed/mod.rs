//! Encrypted records of what was asked for where a sealed entry spoke.
//!
//! A row of the activity log holds a [`RecordRef`] and no address. The address is encrypted in the gate, to public keys
//! alone, before it leaves the process: the gate cannot read back what it wrote, nor can the log, the hub or whoever
//! steals the disk. Head, DSL and police open a record with a key that they keep away from this machine.
//!
//! ```text
//! front ─► Desk (bounded) ─► encrypt ─► drain ══ run/log.sock ══► log/sealed.log, fdatasync ─► taken
//! ```
//!
//! A record is durable before the row that refers to it. `docs/adr/0011-sealed-records.md` says what is bounded, by how
//! much, and who can learn what.

mod desk;
mod handed;
mod record;
mod reference;
mod shelf;
mod windows;

pub use desk::{Desk, NotAKey};
pub use handed::{Handed, NotSound};
pub use record::{Elsewhere, Identity, NotOpened, SealedRecord};
pub use reference::{NotARecordRef, RecordRef};
pub(crate) use shelf::is_sound;
pub use shelf::{Expired, Listed, MOST_BYTES, Shelf, Shown};

/// Where the encrypted records lie in the log's folder.
pub const FILE: &str = "sealed.log";

/// Whether a text is a public key that a record can be encrypted to, as in `age1…`.
pub fn is_public_key(text: &str) -> bool {
    text.parse::<age::x25519::Recipient>().is_ok()
}
