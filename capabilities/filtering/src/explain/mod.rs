//! Why a site is open or closed for somebody, as `fivebar explain` and the portal ask it.

pub mod now;
pub(crate) mod pages;
mod target;
pub mod views;
mod whom;
pub mod words;

pub use target::Target;
pub use whom::{identity_in, identity_of_person};
