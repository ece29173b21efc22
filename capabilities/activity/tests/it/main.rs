//! The log process and its gates as they run: threads and processes over real sockets and files.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the helpers of these tests fail as tests do; clippy only excuses functions marked as tests"
)]

mod damage;
mod fate;
mod forget;
mod house;
mod imports;
mod kill;
mod recovery;
mod sealed;
mod torn;
mod walk;
