//! Programs at the portal, on both database engines.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod bounds;
mod description;
mod house;
mod pages_by_duty;
mod samples;
mod tokens;
mod webhooks;
