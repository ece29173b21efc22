//! The words every part of Fivebar shares: moments and school days, ids, people's numbers, who may do what, and values that must not
//! be printed. No input or output: every function is a function of its arguments.
#![warn(missing_docs)]

pub mod actor;
pub mod address;
pub mod clock;
pub mod hash;
pub mod host;
pub mod ids;
pub mod nearby;
pub mod network;
pub mod path;
pub mod permit;
pub mod private;
pub mod time;
pub mod unavailable;
pub mod zones;

pub use actor::Actor;
pub use clock::Clock;
pub use host::{Host, HostName};
pub use ids::Ids;
pub use permit::{Authority, Permit, Standing};
pub use private::Private;
pub use time::{LocalTime, Timestamp, Zone};
pub use unavailable::Unavailable;
pub use zones::Zones;
