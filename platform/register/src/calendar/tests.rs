//! Clocks, rule by rule, on the year of a school with two half-terms and a training day.

use jiff::civil::{Date, date};
use kit::Zone;

use super::*;
use crate::calendar::Term;

fn term(name: &str, from: Date, to: Date) -> Term {
    Term { name: name.into(), from, to }
}

fn year() -> SchoolYear {
    SchoolYear::new(Zone::named("Europe/London").unwrap())
        .terms([
            term("Spring", date(2027, 1, 4), date(2027, 3, 25)),
            term("Autumn 2", date(2026, 11, 2), date(2026, 12, 18)),
            term("Autumn 1", date(2026, 9, 2), date(2026, 10, 23)),
        ])
        .closed([date(2026, 11, 27)])
        .bank_holidays([date(2026, 12, 25), date(2026, 12, 28), date(2027, 1, 1)])
        .hours(9 * 60, 15 * 60)
}

/// When it is due by the school's clocks, and what pauses it.
fn run(rule: &str, started: &str) -> (String, Vec<String>) {
    let year = year();
    let at = year.zone().written(started).unwrap();
    let run = rule.parse::<Rule>().unwrap().start(at, &year);
    let shown = |at: Timestamp| year.zone().local(at).civil().strftime("%a %d %b %H:%M").to_string();
    let pauses = run.pauses.iter();
    let pauses = pauses
        .map(|pause| format!("{} to {}: {}", shown(pause.from), shown(pause.to), pause.why.words()))
        .collect();
    (shown(run.due_at), pauses)
}

fn check(rule: &str, started: &str, due: &str, pauses: &[&str]) {
    let (found, paused) = run(rule, started);
    assert_eq!(found, due, "{rule} from {started}");
    assert_eq!(paused, pauses, "{rule} from {started}");
}

#[test]
fn seventy_two_hours_run_through_nights_weekends_and_clock_changes() {
    check("72 hours", "2026-11-20T15:00", "Mon 23 Nov 15:00", &[]);
    // The clocks go back on 25 October and forward on 28 March: an hour is an hour.
    check("72 hours", "2026-10-23T15:00", "Mon 26 Oct 14:00", &[]);
    check("72 hours", "2027-03-26T15:00", "Mon 29 Mar 16:00", &[]);
}

#[test]
fn a_working_day_is_monday_to_friday_and_no_bank_holiday() {
    check("1 working day", "2026-11-23T15:00", "Wed 25 Nov 00:00", &[]);
    let weekend = ["Sat 28 Nov 00:00 to Mon 30 Nov 00:00: weekend"];
    // A day of training is a working day, and so is a holiday.
    check("1 working day", "2026-11-26T15:00", "Sat 28 Nov 00:00", &[]);
    check("1 working day", "2026-11-27T15:00", "Tue 01 Dec 00:00", &weekend);
    check("1 working day", "2026-10-26T08:00", "Wed 28 Oct 00:00", &[]);
    check(
        "1 working day",
        "2026-12-24T12:00",
        "Wed 30 Dec 00:00",
        &[
            "Fri 25 Dec 00:00 to Sat 26 Dec 00:00: bank holiday",
            "Sat 26 Dec 00:00 to Mon 28 Dec 00:00: weekend",
            "Mon 28 Dec 00:00 to Tue 29 Dec 00:00: bank holiday",
        ],
    );
}

#[test]
fn five_school_days_wait_for_half_term_and_a_day_of_training() {
    check(
        "5 school days",
        "2026-11-09T10:00",
        "Tue 17 Nov 00:00",
        &["Sat 14 Nov 00:00 to Mon 16 Nov 00:00: weekend"],
    );
    check(
        "5 school days",
        "2026-10-21T10:00",
        "Thu 05 Nov 00:00",
        &["Sat 24 Oct 00:00 to Mon 02 Nov 00:00: holiday after Autumn 1"],
    );
    check(
        "2 school days",
        "2026-11-26T10:00",
        "Wed 02 Dec 00:00",
        &[
            "Fri 27 Nov 00:00 to Sat 28 Nov 00:00: the school is closed",
            "Sat 28 Nov 00:00 to Mon 30 Nov 00:00: weekend",
        ],
    );
}

#[test]
fn a_clock_that_starts_in_a_holiday_stands_still_at_once() {
    check(
        "1 school day",
        "2026-10-28T10:00",
        "Tue 03 Nov 00:00",
        &["Wed 28 Oct 10:00 to Mon 02 Nov 00:00: holiday after Autumn 1"],
    );
    check(
        "2 school hours",
        "2026-10-28T10:00",
        "Mon 02 Nov 11:00",
        &["Wed 28 Oct 10:00 to Mon 02 Nov 09:00: holiday after Autumn 1"],
    );
}

#[test]
fn school_hours_wait_for_the_morning() {
    check("2 school hours", "2026-11-23T10:00", "Mon 23 Nov 12:00", &[]);
    check("6 school hours", "2026-11-23T09:00", "Mon 23 Nov 15:00", &[]);
    check(
        "2 school hours",
        "2026-11-23T14:00",
        "Tue 24 Nov 10:00",
        &["Mon 23 Nov 15:00 to Tue 24 Nov 09:00: outside the school’s hours"],
    );
    check(
        "2 school hours",
        "2026-11-23T07:00",
        "Mon 23 Nov 11:00",
        &["Mon 23 Nov 07:00 to Mon 23 Nov 09:00: outside the school’s hours"],
    );
    check(
        "2 school hours",
        "2026-11-20T14:30",
        "Mon 23 Nov 10:30",
        &["Fri 20 Nov 15:00 to Mon 23 Nov 09:00: weekend"],
    );
}

#[test]
fn a_month_ends_with_its_month_and_never_on_a_day_off() {
    check("1 month", "2026-11-10T10:00", "Fri 11 Dec 00:00", &[]);
    // 31 January has no fellow in February; the 28th is a Sunday.
    check(
        "1 month",
        "2027-01-31T10:00",
        "Tue 02 Mar 00:00",
        &["Sun 28 Feb 00:00 to Mon 01 Mar 00:00: weekend"],
    );
    check(
        "1 month",
        "2026-11-25T10:00",
        "Wed 30 Dec 00:00",
        &[
            "Fri 25 Dec 00:00 to Sat 26 Dec 00:00: bank holiday",
            "Sat 26 Dec 00:00 to Mon 28 Dec 00:00: weekend",
            "Mon 28 Dec 00:00 to Tue 29 Dec 00:00: bank holiday",
        ],
    );
    check(
        "3 months",
        "2026-11-30T10:00",
        "Tue 02 Mar 00:00",
        &["Sun 28 Feb 00:00 to Mon 01 Mar 00:00: weekend"],
    );
}

#[test]
fn days_by_the_calendar_have_an_hour_more_or_less_when_the_clocks_change() {
    check("14 days", "2026-11-23T10:00", "Tue 08 Dec 00:00", &[]);
    let year = year();
    for (day, hours) in [("2026-10-24", 25), ("2027-03-27", 23), ("2026-11-23", 24)] {
        let evening = year.ends(day.parse().unwrap());
        let run = Rule::Days(1).start(evening.plus_millis(-1), &year);
        assert_eq!(run.due_at.as_millis() - evening.as_millis(), hours * HOUR_MS, "{day}");
    }
}

#[test]
fn what_is_used_leaves_pauses_out() {
    let year = year();
    let at = |text: &str| year.zone().written(text).unwrap();
    let run = "2 school hours".parse::<Rule>().unwrap().start(at("2026-11-20T14:30"), &year);
    for (now, percent) in [
        ("2026-11-20T14:00", 0),
        ("2026-11-20T14:30", 0),
        ("2026-11-20T15:00", 25),
        ("2026-11-22T12:00", 25),
        ("2026-11-23T09:00", 25),
        ("2026-11-23T10:00", 75),
        ("2026-11-23T10:30", 100),
        ("2026-11-24T10:30", 100),
    ] {
        assert_eq!(run.used_percent(at(now)), percent, "{now}");
        assert_eq!(run.is_over(at(now)), percent == 100, "{now}");
    }
    assert_eq!(run.paused_until(at("2026-11-20T14:45")).count(), 0);
    assert_eq!(run.paused_until(at("2026-11-21T12:00")).count(), 1);
}

#[test]
fn after_the_last_term_that_is_written_every_monday_to_friday_counts() {
    check(
        "2 school days",
        "2027-07-29T10:00",
        "Tue 03 Aug 00:00",
        &["Sat 31 Jul 00:00 to Mon 02 Aug 00:00: weekend"],
    );
    check("1 school day", "2026-08-04T10:00", "Thu 06 Aug 00:00", &[]);
}
