//! Places in which back-ups lie: a folder, and a store that others wrote.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed, and one that is skipped says so"
)]

mod folder;
mod records;
mod server;
mod signed;
mod store;
