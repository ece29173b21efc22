//! What devices did, as people at the portal see it: pseudonyms, until somebody whose duty it is opens identities with a reason.

pub mod asked;
mod members;
mod opening;
pub(crate) mod pages;
pub mod views;

pub use members::members_of;
pub use opening::{OpeningError, write_down};
pub use pages::ReadActivity;
