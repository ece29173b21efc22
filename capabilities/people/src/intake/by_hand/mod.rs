//! One person by hand: added, corrected, moved to another class or year, given a last day, brought back. What somebody writes becomes a
//! difference like any other, which is looked at, applied and undone; a correction may be kept, so that no import writes over it.

mod actions;
mod model;
pub mod pages;
pub mod views;

pub use actions::{HandError, prepare};
pub use model::{Edit, Hand, Mistake};

/// Who keeps those whom somebody put on the roll by hand.
pub(crate) const SOURCE: &str = "by-hand";

/// Whether a difference with that source was made by hand. Each is of one person, so that what somebody writes about another does not take
/// its place.
pub(super) fn is_source(source: &str) -> bool {
    source == SOURCE || source.starts_with("by-hand-")
}

/// Whose ids new people of a difference go by.
pub(super) fn links(source: &str) -> &str {
    if is_source(source) { SOURCE } else { source }
}

/// How a class is named in a difference by hand: whose ids it goes by, and its own.
pub(super) fn class_key(source: &str, outside_id: &str) -> String {
    format!("{source}{}{outside_id}", super::model::BETWEEN)
}

/// The source and id of a class of a difference.
pub(super) fn class_of<'a>(source: &'a str, outside_id: &'a str) -> (&'a str, &'a str) {
    match outside_id.split_once(super::model::BETWEEN) {
        Some(named) if is_source(source) => named,
        _ => (source, outside_id),
    }
}
