//! The access trail, read at the portal.

pub(crate) mod pages;
pub mod views;
