//! Focus: a walled garden for a group or a room until a time, as in an exam or a lesson with a list of sites.

pub mod actions;
pub mod model;
pub(crate) mod store;

pub use actions::StartError;
pub use model::{Focus, FocusId, Plan, Refused};
