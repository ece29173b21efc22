//! How long somebody has, as content and law write it.

use std::fmt;
use std::str::FromStr;

/// How long somebody has: `72 hours`, `2 school hours`, `1 working day`, `5 school days`, `14 days`, `1 month`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "String")]
pub enum Rule {
    /// So many hours, by day and night: the 72 hours of UK GDPR, article 33.
    Hours(u16),
    /// So many hours in which the school is open.
    SchoolHours(u16),
    /// To the end of the so-many-th day.
    Days(u16),
    /// To the end of the so-many-th Monday to Friday that is no bank holiday: the one working day in which a LADO hears of an allegation.
    WorkingDays(u16),
    /// To the end of the so-many-th day on which school is kept.
    SchoolDays(u16),
    /// To the end of the day with the same number so many months later, or of the month's last where it has none; of the next working
    /// day where that is none. So the Information Commissioner reckons the month of a subject access request.
    Months(u16),
}

/// What somebody wrote is no rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no length of time; write 72 hours, 2 school hours, 1 working day, 5 school days, 14 days or 1 month"
)]
pub struct NotARule(String);

impl Rule {
    /// How many, and of what: `hour`, `school day`.
    pub const fn parts(self) -> (u16, &'static str) {
        match self {
            Self::Hours(many) => (many, "hour"),
            Self::SchoolHours(many) => (many, "school hour"),
            Self::Days(many) => (many, "day"),
            Self::WorkingDays(many) => (many, "working day"),
            Self::SchoolDays(many) => (many, "school day"),
            Self::Months(many) => (many, "month"),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (many, what) = self.parts();
        write!(f, "{many} {what}{}", if many == 1 { "" } else { "s" })
    }
}

impl FromStr for Rule {
    type Err = NotARule;
    fn from_str(text: &str) -> Result<Self, NotARule> {
        let wrong = || NotARule(text.to_owned());
        let (many, what) = text.trim().split_once(' ').ok_or_else(wrong)?;
        let many: u16 = many.parse().ok().filter(|many| (1..=MOST).contains(many)).ok_or_else(wrong)?;
        Ok(match what.strip_suffix('s').unwrap_or(what) {
            "hour" => Self::Hours(many),
            "school hour" => Self::SchoolHours(many),
            "day" => Self::Days(many),
            "working day" => Self::WorkingDays(many),
            "school day" => Self::SchoolDays(many),
            "month" => Self::Months(many),
            _ => return Err(wrong()),
        })
    }
}

/// Longer than anything at a school waits, and short enough to be counted day by day.
const MOST: u16 = 400;

impl TryFrom<String> for Rule {
    type Error = NotARule;
    fn try_from(text: String) -> Result<Self, NotARule> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_reads_as_it_is_written() {
        for (text, rule) in [
            ("72 hours", Rule::Hours(72)),
            ("2 school hours", Rule::SchoolHours(2)),
            ("14 days", Rule::Days(14)),
            ("1 working day", Rule::WorkingDays(1)),
            ("5 school days", Rule::SchoolDays(5)),
            ("1 month", Rule::Months(1)),
        ] {
            assert_eq!(text.parse(), Ok(rule));
            assert_eq!(rule.to_string(), text);
        }
        for wrong in ["", "hours", "0 days", "401 days", "-1 day", "one day", "3 weeks", "5 schooldays"] {
            assert!(wrong.parse::<Rule>().is_err(), "{wrong}");
        }
    }
}
