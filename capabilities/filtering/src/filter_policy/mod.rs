//! The school's filter policy as a versioned document: what is applied, when, by whom and why.

pub mod actions;
mod by_group;
pub(crate) mod pages;
mod proof;
mod store;
pub mod table_views;
pub mod views;

pub use actions::{
    ApplyError, Version, apply, at_version, check, check_in_force, current, history, in_force,
};
pub use by_group::{ForGroup, differences_by_group};
pub use pages::ReadPolicy;
pub use proof::{Altered, prove, prove_newest};
