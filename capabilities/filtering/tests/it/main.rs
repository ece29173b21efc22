//! Filtering through its pages and its actions, on both database engines.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

mod answers;
mod lasting;
mod policy_kept;
mod portal;
mod publishing;
mod samples;
mod school;
mod sealed;
mod taking_lists;
mod web_lists;
mod web_server;
