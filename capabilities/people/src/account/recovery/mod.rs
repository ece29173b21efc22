//! Letting somebody in again who has lost password and phone: two others together, and never the one it is about.

mod actions;
pub(super) mod pages;
pub mod views;

pub(super) use actions::agreed;
pub(crate) use actions::rests;
pub use actions::{
    Recover, RecoverError, Recovery, agree, link, object, propose, refuse, to_hand_over, to_hand_over_to,
    waiting, waiting_for, withdraw,
};
