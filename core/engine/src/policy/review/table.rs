//! Rows of the table that contradict each other, stand there twice, or leave somebody out.

use std::collections::{BTreeMap, BTreeSet};

use super::{Review, list};
use crate::document::target::Target;
use crate::document::{Cell, EVERYONE, Effect, Problem, Unknown, Use};
use crate::groups::GroupSet;

impl Review<'_> {
    /// Rows that are there twice, and rows that say different things in one cell.
    pub(super) fn rows(&mut self) {
        let rows: Vec<&Use> = self.document.uses.iter().collect();
        let mut found = Vec::new();
        for (place, row) in rows.iter().enumerate() {
            for earlier in rows.iter().take(place).filter(|earlier| earlier.id != row.id) {
                found.extend(if is_the_same(earlier, row) {
                    Some(Problem::warning(
                        row.line.0,
                        format!(
                            "the row {:?} says what the row {:?} of line {} says",
                            row.id, earlier.id, earlier.line.0
                        ),
                        "Remove one of them.",
                    ))
                } else {
                    contradiction(earlier, row)
                });
            }
            for (word, ids) in [
                ("category", &row.categories),
                ("service", &row.services),
                ("kind of services", &row.service_kinds),
            ] {
                let mut seen = BTreeSet::new();
                if let Some(twice) = ids.iter().find(|id| !seen.insert(id.as_str())) {
                    found.push(Problem::warning(
                        row.line.0,
                        format!("the row {:?} names the {word} {twice:?} twice", row.id),
                        "Remove one of them.",
                    ));
                }
            }
        }
        self.problems.append(&mut found);
    }

    /// What opens a category that the law forbids.
    pub(super) fn unlawful(&mut self) {
        let catalogue = self.beside.catalogue;
        let forbidden = |id: &str| catalogue.categories.iter().find(|one| one.illegal && one.id == id);
        let mut found = Vec::new();
        for row in self.document.uses.iter().filter(|row| row.seen_by_gate) {
            let opened: Vec<&str> = (row.cells.iter())
                .filter(|(_, cell)| !matches!(cell, Cell::NotAllowed | Cell::Permission(_)))
                .map(|(group, _)| group.as_str())
                .collect();
            let named = row.categories.iter().find_map(|id| forbidden(id)).filter(|_| !opened.is_empty());
            found.extend(named.map(|category| {
                let groups = list(&opened);
                Problem::warning(
                    row.line.0,
                    format!("the row {:?} opens to {groups} what the law forbids: {}", row.id, category.name),
                    "Write \"not-allowed\" for everyone, and open a single site where somebody must see it.",
                )
            }));
        }
        for rule in self.rules().into_iter().chain(self.locks()) {
            if let (Effect::Allow, Target::Category(id)) = (rule.effect, &rule.target)
                && let Some(category) = forbidden(id)
            {
                found.push(Problem::warning(
                    rule.line,
                    format!("the {} opens what the law forbids: {}", rule.what, category.name),
                    "Open a single site where somebody must see it.",
                ));
            }
        }
        self.problems.append(&mut found);
    }

    /// What the table says of whoever nothing is known of, and does not.
    pub(super) fn strangers(&mut self) {
        let mut found = Vec::new();
        let closing: Vec<_> =
            self.rules().into_iter().chain(self.locks()).filter(super::Written::closes_everything).collect();
        for row in self.document.uses.iter().filter(|row| row.seen_by_gate) {
            let opens = |cell: &Cell| !matches!(cell, Cell::NotAllowed | Cell::Permission(_));
            for (id, _) in row.cells.iter().filter(|(_, cell)| opens(cell)) {
                let Some(group) = self.groups.number(id) else { continue };
                if let Some(rule) = closing.iter().find(|rule| self.holds(rule.audience, group)) {
                    found.push(Problem::warning(
                        row.line.0,
                        format!(
                            "the row {:?} has a cell for {id:?}, to which the {} of line {} closes every site: the cell never speaks",
                            row.id, rule.what, rule.line
                        ),
                        "Remove the cell, or narrow the rule.",
                    ));
                }
            }
        }
        if self.beside.is_whole && !self.document.groups.is_empty() {
            match self.document.unidentified.as_deref() {
                None => found.push(Problem::warning(
                    0,
                    "nothing says which group a device is in that nothing is known of: only cells for everyone hold for it",
                    "Write unidentified = \"guests\", with a group of yours, before the first section.",
                )),
                Some(id) => {
                    let groups = self.groups.closure([id], |_| {});
                    let is_closed = closing.iter().any(|rule| groups.contains(rule.audience));
                    if self.groups.number(id).is_some() && !is_closed {
                        found.extend(self.left_out(id, &groups));
                    }
                }
            }
        }
        self.problems.append(&mut found);
    }

    /// Rows that close something to somebody and say nothing of strangers, to whom it is open then.
    fn left_out(&self, id: &str, groups: &GroupSet) -> Vec<Problem> {
        let speaking: Vec<_> = self.groups.with_unknown().intersection(groups).iter().collect();
        let unknown = speaking
            .iter()
            .filter(|group| !self.groups.overrules(groups, **group))
            .filter_map(|group| self.groups.unknown(*group));
        let open = match unknown.max_by_key(|unknown| {
            matches!(unknown, Unknown::Scan) as u8 + 2 * u8::from(*unknown == Unknown::Block)
        }) {
            Some(Unknown::Block) => return Vec::new(),
            Some(Unknown::Scan) => "open, with the page read",
            Some(Unknown::Allow) | None => "open",
        };
        let closes = |cell: &Cell| !matches!(cell, Cell::Allowed | Cell::Scan);
        let mut found = Vec::new();
        for row in self.document.uses.iter().filter(|row| row.seen_by_gate) {
            let is_said =
                row.cells.keys().filter_map(|id| self.groups.number(id)).any(|group| groups.contains(group));
            let closed: Vec<&str> =
                row.cells.iter().filter(|(_, cell)| closes(cell)).map(|(id, _)| id.as_str()).collect();
            if !is_said && !closed.is_empty() {
                found.push(Problem::warning(
                    row.line.0,
                    format!(
                        "the row {:?} closes something to {} and says nothing for {id:?}, as which a device counts that nothing is known of: to it that is {open}",
                        row.id,
                        list(&closed)
                    ),
                    format!("Write a cell for {id:?} or for {EVERYONE:?}."),
                ));
            }
        }
        found
    }
}

/// Whether two rows say the same of the same.
fn is_the_same(one: &Use, other: &Use) -> bool {
    if !one.seen_by_gate || !other.seen_by_gate {
        let words = |row: &Use| row.activity.trim().to_lowercase();
        return one.seen_by_gate == other.seen_by_gate && words(one) == words(other);
    }
    set(&one.categories) == set(&other.categories)
        && set(&one.services) == set(&other.services)
        && set(&one.service_kinds) == set(&other.service_kinds)
        && cells(one) == cells(other)
}

/// Two rows with different cells for the same group about the same category, service or kind of services.
fn contradiction(earlier: &Use, row: &Use) -> Option<Problem> {
    if !earlier.seen_by_gate || !row.seen_by_gate {
        return None;
    }
    let shared = |one: &[String], other: &[String]| -> Vec<String> {
        set(one).intersection(&set(other)).map(|id| (*id).to_owned()).collect()
    };
    let subject = shared(&earlier.categories, &row.categories)
        .into_iter()
        .chain(shared(&earlier.services, &row.services))
        .chain(shared(&earlier.service_kinds, &row.service_kinds))
        .next()?;
    let (before, now) = (cells(earlier), cells(row));
    let (group, said) =
        now.iter().find(|(group, cell)| before.get(*group).is_some_and(|other| other != *cell))?;
    Some(Problem::error(
        row.line.0,
        format!(
            "the rows {:?} (line {}) and {:?} contradict each other about {subject:?} for {group:?}: {} and {}",
            earlier.id,
            earlier.line.0,
            row.id,
            before.get(group).map(Cell::words).unwrap_or_default(),
            said.words()
        ),
        format!("Name {subject:?} in one of them only, or write the same in both."),
    ))
}

fn set(ids: &[String]) -> BTreeSet<&str> {
    ids.iter().map(String::as_str).collect()
}

/// The cells of a row, with what they name in one order.
fn cells(row: &Use) -> BTreeMap<&str, Cell> {
    let sorted = |ids: &[String]| {
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        ids.dedup();
        ids
    };
    let same = |cell: &Cell| match cell {
        Cell::Times(ids) => Cell::Times(sorted(ids)),
        Cell::Named(ids) => Cell::Named(sorted(ids)),
        other => other.clone(),
    };
    row.cells.iter().map(|(group, cell)| (group.as_str(), same(cell))).collect()
}
