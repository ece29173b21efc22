//! The labels of pages: every one of the source stands in each language with what is filled in, and a page asks for each.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Complaint, Source};

/// The forms that a language has for numbers. They stand in a table whose name is `count` or ends in `-count`, which the code asks for.
const FORMS: [&str; 6] = ["zero", "one", "two", "few", "many", "other"];

/// The table of a label that is one of its forms for numbers.
fn counted(key: &str) -> Option<&str> {
    let (table, form) = key.rsplit_once('.')?;
    let name = table.rsplit('.').next().unwrap_or(table);
    ((name == "count" || name.ends_with("-count")) && FORMS.contains(&form)).then_some(table)
}
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
    for (key, text) in english.iter().filter(|(key, _)| counted(key).is_none()) {
        match theirs.get(key) {
            None => complaints.push(say(format!("lacks {key}"))),
            Some(own) if filled_in(own) != filled_in(text) => {
                complaints.push(say(format!("{key} does not have in braces what the English has")));
            }
            Some(_) => {}
        }
    }
    let odd = theirs.keys().filter(|key| !english.contains_key(*key) && counted(key).is_none());
    complaints.extend(odd.map(|key| say(format!("{key} is not in the English"))));
    complaints
}

/// Whether a text can be the key of a label: a table and a name.
fn is_key(text: &str) -> bool {
    let plain = |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit() || matches!(sign, '-' | '.');
    text.contains('.') && text.chars().all(plain) && !text.starts_with('.') && !text.ends_with('.')
}

/// Complains of labels that no code asks for by name. Those of the tables in `made` are asked for by names that are made of ids.
pub fn unused<'a>(english: &Source, code: impl Iterator<Item = &'a Source>, made: &[&str]) -> Vec<Complaint> {
    let quoted: BTreeSet<&str> =
        code.flat_map(|source| source.text.split('"')).filter(|text| is_key(text)).collect();
    labels(english)
        .keys()
        .map(|key| counted(key).unwrap_or(key).to_owned())
        .filter(|key| !quoted.contains(key.as_str()) && !made.iter().any(|table| key.starts_with(table)))
        .collect::<BTreeSet<String>>()
        .into_iter()
        .map(|key| {
            Complaint::whole(&english.path, format!("no page asks for {key}; take it out of every language"))
        })
        .collect()
}

/// How code asks for a label.
const ASKS: [&str; 7] = ["say(", "say_or(", "fill(", "filled!(", "marked!(", "counted!(", "count("];

/// Complains of code that asks for a label by name which no source has.
pub fn missing<'a>(english: &[&Source], code: impl Iterator<Item = &'a Source>) -> Vec<Complaint> {
    let mut known: BTreeSet<String> = BTreeSet::new();
    for source in english {
        for key in labels(source).into_keys() {
            known.extend(counted(&key).map(str::to_owned));
            known.insert(key);
        }
    }
    let mut complaints = Vec::new();
    for source in code {
        let product = source.text.split("#[cfg(test)]").next().unwrap_or_default();
        for ask in ASKS {
            for (at, _) in product.match_indices(ask) {
                let after = product.get(at + ask.len()..).unwrap_or_default().trim_start();
                let Some(key) = after.strip_prefix('"').and_then(|rest| rest.split('"').next()) else {
                    continue;
                };
                if is_key(key) && !known.contains(key) {
                    complaints
                        .push(Complaint::whole(&source.path, format!("asks for {key}, which no source has")));
                }
            }
        }
    }
    complaints
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
        let said = unused(&english, code.iter(), &[]);
        assert!(said.len() == 1 && said[0].to_string().contains("a.c"), "{said:?}");
        assert!(unused(&english, code.iter(), &["a."]).is_empty());
        let asks = [Source::new(
            "a.rs",
            "say(\"a.b\"); filled!(\n    \"a.x\", n); counted!(\"a.count\", 1); out.say(\"a b\")",
        )];
        let said = missing(&[&english], asks.iter());
        assert!(said.len() == 1 && said[0].to_string().contains("a.x"), "{said:?}");
    }
}
