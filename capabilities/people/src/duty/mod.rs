//! Duties: what they are and may do (`content/duties.toml`), who holds them, and from that what somebody may do.

mod actions;
mod content;
mod holding;
mod model;
pub mod pages;
mod standing;
mod store;
pub mod views;

pub use actions::{DutyError, EndDuty, GiveDuty, ReadDuties, all, end, give, holders, nobody_holds_any};
pub(crate) use actions::{
    anything_weighs, end_of_leaver, every, give_back, give_with_lanyard, given, leading, weighing,
    weighing_of,
};
pub use content::{Duties, Duty, SchoolKind};
pub use holding::{Holding, holding};
pub use model::{Assignment, AssignmentId, Gap, Giving, Mistake, Span, gaps};
pub(crate) use standing::{FRESH_MS, is_more_than_a_pupil, would_offer};
pub use standing::{Proof, Stands, at_the_command_line, may_still, of_person};
