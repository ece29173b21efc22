//! `[filter-test]`.

use filtering::filter_test::daily::{Wanted, minute_of};
use serde::{Deserialize, Serialize};

use super::Config;

/// When the filter is tested by itself; never, if left out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct FilterTest {
    /// Once a day, at that time on the school's clocks, as in `06:30`: better outside of lessons.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub daily_at: Option<String>,
    /// After each change of the policy, within a minute.
    pub after_changes: bool,
}

impl FilterTest {
    pub(super) fn is_off(&self) -> bool {
        *self == Self::default()
    }

    /// The same as the tests have it.
    pub fn wanted(&self) -> Wanted {
        let from_minute = self.daily_at.as_deref().and_then(minute_of);
        Wanted { from_minute, after_changes: self.after_changes }
    }
}

impl Config {
    pub(super) fn check_filter_test(&self, say: &mut dyn FnMut(&str, &str, String)) {
        if let Some(at) = self.filter_test.daily_at.as_deref().filter(|at| minute_of(at).is_none()) {
            say(
                "filter-test",
                "daily-at",
                format!("{at:?} is no time of the day; write it as hours and minutes, such as \"06:30\""),
            );
        }
    }
}
