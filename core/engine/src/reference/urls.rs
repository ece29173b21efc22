//! The URLs on a host: which of them a rule or a list has something to say about, and how each may be read.

use super::{Asking, PlainEntry, Url, below};
use crate::decision::RuleRef;
use crate::document::Effect;
use crate::document::target::{Target, url_host};
use crate::live::Subject;
use crate::policy::LIVE;

impl Asking<'_> {
    /// Every URL on the host that a rule which allows, or a list, has something to say about, in the order of rules,
    /// live entries, lists and expressions.
    pub(super) fn every_known_url(&self) -> Vec<Url> {
        let mut all = Vec::new();
        let rules = self.policy_rules();
        let on_host = |target: &Target| match target {
            Target::Url(url) if url.host == url_host(&self.host) && !self.covers_sealed(target) => {
                Some(Url::Beginning(url.path.clone()))
            }
            _ => None,
        };
        all.extend(
            rules.iter().filter(|rule| rule.effect == Effect::Allow).filter_map(|rule| on_host(&rule.target)),
        );
        let of = |subject: &Subject| match subject {
            Subject::Person(person) if Some(*person) == self.person => Some(true),
            Subject::Person(_) => None,
            _ => Some(false),
        };
        for of_person in [false, true] {
            for one in &self.world.live.overrides {
                if one.effect == Effect::Allow && of(&one.subject) == Some(of_person) {
                    all.extend(one.target.read().ok().as_ref().and_then(on_host));
                }
            }
            if !of_person {
                for text in self.world.live.focus.iter().flat_map(|focus| &focus.garden) {
                    all.extend(text.read().ok().as_ref().and_then(on_host));
                }
            }
        }
        let mut listed: Vec<&String> = self
            .world
            .lists
            .iter()
            .flat_map(|list| &list.entries)
            .filter_map(|entry| match entry {
                PlainEntry::Path(host, path) if url_host(host) == url_host(&self.host) => Some(path),
                _ => None,
            })
            .collect();
        listed.sort();
        all.extend(listed.into_iter().map(|path| Url::Beginning(format!("{path}\u{1}"))));
        let on_site = |target: &Target| matches!(target, Target::Expression { on: Some(site), .. } if below(&self.host, site));
        all.extend(rules.iter().filter(|rule| on_site(&rule.target)).map(|rule| Url::Matching(rule.number)));
        for of_person in [false, true] {
            for one in &self.world.live.overrides {
                if of(&one.subject) == Some(of_person)
                    && one.target.read().is_ok_and(|target| on_site(&target))
                {
                    all.push(Url::Matching(RuleRef(LIVE | one.number)));
                }
            }
        }
        all
    }

    pub(super) fn path<'u>(&self, url: &'u Url) -> Option<&'u str> {
        match url {
            Url::Whole(path) | Url::Beginning(path) => Some(path),
            Url::Fresh | Url::Matching(_) => None,
        }
    }

    /// The other reading of a whole URL's path, which may block and never opens.
    pub(super) fn wide(&self, url: &Url) -> Option<String> {
        match url {
            Url::Whole(path) => Some(kit::path::widest(path).into_owned()).filter(|wide| wide != path),
            _ => None,
        }
    }

    pub(super) fn readings(&self, url: &Url) -> impl Iterator<Item = String> + use<> {
        self.path(url).map(str::to_owned).into_iter().chain(self.wide(url))
    }
}
