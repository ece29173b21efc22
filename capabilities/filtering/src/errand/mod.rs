//! Errands: what somebody at the portal has the hub do that takes longer than a page, such as a test of the filter. One of a kind runs at a
//! time, whoever began it; the page says since when, and what came of it.

mod actions;
mod model;
pub mod views;

pub(crate) use actions::send;
pub use model::{CarriesOut, Ended, Errand, Errands, Ran};
pub(crate) use views::offer;
