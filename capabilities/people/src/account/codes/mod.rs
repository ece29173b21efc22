//! A second proof beside a password: codes that an app shows, and codes on paper to recover by.

pub(super) mod actions;
pub(super) mod model;
pub(super) mod pages;
pub(super) mod store;
pub mod views;

pub use actions::remove;
pub use model::CodeSecret;
