//! The pages' parts against upstream's own fixtures, and the shell and its guard through the router.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod fixtures;
mod options;
mod shell;
mod tree;
