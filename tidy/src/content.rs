//! Content is data that a person could correct: every file says where it comes from and which version it is.

use std::collections::BTreeSet;

use crate::{Complaint, Source};

/// Complains of a content file that does not parse, or has no `source` and `version`. An example policy is a policy
/// document, whose form has a `note` where content has its source; any other example begins with a comment.
pub fn has_origin(source: &Source) -> Vec<Complaint> {
    let table: toml::Table = match toml::from_str(&source.text) {
        Ok(table) => table,
        Err(error) => return vec![Complaint::whole(&source.path, format!("is not TOML: {error}"))],
    };
    let mut complaints = Vec::new();
    let example = source.path.starts_with("content/examples/");
    if example && !table.contains_key("form") {
        let said = source.text.starts_with("# ");
        let text = "is no policy and begins with no comment; say there what it is an example of";
        return if said { Vec::new() } else { vec![Complaint::whole(&source.path, text)] };
    }
    let origin = if example { "note" } else { "source" };
    if table.get(origin).and_then(toml::Value::as_str).is_none_or(|source| source.trim().is_empty()) {
        let text = format!("has no `{origin} = \"…\"`; say where its content comes from");
        complaints.push(Complaint::whole(&source.path, text));
    }
    let version = table.get("version");
    let known = version.is_some_and(|version| version.as_integer().is_some() || version.as_str().is_some());
    if !known {
        complaints.push(Complaint::whole(
            &source.path,
            "has no `version`; give it one and raise it with each change",
        ));
    }
    complaints
}

/// The ids in `content/commitments.toml`, and complaints of ids that stand there twice or are malformed.
pub fn commitment_ids(source: &Source) -> (BTreeSet<String>, Vec<Complaint>) {
    let (mut ids, mut complaints) = (BTreeSet::new(), Vec::new());
    let table: toml::Table = toml::from_str(&source.text).unwrap_or_default();
    for entry in table.get("commitment").and_then(toml::Value::as_array).into_iter().flatten() {
        let id = entry.get("id").and_then(toml::Value::as_str).unwrap_or_default();
        if !is_id(id) {
            complaints.push(Complaint::whole(&source.path, format!("\"{id}\" is not an id like FIL-01")));
        } else if !ids.insert(id.to_owned()) {
            complaints.push(Complaint::whole(&source.path, format!("{id} stands there twice")));
        }
    }
    (ids, complaints)
}

fn is_id(id: &str) -> bool {
    id.split_once('-').is_some_and(|(area, number)| {
        area.len() == 3
            && area.bytes().all(|byte| byte.is_ascii_uppercase())
            && number.len() >= 2
            && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_says_where_it_comes_from_and_which_version_it_is() {
        for (path, text, complaints) in [
            ("content/a.toml", "source = 'ours'\nversion = 1", 0),
            ("content/a.toml", "source = 'ours'\nversion = '2026-01'", 0),
            ("content/a.toml", "source = ''\nversion = 1", 1),
            ("content/a.toml", "version = 1", 1),
            ("content/a.toml", "a = 1", 2),
            ("content/a.toml", "a = ", 1),
            ("content/examples/a.toml", "form = 1\nversion = 1\nnote = 'our words'", 0),
            ("content/examples/a.toml", "form = 1\nversion = 1\nsource = 'ours'", 1),
            ("content/examples/roll.toml", "# A roll.\n[[person]]", 0),
            ("content/examples/roll.toml", "[[person]]", 1),
        ] {
            assert_eq!(has_origin(&Source::new(path, text)).len(), complaints, "{path}: {text}");
        }
    }

    #[test]
    fn commitments_have_ids_of_their_own() {
        let text = "[[commitment]]\nid='FIL-01'\n[[commitment]]\nid='FIL-01'\n[[commitment]]\nid='fil1'";
        let (ids, complaints) = commitment_ids(&Source::new("c", text));
        assert_eq!(ids.into_iter().collect::<Vec<_>>(), ["FIL-01"]);
        assert_eq!(complaints.len(), 2);
    }
}
