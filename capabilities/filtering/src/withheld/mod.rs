//! Withheld access: taken from one person by a decision, for a while. Help, essentials and the policy's learning sites
//! remain.

pub mod actions;
pub mod deciding;
pub mod model;
pub(crate) mod pages;
pub(crate) mod store;
pub mod views;

pub use actions::StartError;
pub use model::{Decision, Refused, Withheld, WithheldId};
