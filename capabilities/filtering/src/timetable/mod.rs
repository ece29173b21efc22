//! The week of a class and of a teacher, by the roll's timetable and the times of the filter policy's calendar.

mod model;
pub mod pages;
pub mod views;

pub use model::{Cell, Now, Week, now, week};
