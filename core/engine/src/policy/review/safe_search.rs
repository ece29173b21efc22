//! Cells of `[safe-search]` that reach further than they seem to, and engines that they do not reach.

use super::Review;
use crate::catalogue::UNSAFE_SEARCH;
use crate::document::safe_search::Level;
use crate::document::{EVERYONE, Effect, Problem};
use crate::groups::GroupNo;

impl Review<'_> {
    pub(super) fn safe_search(&mut self) {
        let section = &self.document.safe_search;
        let search: Vec<(&str, Level)> =
            section.search.iter().map(|(id, cell)| (id.as_str(), Level::from(*cell))).collect();
        let youtube: Vec<(&str, Level)> =
            section.youtube.iter().map(|(id, cell)| (id.as_str(), Level::from(*cell))).collect();
        let mut found = Vec::new();
        for (row, cells) in [("search", &search), ("youtube", &youtube)] {
            found.extend(self.loose_for_all(row, cells, section.line.0));
        }
        if !search.is_empty() {
            found.extend(self.unsafe_engines(&search, section.line.0));
        }
        self.problems.append(&mut found);
    }

    /// A loose cell for everyone, or for the group of devices that nothing is known of: neither holds for those.
    fn loose_for_all(&self, row: &str, cells: &[(&str, Level)], line: u32) -> Option<Problem> {
        let loose = |id: &str| cells.iter().any(|(of, level)| *of == id && *level == Level::Off);
        if loose(EVERYONE) {
            return Some(Problem::warning(
                line,
                format!("{row} under [safe-search] is off for everyone, pupils among them"),
                "Write it for the groups of adults. A device that nothing is known of has safe search all the same.",
            ));
        }
        let stranger = self.document.unidentified.as_deref().filter(|id| loose(id))?;
        Some(Problem::warning(
            line,
            format!(
                "{row} under [safe-search] is off for {stranger:?}, and a device that nothing is known of has safe search all the same"
            ),
            "It is off for those of the group whose device or address is on the roll; leave it if that is meant.",
        ))
    }

    /// Groups that have safe search, and to which engines are open that have none.
    fn unsafe_engines(&self, cells: &[(&str, Level)], line: u32) -> Option<Problem> {
        let rows = self.document.uses.iter().filter(|row| row.seen_by_gate);
        let rows = rows.filter(|row| row.categories.iter().any(|id| id == UNSAFE_SEARCH));
        let cells_of_rows: Vec<GroupNo> =
            rows.flat_map(|row| row.cells.keys()).filter_map(|id| self.groups.number(id)).collect();
        let rules =
            self.document.rules.iter().map(|rule| (rule.effect, &rule.category, rule.group.as_deref()));
        let locks =
            self.document.locked.iter().map(|lock| (lock.effect, &lock.category, lock.group.as_deref()));
        let closed: Vec<GroupNo> = rules
            .chain(locks)
            .filter(|(effect, category, _)| {
                *effect == Effect::Block && category.as_deref() == Some(UNSAFE_SEARCH)
            })
            .filter_map(|(.., group)| self.groups.number(group.unwrap_or(EVERYONE)))
            .chain(cells_of_rows)
            .collect();
        let open: Vec<&str> = cells
            .iter()
            .filter(|(id, level)| {
                *level != Level::Off
                    && self
                        .groups
                        .number(id)
                        .is_some_and(|group| !closed.iter().any(|of| self.holds(*of, group)))
            })
            .map(|(id, _)| *id)
            .collect();
        (!open.is_empty()).then(|| {
            Problem::warning(
                line,
                format!(
                    "safe search is on for {}, and no row says what holds there for engines that have none",
                    super::list(&open)
                ),
                "Add a row with categories = [\"unsafe-search\"].",
            )
        })
    }
}
