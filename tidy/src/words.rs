//! One word per idea: words that have a better one are refused.

use regex::Regex;
use serde::Deserialize;

use crate::{Complaint, Source};

/// The table of `tidy/words.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    refused: Vec<Refused>,
    #[serde(default)]
    excused: Vec<Excused>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Refused {
    words: Vec<String>,
    instead: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Excused {
    path: String,
    #[serde(rename = "why")]
    _why: String,
}

/// A word and what to say instead, ready to be searched for.
#[derive(Debug)]
pub struct Search {
    patterns: Vec<(Regex, String)>,
    excused: Vec<String>,
}

impl Words {
    /// Reads the table.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// Prepares the search; fails where a word is no regular expression even when quoted, which cannot happen.
    pub fn search(&self) -> Result<Search, regex::Error> {
        let mut patterns = Vec::new();
        for refused in &self.refused {
            let quoted: Vec<String> = refused.words.iter().map(|word| regex::escape(word)).collect();
            let pattern = Regex::new(&format!(r"(?i)\b(?:{})\b", quoted.join("|")))?;
            patterns.push((pattern, refused.instead.clone()));
        }
        Ok(Search { patterns, excused: self.excused.iter().map(|excused| excused.path.clone()).collect() })
    }
}

impl Search {
    /// Complains of refused words in one file.
    pub fn complaints(&self, source: &Source) -> Vec<Complaint> {
        if self
            .excused
            .iter()
            .any(|path| source.path == *path || source.path.starts_with(&format!("{path}/")))
        {
            return Vec::new();
        }
        let mut complaints = Vec::new();
        for (index, line) in source.text.lines().enumerate() {
            for (pattern, instead) in &self.patterns {
                if let Some(found) = pattern.find(line) {
                    let text = format!("says \"{}\"; say {instead} (tidy/words.toml)", found.as_str());
                    complaints.push(Complaint::at(&source.path, index + 1, text));
                }
            }
        }
        complaints
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_word_is_found_whole_and_in_any_case() {
        let table = "[[refused]]\nwords = [\"blacklist\"]\ninstead = \"block list\"\n[[excused]]\npath = \"old\"\nwhy = \"\"";
        let search = Words::parse(table).unwrap().search().unwrap();
        for (path, text, found) in [
            ("a.md", "the Blacklist is", true),
            ("a.md", "blacklistings", false),
            ("a.md", "block list", false),
            ("old/a.md", "blacklist", false),
            ("older/a.md", "blacklist", true),
        ] {
            assert_eq!(!search.complaints(&Source::new(path, text)).is_empty(), found, "{path}: {text}");
        }
    }
}
