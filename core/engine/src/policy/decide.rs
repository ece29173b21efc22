//! Deciding one request: gather what its facts match, then ask the steps in their order.

use std::net::IpAddr;

use kit::{Host, LocalTime};
use lists::{Hits, ListSetNo};

use super::contest::{Audience, Candidate, Winner, contest, fact_order};
use super::few::Few;
use super::groups::EVERYBODY;
use super::uses::{Answer, strictness};
use super::{FilterPolicy, Kind, LIVE};
use crate::calendar::Moment;
use crate::decision::{Decision, Fact, Obligations, Reason, RuleRef, Verdict};
use crate::document::{Effect, SharedHosts};
use crate::groups::{GroupNo, GroupSet};
use crate::identity::PersonNo;
use crate::live::{Live, LiveEntry, LiveKind};
use crate::request::Request;
use crate::step::Step;
use crate::targets::with_text;

/// Decides one request under one compiled policy and one live snapshot. Pure; allocates nothing for an ordinary
/// request; cost is O(labels in the host). `at` is school-local: schedules are written in lesson times.
pub fn decide(policy: &FilterPolicy, live: &Live, request: &Request<'_>, at: LocalTime) -> Decision {
    decide_in(policy, live, request, &policy.moment(at))
}

/// [`decide`] for a moment that was worked out before.
pub fn decide_in(policy: &FilterPolicy, live: &Live, request: &Request<'_>, moment: &Moment) -> Decision {
    let text = HostText::of(request.host);
    let mut asker = request.identity.groups;
    asker.insert(EVERYBODY);
    let mut case = Case {
        policy,
        live,
        moment,
        person: request.identity.person,
        groups: asker,
        host: text.as_str(),
        request,
        found: Found::new(),
    };
    case.gather_host();
    match request.path {
        Some(path) => {
            case.gather_path(path, Path::Whole);
            case.speak()
        }
        None => case.whole_host(),
    }
}

/// What a path stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Path {
    /// The whole path of a request.
    Whole,
    /// The beginning of the paths that a rule is about.
    Beginning,
}

/// What is put after a list's entry, which stands for every path that begins so, to make one that no other rule is
/// about. It is no text a browser would send.
pub(crate) const FRESH: &str = "\u{1}";

/// A rule of the policy that matches.
#[derive(Clone, Copy)]
struct RuleHit {
    entry: u32,
    fact: Fact,
    category: Option<u16>,
    list: Option<u16>,
}

/// A category that a fact is in.
#[derive(Clone, Copy)]
struct CategoryHit {
    category: u16,
    list: u16,
    fact: Fact,
    /// Whether it may open anything: not from the chain, an address or an expression.
    opens: bool,
}

/// Everything the facts match.
struct Found {
    sealed: Option<Fact>,
    rules: Few<RuleHit, 12>,
    live: Few<RuleHit, 8>,
    services: Few<(u16, Fact), 4>,
    categories: Few<CategoryHit, 12>,
}

impl Found {
    const fn new() -> Self {
        let filler = RuleHit { entry: 0, fact: Fact::None, category: None, list: None };
        Self {
            sealed: None,
            rules: Few::new(filler),
            live: Few::new(filler),
            services: Few::new((0, Fact::None)),
            categories: Few::new(CategoryHit { category: 0, list: 0, fact: Fact::None, opens: false }),
        }
    }

    fn mark(&self) -> (Option<Fact>, [usize; 4]) {
        (self.sealed, [self.rules.len(), self.live.len(), self.services.len(), self.categories.len()])
    }

    fn back_to(&mut self, (sealed, [rules, live, services, categories]): (Option<Fact>, [usize; 4])) {
        self.sealed = sealed;
        self.rules.truncate(rules);
        self.live.truncate(live);
        self.services.truncate(services);
        self.categories.truncate(categories);
    }
}

/// One request on its way through the steps.
struct Case<'a> {
    policy: &'a FilterPolicy,
    live: &'a Live,
    moment: &'a Moment,
    person: Option<PersonNo>,
    groups: GroupSet,
    host: &'a str,
    request: &'a Request<'a>,
    found: Found,
}

impl<'a> Case<'a> {
    /// Gathers what the host, the chain and the addresses match.
    fn gather_host(&mut self) {
        match self.request.host {
            Host::Name(name) => self.gather_name(name.as_str(), self.policy.index.name(name), Fact::Host),
            Host::Address(address) => {
                let address = address.to_canonical();
                self.gather_name(self.host, Hits::NONE, Fact::Host);
                self.gather_address(address, Fact::Host);
            }
        }
        for (place, name) in self.request.chain.iter().enumerate() {
            let fact = Fact::Chain(u8::try_from(place).unwrap_or(u8::MAX));
            self.gather_name(name.as_str(), self.policy.index.name(*name), fact);
        }
        for (place, address) in self.request.addresses.iter().enumerate() {
            let fact = Fact::Address(u8::try_from(place).unwrap_or(u8::MAX));
            self.gather_address(address.to_canonical(), fact);
            if !self.policy.sealed.is_empty()
                && self.policy.sealed.holds_host(HostText::of(Host::Address(*address)).as_str())
            {
                self.seal(fact);
            }
        }
    }

    fn gather_name(&mut self, name: &str, hits: Hits, fact: Fact) {
        let Self { policy, live, .. } = *self;
        let sealed = &policy.sealed;
        if sealed.holds_host(name)
            || (policy.document.sealed.shared_hosts == SharedHosts::Refuse && sealed.holds_part_of(name))
        {
            self.seal(fact);
        }
        policy.targets.sites(name, |entry| self.add_rule(entry, fact));
        live.targets().sites(name, |entry| self.add_live(entry, fact));
        if let Some(own) = live.of_person(self.person) {
            own.sites(name, |entry| self.add_live(entry, fact));
        }
        let opens = fact == Fact::Host;
        for set in &hits {
            self.add_set(*set, fact, opens);
        }
    }

    fn gather_address(&mut self, address: IpAddr, fact: Fact) {
        let Self { policy, live, .. } = *self;
        policy.targets.address(address, |entry| self.add_rule(entry, fact));
        live.targets().address(address, |entry| self.add_live(entry, fact));
        if let Some(own) = live.of_person(self.person) {
            own.address(address, |entry| self.add_live(entry, fact));
        }
        if let Some(set) = policy.index.address(address) {
            self.add_set(set, fact, fact == Fact::Host);
        }
    }

    /// Gathers what a path on the host matches.
    fn gather_path(&mut self, path: &str, seen: Path) {
        let (policy, live, host) = (self.policy, self.live, self.host);
        if policy.sealed.holds_path(host, path) {
            self.seal(Fact::Path);
        }
        policy.targets.urls(host, path, |entry| self.add_rule(entry, Fact::Path));
        live.targets().urls(host, path, |entry| self.add_live(entry, Fact::Path));
        if let Some(own) = live.of_person(self.person) {
            own.urls(host, path, |entry| self.add_live(entry, Fact::Path));
        }
        if let Some(name) = kit::HostName::new(host) {
            for set in &policy.index.path(name, path) {
                self.add_set(*set, Fact::Path, true);
            }
        }
        self.gather_expressions(Some(path), seen == Path::Beginning);
    }

    /// Gathers what expressions match: all of them for a whole path, else those that say something of every URL.
    fn gather_expressions(&mut self, path: Option<&str>, beginning: bool) {
        let (policy, live, host) = (self.policy, self.live, self.host);
        let fact = if path.is_some() { Fact::Path } else { Fact::Host };
        policy.targets.expressions(host, path, beginning, |entry| self.add_rule(entry, fact));
        live.targets().expressions(host, path, beginning, |entry| self.add_live(entry, fact));
        if let Some(own) = live.of_person(self.person) {
            own.expressions(host, path, beginning, |entry| self.add_live(entry, fact));
        }
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

    fn add_rule(&mut self, entry: u32, fact: Fact) {
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
                if hit.fact == Fact::Host && (rule.exact == 0 || usize::from(rule.exact) == self.host.len()) {
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

    fn add_live(&mut self, entry: u32, fact: Fact) {
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
                Audience::Person => true, // Only the person's own table holds it.
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
        let (policy, live) = (self.policy, self.live);
        for &category in policy.list_categories.get(usize::from(list)).into_iter().flatten() {
            self.found.categories.push(CategoryHit { category, list, fact, opens });
            let about = |entry: u32| RuleHit { entry, fact, category: Some(category), list: Some(list) };
            for entry in policy.targets.category(category) {
                self.add_rule_about(about(*entry), opens);
            }
            for entry in live.targets().category(category) {
                self.add_live_about(about(*entry), opens);
            }
            if let Some(own) = live.of_person(self.person) {
                for entry in own.category(category) {
                    self.add_live_about(about(*entry), opens);
                }
            }
        }
    }

    /// Decides the host where no path is seen: blocked if and only if every URL on it is.
    fn whole_host(&mut self) -> Decision {
        let bare = self.found.mark();
        self.gather_expressions(None, false);
        let fresh = self.speak();
        // Nothing that knows a path can open what these steps block.
        if !fresh.verdict.is_block() || fresh.reason.step <= Step::Withheld {
            return fresh;
        }
        let (policy, live, host) = (self.policy, self.live, self.host);
        let own = live.of_person(self.person);
        for (url, entry) in policy.targets.parts_of(host) {
            let allows = policy.entries.get(*entry as usize).is_some_and(|entry| {
                matches!(entry.kind, Kind::Locked(Effect::Allow) | Kind::School(Effect::Allow))
            });
            if allows && let Some(open) = self.try_path(bare, &url.path) {
                return open;
            }
        }
        for targets in [Some(live.targets()), own].into_iter().flatten() {
            for (url, entry) in targets.parts_of(host) {
                let allows =
                    live.entry(*entry).is_some_and(|entry| entry.kind != LiveKind::Override(Effect::Block));
                if allows && let Some(open) = self.try_path(bare, &url.path) {
                    return open;
                }
            }
        }
        // A list's entry for a part of the host can open it only by its category.
        let by_category =
            fresh.reason.step == Step::Unknown || policy.allows_categories || live.allows_categories();
        if by_category && let Some(name) = kit::HostName::new(host) {
            for (path, _) in policy.index.paths_on(name) {
                if let Some(open) = self.try_path(bare, &format!("{path}{FRESH}")) {
                    return open;
                }
            }
        }
        for entry in policy.targets.expressions_on(host) {
            self.found.back_to(bare);
            self.gather_expressions(None, false);
            self.add_rule(entry, Fact::Path);
            if let Some(open) = open_part(self.speak()) {
                return open;
            }
        }
        for targets in [Some(live.targets()), own].into_iter().flatten() {
            for entry in targets.expressions_on(host) {
                self.found.back_to(bare);
                self.gather_expressions(None, false);
                self.add_live(entry, Fact::Path);
                if let Some(open) = open_part(self.speak()) {
                    return open;
                }
            }
        }
        fresh
    }

    fn try_path(&mut self, bare: (Option<Fact>, [usize; 4]), path: &str) -> Option<Decision> {
        self.found.back_to(bare);
        self.gather_path(path, Path::Beginning);
        open_part(self.speak())
    }

    /// Asks the steps in their order.
    fn speak(&self) -> Decision {
        if let Some(fact) = self.found.sealed {
            return decision(Verdict::Block, Reason { fact, ..reason(Step::Sealed) });
        }
        if let Some(hit) = self.first(|kind| kind == Kind::Help) {
            let mut open = decision(Verdict::Allow, self.about(Step::Help, hit));
            open.obligations.unobserved = true;
            return open;
        }
        if let Some(hit) = self.first(|kind| matches!(kind, Kind::Essential | Kind::OwnEssential)) {
            return decision(Verdict::Allow, self.about(Step::Essential, hit));
        }
        let locked_block = self.policy_candidates(Kind::Locked).filter(|one| one.effect == Effect::Block);
        if let Some(blocked) = self.contested(Step::LockedBlock, locked_block) {
            return blocked;
        }
        if let Some(number) = self.live.withheld(self.person)
            && self.first(|kind| kind == Kind::Learning).is_none()
        {
            return decision(
                Verdict::Block,
                Reason { rule: RuleRef(LIVE | number), ..reason(Step::Withheld) },
            );
        }
        if let Some(focus) = self.focus() {
            return focus;
        }
        self.contested(Step::LockedAllow, self.policy_candidates(Kind::Locked))
            .or_else(|| self.contested(Step::Override, self.live_candidates()))
            .or_else(|| self.contested(Step::School, self.policy_candidates(Kind::School)))
            .or_else(|| self.permitted_use(|_| false))
            .unwrap_or_else(|| self.unknown())
    }

    /// The first hit, by number and fact, on a rule of that kind.
    fn first(&self, wanted: impl Fn(Kind) -> bool) -> Option<&RuleHit> {
        self.found
            .rules
            .iter()
            .filter(|hit| self.policy.entries.get(hit.entry as usize).is_some_and(|entry| wanted(entry.kind)))
            .min_by_key(|hit| (hit.entry, fact_order(hit.fact), hit.category, hit.list))
    }

    fn about(&self, step: Step, hit: &RuleHit) -> Reason {
        let audience =
            self.policy.entries.get(hit.entry as usize).map(|entry| Audience::Group(entry.audience));
        Reason {
            rule: RuleRef(hit.entry + 1),
            fact: hit.fact,
            category: hit.category,
            list: hit.list,
            group: audience.and_then(Audience::group),
            ..reason(step)
        }
    }

    /// The matching rules of one section. `section` makes the kinds of it.
    fn policy_candidates(
        &self,
        section: impl Fn(Effect) -> Kind + Copy,
    ) -> impl Iterator<Item = Candidate> + Clone {
        self.found.rules.iter().filter_map(move |hit| {
            let entry = self.policy.entries.get(hit.entry as usize)?;
            let effect =
                [Effect::Allow, Effect::Block].into_iter().find(|effect| section(*effect) == entry.kind)?;
            Some(Candidate {
                rule: RuleRef(hit.entry + 1),
                effect,
                audience: Audience::Group(entry.audience),
                specificity: entry.specificity,
                fact: hit.fact,
                category: hit.category,
                list: hit.list,
            })
        })
    }

    fn live_candidates(&self) -> impl Iterator<Item = Candidate> + Clone {
        self.found.live.iter().filter_map(|hit| {
            let entry = self.live.entry(hit.entry)?;
            let LiveKind::Override(effect) = entry.kind else { return None };
            Some(Candidate {
                rule: RuleRef(LIVE | entry.number),
                effect,
                audience: entry.audience,
                specificity: entry.specificity,
                fact: hit.fact,
                category: hit.category,
                list: hit.list,
            })
        })
    }

    /// Which of the matching rules wins. An allow of a category counts only where permitted use, with the categories
    /// so allowed set aside, does not block.
    fn contested(&self, step: Step, all: impl Iterator<Item = Candidate> + Clone) -> Option<Decision> {
        let mut candidates = Few::<Candidate, 8>::new(FILLER);
        all.for_each(|candidate| candidates.push(candidate));
        if candidates.len() == 0 {
            return None;
        }
        let by_category =
            |candidate: &Candidate| candidate.effect == Effect::Allow && candidate.category.is_some();
        let opened =
            |category: u16| candidates.iter().any(|one| by_category(one) && one.category == Some(category));
        let counts = !candidates.iter().any(by_category)
            || self.permitted_use(opened).is_none_or(|rest| !rest.verdict.is_block());
        let Winner { candidate, beside } = contest(
            candidates.iter().filter(move |candidate| counts || !by_category(candidate)),
            &self.policy.groups,
        )?;
        Some(decision(
            candidate.effect.verdict(),
            Reason {
                step,
                rule: candidate.rule,
                fact: candidate.fact,
                category: candidate.category,
                list: candidate.list,
                group: candidate.audience.group(),
                beside,
            },
        ))
    }

    /// The walled gardens the asker is in.
    fn focus(&self) -> Option<Decision> {
        let focuses = self.live.focuses();
        if focuses.is_empty() {
            return None;
        }
        let held = || {
            focuses.iter().filter(|focus| focus.holds_at(self.moment.at) && self.groups.contains(focus.group))
        };
        let standing = || {
            held().filter(|focus| !held().any(|other| self.policy.groups.is_within(other.group, focus.group)))
        };
        let opening = |place: u32| {
            self.found
                .live
                .iter()
                .filter(|hit| {
                    self.live.entry(hit.entry).is_some_and(|entry| entry.kind == LiveKind::Garden(place))
                })
                .map(|hit| hit.fact)
                .min_by_key(|fact| fact_order(*fact))
        };
        let blocking =
            standing().filter(|focus| opening(focus.place).is_none()).min_by_key(|focus| focus.number);
        let (verdict, spoke, fact) = match blocking {
            Some(focus) => (Verdict::Block, focus, Fact::None),
            None => {
                let focus = standing().min_by_key(|focus| focus.number)?;
                (Verdict::Allow, focus, opening(focus.place).unwrap_or(Fact::None))
            }
        };
        let beside = standing()
            .filter(|other| {
                other.group != spoke.group && verdict.is_block() && opening(other.place).is_some()
            })
            .min_by_key(|other| other.number)
            .and_then(|other| Audience::Group(other.group).group());
        Some(decision(
            verdict,
            Reason {
                rule: RuleRef(LIVE | spoke.number),
                fact,
                group: Audience::Group(spoke.group).group(),
                beside,
                ..reason(Step::Focus)
            },
        ))
    }

    /// The permitted-use table, with some categories set aside.
    fn permitted_use(&self, aside: impl Fn(u16) -> bool) -> Option<Decision> {
        let Self { policy, moment, groups, .. } = self;
        let mut best: Option<(Answer, Reason)> = None;
        for (service, fact) in self.found.services.iter() {
            let answer = policy.uses.service(*service, groups, moment.times, &policy.groups);
            hear(
                &mut best,
                answer,
                *fact == Fact::Host,
                Reason { fact: *fact, ..reason(Step::PermittedUse) },
            );
        }
        if best.is_none() {
            for hit in self.found.categories.iter().filter(|hit| !aside(hit.category)) {
                let answer = policy.uses.category(hit.category, groups, moment.times, &policy.groups);
                let said = Reason {
                    fact: hit.fact,
                    category: Some(hit.category),
                    list: Some(hit.list),
                    ..reason(Step::PermittedUse)
                };
                hear(&mut best, answer, hit.opens, said);
            }
        }
        let (answer, said) = best?;
        Some(decision(
            answer.verdict,
            Reason {
                rule: policy.use_ref(answer.row),
                group: Audience::Group(answer.group).group(),
                beside: answer.beside.and_then(|group| Audience::Group(group).group()),
                ..said
            },
        ))
    }

    /// What no list and no rule knows.
    fn unknown(&self) -> Decision {
        let groups = &self.policy.groups;
        let speaking = groups.with_unknown().intersection(&self.groups);
        if speaking.is_empty() {
            return decision(Verdict::Allow, reason(Step::Unknown));
        }
        let mut best: Option<(Verdict, GroupNo)> = None;
        let heard = || speaking.iter().filter(|group| !groups.overrules(&speaking, *group));
        let verdict_of =
            |group: GroupNo| groups.unknown(group).map_or(Verdict::Allow, |unknown| unknown.verdict());
        for group in heard() {
            let verdict = verdict_of(group);
            if best.is_none_or(|(other, _)| strictness(verdict) > strictness(other)) {
                best = Some((verdict, group));
            }
        }
        let Some((verdict, group)) = best else { return decision(Verdict::Allow, reason(Step::Unknown)) };
        let beside =
            heard().find(|other| *other != group && strictness(verdict_of(*other)) < strictness(verdict));
        decision(
            verdict,
            Reason {
                group: Audience::Group(group).group(),
                beside: beside.and_then(|group| Audience::Group(group).group()),
                ..reason(Step::Unknown)
            },
        )
    }
}

/// Keeps the strictest answer; between equals the one of the first fact, row, category and list.
fn hear(best: &mut Option<(Answer, Reason)>, answer: Option<Answer>, opens: bool, said: Reason) {
    let Some(answer) = answer else { return };
    if !opens && !answer.verdict.is_block() {
        return;
    }
    let order = |answer: &Answer, reason: &Reason| {
        (2 - strictness(answer.verdict), fact_order(reason.fact), answer.row, reason.category, reason.list)
    };
    if best.as_ref().is_none_or(|(other, reason)| order(&answer, &said) < order(other, reason)) {
        *best = Some((answer, said));
    }
}

const FILLER: Candidate = Candidate {
    rule: RuleRef(0),
    effect: Effect::Allow,
    audience: Audience::Group(EVERYBODY),
    specificity: 0,
    fact: Fact::None,
    category: None,
    list: None,
};

pub(crate) const fn reason(step: Step) -> Reason {
    Reason { step, rule: RuleRef(0), fact: Fact::None, category: None, list: None, group: None, beside: None }
}

pub(crate) fn decision(verdict: Verdict, reason: Reason) -> Decision {
    let obligations = Obligations { scan: verdict == Verdict::Scan, ..Obligations::default() };
    Decision { verdict, reason, obligations }
}

/// The decision about the host where a part of it is open.
fn open_part(part: Decision) -> Option<Decision> {
    (!part.verdict.is_block()).then(|| {
        let mut open = part;
        open.reason.fact = Fact::PartOfHost;
        open
    })
}

/// The host's text, with an address written on the stack.
enum HostText<'a> {
    Name(&'a str),
    Address([u8; 48], usize),
}

impl<'a> HostText<'a> {
    fn of(host: Host<'a>) -> Self {
        match host {
            Host::Name(name) => Self::Name(name.as_str()),
            Host::Address(address) => {
                use std::io::Write as _;
                let mut buffer = [0u8; 48];
                let mut rest = buffer.as_mut_slice();
                let _ = write!(rest, "{}", address.to_canonical());
                let left = rest.len();
                Self::Address(buffer, buffer.len() - left)
            }
        }
    }

    fn as_str(&self) -> &str {
        match self {
            Self::Name(name) => name,
            Self::Address(buffer, len) => {
                buffer.get(..*len).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or("")
            }
        }
    }
}
