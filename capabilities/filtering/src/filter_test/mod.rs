//! The filter test: what the running gate really answers, as each group, held against what it should, dated and kept as
//! evidence. What is asked is content (`content/filter-test.toml`); asking is the caller's.

mod actions;
pub mod content;
pub mod model;
pub mod sample;
mod store;

pub use actions::{KeepError, keep};
pub use content::{Categories, Check, Content, Expect, Row};
pub use model::{Answer, Asked, CheckResult, Outcome, Report, RowResult};
pub use store::{Kept, kept, newest};
