//! When somebody thinks that another knows their password, or that something is wrong: one page for anybody, which says what helps at once, ends
//! their sessions elsewhere, and becomes somebody's task.

mod actions;
mod content;
mod model;
mod pages;
mod store;
pub mod views;

pub use actions::{ReadWorries, lately};
pub use content::Worries;
pub use model::{Mistake, Said, Worry, WorryId};

use axum::Router;

use super::house::House;

/// The routes.
pub(super) fn routes() -> Router<House> {
    pages::routes()
}
