//! `docs/coverage.toml`: which tests prove which commitment. A commitment, a state or a test that does not exist is a
//! complaint, so the page can claim no more than is there.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::Complaint;
use crate::test_names::missing;

const PATH: &str = "docs/coverage.toml";

/// The table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    #[serde(default)]
    commitment: Vec<Covered>,
    #[serde(default)]
    conflict: Vec<Conflict>,
    #[serde(default)]
    invariant: Vec<Invariant>,
}

/// A topic in which two schools' written policies disagree.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Conflict {
    topic: String,
    /// `both-ways` is proved by tests; what waits says for what.
    state: ConflictState,
    #[serde(default)]
    tests: Vec<String>,
    #[serde(default)]
    note: String,
}

/// How far the program serves both schools.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ConflictState {
    /// Both can be written, and tests show that the answers differ.
    BothWays,
    /// It is not a matter of filtering, or needs a part that is not there.
    Waiting,
}

/// What proves one commitment.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Covered {
    id: String,
    state: State,
    #[serde(default)]
    tests: Vec<String>,
    /// What is missing, where the state is `part`.
    #[serde(default)]
    note: String,
}

/// What proves one of the things that must always hold.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Invariant {
    number: u8,
    #[serde(rename = "says")]
    _says: String,
    #[serde(default)]
    tests: Vec<String>,
    #[serde(default)]
    note: String,
}

/// How far a commitment is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// The program does what the promise says, and a test proves it.
    Enforced,
    /// Some of it; the note says what is missing.
    Part,
    /// Nothing yet, and the note says for which part of the program it waits.
    Waiting,
    /// Nothing yet. The state of every commitment that the table does not name.
    NotBuilt,
}

impl Coverage {
    /// Reads the table.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// How many commitments are in each state; those that are not named are not built.
    pub fn counts(&self, ids: &BTreeSet<String>) -> BTreeMap<State, usize> {
        let mut counts = BTreeMap::new();
        for covered in &self.commitment {
            *counts.entry(covered.state).or_default() += 1;
        }
        *counts.entry(State::NotBuilt).or_default() += ids.len().saturating_sub(self.commitment.len());
        counts
    }

    /// Complains of ids that are no commitment, of tests that do not exist, and of claims without proof.
    pub fn complaints(&self, ids: &BTreeSet<String>, tests: &BTreeSet<String>) -> Vec<Complaint> {
        let mut complaints = Vec::new();
        let mut say = |text: String| complaints.push(Complaint::whole(PATH, text));
        let mut seen = BTreeSet::new();
        for Covered { id, state, tests: named, note } in &self.commitment {
            if !ids.contains(id) {
                say(format!("{id} is no commitment in content/commitments.toml"));
            }
            if !seen.insert(id) {
                say(format!("{id} stands there twice"));
            }
            match state {
                State::Enforced | State::Part if named.is_empty() => {
                    say(format!("{id} is said to be kept and names no test; name one or say not-built"));
                }
                State::NotBuilt | State::Waiting if !named.is_empty() => {
                    say(format!("{id} is not built and yet names tests"));
                }
                State::Waiting if note.is_empty() => {
                    say(format!("{id} waits; its note must say for what"));
                }
                State::Part if note.is_empty() => {
                    say(format!("{id} is kept in part; its note must say what is missing"))
                }
                _ => {}
            }
            missing(id, named, tests).for_each(&mut say);
        }
        let mut topics = BTreeSet::new();
        for Conflict { topic, state, tests: named, note } in &self.conflict {
            let what = format!("conflict {topic:?}");
            if !topics.insert(topic) {
                say(format!("{what} stands there twice"));
            }
            match state {
                ConflictState::BothWays if named.is_empty() => say(format!("{what} names no test")),
                ConflictState::Waiting if !named.is_empty() => {
                    say(format!("{what} waits and yet names tests"))
                }
                ConflictState::Waiting if note.is_empty() => {
                    say(format!("{what} waits; its note must say for what"));
                }
                _ => {}
            }
            missing(&what, named, tests).for_each(&mut say);
        }
        for Invariant { number, tests: named, note, .. } in &self.invariant {
            let what = format!("invariant {number}");
            if named.is_empty() && note.is_empty() {
                say(format!("{what} names no test and no reason"));
            }
            missing(&what, named, tests).for_each(&mut say);
        }
        complaints
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(table: &str) -> Vec<String> {
        let set = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect();
        let coverage = Coverage::parse(table).unwrap();
        coverage
            .complaints(&set(&["FIL-01", "FIL-02"]), &set(&["engine::tests::blocks"]))
            .into_iter()
            .map(|complaint| complaint.text)
            .collect()
    }

    #[test]
    fn a_claim_needs_a_commitment_and_a_test_that_exist() {
        for (table, expected) in [
            ("[[commitment]]\nid='FIL-01'\nstate='enforced'\ntests=['engine::tests::blocks']", ""),
            (
                "[[commitment]]\nid='FIL-99'\nstate='enforced'\ntests=['engine::tests::blocks']",
                "no commitment",
            ),
            (
                "[[commitment]]\nid='FIL-01'\nstate='enforced'\ntests=['engine::tests::gone']",
                "no test `engine",
            ),
            (
                "[[commitment]]\nid='FIL-01'\nstate='enforced'\ntests=['engine::blocks']",
                "did you mean `engine::tests::b",
            ),
            ("[[commitment]]\nid='FIL-01'\nstate='enforced'", "names no test"),
            ("[[commitment]]\nid='FIL-01'\nstate='part'\ntests=['engine::tests::blocks']", "note must say"),
            (
                "[[commitment]]\nid='FIL-01'\nstate='not-built'\ntests=['engine::tests::blocks']",
                "yet names tests",
            ),
            (
                "[[commitment]]\nid='FIL-01'\nstate='not-built'\n[[commitment]]\nid='FIL-01'\nstate='not-built'",
                "twice",
            ),
            ("[[commitment]]\nid='FIL-01'\nstate='waiting'", "must say for what"),
            ("[[commitment]]\nid='FIL-01'\nstate='waiting'\nnote='pages'", ""),
            (
                "[[commitment]]\nid='FIL-01'\nstate='waiting'\nnote='x'\ntests=['engine::tests::blocks']",
                "yet names tests",
            ),
            ("[[conflict]]\ntopic='A'\nstate='both-ways'", "\"A\" names no test"),
            ("[[conflict]]\ntopic='A'\nstate='both-ways'\ntests=['x']", "\"A\": there is no test"),
            ("[[conflict]]\ntopic='A'\nstate='waiting'", "must say for what"),
            ("[[conflict]]\ntopic='A'\nstate='waiting'\nnote='x'\ntests=['y']", "yet names tests"),
            (
                "[[conflict]]\ntopic='A'\nstate='waiting'\nnote='x'\n[[conflict]]\ntopic='A'\nstate='waiting'\nnote='x'",
                "twice",
            ),
            ("[[invariant]]\nnumber=1\nsays=''\ntests=['x']", "invariant 1: there is no test"),
            ("[[invariant]]\nnumber=1\nsays=''", "no test and no reason"),
        ] {
            let found = complaints(table);
            match expected {
                "" => assert_eq!(found, Vec::<String>::new(), "{table}"),
                expected => assert!(found.iter().any(|text| text.contains(expected)), "{table}: {found:?}"),
            }
        }
    }

    #[test]
    fn what_is_not_named_is_not_built() {
        let coverage = Coverage::parse("[[commitment]]\nid='A'\nstate='enforced'\ntests=['t']").unwrap();
        let ids = ["A", "B", "C"].map(str::to_owned).into();
        assert_eq!(coverage.counts(&ids), [(State::Enforced, 1), (State::NotBuilt, 2)].into());
    }
}
