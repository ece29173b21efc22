//! Reports: questions that are one SQL text each, of a kind that DataFusion, DuckDB and ClickHouse read alike.
//!
//! A text knows three tables: `events`, one row a request; `daily`, how many of one day (UTC), group, site and verdict there
//! were; `searches`, what was searched for. They are about what people and devices asked of our own gate: the questions of the
//! school's own test of its filter are not in them, nor what was brought in from another filter's log.

use engine::PersonNo;
use kit::Timestamp;
use kit::host::normalise_host_name;
use serde::{Deserialize, Serialize};

use crate::search::TimeRange;

const A_DAY_MS: i64 = 86_400_000;
/// The longest term that is looked for.
const LONGEST_TERM: usize = 100;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Report {
    /// What one person did: each site of a time, with how often, how much, and from when to when.
    Person {
        /// Who.
        person: PersonNo,
        /// When.
        time: TimeRange,
    },
    /// On which days a site was asked for, by group.
    Site {
        /// The site: what somebody registered, such as `example.org`.
        site: String,
        /// When; whole days in UTC.
        time: TimeRange,
    },
    /// What was blocked most often, by group.
    TopBlocked {
        /// How many sites of each group.
        most: u32,
        /// When; whole days in UTC.
        time: TimeRange,
    },
    /// Searches with a term in them.
    SearchTerms {
        /// The term: what is no letter or digit in it, a hyphen or an apostrophe, stands for anything.
        term: String,
        /// When.
        time: TimeRange,
    },
}

/// The tables that a text can ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// `events`.
    Events,
    /// `daily`.
    Daily,
    /// `searches`.
    Searches,
}

/// Why a report cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadReport {
    /// That is no site.
    #[error("{0:?} is no site; give what somebody registered, such as example.org")]
    Site(String),
    /// That is no term.
    #[error("a term has letters or digits, {LONGEST_TERM} at most")]
    Term,
    /// No calendar has that moment.
    #[error("no calendar has the time that was given")]
    Time,
}

impl Report {
    /// When it is about.
    pub const fn time(&self) -> TimeRange {
        match self {
            Self::Person { time, .. }
            | Self::Site { time, .. }
            | Self::TopBlocked { time, .. }
            | Self::SearchTerms { time, .. } => *time,
        }
    }

    /// All the time that its answer may be about: whole days where it is about days.
    pub fn whole_time(&self) -> TimeRange {
        let time = self.time();
        if self.asks_for() != Asks::Daily {
            return time;
        }
        let midnight = |at: Timestamp| at.as_millis().div_euclid(A_DAY_MS).saturating_mul(A_DAY_MS);
        TimeRange {
            from: time.from.map(|from| Timestamp::from_millis(midnight(from))),
            to: time
                .to
                .map(|to| Timestamp::from_millis(midnight(to.plus_millis(-1)).saturating_add(A_DAY_MS))),
        }
    }

    /// The one table that its text asks.
    pub const fn asks_for(&self) -> Asks {
        match self {
            Self::Person { .. } => Asks::Events,
            Self::Site { .. } | Self::TopBlocked { .. } => Asks::Daily,
            Self::SearchTerms { .. } => Asks::Searches,
        }
    }

    /// The text, the same for every engine.
    pub fn sql(&self) -> Result<String, BadReport> {
        Ok(match self {
            Self::Person { person, time } => format!(
                "select site, count(*) as requests, \
                 sum(case when verdict = 'block' then 1 else 0 end) as blocked, \
                 sum(bytes) as received, min(decided_at) as first_at, max(decided_at) as last_at \
                 from events where person = {}{} \
                 group by site order by requests desc, site",
                person.0,
                moments(*time)?
            ),
            Self::Site { site, time } => {
                let name = normalise_host_name(site).ok_or_else(|| BadReport::Site(site.clone()))?;
                let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
                if !name.chars().all(is_plain) {
                    return Err(BadReport::Site(site.clone()));
                }
                format!(
                    "select day, grp, sum(n) as requests, \
                     sum(case when verdict = 'block' then n else 0 end) as blocked, sum(bytes) as received \
                     from daily where site = '{name}'{} group by day, grp order by day, grp nulls first",
                    days(*time)?
                )
            }
            Self::TopBlocked { most, time } => format!(
                "select grp, site, requests from (\
                 select grp, site, requests, \
                 row_number() over (partition by grp order by requests desc, site) as place from (\
                 select grp, site, sum(n) as requests from daily \
                 where verdict = 'block' and site is not null{} group by grp, site) as sums) as places \
                 where place <= {most} order by grp nulls first, requests desc, site",
                days(*time)?
            ),
            Self::SearchTerms { term, time } => {
                // Searches are written in as many ways as there are people: `self-harm`, `self harm`, `don't`, `don’t`.
                let words: Vec<&str> =
                    term.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
                if words.is_empty() || term.len() > LONGEST_TERM {
                    return Err(BadReport::Term);
                }
                format!(
                    "select decided_at, person, grp, site, searched from searches \
                     where lower(searched) like '%{}%'{} order by decided_at, searched",
                    words.join("%").to_lowercase(),
                    moments(*time)?
                )
            }
        })
    }
}

/// A moment as every engine reads it: `2026-11-23 10:49:00.123`.
fn written(at: Timestamp) -> Result<String, BadReport> {
    let text = at.to_string();
    let text = text.strip_suffix('Z').ok_or(BadReport::Time)?.replace('T', " ");
    let (seconds, part) = text.split_once('.').unwrap_or((&text, "0"));
    if seconds.len() != 19 || !seconds.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(BadReport::Time);
    }
    Ok(format!("{seconds}.{part:0<3}"))
}

fn moments(time: TimeRange) -> Result<String, BadReport> {
    let mut text = String::new();
    if let Some(from) = time.from {
        text += &format!(" and decided_at >= '{}'", written(from)?);
    }
    if let Some(to) = time.to {
        text += &format!(" and decided_at < '{}'", written(to)?);
    }
    Ok(text)
}

fn days(time: TimeRange) -> Result<String, BadReport> {
    let day = |at| written(at).map(|text| text.chars().take(10).collect::<String>());
    let mut text = String::new();
    if let Some(from) = time.from {
        text += &format!(" and day >= '{}'", day(from)?);
    }
    if let Some(to) = time.to {
        // The last moment that is in it: midnight belongs to the day that it begins.
        text += &format!(" and day <= '{}'", day(to.plus_millis(-1))?);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time() -> TimeRange {
        let at = |text| Timestamp::parse(text);
        TimeRange { from: at("2026-11-23T08:30:00.500Z"), to: at("2026-11-25T00:00:00Z") }
    }

    #[test]
    fn what_is_typed_cannot_become_part_of_the_text() {
        let site = |site: &str| Report::Site { site: site.to_owned(), time: time() }.sql();
        let text = site("Example.ORG.").unwrap();
        assert!(
            text.contains("where site = 'example.org' and day >= '2026-11-23' and day <= '2026-11-24' group"),
            "{text}"
        );
        for odd in ["' or 1=1 --", "a b", "", "x'y.org"] {
            assert_eq!(site(odd), Err(BadReport::Site(odd.to_owned())));
        }
        let term = |term: &str| Report::SearchTerms { term: term.to_owned(), time: time() }.sql();
        let text = term(" Chess Club ").unwrap();
        assert!(text.contains("like '%chess%club%' and decided_at >= '2026-11-23 08:30:00.500'"), "{text}");
        for (typed, looked_for) in
            [("self-harm", "self%harm"), ("don't", "don%t"), ("' or 1=1 --", "or%1%1"), ("100%", "100")]
        {
            assert!(term(typed).unwrap().contains(&format!("like '%{looked_for}%'")), "{typed}");
        }
        for odd in ["'", "%", "_", " ", "\\"] {
            assert_eq!(term(odd), Err(BadReport::Term));
        }
        let never = TimeRange { from: Some(Timestamp::from_millis(i64::MAX)), to: None };
        let person = Report::Person { person: PersonNo(7), time: never };
        assert_eq!(person.sql(), Err(BadReport::Time));
    }
}
