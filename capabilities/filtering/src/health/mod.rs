//! How the school's filter fares, in words with what to do, as `fivebar status` and the portal say it.

pub mod back_up_views;
pub mod backups;
pub mod kept_views;
mod model;
mod owed;
pub(crate) mod pages;
pub mod views;

pub use model::{GateHealth, Item, Level, Lost, Seen, items, many_devices};
pub use owed::backups_owed;
pub use pages::ReadHealth;
