//! Gathering what the facts of a request match: rules, live entries, services and categories.

use std::net::IpAddr;

use kit::{Host, HostName};
use lists::{ListSetNo, Suffixes};
use smallvec::SmallVec;

use super::contest::{Audience, fact_order};
use super::decide::HostText;
use super::{FilterPolicy, Kind};
use crate::calendar::Moment;
use crate::decision::Fact;
use crate::document::{Effect, SharedHosts};
use crate::groups::GroupSet;
use crate::identity::PersonNo;
use crate::live::{Live, LiveEntry, LiveKind};
use crate::request::Request;
use crate::targets::{Hashed, Owner, with_text};

/// What a path stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Path {
    /// The whole path of a request.
    Whole,
    /// The beginning of the paths that a rule is about.
    Beginning,
}

/// A rule of the policy, or an entry of the live snapshot, that matches.
#[derive(Clone, Copy)]
pub(super) struct RuleHit {
    pub entry: u32,
    pub fact: Fact,
    pub category: Option<u16>,
    pub list: Option<u16>,
}

/// A category that a fact is in.
#[derive(Clone, Copy)]
pub(super) struct CategoryHit {
    pub category: u16,
    pub list: u16,
    pub fact: Fact,
    /// Whether it may open anything: not from the chain, an address or an expression.
    pub opens: bool,
}

/// Everything the facts match. What an ordinary request matches lies on the stack.
#[derive(Default)]
pub(super) struct Found {
    pub sealed: Option<Fact>,
    pub rules: SmallVec<[RuleHit; 8]>,
    pub live: SmallVec<[RuleHit; 8]>,
    pub services: SmallVec<[(u16, Fact); 4]>,
    pub categories: SmallVec<[CategoryHit; 8]>,
}

/// How much was found at a moment, to go back to.
pub(super) type Mark = (Option<Fact>, [usize; 4]);

impl Found {
    pub(super) fn mark(&self) -> Mark {
        (self.sealed, [self.rules.len(), self.live.len(), self.services.len(), self.categories.len()])
    }

    pub(super) fn back_to(&mut self, (sealed, [rules, live, services, categories]): Mark) {
        self.sealed = sealed;
        self.rules.truncate(rules);
        self.live.truncate(live);
        self.services.truncate(services);
        self.categories.truncate(categories);
    }
}

/// One request on its way through the steps.
pub(super) struct Case<'a> {
    pub policy: &'a FilterPolicy,
    pub live: &'a Live,
    pub moment: &'a Moment,
    pub person: Option<PersonNo>,
    /// The person, where the live snapshot has entries of their own.
    pub own: Owner,
    pub groups: GroupSet,
    pub host: Hashed<'a>,
    pub request: &'a Request<'a>,
    pub found: Found,
}

impl<'a> Case<'a> {
    /// The host as a name. An address is one here too where its text has the form: lists may hold parts of it.
    pub(super) fn name(&self) -> Option<HostName<'a>> {
        match self.request.host {
            Host::Name(name) => Some(name),
            Host::Address(_) => HostName::new(self.host.text),
        }
    }

    /// Gathers what the host, the chain and the addresses match.
    pub(super) fn gather_host(&mut self) {
        let policy = self.policy;
        self.gather_name(self.host, matches!(self.request.host, Host::Name(_)), Fact::Host);
        if let Host::Address(address) = self.request.host {
            self.gather_address(address.to_canonical(), Fact::Host);
        }
        for (place, name) in self.request.chain.iter().enumerate() {
            let fact = Fact::Chain(u8::try_from(place).unwrap_or(u8::MAX));
            let mut suffixes = Suffixes::default();
            let name = Hashed::new(name.as_str(), policy.index.hasher(), &mut suffixes);
            self.gather_name(name, true, fact);
        }
        for (place, address) in self.request.addresses.iter().enumerate() {
            let fact = Fact::Address(u8::try_from(place).unwrap_or(u8::MAX));
            self.gather_address(address.to_canonical(), fact);
            if !policy.sealed.is_empty()
                && policy.sealed.holds_host(HostText::of(Host::Address(*address)).as_str())
            {
                self.seal(fact);
            }
        }
    }

    fn gather_name(&mut self, name: Hashed<'_>, listed: bool, fact: Fact) {
        let (policy, live, own) = (self.policy, self.live, self.own);
        // The index is asked first: its answer waits for memory while the other tables are looked through.
        let hits = if listed { policy.index.name_of(name.suffixes) } else { lists::Hits::NONE };
        let sealed = &policy.sealed;
        if sealed.holds_host(name.text)
            || (policy.document.sealed.shared_hosts == SharedHosts::Refuse && sealed.holds_part_of(name.text))
        {
            self.seal(fact);
        }
        policy.targets.sites(name, None, |entry| self.add_rule(entry, fact));
        live.targets().sites(name, own, |entry| self.add_live(entry, fact));
        let opens = fact == Fact::Host;
        for set in &hits {
            self.add_set(*set, fact, opens);
        }
    }

    fn gather_address(&mut self, address: IpAddr, fact: Fact) {
        let (policy, live, own) = (self.policy, self.live, self.own);
        policy.targets.address(address, None, |entry| self.add_rule(entry, fact));
        live.targets().address(address, own, |entry| self.add_live(entry, fact));
        if let Some(set) = policy.index.address(address) {
            self.add_set(set, fact, fact == Fact::Host);
        }
    }

    /// Gathers what a path on the host matches.
    pub(super) fn gather_path(&mut self, path: &str, seen: Path) {
        let (policy, live, own) = (self.policy, self.live, self.own);
        let host = self.host.text;
        if policy.sealed.holds_path(host, path) {
            self.seal(Fact::Path);
        }
        policy.targets.urls(self.host, path, None, |entry| self.add_rule(entry, Fact::Path));
        live.targets().urls(self.host, path, own, |entry| self.add_live(entry, Fact::Path));
        if let Some(name) = self.name() {
            for set in &policy.index.path(name, path) {
                self.add_set(*set, Fact::Path, true);
            }
        }
        self.gather_expressions(Some(path), seen == Path::Beginning);
    }

    /// Gathers what expressions match: all of them for a whole path, else those that say something of every URL.
    pub(super) fn gather_expressions(&mut self, path: Option<&str>, beginning: bool) {
        let (policy, live, own, host) = (self.policy, self.live, self.own, self.host.text);
        let fact = if path.is_some() { Fact::Path } else { Fact::Host };
        policy.targets.expressions(host, path, beginning, None, |entry| self.add_rule(entry, fact));
        live.targets().expressions(host, path, beginning, own, |entry| self.add_live(entry, fact));
        let all = &policy.list_expressions;
        let (set, from) = if path.is_some() && !beginning {
            (&all.whole, &all.whole_lists)
        } else {
            (&all.host, &all.host_lists)
        };
        if !set.is_empty() {
            with_text(host, path.unwrap_or("/"), |text| {
                // Finding out which of them match allocates; whether any does, doesn't.
                if set.is_match(text) {
                    for list in set.matches(text).iter().filter_map(|place| from.get(place)) {
                        self.add_list(*list, fact, false);
                    }
                }
            });
        }
    }

    fn seal(&mut self, fact: Fact) {
        if self.found.sealed.is_none_or(|earlier| fact_order(fact) < fact_order(earlier)) {
            self.found.sealed = Some(fact);
        }
    }

    pub(super) fn add_rule(&mut self, entry: u32, fact: Fact) {
        self.add_rule_about(RuleHit { entry, fact, category: None, list: None }, true);
    }

    fn add_rule_about(&mut self, hit: RuleHit, opens: bool) {
        let Some(rule) = self.policy.entries.get(hit.entry as usize) else { return };
        let opens = opens && matches!(hit.fact, Fact::Host | Fact::Path);
        match rule.kind {
            Kind::Service(service) => self.found.services.push((service, hit.fact)),
            Kind::Locked(Effect::Block) | Kind::School(Effect::Block) => {
                if self.groups.contains(rule.audience) {
                    self.found.rules.push(hit);
                }
            }
            Kind::Help | Kind::Essential | Kind::OwnEssential | Kind::Learning => {
                if hit.fact == Fact::Host
                    && (rule.exact == 0 || usize::from(rule.exact) == self.host.text.len())
                {
                    self.found.rules.push(hit);
                }
            }
            Kind::Locked(Effect::Allow) | Kind::School(Effect::Allow) => {
                if opens && self.groups.contains(rule.audience) {
                    self.found.rules.push(hit);
                }
            }
            Kind::Use => {}
        }
    }

    pub(super) fn add_live(&mut self, entry: u32, fact: Fact) {
        self.add_live_about(RuleHit { entry, fact, category: None, list: None }, true);
    }

    fn add_live_about(&mut self, hit: RuleHit, opens: bool) {
        let Some(entry) = self.live.entry(hit.entry) else { return };
        let opens = opens && matches!(hit.fact, Fact::Host | Fact::Path);
        let allows = !matches!(entry.kind, LiveKind::Override(Effect::Block));
        if (opens || !allows) && self.is_for_asker(entry) {
            self.found.live.push(hit);
        }
    }

    /// Whether a live entry holds now and for whoever asks.
    fn is_for_asker(&self, entry: &LiveEntry) -> bool {
        entry.holds_at(self.moment.at)
            && match entry.audience {
                Audience::Person => true, // It was found as one of the person's own.
                Audience::Group(group) => self.groups.contains(group),
            }
    }

    fn add_set(&mut self, set: ListSetNo, fact: Fact, opens: bool) {
        let policy = self.policy;
        for list in policy.index.set(set) {
            self.add_list(list.0, fact, opens);
        }
    }

    fn add_list(&mut self, list: u16, fact: Fact, opens: bool) {
        let (policy, live, own) = (self.policy, self.live, self.own);
        for &category in policy.list_categories.get(usize::from(list)).into_iter().flatten() {
            self.found.categories.push(CategoryHit { category, list, fact, opens });
            let about = |entry: u32| RuleHit { entry, fact, category: Some(category), list: Some(list) };
            for entry in policy.targets.category(category, None) {
                self.add_rule_about(about(entry), opens);
            }
            for entry in live.targets().category(category, own) {
                self.add_live_about(about(entry), opens);
            }
        }
    }
}
