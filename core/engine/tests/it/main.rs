//! The engine as others use it: whole policies, compiled, asked and explained.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that meets the unexpected should stop, and says what it counted or skipped"
)]

mod changing;
mod conflicts;
mod default_policy;
mod documents;
mod explained;
mod real_lists;
mod replay;
mod safe_search;
mod school;
mod searching;
mod secondary_school;
mod services;
mod spellings;
mod village_primary;
