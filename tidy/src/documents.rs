//! Documents that must stay true: paths exist, decisions have their three parts, the changelog knows the version,
//! every crate carries the licence.

use regex::Regex;

use crate::{Complaint, Source};

/// Complains of paths in backticks that do not exist. A path is a word with a `/` or a known ending; `exists` is asked
/// with the path from the root.
pub fn missing_paths(source: &Source, exists: impl Fn(&str) -> bool) -> Vec<Complaint> {
    let Ok(pattern) = Regex::new(r"`([A-Za-z0-9_.][A-Za-z0-9_./-]*)`") else { return Vec::new() };
    let mut complaints = Vec::new();
    for (index, line) in source.text.lines().enumerate() {
        for captures in pattern.captures_iter(line) {
            let Some(path) = captures.get(1).map(|found| found.as_str()) else { continue };
            if looks_like_a_path(path) && !exists(path.trim_end_matches('/')) {
                complaints.push(Complaint::at(
                    &source.path,
                    index + 1,
                    format!("names `{path}`, which does not exist"),
                ));
            }
        }
    }
    complaints
}

fn looks_like_a_path(word: &str) -> bool {
    let file = [".md", ".toml", ".rs", ".sh", ".py"].iter().any(|ending| word.ends_with(ending));
    // `home/…` is the school's folder, which no checkout has.
    (word.contains('/') || file) && !word.starts_with("home/") && !word.starts_with('.')
        || word.starts_with(".ci/")
}

/// Complains of a decision record without its three sections.
pub fn decision_record(source: &Source) -> Vec<Complaint> {
    ["## Context", "## Decision", "## Consequences"]
        .into_iter()
        .filter(|section| !source.text.lines().any(|line| line.trim_end() == *section))
        .map(|section| Complaint::whole(&source.path, format!("has no section \"{section}\"")))
        .collect()
}

/// Complains of decision records whose numbers repeat. `paths` are of the form `docs/adr/0001-title.md`.
pub fn decision_numbers<'a>(paths: impl Iterator<Item = &'a str>) -> Vec<Complaint> {
    let mut seen: Vec<(&str, &str)> = Vec::new();
    let mut complaints = Vec::new();
    for path in paths {
        let name = path.rsplit('/').next().unwrap_or(path);
        let number = name.split('-').next().unwrap_or_default();
        if number.len() != 4 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            complaints.push(Complaint::whole(path, "is not named like 0001-title.md"));
        } else if let Some((_, other)) = seen.iter().find(|(taken, _)| *taken == number) {
            complaints.push(Complaint::whole(
                path,
                format!("has the number of {other}; give it the next free one"),
            ));
        } else {
            seen.push((number, path));
        }
    }
    complaints
}

/// Complains when the changelog has no heading for the version, or misses one of its three readers.
pub fn changelog(source: &Source, version: &str) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    if !source.text.lines().any(|line| line.starts_with("## ") && line.contains(version)) {
        complaints.push(Complaint::whole(
            &source.path,
            format!("has no heading for the current version {version}"),
        ));
    }
    for reader in ["### For schools", "### For technicians", "### Security"] {
        if !source.text.contains(reader) {
            complaints.push(Complaint::whole(&source.path, format!("has no part \"{reader}\"")));
        }
    }
    complaints
}

/// Complains of a crate that does not carry the licence of the workspace.
pub fn licence(manifest: &Source) -> Vec<Complaint> {
    let table: toml::Table = toml::from_str(&manifest.text).unwrap_or_default();
    let Some(package) = table.get("package").and_then(toml::Value::as_table) else { return Vec::new() };
    let inherited = package.get("license").and_then(|licence| licence.get("workspace")) == Some(&true.into());
    let own = package.get("license").and_then(toml::Value::as_str) == Some("MIT OR Apache-2.0");
    if inherited || own {
        return Vec::new();
    }
    vec![Complaint::whole(&manifest.path, "says no licence; write `license.workspace = true`")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_is_named_must_exist() {
        let text = "`core/kit` and `gone/kit/` and `README.md`, not `decide()`, `at`, `home/gate/`, `text/html x`\n`.ci/run`";
        let missing = missing_paths(&Source::new("A.md", text), |path| path == "core/kit");
        let named: Vec<String> = missing.iter().map(ToString::to_string).collect();
        assert_eq!(named.len(), 3, "{named:?}");
        assert!(named[0].starts_with("A.md:1: names `gone/kit/`"), "{named:?}");
        assert!(named[2].starts_with("A.md:2: names `.ci/run`"), "{named:?}");
    }

    #[test]
    fn a_decision_has_three_parts_and_a_number_of_its_own() {
        let whole = "# 1\n## Context\n## Decision\n## Consequences\n";
        assert!(decision_record(&Source::new("a", whole)).is_empty());
        assert_eq!(decision_record(&Source::new("a", "# 1\n## Context\n")).len(), 2);
        let paths = ["docs/adr/0001-a.md", "docs/adr/0001-b.md", "docs/adr/two.md", "docs/adr/0002-c.md"];
        let complaints = decision_numbers(paths.into_iter());
        assert_eq!(complaints.len(), 2, "{complaints:?}");
    }

    #[test]
    fn the_changelog_knows_the_version_and_its_readers() {
        let good = "## 0.1.0\n### For schools\n### For technicians\n### Security\n";
        assert!(changelog(&Source::new("c", good), "0.1.0").is_empty());
        assert_eq!(changelog(&Source::new("c", good), "0.2.0").len(), 1);
        assert_eq!(changelog(&Source::new("c", "## 0.1.0\n### For schools\n"), "0.1.0").len(), 2);
    }

    #[test]
    fn every_crate_carries_the_licence() {
        for (text, complaints) in [
            ("[package]\nname='a'\nlicense.workspace = true", 0),
            ("[package]\nname='a'\nlicense = 'MIT OR Apache-2.0'", 0),
            ("[package]\nname='a'\nlicense = 'GPL-3.0'", 1),
            ("[package]\nname='a'", 1),
            ("[workspace]", 0),
        ] {
            assert_eq!(licence(&Source::new("Cargo.toml", text)).len(), complaints, "{text}");
        }
    }
}
