//! Handing what the school has decided to its gates.

pub mod files;

pub use files::{Parts, PolicyFile, PublishError, Published, publish, verify};
