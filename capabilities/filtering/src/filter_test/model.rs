//! What was asked, what came, and what it comes to. Pure.

use serde::{Deserialize, Serialize};

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
}

/// A whole test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// Whether no check failed and something was tested.
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
    /// Sums the checks up by row. A row of which any check failed has failed; one of which nothing was tested is not
    /// tested; and one of which something was not has passed in part.
    pub fn rows_of(content: &Content, checks: &[CheckResult]) -> Vec<RowResult> {
        let of_row = |id: &str| {
            let named = content.checks.iter().filter(|check| check.rows.iter().any(|row| row == id));
            let ids: Vec<String> = named.map(|check| check.id.clone()).collect();
            let outcomes: Vec<Outcome> =
                checks.iter().filter(|check| ids.contains(&check.id)).map(|check| check.outcome).collect();
            let outcome = if outcomes.contains(&Outcome::Failed) {
                Outcome::Failed
            } else if outcomes.iter().all(|outcome| *outcome == Outcome::Passed) {
                Outcome::Passed
            } else if outcomes.iter().all(|outcome| *outcome == Outcome::NotTested) {
                Outcome::NotTested
            } else {
                Outcome::PassedInPart
            };
            (ids, outcome)
        };
        (content.rows.iter())
            .map(|row| {
                let (checks, outcome) = of_row(&row.id);
                RowResult {
                    id: row.id.clone(),
                    words: row.words.clone(),
                    outcome,
                    by: row.by.clone(),
                    checks,
                }
            })
            .collect()
    }

    /// What it came to, in a word for people, with what it left out.
    pub fn in_short(&self) -> String {
        let failed = self.failed();
        let mut short = if !failed.is_empty() {
            format!("FAILED: {}", failed.join(", "))
        } else if self.checks.iter().any(|check| check.outcome != Outcome::Passed) {
            "passed in part".to_owned()
        } else {
            "passed".to_owned()
        };
        if !self.all_groups {
            short = format!("{short} (as {} alone)", self.groups.join(", "));
        }
        short
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
}
