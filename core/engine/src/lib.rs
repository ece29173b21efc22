//! The filter engine: lists and rules in, one [`Decision`] for each [`Request`] out, always with its reason.
//!
//! Everything here is a pure function of its arguments: no clock, no file, no socket. The same snapshots, request and
//! time give the same decision and reason on any machine.
#![warn(missing_docs)]

pub mod activity;
pub mod behalf;
pub mod calendar;
pub mod catalogue;
pub mod content;
pub mod current;
pub mod decision;
pub mod document;
pub mod explain;
pub mod groups;
pub mod identity;
pub mod live;
pub mod origin;
pub mod policy;
pub mod published;
#[cfg(test)]
mod reference;
pub mod replay;
pub mod request;
pub mod saying;
pub mod sealed;
pub mod searching;
pub mod step;
mod targets;
pub mod test_pass;
pub mod ticket;
pub mod transport;

pub use activity::{Activity, ActivitySink, Owed, Recorder, SealedAddress};
pub use catalogue::Catalogue;
pub use current::{Current, Held};
pub use decision::{Decision, Fact, Obligations, Reason, Refusal, RuleRef, Verdict};
pub use document::safe_search::Level;
pub use document::{PolicyDocument, Problem, Severity};
pub use groups::{GroupNo, GroupSet};
pub use identity::{DeviceNo, HardwareAddress, Identity, KnownBy, NameHash, PersonNo};
pub use kit::{Host, HostName};
pub use live::{Live, LiveDocument};
pub use origin::Origin;
pub use policy::{FilterPolicy, Memo, SafeTarget, decide};
pub use published::Published;
pub use request::{Front, Request};
pub use saying::Saying;
pub use sealed::{Sealed, SealedKey, SealedState};
pub use step::Step;
pub use transport::Transport;
