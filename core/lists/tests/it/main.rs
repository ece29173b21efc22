//! Tests of the crate from outside: properties of the index, damage, our content, real data, and squidGuard beside us.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that meets the unexpected should stop, and says what it counted or skipped"
)]

mod any_bytes;
mod content;
mod corpus;
mod damage;
mod formats;
mod index;
mod origins;
mod peer;
mod real;
mod squidguard;
mod support;
