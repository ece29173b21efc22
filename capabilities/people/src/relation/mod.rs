//! What adults are to pupils: who has parental responsibility, and whom a court keeps from a child. A marker is shown to those who may
//! see it, and nothing is ever done by it alone.

mod actions;
pub mod pages;
pub mod views;

pub use actions::{MarkError, MarkRelation, ReadRelations, mark, of_person};
