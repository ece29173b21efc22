//! What was asked, what came, and what it comes to. Pure.

use std::fmt;

use serde::{Deserialize, Serialize};
use web::filled;
use web::speech::say;

use super::content::{Check, Content};

/// So many failures of a check are written down one by one; more are counted.
const MOST_TOLD: usize = 20;

/// What the gate answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// Its own refusal, marked as one (RFC 8914: blocked, censored or filtered).
    Refused,
    /// Records.
    Records,
    /// No such name, or none of that type.
    Absent,
    /// That it could not find out.
    Failed,
    /// Nothing at all.
    Nothing,
}

/// What a check came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// All that was asked came as it should.
    Passed,
    /// The same, and something could not be asked.
    PassedInPart,
    /// Something did not.
    Failed,
    /// All that was asked came as the policy says, and the policy leaves open what the criterion wants closed.
    NotMet,
    /// Nothing could be asked.
    NotTested,
}

impl Outcome {
    /// The word for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::PassedInPart => "in part",
            Self::Failed => "FAILED",
            Self::NotMet => "NOT MET",
            Self::NotTested => "not tested",
        }
    }
}

/// One question, as one group, that did not come out as it should.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Asked {
    /// The group's id.
    pub group: String,
    /// The name asked for.
    pub name: String,
    /// The category whose list has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// What came.
    pub answer: Answer,
    /// What should have come and why, in one sentence.
    pub should: String,
}

/// What the policy leaves open to groups for whom a published criterion wants it closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LeftOpen {
    /// What is open.
    pub what: String,
    /// The groups to whom it is, by id.
    pub groups: Vec<String>,
    /// What of the policy has it so, as for the first of them.
    pub setting: String,
}

/// So many groups are named in one sentence.
const MOST_NAMED: usize = 6;

impl fmt::Display for LeftOpen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = self.groups.get(..MOST_NAMED).unwrap_or(&self.groups);
        write!(f, "the policy leaves {} open for {}", self.what, named.join(", "))?;
        let more = self.groups.len() - named.len();
        if more > 0 {
            write!(f, " and {more} more")?;
        }
        write!(f, ": {}", self.setting.trim_end_matches('.'))
    }
}

/// What one check came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CheckResult {
    /// The check's id.
    pub id: String,
    /// What it shows.
    pub title: String,
    /// What it came to.
    pub outcome: Outcome,
    /// How many questions were asked.
    pub asked: u64,
    /// How many of them were refused by the gate.
    pub refused: u64,
    /// How many came out otherwise than they should.
    pub failed: u64,
    /// The first of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<Asked>,
    /// What the policy leaves open that its criterion wants closed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_open: Vec<LeftOpen>,
    /// What could not be asked, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_tested: Vec<String>,
}

impl CheckResult {
    /// Nothing asked yet.
    pub fn of(check: &Check) -> Self {
        Self {
            id: check.id.clone(),
            title: check.title.clone(),
            outcome: Outcome::NotTested,
            asked: 0,
            refused: 0,
            failed: 0,
            failures: Vec::new(),
            left_open: Vec::new(),
            not_tested: Vec::new(),
        }
    }

    /// Says what cannot be asked.
    pub fn leave_out(&mut self, what: String) {
        self.not_tested.push(what);
        if self.outcome == Outcome::Passed {
            self.outcome = Outcome::PassedInPart;
        }
    }

    /// Notes that the policy leaves something open to a group for whom it should be closed.
    pub fn leave_open(&mut self, what: &str, group: &str, setting: &str) {
        if self.outcome != Outcome::Failed {
            self.outcome = Outcome::NotMet;
        }
        match self.left_open.iter_mut().find(|one| one.what == what) {
            Some(one) if one.groups.iter().any(|known| known == group) => {}
            Some(one) => one.groups.push(group.to_owned()),
            None => self.left_open.push(LeftOpen {
                what: what.to_owned(),
                groups: vec![group.to_owned()],
                setting: setting.to_owned(),
            }),
        }
    }

    /// Counts a question; `failure` is made where it did not come out as it should.
    pub fn count(&mut self, answer: Answer, is_met: bool, failure: impl FnOnce() -> Asked) {
        self.asked += 1;
        self.refused += u64::from(answer == Answer::Refused);
        if self.outcome == Outcome::NotTested {
            self.outcome = if self.not_tested.is_empty() { Outcome::Passed } else { Outcome::PassedInPart };
        }
        if !is_met {
            self.failed += 1;
            self.outcome = Outcome::Failed;
            if self.failures.len() < MOST_TOLD {
                self.failures.push(failure());
            }
        }
    }
}

/// What the checks say of one row of a published criterion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RowResult {
    /// The row's id.
    pub id: String,
    /// What it asks.
    pub words: String,
    /// What its checks came to.
    pub outcome: Outcome,
    /// Who or what shows the rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Its checks.
    pub checks: Vec<String>,
    /// What the policy leaves open that it wants closed, each with groups and setting, in one sentence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_met: Vec<String>,
}

/// A whole test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// Whether no check failed, none is of a criterion that the policy does not meet, and something was tested.
    pub passed: bool,
    /// The version of what was asked.
    pub content: String,
    /// The policy's version.
    pub policy: u32,
    /// The groups it asked as.
    pub groups: Vec<String>,
    /// Whether those were all that the policy has.
    #[serde(default)]
    pub all_groups: bool,
    /// Where it asked.
    pub server: String,
    /// Whether only a feed for testing is in the sealed tier, or a live one, and how fresh; as in notices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<String>,
    /// What each check came to.
    pub checks: Vec<CheckResult>,
    /// What that says of each row.
    pub rows: Vec<RowResult>,
}

impl Report {
    /// Sums the checks up by row. A row of which any check failed has failed; one of which the policy leaves open what it wants
    /// closed is not met; one of which nothing was tested is not tested; and one of which something was not has passed in part.
    pub fn rows_of(content: &Content, checks: &[CheckResult]) -> Vec<RowResult> {
        let of_row = |id: &str| {
            let named = content.checks.iter().filter(|check| check.rows.iter().any(|row| row == id));
            let ids: Vec<String> = named.map(|check| check.id.clone()).collect();
            let outcomes: Vec<Outcome> =
                checks.iter().filter(|check| ids.contains(&check.id)).map(|check| check.outcome).collect();
            let outcome = if outcomes.contains(&Outcome::Failed) {
                Outcome::Failed
            } else if outcomes.contains(&Outcome::NotMet) {
                Outcome::NotMet
            } else if outcomes.iter().all(|outcome| *outcome == Outcome::Passed) {
                Outcome::Passed
            } else if outcomes.iter().all(|outcome| *outcome == Outcome::NotTested) {
                Outcome::NotTested
            } else {
                Outcome::PassedInPart
            };
            let open =
                checks.iter().filter(|check| ids.contains(&check.id)).flat_map(|check| &check.left_open);
            let not_met: Vec<String> = open.map(ToString::to_string).collect();
            (ids, outcome, not_met)
        };
        (content.rows.iter())
            .map(|row| {
                let (checks, outcome, not_met) = of_row(&row.id);
                RowResult {
                    id: row.id.clone(),
                    words: row.words.clone(),
                    outcome,
                    by: row.by.clone(),
                    checks,
                    not_met,
                }
            })
            .collect()
    }

    /// What it came to, in a word for people, with what it left out.
    pub fn in_short(&self) -> String {
        let (failed, not_met) = (self.failed(), self.not_met());
        let mut short = if !failed.is_empty() || !not_met.is_empty() {
            let failed =
                (!failed.is_empty()).then(|| filled!("tests.failed-checks", checks = failed.join(", ")));
            let not_met =
                (!not_met.is_empty()).then(|| filled!("tests.not-met-checks", checks = not_met.join("; ")));
            failed.into_iter().chain(not_met).collect::<Vec<_>>().join("; ")
        } else if self.checks.iter().any(|check| check.outcome != Outcome::Passed) {
            say("tests.passed-in-short-part")
        } else {
            say("tests.passed-in-short")
        };
        if !self.all_groups {
            short = filled!("tests.as-alone", short, groups = self.groups.join(", "));
        }
        short
    }

    /// The checks of whose criteria the policy leaves something open, by id, each with what that is.
    pub fn not_met(&self) -> Vec<String> {
        let open = self.checks.iter().filter(|check| !check.left_open.is_empty());
        open.map(|check| {
            let what: Vec<String> = check.left_open.iter().map(ToString::to_string).collect();
            format!("{} ({})", check.id, what.join("; "))
        })
        .collect()
    }

    /// The checks that failed, by id.
    pub fn failed(&self) -> Vec<&str> {
        let failed = self.checks.iter().filter(|check| check.outcome == Outcome::Failed);
        failed.map(|check| check.id.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_fails_with_any_of_its_checks_and_is_not_tested_without_one() {
        let content = Content::built_in().unwrap();
        let mut checks: Vec<CheckResult> = content.checks.iter().map(CheckResult::of).collect();
        let outcome = |checks: &[CheckResult], id: &str| {
            Report::rows_of(&content, checks).into_iter().find(|row| row.id == id).unwrap().outcome
        };
        assert_eq!(outcome(&checks, "UF-F2"), Outcome::NotTested);
        let canary = checks.iter().position(|check| check.id == "firefox-canary").unwrap();
        checks[canary].count(Answer::Absent, true, || unreachable!());
        assert_eq!(outcome(&checks, "UF-F2"), Outcome::PassedInPart, "the others were not asked");
        let sealed = checks.iter().position(|check| check.id == "sealed-child-abuse").unwrap();
        checks[sealed].count(Answer::Refused, true, || unreachable!());
        assert_eq!(outcome(&checks, "UF-I2"), Outcome::Passed);
        checks[sealed].leave_out("the rest".into());
        assert_eq!(outcome(&checks, "UF-I2"), Outcome::PassedInPart);
        let relay = checks.iter().position(|check| check.id == "private-relay").unwrap();
        for _ in 0..=MOST_TOLD {
            checks[relay].count(Answer::Records, false, || Asked {
                group: "pupils".into(),
                name: "mask.icloud.com".into(),
                category: None,
                answer: Answer::Records,
                should: "absent".into(),
            });
        }
        assert_eq!((checks[relay].failed, checks[relay].failures.len()), (21, MOST_TOLD));
        assert_eq!(outcome(&checks, "UF-F2"), Outcome::Failed);
        assert_eq!(outcome(&checks, "UF-I3"), Outcome::NotTested);
    }

    #[test]
    fn a_row_is_not_met_where_the_policy_asks_for_nothing_and_says_for_whom_and_why() {
        let content = Content::built_in().unwrap();
        let mut checks: Vec<CheckResult> = content.checks.iter().map(CheckResult::of).collect();
        let place = checks.iter().position(|check| check.id == "safe-search").unwrap();
        checks[place].count(Answer::Records, true, || unreachable!());
        for group in ["pupils", "year-7", "pupils"] {
            checks[place].leave_open("search engines", group, "search is off.");
        }
        let row = Report::rows_of(&content, &checks).into_iter().find(|row| row.id == "DF-3.11").unwrap();
        assert_eq!(row.outcome, Outcome::NotMet);
        let why = "the policy leaves search engines open for pupils, year-7: search is off";
        assert_eq!(row.not_met, [why]);
        let mut report = Report {
            passed: false,
            content: content.version.clone(),
            policy: 1,
            groups: Vec::new(),
            all_groups: true,
            server: String::new(),
            notice: None,
            checks,
            rows: Vec::new(),
        };
        assert_eq!(report.in_short(), format!("NOT MET: safe-search ({why})"));
        // What came otherwise than the policy says goes before.
        report.checks[place].count(Answer::Refused, false, || Asked {
            group: "pupils".into(),
            name: "www.google.com".into(),
            category: None,
            answer: Answer::Refused,
            should: "open".into(),
        });
        assert_eq!(report.checks[place].outcome, Outcome::Failed);
        assert!(report.in_short().starts_with("FAILED: safe-search; NOT MET: "), "{}", report.in_short());
        for number in 0..7 {
            report.checks[place].leave_open("search engines", &format!("y{number}"), "off");
        }
        assert!(report.in_short().contains("year-7, y0, y1, y2, y3 and 3 more:"), "{}", report.in_short());
    }
}
