//! When a back-up is made by itself. Pure.

use jiff::civil::Weekday;
use kit::{Timestamp, Zone};

/// When the school wants one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// From that minute of the school's day on.
    pub from_minute: u16,
    /// On those days of the week.
    pub days: Vec<Weekday>,
}

/// How long to wait after one could not be made.
const WAIT_MS: i64 = 15 * 60_000;
/// A week and a day: some wanted moment lies in it.
const LOOKED_BACK_DAYS: i64 = 8;

/// The reading of `02:30`: minutes of the day.
pub fn minute_of(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let number = |text: &str| {
        let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse::<u16>().ok()).flatten()
    };
    let (hour, minute) = (number(hour)?, number(minute)?);
    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
}

/// The day of the week of that English name, in small letters.
pub fn weekday_of(name: &str) -> Option<Weekday> {
    Some(match name {
        "monday" => Weekday::Monday,
        "tuesday" => Weekday::Tuesday,
        "wednesday" => Weekday::Wednesday,
        "thursday" => Weekday::Thursday,
        "friday" => Weekday::Friday,
        "saturday" => Weekday::Saturday,
        "sunday" => Weekday::Sunday,
        _ => return None,
    })
}

impl Wanted {
    /// The newest moment, `at` at the latest, at which one was wanted.
    pub fn last_wanted(&self, zone: &Zone, at: Timestamp) -> Option<Timestamp> {
        let today = zone.local(at).date();
        let (hour, minute) = (self.from_minute / 60, self.from_minute % 60);
        let time = (i8::try_from(hour).ok()?, i8::try_from(minute).ok()?);
        (0..LOOKED_BACK_DAYS)
            .filter_map(|back| today.checked_sub(jiff::Span::new().days(back)).ok())
            .filter(|date| self.days.contains(&date.weekday()))
            .map(|date| zone.moment(date.at(time.0, time.1, 0, 0)))
            .find(|moment| *moment <= at)
    }

    /// Whether it is time for one: a moment at which one was wanted has passed since the last was made, whether or not anybody
    /// was there to make it then. One that failed is tried again after a quarter of an hour.
    pub fn is_due(
        &self,
        last_made: Option<Timestamp>,
        failed_at: Option<Timestamp>,
        zone: &Zone,
        at: Timestamp,
    ) -> bool {
        // A clock that was set back waits for nothing for ever.
        let waits = failed_at.is_some_and(|failed| failed <= at && at < failed.plus_millis(WAIT_MS));
        !waits && self.owed_since(last_made, zone, at).is_some()
    }

    /// Since when one is owed; `None` where none is. One that is dated after `at` was made by a clock that went wrong, and counts for
    /// nothing.
    pub fn owed_since(&self, last_made: Option<Timestamp>, zone: &Zone, at: Timestamp) -> Option<Timestamp> {
        let wanted = self.last_wanted(zone, at)?;
        let made = last_made.filter(|made| *made <= at);
        made.is_none_or(|made| made < wanted).then_some(wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn school_days() -> Wanted {
        let days = ["monday", "tuesday", "wednesday", "thursday", "friday"];
        Wanted {
            from_minute: minute_of("02:30").unwrap(),
            days: days.iter().filter_map(|day| weekday_of(day)).collect(),
        }
    }

    #[test]
    fn one_is_made_on_its_days_in_the_schools_own_time_and_a_missed_one_at_the_next_start() {
        let zone = Zone::named("Europe/London").unwrap();
        let wanted = school_days();
        for (last, now, due) in [
            // Never one: the last wanted moment has passed.
            (None, "2026-06-01T00:00:00Z", true),
            // 02:30 in summer is 01:30 in UTC.
            (Some("2026-06-01T01:30:05Z"), "2026-06-02T01:29:59Z", false),
            (Some("2026-06-01T01:30:05Z"), "2026-06-02T01:30:00Z", true),
            // Friday's holds for the weekend.
            (Some("2026-06-05T01:31:00Z"), "2026-06-07T23:00:00Z", false),
            (Some("2026-06-05T01:31:00Z"), "2026-06-08T01:31:00Z", true),
            // A school that was off for days makes one when it is on again, and one only.
            (Some("2026-06-01T01:31:00Z"), "2026-06-04T12:00:00Z", true),
            (Some("2026-06-04T12:00:10Z"), "2026-06-04T12:05:00Z", false),
            // One from a clock that went wrong is none.
            (Some("2031-01-01T00:00:00Z"), "2026-06-04T12:05:00Z", true),
        ] {
            assert_eq!(wanted.is_due(last.map(at), None, &zone, at(now)), due, "{last:?} {now}");
        }
    }

    #[test]
    fn one_that_failed_is_tried_again_after_a_while() {
        let zone = Zone::utc();
        let now = at("2026-06-01T12:00:00Z");
        for (failed, due) in [(0, false), (14, false), (15, true), (-5, true)] {
            let failed = Some(now.plus_millis(-failed * 60_000));
            assert_eq!(school_days().is_due(None, failed, &zone, now), due, "{failed:?}");
        }
        assert!(!Wanted { days: Vec::new(), from_minute: 0 }.is_due(None, None, &zone, now));
    }

    #[test]
    fn the_hour_that_the_clocks_skip_has_its_back_up_after_the_gap() {
        let zone = Zone::named("Europe/London").unwrap();
        let wanted = Wanted { from_minute: minute_of("01:30").unwrap(), days: vec![Weekday::Sunday] };
        let owed = wanted.owed_since(None, &zone, at("2026-03-29T12:00:00Z"));
        assert_eq!(owed, Some(at("2026-03-29T01:30:00Z")));
    }
}
