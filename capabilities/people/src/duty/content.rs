//! The duties and what each may do, as the content says it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use kit::permit::{Authority, Rule};
use serde::{Deserialize, Serialize};

use crate::kind::Kind;

const BUILT_IN: &str = include_str!("../../../../content/duties.toml");

/// A kind of school, by who governs it: some duties exist in one kind and not in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SchoolKind {
    #[default]
    /// Maintained by a local authority, with a governing body of its own.
    Maintained,
    /// An academy, in a trust of one or many.
    AcademyTrust,
    /// Owned by one person.
    SoleProprietor,
}

impl SchoolKind {
    /// As it stands in content and labels.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Maintained => "maintained",
            Self::AcademyTrust => "academy-trust",
            Self::SoleProprietor => "sole-proprietor",
        }
    }
}

/// A duty.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Duty {
    /// Its id, in the table of actions and in the records.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What it is, for the reader.
    pub about: String,
    /// Whether a school without a holder has a gap.
    #[serde(default)]
    pub needed: bool,
    /// Whether it rests for whoever proved who they are by one thing alone.
    #[serde(default)]
    pub second_proof: bool,
    /// Whether it comes from the roll instead of being given.
    #[serde(default)]
    pub relation: bool,
    /// What somebody is by the roll who can be given it; empty for anybody.
    #[serde(default)]
    pub kinds: Vec<Kind>,
    /// Whether whoever is under eighteen cannot be given it.
    #[serde(default)]
    pub adult: bool,
    /// The kinds of school that have it; empty for all.
    #[serde(default)]
    pub schools: Vec<SchoolKind>,
    /// What a kind of school calls it, where that differs.
    #[serde(default)]
    pub called: BTreeMap<SchoolKind, String>,
}

impl Duty {
    /// Whether a school of that kind has it.
    pub fn is_in(&self, kind: SchoolKind) -> bool {
        self.schools.is_empty() || self.schools.contains(&kind)
    }

    /// What a school of that kind calls it.
    pub fn said_in(&self, kind: SchoolKind) -> String {
        let name = self.called_in(kind);
        let own = if name == self.name { String::new() } else { format!("-{}", kind.id()) };
        web::speech::say_or(&format!("duty.{}{own}", self.id), name)
    }

    /// The same in English, as the content has it.
    pub fn called_in(&self, kind: SchoolKind) -> &str {
        self.called.get(&kind).unwrap_or(&self.name)
    }
}

/// One row of the table of duties and actions.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ActionRow {
    id: String,
    name: String,
    may: BTreeSet<String>,
    #[serde(default)]
    fresh: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    #[serde(rename = "version")]
    _version: String,
    #[serde(rename = "source")]
    _source: String,
    duty: Vec<Duty>,
    action: Vec<ActionRow>,
    review: Review,
    letting_in: LettingIn,
}

/// Who stands by where somebody is let in again who could give duties.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LettingIn {
    /// Duties whose holders are not let in again by just any two.
    pub guarded: BTreeSet<String>,
    /// Duties of which one of the two holds one.
    pub by: BTreeSet<String>,
    /// For how many days whoever was let in again lets in nobody, and gives no duties.
    pub rests_days: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Review {
    every_days: u16,
}

/// All duties, and the table of what each may do.
#[derive(Debug, Clone)]
pub struct Duties {
    duties: Vec<Duty>,
    actions: Vec<ActionRow>,
    authority: Authority,
    review: Review,
    letting_in: LettingIn,
}

impl Duties {
    /// Those that are compiled in.
    pub fn built_in() -> &'static Self {
        static DUTIES: LazyLock<Duties> = LazyLock::new(|| {
            // A test parses the same text. Without it nobody may do anything, which is the safe side.
            Duties::parse(BUILT_IN).unwrap_or_else(|_| Duties {
                duties: Vec::new(),
                actions: Vec::new(),
                authority: Authority::default(),
                review: Review::default(),
                letting_in: LettingIn::default(),
            })
        });
        &DUTIES
    }

    fn parse(text: &str) -> Result<Self, toml::de::Error> {
        let File { duty: duties, action: actions, review, letting_in, .. } = toml::from_str(text)?;
        let rule = |row: &ActionRow| (row.id.clone(), Rule { may: row.may.clone(), fresh: row.fresh });
        let authority = Authority::new(actions.iter().map(rule));
        Ok(Self { duties, actions, authority, review, letting_in })
    }

    /// The table of what each may do.
    pub const fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Every duty, in the content's order.
    pub fn all(&self) -> &[Duty] {
        &self.duties
    }

    /// The duty with that id.
    pub fn named(&self, id: &str) -> Option<&Duty> {
        self.duties.iter().find(|duty| duty.id == id)
    }

    /// Those that can be given to somebody at a school of that kind.
    pub fn given_in(&self, kind: SchoolKind) -> impl Iterator<Item = &Duty> {
        self.duties.iter().filter(move |duty| !duty.relation && duty.is_in(kind))
    }

    /// How many days after one review of who may do what the next is to be done.
    pub const fn review_every_days(&self) -> u16 {
        self.review.every_days
    }

    /// Who stands by where somebody is let in again who could give duties.
    pub const fn letting_in(&self) -> &LettingIn {
        &self.letting_in
    }

    /// What somebody with these duties may do, in the words of the table, by the ids of their duties.
    pub fn may<'a>(
        &'a self,
        duties: &'a BTreeSet<String>,
    ) -> impl Iterator<Item = (&'a str, BTreeSet<&'a str>)> {
        self.actions.iter().filter_map(|row| {
            let by: BTreeSet<&str> = row.may.intersection(duties).map(String::as_str).collect();
            (!by.is_empty()).then_some((row.name.as_str(), by))
        })
    }

    /// Every action's id and words with the ids of the duties that may, for whoever reviews the table.
    pub fn table(&self) -> impl Iterator<Item = (&str, &str, &BTreeSet<String>, bool)> {
        self.actions.iter().map(|row| (row.id.as_str(), row.name.as_str(), &row.may, row.fresh))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_only_duties_that_there_are_and_each_action_once() {
        let duties = Duties::parse(BUILT_IN).unwrap();
        let ids: BTreeSet<&str> = duties.all().iter().map(|duty| duty.id.as_str()).collect();
        assert_eq!(ids.len(), duties.all().len(), "a duty is there twice");
        let mut seen = BTreeSet::new();
        for (action, _, may, _) in duties.table() {
            assert!(seen.insert(action), "{action} is there twice");
            for duty in may {
                assert!(ids.contains(duty.as_str()), "{action}: there is no duty {duty}");
            }
        }
    }

    #[test]
    fn whoever_gives_duties_is_let_in_again_by_somebody_who_stands_over_them() {
        let duties = Duties::parse(BUILT_IN).unwrap();
        let letting_in = duties.letting_in();
        let (_, _, may, _) = duties.table().find(|(action, ..)| *action == "duty.give").unwrap();
        for duty in may.iter().filter(|duty| *duty != "command-line").chain(&letting_in.by) {
            assert!(letting_in.guarded.contains(duty), "{duty}");
        }
        for duty in letting_in.guarded.iter().chain(&letting_in.by) {
            assert!(duties.named(duty).is_some_and(|duty| duty.second_proof), "{duty}");
        }
        let (_, _, may, _) = duties.table().find(|(action, ..)| *action == "account.recover").unwrap();
        assert!(letting_in.by.is_subset(may) && letting_in.rests_days > 0);
    }

    #[test]
    fn a_remote_technician_a_pupil_and_a_parent_may_do_nothing_here() {
        for (action, _, may, _) in Duties::parse(BUILT_IN).unwrap().table() {
            for duty in ["remote-technician", "pupil", "parent", "visitor", "digital-leader"] {
                assert!(!may.contains(duty), "{duty} may {action}");
            }
        }
    }

    #[test]
    fn what_is_given_says_to_whom_and_a_pupil_is_given_nothing_that_may_do_anything() {
        let duties = Duties::parse(BUILT_IN).unwrap();
        for duty in duties.all().iter().filter(|duty| !duty.relation) {
            assert!(!duty.kinds.is_empty(), "{} can be given to anybody", duty.id);
            let may = duties.may(&BTreeSet::from([duty.id.clone()])).count();
            assert!(may == 0 || (duty.adult && !duty.kinds.contains(&Kind::Pupil)), "{}", duty.id);
        }
        assert!(duties.review_every_days() > 0);
    }

    #[test]
    fn a_school_has_the_duties_of_its_kind() {
        let duties = Duties::parse(BUILT_IN).unwrap();
        let has = |kind, id: &str| duties.given_in(kind).any(|duty| duty.id == id);
        assert!(has(SchoolKind::Maintained, "chair") && !has(SchoolKind::Maintained, "proprietor"));
        assert!(has(SchoolKind::SoleProprietor, "proprietor") && !has(SchoolKind::SoleProprietor, "chair"));
        assert!(!has(SchoolKind::Maintained, "staff"), "a relation is not given");
        let chair = duties.named("chair").unwrap();
        assert_eq!(chair.called_in(SchoolKind::Maintained), "Chair of governors");
        assert_eq!(chair.called_in(SchoolKind::AcademyTrust), "Chair of trustees");
    }
}
