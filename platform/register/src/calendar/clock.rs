//! A clock that was started: when it is due, what of it is used, and what paused it.

use jiff::Span;
use jiff::civil::Date;
use kit::Timestamp;

use super::rule::Rule;
use super::year::{SchoolYear, Why};

/// A span in which a clock stood still, or will.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// Its first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
    /// Why.
    pub why: Why,
}

/// A clock that was started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// When.
    pub started_at: Timestamp,
    /// When it is due.
    pub due_at: Timestamp,
    /// What pauses it in between, in order.
    pub pauses: Vec<Pause>,
}

impl Rule {
    /// Starts it. A day counts whole or not at all, and the one on which it starts never does. Cost grows with its days.
    pub fn start(self, at: Timestamp, year: &SchoolYear) -> Run {
        let today = year.zone().local(at).date();
        match self {
            Self::Hours(many) => Run::without_pause(at, at.plus_millis(i64::from(many) * HOUR_MS)),
            Self::SchoolHours(many) => school_hours(at, today, i64::from(many) * HOUR_MS, year),
            Self::Days(many) => days(at, today, many, year, |_, _| None),
            Self::WorkingDays(many) => days(at, today, many, year, SchoolYear::no_work),
            Self::SchoolDays(many) => days(at, today, many, year, SchoolYear::no_school),
            Self::Months(many) => months(at, today, many, year),
        }
    }
}

impl Run {
    const fn without_pause(started_at: Timestamp, due_at: Timestamp) -> Self {
        Self { started_at, due_at, pauses: Vec::new() }
    }

    /// From `started_at` to a moment that somebody set, by no rule.
    pub const fn until(started_at: Timestamp, due_at: Timestamp) -> Self {
        Self::without_pause(started_at, due_at)
    }

    /// For how long it has run by `at`, without its pauses.
    pub fn used_ms(&self, at: Timestamp) -> i64 {
        let at = at.clamp(self.started_at, self.due_at.max(self.started_at));
        let between = |from: Timestamp, to: Timestamp| to.as_millis().saturating_sub(from.as_millis()).max(0);
        let paused: i64 =
            self.pauses.iter().map(|pause| between(pause.from.max(self.started_at), pause.to.min(at))).sum();
        between(self.started_at, at).saturating_sub(paused)
    }

    /// How much of it is used by `at`, in hundredths of the whole.
    pub fn used_percent(&self, at: Timestamp) -> u8 {
        let whole = self.used_ms(self.due_at).max(1);
        u8::try_from(self.used_ms(at).saturating_mul(100) / whole).unwrap_or(100).min(100)
    }

    /// What had paused it by `at`, the pause that it is in among them.
    pub fn paused_until(&self, at: Timestamp) -> impl Iterator<Item = &Pause> {
        self.pauses.iter().filter(move |pause| pause.from < at)
    }

    /// Whether its time is over.
    pub fn is_over(&self, at: Timestamp) -> bool {
        at >= self.due_at
    }
}

const HOUR_MS: i64 = 3_600_000;
/// Further than this no calendar is looked at: a year and a half.
const FURTHEST_DAYS: u16 = 550;

/// The days from `first` on, as far as any calendar is looked at.
fn ahead(first: Date) -> impl Iterator<Item = Date> {
    std::iter::successors(Some(first), |day| day.tomorrow().ok()).take(usize::from(FURTHEST_DAYS))
}

/// To the end of the so-many-th day for which nothing speaks against.
fn days(
    at: Timestamp,
    today: Date,
    many: u16,
    year: &SchoolYear,
    against: impl Fn(&SchoolYear, Date) -> Option<Why>,
) -> Run {
    let (mut left, mut pauses, mut due_at) = (many, Pauses::default(), at);
    for day in ahead(today) {
        match against(year, day) {
            Some(why) => pauses.add(year.begins(day).max(at), year.ends(day), why),
            None if day == today => {}
            None => left = left.saturating_sub(1),
        }
        if left == 0 {
            due_at = year.ends(day);
            break;
        }
        due_at = year.ends(day);
    }
    Run { started_at: at, due_at, pauses: pauses.0 }
}

fn school_hours(at: Timestamp, today: Date, whole_ms: i64, year: &SchoolYear) -> Run {
    let (mut left, mut pauses, mut due_at) = (whole_ms, Pauses::default(), at);
    for day in ahead(today) {
        let (begins, ends) = (year.begins(day).max(at), year.ends(day));
        if let Some(why) = year.no_school(day) {
            pauses.add(begins, ends, why);
            continue;
        }
        let (opens, closes) = year.open(day);
        let (opens, closes) = (opens.max(at), closes.max(at));
        pauses.add(begins, opens, Why::Night);
        due_at = opens.plus_millis(left);
        if due_at <= closes {
            break;
        }
        left -= closes.as_millis() - opens.as_millis();
        pauses.add(closes, ends, Why::Night);
    }
    Run { started_at: at, due_at, pauses: pauses.0 }
}

fn months(at: Timestamp, today: Date, many: u16, year: &SchoolYear) -> Run {
    let last = today.saturating_add(Span::new().months(i64::from(many)));
    let (mut pauses, mut due_at) = (Pauses::default(), year.ends(last));
    for day in ahead(last) {
        due_at = year.ends(day);
        match year.no_work(day) {
            Some(why) => pauses.add(year.begins(day), due_at, why),
            None => break,
        }
    }
    Run { started_at: at, due_at, pauses: pauses.0 }
}

/// Pauses that touch and are of one kind are one; a night beside a day off belongs to it.
#[derive(Default)]
struct Pauses(Vec<Pause>);

impl Pauses {
    fn add(&mut self, from: Timestamp, to: Timestamp, why: Why) {
        if from >= to {
            return;
        }
        match self.0.last_mut() {
            Some(last) if last.to == from && (last.why == why || why == Why::Night) => last.to = to,
            Some(last) if last.to == from && last.why == Why::Night => {
                last.to = to;
                last.why = why;
            }
            _ => self.0.push(Pause { from, to, why }),
        }
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
