//! The rules as the school has them.

use std::collections::BTreeMap;

use kit::Permit;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{StoreError, Subject, Tx, trail};

use super::content::{ByAge, Rule, Way};
use crate::intake;
use crate::store::Known;

kit::action!(
    /// Changing how people of an age sign in.
    SetRules(()) = "account.rules"
);

/// Where the school's own choices are kept.
const SETTING: &str = "accounts.rules";

/// What a school chose for an age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chosen {
    /// How they sign in.
    pub way: Way,
    /// How many parts that has.
    pub length: usize,
}

/// The rules as the school has them: the content's, with its own choices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules(Vec<Rule>);

/// Why a choice is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotChosen {
    /// There is no such rule, or that way is not for that age.
    #[error("Choose one of the ways in the list")]
    NotOffered,
    /// Shorter than the shortest, or longer than anybody keeps.
    #[error("Enter a number from {least} to {most}")]
    Length {
        /// The shortest.
        least: usize,
        /// The longest.
        most: usize,
    },
}

impl Rules {
    /// The content's rules with these choices. What the content does not offer any more is left as the content has it.
    pub fn with(choices: &BTreeMap<String, Chosen>) -> Self {
        let rules = ByAge::built_in().rules().iter().map(|rule| {
            let chosen = choices.get(&rule.id).filter(|chosen| check(rule, **chosen).is_ok());
            chosen.map_or_else(
                || rule.clone(),
                |chosen| Rule { way: chosen.way, length: chosen.length, ..rule.clone() },
            )
        });
        Self(rules.collect())
    }

    /// All, youngest first.
    pub fn all(&self) -> &[Rule] {
        &self.0
    }

    /// The one for somebody.
    pub(crate) fn of(&self, person: &Known) -> Option<&Rule> {
        self.named(ByAge::built_in().rule_of(person))
    }

    /// The one of that id.
    pub fn named(&self, id: &str) -> Option<&Rule> {
        self.0.iter().find(|rule| rule.id == id)
    }
}

/// Whether a school may choose that for an age.
pub(super) fn check(rule: &Rule, chosen: Chosen) -> Result<(), NotChosen> {
    let offered = rule.ways.iter().find(|choice| choice.way == chosen.way).ok_or(NotChosen::NotOffered)?;
    let (least, most) = (offered.least, chosen.way.most());
    if (least..=most).contains(&chosen.length) { Ok(()) } else { Err(NotChosen::Length { least, most }) }
}

/// The rules as the school has them now.
pub(crate) async fn rules(tx: &mut Tx) -> Result<Rules, StoreError> {
    Ok(Rules::with(&choices(tx).await?))
}

async fn choices(tx: &mut Tx) -> Result<BTreeMap<String, Chosen>, StoreError> {
    let kept = intake::setting(tx, SETTING).await?;
    Ok(kept.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
}

/// Why a rule was not changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SetError {
    /// It cannot be chosen so.
    #[error(transparent)]
    NotChosen(#[from] NotChosen),
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Changes how people of an age sign in, for what is made from now on; what somebody has already holds.
pub(crate) async fn set(
    tx: &mut Tx,
    permit: &Permit<SetRules>,
    id: &str,
    chosen: Chosen,
) -> Result<(), SetError> {
    let rule = ByAge::built_in().rules().iter().find(|rule| rule.id == id).ok_or(NotChosen::NotOffered)?;
    check(rule, chosen)?;
    let mut choices = choices(tx).await?;
    let before = Rules::with(&choices).named(id).map(|rule| Chosen { way: rule.way, length: rule.length });
    if before == Some(chosen) {
        return Ok(());
    }
    choices.insert(id.to_owned(), chosen);
    let text = serde_json::to_string(&choices).unwrap_or_default();
    intake::set_setting(tx, SETTING, &text).await?;
    let detail = json!({ "rule": id, "before": before, "after": chosen });
    trail::changed(tx, permit.actor(), "account.rules", &Subject::new("rule", id), &detail, permit.at())
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_school_chooses_within_what_the_content_offers_and_never_below() {
        let rule = |id: &str| ByAge::built_in().rules().iter().find(|rule| rule.id == id).unwrap();
        for (id, way, length, right) in [
            ("early-years", Way::Pictures, 4, true),
            ("early-years", Way::Pictures, 2, false),
            ("early-years", Way::Words, 2, false),
            ("key-stage-1", Way::Pictures, 4, true),
            ("key-stage-1", Way::Pictures, 3, false),
            ("key-stage-3", Way::Own, 9, false),
            ("adults", Way::Own, 14, false),
            ("adults", Way::Own, 20, true),
            ("adults", Way::Own, 31, false),
        ] {
            assert_eq!(check(rule(id), Chosen { way, length }).is_ok(), right, "{id} {way:?} {length}");
        }
        let chosen = |length| [("adults".to_owned(), Chosen { way: Way::Own, length })].into();
        assert_eq!(Rules::with(&chosen(20)).named("adults").unwrap().length, 20);
        assert_eq!(
            Rules::with(&chosen(3)).named("adults").unwrap().length,
            15,
            "a kept choice cannot go below either"
        );
    }
}
