//! Pages: the shell around them, the parts they are made of, forms, and what keeps them safe.
//!
//! Everything works without scripts. The style sheet and the script are those of the npm package `govuk-frontend` with
//! its typeface and crest taken out when they are built in (`build.rs`); the face is Atkinson Hyperlegible Next, drawn
//! for readers with low vision. This crate knows nothing of filtering, pupils or concerns.

pub mod address;
pub mod assets;
pub mod chart;
#[cfg(feature = "checks")]
pub mod check;
pub mod component;
pub mod error;
pub mod form;
pub mod guard;
mod packed;
pub mod page;
pub mod second;
pub mod speech;
pub mod upload;

pub use address::{Encrypted, OwnAddress};
pub use error::PageError;
pub use form::{Mistakes, Submitted};
pub use guard::{AnyShell, AnyWords, Arrived, guarded};
pub use page::{Page, Shell};
pub use second::{LONGEST_WORDS, SecondPerson, checked_words, sentence, take_back, words_field};
pub use upload::Uploaded;
