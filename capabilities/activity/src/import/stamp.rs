//! Moments as other filters' logs write them.

use jiff::civil::{self, DateTime};
use kit::{Timestamp, Zone};

/// Moments before this are no moments of a log: 2000-01-01.
const EARLIEST_MS: i64 = 946_684_800_000;
/// Nor are moments from this on: 2100-01-01.
const LATEST_MS: i64 = 4_102_444_800_000;

/// What can be a moment of a log.
pub fn sensible(at: Timestamp) -> Option<Timestamp> {
    (EARLIEST_MS..LATEST_MS).contains(&at.as_millis()).then_some(at)
}

/// Seconds since 1970, with a fraction or without: `1700000000.123`.
pub fn epoch(text: &str) -> Option<Timestamp> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 12 || !is_number(whole) || !is_number(part) {
        return None;
    }
    let seconds: i64 = whole.parse().ok()?;
    let millis: i64 = format!("{part:0<3}").get(..3)?.parse().ok()?;
    sensible(Timestamp::from_millis(seconds.checked_mul(1_000)?.checked_add(millis)?))
}

/// `25/Nov/2026:10:49:00 +0000`.
pub fn web_server(text: &str, zone: &Zone) -> Option<Timestamp> {
    let (when, offset) = text.split_once(' ').unwrap_or((text, ""));
    let mut parts = when.splitn(4, ['/', ':']);
    let (day, month, year, time) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let civil = at(year.parse().ok()?, month_of(month)?, day.parse().ok()?, time)?;
    let Some(minutes) = offset_of(offset) else {
        return sensible(zone.moment(civil)).filter(|_| offset.is_empty());
    };
    sensible(Zone::utc().moment(civil).plus_millis(-minutes.checked_mul(60_000)?))
}

/// `2026.11.5` and `9:42:32`, on the clocks of a zone.
pub fn dotted(day: &str, time: &str, zone: &Zone) -> Option<Timestamp> {
    let mut parts = day.split('.');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    sensible(zone.moment(at(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?, time)?))
}

/// `Nov  5 10:49:00` on the clocks of a zone, in the last year that ends `now` or a little later.
pub fn without_year(month: &str, day: &str, time: &str, zone: &Zone, now: Timestamp) -> Option<Timestamp> {
    const A_DAY_MS: i64 = 86_400_000;
    let (month, day) = (month_of(month)?, day.parse().ok()?);
    let this_year = zone.local(now).civil().year();
    // The 29th of February is in one year of four.
    (0..5)
        .filter_map(|back| at(this_year.checked_sub(back)?, month, day, time))
        .map(|civil| zone.moment(civil))
        .find(|moment| moment.as_millis() <= now.plus_millis(A_DAY_MS).as_millis())
        .and_then(sensible)
}

fn at(year: i16, month: i8, day: i8, time: &str) -> Option<DateTime> {
    let mut parts = time.split(':').map(str::parse::<i8>);
    let (hour, minute, second) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    if parts.next().is_some() {
        return None;
    }
    let day = civil::Date::new(year, month, day).ok()?;
    // A leap second is the second before.
    Some(day.to_datetime(civil::Time::new(hour, minute, second.min(59), 0).ok()?))
}

fn month_of(text: &str) -> Option<i8> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let place = MONTHS.iter().position(|month| *month == text)?;
    i8::try_from(place + 1).ok()
}

/// `+0530` in minutes.
fn offset_of(text: &str) -> Option<i64> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    if digits.len() != 4 {
        return None;
    }
    let number = |text: Option<&str>| text?.parse::<u8>().ok().map(i64::from);
    Some(sign * (number(digits.get(..2))? * 60 + number(digits.get(2..))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_of_writing_a_moment_is_read() {
        let london = Zone::named("Europe/London").unwrap();
        let wanted = |text: &str| Timestamp::parse(text);
        let now = wanted("2027-01-10T12:00:00Z").unwrap();
        for (read, moment) in [
            (epoch("1795690140.5"), "2026-11-26T10:49:00.500Z"),
            (epoch("1795690140"), "2026-11-26T10:49:00Z"),
            (web_server("25/Nov/2026:10:49:00 +0100", &london), "2026-11-25T09:49:00Z"),
            (web_server("25/Jun/2026:10:49:00", &london), "2026-06-25T09:49:00Z"),
            (dotted("2026.6.5", "9:42:32", &london), "2026-06-05T08:42:32Z"),
            (without_year("Nov", "5", "10:49:00", &london, now), "2026-11-05T10:49:00Z"),
            (without_year("Jan", "11", "11:00:00", &london, now), "2027-01-11T11:00:00Z"),
            (without_year("Jan", "12", "11:00:00", &london, now), "2026-01-12T11:00:00Z"),
            (without_year("Feb", "29", "11:00:00", &london, now), "2024-02-29T11:00:00Z"),
        ] {
            assert_eq!(read, wanted(moment), "{moment}");
        }
        for none in [
            epoch("XXXXXXXXXX.XXXXXX"),
            epoch(""),
            epoch("12"),
            epoch("99999999999999999999"),
            web_server("25/Nov/2026:10:49:00 UTC", &london),
            web_server("31/Feb/2026:10:49:00 +0000", &london),
            dotted("2026.13.5", "9:42:32", &london),
            without_year("Nov", "31", "9:42:32", &london, now),
        ] {
            assert_eq!(none, None);
        }
    }
}
