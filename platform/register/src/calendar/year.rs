//! A school's year: terms, closed days, and the hours of a school day.

use jiff::civil::{Date, Weekday};
use kit::{Timestamp, Zone};

/// A term or half-term, both days included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// What the school calls it.
    pub name: String,
    /// Its first day.
    pub from: Date,
    /// Its last day.
    pub to: Date,
}

/// Why a clock stands still.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// It is a school day, and outside the school's hours.
    Night,
    /// It is Saturday or Sunday.
    Weekend,
    /// The school is closed on that day of term, as for training.
    Closed,
    /// It is a bank holiday.
    BankHoliday,
    /// It is between two terms.
    Holiday {
        /// The term before it.
        after: String,
    },
}

impl Why {
    /// As people say it.
    pub fn words(&self) -> String {
        match self {
            Self::Night => "outside the school’s hours".to_owned(),
            Self::Weekend => "weekend".to_owned(),
            Self::Closed => "the school is closed".to_owned(),
            Self::BankHoliday => "bank holiday".to_owned(),
            Self::Holiday { after } => format!("holiday after {after}"),
        }
    }
}

/// What the register must know of a school's year. Before the first term that is written down and after the last nobody knows when
/// school is kept, so that every Monday to Friday counts that is not closed: a clock must not stand still for ever because next year's
/// terms are not written yet.
#[derive(Debug, Clone)]
pub struct SchoolYear {
    zone: Zone,
    terms: Vec<Term>,
    closed: Vec<Date>,
    bank_holidays: Vec<Date>,
    hours: (u16, u16),
}

/// From when to when school is kept where no lesson says so, in minutes from midnight.
const HOURS: (u16, u16) = (9 * 60, 15 * 60 + 30);

impl SchoolYear {
    /// One without terms and holidays, from nine to half past three.
    pub const fn new(zone: Zone) -> Self {
        Self { zone, terms: Vec::new(), closed: Vec::new(), bank_holidays: Vec::new(), hours: HOURS }
    }

    /// With these terms, in any order.
    #[must_use]
    pub fn terms(mut self, terms: impl IntoIterator<Item = Term>) -> Self {
        self.terms.extend(terms.into_iter().filter(|term| term.from <= term.to));
        self.terms.sort_by_key(|term| term.from);
        self
    }

    /// Closed on these days.
    #[must_use]
    pub fn closed(mut self, days: impl IntoIterator<Item = Date>) -> Self {
        self.closed.extend(days);
        self
    }

    /// With these bank holidays.
    #[must_use]
    pub fn bank_holidays(mut self, days: impl IntoIterator<Item = Date>) -> Self {
        self.bank_holidays.extend(days);
        self
    }

    /// With these hours of a school day, in minutes from midnight; what is no span of a day changes nothing.
    #[must_use]
    pub const fn hours(mut self, from: u16, to: u16) -> Self {
        if from < to && to <= 24 * 60 {
            self.hours = (from, to);
        }
        self
    }

    /// The school's zone.
    pub const fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Why no school is kept on that day; `None` where it is.
    pub fn no_school(&self, day: Date) -> Option<Why> {
        let ended = self.terms.iter().rfind(|term| term.to < day);
        let begins = self.terms.iter().any(|term| term.from > day);
        let in_term = self.terms.iter().any(|term| (term.from..=term.to).contains(&day));
        if let Some(ended) = ended
            && begins
            && !in_term
        {
            return Some(Why::Holiday { after: ended.name.clone() });
        }
        self.no_work(day).or_else(|| self.closed.contains(&day).then_some(Why::Closed))
    }

    /// Why that is no working day, Monday to Friday and no bank holiday; `None` where it is one.
    pub fn no_work(&self, day: Date) -> Option<Why> {
        if self.bank_holidays.contains(&day) {
            return Some(Why::BankHoliday);
        }
        matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday).then_some(Why::Weekend)
    }

    /// Whether school is kept on that day.
    pub fn is_school_day(&self, day: Date) -> bool {
        self.no_school(day).is_none()
    }

    /// The first moment of a day.
    pub fn begins(&self, day: Date) -> Timestamp {
        self.at(day, 0)
    }

    /// The first moment after a day.
    pub fn ends(&self, day: Date) -> Timestamp {
        self.at(day, 24 * 60)
    }

    /// From when to when school is kept on a day on which it is.
    pub fn open(&self, day: Date) -> (Timestamp, Timestamp) {
        (self.at(day, self.hours.0), self.at(day, self.hours.1))
    }

    /// The moment so many minutes after a day's midnight, as the school's clocks show it.
    pub fn at(&self, day: Date, minute: u16) -> Timestamp {
        if minute >= 24 * 60 {
            return day.tomorrow().map_or(Timestamp::from_millis(i64::MAX), |next| self.at(next, 0));
        }
        let part = |minutes: u16| i8::try_from(minutes).unwrap_or(0);
        self.zone.moment(day.at(part(minute / 60), part(minute % 60), 0, 0))
    }
}
