//! The school's filter policy as a versioned document: what is applied, when, by whom and why.

pub mod actions;
mod proof;
mod store;

pub use actions::{
    ApplyError, Version, apply, at_version, check, check_in_force, current, history, in_force,
};
pub use proof::{Altered, prove, prove_newest};
