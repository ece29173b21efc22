//! A week as a table, and the lesson of now. Pure.

use std::collections::BTreeSet;

use engine::document::CalendarSection;
use jiff::civil::{Date, Time};
use people::timetable::{Lesson, is_same_period};

/// A period of the day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// What the school calls it.
    pub name: String,
    /// From when until when, where the policy's calendar has a lesson of that name.
    pub times: Option<(String, String)>,
}

/// What is in a cell: a class, its room, and which of several weeks it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    /// The class.
    pub class: String,
    /// The room.
    pub room: Option<String>,
    /// The week.
    pub week: Option<String>,
}

/// A week.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Week {
    /// The days that it has, Monday as 1.
    pub days: Vec<i8>,
    /// Its periods with what is on each of those days.
    pub rows: Vec<(Period, Vec<Vec<Cell>>)>,
}

/// The lessons of a time that goes on at `day`, as a week.
pub fn week(lessons: &[Lesson], calendar: &CalendarSection, day: Date) -> Week {
    let held: Vec<&Lesson> = lessons.iter().filter(|lesson| lesson.slot.holds(day)).collect();
    if held.is_empty() {
        return Week::default();
    }
    let days: BTreeSet<i8> = held.iter().filter_map(|lesson| lesson.slot.day).chain(1..=5).collect();
    let days: Vec<i8> = days.into_iter().collect();
    let mut periods: Vec<Period> = Vec::new();
    for lesson in &held {
        let name = &lesson.slot.period;
        if !periods.iter().any(|period| is_same_period(&period.name, name)) {
            let known = calendar.lessons.iter().find(|one| is_same_period(&one.id, name));
            let times = known.map(|one| (one.from.clone(), one.to.clone()));
            periods.push(Period { name: name.clone(), times });
        }
    }
    // Those of which nobody knows when they are come last, by name.
    let order = |period: &Period| {
        let begins = period.times.as_ref().map(|(from, _)| from.clone());
        (begins.is_none(), begins, period.name.len(), period.name.clone())
    };
    periods.sort_by_key(order);
    let rows = periods.into_iter().map(|period| {
        let cells = days.iter().map(|day| {
            let here = held.iter().filter(|lesson| {
                lesson.slot.is_in(&period.name) && lesson.slot.day.is_none_or(|one| one == *day)
            });
            let cells: BTreeSet<Cell> = here
                .map(|lesson| Cell {
                    class: lesson.name.clone(),
                    room: lesson.slot.room.clone(),
                    week: lesson.slot.week.clone(),
                })
                .collect();
            cells.into_iter().collect()
        });
        let cells = cells.collect();
        (period, cells)
    });
    let rows: Vec<(Period, Vec<Vec<Cell>>)> = rows.collect();
    Week { days, rows }
}

/// A lesson that goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Now {
    /// The class.
    pub class: String,
    /// Where it is.
    pub room: Option<String>,
    /// When it ends, as the school's clock shows it.
    pub until: String,
}

/// The lessons that go on, of these: on a school day, within the times that the calendar gives their period. Of several weeks nobody can tell
/// which it is, so that there may be more than one.
pub fn now(lessons: &[Lesson], calendar: &CalendarSection, day: Date, time: Time) -> Vec<Now> {
    let at = format!("{:02}:{:02}", time.hour(), time.minute());
    let going_on = calendar.lessons.iter().filter(|one| padded(&one.from) <= at && at < padded(&one.to));
    let mut all: Vec<Now> = Vec::new();
    for period in going_on {
        for lesson in lessons.iter().filter(|one| one.slot.is_on(day) && one.slot.is_in(&period.id)) {
            let now =
                Now { class: lesson.name.clone(), room: lesson.slot.room.clone(), until: period.to.clone() };
            if !all.contains(&now) {
                all.push(now);
            }
        }
    }
    all
}

/// A time of the calendar with two digits for the hour, so that it compares as a clock does.
fn padded(time: &str) -> String {
    if time.len() == 4 { format!("0{time}") } else { time.to_owned() }
}

#[cfg(test)]
mod tests {
    use people::timetable::Slot;

    use super::*;

    fn calendar() -> CalendarSection {
        toml::from_str(
            "zone = 'Europe/London'\n[[lesson]]\nid = '2'\nfrom = '10:00'\nto = '11:00'\n[[lesson]]\nid = '1'\nfrom = '09:00'\nto = '10:00'\n",
        )
        .unwrap()
    }

    fn lesson(name: &str, day: Option<i8>, period: &str, week: Option<&str>) -> Lesson {
        Lesson {
            class: kit::Ids::default().make(kit::Timestamp::from_millis(1)),
            name: name.to_owned(),
            slot: Slot {
                day,
                week: week.map(str::to_owned),
                period: period.to_owned(),
                room: Some("Lab".to_owned()),
                ..Slot::default()
            },
        }
    }

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn a_week_has_its_periods_in_the_order_of_the_day() {
        let lessons = [
            lesson("7B", Some(2), "P2", None),
            lesson("8A", Some(2), "Period 1", Some("A")),
            lesson("9C", Some(2), "1", Some("B")),
            lesson("Clubs", Some(6), "After school", None),
        ];
        let week = week(&lessons, &calendar(), day("2026-11-24"));
        assert_eq!(week.days, [1, 2, 3, 4, 5, 6]);
        let names: Vec<&str> = week.rows.iter().map(|(period, _)| period.name.as_str()).collect();
        assert_eq!(names, ["Period 1", "P2", "After school"]);
        assert_eq!(week.rows[0].0.times, Some(("09:00".to_owned(), "10:00".to_owned())));
        let tuesday: Vec<&str> = week.rows[0].1[1].iter().map(|cell| cell.class.as_str()).collect();
        assert_eq!(tuesday, ["8A", "9C"], "both weeks stand in it");
        assert!(week.rows[0].1[0].is_empty() && week.rows[2].1[5][0].class == "Clubs");
        assert_eq!(super::week(&[], &calendar(), day("2026-11-24")), Week::default());
    }

    #[test]
    fn the_lesson_of_now_is_within_the_times_of_its_period() {
        let lessons = [lesson("7B", Some(2), "P1", None), lesson("8A", None, "2", None)];
        let at = |hour, minute| Time::new(hour, minute, 0, 0).unwrap();
        let going_on = |on: &str, time| {
            now(&lessons, &calendar(), day(on), time)
                .into_iter()
                .map(|now| (now.class, now.until))
                .collect::<Vec<_>>()
        };
        let one = |class: &str, until: &str| vec![(class.to_owned(), until.to_owned())];
        for (on, time, expected) in [
            ("2026-11-24", at(9, 0), one("7B", "10:00")),
            ("2026-11-24", at(9, 59), one("7B", "10:00")),
            ("2026-11-24", at(10, 0), one("8A", "11:00")),
            ("2026-11-23", at(9, 30), vec![]),
            ("2026-11-23", at(10, 30), one("8A", "11:00")),
            ("2026-11-24", at(8, 59), vec![]),
            ("2026-11-24", at(11, 0), vec![]),
        ] {
            assert_eq!(going_on(on, time), expected, "{on} {time}");
        }
    }
}
