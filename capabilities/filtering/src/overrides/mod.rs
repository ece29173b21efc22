//! Overrides: approved exceptions, each with a reason and an end.

pub mod actions;
pub mod model;
pub(crate) mod store;

pub use actions::GrantError;
pub use model::{Grant, Override, OverrideId, Refused, Whom};
