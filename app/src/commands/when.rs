//! Times and durations as people type them.

use anyhow::{Result, bail};
use jiff::civil;
use kit::{Timestamp, Zone};

/// A moment on the school's clocks (`2026-11-23T10:30`, `2026-11-23 10:30`, `2026-11-23`), or an instant with an offset
/// (`2026-11-23T10:30:00Z`). A day without a time is its first moment.
pub fn moment(text: &str, zone: &Zone) -> Result<Timestamp> {
    if let Some(at) = zone.written(text) {
        return Ok(at);
    }
    bail!(
        "{text:?} is not a time. Write it as the school's clocks show it, like 2026-11-23T10:30, or with its offset, like 2026-11-23T10:30:00Z."
    )
}

/// The same of what is past, where `today` and `yesterday` are the first moments of those days of the school.
pub fn past(text: &str, zone: &Zone, at: Timestamp) -> Result<Timestamp> {
    let today = zone.day(at);
    match text.trim() {
        "today" => Ok(today.begins),
        "yesterday" => Ok(zone.day(today.begins.plus_millis(-1)).begins),
        _ => moment(text, zone),
    }
}

/// The same where a day alone would leave it open whether the day counts: an end. Somebody who writes `--until 2026-12-04`
/// may mean that day's beginning or its end.
pub fn end(text: &str, zone: &Zone) -> Result<Timestamp> {
    if let Some(day) = day(text) {
        let next = day.tomorrow().unwrap_or(day);
        bail!(
            "{text} is a day without a time; write when on it, as in --until {day}T15:30, or --until {next}T00:00 for all of it"
        )
    }
    moment(text, zone)
}

/// A day without a time.
pub fn day(text: &str) -> Option<civil::Date> {
    // What has a time is read as a date too, and its time left out.
    text.parse::<civil::Date>().ok().filter(|_| text.trim().len() <= "2026-11-23".len())
}

/// A duration in minutes, hours or days: `45m`, `2h`, `3d`; in milliseconds.
pub fn duration_ms(text: &str) -> Result<i64> {
    let split = text.len().saturating_sub(1);
    let (number, unit) = text.split_at_checked(split).unwrap_or(("", text));
    let each = match unit {
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => bail!("{text:?} is not a duration. Write minutes, hours or days, like 45m, 2h or 3d."),
    };
    match number.parse::<i64>() {
        Ok(count) if count > 0 && count <= 5_270_400 => Ok(count * each),
        _ => bail!(
            "{text:?} is not a duration. Write a whole number above 0 and its unit, like 45m, 2h or 3d."
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_the_schools_clocks_show_them() {
        let london = Zone::named("Europe/London").unwrap();
        let summer = Timestamp::parse("2026-06-01T09:30:00Z").unwrap();
        for text in ["2026-06-01T10:30", "2026-06-01 10:30", "2026-06-01T10:30:00+01:00"] {
            assert_eq!(moment(text, &london).unwrap(), summer, "{text}");
        }
        assert_eq!(moment("2026-12-01", &london).unwrap().to_string(), "2026-12-01T00:00:00Z");
        assert!(end("2026-12-04", &london).unwrap_err().to_string().contains("--until 2026-12-05T00:00"));
        assert_eq!(end("2026-06-01T10:30", &london).unwrap(), summer);
        assert!(moment("half past ten", &london).unwrap_err().to_string().contains("2026-11-23T10:30"));
    }

    #[test]
    fn today_begins_at_the_schools_midnight_whatever_the_clocks_did_since() {
        let london = Zone::named("Europe/London").unwrap();
        for (at, today, yesterday) in [
            ("2026-06-01T09:00:00Z", "2026-05-31T23:00:00Z", "2026-05-30T23:00:00Z"),
            // A quarter past midnight in summer, when it is still yesterday in UTC.
            ("2026-06-30T23:15:00Z", "2026-06-30T23:00:00Z", "2026-06-29T23:00:00Z"),
            ("2026-03-29T12:00:00Z", "2026-03-29T00:00:00Z", "2026-03-28T00:00:00Z"),
            ("2026-03-30T12:00:00Z", "2026-03-29T23:00:00Z", "2026-03-29T00:00:00Z"),
            ("2026-10-25T23:30:00Z", "2026-10-24T23:00:00Z", "2026-10-23T23:00:00Z"),
            ("2026-10-26T00:30:00Z", "2026-10-26T00:00:00Z", "2026-10-24T23:00:00Z"),
        ] {
            let at = Timestamp::parse(at).unwrap();
            assert_eq!(past("today", &london, at).unwrap().to_string(), today);
            assert_eq!(past("yesterday", &london, at).unwrap().to_string(), yesterday);
        }
        let at = Timestamp::parse("2026-06-01T09:00:00Z").unwrap();
        assert_eq!(past("2026-06-01", &london, at).unwrap().to_string(), "2026-05-31T23:00:00Z");
        assert!(past("tomorrow", &london, at).is_err());
    }

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(duration_ms("45m").unwrap(), 2_700_000);
        assert_eq!(duration_ms("3d").unwrap(), 259_200_000);
        for wrong in ["", "m", "0h", "-1h", "10", "1w", "½h", "99999999999999999d"] {
            assert!(duration_ms(wrong).is_err(), "{wrong}");
        }
    }
}
