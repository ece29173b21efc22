//! The permitted-use table, and what nothing knows.

use super::{Asking, Url, answer, bare, below, order, strict};
use crate::catalogue::OpenSite;
use crate::decision::{Decision, Fact, Reason, RuleRef, Verdict};
use crate::document::Cell;
use crate::groups::GroupNo;
use crate::step::Step;

impl Asking<'_> {
    pub(super) fn permitted_use(&self, url: &Url, aside: &[u16]) -> Option<Decision> {
        let catalogue = &self.world.catalogue;
        let mut heard = Vec::new();
        let mut services = Vec::new();
        for service in &catalogue.services {
            for (text, fact) in self.names() {
                if service.domains.iter().any(|site| below(&text, site)) {
                    services.push((service, catalogue.category_no(&service.kind), fact));
                }
            }
        }
        for (service, category, fact) in &services {
            let cells = self.cells(|row| row.services.contains(&service.id));
            heard.extend(cells.map(|cell| (cell, *fact, *category, None, *fact == Fact::Host)));
        }
        heard.retain(|(cell, _, _, _, opens)| *opens || cell.0.is_block());
        let is_named = !heard.is_empty();
        for (service, category, fact) in services {
            if !is_named && !category.is_some_and(|category| aside.contains(&category)) {
                let cells = self.cells(|row| row.service_kinds.contains(&service.kind));
                heard.extend(cells.map(|cell| (cell, fact, category, None, fact == Fact::Host)));
            }
        }
        for (fact, category, list, opens) in self.categories(url) {
            let is_finer = fact == Fact::Path || (fact == Fact::Host && !opens);
            let known = &catalogue.categories[usize::from(category)];
            if !aside.contains(&category) && (!is_named || is_finer || known.illegal || known.dangerous) {
                let id = &known.id;
                let cells = self.cells(|row| row.categories.contains(id));
                heard.extend(cells.map(|cell| (cell, fact, Some(category), Some(list), opens)));
            }
        }
        heard.retain(|(cell, _, _, _, opens)| *opens || cell.0.is_block());
        let ((verdict, row, group, beside), fact, category, list, _) =
            heard.into_iter().min_by_key(|((verdict, row, ..), fact, category, list, _)| {
                (2 - strict(*verdict), order(*fact), *row, *category, *list)
            })?;
        let sites = |all: &[OpenSite]| all.iter().map(|open| open.sites().count()).sum::<usize>();
        let document = &self.world.document;
        let before = sites(&catalogue.help)
            + sites(&catalogue.essential)
            + document.essential.len()
            + document.locked.len()
            + document.withheld.learning_sites.len()
            + document.rules.len()
            + catalogue.services.iter().map(|service| service.domains.len()).sum::<usize>();
        let rule = RuleRef((before + row + 1) as u32);
        Some(answer(verdict, Reason { step: Step::PermittedUse, rule, fact, category, list, group, beside }))
    }

    /// The verdict of the cells about one subject: strictest, its row, its group, and a looser one's group.
    pub(super) fn cells(
        &self,
        about: impl Fn(&crate::document::Use) -> bool,
    ) -> Option<(Verdict, usize, Option<GroupNo>, Option<GroupNo>)> {
        let mut mine: Vec<(GroupNo, usize, &str, Verdict)> = Vec::new();
        for (row, used) in
            self.world.document.uses.iter().enumerate().filter(|(_, used)| used.seen_by_gate && about(used))
        {
            for (group, cell) in used.cells.iter().filter(|(group, _)| self.is_in(group)) {
                let says = match cell {
                    Cell::Allowed => Verdict::Allow,
                    Cell::Scan => Verdict::Scan,
                    Cell::NotAllowed | Cell::Permission(_) => Verdict::Block,
                    Cell::Times(ids) if ids.iter().any(|id| self.times.contains(id)) => Verdict::Allow,
                    Cell::Named(ids) if ids.iter().any(|id| self.is_in(id)) => Verdict::Allow,
                    Cell::Times(_) | Cell::Named(_) => Verdict::Block,
                };
                mine.push((self.number(group), row, group, says));
            }
        }
        let standing: Vec<_> = mine
            .iter()
            .filter(|(_, _, group, _)| {
                !mine.iter().any(|(_, _, other, _)| self.strictly_within(other, group))
            })
            .collect();
        let spoke =
            standing.iter().min_by_key(|(number, row, _, says)| (2 - strict(*says), *number, *row))?;
        let beside = standing
            .iter()
            .filter(|(_, _, group, says)| *group != spoke.2 && strict(*says) < strict(spoke.3))
            .min_by_key(|(number, row, ..)| (*number, *row));
        Some((spoke.3, spoke.1, self.group_no(spoke.2), beside.and_then(|other| self.group_no(other.2))))
    }

    pub(super) fn unknown(&self) -> Decision {
        let all: Vec<_> = self
            .world
            .document
            .groups
            .iter()
            .filter(|group| self.is_in(&group.id))
            .filter_map(|group| Some((self.number(&group.id), group.id.as_str(), group.unknown?.verdict())))
            .collect();
        let standing: Vec<_> = all
            .iter()
            .filter(|(_, group, _)| !all.iter().any(|(_, other, _)| self.strictly_within(other, group)))
            .collect();
        let Some(spoke) = standing.iter().min_by_key(|(number, _, says)| (2 - strict(*says), *number)) else {
            return answer(Verdict::Allow, bare(Step::Unknown));
        };
        let beside = standing
            .iter()
            .filter(|(_, group, says)| *group != spoke.1 && strict(*says) < strict(spoke.2))
            .min_by_key(|(number, ..)| *number);
        let (group, beside) = (self.group_no(spoke.1), beside.and_then(|other| self.group_no(other.1)));
        answer(spoke.2, Reason { group, beside, ..bare(Step::Unknown) })
    }
}
