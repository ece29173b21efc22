//! Handing what the school has decided to its gates.

pub mod files;
pub mod records;

pub use files::{CommitError, Parts, PolicyFile, Prepared, PublishError, Published, Turn, verify};
pub use records::{FromRecords, RecordsError, Scope};
