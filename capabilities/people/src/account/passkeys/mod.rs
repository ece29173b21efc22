//! Passkeys: what a phone, a laptop or a small key proves by itself, once its owner has shown a finger, a face or a PIN.

pub(super) mod actions;
mod model;
pub(super) mod pages;
pub(super) mod store;
pub mod views;

pub(super) use model::Passkey;
pub use model::PasskeyId;
