//! The school's own words on the pages that anybody meets: which there are, and saying one otherwise.
//!
//! They lie in files of the home folder, a language each; whoever publishes writes those, together with the change's entry in the access
//! trail.

pub mod actions;
mod content;
mod model;
pub mod pages;
mod store;
pub mod views;

pub use content::HelpWords;
pub use model::{WordChange, WordChangeId};
use words::Change;

/// A change of the words of a language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnWords {
    /// The language's tag.
    pub language: String,
    /// What changes.
    pub change: Change,
}
