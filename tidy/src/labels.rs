//! The labels of pages: every one of the source stands in each language with what is filled in, and a page asks for each.

use std::collections::BTreeMap;

use crate::{Complaint, Source};

/// A table of forms for numbers, which each language has its own of: the code asks for the table.
const COUNTED: &str = ".count";
/// What a file says of itself.
const HEADS: [&str; 6] = ["language", "name", "direction", "version", "standing", "source"];

/// The labels of a file by their paths.
fn labels(source: &Source) -> BTreeMap<String, String> {
    fn walk(before: &str, table: &toml::Table, all: &mut BTreeMap<String, String>) {
        for (key, value) in table {
            let path = if before.is_empty() { key.clone() } else { format!("{before}.{key}") };
            match value {
                toml::Value::Table(inner) => walk(&path, inner, all),
                toml::Value::String(text) if !HEADS.contains(&path.as_str()) => {
                    all.insert(path, text.clone());
                }
                _ => {}
            }
        }
    }
    let mut all = BTreeMap::new();
    walk("", &toml::from_str(&source.text).unwrap_or_default(), &mut all);
    all
}

/// What stands in braces, sorted.
fn filled_in(text: &str) -> Vec<&str> {
    let mut names: Vec<&str> =
        text.split('{').skip(1).filter_map(|after| after.split_once('}').map(|(name, _)| name)).collect();
    names.sort_unstable();
    names
}

/// Holds a language against the source.
pub fn of_language(english: &Source, other: &Source) -> Vec<Complaint> {
    let (english, theirs) = (labels(english), labels(other));
    let say = |text: String| Complaint::whole(&other.path, text);
    let mut complaints = Vec::new();
    for (key, text) in english.iter().filter(|(key, _)| !key.contains(COUNTED)) {
        match theirs.get(key) {
            None => complaints.push(say(format!("lacks {key}"))),
            Some(own) if filled_in(own) != filled_in(text) => {
                complaints.push(say(format!("{key} does not have in braces what the English has")));
            }
            Some(_) => {}
        }
    }
    let odd = theirs.keys().filter(|key| !english.contains_key(*key) && !key.contains(COUNTED));
    complaints.extend(odd.map(|key| say(format!("{key} is not in the English"))));
    complaints
}

/// Complains of labels that no code asks for by name.
pub fn unused<'a>(english: &Source, code: impl Iterator<Item = &'a Source>) -> Vec<Complaint> {
    let code: Vec<&Source> = code.collect();
    labels(english)
        .keys()
        .map(|key| key.split_once(COUNTED).map_or(key.clone(), |(table, _)| format!("{table}{COUNTED}")))
        .filter(|key| {
            let quoted = format!("\"{key}\"");
            !code.iter().any(|source| source.text.contains(&quoted))
        })
        .map(|key| {
            Complaint::whole(&english.path, format!("no page asks for {key}; take it out of every language"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_that_lacks_a_label_or_what_is_filled_in_is_found() {
        let english = Source::new(
            "content/words/en.toml",
            "language = \"en\"\n[a]\nb = \"{n} x\"\nc = \"y\"\n[a.count]\none = \"1\"\n",
        );
        let other =
            Source::new("content/words/xx.toml", "[a]\nb = \"x\"\nd = \"z\"\n[a.count]\nfew = \"3\"\n");
        let said: Vec<String> = of_language(&english, &other).iter().map(ToString::to_string).collect();
        assert_eq!(said.len(), 3, "{said:?}");
        let code = [Source::new("a.rs", "say.say(\"a.b\"); say.count(\"a.count\", 1)")];
        let said = unused(&english, code.iter());
        assert!(said.len() == 1 && said[0].to_string().contains("a.c"), "{said:?}");
    }
}
