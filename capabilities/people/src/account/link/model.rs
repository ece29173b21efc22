//! What another system tells of somebody, and what the school says that it means. Pure.

use kit::Private;
use serde::{Deserialize, Serialize};

/// What the value means by which another system tells who somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Means {
    /// What they sign in by here.
    AccountName,
    /// What the school's own system calls them on the roll.
    RollId,
}

/// What another system tells of whoever proved to it who they are.
pub(in super::super) struct Told<'a> {
    /// The system's id, as in `fivebar.toml`.
    pub system: &'a str,
    /// What the system calls them for ever, where it says so; whoever was found once is known by it from then on.
    pub subject: Option<Private<String>>,
    /// What they are found by the first time.
    pub value: Option<Private<String>>,
    /// What that means.
    pub means: Means,
    /// What a new account is called, where one may come of it.
    pub called: Option<Private<String>>,
}
