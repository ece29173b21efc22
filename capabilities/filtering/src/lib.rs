#![doc = include_str!("../README.md")]

pub mod always_open;
pub mod asker;
pub mod e2guardian;
pub mod filter_policy;
pub mod filter_test;
pub mod focus;
pub mod lasting;
pub mod list;
pub mod observing;
pub mod overrides;
pub mod portal;
pub mod publish;
pub mod reference;
mod rows;
pub mod sealed;
pub mod site;
mod site_note;
pub mod site_report;
pub mod site_request;
pub mod withheld;

pub use portal::{Portal, routes};
