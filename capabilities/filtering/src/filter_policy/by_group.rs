//! The differences between two versions, by the group that each is about.

use engine::PolicyDocument;
use engine::document::{EVERYONE, differences};

/// What changed for one group, or for everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForGroup {
    /// What the school calls it; none for what is about everybody or the policy as a whole.
    pub group: Option<String>,
    /// The changes, one sentence each.
    pub changes: Vec<String>,
}

/// What changed from `old` to `new`: what is about everybody first, then group by group in the policy's order.
pub fn differences_by_group(old: &PolicyDocument, new: &PolicyDocument) -> Vec<ForGroup> {
    let mut names: Vec<(&str, &str)> = Vec::new();
    for group in new.groups.iter().chain(&old.groups).filter(|group| group.id != EVERYONE) {
        if !names.iter().any(|(id, _)| *id == group.id) {
            names.push((&group.id, &group.name));
        }
    }
    let mut all = vec![ForGroup { group: None, changes: Vec::new() }];
    all.extend(
        names.iter().map(|(_, name)| ForGroup { group: Some((*name).to_owned()), changes: Vec::new() }),
    );
    for sentence in differences(old, new) {
        let about = names.iter().position(|(id, name)| is_about(&sentence, id, name));
        let place = about.map_or(0, |place| place + 1);
        if let Some(one) = all.get_mut(place) {
            one.changes.push(sentence);
        }
    }
    all.retain(|one| !one.changes.is_empty());
    all
}

/// Whether a sentence is about a group: `Games: year-9 changed …`, `… for year-9 (…)`, `For "Year 9", …`, `The group "year-9" …`.
fn is_about(sentence: &str, id: &str, name: &str) -> bool {
    let ends = |rest: &str| rest.starts_with([' ', '.', ',']) || rest.is_empty();
    let after = |before: &str| {
        sentence.match_indices(before).any(|(place, _)| {
            let rest = sentence.get(place + before.len()..).unwrap_or_default();
            rest.strip_prefix(id).is_some_and(ends)
        })
    };
    after(": ")
        || after(" for ")
        || sentence.contains(&format!("{id:?}"))
        || sentence.contains(&format!("For {name:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "
form = 1
title = \"A school\"
version = 1
[[group]]
id = \"year-9\"
name = \"Year 9\"
[[group]]
id = \"year-9-late\"
name = \"Year 9, late\"
[[use]]
id = \"games\"
activity = \"Online games\"
categories = [\"games\"]
cells = { everyone = \"not-allowed\", year-9 = \"not-allowed\" }
";

    #[test]
    fn each_change_stands_with_the_group_that_it_is_about() {
        let old = PolicyDocument::parse(OLD).unwrap();
        assert_eq!(differences_by_group(&old, &old), []);
        let new = OLD.replace(
            "everyone = \"not-allowed\", year-9 = \"not-allowed\"",
            "everyone = \"scan\", year-9 = \"allowed\", year-9-late = \"scan\"",
        ) + "[[rule]]\ndo = \"block\"\ngroup = \"year-9-late\"\nsite = \"a.example\"\n";
        let new = PolicyDocument::parse(&new).unwrap();
        let found = differences_by_group(&old, &new);
        let groups: Vec<(Option<&str>, usize)> =
            found.iter().map(|one| (one.group.as_deref(), one.changes.len())).collect();
        assert_eq!(groups, [(None, 1), (Some("Year 9"), 1), (Some("Year 9, late"), 2)], "{found:?}");
    }
}
