//! One lesson of a class's week. Pure.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// When a class is taught, each week, as a source tells it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Slot {
    /// The day, Monday as 1; none where the source tells no day, so that it is every school day.
    pub day: Option<i8>,
    /// Which of several weeks, in the school's own word; none where all are alike.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub week: Option<String>,
    /// The period, in the school's own word, as `3` or `P3`.
    pub period: String,
    /// The room.
    pub room: Option<String>,
    /// From which day on, as `2026-09-02`; none where it is told for no time in particular.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Until which day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

impl Slot {
    /// Whether it is on that day, as far as the calendar has lessons then. Of several weeks nobody can tell which it is, so each counts.
    pub fn is_on(&self, day: Date) -> bool {
        self.holds(day) && self.day.is_none_or(|one| one == day.weekday().to_monday_one_offset())
    }

    /// Whether it is of a time that goes on at that day.
    pub fn holds(&self, day: Date) -> bool {
        let day = day.to_string();
        self.from.as_deref().is_none_or(|from| from <= day.as_str())
            && self.until.as_deref().is_none_or(|until| day.as_str() <= until)
    }

    /// Whether it is in the period that another system, or the filter policy's calendar, calls so.
    pub fn is_in(&self, period: &str) -> bool {
        is_same_period(&self.period, period)
    }
}

/// Whether two words are for one period: `3`, `P3`, `Period 3` and `lesson 03` are one.
pub fn is_same_period(one: &str, other: &str) -> bool {
    plain(one) == plain(other)
}

fn plain(period: &str) -> String {
    let lower: String =
        period.chars().filter(|sign| sign.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let bare = ["period", "lesson", "p", "l"].iter().find_map(|word| {
        let rest = lower.strip_prefix(word)?;
        rest.starts_with(|sign: char| sign.is_ascii_digit()).then_some(rest)
    });
    let bare = bare.unwrap_or(&lower);
    let number = bare.trim_start_matches('0');
    if number.is_empty() { bare.to_owned() } else { number.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_period_is_known_by_what_several_systems_call_it() {
        for (one, other, same) in [
            ("3", "P3", true),
            ("Period 3", "3", true),
            ("lesson 03", "L3", true),
            ("1a", "Period 1A", true),
            ("0", "P0", true),
            ("Form time", "form-time", true),
            ("3", "13", false),
            ("Lunch", "L1", false),
            ("pastoral", "astoral", false),
        ] {
            assert_eq!(is_same_period(one, other), same, "{one} {other}");
        }
    }

    #[test]
    fn a_lesson_is_on_its_day_within_its_time() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        let slot = |day, from: Option<&str>, until: Option<&str>| Slot {
            day,
            period: "1".into(),
            from: from.map(str::to_owned),
            until: until.map(str::to_owned),
            ..Slot::default()
        };
        for (slot, on, is_on) in [
            (slot(Some(1), None, None), "2026-11-23", true),
            (slot(Some(2), None, None), "2026-11-23", false),
            (slot(None, None, None), "2026-11-27", true),
            (slot(Some(1), Some("2026-11-23"), Some("2026-11-23")), "2026-11-23", true),
            (slot(Some(1), Some("2026-11-24"), None), "2026-11-23", false),
            (slot(Some(1), None, Some("2026-11-22")), "2026-11-23", false),
        ] {
            assert_eq!(slot.is_on(day(on)), is_on, "{slot:?} {on}");
        }
    }
}
