//! What requests for a site and reports about one share: somebody wrote something about a site, and it is kept under a
//! reference until it is answered, once.

pub(crate) mod own;
pub mod own_views;
pub(crate) mod pages;
pub(crate) mod store;
pub(crate) mod views;

/// One address may have so many of each waiting; more is a game, not a need.
pub const MOST_OPEN: i64 = 40;
/// So many may wait of whom nothing is kept, together, and of one /64 of IPv6.
pub const MOST_OPEN_OF_MANY: i64 = 400;
