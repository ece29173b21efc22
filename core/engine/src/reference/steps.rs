//! The steps from `sealed` to `locked-allow`, each as it stands in the table.

use super::{Asking, PlainSealed, Url, answer, bare, below, order};
use crate::catalogue::OpenSite;
use crate::decision::{Decision, Fact, Reason, RuleRef, Verdict};
use crate::document::target::{read_site, url_host};
use crate::document::{Effect, SharedHosts};
use crate::policy::LIVE;
use crate::step::Step;

impl Asking<'_> {
    pub(super) fn sealed(&self, url: &Url) -> Option<Decision> {
        let refuse = self.world.document.sealed.shared_hosts == SharedHosts::Refuse;
        let names = self.names().into_iter().map(|(text, fact)| (text, fact, true));
        // What the host leads to is refused as the host would be.
        let inside = self.inside().into_iter().map(|inside| (inside.to_string(), Fact::Address(0), true));
        let addresses = self.addresses().into_iter().filter(|(_, fact)| *fact != Fact::Host);
        let addresses = addresses.map(|(address, fact)| (address.to_string(), fact, false));
        for (text, fact, named) in names.chain(inside).chain(addresses) {
            let whole = self.world.sealed.iter().any(|entry| match entry {
                PlainSealed::Host(host) => below(&text, host),
                PlainSealed::Prefix(host, _) | PlainSealed::Exact(host, _) => {
                    refuse && named && url_host(host) == url_host(&text)
                }
            });
            let part = fact == Fact::Host
                && self.readings(url).into_iter().filter(|reading| reading.fact == Fact::Path).any(
                    |reading| {
                        let (site, path) = (url_host(&reading.host), reading.path.to_lowercase());
                        self.world.sealed.iter().any(|entry| match entry {
                            PlainSealed::Host(_) => false,
                            PlainSealed::Prefix(host, prefix) => {
                                url_host(host) == site
                                    && (path == *prefix
                                        || ["/", "?", "&"]
                                            .iter()
                                            .any(|mark| path.starts_with(&format!("{prefix}{mark}"))))
                            }
                            PlainSealed::Exact(host, exact) => url_host(host) == site && path == *exact,
                        })
                    },
                );
            if whole || part {
                let fact = if whole { fact } else { Fact::Path };
                return Some(answer(Verdict::Block, Reason { fact, ..bare(Step::Sealed) }));
            }
        }
        None
    }

    pub(super) fn open_site(&self, step: Step) -> Option<Decision> {
        let world = self.world;
        let own = world.document.essential.iter().map(|site| (site.as_str(), false, true));
        let port = self.request.port;
        let help: Vec<(&str, bool, bool)> =
            world.catalogue.help.iter().flat_map(|open| sites_of(open, port)).collect();
        let essential: Vec<(&str, bool, bool)> =
            world.catalogue.essential.iter().flat_map(|open| sites_of(open, port)).chain(own).collect();
        let (before, sites) = match step {
            Step::Help => (0, help),
            _ => (help.len(), essential),
        };
        let is_it = |(site, exact, here): (&str, bool, bool)| {
            let known = if exact { self.host == site } else { below(&self.host, site) };
            here && known && !self.covers_sealed(&read_site(site).unwrap())
        };
        let place = sites.iter().position(|site| is_it(*site))?;
        let rule = RuleRef((before + place + 1) as u32);
        let mut open = answer(Verdict::Allow, Reason { rule, fact: Fact::Host, ..bare(step) });
        let mut quiet = world.catalogue.essential.iter().filter(|open| open.unobserved);
        open.obligations.unobserved =
            step == Step::Help || quiet.any(|open| sites_of(open, port).into_iter().any(is_it));
        Some(open)
    }

    pub(super) fn locked(&self, url: &Url, effect: Effect) -> Option<Decision> {
        let step = if effect == Effect::Block { Step::LockedBlock } else { Step::LockedAllow };
        let rules = self.policy_rules().into_iter().take(self.world.document.locked.len());
        self.contest(step, rules.filter(|rule| rule.effect == effect).collect(), url)
    }

    pub(super) fn withheld(&self) -> Option<Decision> {
        let held = self.world.live.withheld.iter().filter(|one| {
            Some(one.person) == self.person
                && one.begins_at.is_none_or(|begins| begins <= self.at)
                && self.at < one.ends_at
        });
        let number = held.map(|one| one.number).min()?;
        let learning = self.world.document.withheld.learning_sites.iter().any(|site| below(&self.host, site));
        (!learning)
            .then(|| answer(Verdict::Block, Reason { rule: RuleRef(LIVE | number), ..bare(Step::Withheld) }))
    }

    pub(super) fn focus(&self, url: &Url) -> Option<Decision> {
        let held: Vec<_> = self
            .world
            .live
            .focus
            .iter()
            .filter(|focus| focus.begins_at.is_none_or(|begins| begins <= self.at) && self.at < focus.ends_at)
            .filter(|focus| self.is_in(&focus.group))
            .collect();
        let opening = |focus: &crate::live::Focus| {
            focus
                .garden
                .iter()
                .filter_map(|text| text.read().ok())
                .filter(|target| !self.covers_sealed(target))
                .flat_map(|target| self.matches(&target, url, None))
                .filter(|(fact, _, _, opens)| *opens && matches!(fact, Fact::Host | Fact::Path))
                .map(|(fact, ..)| fact)
                .min_by_key(|fact| order(*fact))
        };
        let mut standing: Vec<_> = held
            .iter()
            .filter(|focus| !held.iter().any(|other| self.strictly_within(&other.group, &focus.group)))
            .collect();
        standing.sort_by_key(|focus| focus.number);
        let blocking = standing.iter().find(|focus| opening(focus).is_none());
        let spoke = blocking.or(standing.first())?;
        let beside = standing
            .iter()
            .find(|other| blocking.is_some() && other.group != spoke.group && opening(other).is_some())
            .and_then(|other| self.group_no(&other.group));
        let verdict = if blocking.is_some() { Verdict::Block } else { Verdict::Allow };
        let fact = opening(spoke).unwrap_or(Fact::None);
        let (rule, group) = (RuleRef(LIVE | spoke.number), self.group_no(&spoke.group));
        Some(answer(verdict, Reason { rule, fact, group, beside, ..bare(Step::Focus) }))
    }
}

/// The sites of an open one, whether each stands for itself alone, and whether it is at that port.
fn sites_of(open: &OpenSite, port: Option<u16>) -> Vec<(&str, bool, bool)> {
    let here = open.ports.is_empty() || port.is_none_or(|port| open.ports.contains(&port));
    open.sites().map(|(site, exact)| (site, exact, here)).collect()
}
