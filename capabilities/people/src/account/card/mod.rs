//! Cards and slips: how names and passwords are issued to a class at once, printed, handed out and taken back; and how the youngest sign
//! in by a card with pictures or short words.

pub mod actions;
pub mod bounds;
mod device;
mod door;
pub mod door_views;
pub mod model;
mod naming;
mod pages;
mod print;
mod renewing;
pub(crate) mod store;
pub mod views;

use axum::Router;

use super::house::House;

pub use super::printed_code::ClassCode;
pub use actions::{
    AnyClass, Batch, Handling, IssueCards, IssueError, IssueToOwn, Issuing, LeftOut, Line, Made, NoteError,
    OnIt, OwnClass, Plan, SeeAnyClass, SeeOwnClass, Seeing, hand_out, issue, let_go_on, note, plan,
};
pub(super) use device::is_class_device;
pub use model::{Card, CardId, Secret, State};
pub use renewing::due_for_renewal;

pub(super) use actions::MOST_AT_ONCE;
pub(super) use naming::Taken;
pub(crate) use pages::{begin, may_see, pdf, set_in_print};
pub(crate) use print::square;

/// Where people sign in by a card.
pub(super) const SIGN_IN: &str = "/sign-in/card";

/// The routes.
pub(super) fn routes() -> Router<House> {
    door::routes()
        .merge(pages::routes())
        .merge(crate::by_age::pages::routes())
        .merge(crate::teaching::pages::routes())
}
