//! Days and times that the calendar names to no effect.

use jiff::civil::Date;

use crate::calendar::{Calendar, weekdays};
use crate::document::{CalendarSection, On, Problem};

/// How many days of a term are looked through: no term lasts longer, whatever a slip of the pen makes of it.
const DAYS_OF_A_TERM: usize = 400;

/// A time that crosses midnight and lasts longer than this, in minutes, is most likely one whose two ends were swapped: from
/// the end of a school day to the beginning of the next is shorter.
const LONGEST_PAST_MIDNIGHT: u16 = 18 * 60;

pub(super) fn review(section: &CalendarSection, calendar: &Calendar, problems: &mut Vec<Problem>) {
    terms(section, calendar, problems);
    closed(section, calendar, problems);
    lessons(section, problems);
    times(section, calendar, problems);
}

fn day(text: &str) -> Option<Date> {
    text.parse().ok()
}

fn terms(section: &CalendarSection, calendar: &Calendar, problems: &mut Vec<Problem>) {
    let mut terms: Vec<_> = section
        .terms
        .iter()
        .filter_map(|term| Some((day(&term.from)?, day(&term.to)?, term)))
        .filter(|(from, to, _)| from <= to)
        .collect();
    terms.sort_by_key(|(from, to, _)| (*from, *to));
    let mut last: Option<&(Date, Date, &crate::document::Term)> = None;
    for term in &terms {
        if let Some((_, end, earlier)) = last
            && term.0 <= *end
        {
            problems.push(Problem::error(
                term.2.line.0,
                format!("{:?} begins on {}, and {:?} goes on until {end}", term.2.name, term.0, earlier.name),
                "Correct the days: terms follow each other and share no day.",
            ));
        }
        last = Some(last.filter(|(_, end, _)| *end > term.1).unwrap_or(term));
        if !days_of(term.0, term.1).any(|day| calendar.is_school_day(day)) {
            problems.push(Problem::warning(
                term.2.line.0,
                format!("{:?} has not one school day in it", term.2.name),
                "Correct its days, or the closed days.",
            ));
        }
    }
}

fn days_of(from: Date, to: Date) -> impl Iterator<Item = Date> {
    std::iter::successors(Some(from), |day| day.tomorrow().ok())
        .take_while(move |day| *day <= to)
        .take(DAYS_OF_A_TERM)
}

/// Closed days that are no school days anyway. Bank holidays are allowed to be: a school copies the whole list of them.
fn closed(section: &CalendarSection, calendar: &Calendar, problems: &mut Vec<Problem>) {
    for (place, text) in section.closed.iter().enumerate() {
        let Some(day) = day(text) else { continue };
        let line = section.closed_lines.of(place);
        let why = if !calendar.is_in_term(day) {
            "lies in no term"
        } else if calendar.is_weekend(day) {
            "is a Saturday or a Sunday"
        } else {
            continue;
        };
        problems.push(Problem::warning(
            line,
            format!("the closed day {text} {why}, so that nothing is different on it"),
            "Correct the date, or remove it.",
        ));
    }
}

fn lessons(section: &CalendarSection, problems: &mut Vec<Problem>) {
    // Times of day in their one form compare as texts.
    let mut lessons: Vec<_> = section.lessons.iter().filter(|lesson| lesson.from < lesson.to).collect();
    lessons.sort_by_key(|lesson| (&lesson.from, &lesson.to));
    for pair in lessons.windows(2) {
        if let [earlier, lesson] = pair
            && lesson.from < earlier.to
        {
            problems.push(Problem::warning(
                lesson.line.0,
                format!(
                    "lesson {} begins at {}, and lesson {} goes on until {}",
                    lesson.id, lesson.from, earlier.id, earlier.to
                ),
                "Correct their times.",
            ));
        }
    }
}

/// How many minutes a time lasts that crosses midnight; `None` for any other.
fn past_midnight(from: &str, to: &str) -> Option<u16> {
    let minutes = |text: &str| {
        let (hour, minute) = text.split_once(':')?;
        hour.parse::<u16>().ok()?.checked_mul(60)?.checked_add(minute.parse().ok()?)
    };
    let (from, to) = (minutes(from)?, minutes(to)?);
    (to < from).then(|| (24 * 60 + to).saturating_sub(from))
}

fn times(section: &CalendarSection, calendar: &Calendar, problems: &mut Vec<Problem>) {
    let school_days: Vec<usize> = if section.terms.is_empty() {
        (0..5).collect()
    } else {
        let terms = section.terms.iter().filter_map(|term| Some((day(&term.from)?, day(&term.to)?)));
        let days = terms.flat_map(|(from, to)| days_of(from, to));
        days.filter(|day| calendar.is_school_day(*day)).map(weekday).collect()
    };
    for time in &section.times {
        if time.from == "24:00" {
            problems.push(Problem::error(
                time.line.0,
                format!("the time {:?} begins at 24:00, when its day is over", time.id),
                "Write 00:00, with the days on which it then begins.",
            ));
        }
        if let Some(minutes) = past_midnight(&time.from, &time.to)
            && minutes > LONGEST_PAST_MIDNIGHT
        {
            let lasts = match (minutes / 60, minutes % 60) {
                (hours, 0) => format!("{hours} hours"),
                (hours, rest) => format!("{hours} hours {rest} minutes"),
            };
            problems.push(Problem::warning(
                time.line.0,
                format!(
                    "the time {:?} runs from {} past midnight to {}, {lasts} in all",
                    time.id, time.from, time.to
                ),
                format!("Swap its two times if it is meant to run from {} to {}.", time.to, time.from),
            ));
        }
        let Some(on) = weekdays(&time.days) else { continue };
        let holds = |day: usize| on.get(day).copied().unwrap_or(false);
        let meets = match time.on {
            On::AnyDay => true,
            On::SchoolDays => school_days.iter().any(|day| holds(*day)),
            // Outside the terms there is every day of the week; without terms only the weekend and closed days are off.
            On::NotSchoolDays => {
                !section.terms.is_empty()
                    || holds(5)
                    || holds(6)
                    || crate::calendar::closed_days(section)
                        .filter_map(|(text, _)| day(text))
                        .any(|day| holds(weekday(day)))
            }
        };
        if !meets {
            problems.push(Problem::warning(
                time.line.0,
                format!("the time {:?} never holds: no day of the calendar is one of its days", time.id),
                "Correct its days, or its on = \"school-days\", \"not-school-days\" or \"any-day\".",
            ));
        }
    }
}

/// From Monday, 0.
fn weekday(day: Date) -> usize {
    usize::from(day.weekday().to_monday_zero_offset().unsigned_abs())
}
