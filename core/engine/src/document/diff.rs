//! What changed between two versions of a policy, in sentences a governor could read.

use std::collections::{BTreeMap, BTreeSet};

use super::{Cell, Effect, Group, Locked, PolicyDocument, Rule, TargetText, Use};

/// The differences from `old` to `new`, one sentence each, in the order of the document's sections.
pub fn differences(old: &PolicyDocument, new: &PolicyDocument) -> Vec<String> {
    let mut all = Vec::new();
    field(&mut all, "The title", &old.title, &new.title);
    field(&mut all, "The note", &old.note, &new.note);
    field(
        &mut all,
        "The group of unknown devices",
        old.unidentified.as_deref().unwrap_or("everyone"),
        new.unidentified.as_deref().unwrap_or("everyone"),
    );
    members(&mut all, "the essential sites", &old.essential, &new.essential);
    members(&mut all, "the confirmed help services", &old.help_confirmed, &new.help_confirmed);
    members(
        &mut all,
        "the learning sites of people whose access is withheld",
        &old.withheld.learning_sites,
        &new.withheld.learning_sites,
    );
    let (was, is) = (&old.safe_search, &new.safe_search);
    levels(&mut all, "Safe search", &was.search, &is.search, |cell| cell.id());
    levels(&mut all, "YouTube's restricted mode", &was.youtube, &is.youtube, |cell| cell.id());
    if old.sealed != new.sealed {
        all.push("What happens to hosts of which only a part is sealed changed.".to_owned());
    }
    if old.calendar != new.calendar {
        calendar(&mut all, old, new);
    }
    for (id, change) in paired(&old.groups, &new.groups, |group| &group.id) {
        match change {
            (None, Some(_)) => all.push(format!("The group {id:?} was added.")),
            (Some(_), None) => all.push(format!("The group {id:?} was removed.")),
            (Some(old), Some(new)) => group(&mut all, old, new),
            (None, None) => {}
        }
    }
    for (id, change) in paired(&old.uses, &new.uses, |row| &row.id) {
        match change {
            (None, Some(row)) => {
                all.push(format!("The row {:?} was added ({id}).", row.activity));
                cells(&mut all, None, row);
            }
            (Some(row), None) => all.push(format!("The row {:?} was removed ({id}).", row.activity)),
            (Some(old), Some(new)) => row(&mut all, old, new),
            (None, None) => {}
        }
    }
    let locked =
        |rule: &Locked| sentence(rule.effect, &TargetText::from(rule), rule.group.as_deref(), &rule.reason);
    let school =
        |rule: &Rule| sentence(rule.effect, &TargetText::from(rule), rule.group.as_deref(), &rule.reason);
    rules(&mut all, "locked rule", old.locked.iter().map(locked), new.locked.iter().map(locked));
    rules(&mut all, "school rule", old.rules.iter().map(school), new.rules.iter().map(school));
    all
}

fn field(all: &mut Vec<String>, what: &str, old: &str, new: &str) {
    if old != new {
        all.push(format!("{what} changed from {old:?} to {new:?}."));
    }
}

fn members(all: &mut Vec<String>, what: &str, old: &[String], new: &[String]) {
    let (old, new): (BTreeSet<_>, BTreeSet<_>) = (old.iter().collect(), new.iter().collect());
    all.extend(new.difference(&old).map(|one| format!("{one} was added to {what}.")));
    all.extend(old.difference(&new).map(|one| format!("{one} was removed from {what}.")));
}

fn calendar(all: &mut Vec<String>, old: &PolicyDocument, new: &PolicyDocument) {
    let (old, new) = (&old.calendar, &new.calendar);
    field(all, "The time zone", &old.zone, &new.zone);
    members(all, "the closed days", &old.closed, &new.closed);
    members(all, "the bank holidays", &old.bank_holidays, &new.bank_holidays);
    for (id, change) in paired(&old.times, &new.times, |time| &time.id) {
        match change {
            (None, Some(time)) => {
                all.push(format!("The time {id:?} was added, {} to {}.", time.from, time.to))
            }
            (Some(_), None) => all.push(format!("The time {id:?} was removed.")),
            (Some(old), Some(new)) if old != new => all.push(format!(
                "The time {id:?} changed from {}–{} to {}–{}{}.",
                old.from,
                old.to,
                new.from,
                new.to,
                if (old.on, &old.days) == (new.on, &new.days) { "" } else { ", and its days changed" }
            )),
            _ => {}
        }
    }
    if old.terms != new.terms {
        all.push("The terms changed.".to_owned());
    }
    if old.lessons != new.lessons {
        all.push("The lessons of the day changed.".to_owned());
    }
}

fn group(all: &mut Vec<String>, old: &Group, new: &Group) {
    let id = &new.id;
    field(all, &format!("The name of the group {id:?}"), &old.name, &new.name);
    members(all, &format!("the groups that {id:?} lies within"), &old.within, &new.within);
    if old.unknown != new.unknown {
        let word = |unknown: Option<super::Unknown>| {
            unknown.map_or("what its wider groups say", |unknown| unknown.verdict().id())
        };
        all.push(format!(
            "For {:?}, a site that nobody knows changed from {} to {}.",
            new.name,
            word(old.unknown),
            word(new.unknown)
        ));
    }
}

fn row(all: &mut Vec<String>, old: &Use, new: &Use) {
    let id = &new.id;
    field(all, &format!("The activity of the row {id:?}"), &old.activity, &new.activity);
    members(all, &format!("the categories of the row {:?}", new.activity), &old.categories, &new.categories);
    members(all, &format!("the services of the row {:?}", new.activity), &old.services, &new.services);
    members(
        all,
        &format!("the kinds of services of the row {:?}", new.activity),
        &old.service_kinds,
        &new.service_kinds,
    );
    if old.seen_by_gate != new.seen_by_gate {
        let word =
            if new.seen_by_gate { "is now carried out by the gate" } else { "is now for people to watch" };
        all.push(format!("The row {:?} {word}.", new.activity));
    }
    if old.illegal != new.illegal {
        let word = if new.illegal { "is now marked as illegal" } else { "is no longer marked as illegal" };
        all.push(format!("The row {:?} {word}.", new.activity));
    }
    cells(all, Some(old), new);
}

fn cells(all: &mut Vec<String>, old: Option<&Use>, new: &Use) {
    let activity = &new.activity;
    let was = |id: &String| old.and_then(|old| old.cells.get(id));
    for (id, cell) in &new.cells {
        match was(id) {
            None => all.push(format!("{activity}: {id} has a cell now: {}.", cell.words())),
            Some(before) if before != cell => {
                all.push(format!("{activity}: {id} changed from {} to {}.", before.words(), cell.words()));
            }
            Some(_) => {}
        }
    }
    for (id, cell) in old.into_iter().flat_map(|old| &old.cells) {
        if !new.cells.contains_key(id) {
            all.push(format!("{activity}: {id} has no cell any more; it was {}.", cell.words()));
        }
    }
}

/// Cells of `[safe-search]`. Whoever has none has the strictest.
fn levels<T: Copy + PartialEq>(
    all: &mut Vec<String>,
    what: &str,
    old: &BTreeMap<String, T>,
    new: &BTreeMap<String, T>,
    word: impl Fn(T) -> &'static str,
) {
    for (id, cell) in new {
        match old.get(id) {
            None => all.push(format!("{what}: {id} has a cell now: {}.", word(*cell))),
            Some(before) if before != cell => {
                all.push(format!("{what}: {id} changed from {} to {}.", word(*before), word(*cell)));
            }
            Some(_) => {}
        }
    }
    for (id, cell) in old.iter().filter(|(id, _)| !new.contains_key(*id)) {
        all.push(format!("{what}: {id} has no cell any more; it was {}.", word(*cell)));
    }
}

/// Rules are compared as a bag: their order means nothing.
fn rules(
    all: &mut Vec<String>,
    what: &str,
    old: impl Iterator<Item = String>,
    new: impl Iterator<Item = String>,
) {
    let (mut old, mut added): (Vec<String>, Vec<String>) = (old.collect(), Vec::new());
    for rule in new {
        match old.iter().position(|other| *other == rule) {
            Some(place) => drop(old.swap_remove(place)),
            None => added.push(rule),
        }
    }
    all.extend(added.iter().map(|rule| format!("A {what} was added: {rule}.")));
    all.extend(old.iter().map(|rule| format!("A {what} was removed: {rule}.")));
}

fn sentence(effect: Effect, target: &TargetText, group: Option<&str>, reason: &str) -> String {
    let reason =
        if reason.is_empty() { String::new() } else { format!(" ({})", reason.trim_end_matches('.')) };
    format!("{} {} for {}{reason}", effect.id(), target.words(), group.unwrap_or(super::EVERYONE))
}

/// An item's id, and the item in the old and in the new document.
type Paired<'d, T> = (String, (Option<&'d T>, Option<&'d T>));

/// Items of both documents by id, in the order of the new one, what is gone last.
fn paired<'d, T>(old: &'d [T], new: &'d [T], id: impl Fn(&T) -> &String) -> Vec<Paired<'d, T>> {
    let find = |all: &'d [T], wanted: &String| all.iter().find(|item| id(item) == wanted);
    let mut all: Vec<_> =
        new.iter().map(|item| (id(item).clone(), (find(old, id(item)), Some(item)))).collect();
    all.extend(
        old.iter()
            .filter(|item| find(new, id(item)).is_none())
            .map(|item| (id(item).clone(), (Some(item), None))),
    );
    all
}

impl Cell {
    /// The cell in words: `allowed at lunch`.
    pub fn words(&self) -> String {
        match self {
            Self::Allowed => "allowed".to_owned(),
            Self::NotAllowed => "not allowed".to_owned(),
            Self::Scan => "allowed, with the page read".to_owned(),
            Self::Times(times) => format!("allowed only at certain times ({})", times.join(", ")),
            Self::Named(groups) => format!("allowed only for named people ({})", groups.join(", ")),
            Self::Permission(who) => format!("not allowed without permission ({who})"),
        }
    }
}

impl TargetText {
    /// The target in words.
    pub fn words(&self) -> String {
        match self {
            Self { site: Some(site), .. } => site.clone(),
            Self { url: Some(url), .. } => url.clone(),
            Self { expression: Some(expression), on: Some(on), .. } => {
                format!("what matches {expression:?} on {on}")
            }
            Self { expression: Some(expression), .. } => format!("what matches {expression:?}"),
            Self { category: Some(category), .. } => format!("the category {category}"),
            _ => "nothing".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = r#"
form = 1
title = "A school"
version = 1
[[group]]
id = "pupils"
name = "Pupils"
[[group]]
id = "guests"
name = "Guests"
[[use]]
id = "games"
activity = "Online games"
categories = ["games"]
cells = { pupils = "not-allowed" }
[[rule]]
do = "block"
site = "a.example"
"#;

    #[test]
    fn every_change_is_a_sentence() {
        let old = PolicyDocument::parse(OLD).unwrap();
        assert_eq!(differences(&old, &old), Vec::<String>::new());
        let new = OLD
            .replace("[[group]]\nid = \"guests\"\nname = \"Guests\"\n", "")
            .replace("\"not-allowed\"", "{ times = [\"lunch\"] }, staff = \"allowed\"")
            .replace("site = \"a.example\"", "site = \"b.example\"\nreason = \"Not for lessons.\"")
            .replace("name = \"Pupils\"", "name = \"Pupils\"\nunknown = \"scan\"");
        let new = PolicyDocument::parse(&new).unwrap();
        assert_eq!(
            differences(&old, &new),
            [
                "For \"Pupils\", a site that nobody knows changed from what its wider groups say to scan.",
                "The group \"guests\" was removed.",
                "Online games: pupils changed from not allowed to allowed only at certain times (lunch).",
                "Online games: staff has a cell now: allowed.",
                "A school rule was added: block b.example for everyone (Not for lessons).",
                "A school rule was removed: block a.example for everyone.",
            ]
        );
    }
}
