//! Random words for accounts in other systems, which have rules for passwords of their own: made for a class, shown once for a printer, and kept
//! nowhere.

pub mod model;
mod pages;
pub mod views;

use axum::Router;

use super::house::House;

/// The routes.
pub(super) fn routes() -> Router<House> {
    pages::routes()
}
