#![doc = include_str!("../README.md")]

#[cfg(feature = "typst")]
mod clean;
#[cfg(feature = "typst")]
mod world;

use kit::{Private, Timestamp};
use serde_json::Value;

/// How a document is set: one file of `content/documents`, built in.
#[derive(Debug, Clone, Copy)]
pub struct Template {
    /// Its name, for errors.
    pub name: &'static str,
    /// Its text, in typst's language. It reads its data as `json("/data.json")`.
    pub text: &'static str,
}

/// Why nothing was printed.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// The template cannot be set with this data, or what would come of it is not accessible. What the typesetter says may quote the data.
    #[error("the document {name} cannot be printed: {} complaints", complaints.reveal().len())]
    NotAccessible {
        /// The template's name.
        name: &'static str,
        /// What the typesetter says.
        complaints: Private<Vec<String>>,
    },
    /// This build has no typesetter.
    #[error("this build cannot print: it was made without the feature `typst`")]
    NotBuilt,
}

/// The document, as PDF/UA-1 and PDF/A-2a. Takes a second or two of one core, and blocks: one document is made at a time.
#[cfg(feature = "typst")]
pub fn pdf(template: &Template, data: &Value, at: Timestamp) -> Result<Vec<u8>, DocumentError> {
    use std::sync::{Mutex, PoisonError};
    // Two at once would take both cores from whoever waits for a page.
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    world::pdf(template, clean::cleaned(data.clone(), world::has_sign), at)
}

/// The document; never, since this build has no typesetter.
#[cfg(not(feature = "typst"))]
pub fn pdf(_: &Template, _: &Value, _: Timestamp) -> Result<Vec<u8>, DocumentError> {
    Err(DocumentError::NotBuilt)
}
