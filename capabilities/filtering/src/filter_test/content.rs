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

/// For whom a criterion wants something closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Audience {
    /// Pupils, guests, and devices that nothing is known of: every group but those of adults.
    Children,
    /// Every group.
    Everyone,
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
    /// Whether every search engine is asked for, under its first names, those of `names` and another each day, and where it is
    /// led to.
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
    /// For whom the policy must ask for it, so that the rows are met.
    #[serde(default)]
    pub demanded_for: Option<Audience>,
    /// Of which categories, where it is not of all that are asked for.
    #[serde(default)]
    pub demanded: Vec<String>,
    /// Whether it is enough that a page is to be read.
    #[serde(default)]
    pub or_read: bool,
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
    /// What groups of adults are called. Whoever is in one, or in a group within it, is no child.
    pub adults: Vec<String>,
    /// What to ask, in order.
    #[serde(rename = "check")]
    pub checks: Vec<Check>,
    /// The rows, in order.
    #[serde(rename = "row")]
    pub rows: Vec<Row>,
}

impl Check {
    /// For whom the policy must close what is asked for here; of a category, where it is one's.
    pub fn demanded(&self, category: Option<&str>) -> Option<Audience> {
        let is_meant = self.demanded.is_empty()
            || category.is_some_and(|id| self.demanded.iter().any(|demanded| demanded == id));
        self.demanded_for.filter(|_| is_meant)
    }
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
                !check.names.is_empty() && !check.safe_search,
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
            let may_demand = check.expect == Some(Expect::AsDecided) || check.safe_search;
            assert!(may_demand || check.demanded_for.is_none(), "{}", check.id);
            let of_all = check.categories.is_some();
            assert_eq!(!check.demanded.is_empty(), of_all && check.demanded_for.is_some(), "{}", check.id);
            let catalogue = engine::Catalogue::built_in().unwrap();
            assert!(check.demanded.iter().all(|id| catalogue.category_no(id).is_some()), "{}", check.id);
            assert!(!check.rows.is_empty() && check.rows.iter().all(|row| rows.contains(&row.as_str())));
        }
        for row in rows {
            assert!(content.checks.iter().any(|check| check.rows.iter().any(|id| id == row)), "{row}");
        }
    }

    #[test]
    fn what_a_row_of_a_criterion_wants_closed_is_demanded_and_not_only_as_the_policy_says() {
        let content = Content::built_in().unwrap();
        // A row that would pass because a policy asks for nothing.
        for (row, of) in [
            ("DF-3.11", "safe-search"),
            ("UF-F14", "unsafe-search"),
            ("UF-F2", "proxies-vpn"),
            ("DF-3.6", "public-resolvers"),
            ("UF-C", "categories"),
        ] {
            let check = content.checks.iter().find(|check| check.id == of).unwrap();
            assert!(check.rows.iter().any(|id| id == row), "{row} {of}");
            assert_eq!(check.demanded_for, Some(Audience::Children), "{of}");
        }
        for check in content.checks.iter().filter(|check| check.expect == Some(Expect::AsDecided)) {
            assert!(check.demanded_for.is_some(), "{} passes under any policy", check.id);
        }
        let categories = content.checks.iter().find(|check| check.id == "categories").unwrap();
        assert_eq!(categories.demanded(Some("self-harm")), Some(Audience::Children));
        assert_eq!(categories.demanded(Some("games")), None, "a school may have them open");
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
