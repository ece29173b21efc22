//! The permitted-use table as the engine asks it.

use std::collections::HashMap;

use kit::nearby::did_you_mean;

use super::groups::GroupTable;
use crate::calendar::{Calendar, TimeSet};
use crate::catalogue::Catalogue;
use crate::decision::Verdict;
use crate::document::{Cell, PolicyDocument, Problem};
use crate::groups::{GroupNo, GroupSet};

/// What a cell says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Says {
    /// Always the same.
    Always(Verdict),
    /// Allowed in these times, blocked otherwise.
    In(TimeSet),
    /// Allowed for those who are in one of these groups, blocked otherwise.
    For(GroupSet),
}

impl Says {
    /// The verdict for these groups at these times.
    #[inline]
    pub(crate) fn verdict(&self, groups: &GroupSet, times: TimeSet) -> Verdict {
        match self {
            Self::Always(verdict) => *verdict,
            Self::In(when) => {
                if when.meets(times) {
                    Verdict::Allow
                } else {
                    Verdict::Block
                }
            }
            Self::For(named) => {
                if named.meets(groups) {
                    Verdict::Allow
                } else {
                    Verdict::Block
                }
            }
        }
    }
}

/// How strict a verdict is; the stricter wins between equals.
#[inline]
pub(crate) const fn strictness(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Allow => 0,
        Verdict::Scan => 1,
        // No cell says that something would be refused: what is heard here is what the policy says.
        Verdict::Block | Verdict::WouldBlock => 2,
    }
}

/// The cells about one category, service or kind of services.
#[derive(Debug, Clone, Default)]
struct Cells {
    groups: GroupSet,
    /// In the order of group and row.
    cells: Vec<(GroupNo, u32, Says)>,
}

/// The answer of the cells about one subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Answer {
    pub verdict: Verdict,
    /// The row's place in the document.
    pub row: u32,
    pub group: GroupNo,
    /// Another group, as specific, whose looser cell lost.
    pub beside: Option<GroupNo>,
}

/// The table, by category, by service and by kind of services.
#[derive(Debug, Clone, Default)]
pub(crate) struct UseTable {
    categories: Vec<Cells>,
    services: Vec<Cells>,
    kinds: Vec<Cells>,
    /// For each service, the number of its kind.
    kind_of: Vec<Option<u16>>,
    /// For each service, the number of the category that has the id of its kind.
    category_of: Vec<Option<u16>>,
}

impl UseTable {
    /// Reads the rows that the gate sees; every mistake is added to `problems`.
    pub(crate) fn read(
        document: &PolicyDocument,
        catalogue: &Catalogue,
        groups: &GroupTable,
        calendar: &Calendar,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let mut table = Self {
            categories: vec![Cells::default(); catalogue.categories.len()],
            services: vec![Cells::default(); catalogue.services.len()],
            kinds: vec![Cells::default(); catalogue.service_kinds.len()],
            kind_of: catalogue
                .services
                .iter()
                .map(|service| catalogue.service_kind_no(&service.kind))
                .collect(),
            category_of: catalogue
                .services
                .iter()
                .map(|service| catalogue.category_no(&service.kind))
                .collect(),
        };
        let category_numbers = numbered(catalogue.categories.iter().map(|category| category.id.as_str()));
        let service_numbers = numbered(catalogue.services.iter().map(|service| service.id.as_str()));
        let kind_numbers = numbered(catalogue.service_kinds.iter().map(|kind| kind.id.as_str()));
        for (row, used) in (0u32..).zip(&document.uses) {
            let line = used.line.0;
            let mut cells = Vec::new();
            for (id, cell) in &used.cells {
                let Some(group) = groups.number(id) else {
                    problems.push(Problem::error(
                        line,
                        format!(
                            "the row {:?} has a cell for {id:?}, which is no group{}",
                            used.id,
                            did_you_mean(id, groups.all().map(|(_, id, _)| id), "")
                        ),
                        if id == "unidentified" {
                            "Name the group that unidentified = … names: its cells hold for such devices."
                        } else {
                            "Correct the id, or add the group."
                        },
                    ));
                    continue;
                };
                cells.push((group, row, read_cell(cell, &used.id, line, groups, calendar, problems)));
            }
            for (subject, numbers, all, word) in [
                (&used.categories, &category_numbers, &mut table.categories, "category"),
                (&used.services, &service_numbers, &mut table.services, "service"),
                (&used.service_kinds, &kind_numbers, &mut table.kinds, "kind of services"),
            ] {
                for id in subject {
                    match numbers.get(id.as_str()).and_then(|place| all.get_mut(*place)) {
                        Some(_) if !used.seen_by_gate => {}
                        Some(subject) => {
                            subject.groups = subject.groups.union(&cells.iter().map(|cell| cell.0).collect());
                            subject.cells.extend(&cells);
                        }
                        None => problems.push(Problem::error(
                            line,
                            format!(
                                "the row {:?} names the {word} {id:?}, which the content does not have{}",
                                used.id,
                                did_you_mean(id, numbers.keys().copied(), "")
                            ),
                            format!("Correct the id; content/ holds every {word} there is."),
                        )),
                    }
                }
            }
        }
        for cells in table.categories.iter_mut().chain(&mut table.services).chain(&mut table.kinds) {
            cells.cells.sort_by_key(|(group, row, _)| (*group, *row));
        }
        table
    }

    /// What the cells about a category say; `None` where no cell is for any of the groups.
    #[inline]
    pub(crate) fn category(
        &self,
        category: u16,
        asker: &GroupSet,
        times: TimeSet,
        groups: &GroupTable,
    ) -> Option<Answer> {
        self.categories.get(usize::from(category))?.answer(asker, times, groups)
    }

    /// The category that says what the service's kind says, for logs and reports.
    #[inline]
    pub(crate) fn category_of(&self, service: u16) -> Option<u16> {
        *self.category_of.get(usize::from(service))?
    }

    /// What the cells about a service say; those about its kind are apart.
    #[inline]
    pub(crate) fn service(
        &self,
        service: u16,
        asker: &GroupSet,
        times: TimeSet,
        groups: &GroupTable,
    ) -> Option<Answer> {
        self.services.get(usize::from(service))?.answer(asker, times, groups)
    }

    /// What the cells about a service's kind say.
    #[inline]
    pub(crate) fn kind(
        &self,
        service: u16,
        asker: &GroupSet,
        times: TimeSet,
        groups: &GroupTable,
    ) -> Option<Answer> {
        let kind = (*self.kind_of.get(usize::from(service))?)?;
        self.kinds.get(usize::from(kind))?.answer(asker, times, groups)
    }
}

impl Cells {
    /// The strictest cell among those of the groups that no more specific group with a cell overrules.
    fn answer(&self, asker: &GroupSet, times: TimeSet, groups: &GroupTable) -> Option<Answer> {
        let speaking = self.groups.intersection(asker);
        if speaking.is_empty() {
            return None;
        }
        let mut best: Option<Answer> = None;
        let standing: GroupSet =
            speaking.iter().filter(|group| !groups.overrules(&speaking, *group)).collect();
        // Cells lie in the order of their groups, and few groups stand: each is found instead of looking at all.
        let of_group = |group: GroupNo| {
            let first = self.cells.partition_point(|cell| cell.0 < group);
            self.cells.iter().skip(first).take_while(move |cell| cell.0 == group)
        };
        let heard = || standing.iter().flat_map(of_group);
        for (group, row, says) in heard() {
            let verdict = says.verdict(asker, times);
            if best.is_none_or(|best| strictness(verdict) > strictness(best.verdict)) {
                best = Some(Answer { verdict, row: *row, group: *group, beside: None });
            }
        }
        let mut best = best?;
        best.beside = heard()
            .find(|(group, _, says)| {
                *group != best.group && strictness(says.verdict(asker, times)) < strictness(best.verdict)
            })
            .map(|(group, _, _)| *group);
        Some(best)
    }
}

/// The ids by their place.
fn numbered<'a>(ids: impl Iterator<Item = &'a str>) -> HashMap<&'a str, usize> {
    ids.enumerate().map(|(place, id)| (id, place)).collect()
}

fn read_cell(
    cell: &Cell,
    row: &str,
    line: u32,
    groups: &GroupTable,
    calendar: &Calendar,
    problems: &mut Vec<Problem>,
) -> Says {
    match cell {
        Cell::Allowed => Says::Always(Verdict::Allow),
        Cell::NotAllowed | Cell::Permission(_) => Says::Always(Verdict::Block),
        Cell::Scan => Says::Always(Verdict::Scan),
        Cell::Times(ids) => {
            let mut bits = 0;
            for id in ids {
                match calendar.time(id) {
                    Some(time) => bits |= time.bits(),
                    None => problems.push(Problem::error(
                        line,
                        format!("the row {row:?} names the time {id:?}, which the calendar does not have"),
                        "Correct the id, or add a [[calendar.time]].",
                    )),
                }
            }
            if ids.is_empty() {
                problems.push(Problem::error(
                    line,
                    format!("the row {row:?} allows in no times at all"),
                    "Name a time, or write \"not-allowed\".",
                ));
            }
            Says::In(TimeSet::from_bits(bits))
        }
        Cell::Named(ids) => {
            let mut set = GroupSet::EMPTY;
            for id in ids {
                match groups.number(id) {
                    Some(group) => set.insert(group),
                    None => problems.push(Problem::error(
                        line,
                        format!("the row {row:?} names {id:?}, which is no group"),
                        "Correct the id, or add the group.",
                    )),
                }
            }
            Says::For(set)
        }
    }
}
