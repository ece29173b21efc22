//! Which groups of the filter policy people join, by what they are. Pure.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::content::{Content, plain};
use crate::kind::{Kind, YearGroup};

/// One rule: whoever fits everything it says joins its groups.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rule {
    /// Of one of these kinds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<Kind>,
    /// In one of these years, by id.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub years: Vec<String>,
    /// In, or teaching, one of these classes, by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
    /// Teaching a class, or teaching none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub teaches: Option<bool>,
    /// One of these, by what the source calls them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<String>,
    /// The groups, by id; `{year}` and `{stage}` stand for those of somebody's year.
    pub groups: Vec<String>,
}

/// Somebody, as rules see them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fits<'a> {
    pub outside_id: &'a str,
    pub kind: Option<Kind>,
    pub year: Option<YearGroup>,
    /// The names of their classes.
    pub classes: BTreeSet<&'a str>,
    pub teaches: bool,
}

/// What is wrong with rules.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRules {
    /// They cannot be read.
    #[error(
        "{0}; a rule begins with [[rule]] and has groups = [\"…\"]; `fivebar people rules` shows those in force"
    )]
    NotRead(String),
    /// One names no group.
    #[error("a rule names no group; write groups = [\"…\"]")]
    NoGroups,
    /// One names a year that there is not.
    #[error("there is no year {0:?}; years are nursery, reception and year-1 to year-13")]
    NoYear(String),
    /// One names a group that cannot be one.
    #[error("{0:?} is no id of a group: small letters, digits and -, or {{year}} and {{stage}}")]
    NoGroup(String),
}

impl Rule {
    /// Whether the rule can hold.
    pub(crate) fn check(&self) -> Result<(), BadRules> {
        if self.groups.is_empty() {
            return Err(BadRules::NoGroups);
        }
        for year in &self.years {
            let known = (-1..=13).filter_map(YearGroup::of_number).any(|group| group.id() == year);
            if !known {
                return Err(BadRules::NoYear(year.clone()));
            }
        }
        let is_id = |id: &str| {
            let plain = id.replace("{year}", "y").replace("{stage}", "s");
            !plain.is_empty()
                && plain.bytes().all(|byte| {
                    byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_')
                })
        };
        match self.groups.iter().find(|group| !is_id(group)) {
            Some(group) => Err(BadRules::NoGroup(group.clone())),
            None => Ok(()),
        }
    }

    fn is_for(&self, somebody: &Fits<'_>) -> bool {
        let (kind, year) = (somebody.kind, somebody.year);
        let class = |wanted: &String| somebody.classes.iter().any(|class| plain(class) == plain(wanted));
        (self.kinds.is_empty() || kind.is_some_and(|kind| self.kinds.contains(&kind)))
            && (self.years.is_empty() || year.is_some_and(|year| self.years.iter().any(|id| id == year.id())))
            && (self.classes.is_empty() || self.classes.iter().any(class))
            && self.teaches.is_none_or(|teaches| teaches == somebody.teaches)
            && (self.people.is_empty() || self.people.iter().any(|id| id == somebody.outside_id))
    }
}

/// The rules of a school.
#[derive(Debug, Clone)]
pub struct Rules {
    rules: Vec<Rule>,
    /// Whether the school wrote them.
    own: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RulesFile {
    #[serde(default)]
    rule: Vec<Rule>,
}

impl Rules {
    /// Those that hold where a school has none of its own.
    pub fn built_in() -> Self {
        Self { rules: Content::built_in().rules().to_vec(), own: false }
    }

    /// A school's own.
    pub fn parse(text: &str) -> Result<Self, BadRules> {
        let file: RulesFile = toml::from_str(text).map_err(|error| {
            let line = error
                .span()
                .map_or(0, |span| text.get(..span.start).map_or(0, |before| before.matches('\n').count()));
            BadRules::NotRead(format!("line {}: {}", line + 1, error.message().replace('\n', " ")))
        })?;
        for rule in &file.rule {
            rule.check()?;
        }
        Ok(Self { rules: file.rule, own: true })
    }

    /// As a file that can be corrected and read again.
    pub fn to_text(&self) -> String {
        toml::to_string(&RulesFile { rule: self.rules.clone() }).unwrap_or_default()
    }

    /// Whether the school wrote them.
    pub const fn is_own(&self) -> bool {
        self.own
    }

    /// The groups that the rules name outright, without those of years and stages.
    pub fn fixed_groups(&self) -> impl Iterator<Item = &str> {
        let named = self.rules.iter().flat_map(|rule| &rule.groups);
        named.map(String::as_str).filter(|group| !group.contains('{'))
    }

    /// The groups of somebody, in order and each once, of those that the policy has, where it is known which. What a rule
    /// names and the policy has not goes to `strangers`.
    pub(crate) fn groups(
        &self,
        somebody: &Fits<'_>,
        known: Option<&BTreeSet<String>>,
        strangers: &mut BTreeSet<String>,
    ) -> Vec<String> {
        let mut groups = BTreeSet::new();
        for rule in self.rules.iter().filter(|rule| rule.is_for(somebody)) {
            for group in &rule.groups {
                let year = somebody.year.map_or("", YearGroup::id);
                let stage = somebody.year.and_then(YearGroup::stage).map_or("", |(id, _)| id);
                if (group.contains("{year}") && year.is_empty())
                    || (group.contains("{stage}") && stage.is_empty())
                {
                    continue;
                }
                let group = group.replace("{year}", year).replace("{stage}", stage);
                if known.is_none_or(|known| known.contains(&group)) {
                    groups.insert(group);
                } else {
                    strangers.insert(group);
                }
            }
        }
        groups.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(rules: &Rules, somebody: &Fits<'_>, known: &[&str]) -> (Vec<String>, Vec<String>) {
        let known: BTreeSet<String> = known.iter().map(|&group| group.to_owned()).collect();
        let mut strangers = BTreeSet::new();
        let joined = rules.groups(somebody, Some(&known), &mut strangers);
        (joined, strangers.into_iter().collect())
    }

    #[test]
    fn a_pupil_joins_the_groups_of_their_year_that_the_policy_has() {
        let pupil = Fits { kind: Some(Kind::Pupil), year: YearGroup::of_number(7), ..Fits::default() };
        let rules = Rules::built_in();
        assert_eq!(groups(&rules, &pupil, &["pupils", "year-7", "year-8", "staff"]).0, ["pupils", "year-7"]);
        assert_eq!(groups(&rules, &pupil, &["key-stage-3", "secondary"]).0, ["key-stage-3", "secondary"]);
        let nobody = Fits { kind: Some(Kind::Pupil), ..Fits::default() };
        assert_eq!(groups(&rules, &nobody, &["pupils", "year-7", "key-stage-3"]).0, ["pupils"]);
    }

    #[test]
    fn a_schools_own_rules_take_the_place_of_all_and_name_people_and_classes() {
        let text = "[[rule]]\npeople = [\"p-3\"]\ngroups = [\"closer-watch\"]\n\
                    [[rule]]\nclasses = [\"9 b\"]\ngroups = [\"robotics\"]\n\
                    [[rule]]\nteaches = true\ngroups = [\"teachers\"]\n";
        let rules = Rules::parse(text).unwrap();
        let somebody = Fits { outside_id: "p-3", classes: ["9-B"].into(), ..Fits::default() };
        assert_eq!(
            groups(&rules, &somebody, &["closer-watch"]),
            (vec!["closer-watch".to_owned()], vec!["robotics".to_owned()])
        );
        assert_eq!(Rules::parse(&rules.to_text()).unwrap().rules, rules.rules);
        assert!(matches!(Rules::parse("[[rule]]\ngroups = []"), Err(BadRules::NoGroups)));
        assert!(matches!(Rules::parse("[[rule]]\ngroups = [\"A b\"]"), Err(BadRules::NoGroup(_))));
        assert!(matches!(
            Rules::parse("[[rule]]\nyears = [\"year-14\"]\ngroups = [\"a\"]"),
            Err(BadRules::NoYear(_))
        ));
        let wrong = Rules::parse("[[rule]]\nkind = [\"pupil\"]\ngroups = [\"a\"]").unwrap_err().to_string();
        assert!(wrong.contains("line"), "{wrong}");
    }
}
