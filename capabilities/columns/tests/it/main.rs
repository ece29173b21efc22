//! The log with its columns: the same answers as from frames, nothing lost and nothing double whatever happens.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "the helpers of these tests fail as tests do; clippy only excuses functions marked as tests"
)]

mod before;
mod damage;
mod forget;
mod full;
mod imports;
mod kill;
mod reports;
mod same;
mod school;
mod steps;
mod tools;
