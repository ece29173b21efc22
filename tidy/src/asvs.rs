//! `docs/asvs.toml`: what the program makes of each requirement of the OWASP ASVS. A requirement out of order, a claim
//! without proof, a test that does not exist, and a table of counts that says otherwise are complaints.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::test_names::missing;
use crate::{Complaint, Source};

const PATH: &str = "docs/asvs.toml";
/// How the part of a document begins that has the table by chapter.
const HEADING: &str = "## OWASP ASVS";

/// The requirements.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asvs {
    #[serde(rename = "version")]
    _version: String,
    #[serde(rename = "source")]
    _source: String,
    #[serde(default)]
    requirement: Vec<Requirement>,
}

/// One requirement, and what is made of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Requirement {
    id: String,
    level: u8,
    /// What it asks, in our own words.
    asks: String,
    state: State,
    #[serde(default)]
    tests: Vec<String>,
    /// Why it does not apply, what is missing, or what holds it where no test does.
    #[serde(default)]
    note: String,
}

/// How far a requirement is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    /// Tests prove it, or the note names the type, the lint or the document that holds it.
    Met,
    /// It is about something that the program does not have.
    NotApplicable,
    /// Not met, or not judged yet.
    Open,
}

/// How many requirements are met, do not apply, and are open.
type Counts = [usize; 3];

impl Asvs {
    /// Reads the requirements.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// How many requirements are of that level.
    pub fn of_level(&self, level: u8) -> usize {
        self.requirement.iter().filter(|requirement| requirement.level == level).count()
    }

    /// Complains of ids that are none, stand twice or out of order, of tests that do not exist, and of claims without proof or reason.
    pub fn complaints(&self, tests: &BTreeSet<String>) -> Vec<Complaint> {
        let mut complaints = Vec::new();
        let mut say = |text: String| complaints.push(Complaint::whole(PATH, text));
        let mut before = [0_u8; 3];
        for Requirement { id, level, asks, state, tests: named, note } in &self.requirement {
            match place(id) {
                None => say(format!("{id:?} is no id of a requirement; write it like 1.2.3")),
                Some(place) if place == before => say(format!("{id} stands there twice")),
                Some(place) if place < before => {
                    say(format!("{id} stands behind a later one; keep them in order"));
                }
                Some(place) => before = place,
            }
            if ![1, 2].contains(level) {
                say(format!("{id} is of level {level}; levels 1 and 2 stand here"));
            }
            if asks.trim().is_empty() {
                say(format!("{id} does not say what it asks"));
            }
            match state {
                State::Met if named.is_empty() && note.trim().is_empty() => {
                    say(format!("{id} is said to be met; name a test, or in its note what holds it"));
                }
                State::NotApplicable | State::Open if !named.is_empty() => {
                    say(format!("{id} is not met and yet names tests"));
                }
                State::NotApplicable if note.trim().is_empty() => {
                    say(format!("{id} is said not to apply; its note must say why"));
                }
                State::Open if note.trim().is_empty() => {
                    say(format!("{id} is open; its note must say what is missing"));
                }
                _ => {}
            }
            missing(id, named, tests).for_each(&mut say);
        }
        complaints
    }

    /// Complains where a document's table by chapter counts otherwise, misses a chapter, or has one that is not there.
    pub fn table(&self, document: &Source) -> Vec<Complaint> {
        let mut expected = self.by_chapter();
        let mut complaints = Vec::new();
        let lines = document.text.lines().enumerate().skip_while(|(_, line)| !line.starts_with(HEADING));
        for (index, line) in lines.skip(1).take_while(|(_, line)| !line.starts_with("## ")) {
            let Some((chapter, said)) = row(line) else { continue };
            let wrong = match expected.remove(chapter) {
                Some(counts) if counts == said => continue,
                Some([met, not_applicable, open]) => {
                    format!(
                        "{chapter} has {met} met, {not_applicable} not applicable and {open} open in {PATH}"
                    )
                }
                None => format!("{chapter} stands there twice, or has no requirement in {PATH}"),
            };
            complaints.push(Complaint::at(&document.path, index + 1, wrong));
        }
        let left = expected.into_keys().map(|chapter| {
            Complaint::whole(&document.path, format!("its table under \"{HEADING}\" has no row {chapter}"))
        });
        complaints.extend(left);
        complaints
    }

    /// The counts of each chapter, as `V1`, and of all.
    fn by_chapter(&self) -> BTreeMap<String, Counts> {
        let mut chapters: BTreeMap<String, Counts> = BTreeMap::new();
        for Requirement { id, state, .. } in &self.requirement {
            let number = id.split('.').next().unwrap_or_default();
            for name in [format!("V{number}"), "all".to_owned()] {
                let [met, not_applicable, open] = chapters.entry(name).or_default();
                let count = match state {
                    State::Met => met,
                    State::NotApplicable => not_applicable,
                    State::Open => open,
                };
                *count += 1;
            }
        }
        chapters
    }
}

/// Where a requirement stands in the standard: chapter, section and number.
fn place(id: &str) -> Option<[u8; 3]> {
    let mut parts = id.split('.');
    let mut next = || -> Option<u8> { parts.next()?.parse().ok() };
    let place = [next()?, next()?, next()?];
    parts.next().is_none().then_some(place)
}

/// The first word and the counts of a row of the table; `None` for any other line.
fn row(line: &str) -> Option<(&str, Counts)> {
    let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
    let name = cells.next()?.split(' ').next()?;
    let mut count = || -> Option<usize> { cells.next()?.parse().ok() };
    Some((name, [count()?, count()?, count()?]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asvs(requirements: &str) -> Asvs {
        Asvs::parse(&format!("version = '1'\nsource = 'x'\n{requirements}")).unwrap()
    }

    fn requirement(id: &str, rest: &str) -> String {
        format!("[[requirement]]\nid = '{id}'\nlevel = 1\nasks = 'Care'\n{rest}\n")
    }

    fn complaints(requirements: &str) -> Vec<String> {
        let tests = ["engine::tests::blocks".to_owned()].into();
        asvs(requirements).complaints(&tests).into_iter().map(|complaint| complaint.text).collect()
    }

    const MET: &str = "state = 'met'\ntests = ['engine::tests::blocks']";
    const OPEN: &str = "state = 'open'\nnote = 'x'";

    #[test]
    fn a_claim_needs_its_proof_or_its_reason() {
        for (rest, expected) in [
            (MET, ""),
            (OPEN, ""),
            ("state = 'met'\nnote = 'the type Permit'", ""),
            ("state = 'not-applicable'\nnote = 'no XML'", ""),
            ("state = 'met'", "name a test"),
            ("state = 'met'\nnote = ' '", "name a test"),
            ("state = 'not-applicable'", "must say why"),
            ("state = 'open'", "must say what is missing"),
            ("state = 'open'\nnote = 'x'\ntests = ['engine::tests::blocks']", "yet names tests"),
            ("state = 'met'\ntests = ['engine::tests::gone']", "no test `engine::tests::gone`"),
            ("state = 'met'\ntests = ['engine::blocks']", "did you mean `engine::tests::blocks`"),
        ] {
            let found = complaints(&requirement("1.2.3", rest));
            match expected {
                "" => assert_eq!(found, Vec::<String>::new(), "{rest}"),
                expected => assert!(found.iter().any(|text| text.contains(expected)), "{rest}: {found:?}"),
            }
        }
    }

    #[test]
    fn requirements_stand_once_and_in_order() {
        let in_order = ["1.2.3", "1.2.10", "1.10.1", "2.1.1"].map(|id| requirement(id, MET)).concat();
        assert_eq!(complaints(&in_order), Vec::<String>::new());
        for (ids, expected) in [
            (["1.2.3", "1.2.3"], "twice"),
            (["1.10.1", "1.2.1"], "in order"),
            (["1.2", "1.2.3"], "no id"),
            (["V1.2.3", "1.2.3"], "no id"),
            (["1.2.3.4", "1.2.3"], "no id"),
        ] {
            let found = complaints(&ids.map(|id| requirement(id, MET)).concat());
            assert!(found.len() == 1 && found[0].contains(expected), "{ids:?}: {found:?}");
        }
    }

    #[test]
    fn other_levels_states_and_empty_words_are_noticed() {
        let third = requirement("1.2.3", MET).replace("level = 1", "level = 3");
        assert!(complaints(&third)[0].contains("level 3"));
        let silent = requirement("1.2.3", MET).replace("Care", "");
        assert!(complaints(&silent)[0].contains("what it asks"));
        let unknown = format!("version = '1'\nsource = 'x'\n{}", requirement("1.2.3", "state = 'nearly'"));
        assert!(Asvs::parse(&unknown).is_err());
        let both = asvs(&[requirement("1.2.3", MET), third].concat());
        assert_eq!([1, 2, 3].map(|level| both.of_level(level)), [1, 0, 1]);
    }

    #[test]
    fn the_table_counts_what_is_there() {
        let asvs = asvs(&[requirement("1.2.3", MET), requirement("2.1.1", OPEN)].concat());
        let whole = "# A\n\n| V9 elsewhere | 1 | 2 | 3 |\n\n## OWASP ASVS 5.0\n\n| chapter | met | not applicable | open |\n\
                     | --- | ---: | ---: | ---: |\n| V1 Words | 1 | 0 | 0 |\n| V2 Rules | 0 | 0 | 1 |\n| all | 1 | 0 | 1 |\n\n## Next\n\n\
                     | V9 elsewhere | 1 | 2 | 3 |\n";
        let said = |text: &str| {
            let found = asvs.table(&Source::new("a.md", text));
            found.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(said(whole), Vec::<String>::new());
        assert_eq!(
            said(&whole.replace("Words | 1", "Words | 2")),
            ["a.md:9: V1 has 1 met, 0 not applicable and 0 open in docs/asvs.toml"]
        );
        let more = said(&whole.replace("| all | 1", "| V3 | 1 | 0 | 0 |\n| all | 1"));
        assert_eq!(more, ["a.md:11: V3 stands there twice, or has no requirement in docs/asvs.toml"]);
        let fewer = said(&whole.replace("| V2 Rules | 0 | 0 | 1 |\n", ""));
        assert_eq!(fewer, ["a.md: its table under \"## OWASP ASVS\" has no row V2"]);
        assert_eq!(said("# A\n").len(), 3);
    }
}
