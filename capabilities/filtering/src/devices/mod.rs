//! The device register at the portal: which devices there are, registering one, changing it, and saying that it is gone.

mod changing;
pub mod form;
pub(crate) mod pages;
pub mod views;

pub use pages::ReadDevices;
