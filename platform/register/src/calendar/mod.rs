//! The school's year as the register asks about it, and clocks that run on it. Pure.
//!
//! Nothing of the year is kept here: terms, closed days and lessons stand in the filter policy's calendar, and whoever reads that makes a
//! [`SchoolYear`] of it. A **clock** is a [`Rule`] such as "72 hours" or "five school days", started at a moment; what comes of it is a
//! [`Run`]: when it is due, how much is used, and which spans paused it and why.

mod clock;
mod rule;
mod year;

pub use clock::{Pause, Run};
pub use rule::{NotARule, Rule};
pub use year::{SchoolYear, Term, Why};
