//! The explicit proxy: bytes of devices in, decisions out, pages and tunnels between.
//!
//! A thread a core, each with its own runtime, listeners, connections to origins and answers; they share nothing but
//! counters. A request is decided by its name first, then by everything that resolving it tells, and only an address
//! that was decided on is connected to. Heads are read by our own strict reader and written anew; bodies stream; what
//! is open is decided again within two seconds of a change.

pub mod address;
pub mod authority;
pub mod body;
mod buffer;
mod client;
pub mod config;
mod connect;
pub mod counters;
mod exchange;
mod field;
mod forward;
pub mod head;
mod io;
mod pac;
pub mod page;
mod pool;
mod portal;
mod ports;
pub mod request;
mod resolve;
pub mod response;
mod serve;
mod tunnel;
mod watch;
mod worker;

pub use address::{Network, Opening};
pub use config::{Config, ConfigError, HelpLine, Limits, Pac};
pub use counters::Counts;
pub use ports::{NotAPort, Ports};
pub use serve::{Bound, Running, bind, bind_with, start};
