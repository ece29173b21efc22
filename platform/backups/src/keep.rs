//! Which old back-ups may go. Pure.

use std::collections::BTreeSet;

use kit::{Timestamp, Zone};

/// How many are kept: the newest of each of so many days, weeks and months that have one. Counted by those that are there and not
/// by the calendar, so that a school that is closed for the summer keeps its last ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Days.
    pub days: u16,
    /// Weeks, from Monday.
    pub weeks: u16,
    /// Months.
    pub months: u16,
}

impl Default for Keep {
    /// Two weeks, two months, a year.
    fn default() -> Self {
        Self { days: 14, weeks: 8, months: 12 }
    }
}

impl Keep {
    /// Those of `made` that may go, in the order given. Never the newest, and never one dated after `at`: where a clock went wrong a
    /// person decides. Every one of `made` is good: what was not proved must not be among them, since the last good one would go
    /// for it.
    pub fn going(self, made: &[Timestamp], zone: &Zone, at: Timestamp) -> Vec<Timestamp> {
        let mut past: Vec<Timestamp> = made.iter().copied().filter(|one| *one <= at).collect();
        past.sort_unstable_by(|one, other| other.cmp(one));
        past.dedup();
        let mut stays: BTreeSet<Timestamp> = past.first().copied().into_iter().collect();
        let date = |one: &Timestamp| zone.local(*one).date();
        keep_newest_of(&past, self.days, |one| date(one).to_string(), &mut stays);
        let week = |one: &Timestamp| {
            let week = date(one).iso_week_date();
            format!("{}-{}", week.year(), week.week())
        };
        keep_newest_of(&past, self.weeks, week, &mut stays);
        let month = |one: &Timestamp| format!("{}-{}", date(one).year(), date(one).month());
        keep_newest_of(&past, self.months, month, &mut stays);
        made.iter().copied().filter(|one| *one <= at && !stays.contains(one)).collect()
    }
}

/// Keeps the newest of each of so many spans that have one. `past` is sorted, newest first.
fn keep_newest_of(
    past: &[Timestamp],
    spans: u16,
    span: impl Fn(&Timestamp) -> String,
    stays: &mut BTreeSet<Timestamp>,
) {
    let mut seen = BTreeSet::new();
    for one in past {
        let span = span(one);
        if seen.contains(&span) {
            continue;
        }
        if seen.len() == usize::from(spans) {
            return;
        }
        seen.insert(span);
        stays.insert(*one);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY_MS: i64 = 86_400_000;

    fn day(number: i64) -> Timestamp {
        Timestamp::from_millis(number * DAY_MS + 9_000_000)
    }

    #[test]
    fn a_year_of_nightly_back_ups_leaves_days_weeks_and_months() {
        let (zone, keep) = (Zone::utc(), Keep { days: 7, weeks: 4, months: 6 });
        let mut there: Vec<Timestamp> = Vec::new();
        for night in 20_000..20_365 {
            there.push(day(night));
            let going = keep.going(&there, &zone, day(night));
            there.retain(|one| !going.contains(one));
            assert!(there.len() <= 17, "{night}: {}", there.len());
        }
        let ages: Vec<i64> =
            there.iter().rev().map(|one| (day(20_364).as_millis() - one.as_millis()) / DAY_MS).collect();
        assert_eq!(ages[..7], [0, 1, 2, 3, 4, 5, 6]);
        assert!(ages.last().is_some_and(|oldest| (120..190).contains(oldest)), "{ages:?}");
        // More than six months lie between no two of them.
        assert!(ages.windows(2).all(|two| two[1] - two[0] <= 31), "{ages:?}");
    }

    #[test]
    fn a_school_that_was_closed_keeps_what_it_has_and_one_is_never_too_many() {
        let (zone, keep) = (Zone::utc(), Keep { days: 2, weeks: 0, months: 0 });
        let made = [day(100), day(101), day(102)];
        assert_eq!(keep.going(&made, &zone, day(400)), [day(100)]);
        let none = Keep { days: 0, weeks: 0, months: 0 };
        assert_eq!(none.going(&[day(100), day(101)], &zone, day(400)), [day(100)], "the newest stays");
        assert_eq!(
            none.going(&[day(100), day(900)], &zone, day(400)),
            [],
            "of two, one is from a wrong clock"
        );
    }

    proptest! {
        #[test]
        fn the_newest_good_one_never_goes_and_more_is_kept_where_more_is_asked(
            made in prop::collection::vec(0i64..2_000, 0..60),
            (days, weeks, months) in (0u16..20, 0u16..20, 0u16..20),
            now in 0i64..2_000,
        ) {
            let made: Vec<Timestamp> = made.into_iter().map(day).collect();
            let (zone, at) = (Zone::utc(), day(now));
            let going = Keep { days, weeks, months }.going(&made, &zone, at);
            let newest = made.iter().filter(|one| **one <= at).max();
            prop_assert!(newest.is_none_or(|newest| !going.contains(newest)));
            prop_assert!(going.iter().all(|one| *one <= at));
            let more = Keep { days: days + 1, weeks, months: months + 1 }.going(&made, &zone, at);
            prop_assert!(more.iter().all(|one| going.contains(one)));
            // What has gone makes no other go.
            let left: Vec<Timestamp> = made.iter().copied().filter(|one| !going.contains(one)).collect();
            prop_assert_eq!(Keep { days, weeks, months }.going(&left, &zone, at), Vec::<Timestamp>::new());
        }
    }
}
