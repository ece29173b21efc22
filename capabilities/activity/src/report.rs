//! Reports: questions that are one SQL text each, of a kind that DataFusion, DuckDB and ClickHouse read alike.
//!
//! A text knows three tables: `events`, one row a request; `daily`, how many of one day, group, site and verdict there
//! were; `searches`, what was searched for. Days are those of the school's calendar, whose zone the question brings. They are about what people and devices asked of our own gate: the questions of the
//! school's own test of its filter are not in them, nor what was brought in from another filter's log.

use engine::PersonNo;
use kit::host::normalise_host_name;
use kit::time::UnknownZone;
use kit::{Timestamp, Zone};
use serde::{Deserialize, Serialize};

use crate::search::TimeRange;

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
        /// When; whole days of the school.
        time: TimeRange,
        /// The zone of the school's clocks, such as `Europe/London`.
        #[serde(default = "utc")]
        zone: String,
    },
    /// What was blocked most often, by group.
    TopBlocked {
        /// How many sites of each group.
        most: u32,
        /// When; whole days of the school.
        time: TimeRange,
        /// The zone of the school's clocks.
        #[serde(default = "utc")]
        zone: String,
    },
    /// Searches with a term in them.
    SearchTerms {
        /// The term: what is no letter or digit in it, a hyphen or an apostrophe, stands for anything.
        term: String,
        /// When.
        time: TimeRange,
    },
    /// How often hosts were opened, by whom and from where.
    Opened {
        /// The hosts, without what lies below them.
        hosts: Vec<String>,
        /// When.
        time: TimeRange,
        /// Only what was brought in from other filters' logs, or only what was asked here; both if left out.
        #[serde(default)]
        brought_in: Option<bool>,
    },
}

fn utc() -> String {
    "UTC".to_owned()
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
    /// There is no such zone.
    #[error(transparent)]
    Zone(#[from] UnknownZone),
}

impl Report {
    /// When it is about.
    pub const fn time(&self) -> TimeRange {
        match self {
            Self::Person { time, .. }
            | Self::Site { time, .. }
            | Self::TopBlocked { time, .. }
            | Self::SearchTerms { time, .. }
            | Self::Opened { time, .. } => *time,
        }
    }

    /// The zone whose days it is about, if it is about days.
    pub fn zone(&self) -> Result<Option<Zone>, UnknownZone> {
        match self {
            Self::Person { .. } | Self::SearchTerms { .. } | Self::Opened { .. } => Ok(None),
            Self::Site { zone, .. } | Self::TopBlocked { zone, .. } => Zone::named(zone).map(Some),
        }
    }

    /// All the time that its answer may be about: whole days where it is about days.
    pub fn whole_time(&self) -> Result<TimeRange, BadReport> {
        let time = self.time();
        Ok(match self.zone()? {
            None => time,
            Some(zone) => TimeRange {
                from: time.from.map(|from| zone.day(from).begins),
                to: time.to.map(|to| zone.day(to.plus_millis(-1)).ends),
            },
        })
    }

    /// The one table that its text asks.
    pub const fn asks_for(&self) -> Asks {
        match self {
            Self::Person { .. } | Self::Opened { .. } => Asks::Events,
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
            Self::Site { site, time, .. } => {
                let name = plain(site)?;
                format!(
                    "select day, grp, sum(n) as requests, \
                     sum(case when verdict = 'block' then n else 0 end) as blocked, sum(bytes) as received \
                     from daily where site = '{name}'{} group by day, grp order by day, grp nulls first",
                    self.days(*time)?
                )
            }
            Self::TopBlocked { most, time, .. } => format!(
                "select grp, site, requests from (\
                 select grp, site, requests, \
                 row_number() over (partition by grp order by requests desc, site) as place from (\
                 select grp, site, sum(n) as requests from daily \
                 where verdict = 'block' and site is not null{} group by grp, site) as sums) as places \
                 where place <= {most} order by grp nulls first, requests desc, site",
                self.days(*time)?
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
            Self::Opened { hosts, time, brought_in } => {
                let whose = match brought_in {
                    None => "",
                    Some(true) => " and step = 'elsewhere'",
                    Some(false) => " and step <> 'elsewhere'",
                };
                let hosts: Vec<String> = hosts
                    .iter()
                    .map(|host| plain(host).map(|name| format!("'{name}'")))
                    .collect::<Result<_, _>>()?;
                let hosts = if hosts.is_empty() { "''".to_owned() } else { hosts.join(", ") };
                format!(
                    "select host, person, client, count(*) as requests from events \
                     where host in ({hosts}) and verdict in ('allow', 'scan') \
                     and step not in ('essential', 'front') and sent is null{whose}{} \
                     group by host, person, client order by host, requests desc, client nulls first, person nulls first",
                    moments(*time)?
                )
            }
        })
    }

    fn days(&self, time: TimeRange) -> Result<String, BadReport> {
        let Some(zone) = self.zone()? else { return Ok(String::new()) };
        // What no calendar has, none of the school's days has either.
        let day = |at| written(at).map(|_| zone.day(at).date);
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
}

/// A host as it can stand in a text.
fn plain(host: &str) -> Result<String, BadReport> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    normalise_host_name(host)
        .filter(|name| name.chars().all(is_plain))
        .ok_or_else(|| BadReport::Site(host.to_owned()))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn time() -> TimeRange {
        let at = |text| Timestamp::parse(text);
        TimeRange { from: at("2026-11-23T08:30:00.500Z"), to: at("2026-11-25T00:00:00Z") }
    }

    #[test]
    fn what_is_typed_cannot_become_part_of_the_text() {
        let site = |site: &str| Report::Site { site: site.to_owned(), time: time(), zone: utc() }.sql();
        let text = site("Example.ORG.").unwrap();
        assert!(
            text.contains("where site = 'example.org' and day >= '2026-11-23' and day <= '2026-11-24' group"),
            "{text}"
        );
        for odd in ["' or 1=1 --", "a b", "", "x'y.org"] {
            assert_eq!(site(odd), Err(BadReport::Site(odd.to_owned())));
        }
        let hosts = |hosts: &[&str]| {
            let hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
            Report::Opened { hosts, time: time(), brought_in: None }.sql()
        };
        let text = hosts(&["www.example.org", "Example.COM"]).unwrap();
        assert!(text.contains("where host in ('www.example.org', 'example.com') and verdict in"), "{text}");
        assert_eq!(hosts(&["example.org", "x') or ('1"]), Err(BadReport::Site("x') or ('1".to_owned())));
        assert!(hosts(&[]).unwrap().contains("host in ('')"));
        for (brought_in, said) in [(true, "step = 'elsewhere'"), (false, "step <> 'elsewhere'")] {
            let all = Report::Opened { hosts: Vec::new(), time: time(), brought_in: Some(brought_in) };
            assert!(all.sql().unwrap().contains(said), "{said}");
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

    #[test]
    fn days_are_those_that_the_schools_clocks_show() {
        let at = |text| Timestamp::parse(text);
        let of = |from, to, zone: &str| {
            let time = TimeRange { from: at(from), to: at(to) };
            Report::Site { site: "example.org".to_owned(), time, zone: zone.to_owned() }
        };
        // Midnight to midnight in summer, in winter, and over both changes.
        for (from, to, first, last) in [
            ("2026-05-31T23:00:00Z", "2026-06-01T23:00:00Z", "2026-06-01", "2026-06-01"),
            ("2026-12-01T00:00:00Z", "2026-12-02T00:00:00Z", "2026-12-01", "2026-12-01"),
            ("2026-03-28T00:00:00Z", "2026-03-29T23:00:00Z", "2026-03-28", "2026-03-29"),
            ("2026-10-24T23:00:00Z", "2026-10-26T00:00:00Z", "2026-10-25", "2026-10-25"),
        ] {
            let report = of(from, to, "Europe/London");
            let text = report.sql().unwrap();
            assert!(text.contains(&format!("and day >= '{first}' and day <= '{last}' group")), "{text}");
            assert_eq!(report.whole_time().unwrap(), TimeRange { from: at(from), to: at(to) });
        }
        let part = of("2026-06-01T09:00:00Z", "2026-06-01T10:00:00Z", "Europe/London").whole_time().unwrap();
        assert_eq!(part, TimeRange { from: at("2026-05-31T23:00:00Z"), to: at("2026-06-01T23:00:00Z") });
        let nowhere = of("2026-06-01T09:00:00Z", "2026-06-01T10:00:00Z", "Europe/Lundon");
        assert!(matches!(nowhere.sql(), Err(BadReport::Zone(_))));
        // A question from before has no zone: its days are in UTC.
        let text = r#"{"site":{"site":"example.org","time":{}}}"#;
        let before: Report = serde_json::from_str(text).unwrap();
        assert!(matches!(before, Report::Site { zone, .. } if zone == "UTC"));
    }
}
