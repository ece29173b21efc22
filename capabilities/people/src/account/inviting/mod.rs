//! Giving adults a way in at the portal: who has one, who was invited and when, who not; and invitations shown once or printed as slips.

mod actions;
pub(super) mod pages;
mod print;
pub mod views;

pub use actions::{Adult, WayIn, of_the_staff_without, propose, without_a_way_in};
