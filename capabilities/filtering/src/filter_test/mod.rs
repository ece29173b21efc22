//! The filter test: what the running gate really answers, as each group, held against what it should, dated and kept as
//! evidence. What is asked is content (`content/filter-test.toml`); asking is the caller's.

mod actions;
pub mod content;
pub mod daily;
pub mod model;
pub(crate) mod pages;
mod proof;
pub mod sample;
mod standing;
mod store;
pub mod views;

pub use actions::{KeepError, keep};
pub use content::{Audience, Categories, Check, Content, Expect, Row};
pub use model::{Answer, Asked, CheckResult, LeftOpen, Outcome, Report, RowResult};
pub use pages::ReadFilterTests;
pub use proof::{Altered, Proved, prove};
pub use standing::still_failed;
pub use store::{Kept, keep_problem, kept, newest, newest_by, problem};
