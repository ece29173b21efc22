//! Letting somebody in again who has lost password and phone: two others together, and never the one it is about.

mod actions;
pub(super) mod pages;
pub mod views;

pub use actions::{
    Recover, RecoverError, Recovery, agree, object, propose, refuse, waiting, waiting_for, withdraw,
};
