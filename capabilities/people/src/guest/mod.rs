//! Guests: people who are at the school for a time, with somebody who answers for them, somebody who looks after them, an aim and an end. A
//! supply or trainee teacher among them may have a lanyard, by which they sign in on its days and act for its classes alone.

mod actions;
mod model;
pub(crate) mod pages;
pub(crate) mod store;
pub mod views;

pub use actions::{EndGuest, GiveError, GiveGuest, ReadGuests, classes_of, end, give, guests, one};
pub(crate) use actions::{SOURCE, hand, in_the_care_of};
pub use model::{Giving, Guest, GuestId, Lanyard, LanyardId, Mistake};
