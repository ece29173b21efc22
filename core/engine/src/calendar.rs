//! The school's year and day as the engine asks about them: which named times hold at a moment.

use jiff::civil::{Date, Weekday};
use kit::{LocalTime, Timestamp, Zone};

use crate::document::{CalendarSection, Line, NamedTime, On, Problem};

/// The built-in time that holds inside every lesson of a school day.
pub const LESSONS: &str = "lessons";
/// The built-in time that holds on a school day outside all lessons.
pub const OUTSIDE_LESSONS: &str = "outside-lessons";
/// The built-in time that holds all through a school day.
pub const SCHOOL_DAYS: &str = "school-days";

/// Which named times hold: one bit for each, in the order of [`Calendar::times`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct TimeSet(u64);

impl TimeSet {
    /// How many named times a policy may have, with the built-in ones.
    pub const CAPACITY: usize = 64;

    /// The set with those bits.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The bits.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Whether the two sets share a time.
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    fn put(&mut self, place: usize) {
        if place < Self::CAPACITY {
            self.0 |= 1 << place;
        }
    }
}

/// A moment as the policy sees it: what has ended, and which named times hold. Worked out once a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The moment.
    pub at: Timestamp,
    /// The named times that hold.
    pub times: TimeSet,
}

/// A school's calendar.
#[derive(Debug, Clone)]
pub struct Calendar {
    zone: Zone,
    terms: Vec<(Date, Date)>,
    closed: Vec<Date>,
    lessons: Vec<(u16, u16)>,
    times: Vec<Time>,
}

/// One named time.
#[derive(Debug, Clone)]
struct Time {
    id: String,
    name: String,
    when: When,
}

#[derive(Debug, Clone)]
enum When {
    Lessons,
    OutsideLessons,
    SchoolDays,
    Span { days: [bool; 7], from: u16, to: u16, on: On },
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl Calendar {
    /// Reads the section; every mistake is added to `problems`.
    pub fn read(section: &CalendarSection, problems: &mut Vec<Problem>) -> Self {
        let line = section.line.0;
        let zone = Zone::named(&section.zone).unwrap_or_else(|error| {
            problems.push(Problem::error(line, error.to_string(), "Correct the zone of [calendar]."));
            Zone::utc()
        });
        let mut closed: Vec<Date> = closed_days(section)
            .filter_map(|(text, at)| date(text, "a closed day", Line(at).or(line), problems))
            .collect();
        closed.sort_unstable();
        let mut terms = Vec::new();
        for term in &section.terms {
            let line = term.line.or(line);
            if let (Some(from), Some(to)) =
                (date(&term.from, &term.name, line, problems), date(&term.to, &term.name, line, problems))
            {
                if to < from {
                    problems.push(Problem::error(
                        line,
                        format!("{} ends before it begins", term.name),
                        "Swap its two days.",
                    ));
                }
                terms.push((from, to));
            }
        }
        let mut lessons = Vec::new();
        for lesson in &section.lessons {
            let (what, line) = (format!("lesson {}", lesson.id), lesson.line.or(line));
            if let Some((from, to)) = span(&lesson.from, &lesson.to, &what, line, problems) {
                if to <= from {
                    let how = if to == from { "begins and ends together" } else { "ends before it begins" };
                    problems.push(Problem::error(line, format!("{what} {how}"), "Correct its times."));
                }
                lessons.push((from, to));
            }
        }
        let built_in = |id: &str, name: &str, when| Time { id: id.to_owned(), name: name.to_owned(), when };
        let mut times = vec![
            built_in(LESSONS, "lessons", When::Lessons),
            built_in(OUTSIDE_LESSONS, "outside lessons", When::OutsideLessons),
            built_in(SCHOOL_DAYS, "school days", When::SchoolDays),
        ];
        for time in &section.times {
            let (what, line) = (format!("the time {:?}", time.id), time.line.or(line));
            if times.iter().any(|earlier| earlier.id == time.id) {
                problems.push(Problem::error(
                    line,
                    format!("{what} is there twice"),
                    "Give one of them another id.",
                ));
            }
            if let Some(when) = read_time(time, &what, line, problems) {
                times.push(Time {
                    id: time.id.clone(),
                    name: time.name.clone().unwrap_or_else(|| time.id.clone()),
                    when,
                });
            }
        }
        if times.len() > TimeSet::CAPACITY {
            problems.push(Problem::error(
                line,
                format!("there are {} named times, and at most {} fit", times.len(), TimeSet::CAPACITY),
                "Join times that always hold together.",
            ));
        }
        Self { zone, terms, closed, lessons, times }
    }

    /// The school's zone.
    pub const fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The ids of the named times, in the order of their bits.
    pub fn times(&self) -> impl Iterator<Item = &str> {
        self.times.iter().map(|time| time.id.as_str())
    }

    /// The bit of the named time.
    pub fn time(&self, id: &str) -> Option<TimeSet> {
        let place = self.times.iter().position(|time| time.id == id)?;
        let mut set = TimeSet::default();
        set.put(place);
        Some(set)
    }

    /// What people call the named times of a set.
    pub fn names(&self, set: TimeSet) -> Vec<&str> {
        self.times
            .iter()
            .enumerate()
            .filter(|(place, _)| *place < TimeSet::CAPACITY && set.0 >> place & 1 == 1)
            .map(|(_, time)| time.name.as_str())
            .collect()
    }

    /// Whether the school keeps lessons on that day: in a term, Monday to Friday, not closed. Without terms every such
    /// day counts.
    pub fn is_school_day(&self, day: Date) -> bool {
        !self.is_weekend(day) && self.is_in_term(day) && self.closed.binary_search(&day).is_err()
    }

    /// When the first lesson of a day begins, in minutes from midnight; none where the calendar has no lessons.
    pub fn first_lesson(&self) -> Option<u16> {
        self.lessons.iter().map(|(from, _)| *from).min()
    }

    /// When the lesson ends that is going on at `at`; of several, the one that ends first. None outside lessons.
    pub fn lesson_ends(&self, at: LocalTime) -> Option<Timestamp> {
        let (today, now) = (at.date(), at.minute_of_day());
        let lessons = self.lessons.iter().filter(|(from, to)| (*from..*to).contains(&now));
        let ends = lessons.map(|(_, to)| *to).min().filter(|_| self.is_school_day(today))?;
        if ends >= 24 * 60 {
            return Some(self.zone.midnight_after(at.at(), 1));
        }
        let (hour, minute) = (i8::try_from(ends / 60).ok()?, i8::try_from(ends % 60).ok()?);
        Some(self.zone.moment(today.at(hour, minute, 0, 0)))
    }

    /// Whether that day is a Saturday or a Sunday.
    pub(crate) fn is_weekend(&self, day: Date) -> bool {
        matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
    }

    /// Whether that day lies in a term; every day does where there are none.
    pub(crate) fn is_in_term(&self, day: Date) -> bool {
        self.terms.is_empty() || self.terms.iter().any(|(from, to)| (*from..=*to).contains(&day))
    }

    /// The moment as the policy sees it. A few hundred nanoseconds: worked out once a minute, since no named time
    /// begins or ends within one.
    pub fn moment(&self, at: LocalTime) -> Moment {
        let (today, minute) = (at.date(), at.minute_of_day());
        let yesterday = today.yesterday().unwrap_or(today);
        let school_day = self.is_school_day(today);
        let in_lesson = school_day && self.lessons.iter().any(|(from, to)| (*from..*to).contains(&minute));
        let mut times = TimeSet::default();
        for (place, time) in self.times.iter().enumerate() {
            let holds = match &time.when {
                When::Lessons => in_lesson,
                When::OutsideLessons => school_day && !in_lesson,
                When::SchoolDays => school_day,
                When::Span { days, from, to, on } => {
                    let on_day = |day: Date| {
                        let of_week = usize::from(day.weekday().to_monday_zero_offset().unsigned_abs());
                        let right_kind = match on {
                            On::AnyDay => true,
                            On::SchoolDays => self.is_school_day(day),
                            On::NotSchoolDays => !self.is_school_day(day),
                        };
                        right_kind && days.get(of_week).copied().unwrap_or(false)
                    };
                    if from < to {
                        (*from..*to).contains(&minute) && on_day(today)
                    } else {
                        (minute >= *from && on_day(today)) || (minute < *to && on_day(yesterday))
                    }
                }
            };
            if holds {
                times.put(place);
            }
        }
        Moment { at: at.at(), times }
    }

    /// The moment as the policy sees it, from an instant.
    pub fn moment_at(&self, at: Timestamp) -> Moment {
        self.moment(self.zone.local(at))
    }
}

/// The days of term on which the school is closed, bank holidays among them, each with its line.
pub(crate) fn closed_days(section: &CalendarSection) -> impl Iterator<Item = (&str, u32)> {
    let all =
        [(&section.closed, &section.closed_lines), (&section.bank_holidays, &section.bank_holiday_lines)];
    all.into_iter()
        .flat_map(|(days, lines)| days.iter().enumerate().map(|(place, day)| (day.as_str(), lines.of(place))))
}

/// Which days of the week are meant, from Monday; all where none is named. `None` where one is no day.
pub(crate) fn weekdays(named: &[String]) -> Option<[bool; 7]> {
    let mut days = [named.is_empty(); 7];
    for day in named {
        let place = DAYS.iter().position(|known| known == day)?;
        *days.get_mut(place)? = true;
    }
    Some(days)
}

fn read_time(time: &NamedTime, what: &str, line: u32, problems: &mut Vec<Problem>) -> Option<When> {
    let (from, to) = span(&time.from, &time.to, what, line, problems)?;
    let days = weekdays(&time.days).unwrap_or_else(|| {
        let wrong = time.days.iter().filter(|day| !DAYS.contains(&day.as_str()));
        problems.extend(wrong.map(|day| {
            let message = format!("{what} has the day {day:?}");
            Problem::error(line, message, "Days are mon, tue, wed, thu, fri, sat and sun.")
        }));
        [false; 7]
    });
    if from == to {
        problems.push(Problem::error(line, format!("{what} begins and ends together"), "Correct its times."));
    }
    Some(When::Span { days, from, to, on: time.on })
}

fn date(text: &str, what: &str, line: u32, problems: &mut Vec<Problem>) -> Option<Date> {
    let date = text.parse::<Date>().ok();
    if date.is_none() {
        problems.push(Problem::error(
            line,
            format!("{what} has the date {text:?}"),
            "Write year, month and day, as in 2026-09-02.",
        ));
    }
    date
}

/// Minutes from midnight of two times of day.
fn span(from: &str, to: &str, what: &str, line: u32, problems: &mut Vec<Problem>) -> Option<(u16, u16)> {
    let minutes = |text: &str| -> Option<u16> {
        let (hour, minute) = text.split_once(':')?;
        if hour.len() != 2 || minute.len() != 2 {
            return None;
        }
        let (hour, minute) = (hour.parse::<u16>().ok()?, minute.parse::<u16>().ok()?);
        (minute < 60 && (hour < 24 || (hour == 24 && minute == 0))).then_some(hour * 60 + minute)
    };
    let is_too_late = |text: &str| {
        let hour = text.split_once(':').and_then(|(hour, _)| hour.parse::<u16>().ok());
        hour.is_some_and(|hour| hour >= 24) && minutes(text).is_none()
    };
    match (minutes(from), minutes(to)) {
        (Some(from), Some(to)) => Some((from, to)),
        _ if is_too_late(from) || is_too_late(to) => {
            problems.push(Problem::error(
                line,
                format!("{what} runs from {from:?} to {to:?}, and a day ends at 24:00"),
                "A time that goes on after midnight ends before it begins, as in 22:00 to 06:00.",
            ));
            None
        }
        _ => {
            problems.push(Problem::error(
                line,
                format!("{what} runs from {from:?} to {to:?}"),
                "Write hours and minutes, as in 09:00; midnight at the end is 24:00.",
            ));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Lesson, Term};

    fn time(id: &str, from: &str, to: &str, on: On, days: &[&str]) -> NamedTime {
        NamedTime {
            id: id.into(),
            name: None,
            days: days.iter().map(|day| (*day).to_owned()).collect(),
            from: from.into(),
            to: to.into(),
            on,
            line: Line(0),
        }
    }

    fn calendar() -> Calendar {
        let section = CalendarSection {
            closed: vec!["2026-11-27".into()],
            bank_holidays: vec!["2026-12-25".into()],
            terms: vec![Term {
                name: "autumn".into(),
                from: "2026-09-02".into(),
                to: "2026-12-18".into(),
                line: Line(0),
            }],
            lessons: vec![
                Lesson { id: "1".into(), from: "09:00".into(), to: "10:00".into(), line: Line(0) },
                Lesson { id: "2".into(), from: "10:00".into(), to: "11:00".into(), line: Line(0) },
            ],
            times: vec![
                time("lunch", "12:00", "13:00", On::SchoolDays, &[]),
                time("night", "21:00", "06:00", On::AnyDay, &["fri"]),
                time("free", "00:00", "24:00", On::NotSchoolDays, &[]),
                time("small-hours", "01:00", "02:00", On::AnyDay, &[]),
            ],
            ..CalendarSection::default()
        };
        let mut problems = Vec::new();
        let calendar = Calendar::read(&section, &mut problems);
        assert_eq!(problems, []);
        calendar
    }

    fn holding(at: &str) -> String {
        let calendar = calendar();
        let moment = calendar.moment_at(Timestamp::parse(at).unwrap());
        calendar.names(moment.times).join(" ")
    }

    #[test]
    fn a_lesson_ends_when_the_school_s_clock_says_so() {
        let calendar = calendar();
        let ends = |at: &str| calendar.lesson_ends(calendar.zone().local(Timestamp::parse(at).unwrap()));
        for (at, end) in [
            ("2026-11-23T09:05:00Z", Some("2026-11-23T10:00:00Z")),
            ("2026-11-23T10:00:00Z", Some("2026-11-23T11:00:00Z")),
            ("2026-11-23T11:00:00Z", None),
            // In summer the school's clocks are an hour ahead.
            ("2026-10-01T08:05:00Z", Some("2026-10-01T09:00:00Z")),
            ("2026-11-22T09:05:00Z", None),
            ("2026-11-27T09:05:00Z", None),
        ] {
            assert_eq!(ends(at), end.and_then(Timestamp::parse), "{at}");
        }
    }

    #[test]
    fn named_times_hold_by_the_schools_clock_and_calendar() {
        for (at, want) in [
            ("2026-11-23T09:30:00Z", "lessons school days"),
            ("2026-11-23T11:00:00Z", "outside lessons school days"),
            ("2026-11-23T12:00:00Z", "outside lessons school days lunch"),
            ("2026-11-23T12:59:59Z", "outside lessons school days lunch"),
            ("2026-11-23T13:00:00Z", "outside lessons school days"),
            ("2026-11-27T12:30:00Z", "free"),
            ("2026-12-21T12:30:00Z", "free"),
            ("2026-11-22T09:30:00Z", "free"),
            // Friday night crosses midnight and still belongs to Friday.
            ("2026-11-20T22:00:00Z", "outside lessons school days night"),
            ("2026-11-21T05:59:00Z", "night free"),
            ("2026-11-21T06:00:00Z", "free"),
            ("2026-11-22T05:00:00Z", "free"),
            // Summer time: the lesson is at nine by the school's clock.
            ("2026-09-07T08:30:00Z", "lessons school days"),
            // The clocks go back: the hour from one to two happens twice.
            ("2026-10-25T00:30:00Z", "free small-hours"),
            ("2026-10-25T01:30:00Z", "free small-hours"),
            ("2026-10-25T02:30:00Z", "free"),
        ] {
            assert_eq!(holding(at), want, "{at}");
        }
    }

    #[test]
    fn a_calendar_says_what_is_wrong_with_it() {
        let section = CalendarSection {
            zone: "Europe/Lundon".into(),
            closed: vec!["27.11.2026".into()],
            times: vec![
                time("a", "9:00", "25:00", On::AnyDay, &[]),
                time("b", "09:00", "10:00", On::AnyDay, &["Montag"]),
            ],
            ..CalendarSection::default()
        };
        let mut problems = Vec::new();
        Calendar::read(&section, &mut problems);
        assert_eq!(problems.len(), 4, "{problems:#?}");
        assert!(problems.iter().all(|problem| !problem.remedy.is_empty()));
    }
}
