//! Handing what the school has decided to its gates.

pub mod files;
pub mod records;

pub use files::{Parts, PolicyFile, PublishError, Published, publish, verify};
pub use records::{FromRecords, RecordsError, Scope};
