//! The one crate of Fivebar that may be unsafe: what the fronts need of Linux and the standard library does not offer,
//! each behind a small safe face. Every unsafe block holds one operation and says why it is sound.

pub mod huge;
pub mod map;
pub mod passing;
pub mod poll;
pub mod prefetch;
pub mod shared_page;
pub mod splice;
pub mod udp;

pub use huge::{advise_huge, huge_only_where_advised};
pub use map::MappedFile;
pub use passing::{Passed, Sockets};
pub use poll::{Poll, Wake};
pub use prefetch::prefetch;
pub use udp::{Batch, Peer};
