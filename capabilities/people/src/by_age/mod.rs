//! How people of each age sign in, and what they are taught before: `content/accounts.toml`, with what the school has changed of it.

mod content;
pub(crate) mod pages;
mod rules;
pub mod views;

pub(crate) use content::drawing;
pub use content::{ByAge, Rule, Taught, Way};
pub(crate) use rules::rules;
pub use rules::{Chosen, NotChosen, Rules};
