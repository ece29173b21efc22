//! Observing only: for a time, beside the filter that a school still has, everything is decided and noted down and
//! nothing but sealed content is refused. It always has an end, after which the filter refuses.

pub mod actions;
pub mod model;
pub(crate) mod pages;
pub(crate) mod store;
pub mod views;

pub use actions::StartError;
pub use model::{Observing, ObservingId, Plan, Refused, notice, words};
