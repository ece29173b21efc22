#![doc = include_str!("../README.md")]

mod actions;
pub mod address;
mod choosing;
mod content;
pub mod mail;
mod model;
pub mod push;
mod quiet;
mod store;

pub use actions::{School, forget_ways, mark_seen, mark_seen_of, of, set_clock, tell, unseen};
pub use choosing::{Chosen, choose, choose_quiet, chosen, quiet_of};
pub use content::{KindText, Notices};
pub use model::{Kind, Notice, NoticeId, Tell, UnknownKind, Way, Ways, Where};
pub use quiet::{Hours, minute_of};
