//! When classes are taught, and in which room: what a source tells of it beside who is in each class, by the same differences, and what
//! others ask of it.

mod model;
pub(crate) mod store;

pub use model::{Slot, is_same_period};
pub use store::{Lesson, of_class, of_teacher};

kit::reading!(
    /// Seeing when classes are taught, where, and by whom.
    ReadTimetable(()) = "timetable.read"
);
