//! Handing what the school has decided to its gates.

pub mod check;
pub mod files;
pub mod manifest;
pub mod origins;
pub mod records;

pub use check::{Damage, Trace, damaged, verify};
pub use files::{CommitError, Parts, PolicyFile, Prepared, PublishError, Turn};
pub use manifest::{Kept, Manifests, Part, Published, PublishedFile};
pub use records::{FromRecords, RecordsError, Scope};
