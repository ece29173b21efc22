//! What is asked, and which rows of the published criteria it speaks to.

use serde::Deserialize;

use super::model::Answer;

/// `content/filter-test.toml`.
const BUILT_IN: &str = include_str!("../../../../content/filter-test.toml");

/// What an answer should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expect {
    /// The gate's own refusal.
    Refused,
    /// The site's own answer.
    Open,
    /// No such name, or no such record.
    Absent,
    /// What the policy in force says for the group.
    AsDecided,
}

impl Expect {
    /// Whether the answer is what should have come. `blocks` says what the policy in force decides.
    pub const fn is_met(self, answer: Answer, blocks: bool) -> bool {
        match (self, answer) {
            (_, Answer::Nothing) => false,
            (Self::Refused, answer) => matches!(answer, Answer::Refused),
            (Self::Open, answer) => matches!(answer, Answer::Records | Answer::Absent),
            // A refusal has a device give up a way around as well as that there is no such name.
            (Self::Absent, answer) => matches!(answer, Answer::Absent | Answer::Refused),
            // Listed names are often dead: what matters is that the gate did not refuse.
            (Self::AsDecided, answer) => matches!(answer, Answer::Refused) == blocks,
        }
    }
}

/// Which categories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Categories {
    /// Those that the law forbids.
    Unlawful,
    /// All others.
    Other,
}

/// One thing to ask.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Check {
    /// Its id, as evidence names it.
    pub id: String,
    /// What it shows when it passes.
    pub title: String,
    /// The names to ask for.
    #[serde(default)]
    pub names: Vec<String>,
    /// The type of record, where it is not `A`.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// The category of which some listed names are asked for.
    #[serde(default)]
    pub category: Option<String>,
    /// All categories of a kind, of which some listed names are asked for.
    #[serde(default)]
    pub categories: Option<Categories>,
    /// Whether every help site is asked for.
    #[serde(default)]
    pub help: bool,
    /// Whether every search engine is asked for, and where it is led to.
    #[serde(default)]
    pub safe_search: bool,
    /// Whether the answers to different groups are compared.
    #[serde(default)]
    pub groups_differ: bool,
    /// Whether what the name server refused is asked of the proxy as well.
    #[serde(default)]
    pub proxy: bool,
    /// Whether what the policy closes is really refused, to each group.
    #[serde(default)]
    pub carried_out: bool,
    /// What must be built first.
    #[serde(default)]
    pub needs: Option<String>,
    /// What should come.
    #[serde(default)]
    pub expect: Option<Expect>,
    /// The ids of the rows it speaks to.
    pub rows: Vec<String>,
}

/// One row of a published criterion.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Row {
    /// Its id.
    pub id: String,
    /// What it asks, in our words.
    pub words: String,
    /// Who or what shows the rest of it.
    #[serde(default)]
    pub by: Option<String>,
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Content {
    /// The version, which evidence names.
    pub version: String,
    /// Where the criteria come from.
    pub source: String,
    /// What to ask, in order.
    #[serde(rename = "check")]
    pub checks: Vec<Check>,
    /// The rows, in order.
    #[serde(rename = "row")]
    pub rows: Vec<Row>,
}

impl Content {
    /// What comes with the program.
    pub fn built_in() -> Result<Self, toml::de::Error> {
        toml::from_str(BUILT_IN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_asks_something_of_rows_that_there_are_and_every_row_has_a_check() {
        let content = Content::built_in().unwrap();
        let rows: Vec<&str> = content.rows.iter().map(|row| row.id.as_str()).collect();
        for check in &content.checks {
            let ways = [
                !check.names.is_empty(),
                check.category.is_some(),
                check.categories.is_some(),
                check.help,
                check.safe_search,
                check.groups_differ,
                check.proxy,
                check.carried_out,
                check.needs.is_some(),
            ];
            assert_eq!(ways.into_iter().filter(|way| *way).count(), 1, "{}", check.id);
            let compares = check.groups_differ || check.safe_search || check.proxy || check.carried_out;
            let asks = check.needs.is_none() && !compares;
            assert_eq!(check.expect.is_some(), asks, "{}", check.id);
            assert!(!check.rows.is_empty() && check.rows.iter().all(|row| rows.contains(&row.as_str())));
        }
        for row in rows {
            assert!(content.checks.iter().any(|check| check.rows.iter().any(|id| id == row)), "{row}");
        }
    }

    #[test]
    fn what_should_come_is_told_from_what_should_not() {
        use Answer::{Absent, Failed, Nothing, Records, Refused};
        for (expect, blocks, met) in [
            (Expect::Refused, false, vec![Refused]),
            (Expect::Open, false, vec![Records, Absent]),
            (Expect::Absent, false, vec![Absent, Refused]),
            (Expect::AsDecided, true, vec![Refused]),
            (Expect::AsDecided, false, vec![Records, Absent, Failed]),
        ] {
            for answer in [Refused, Records, Absent, Failed, Nothing] {
                assert_eq!(expect.is_met(answer, blocks), met.contains(&answer), "{expect:?} {answer:?}");
            }
        }
    }
}
