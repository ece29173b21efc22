//! Quiet hours, on the school's own clocks.

use jiff::civil::Weekday;
use kit::{Timestamp, Zone};

/// When nothing goes that is not urgent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    /// From this minute of the day on.
    pub from_minute: u16,
    /// Until this one; of the next day, where it is the earlier of the two. The same for both: no hours but the weekend's.
    pub until_minute: u16,
    /// And on Saturdays and Sundays the whole day.
    pub weekends: bool,
}

/// Minutes of a day.
const DAY: u16 = 24 * 60;
/// How far ahead the end of quiet hours can be, in days: behind a weekend.
const AHEAD: i64 = 4;

/// The minute of the day that a text such as `07:30` tells; hours and minutes, and nothing else.
pub fn minute_of(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let digits = |text: &str| {
        (text.len() <= 2 && text.bytes().all(|one| one.is_ascii_digit())).then(|| text.parse::<u16>().ok())?
    };
    let (hours, minutes) = (digits(hours)?, digits(minutes).filter(|_| minutes.len() == 2)?);
    (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
}

impl Hours {
    /// No quiet hours at all.
    pub const NONE: Self = Self { from_minute: 0, until_minute: 0, weekends: false };

    fn holds(self, weekday: Weekday, minute: u16) -> bool {
        if self.weekends && matches!(weekday, Weekday::Saturday | Weekday::Sunday) {
            return true;
        }
        let Self { from_minute: from, until_minute: until, .. } = self;
        if from <= until { (from..until).contains(&minute) } else { minute >= from || minute < until }
    }

    /// Whether they hold at `at`.
    pub fn hold(self, zone: &Zone, at: Timestamp) -> bool {
        let local = zone.local(at);
        self.holds(local.date().weekday(), local.minute_of_day())
    }

    /// The first moment from `at` on in which they do not hold.
    pub fn over(self, zone: &Zone, at: Timestamp) -> Timestamp {
        if !self.hold(zone, at) {
            return at;
        }
        let today = zone.local(at).date();
        let ends = (0..=AHEAD).flat_map(|days| {
            let date = today.checked_add(jiff::Span::new().days(days)).unwrap_or(today);
            [0, self.until_minute % DAY].map(|minute| {
                let (hour, minute) = (minute / 60, minute % 60);
                // Both are within a day, so within an i8.
                zone.moment(date.at(i8::try_from(hour).unwrap_or(0), i8::try_from(minute).unwrap_or(0), 0, 0))
            })
        });
        ends.filter(|end| *end > at).find(|end| !self.hold(zone, *end)).unwrap_or(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NIGHTS: Hours = Hours { from_minute: 18 * 60, until_minute: 7 * 60 + 30, weekends: true };

    fn over(hours: Hours, written: &str) -> String {
        let london = Zone::named("Europe/London").unwrap();
        let at = london.written(written).unwrap();
        london.local(hours.over(&london, at)).civil().to_string()
    }

    #[test]
    fn what_comes_in_the_evening_waits_for_the_morning_and_on_friday_for_monday() {
        for (at, goes) in [
            ("2026-11-23T07:29", "2026-11-23T07:30:00"),
            ("2026-11-23T07:30", "2026-11-23T07:30:00"),
            ("2026-11-23T12:00", "2026-11-23T12:00:00"),
            ("2026-11-23T17:59", "2026-11-23T17:59:00"),
            ("2026-11-23T18:00", "2026-11-24T07:30:00"),
            ("2026-11-23T23:59", "2026-11-24T07:30:00"),
            ("2026-11-27T18:00", "2026-11-30T07:30:00"),
            ("2026-11-28T12:00", "2026-11-30T07:30:00"),
            ("2026-11-29T23:59", "2026-11-30T07:30:00"),
        ] {
            assert_eq!(over(NIGHTS, at), goes, "{at}");
        }
    }

    #[test]
    fn hours_of_ones_own_may_lie_within_a_day_or_be_none() {
        let noon = Hours { from_minute: 720, until_minute: 780, weekends: false };
        for (hours, at, goes) in [
            (noon, "2026-11-28T12:30", "2026-11-28T13:00:00"),
            (noon, "2026-11-28T13:00", "2026-11-28T13:00:00"),
            (Hours::NONE, "2026-11-28T03:00", "2026-11-28T03:00:00"),
            (Hours { weekends: true, ..Hours::NONE }, "2026-11-28T03:00", "2026-11-30T00:00:00"),
            (Hours { weekends: false, ..NIGHTS }, "2026-11-27T20:00", "2026-11-28T07:30:00"),
        ] {
            assert_eq!(over(hours, at), goes, "{hours:?} {at}");
        }
    }

    #[test]
    fn quiet_hours_are_those_of_the_clock_on_the_wall() {
        let london = Zone::named("Europe/London").unwrap();
        let hours = Hours { weekends: false, ..NIGHTS };
        // The clocks go back in the night to 25 October 2026: the night is an hour longer, and ends at half past seven all the same.
        let at = Timestamp::parse("2026-10-24T20:00:00Z").unwrap();
        assert_eq!(hours.over(&london, at).to_string(), "2026-10-25T07:30:00Z");
        let at = Timestamp::parse("2026-10-23T20:00:00Z").unwrap();
        assert_eq!(hours.over(&london, at).to_string(), "2026-10-24T06:30:00Z");
    }

    #[test]
    fn a_time_of_the_day_is_hours_and_minutes() {
        for (text, minute) in [("07:30", Some(450)), ("0:00", Some(0)), ("23:59", Some(1439))] {
            assert_eq!(minute_of(text), minute, "{text}");
        }
        for text in ["", "7", "7:3", "24:00", "12:60", "-1:00", "+1:00", "1:+1", "12:000", "noon"] {
            assert_eq!(minute_of(text), None, "{text}");
        }
    }
}
