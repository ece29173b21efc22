//! Gathering what a request matches for whoever asks: rules, live entries, services and categories.

use std::net::{IpAddr, Ipv4Addr};

use kit::address::ipv4_inside;
use kit::{Host, HostName};
use smallvec::SmallVec;

use super::contest::{Audience, fact_order};
use super::decide::HostText;
use super::matches::{LEADS_TO, Matches, Wide, lists_that_match};
use super::{FilterPolicy, Kind};
use crate::calendar::Moment;
use crate::decision::{Decision, Fact};
use crate::document::Effect;
use crate::groups::GroupSet;
use crate::identity::PersonNo;
use crate::live::{Live, LiveEntry, LiveKind};
use crate::request::Request;
use crate::targets::{Hashed, Owner};

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
    /// The search engine whose host it is.
    pub engine: Option<u16>,
    pub categories: SmallVec<[CategoryHit; 8]>,
    /// The lists that say nothing of a fact ([`Matches::excepted`]).
    pub excepted: Vec<(u16, Fact)>,
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
    pub host: &'a Hashed<'a>,
    pub request: &'a Request<'a>,
    pub found: Found,
    /// An override of the host that is not there, to see what it would do.
    pub trial: Option<LiveEntry>,
}

/// The number that stands for [`Case::trial`] among live entries.
const TRIAL: u32 = u32::MAX;

impl<'a> Case<'a> {
    /// Decides the request, whose facts match this.
    pub(super) fn decide(&mut self, matches: &Matches) -> Decision {
        self.take(matches);
        let decision = match self.request.path {
            Some(path) => {
                self.gather_path(path, Path::Whole);
                self.speak()
            }
            None => self.whole_host(&matches.wide),
        };
        self.lead(decision)
    }

    /// The host as a name. An address is one here too where its text has the form: lists may hold parts of it.
    pub(super) fn name(&self) -> Option<HostName<'a>> {
        match self.request.host {
            Host::Name(name) => Some(name),
            Host::Address(_) => HostName::new(self.host.text),
        }
    }

    /// The IPv4 addresses that the host leads to, where it is an IPv6 address that carries one.
    fn inside(&self) -> impl Iterator<Item = Ipv4Addr> + use<> {
        let address = match self.request.host {
            Host::Address(address) => address,
            Host::Name(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        };
        ipv4_inside(address)
    }

    /// Whose entries of the live snapshot count: everybody's, and the asker's own.
    pub(super) fn owners(&self) -> impl Iterator<Item = Owner> + use<> {
        [Some(None), self.own.map(Some)].into_iter().flatten()
    }

    /// Takes what the host, the chain and the addresses match, with the asker's own entries about them.
    fn take(&mut self, matches: &Matches) {
        let policy = self.policy;
        self.found.sealed = matches.sealed;
        matches.rules.iter().for_each(|(entry, fact)| self.add_rule(*entry, *fact));
        matches.live.iter().for_each(|(entry, fact)| self.add_live(*entry, *fact));
        if self.own.is_some() {
            self.take_own();
        }
        if self.trial.is_some() {
            self.add_live(TRIAL, Fact::Host);
        }
        self.found.excepted.clone_from(&matches.excepted);
        for (set, fact) in &matches.sets {
            let opens = *fact == Fact::Host;
            for list in policy.index.set(*set) {
                self.add_list(list.0, *fact, opens);
            }
        }
    }

    fn take_own(&mut self) {
        let (live, own, request) = (self.live, self.own, self.request);
        let targets = live.targets();
        targets.sites(self.host, own, |entry| self.add_live(entry, Fact::Host));
        if let Host::Address(address) = request.host {
            targets.address(address, own, |entry| self.add_live(entry, Fact::Host));
            for inside in self.inside() {
                targets.address(inside.into(), own, |entry| self.add_live(entry, LEADS_TO));
            }
        }
        for (place, name) in request.chain.iter().enumerate() {
            let fact = Fact::Chain(u8::try_from(place).unwrap_or(u8::MAX));
            let name = Hashed::new(name.as_str(), self.policy.index.hasher());
            targets.sites(&name, own, |entry| self.add_live(entry, fact));
        }
        for (place, address) in request.addresses.iter().enumerate() {
            let fact = Fact::Address(u8::try_from(place).unwrap_or(u8::MAX));
            for address in std::iter::once(*address).chain(ipv4_inside(*address).map(IpAddr::V4)) {
                targets.address(address, own, |entry| self.add_live(entry, fact));
            }
        }
    }

    /// Takes the expressions that match every URL on the host.
    pub(super) fn take_wide(&mut self, wide: &Wide) {
        wide.rules.iter().for_each(|(entry, fact)| self.add_rule(*entry, *fact));
        wide.live.iter().for_each(|(entry, fact)| self.add_live(*entry, *fact));
        if let (live, own @ Some(_)) = (self.live, self.own) {
            let targets = live.targets();
            targets.expressions(self.host.text, None, false, own, |entry| self.add_live(entry, Fact::Host));
            for inside in self.inside() {
                let text = HostText::of(Host::Address(inside.into()));
                targets.expressions(text.as_str(), None, false, own, |entry| self.add_live(entry, LEADS_TO));
            }
        }
        wide.lists.iter().for_each(|(list, fact)| self.add_list(*list, *fact, false));
    }

    /// Gathers what a path on the host matches.
    pub(super) fn gather_path(&mut self, path: &str, seen: Path) {
        let (policy, live, host) = (self.policy, self.live, self.host);
        let seals = |host: &str| match seen {
            Path::Whole => policy.sealed.holds_path(host, path),
            Path::Beginning => policy.sealed.holds_beginning(host, path),
        };
        let inside_seals = |inside: Ipv4Addr| seals(HostText::of(Host::Address(inside.into())).as_str());
        if seals(host.text) || self.inside().any(inside_seals) {
            let earlier = self.found.sealed.filter(|earlier| fact_order(*earlier) < fact_order(Fact::Path));
            self.found.sealed = earlier.or(Some(Fact::Path));
        }
        // What begins with a path may go on so that no other reading of it is met: only a whole one has others.
        let others = if seen == Path::Whole { kit::path::other_readings(path) } else { Vec::new() };
        let about = |entry: u32| RuleHit { entry, fact: Fact::Path, category: None, list: None };
        policy
            .targets
            .urls(host, path, &others, None, |entry, opens| self.add_rule_about(about(entry), opens));
        for owner in self.owners() {
            live.targets().urls(host, path, &others, owner, |entry, opens| {
                self.add_live_about(about(entry), opens);
            });
        }
        if let Some(name) = self.name() {
            for set in &policy.index.path(name, path) {
                for list in policy.index.set(*set) {
                    self.add_list(list.0, Fact::Path, true);
                }
            }
        }
        let beginning = seen == Path::Beginning;
        policy.targets.expressions(host.text, Some(path), beginning, None, |entry| {
            self.add_rule(entry, Fact::Path);
        });
        for owner in self.owners() {
            live.targets().expressions(host.text, Some(path), beginning, owner, |entry| {
                self.add_live(entry, Fact::Path);
            });
        }
        lists_that_match(policy, host.text, Some(path), beginning, |list| {
            self.add_list(list, Fact::Path, false);
        });
        for other in &others {
            self.gather_blocks(host.text, other, false);
        }
        let as_sent = self.request.as_sent.filter(|sent| *sent != path && seen == Path::Whole);
        if let Some(as_sent) = as_sent {
            self.gather_blocking_expressions(host.text, as_sent, false);
        }
        for inside in self.inside() {
            let text = HostText::of(Host::Address(inside.into()));
            for path in std::iter::once(path).chain(others.iter().map(String::as_str)) {
                self.gather_blocks(text.as_str(), path, beginning);
            }
            if let Some(as_sent) = as_sent {
                self.gather_blocking_expressions(text.as_str(), as_sent, false);
            }
        }
    }

    /// Gathers what lists and expressions know of another reading of the path or of another address that the host leads
    /// to: it blocks and never opens.
    fn gather_blocks(&mut self, host: &str, path: &str, beginning: bool) {
        let policy = self.policy;
        if let Some(name) = HostName::new(host) {
            for set in &policy.index.path(name, path) {
                for list in policy.index.set(*set) {
                    self.add_list(list.0, Fact::Path, false);
                }
            }
        }
        self.gather_blocking_expressions(host, path, beginning);
    }

    fn gather_blocking_expressions(&mut self, host: &str, path: &str, beginning: bool) {
        let (policy, live) = (self.policy, self.live);
        let about = |entry: u32| RuleHit { entry, fact: Fact::Path, category: None, list: None };
        policy.targets.expressions(host, Some(path), beginning, None, |entry| {
            self.add_rule_about(about(entry), false);
        });
        for owner in self.owners() {
            live.targets().expressions(host, Some(path), beginning, owner, |entry| {
                self.add_live_about(about(entry), false);
            });
        }
        lists_that_match(policy, host, Some(path), beginning, |list| self.add_list(list, Fact::Path, false));
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
                    && (rule.kind != Kind::Essential || self.is_essential_at(rule.place))
                {
                    self.found.rules.push(hit);
                }
            }
            Kind::Locked(Effect::Allow) | Kind::School(Effect::Allow) => {
                if opens && self.groups.contains(rule.audience) {
                    self.found.rules.push(hit);
                }
            }
            Kind::Engine(engine) => {
                if hit.fact == Fact::Host && usize::from(rule.exact) == self.host.text.len() {
                    self.found.engine = Some(engine);
                }
            }
            Kind::Use => {}
        }
    }

    fn is_essential_at(&self, place: u32) -> bool {
        let open = self.policy.catalogue.essential.get(place as usize);
        open.is_some_and(|open| open.is_at(self.request.port))
    }

    pub(super) fn add_live(&mut self, entry: u32, fact: Fact) {
        self.add_live_about(RuleHit { entry, fact, category: None, list: None }, true);
    }

    fn add_live_about(&mut self, hit: RuleHit, opens: bool) {
        let Some(entry) = self.live_entry(hit.entry) else { return };
        let opens = opens && matches!(hit.fact, Fact::Host | Fact::Path);
        let allows = !matches!(entry.kind, LiveKind::Override(Effect::Block));
        if (opens || !allows) && self.is_for_asker(entry) {
            self.found.live.push(hit);
        }
    }

    pub(super) fn live_entry(&self, number: u32) -> Option<&LiveEntry> {
        if number == TRIAL { self.trial.as_ref() } else { self.live.entry(number) }
    }

    /// Whether a live entry holds now and for whoever asks.
    fn is_for_asker(&self, entry: &LiveEntry) -> bool {
        entry.holds_at(self.moment.at)
            && match entry.audience {
                Audience::Person => true, // It was found as one of the person's own.
                Audience::Group(group) => self.groups.contains(group),
            }
    }

    fn add_list(&mut self, list: u16, fact: Fact, opens: bool) {
        let (policy, live) = (self.policy, self.live);
        let excepts = |(other, of): &(u16, Fact)| *other == list && (*of == fact || *of == Fact::Host);
        if self.found.excepted.iter().any(excepts) {
            return;
        }
        for &category in policy.list_categories.get(usize::from(list)).into_iter().flatten() {
            self.found.categories.push(CategoryHit { category, list, fact, opens });
            let about = |entry: u32| RuleHit { entry, fact, category: Some(category), list: Some(list) };
            for entry in policy.targets.category(category, None) {
                self.add_rule_about(about(*entry), opens);
            }
            for owner in self.owners() {
                for entry in live.targets().category(category, owner) {
                    self.add_live_about(about(*entry), opens);
                }
            }
        }
    }
}
