#![doc = include_str!("../README.md")]

pub mod access_trail;
pub mod activity_log;
pub mod always_open;
pub mod asker;
pub mod desk;
pub mod devices;
pub mod e2guardian;
pub mod explain;
pub mod filter_policy;
pub mod filter_test;
pub mod focus;
pub mod health;
pub mod lasting;
pub mod lesson;
pub mod list;
mod naming;
pub mod observing;
pub mod overrides;
pub mod own_words;
pub mod portal;
pub mod publish;
pub mod reference;
mod rows;
pub mod sealed;
pub mod site;
pub mod site_note;
pub mod site_report;
pub mod site_request;
pub mod timetable;
pub mod withheld;

pub use portal::{Portal, routes, routes_beside};
