//! The filter engine: lists and rules in, one [`Decision`] for each [`Request`] out, always with its reason.
//!
//! Everything here is a pure function of its arguments: no clock, no file, no socket. The same snapshots, request and
//! time give the same decision and reason on any machine.
#![warn(missing_docs)]

pub mod activity;
pub mod decider;
pub mod decision;
pub mod groups;
pub mod identity;
pub mod request;
pub mod step;

pub use activity::{Activity, ActivitySink};
pub use decider::{Decider, Saying};
pub use decision::{Decision, Fact, Obligations, Reason, RuleRef, Verdict};
pub use groups::{GroupNo, GroupSet};
pub use identity::{DeviceNo, Identity, KnownBy, PersonNo};
pub use kit::{Host, HostName};
pub use request::{Front, Request};
pub use step::Step;
