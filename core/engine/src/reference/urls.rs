//! The URLs on a host: which of them a rule or a list has something to say about, and how each may be read.

use super::{Asking, PlainEntry, Url, below};
use crate::decision::{Fact, RuleRef};
use crate::document::Effect;
use crate::document::target::{Target, url_host};
use crate::live::Subject;
use crate::policy::LIVE;

/// One way in which a URL may be read.
pub(super) struct Reading {
    pub host: String,
    pub path: String,
    /// By which fact whatever knows it is then met.
    pub fact: Fact,
    pub opens: bool,
}

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
            .filter_map(|(_, entry)| match entry {
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

    /// The other readings of a whole URL's path, which may block and never open.
    pub(super) fn others(&self, url: &Url) -> Vec<String> {
        match url {
            Url::Whole(path) => kit::path::other_readings(path),
            _ => Vec::new(),
        }
    }

    /// The ways in which servers may read the URL, or lead to it. What opens counts in the first alone.
    pub(super) fn readings(&self, url: &Url) -> Vec<Reading> {
        let (path, fact) = self.path(url).map_or(("/", Fact::Host), |path| (path, Fact::Path));
        let inside_fact = if fact == Fact::Path { Fact::Path } else { Fact::Address(0) };
        let mut all = Vec::new();
        let own = std::iter::once((self.host.clone(), fact));
        let inside = self.inside().into_iter().map(|inside| (inside.to_string(), inside_fact));
        for (host, fact) in own.chain(inside) {
            all.push(Reading { host: host.clone(), path: path.to_owned(), fact, opens: host == self.host });
            let other = |path| Reading { host: host.clone(), path, fact, opens: false };
            all.extend(self.others(url).into_iter().map(other));
        }
        all
    }

    /// A whole URL as it was sent, on each host: what an expression that blocks may be about.
    pub(super) fn as_sent(&self, url: &Url) -> Vec<Reading> {
        let Some(path) = self.request.as_sent.filter(|_| matches!(url, Url::Whole(_))) else {
            return Vec::new();
        };
        let inside = self.inside().into_iter().map(|inside| inside.to_string());
        std::iter::once(self.host.clone())
            .chain(inside)
            .map(|host| Reading { host, path: path.to_owned(), fact: Fact::Path, opens: false })
            .collect()
    }
}
