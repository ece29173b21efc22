//! Tokens: by one, another program acts for whoever made it, within its scopes and what its maker's duties allow.

pub mod actions;
mod model;
pub(crate) mod pages;
mod store;
pub mod views;

pub use actions::{AnyTokens, MakeError, MakeToken, OwnTokens};
pub use model::{ApiToken, Making, Mistake, Secret, TokenId};
