//! What waits for people by their duties, as the records have it: "Your work".
//!
//! What becomes a task is read from the records ([`facts`]) and kept up with them ([`keep_up`]): a request that waits, a test that is due,
//! a drill that failed. The register knows nothing of any of these, nor of people; the pages do.

pub mod facts;
mod keeping_up;
pub mod me;
pub(crate) mod pages;
pub mod views;
mod year;

pub use keeping_up::{Kept, keep_up};
pub use year::{school_year, year};
