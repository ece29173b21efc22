//! Where a host is led whose engine is held to safe search.

use super::Asking;
use crate::document::safe_search::{Search, YouTube};
use crate::identity::KnownBy;
use crate::step::Step;

impl Asking<'_> {
    /// The number of the name that the host leads to, where names are counted over the engines, each one's strict name before
    /// its moderate one; 0 where it is left as it is.
    pub(super) fn safe_search(&self, spoke: Step) -> u16 {
        if spoke == Step::Help || spoke == Step::Essential {
            return 0;
        }
        let mut names = 0;
        for engine in &self.world.catalogue.engines {
            let has_moderate = engine.moderate.is_some();
            let domains = engine.domains.iter();
            let is_it = engine.hosts.contains(&self.host)
                || domains
                    .into_iter()
                    .any(|domain| self.host == *domain || self.host == format!("www.{domain}"));
            if is_it {
                return match self.leaves_out(has_moderate) {
                    2 => names + 1,
                    1 => names + 2,
                    _ => 0,
                };
            }
            names += 1 + u16::from(has_moderate);
        }
        0
    }

    /// 2 for most, 1 for less, 0 for nothing.
    fn leaves_out(&self, youtube: bool) -> u8 {
        if self.request.identity.known_by == KnownBy::Nothing {
            return 2;
        }
        let section = &self.world.document.safe_search;
        let cells: Vec<(&String, u8)> = if youtube {
            let strict = |cell: &YouTube| match cell {
                YouTube::Strict => 2,
                YouTube::Moderate => 1,
                YouTube::Off => 0,
            };
            section.youtube.iter().map(|(group, cell)| (group, strict(cell))).collect()
        } else {
            section
                .search
                .iter()
                .map(|(group, cell)| (group, if *cell == Search::On { 2 } else { 0 }))
                .collect()
        };
        let mine: Vec<_> = cells.into_iter().filter(|(group, _)| self.is_in(group)).collect();
        mine.iter()
            .filter(|(group, _)| !mine.iter().any(|(other, _)| self.strictly_within(other, group)))
            .map(|(_, level)| *level)
            .max()
            .unwrap_or(2)
    }
}
