//! The words of pages, in their languages: those that a child or a parent meets without signing in, in twelve; those of whoever signs
//! in ("the portal's"), in English and Welsh.
//!
//! What comes with the program stands in `content/words/` and `content/words/portal/`, a file a language, English first. A school's own
//! words ([`Own`]) stand over them. A page asks [`Say`] for a label by its key, and always gets one: a language that lacks it gives
//! English, never nothing. Pure: whoever reads a school's files hands their text in.

#![warn(missing_docs)]

mod choose;
mod own;
mod plural;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

use serde::Deserialize;

pub use own::{Change, Complaint, LONGEST, Own};
pub use plural::Form;

/// What stands in [`Language::standing`] of a language whose words nobody but its author has read.
const DRAFT: &str = "draft";
/// The language of the source, whose words stand in for any that are missing.
pub const SOURCE: &str = "en";

const CONTENT: [&str; 12] = [
    include_str!("../../../content/words/en.toml"),
    include_str!("../../../content/words/cy.toml"),
    include_str!("../../../content/words/ar.toml"),
    include_str!("../../../content/words/bn.toml"),
    include_str!("../../../content/words/gu.toml"),
    include_str!("../../../content/words/pa.toml"),
    include_str!("../../../content/words/pl.toml"),
    include_str!("../../../content/words/pt.toml"),
    include_str!("../../../content/words/ro.toml"),
    include_str!("../../../content/words/so.toml"),
    include_str!("../../../content/words/tr.toml"),
    include_str!("../../../content/words/ur.toml"),
];

/// The words of the pages of whoever signs in.
const PORTAL: [&str; 2] = [
    include_str!("../../../content/words/portal/en.toml"),
    include_str!("../../../content/words/portal/cy.toml"),
];

/// A language and its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Language {
    /// Its tag (BCP 47), as in `cy`.
    pub tag: String,
    /// What those who speak it call it.
    pub name: String,
    /// Whether it is written from right to left.
    pub right_to_left: bool,
    /// The version of the English words that it was made from; for English its own.
    pub version: String,
    /// Who has checked it.
    pub standing: String,
    /// Its words by their keys, as in `block.title`.
    words: BTreeMap<String, String>,
    /// The words of the pages of whoever signs in; none in a language that those are not there in. A page asks for hundreds of them.
    portal: HashMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    language: String,
    name: String,
    direction: Direction,
    version: String,
    standing: String,
    #[serde(rename = "source")]
    _source: String,
}

#[derive(Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Direction {
    Ltr,
    Rtl,
}

/// A file of the content that cannot be read: a test holds every one of them.
#[derive(Debug, thiserror::Error)]
#[error("the words that come with the program cannot be read: {0}")]
pub struct Unreadable(String);

impl Language {
    fn read(text: &str) -> Result<Self, Unreadable> {
        let unreadable = |error: toml::de::Error| Unreadable(error.to_string());
        let mut table: toml::Table = toml::from_str(text).map_err(unreadable)?;
        let heads = ["language", "name", "direction", "version", "standing", "source"];
        let head: toml::Table =
            heads.iter().filter_map(|key| Some(((*key).to_owned(), table.remove(*key)?))).collect();
        let Head { language, name, direction, version, standing, .. } =
            head.try_into().map_err(unreadable)?;
        let mut words = BTreeMap::new();
        flatten("", &table, &mut words).map_err(Unreadable)?;
        let right_to_left = direction == Direction::Rtl;
        Ok(Self { tag: language, name, right_to_left, version, standing, words, portal: HashMap::new() })
    }

    /// Whether nobody who speaks it has checked it yet.
    pub fn is_draft(&self) -> bool {
        self.standing.starts_with(DRAFT)
    }

    /// The words by their keys of the pages that anybody meets.
    pub const fn words(&self) -> &BTreeMap<String, String> {
        &self.words
    }

    /// Whether the pages of whoever signs in are there in it too.
    pub fn has_portal(&self) -> bool {
        !self.portal.is_empty()
    }

    /// The text of a key, of whichever pages.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.portal.get(key).or_else(|| self.words.get(key)).map(String::as_str)
    }

    /// Every label, of whichever pages, by the order of their keys.
    pub fn labels(&self) -> BTreeMap<&str, &str> {
        self.words.iter().chain(&self.portal).map(|(key, text)| (key.as_str(), text.as_str())).collect()
    }

    /// Whether a label of that key is said in this language, as far as the source has it.
    fn takes(&self, key: &str, source: &Self) -> bool {
        self.has_portal() || !source.portal.contains_key(key)
    }

    fn says(&mut self, key: &str, text: &str, is_portal: bool) {
        if is_portal {
            self.portal.insert(key.to_owned(), text.to_owned());
        } else {
            self.words.insert(key.to_owned(), text.to_owned());
        }
    }
}

/// Whether a key is one of the forms that a label has for numbers: `one` in a table whose name is `count` or ends in `-count`.
pub fn is_a_form(key: &str) -> bool {
    let Some((table, form)) = key.rsplit_once('.') else { return false };
    let name = table.rsplit('.').next().unwrap_or(table);
    (name == "count" || name.ends_with("-count")) && Form::ALL.iter().any(|known| known.id() == form)
}

/// The texts of nested tables, by their path.
pub(crate) fn flatten(
    before: &str,
    table: &toml::Table,
    words: &mut BTreeMap<String, String>,
) -> Result<(), String> {
    for (key, value) in table {
        let path = if before.is_empty() { key.clone() } else { format!("{before}.{key}") };
        match value {
            toml::Value::String(text) => {
                words.insert(path, text.clone());
            }
            toml::Value::Table(inner) => flatten(&path, inner, words)?,
            _ => return Err(format!("{path} is no text")),
        }
    }
    Ok(())
}

/// The words of every language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    languages: Vec<Language>,
}

impl Words {
    /// Those that come with the program.
    pub fn built_in() -> Arc<Self> {
        static BUILT_IN: LazyLock<Arc<Words>> = LazyLock::new(|| {
            // A language that cannot be read is left out; a test holds that none is.
            let mut languages: Vec<Language> =
                CONTENT.iter().filter_map(|text| Language::read(text).ok()).collect();
            for portal in PORTAL.iter().filter_map(|text| Language::read(text).ok()) {
                if let Some(language) = languages.iter_mut().find(|one| one.tag == portal.tag) {
                    language.portal = portal.words.into_iter().collect();
                }
            }
            Arc::new(Words { languages })
        });
        Arc::clone(&BUILT_IN)
    }

    /// Every language, English first.
    pub fn languages(&self) -> &[Language] {
        &self.languages
    }

    /// The language of that tag.
    pub fn language(&self, tag: &str) -> Option<&Language> {
        self.languages.iter().find(|language| language.tag == tag)
    }

    /// These with a school's own over them. What [`Own::check`] complains of as unusable is passed over.
    #[must_use]
    pub fn with(&self, own: &Own) -> Self {
        let mut words = self.clone();
        for language in &mut words.languages {
            let Some(theirs) = own.language(&language.tag) else { continue };
            if let Some(standing) = &theirs.standing {
                language.standing.clone_from(standing);
            }
            for (key, text) in &theirs.words {
                if own::is_usable(self, &language.tag, key, text) {
                    let is_portal = self.is_of_portal(&language.tag, key);
                    language.says(key, text, is_portal);
                }
            }
        }
        words
    }

    /// Speaks the language of that tag; English where there is none.
    pub fn speak(self: &Arc<Self>, tag: &str) -> Say {
        let place = self.languages.iter().position(|language| language.tag == tag).unwrap_or(0);
        Say { words: Arc::clone(self), place }
    }

    /// Speaks what somebody chose before, or what their browser asks for.
    pub fn speak_to(self: &Arc<Self>, chosen: Option<&str>, accepted: &str) -> Say {
        let tags: Vec<&str> = self.languages.iter().map(|language| language.tag.as_str()).collect();
        let tag = choose::choose(&tags, chosen, accepted);
        self.speak(tag)
    }

    /// The same on the pages of whoever signs in, which are not there in every language.
    pub fn speak_at_portal(self: &Arc<Self>, chosen: Option<&str>, accepted: &str) -> Say {
        let there = self.languages.iter().filter(|language| language.has_portal());
        let tags: Vec<&str> = there.map(|language| language.tag.as_str()).collect();
        self.speak(choose::choose(&tags, chosen, accepted))
    }

    /// The text of a key in the source.
    fn source(&self, key: &str) -> Option<&str> {
        self.languages.first()?.text(key)
    }

    /// Whether a label stands on the pages of whoever signs in.
    fn is_of_portal(&self, tag: &str, key: &str) -> bool {
        let has = |language: &Language| language.portal.contains_key(key);
        self.languages.first().is_some_and(has) || self.language(tag).is_some_and(has)
    }
}

/// One language, spoken.
#[derive(Debug, Clone)]
pub struct Say {
    words: Arc<Words>,
    place: usize,
}

impl Default for Say {
    fn default() -> Self {
        Words::built_in().speak(SOURCE)
    }
}

impl Say {
    /// The language.
    pub fn language(&self) -> Option<&Language> {
        self.words.languages.get(self.place)
    }

    /// Its tag, for `lang`.
    pub fn tag(&self) -> &str {
        self.language().map_or(SOURCE, |language| language.tag.as_str())
    }

    /// Its direction, for `dir`.
    pub fn direction(&self) -> &'static str {
        if self.language().is_some_and(|language| language.right_to_left) { "rtl" } else { "ltr" }
    }

    /// Whether nobody who speaks it has checked it yet.
    pub fn is_draft(&self) -> bool {
        self.language().is_some_and(Language::is_draft)
    }

    /// Every language there is.
    pub const fn words(&self) -> &Arc<Words> {
        &self.words
    }

    /// The label with that key: in this language, or in English. The key itself where there is no such label, which a check of the
    /// repository keeps from happening.
    pub fn say<'s>(&'s self, key: &'s str) -> &'s str {
        let own = self.language().and_then(|language| language.text(key));
        own.filter(|text| !text.trim().is_empty()).or_else(|| self.words.source(key)).unwrap_or(key)
    }

    /// The label in English, beside the same in another language.
    pub fn in_english<'s>(&'s self, key: &'s str) -> &'s str {
        self.words.source(key).unwrap_or(key)
    }

    /// The label with what stands in braces filled in. What is filled in is not looked through again.
    pub fn fill(&self, key: &str, with: &[(&str, &str)]) -> String {
        fill(self.say(key), with)
    }

    /// What stands before and after the one thing that is filled in, for whoever fills in more than a text.
    pub fn around<'s>(&'s self, key: &'s str, name: &str) -> (&'s str, &'s str) {
        let text = self.say(key);
        text.split_once(&format!("{{{name}}}")).unwrap_or((text, ""))
    }

    /// The label in the form that this language has for so many, with the number in it.
    pub fn count(&self, key: &str, n: u64) -> String {
        let number = n.to_string();
        self.count_with(key, n, &[("n", number.as_str())])
    }

    /// The same with what else stands in braces; the number too, which is written as its reader likes.
    pub fn count_with(&self, key: &str, n: u64, with: &[(&str, &str)]) -> String {
        let own = |form: Form| {
            let path = format!("{key}.{}", form.id());
            self.language()?.text(&path).map(|text| fill(text, with))
        };
        let form = Form::of(self.tag(), n);
        own(form).or_else(|| own(Form::Other)).unwrap_or_else(|| {
            let path = format!("{key}.{}", Form::of(SOURCE, n).id());
            fill(self.words.source(&path).unwrap_or(key), with)
        })
    }
}

/// A text with what stands in braces filled in. What is filled in is not looked through again.
pub fn fill(text: &str, with: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(text.len() + 32);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let known = after.split_once('}').and_then(|(name, left)| {
            with.iter().find(|(known, _)| *known == name).map(|(_, value)| (value, left))
        });
        match known {
            Some((value, left)) => {
                out.push_str(value);
                rest = left;
            }
            None => {
                out.push('{');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// The names in braces of a text, sorted: what a translation must have too.
pub fn placeholders(text: &str) -> Vec<&str> {
    let mut names: Vec<&str> = text
        .split('{')
        .skip(1)
        .filter_map(|after| after.split_once('}').map(|(name, _)| name))
        .filter(|name| !name.is_empty() && name.chars().all(|sign| sign.is_ascii_lowercase()))
        .collect();
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests;
