//! The device register at the portal. Who is given a device, and which devices there are, comes with the roll.

pub(crate) mod pages;
pub mod views;

pub use pages::ReadDevices;
