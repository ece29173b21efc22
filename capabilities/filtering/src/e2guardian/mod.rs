//! Moving in from e2guardian: what of its settings a list cannot say, as a draft of parts of a policy and of a roll.
//!
//! Its lists are imported as they are (`lists import`). What holds at certain times, and what holds in a room, belongs in the
//! policy. Here it is read from the folder of e2guardian's lists and written down so that a person can look at it, put it where it
//! belongs and have `policy check` judge it. Nothing is taken into use, and what is not understood is said.

mod folder;

pub use folder::{Draft, DraftError, draft};
