//! Handing what the school has decided to its gates.

pub mod check;
pub mod files;
pub mod manifest;
pub mod origins;
mod prepared;
pub mod records;
mod written;

pub use check::{Damage, Trace, damaged, verify};
pub use files::{Parts, PolicyFile, PublishError, Turn};
pub use manifest::{Kept, Manifests, Part, Published, PublishedFile};
pub use prepared::{CommitError, Prepared};
pub use records::{FromRecords, RecordsError, Scope};
