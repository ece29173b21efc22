//! What the content says: rules by key stage, bounds, what is taught, words and pictures.

use std::sync::LazyLock;
use web::filled;

use serde::{Deserialize, Serialize};

use crate::kind::Kind;
use crate::store::Known;

const BUILT_IN: &str = include_str!("../../../../content/accounts.toml");

/// How somebody signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// A card with pictures in an order.
    Pictures,
    /// A card with short words.
    Words,
    /// A slip with a password that was made for them.
    Password,
    /// A slip with a link, by which they choose a password themselves.
    Own,
}

impl Way {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Pictures, Self::Words, Self::Password, Self::Own];

    /// Its id in content, records and forms.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Pictures => "pictures",
            Self::Words => "words",
            Self::Password => "password",
            Self::Own => "own",
        }
    }

    /// The way of that id.
    pub fn of_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.id() == id)
    }

    /// Whether it is a card for a class device.
    pub const fn is_card(self) -> bool {
        matches!(self, Self::Pictures | Self::Words)
    }

    /// What it is, as people say it, with so many parts.
    pub fn in_words(self, length: usize) -> String {
        match self {
            Self::Pictures => filled!("by-age.card-pictures", length),
            Self::Words => filled!("by-age.card-words", length),
            Self::Password => filled!("by-age.slip-password", length),
            Self::Own => filled!("by-age.slip-own", length),
        }
    }

    /// The longest that may be asked for.
    pub const fn most(self) -> usize {
        match self {
            Self::Pictures | Self::Words => 5,
            Self::Password => 6,
            Self::Own => 30,
        }
    }
}

/// A way that a school may choose for an age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// Which.
    pub way: Way,
    /// The shortest.
    pub least: usize,
}

/// The rule for an age.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rule {
    /// Its id.
    pub id: String,
    /// Whom it is for.
    pub name: String,
    /// The ids of its key stages; none for adults.
    pub stages: Vec<String>,
    /// How they sign in.
    pub way: Way,
    /// How many parts that has: pictures, words, or characters.
    pub length: usize,
    /// How often it is made anew, where it is by the calendar.
    pub renewed: Option<String>,
    /// For how many days a slip with a link holds.
    #[serde(default = "one_day")]
    pub slip_days: i64,
    /// Who may see it, in words.
    pub seen_by: String,
    /// What a school may choose.
    pub ways: Vec<Choice>,
}

const fn one_day() -> i64 {
    1
}

/// The tries that a card has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Bounds {
    /// In a row, on one device.
    pub on_one_device: u32,
    /// In a row, on all devices that are not known for the class.
    pub on_strange_devices: u32,
    /// The same, of all cards of a class together.
    pub of_the_class: u32,
    /// In a day, on all devices together.
    pub in_a_day: u32,
    /// How many devices one card makes known in a day.
    pub known_in_a_day: u32,
}

/// How long guests stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Guests {
    /// The longest stay, in days.
    pub longest_days: i32,
    /// The longest that a lanyard holds.
    pub lanyard_days: i32,
}

/// When an account may be shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Sharing {
    /// So many browsers at once are more than one person uses; 0 to look for nothing.
    pub browsers_at_once: usize,
}

/// What is taught before anybody first signs in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taught {
    /// The ids of the rules whose people it is for.
    pub rules: Vec<String>,
    /// Which version of it.
    pub version: String,
    /// What is taught.
    pub lines: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    words: Vec<String>,
    pictures: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "version")]
    _version: String,
    #[serde(rename = "source")]
    _source: String,
    rule: Vec<Rule>,
    bounds: Bounds,
    guests: Guests,
    sharing: Sharing,
    taught: Vec<Taught>,
    list: List,
}

/// The content.
#[derive(Debug, Clone)]
pub struct ByAge(File);

impl ByAge {
    /// What is compiled in.
    pub fn built_in() -> &'static Self {
        static CONTENT: LazyLock<ByAge> = LazyLock::new(|| {
            // A test parses the same text. Without it nobody is given a card, and no card has a try.
            ByAge::parse(BUILT_IN).unwrap_or_else(|_| {
                let bounds = Bounds {
                    on_one_device: 0,
                    on_strange_devices: 0,
                    of_the_class: 0,
                    in_a_day: 0,
                    known_in_a_day: 0,
                };
                let list = List { words: Vec::new(), pictures: Vec::new() };
                let (rule, taught) = (Vec::new(), Vec::new());
                let guests = Guests { longest_days: 0, lanyard_days: 0 };
                let sharing = Sharing { browsers_at_once: 0 };
                ByAge(File {
                    _version: String::new(),
                    _source: String::new(),
                    rule,
                    bounds,
                    guests,
                    sharing,
                    taught,
                    list,
                })
            })
        });
        &CONTENT
    }

    fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text).map(Self)
    }

    /// The rules, youngest first.
    pub fn rules(&self) -> &[Rule] {
        &self.0.rule
    }

    /// The tries that a card has.
    pub const fn bounds(&self) -> Bounds {
        self.0.bounds
    }

    /// How long guests stay.
    pub const fn guests(&self) -> Guests {
        self.0.guests
    }

    /// When an account may be shared.
    pub const fn sharing(&self) -> Sharing {
        self.0.sharing
    }

    /// The words of cards and passwords: 256.
    pub fn words(&self) -> &[String] {
        &self.0.list.words
    }

    /// The names of the pictures: 16.
    pub fn pictures(&self) -> &[String] {
        &self.0.list.pictures
    }

    /// What is taught to those of a rule.
    pub fn taught(&self, rule: &str) -> Option<&Taught> {
        self.0.taught.iter().find(|taught| taught.rules.iter().any(|id| id == rule))
    }

    /// The id of the rule for somebody. The year tells it, else a group that is called as a year or a key stage is; whoever is no pupil, or
    /// whose age nobody knows, is held to what adults are.
    pub(crate) fn rule_of(&self, person: &Known) -> &str {
        let facts = &person.facts;
        let is_pupil = facts.kind.is_none_or(|kind| kind == Kind::Pupil);
        let stages: Vec<&str> = match facts.year.and_then(crate::kind::YearGroup::stage) {
            Some((stage, _)) => vec![stage],
            None => facts.groups.iter().filter_map(|group| stage_of_group(group)).collect(),
        };
        // In two key stages at once: the stricter.
        let fits =
            |rule: &&Rule| is_pupil && rule.stages.iter().any(|stage| stages.contains(&stage.as_str()));
        let of_age = self.0.rule.iter().rev().find(fits);
        let adults = self.0.rule.iter().find(|rule| rule.stages.is_empty());
        of_age.or(adults).map_or("", |rule| &rule.id)
    }

    /// Whether somebody is held to what pupils are: the roll says that they are one, or they are in a year or a key stage.
    pub(crate) fn is_pupil(&self, person: &Known) -> bool {
        let rule = self.rule_of(person);
        let by_age = || self.0.rule.iter().any(|known| known.id == rule && !known.stages.is_empty());
        person.facts.kind == Some(Kind::Pupil) || by_age()
    }
}

/// The key stage that a group of the filter is called after.
fn stage_of_group(group: &str) -> Option<&'static str> {
    let years = (-1..=13).filter_map(crate::kind::YearGroup::of_number);
    let mut stages = years.filter_map(|year| Some((year.id(), year.stage()?.0)));
    stages.find(|(year, stage)| *year == group || *stage == group).map(|(_, stage)| stage)
}

/// The drawing of a picture, as SVG.
pub(crate) fn drawing(picture: &str) -> Option<&'static str> {
    macro_rules! drawings {
        ($($name:literal),*) => {
            match picture {
                $($name => Some(include_str!(concat!("../../../../content/pictures/", $name, ".svg"))),)*
                _ => None,
            }
        };
    }
    drawings!(
        "cat", "fish", "duck", "frog", "tree", "sun", "moon", "star", "apple", "car", "boat", "house",
        "balloon", "umbrella", "bell", "key"
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use engine::PersonNo;

    use super::*;
    use crate::intake::Facts;
    use crate::kind::YearGroup;

    #[test]
    fn whoever_signs_in_is_taught_to_keep_it_to_themselves() {
        let content = ByAge::parse(BUILT_IN).unwrap();
        assert!(
            content.sharing().browsers_at_once >= 3,
            "a laptop, a phone and a computer of the school are nobody's lent password"
        );
        for rule in content.rules() {
            let says =
                ["nobody but my teacher", "keep them to myself", "tell nobody my password", "for me alone"];
            let lines = &content.taught(&rule.id).unwrap().lines;
            assert!(lines.iter().any(|line| says.iter().any(|words| line.contains(words))), "{}", rule.id);
        }
    }

    #[test]
    fn every_key_stage_has_one_rule_and_each_is_within_what_a_school_may_choose() {
        let content = ByAge::parse(BUILT_IN).unwrap();
        for number in -1..=13 {
            let (stage, _) = YearGroup::of_number(number).unwrap().stage().unwrap();
            let rules = content.rules().iter().filter(|rule| rule.stages.iter().any(|id| id == stage));
            assert_eq!(rules.count(), 1, "{stage}");
        }
        for rule in content.rules() {
            let choice = rule.ways.iter().find(|choice| choice.way == rule.way).unwrap();
            assert!((choice.least..=rule.way.most()).contains(&rule.length), "{}", rule.id);
            assert!(!content.taught(&rule.id).unwrap().lines.is_empty(), "{}", rule.id);
            let is_young = ["early-years", "key-stage-1"].contains(&rule.id.as_str());
            assert_eq!(rule.ways.iter().any(|choice| choice.way.is_card()), is_young, "{}", rule.id);
        }
        assert_eq!(content.rules().last().unwrap().length, crate::account::SHORTEST);
    }

    #[test]
    fn the_lists_are_as_long_as_the_arithmetic_says_and_every_picture_is_drawn() {
        let content = ByAge::parse(BUILT_IN).unwrap();
        let words: BTreeSet<&String> = content.words().iter().collect();
        assert_eq!((words.len(), content.words().len()), (256, 256));
        let short = |word: &&String| {
            (3..=5).contains(&word.len()) && word.bytes().all(|sign| sign.is_ascii_lowercase())
        };
        assert!(content.words().iter().all(|word| short(&word)));
        let pictures: BTreeSet<&String> = content.pictures().iter().collect();
        assert_eq!((pictures.len(), content.pictures().len()), (16, 16));
        assert!(
            content.pictures().iter().all(|name| drawing(name).is_some_and(|svg| svg.starts_with("<svg ")))
        );
    }

    #[test]
    fn the_rule_goes_by_the_year_then_by_the_group_and_is_the_strictest_where_nobody_knows() {
        let content = ByAge::parse(BUILT_IN).unwrap();
        let rule = |kind, year, groups: &[&str]| {
            let groups = groups.iter().map(|group| (*group).to_owned()).collect();
            let facts = Facts { kind, year: YearGroup::of_number(year), groups, ..Facts::default() };
            content.rule_of(&Known { number: PersonNo(1), key: String::new(), facts }).to_owned()
        };
        for (kind, year, groups, expected) in [
            (Some(Kind::Pupil), 0, &[][..], "early-years"),
            (Some(Kind::Pupil), 2, &["year-9"], "key-stage-1"),
            (None, 99, &["nursery"], "early-years"),
            (None, 99, &["key-stage-2", "school-shared"], "key-stage-2"),
            (None, 99, &["year-1", "year-8"], "key-stage-3"),
            (None, 99, &["staff"], "adults"),
            (Some(Kind::Pupil), 99, &[], "adults"),
            (Some(Kind::Staff), 1, &["year-1"], "adults"),
        ] {
            assert_eq!(rule(kind, year, groups), expected, "{kind:?} {year} {groups:?}");
        }
    }
}
