//! Leaving the school: what ends in that moment, and what is left to hand over.

mod actions;
pub mod pages;
pub mod views;

pub use actions::{HandDevice, HandOverError, Leaves, Left, SeeDevices, hand_device, left_behind};
pub(crate) use actions::{come_back, devices_of, leave, meant};
