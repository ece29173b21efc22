//! How people are told what waits for them or has happened to their account, and where they choose it. What a notice is and how it goes is
//! `platform/notices`.

mod actions;
pub(super) mod pages;
pub mod views;

pub(super) use actions::tell_owner;
pub use actions::{kinds, tell_duties, tell_person};

use kit::Private;
use notices::push::{Reach, Vapid};

/// The label of what a kind of notice says: its `title`, what it `says` or is `about`.
pub fn label(kind: &str, part: &str) -> String {
    format!("notice.{}-{part}", kind.replace('.', "-"))
}

/// What the pages of notices need. Without any of it, people are told at the portal alone.
#[derive(Debug, Clone, Default)]
pub struct Telling {
    /// Whether the school has a relay for mail.
    pub mail: bool,
    /// What browsers subscribe for.
    pub push: Option<Vapid>,
    /// Where the makers of browsers may be.
    pub reach: Reach,
    /// The school's key for notices, of which the codes for addresses are made.
    pub key: Private<[u8; 32]>,
}
