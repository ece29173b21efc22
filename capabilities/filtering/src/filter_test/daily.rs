//! When the filter is tested by itself. Pure.

use kit::{Timestamp, Zone};

/// When the school wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wanted {
    /// Each day from that minute of the school's day on.
    pub from_minute: Option<u16>,
    /// After each change of the policy.
    pub after_changes: bool,
}

/// What is known of tests that were run by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Known {
    /// The newest: when, and under which version of the policy.
    pub last: Option<(Timestamp, u32)>,
    /// When one could last not be run.
    pub failed_at: Option<Timestamp>,
    /// The version of the policy that is published.
    pub policy: u32,
}

/// How long to wait after one could not be run.
const WAIT_MS: i64 = 15 * 60_000;

/// The reading of `06:30`: minutes of the day.
pub fn minute_of(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let number = |text: &str| {
        let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse::<u16>().ok()).flatten()
    };
    let (hour, minute) = (number(hour)?, number(minute)?);
    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
}

/// Whether it is time for one now.
pub fn is_due(wanted: Wanted, known: Known, zone: &Zone, at: Timestamp) -> bool {
    // A clock that was set back waits for nothing for ever.
    let waits = known.failed_at.is_some_and(|failed| failed <= at && at < failed.plus_millis(WAIT_MS));
    if waits {
        return false;
    }
    let local = zone.local(at);
    let today = wanted.from_minute.is_some_and(|minute| {
        local.minute_of_day() >= minute
            && known.last.is_none_or(|(last, _)| zone.local(last).date() < local.date())
    });
    let changed = wanted.after_changes && known.last.is_none_or(|(_, policy)| policy != known.policy);
    today || changed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn it_is_run_once_a_day_from_its_time_on_in_the_schools_own_time() {
        let zone = Zone::named("Europe/London").unwrap();
        let wanted = Wanted { from_minute: minute_of("06:30"), after_changes: false };
        let due = |last: Option<&str>, now: &str| {
            is_due(wanted, Known { last: last.map(|last| (at(last), 1)), ..Known::default() }, &zone, at(now))
        };
        // Summer: 05:30 in UTC is 06:30 at school.
        assert!(!due(None, "2026-06-01T05:29:00Z") && due(None, "2026-06-01T05:30:00Z"));
        assert!(!due(Some("2026-06-01T05:30:10Z"), "2026-06-01T22:59:00Z"));
        // After midnight at school it is another day, and not yet the time.
        assert!(!due(Some("2026-06-01T05:30:10Z"), "2026-06-01T23:30:00Z"));
        assert!(due(Some("2026-06-01T05:30:10Z"), "2026-06-02T05:30:00Z"));
        // A school that was switched off at the time is tested when it is on again.
        assert!(due(Some("2026-06-01T05:30:10Z"), "2026-06-03T12:00:00Z"));
        assert!(!is_due(Wanted::default(), Known::default(), &zone, at("2026-06-03T12:00:00Z")));
    }

    #[test]
    fn it_is_run_after_a_change_and_not_again_and_again_where_it_cannot_be() {
        let zone = Zone::utc();
        let wanted = Wanted { from_minute: None, after_changes: true };
        let now = at("2026-06-01T12:00:00Z");
        let known = |last: Option<u32>, policy, failed: Option<i64>| Known {
            last: last.map(|version| (at("2026-06-01T11:00:00Z"), version)),
            failed_at: failed.map(|minutes| now.plus_millis(-minutes * 60_000)),
            policy,
        };
        for (known, due) in [
            (known(None, 1, None), true),
            (known(Some(1), 1, None), false),
            (known(Some(1), 2, None), true),
            (known(Some(1), 2, Some(1)), false),
            (known(Some(1), 2, Some(15)), true),
            (known(Some(1), 2, Some(-5)), true),
        ] {
            assert_eq!(is_due(wanted, known, &zone, now), due, "{known:?}");
        }
        for (text, minute) in [
            ("06:30", Some(390)),
            ("00:00", Some(0)),
            ("23:59", Some(1439)),
            ("24:00", None),
            ("6:30", None),
            ("0630", None),
        ] {
            assert_eq!(minute_of(text), minute, "{text}");
        }
    }
}
