//! A school's own words, over those that come with the program.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{SOURCE, Words, flatten, placeholders};

/// The longest label, in characters.
pub const LONGEST: usize = 1_000;
/// The longest file of a language that is read, in bytes: more than every label at its longest in any script that people use.
const LONGEST_FILE: usize = 1 << 20;

/// What a school says of one language.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct OwnLanguage {
    /// Who has checked it; what the program says where this is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<String>,
    /// Labels by their keys.
    #[serde(default)]
    pub words: BTreeMap<String, String>,
}

/// What a school says of every language, by its tag.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Own(BTreeMap<String, OwnLanguage>);

/// One change of what a school says of a language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A label says this; what the program says where there is nothing.
    Label {
        /// Its key, as in `block.title`.
        key: String,
        /// What it says.
        text: Option<String>,
    },
    /// Who has checked the language; what the program says where there is nothing.
    Standing(Option<String>),
}

/// What is wrong with a school's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// The language.
    pub language: String,
    /// The label; empty where it is about the whole file.
    pub key: String,
    /// What is wrong, and what to do.
    pub what: String,
}

impl Own {
    /// Nothing said of any language.
    pub const fn none() -> Self {
        Self(BTreeMap::new())
    }

    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is said of the language of that tag.
    pub fn language(&self, tag: &str) -> Option<&OwnLanguage> {
        self.0.get(tag)
    }

    /// Reads the file of a language, in the form of the program's own: tables of labels, with `standing` where somebody has checked it.
    /// Other heads of the program's files may stand in it and say nothing.
    pub fn read(&mut self, tag: &str, text: &str) -> Result<(), String> {
        if text.len() > LONGEST_FILE {
            return Err(format!("longer than {LONGEST_FILE} bytes"));
        }
        let mut table: toml::Table = toml::from_str(text).map_err(|error| error.to_string())?;
        for head in ["language", "name", "direction", "version", "source"] {
            table.remove(head);
        }
        let standing = match table.remove("standing") {
            None => None,
            Some(toml::Value::String(text)) => Some(text),
            Some(_) => return Err("standing is no text".to_owned()),
        };
        let mut words = BTreeMap::new();
        flatten("", &table, &mut words)?;
        self.0.insert(tag.to_owned(), OwnLanguage { standing, words });
        Ok(())
    }

    /// What stands in the file of a language, for it to be written.
    pub fn written(&self, tag: &str) -> String {
        let Some(own) = self.0.get(tag) else { return String::new() };
        let mut root = toml::Table::new();
        if let Some(standing) = &own.standing {
            root.insert("standing".to_owned(), toml::Value::String(standing.clone()));
        }
        for (key, text) in &own.words {
            let mut table = &mut root;
            let mut parts: Vec<&str> = key.split('.').collect();
            let Some(last) = parts.pop() else { continue };
            for part in parts {
                let inner =
                    table.entry(part.to_owned()).or_insert_with(|| toml::Value::Table(toml::Table::new()));
                let toml::Value::Table(inner) = inner else { return String::new() };
                table = inner;
            }
            table.insert(last.to_owned(), toml::Value::String(text.clone()));
        }
        toml::to_string_pretty(&root).unwrap_or_default()
    }

    /// Changes what is said of a language. Gives what was said before.
    pub fn make(&mut self, tag: &str, change: &Change) -> Option<String> {
        let own = self.0.entry(tag.to_owned()).or_default();
        let before = match change {
            Change::Label { key, text: Some(text) } => own.words.insert(key.clone(), text.clone()),
            Change::Label { key, text: None } => own.words.remove(key),
            Change::Standing(standing) => std::mem::replace(&mut own.standing, standing.clone()),
        };
        if *own == OwnLanguage::default() {
            self.0.remove(tag);
        }
        before
    }

    /// Everything that is wrong with it beside the program's words.
    pub fn check(&self, program: &Words) -> Vec<Complaint> {
        let mut complaints = Vec::new();
        for (tag, own) in &self.0 {
            let mut say = |key: &str, what: String| {
                complaints.push(Complaint { language: tag.clone(), key: key.to_owned(), what });
            };
            if program.language(tag).is_none() {
                let known: Vec<&str> = program.languages().iter().map(|one| one.tag.as_str()).collect();
                say(
                    "",
                    format!("the program has no such language; those that it has are {}", known.join(", ")),
                );
                continue;
            }
            for (key, text) in &own.words {
                if let Some(what) = wrong_with(program, tag, key, text) {
                    say(key, what);
                }
            }
        }
        complaints
    }
}

/// Whether a label may stand in the place of the program's.
pub(crate) fn is_usable(program: &Words, tag: &str, key: &str, text: &str) -> bool {
    wrong_with(program, tag, key, text).is_none()
}

/// Marks that turn the direction of what follows them belong into no label, nor does what nobody sees: a page says which way it runs.
fn has_hidden_sign(text: &str) -> bool {
    let is_mark =
        |sign: char| sign.is_control() || matches!(sign, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().any(is_mark)
}

/// What is wrong with a label.
pub(crate) fn wrong_with(program: &Words, tag: &str, key: &str, text: &str) -> Option<String> {
    // A form of a language for numbers may be one that English has not.
    let source = program.source(key).or_else(|| program.language(tag)?.text(key));
    // A page that is not there in a language is not said in it.
    let is_there = program
        .language(tag)
        .is_none_or(|own| program.language(SOURCE).is_none_or(|source| own.takes(key, source)));
    if !is_there {
        return Some("the pages of whoever signs in are there in English and Welsh alone".to_owned());
    }
    let Some(source) = source else {
        return Some("no page has such a label; look for its name in content/words/en.toml or content/words/portal/en.toml".to_owned());
    };
    if text.trim().is_empty() {
        return Some("it is empty; take it out to have the program's own".to_owned());
    }
    if text.chars().count() > LONGEST {
        return Some(format!("it has more than {LONGEST} characters"));
    }
    if has_hidden_sign(text) {
        return Some(
            "it has a sign in it that nobody sees, such as the end of a line; write it in one line"
                .to_owned(),
        );
    }
    let (wanted, there) = (placeholders(source), placeholders(text));
    if wanted != there {
        let in_braces = |names: &[&str]| match names {
            [] => "none".to_owned(),
            names => names.iter().map(|name| format!("{{{name}}}")).collect::<Vec<_>>().join(", "),
        };
        return Some(format!(
            "in braces must stand {}, and there stands {}",
            in_braces(&wanted),
            in_braces(&there)
        ));
    }
    None
}

impl Words {
    /// What keeps a change of a language's words from being made; `None` where it can be.
    pub fn wrong_with_change(&self, tag: &str, change: &Change) -> Option<String> {
        match change {
            Change::Label { key, text: Some(text) } => wrong_with(self, tag, key, text),
            Change::Label { text: None, .. } | Change::Standing(None) => None,
            Change::Standing(Some(text)) if text.chars().count() > LONGEST => {
                Some(format!("it has more than {LONGEST} characters"))
            }
            Change::Standing(Some(text)) if text.trim().is_empty() || has_hidden_sign(text) => {
                Some("say in one line who has checked it, and when".to_owned())
            }
            Change::Standing(Some(_)) => None,
        }
    }

    /// What keeps a label from being said; `None` where it can be.
    pub fn wrong_with(&self, tag: &str, key: &str, text: &str) -> Option<String> {
        wrong_with(self, tag, key, text)
    }

    /// Labels that a language lacks, so that English stands in for them.
    pub fn missing(&self, tag: &str) -> Vec<String> {
        let Some(language) = self.language(tag) else { return Vec::new() };
        let Some(source) = self.language(SOURCE) else { return Vec::new() };
        let labels = source.labels();
        let lacks = |key: &&str| language.takes(key, source) && language.text(key).is_none();
        labels.into_keys().filter(lacks).map(str::to_owned).collect()
    }
}
