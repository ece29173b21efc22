//! When a list from the web is fetched, and how that went. Pure.

use kit::Timestamp;
use serde::{Deserialize, Serialize};

/// How often lists from the web are fetched again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Every {
    /// Never by themselves.
    #[serde(rename = "off")]
    Off,
    /// Each hour.
    #[serde(rename = "hourly")]
    Hour,
    /// Each day: what most makers of lists ask for.
    #[default]
    #[serde(rename = "daily")]
    Day,
    /// Each week.
    #[serde(rename = "weekly")]
    Week,
}

const MINUTE_MS: i64 = 60_000;

impl Every {
    /// How long it is; a day for backing off where nothing happens by itself.
    const fn millis(self) -> i64 {
        match self {
            Self::Hour => 60 * MINUTE_MS,
            Self::Off | Self::Day => 24 * 60 * MINUTE_MS,
            Self::Week => 7 * 24 * 60 * MINUTE_MS,
        }
    }
}

/// The first wait after a failure; it doubles with each, up to the usual rhythm or a day, whichever is shorter.
const FIRST_WAIT_MS: i64 = 15 * MINUTE_MS;

/// How the fetching of a list goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebState {
    /// When it was last tried.
    pub tried_at: Timestamp,
    /// When another version was last taken.
    pub changed_at: Option<Timestamp>,
    /// How many tries failed since one went well.
    pub failures: u32,
    /// Why the last one failed.
    pub problem: Option<String>,
}

impl WebState {
    /// When it is tried next; `None` where nothing happens by itself.
    pub fn next_try(&self, every: Every) -> Option<Timestamp> {
        let usual = match every {
            Every::Off => return None,
            every => every.millis(),
        };
        let wait = match self.failures {
            0 => usual,
            // A day is 96 quarters of an hour, so a shift by more than seven says nothing more.
            failures => usual.min(Every::Day.millis()).min(FIRST_WAIT_MS << (failures - 1).min(7)),
        };
        Some(self.tried_at.plus_millis(wait))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_tried_again_soon_and_then_less_and_less_often() {
        let at = Timestamp::from_millis(1_000_000);
        let minutes = |failures, every| {
            let state = WebState { tried_at: at, changed_at: None, failures, problem: None };
            state.next_try(every).map(|next| (next.as_millis() - at.as_millis()) / MINUTE_MS)
        };
        for (failures, daily) in
            [(0, 1440), (1, 15), (2, 30), (3, 60), (7, 960), (8, 1440), (4_000_000_000, 1440)]
        {
            assert_eq!(minutes(failures, Every::Day), Some(daily), "{failures}");
        }
        assert_eq!((minutes(0, Every::Hour), minutes(9, Every::Hour)), (Some(60), Some(60)));
        assert_eq!((minutes(0, Every::Week), minutes(9, Every::Week)), (Some(7 * 1440), Some(1440)));
        assert_eq!((minutes(0, Every::Off), minutes(1, Every::Off)), (None, None));
    }
}
