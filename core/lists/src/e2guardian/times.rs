//! When e2guardian holds a list to: `9 0 17 0 01234` is from 9:00 to 17:00 on Monday to Friday.

use std::fmt;

/// Minutes of a day.
const DAY: u16 = 24 * 60;

/// The words of a policy for the days, Monday first.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// A stretch of some days of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Band {
    /// Minutes from midnight, before `to`.
    from: u16,
    /// At most those of a day.
    to: u16,
    /// One bit a day, Monday the lowest.
    days: u8,
}

/// Why words are no time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoBand {
    /// There are not five numbers.
    #[error(
        "a time is five numbers: hour and minute of the beginning, of the end, and the days from 0 (Monday) to 6"
    )]
    NotFive,
    /// A number is too large.
    #[error("it has a time that no clock shows, or a day beyond 6 (Sunday)")]
    NoTime,
    /// It ends where it begins, or before.
    #[error("it ends before it begins, so e2guardian never held it; write two, up to 24 0 and from 0 0")]
    Backwards,
}

impl Band {
    /// Reads the five words.
    pub fn parse(text: &str) -> Result<Self, NoBand> {
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let [from_hour, from_minute, to_hour, to_minute, days] = words.as_slice() else {
            return Err(NoBand::NotFive);
        };
        let number = |text: &str| match text.bytes().all(|byte| byte.is_ascii_digit()) {
            true => text.parse::<u16>().map_err(|_| NoBand::NoTime),
            false => Err(NoBand::NotFive),
        };
        let minutes = |hour: &str, minute: &str| {
            let (hour, minute) = (number(hour)?, number(minute)?);
            let all = hour.checked_mul(60).and_then(|minutes| minutes.checked_add(minute));
            all.filter(|all| *all <= DAY && minute < 60).ok_or(NoBand::NoTime)
        };
        let (from, to) = (minutes(from_hour, from_minute)?, minutes(to_hour, to_minute)?);
        let mut bits = 0u8;
        for day in days.bytes() {
            match day {
                b'0'..=b'6' => bits |= 1 << (day - b'0'),
                _ => return Err(NoBand::NoTime),
            }
        }
        if from >= to {
            return Err(NoBand::Backwards);
        }
        // e2guardian counts the last minute in: 23 59 is the end of the day.
        let to = if to == DAY - 1 { DAY } else { to };
        Ok(Self { from, to, days: bits })
    }

    /// The same as a named time of a policy, `id` its name.
    pub fn toml(&self, id: &str) -> String {
        let days: Vec<String> = self.days().map(|day| format!("{day:?}")).collect();
        let days =
            if days.len() == DAYS.len() { String::new() } else { format!("days = [{}]\n", days.join(", ")) };
        format!(
            "[[calendar.time]]\nid = {id:?}\n{days}from = \"{}\"\nto = \"{}\"\non = \"any-day\"\n",
            clock(self.from),
            clock(self.to)
        )
    }

    fn days(&self) -> impl Iterator<Item = &'static str> + '_ {
        DAYS.iter().enumerate().filter(|(day, _)| self.days >> day & 1 == 1).map(|(_, name)| *name)
    }
}

impl fmt::Display for Band {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days: Vec<&str> = self.days().collect();
        write!(f, "{} to {} on {}", clock(self.from), clock(self.to), days.join(", "))
    }
}

fn clock(minutes: u16) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// The rest of the week: what a list that closes at these times leaves open. Days with the same hours are one.
pub fn outside(bands: &[Band]) -> Vec<Band> {
    let mut all: Vec<Band> = Vec::new();
    for day in 0..DAYS.len() {
        let bit = 1u8 << day;
        let mut closed: Vec<(u16, u16)> =
            bands.iter().filter(|band| band.days & bit != 0).map(|band| (band.from, band.to)).collect();
        closed.sort_unstable();
        let mut at = 0;
        let mut open = Vec::new();
        for (from, to) in closed {
            if from > at {
                open.push((at, from));
            }
            at = at.max(to);
        }
        if at < DAY {
            open.push((at, DAY));
        }
        for (from, to) in open {
            match all.iter_mut().find(|band| (band.from, band.to) == (from, to)) {
                Some(band) => band.days |= bit,
                None => all.push(Band { from, to, days: bit }),
            }
        }
    }
    all.sort_unstable();
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bands(texts: &[&str]) -> Vec<Band> {
        texts.iter().map(|text| Band::parse(text).unwrap()).collect()
    }

    fn words(bands: &[Band]) -> Vec<String> {
        bands.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn times_are_read_as_e2guardian_writes_them() {
        assert_eq!(words(&bands(&["9 0 17 0 01234"])), ["09:00 to 17:00 on mon, tue, wed, thu, fri"]);
        assert_eq!(words(&bands(&["22 0 23 59 5"])), ["22:00 to 24:00 on sat"]);
        assert_eq!(words(&bands(&["0  0 07 0 66"])), ["00:00 to 07:00 on sun"]);
        for (text, why) in [
            ("9 0 17 0", NoBand::NotFive),
            ("9 0 17 0 1 2", NoBand::NotFive),
            ("nine 0 17 0 1", NoBand::NotFive),
            ("9 60 17 0 1", NoBand::NoTime),
            ("9 0 25 0 1", NoBand::NoTime),
            ("9 0 99999 0 1", NoBand::NoTime),
            ("9 0 17 0 7", NoBand::NoTime),
            ("17 0 9 0 1", NoBand::Backwards),
            ("9 0 9 0 1", NoBand::Backwards),
        ] {
            assert_eq!(Band::parse(text), Err(why), "{text}");
        }
    }

    #[test]
    fn the_rest_of_the_week_is_what_such_a_list_leaves_open() {
        let outside = outside(&bands(&["9 0 17 0 01234", "12 0 13 0 0", "0 0 24 0 6"]));
        assert_eq!(
            words(&outside),
            [
                "00:00 to 09:00 on mon, tue, wed, thu, fri",
                "00:00 to 24:00 on sat",
                "17:00 to 24:00 on mon, tue, wed, thu, fri",
            ]
        );
        assert_eq!(
            outside[0].toml("x"),
            "[[calendar.time]]\nid = \"x\"\ndays = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\"]\nfrom = \"00:00\"\nto = \"09:00\"\non = \"any-day\"\n"
        );
    }

    proptest! {
        #[test]
        fn every_minute_of_the_week_is_inside_or_outside_and_never_both(
            given in prop::collection::vec((0u16..DAY, 1u16..=DAY, 1u8..128), 0..5), minute in 0u16..DAY, day in 0u8..7,
        ) {
            let bands: Vec<Band> = given
                .into_iter()
                .map(|(from, length, days)| Band { from, to: from.saturating_add(length).min(DAY), days })
                .collect();
            let holds = |bands: &[Band]| {
                bands.iter().any(|band| {
                    band.days >> day & 1 == 1 && band.from <= minute && minute < band.to
                })
            };
            prop_assert_ne!(holds(&bands), holds(&outside(&bands)));
        }
    }
}
