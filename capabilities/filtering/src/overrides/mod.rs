//! Overrides: approved exceptions, each with a reason and an end.

pub mod actions;
pub mod closing;
pub mod model;
mod overruled;
pub(crate) mod pages;
pub(crate) mod store;
pub mod views;

pub use actions::GrantError;
pub use model::{Grant, Override, OverrideId, Refused, Whom};
pub use overruled::{Overruled, overruled};
