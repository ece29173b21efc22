#![doc = include_str!("../README.md")]

pub mod approval;

pub use approval::{Approval, ApprovalId, Proposal};
