//! Moments, and the school's own time.

use std::fmt;

use jiff::civil;
use serde::{Deserialize, Serialize};

/// A moment: UTC milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment `millis` milliseconds after 1970 in UTC.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970 in UTC.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// This moment moved by `millis`, which may be negative; saturating.
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Reads RFC 3339 with an offset, as in `2026-11-23T10:49:00+00:00`.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|at| Self(at.as_millisecond()))
    }
}

/// RFC 3339 in UTC.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(at) => fmt::Display::fmt(&at, f),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

/// The time zone a school keeps, from the zone database compiled into the program, so that an old server knows this
/// year's rules.
#[derive(Debug, Clone)]
pub struct Zone(jiff::tz::TimeZone);

const A_DAY_MS: i64 = 86_400_000;

/// The program's zone database has no such zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no time zone called {0:?}; use a name such as Europe/London")]
pub struct UnknownZone(pub String);

impl Zone {
    /// The zone of that IANA name.
    pub fn named(name: &str) -> Result<Self, UnknownZone> {
        jiff::tz::TimeZone::get(name).map(Self).map_err(|_| UnknownZone(name.to_owned()))
    }

    /// Universal time.
    pub const fn utc() -> Self {
        Self(jiff::tz::TimeZone::UTC)
    }

    /// What the school's clocks show at `at`. About 50 ns.
    pub fn local(&self, at: Timestamp) -> LocalTime {
        let civil = jiff::Timestamp::from_millisecond(at.0)
            .map_or(civil::DateTime::ZERO, |instant| self.0.to_datetime(instant));
        LocalTime { at, civil }
    }

    /// The moment at which the school's clocks show `civil`. A time that a clock change skips becomes the moment after
    /// the gap; one that it repeats becomes the first of the two.
    pub fn moment(&self, civil: civil::DateTime) -> Timestamp {
        self.0
            .to_ambiguous_timestamp(civil)
            .compatible()
            // Only the first and the last days of the calendar are no moments everywhere.
            .map_or_else(
                |_| Timestamp(if civil.year() > 0 { i64::MAX } else { i64::MIN }),
                |at| Timestamp(at.as_millisecond()),
            )
    }

    /// The moment that somebody writes: as the school's clocks show it (`2026-11-23T10:30`, `2026-11-23 10:30`, `2026-11-23` for the
    /// first moment of that day), or an instant with its offset (`2026-11-23T10:30:00Z`). `None` where it is none.
    pub fn written(&self, text: &str) -> Option<Timestamp> {
        let text = text.trim();
        if let Some(at) = Timestamp::parse(text) {
            return Some(at);
        }
        if let Ok(civil) = text.parse::<civil::DateTime>() {
            return Some(self.moment(civil));
        }
        text.parse::<civil::Date>().ok().map(|date| self.moment(date.at(0, 0, 0, 0)))
    }

    /// The day that the school's calendar shows at `at`. About 200 ns.
    pub fn day(&self, at: Timestamp) -> Day {
        let date = self.local(at).date();
        let midnight = |date: civil::Date| date.at(0, 0, 0, 0);
        let begins = self.moment(midnight(date));
        let ends = date.tomorrow().map_or(Timestamp(i64::MAX), |next| self.moment(midnight(next)));
        // As if the date were one in UTC, whose days are all as long.
        let number = Self::utc().moment(midnight(date)).0.div_euclid(A_DAY_MS);
        Day { date, number: i32::try_from(number).unwrap_or(i32::MAX), begins, ends }
    }
}

/// A day of the school's calendar. Where the clocks change in it, it has an hour less or more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// Its date.
    pub date: civil::Date,
    /// How many days its date is after that of 1 January 1970.
    pub number: i32,
    /// Its first moment.
    pub begins: Timestamp,
    /// The first moment of the next day.
    pub ends: Timestamp,
}

impl Zone {
    /// The midnight with which the `days`th day after the one of `at` begins: 1 for the end of that very day. A day of the
    /// school's own calendar, whatever hour a clock change gives or takes.
    pub fn midnight_after(&self, at: Timestamp, days: u16) -> Timestamp {
        let today = self.local(at).date();
        let then = today.checked_add(jiff::Span::new().days(i64::from(days))).unwrap_or(civil::Date::MAX);
        self.moment(then.at(0, 0, 0, 0))
    }
}

/// A moment together with what the school's clocks show then. The moment decides when something ends; the wall clock
/// decides which lesson it is. Both survive a clock change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalTime {
    at: Timestamp,
    civil: civil::DateTime,
}

impl LocalTime {
    /// The moment.
    pub const fn at(self) -> Timestamp {
        self.at
    }

    /// The date and time of day on the school's clocks.
    pub const fn civil(self) -> civil::DateTime {
        self.civil
    }

    /// The school's date.
    pub fn date(self) -> civil::Date {
        self.civil.date()
    }

    /// Minutes since midnight on the school's clocks, 0 to 1439.
    pub fn minute_of_day(self) -> u16 {
        u16::try_from(i32::from(self.civil.hour()) * 60 + i32::from(self.civil.minute())).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn an_hour_that_the_clocks_repeat_is_two_moments_of_one_wall_time() {
        let london = Zone::named("Europe/London").unwrap();
        let first = Timestamp::parse("2026-10-25T00:30:00Z").unwrap();
        let second = first.plus_millis(3_600_000);
        assert_eq!(london.local(first).civil(), london.local(second).civil());
        assert_ne!(london.local(first), london.local(second));
        assert_eq!(london.moment(date(2026, 10, 25).at(1, 30, 0, 0)), first);
    }

    #[test]
    fn an_hour_that_the_clocks_skip_is_the_moment_after_the_gap() {
        let london = Zone::named("Europe/London").unwrap();
        let skipped = london.moment(date(2026, 3, 29).at(1, 30, 0, 0));
        assert_eq!(skipped.to_string(), "2026-03-29T01:30:00Z");
        assert_eq!(london.local(skipped).minute_of_day(), 150);
    }

    #[test]
    fn the_days_of_a_clock_change_have_an_hour_less_and_an_hour_more() {
        let london = Zone::named("Europe/London").unwrap();
        let hours = |day: Day| (day.ends.as_millis() - day.begins.as_millis()) / 3_600_000;
        for (first, last, length) in [
            ("2026-03-29T00:00:00Z", "2026-03-29T22:59:59.999Z", 23),
            ("2026-06-30T23:00:00Z", "2026-07-01T22:59:59.999Z", 24),
            ("2026-10-24T23:00:00Z", "2026-10-25T23:59:59.999Z", 25),
        ] {
            let (first, last) = (Timestamp::parse(first).unwrap(), Timestamp::parse(last).unwrap());
            let day = london.day(first);
            assert_eq!(day, london.day(last));
            assert_eq!((day.begins, day.ends, hours(day)), (first, last.plus_millis(1), length));
            assert_ne!(london.day(first.plus_millis(-1)), day);
        }
        let day = Zone::utc().day(Timestamp::parse("2026-11-23T10:00:00Z").unwrap());
        assert_eq!((day.number, day.date.to_string()), (20_780, "2026-11-23".to_owned()));
        assert_eq!(Zone::utc().day(Timestamp::from_millis(-1)).number, -1);
    }

    #[test]
    fn an_unknown_zone_says_what_a_zone_looks_like() {
        let error = Zone::named("Greenwich/Mean").unwrap_err().to_string();
        assert!(error.contains("Europe/London"), "{error}");
    }
}
