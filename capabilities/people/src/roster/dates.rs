//! Days as other systems write them.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Which comes first where a day is written with strokes: 4/2/2014.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// The day: 4 February.
    DayFirst,
    /// The month: 2 April.
    MonthFirst,
}

/// How the days of a file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dates {
    /// In this order, wherever it matters.
    In(Order),
    /// Nothing says which comes first.
    Unclear,
    /// Some begin with the day, others with the month.
    Mixed,
}

/// A day as somebody at the school writes it, the day first, or as `2014-02-04`; as `2014-02-04`.
pub fn day_by_hand(text: &str) -> Option<String> {
    Dates::In(Order::DayFirst).read(text).ok()
}

/// A day as people at the school write it, as in `18/12/2026`.
pub fn written_by_hand(day: jiff::civil::Date) -> String {
    day.strftime("%d/%m/%Y").to_string()
}

/// Why a day was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoDate {
    /// It is none.
    Not,
    /// It can be read two ways.
    TwoWays,
}

impl Dates {
    /// How the days among `values` are written; `said` is what whoever gave them says.
    pub fn of<'a>(values: impl IntoIterator<Item = &'a str>, said: Option<Order>) -> Self {
        if let Some(said) = said {
            return Self::In(said);
        }
        let (mut day, mut month) = (false, false);
        for (first, second, _) in values.into_iter().filter_map(parts) {
            day |= first > 12;
            month |= second > 12;
        }
        match (day, month) {
            (true, false) => Self::In(Order::DayFirst),
            (false, true) => Self::In(Order::MonthFirst),
            (false, false) => Self::Unclear,
            (true, true) => Self::Mixed,
        }
    }

    /// A day as `2014-02-04`.
    pub fn read(self, text: &str) -> Result<String, NoDate> {
        let date = if let Some((first, second, year)) = parts(text) {
            let (day, month) = match self {
                _ if first == second => (first, second),
                Self::In(Order::DayFirst) => (first, second),
                Self::In(Order::MonthFirst) => (second, first),
                Self::Unclear | Self::Mixed => return Err(NoDate::TwoWays),
            };
            Date::new(year, i8::try_from(month).unwrap_or(0), i8::try_from(day).unwrap_or(0)).ok()
        } else {
            // `2014-02-04T00:00:00Z` is of that day; `20140204` too.
            text.split(['T', ' ']).next().and_then(|day| day.parse::<Date>().ok())
        };
        date.filter(|date| (1900..2200).contains(&date.year()))
            .map(|date| date.to_string())
            .ok_or(NoDate::Not)
    }
}

/// The three numbers of a day that does not begin with its year.
fn parts(text: &str) -> Option<(u8, u8, i16)> {
    let mut numbers = text.split(' ').next()?.split(['/', '.', '-']);
    let (first, second, year) = (numbers.next()?, numbers.next()?, numbers.next()?);
    if numbers.next().is_some() || first.len() > 2 || year.len() != 4 {
        return None;
    }
    Some((first.parse().ok()?, second.parse().ok()?, year.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_read_by_what_its_neighbours_show_and_never_guessed() {
        let american = ["4/2/2000", "12/19/1997"];
        let british = ["04/02/2000", "19/12/1997"];
        for (values, said, text, read) in [
            (&american[..], None, "4/2/2000", Ok("2000-04-02")),
            (&british[..], None, "04/02/2000", Ok("2000-02-04")),
            (&["4/2/2000"][..], None, "4/2/2000", Err(NoDate::TwoWays)),
            (&["4/2/2000"][..], None, "5/5/2000", Ok("2000-05-05")),
            (&["4/2/2000"][..], Some(Order::DayFirst), "4/2/2000", Ok("2000-02-04")),
            (&["13/1/2000", "1/13/2000"][..], None, "13/1/2000", Err(NoDate::TwoWays)),
            (&[][..], None, "2021-08-24", Ok("2021-08-24")),
            (&[][..], None, "2021-08-24T00:00:00.000Z", Ok("2021-08-24")),
            (&[][..], None, "20210824", Ok("2021-08-24")),
            (&american[..], None, "13/19/1997", Err(NoDate::Not)),
            (&[][..], None, "2021-02-30", Err(NoDate::Not)),
            (&[][..], None, "0001-01-01", Err(NoDate::Not)),
            (&[][..], None, "next week", Err(NoDate::Not)),
        ] {
            let dates = Dates::of(values.iter().copied(), said);
            assert_eq!(dates.read(text), read.map(str::to_owned), "{text} among {values:?}");
        }
    }
}
