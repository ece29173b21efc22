//! That the rules for their age were taught to somebody before they first signed in: by whom, on which day, in which version.
//!
//! Nobody is kept out for want of it: a child without it is taught, and until then the pages of their class say so.

mod actions;
pub(crate) mod pages;
mod store;
pub mod views;

pub use actions::{NotSaid, Pupil, Said, class, say};
pub(crate) use store::is_taught;
