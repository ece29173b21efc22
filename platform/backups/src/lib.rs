//! Back-ups by rule: when one is made, where it lies, which old ones go, and what a drill found.
//!
//! What an archive is, and how one is proved, is `store::backup`'s. Here:
//!
//! - [`Wanted`] says when one is due, and [`Keep`] which old ones may go. Both are pure.
//! - [`Place`] is where they lie: a folder, or an S3-compatible store. Whatever is put there is read back before it counts,
//!   and only then gets the small file beside it ([`Proof`]) by which it is known as good. What has none is no back-up: it is never
//!   listed, never restored, and never keeps an older one from being kept.
//! - [`kept`] is what the records know: each back-up that was made, each that went, each drill.

mod keep;
pub mod kept;
mod name;
mod place;
mod rule;
mod schedule;

pub use keep::Keep;
pub use name::{Archive, school_of};
pub use place::{
    Folder, Patience, Place, PlaceError, Progress, Proof, Roots, S3, S3Address, Watch, unwatched,
};
pub use rule::{Known, Owed, Rule, Watching};
pub use schedule::{Wanted, minute_of, weekday_of};
