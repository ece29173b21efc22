//! What a teacher does for a lesson by themselves: opening a site for a class or a pupil, keeping a class to a list of sites, and
//! pausing a pupil's access. Each ends by itself, within hours; whatever is wider or longer takes two people, by a request.

pub mod actions;
pub mod content;
mod filling;
pub mod judge;
pub(crate) mod pages;
pub mod views;

pub use content::Lessons;
pub use judge::{Judged, MayNot};
