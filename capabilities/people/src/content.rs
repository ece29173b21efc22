//! What the content says of rolls: years and key stages, what sources call things, limits, and the rules of groups.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::Deserialize;

use crate::kind::{Kind, YearGroup};
use crate::rules::Rule;

const BUILT_IN: &str = include_str!("../../../content/roll.toml");

/// A key stage.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stage {
    pub id: String,
    pub name: String,
}

/// A year group.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Year {
    number: i8,
    pub id: String,
    pub name: String,
    pub stage: String,
    names: Vec<String>,
}

/// A kind of people, or of columns: its id, its name and what sources call it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Called {
    pub id: String,
    pub name: String,
    pub names: Vec<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Import {
    most_leaving_percent: usize,
    few_leaving: usize,
    years_rise_from: String,
    years_rise_until: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Grades {
    none: Vec<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    #[serde(rename = "version")]
    _version: String,
    #[serde(rename = "source")]
    _source: String,
    import: Import,
    grades: Grades,
    stage: Vec<Stage>,
    year: Vec<Year>,
    kind: Vec<Called>,
    column: Vec<Called>,
    slot_column: Vec<Called>,
    rule: Vec<Rule>,
}

/// The content about rolls.
#[derive(Debug, Clone, Default)]
pub(crate) struct Content {
    file: File,
    years: BTreeMap<String, YearGroup>,
    no_year: BTreeSet<String>,
    kinds: BTreeMap<String, Kind>,
}

impl Content {
    /// What is compiled in.
    pub fn built_in() -> &'static Self {
        static CONTENT: LazyLock<Content> = LazyLock::new(|| {
            // A test parses the same text. Without it nothing is known of any source, and each import says so.
            Content::parse(BUILT_IN).unwrap_or_default()
        });
        &CONTENT
    }

    fn parse(text: &str) -> Result<Self, toml::de::Error> {
        let file: File = toml::from_str(text)?;
        let mut years = BTreeMap::new();
        for year in &file.year {
            let Some(group) = YearGroup::of_number(year.number.into()) else { continue };
            for name in year.names.iter().chain([&year.id, &year.name]) {
                years.insert(plain(name), group);
            }
        }
        let mut kinds = BTreeMap::new();
        for called in &file.kind {
            let Some(kind) = Kind::of_id(&called.id) else { continue };
            for name in called.names.iter().chain([&called.id, &called.name]) {
                kinds.insert(plain(name), kind);
            }
        }
        let no_year = file.grades.none.iter().map(|name| plain(name)).collect();
        Ok(Self { file, years, no_year, kinds })
    }

    /// What people call a kind.
    pub fn kind_name(&self, kind: Kind) -> &str {
        self.file.kind.iter().find(|called| called.id == kind.id()).map_or("", |called| &called.name)
    }

    /// The kind that a source calls so.
    pub fn kind_called(&self, written: &str) -> Option<Kind> {
        self.kinds.get(&plain(written)).copied()
    }

    /// A year group's id, name and stage.
    pub fn year(&self, group: YearGroup) -> Option<&Year> {
        self.file.year.iter().find(|year| year.number == group.number())
    }

    /// The year group that a source calls so; an error where the content knows nothing of the kind.
    pub fn year_called(&self, written: &str) -> Result<Option<YearGroup>, NoYear> {
        let plain = plain(written);
        if self.no_year.contains(&plain) {
            return Ok(None);
        }
        self.years.get(&plain).copied().map(Some).ok_or(NoYear)
    }

    /// A key stage.
    pub fn stage(&self, id: &str) -> Option<&Stage> {
        self.file.stage.iter().find(|stage| stage.id == id)
    }

    /// The kinds of columns of a table of lessons.
    pub fn slot_columns(&self) -> &[Called] {
        &self.file.slot_column
    }

    /// The kinds of columns.
    pub fn columns(&self) -> &[Called] {
        &self.file.column
    }

    /// The rules that hold where a school has none of its own.
    pub fn rules(&self) -> &[Rule] {
        &self.file.rule
    }

    /// Whether so many leavers, of so many on the roll of a source, wait until somebody says the number.
    pub const fn is_too_many(&self, leaving: usize, of: usize) -> bool {
        leaving > self.file.import.few_leaving
            && leaving.saturating_mul(100) > of.saturating_mul(self.file.import.most_leaving_percent)
    }

    /// Whether pupils go up a year on that day of a year, as in `09-01`.
    pub fn years_rise_on(&self, day: &str) -> bool {
        let Import { years_rise_from, years_rise_until, .. } = &self.file.import;
        years_rise_from.as_str() <= day && day <= years_rise_until.as_str()
    }
}

/// A source writes a year group that nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoYear;

/// A name as it is compared: small letters, and one blank where anything stands between words.
pub(crate) fn plain(text: &str) -> String {
    let between = |sign: char| sign.is_whitespace() || matches!(sign, '-' | '_' | '.');
    let words: Vec<String> =
        text.split(between).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_is_whole_and_says_no_name_twice() {
        let content = Content::parse(BUILT_IN).unwrap();
        assert_eq!(content.file.year.len(), 15);
        assert_eq!(content.file.kind.len(), Kind::ALL.len());
        for year in &content.file.year {
            assert!(content.stage(&year.stage).is_some(), "{} has no stage", year.id);
        }
        for called in [&content.file.kind, &content.file.column] {
            let mut seen = BTreeMap::new();
            for one in called {
                let own: BTreeSet<String> =
                    one.names.iter().chain([&one.id]).map(|name| plain(name)).collect();
                for name in own {
                    let other = seen.insert(name.clone(), &one.id);
                    assert_eq!(other, None, "{name} is {} too", one.id);
                }
            }
        }
        for rule in content.rules() {
            rule.check().unwrap();
        }
    }

    #[test]
    fn a_year_is_known_by_every_name_that_sources_have_for_it() {
        let content = Content::built_in();
        for (written, number) in [
            ("7", Some(7)),
            ("07", Some(7)),
            ("Year 7", Some(7)),
            ("year-7", Some(7)),
            ("Y7", Some(7)),
            ("R", Some(0)),
            ("KG", Some(0)),
            ("N2", Some(-1)),
            ("PS3", None),
            ("", None),
        ] {
            let expected = number.and_then(YearGroup::of_number);
            assert_eq!(content.year_called(written), Ok(expected), "{written}");
        }
        assert_eq!(content.year_called("14"), Err(NoYear));
        assert_eq!(content.kind_called("Site-Administrator"), Some(Kind::Staff));
    }

    #[test]
    fn a_few_leavers_never_wait_and_a_tenth_of_the_school_does() {
        let content = Content::built_in();
        for (leaving, of, waits) in
            [(0, 0, false), (5, 5, false), (6, 20, true), (200, 2_000, false), (201, 2_000, true)]
        {
            assert_eq!(content.is_too_many(leaving, of), waits, "{leaving} of {of}");
        }
    }
}
