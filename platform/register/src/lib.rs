#![doc = include_str!("../README.md")]

pub mod approval;
pub mod calendar;
pub mod chase;
pub mod emergency;
pub mod task;

pub use approval::{Approval, ApprovalId, Proposal};
pub use calendar::{Rule, SchoolYear};
pub use task::{Task, TaskId};
