//! Reporting a site: it should be closed, or it should be open, or something else is wrong with it.
//!
//! A report is about a site and never about a person; who is worried about somebody is led to people instead.

pub mod actions;
pub mod model;
pub(crate) mod pages;
pub(crate) mod staff_pages;
pub mod staff_views;
pub(crate) mod store;
pub mod views;

pub use model::{AlreadyAnswered, Kind, Outcome, SiteReport, SiteReportId, Tell};
