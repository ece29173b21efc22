//! Checks about the repository itself: who may depend on whom, which words we use, whether what the documents name
//! exists. Every check is a function from text to complaints, so that each can be shown to fail on a bad sample;
//! `tests/it` runs them over the real tree.

pub mod asvs;
pub mod complaint;
pub mod content;
pub mod coverage;
pub mod directions;
pub mod documents;
pub mod habits;
pub mod labels;
pub mod portal_routes;
pub mod private_text;
pub mod routes;
pub mod rust_code;
pub mod size;
pub mod test_names;
pub mod tree;
pub mod words;

pub use complaint::Complaint;
pub use tree::{Source, Tree};
