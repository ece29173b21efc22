//! Whose an account of another system is here: a provider's of single sign-on, or a directory's. Nobody is put on the roll by it.

mod actions;
mod model;
pub(super) mod store;

pub(super) use actions::remove_lost;
pub use model::Means;
pub(super) use model::Told;
