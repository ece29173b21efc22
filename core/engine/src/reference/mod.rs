//! The meanings of `policy` a second time, written to be obviously right and not fast: strings are compared, nothing
//! is compiled, every URL that could matter is tried. Only tests use it.

mod properties;
mod world;

use std::net::IpAddr;

use kit::{Host, Timestamp};

use crate::calendar::Calendar;
use crate::catalogue::{Catalogue, OpenSite};
use crate::decision::{Decision, Fact, Obligations, Reason, RuleRef, Verdict};
use crate::document::target::{Target, TargetText, read_site, url_host};
use crate::document::{Cell, EVERYONE, Effect, PolicyDocument, SharedHosts};
use crate::groups::GroupNo;
use crate::identity::PersonNo;
use crate::live::{LiveDocument, Subject};
use crate::policy::LIVE;
use crate::request::Request;
use crate::step::Step;
use crate::targets::looks_ahead;

/// Everything a decision depends on, as plain values.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub document: PolicyDocument,
    pub catalogue: Catalogue,
    pub lists: Vec<PlainList>,
    pub live: LiveDocument,
    pub sealed: Vec<PlainSealed>,
}

#[derive(Debug, Clone)]
pub(super) struct PlainList {
    pub categories: Vec<String>,
    pub entries: Vec<PlainEntry>,
}

#[derive(Debug, Clone)]
pub(super) enum PlainEntry {
    Below(String),
    Exact(String),
    Address(IpAddr),
    Path(String, String),
    Expression(String),
}

#[derive(Debug, Clone)]
pub(super) enum PlainSealed {
    Host(String),
    Prefix(String, String),
    Exact(String, String),
}

/// Which URL on the host is being decided.
#[derive(Debug, Clone, PartialEq)]
enum Url {
    /// One that no rule knows anything of.
    Fresh,
    /// This very one.
    Whole(String),
    /// One that begins so and that nothing longer knows.
    Beginning(String),
    /// One that no prefix knows and that this rule's expression matches.
    Matching(RuleRef),
}

/// One way in which a target matches: the fact, the category and list where it was by one, and whether it may open.
type Match = (Fact, Option<u16>, Option<u16>, bool);

struct Rule<'a> {
    number: RuleRef,
    effect: Effect,
    audience: Option<&'a str>,
    target: Target,
}

pub(super) fn decide(world: &World, request: &Request<'_>, groups: &[String], at: Timestamp) -> Decision {
    let asking = Asking::new(world, request, groups, at);
    let Some(path) = request.path else {
        let fresh = asking.decide(&Url::Fresh);
        if !fresh.verdict.is_block() {
            return fresh;
        }
        for url in asking.every_known_url() {
            let mut part = asking.decide(&url);
            if !part.verdict.is_block() {
                part.reason.fact = Fact::PartOfHost;
                return part;
            }
        }
        return fresh;
    };
    asking.decide(&Url::Whole(path.to_owned()))
}

struct Asking<'a> {
    world: &'a World,
    request: &'a Request<'a>,
    host: String,
    groups: &'a [String],
    person: Option<PersonNo>,
    at: Timestamp,
    times: Vec<String>,
}

impl<'a> Asking<'a> {
    fn new(world: &'a World, request: &'a Request<'a>, groups: &'a [String], at: Timestamp) -> Self {
        let calendar = Calendar::read(&world.document.calendar, &mut Vec::new());
        let holding = calendar.moment_at(at).times;
        let holds = |id: &&str| calendar.time(id).is_some_and(|time| time.meets(holding));
        let times = calendar.times().filter(holds).map(str::to_owned).collect();
        let host = match request.host {
            Host::Name(name) => name.as_str().to_owned(),
            Host::Address(address) => address.to_string(),
        };
        Self { world, request, host, groups, person: request.identity.person, at, times }
    }

    /// Every URL on the host that a rule which allows, or a list, has something to say about, in the order of rules,
    /// live entries, lists and expressions.
    fn every_known_url(&self) -> Vec<Url> {
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

    fn decide(&self, url: &Url) -> Decision {
        self.sealed(url)
            .or_else(|| self.open_site(Step::Help))
            .or_else(|| self.open_site(Step::Essential))
            .or_else(|| self.locked(url, Effect::Block))
            .or_else(|| self.withheld())
            .or_else(|| self.focus(url))
            .or_else(|| self.locked(url, Effect::Allow))
            .or_else(|| self.contest(Step::Override, self.overrides(), url))
            .or_else(|| self.contest(Step::School, self.school_rules(), url))
            .or_else(|| self.permitted_use(url, &[]))
            .unwrap_or_else(|| self.unknown())
    }

    fn sealed(&self, url: &Url) -> Option<Decision> {
        let refuse = self.world.document.sealed.shared_hosts == SharedHosts::Refuse;
        let names = self.names();
        let addresses = self.request.addresses.iter().enumerate();
        let addresses = addresses.map(|(place, address)| (address.to_string(), Fact::Address(place as u8)));
        for (text, fact) in names.into_iter().chain(addresses) {
            let whole = self.world.sealed.iter().any(|entry| match entry {
                PlainSealed::Host(host) => below(&text, host),
                PlainSealed::Prefix(host, _) | PlainSealed::Exact(host, _) => {
                    refuse && !matches!(fact, Fact::Address(_)) && url_host(host) == url_host(&text)
                }
            });
            let part = fact == Fact::Host
                && self.readings(url).any(|path| {
                    let path = path.to_lowercase();
                    self.world.sealed.iter().any(|entry| match entry {
                        PlainSealed::Host(_) => false,
                        PlainSealed::Prefix(host, prefix) => {
                            url_host(host) == url_host(&self.host)
                                && (path == *prefix
                                    || ["/", "?", "&"]
                                        .iter()
                                        .any(|mark| path.starts_with(&format!("{prefix}{mark}"))))
                        }
                        PlainSealed::Exact(host, exact) => {
                            url_host(host) == url_host(&self.host) && path == *exact
                        }
                    })
                });
            if whole || part {
                let fact = if whole { fact } else { Fact::Path };
                return Some(answer(Verdict::Block, Reason { fact, ..bare(Step::Sealed) }));
            }
        }
        None
    }

    fn open_site(&self, step: Step) -> Option<Decision> {
        let world = self.world;
        let own = world.document.essential.iter().map(|site| (site.as_str(), false));
        let help: Vec<(&str, bool)> = world.catalogue.help.iter().flat_map(OpenSite::sites).collect();
        let essential: Vec<(&str, bool)> =
            world.catalogue.essential.iter().flat_map(OpenSite::sites).chain(own).collect();
        let (before, sites) = match step {
            Step::Help => (0, help),
            _ => (help.len(), essential),
        };
        let place = sites.iter().position(|(site, exact)| {
            let known = if *exact { self.host == *site } else { below(&self.host, site) };
            known && !self.covers_sealed(&Target::Site((*site).to_owned()))
        })?;
        let rule = RuleRef((before + place + 1) as u32);
        let mut open = answer(Verdict::Allow, Reason { rule, fact: Fact::Host, ..bare(step) });
        open.obligations.unobserved = step == Step::Help;
        Some(open)
    }

    fn locked(&self, url: &Url, effect: Effect) -> Option<Decision> {
        let step = if effect == Effect::Block { Step::LockedBlock } else { Step::LockedAllow };
        let rules = self.policy_rules().into_iter().take(self.world.document.locked.len());
        self.contest(step, rules.filter(|rule| rule.effect == effect).collect(), url)
    }

    fn withheld(&self) -> Option<Decision> {
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

    fn focus(&self, url: &Url) -> Option<Decision> {
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

    /// Locked rules, then school rules, with their numbers.
    fn policy_rules(&self) -> Vec<Rule<'a>> {
        let world = self.world;
        let document = &world.document;
        let opens = world.catalogue.help.iter().chain(&world.catalogue.essential);
        let mut number =
            (opens.map(|open| open.sites().count()).sum::<usize>() + document.essential.len()) as u32;
        let mut all = Vec::new();
        for rule in &document.locked {
            number += 1;
            all.push(self.rule(number, rule.effect, rule.group.as_deref(), &TargetText::from(rule)));
        }
        number += document.withheld.learning_sites.len() as u32;
        for rule in &document.rules {
            number += 1;
            all.push(self.rule(number, rule.effect, rule.group.as_deref(), &TargetText::from(rule)));
        }
        all
    }

    fn rule(&self, number: u32, effect: Effect, group: Option<&'a str>, target: &TargetText) -> Rule<'a> {
        Rule {
            number: RuleRef(number),
            effect,
            audience: Some(group.unwrap_or(EVERYONE)),
            target: target.read().unwrap(),
        }
    }

    fn school_rules(&self) -> Vec<Rule<'a>> {
        self.policy_rules().into_iter().skip(self.world.document.locked.len()).collect()
    }

    fn overrides(&self) -> Vec<Rule<'a>> {
        self.world
            .live
            .overrides
            .iter()
            .filter(|one| one.begins_at.is_none_or(|begins| begins <= self.at) && self.at < one.ends_at)
            .filter_map(|one| {
                let audience = match &one.subject {
                    Subject::Person(person) if Some(*person) == self.person => None,
                    Subject::Person(_) => return None,
                    Subject::Group(id) => Some(id.as_str()),
                    Subject::Everyone => Some(EVERYONE),
                };
                let number = RuleRef(LIVE | one.number);
                Some(Rule { number, effect: one.effect, audience, target: one.target.read().unwrap() })
            })
            .collect()
    }

    fn contest(&self, step: Step, rules: Vec<Rule<'a>>, url: &Url) -> Option<Decision> {
        let mut all: Vec<(&Rule<'a>, Match)> = Vec::new();
        for rule in &rules {
            let for_me = rule.audience.is_none_or(|group| self.is_in(group));
            let refused = rule.effect == Effect::Allow && self.covers_sealed(&rule.target);
            if for_me && !refused {
                let matches = self.matches(&rule.target, url, Some(rule.number));
                all.extend(
                    matches
                        .into_iter()
                        .filter(|(fact, _, _, opens)| {
                            rule.effect == Effect::Block
                                || (*opens && matches!(fact, Fact::Host | Fact::Path))
                        })
                        .map(|found| (rule, found)),
                );
            }
        }
        let by_category =
            |rule: &Rule<'_>| rule.effect == Effect::Allow && matches!(rule.target, Target::Category(_));
        let aside: Vec<u16> =
            all.iter().filter(|(rule, _)| by_category(rule)).filter_map(|(_, found)| found.1).collect();
        if self.permitted_use(url, &aside).is_some_and(|rest| rest.verdict.is_block()) {
            all.retain(|(rule, _)| !by_category(rule));
        }
        let overrules = |a: &Rule<'_>, b: &Rule<'_>| match (a.audience, b.audience) {
            (None, Some(_)) => true,
            (Some(_), None) => false,
            (None, None) => rank(&a.target) > rank(&b.target),
            (Some(a_group), Some(b_group)) => {
                self.strictly_within(a_group, b_group)
                    || (a_group == b_group && rank(&a.target) > rank(&b.target))
            }
        };
        let mut standing: Vec<_> =
            all.iter().filter(|(rule, _)| !all.iter().any(|(other, _)| overrules(other, rule))).collect();
        standing.sort_by_key(|(rule, (fact, category, list, _))| {
            (rule.effect == Effect::Allow, rule.number, order(*fact), *category, *list)
        });
        let (rule, (fact, category, list, _)) = standing.first()?;
        let beside = standing
            .iter()
            .find(|(other, _)| other.effect != rule.effect)
            .filter(|(other, _)| other.audience != rule.audience)
            .and_then(|(other, _)| self.group_no(other.audience?));
        let verdict = if rule.effect == Effect::Block { Verdict::Block } else { Verdict::Allow };
        Some(answer(
            verdict,
            Reason {
                step,
                rule: rule.number,
                fact: *fact,
                category: *category,
                list: *list,
                group: rule.audience.and_then(|group| self.group_no(group)),
                beside,
            },
        ))
    }

    fn permitted_use(&self, url: &Url, aside: &[u16]) -> Option<Decision> {
        let catalogue = &self.world.catalogue;
        let mut heard = Vec::new();
        for service in &catalogue.services {
            for (text, fact) in self.names() {
                if service.domains.iter().any(|site| below(&text, site)) {
                    let cells = self.cells(|row| row.services.contains(&service.id));
                    heard.extend(cells.map(|cell| (cell, fact, None, None, fact == Fact::Host)));
                }
            }
        }
        heard.retain(|(cell, _, _, _, opens)| *opens || cell.0.is_block());
        if heard.is_empty() {
            for (fact, category, list, opens) in self.categories(url) {
                if !aside.contains(&category) {
                    let id = &catalogue.categories[usize::from(category)].id;
                    let cells = self.cells(|row| row.categories.contains(id));
                    heard.extend(cells.map(|cell| (cell, fact, Some(category), Some(list), opens)));
                }
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
    fn cells(
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

    fn unknown(&self) -> Decision {
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

    /// Every way in which the target matches the URL and the other facts.
    fn matches(&self, target: &Target, url: &Url, rule: Option<RuleRef>) -> Vec<Match> {
        let whole = |fact| (fact, None, None, true);
        match target {
            Target::Site(site) => self
                .names()
                .into_iter()
                .filter(|(text, _)| below(text, site))
                .map(|(_, fact)| whole(fact))
                .collect(),
            Target::Address(address) => {
                let host = (self.request.host == Host::Address(*address)).then_some(Fact::Host);
                let rest = self.request.addresses.iter().enumerate().filter(|(_, other)| *other == address);
                host.into_iter().chain(rest.map(|(place, _)| Fact::Address(place as u8))).map(whole).collect()
            }
            Target::Url(prefix) => {
                let under = |path: &str| {
                    let (path, start) = (path.to_lowercase(), prefix.path.to_lowercase());
                    let open_end = start.ends_with(['/', '?', '&', '=']);
                    path == start
                        || path
                            .strip_prefix(&start)
                            .is_some_and(|rest| open_end || rest.starts_with(['/', '?', '&']))
                };
                if prefix.host != url_host(&self.host) {
                    Vec::new()
                } else if self.path(url).is_some_and(under) {
                    vec![whole(Fact::Path)]
                } else if self.wide(url).is_some_and(|path| under(&path)) {
                    vec![(Fact::Path, None, None, false)]
                } else {
                    Vec::new()
                }
            }
            Target::Expression { pattern, on } => {
                let on_site = on.as_ref().is_none_or(|site| below(&self.host, site));
                let given = rule.is_some_and(|rule| *url == Url::Matching(rule));
                let mut all: Vec<Match> =
                    self.expression(pattern, url).filter(|_| on_site).map(whole).into_iter().collect();
                if on_site && self.wide(url).is_some_and(|path| self.is_match(pattern, &path)) {
                    all.push((Fact::Path, None, None, false));
                }
                if given {
                    all.push(whole(Fact::Path));
                }
                all
            }
            Target::Category(id) => self
                .categories(url)
                .into_iter()
                .filter(|(_, category, ..)| self.world.catalogue.categories[usize::from(*category)].id == *id)
                .map(|(fact, category, list, opens)| (fact, Some(category), Some(list), opens))
                .collect(),
        }
    }

    fn is_match(&self, pattern: &str, path: &str) -> bool {
        let text = format!("{}{path}", self.host);
        regex::RegexBuilder::new(pattern).case_insensitive(true).build().unwrap().is_match(&text)
    }

    fn expression(&self, pattern: &str, url: &Url) -> Option<Fact> {
        match url {
            Url::Whole(path) => self.is_match(pattern, path).then_some(Fact::Path),
            Url::Beginning(path) => {
                (!looks_ahead(pattern) && self.is_match(pattern, path)).then_some(Fact::Path)
            }
            Url::Fresh | Url::Matching(_) => {
                (!looks_ahead(pattern) && self.is_match(pattern, "/")).then_some(Fact::Host)
            }
        }
    }

    /// The categories of every fact, with the list, and whether they may open.
    fn categories(&self, url: &Url) -> Vec<(Fact, u16, u16, bool)> {
        let mut all = Vec::new();
        for (number, list) in self.world.lists.iter().enumerate() {
            let mut facts: Vec<(Fact, bool)> = Vec::new();
            for entry in &list.entries {
                match entry {
                    PlainEntry::Below(name) | PlainEntry::Exact(name) => {
                        let exact = matches!(entry, PlainEntry::Exact(_));
                        let known = self
                            .names()
                            .into_iter()
                            .filter(|(text, _)| if exact { text == name } else { below(text, name) });
                        facts.extend(known.map(|(_, fact)| (fact, fact == Fact::Host)));
                    }
                    PlainEntry::Address(address) => {
                        if self.request.host == Host::Address(*address) {
                            facts.push((Fact::Host, true));
                        }
                        let rest =
                            self.request.addresses.iter().enumerate().filter(|(_, other)| *other == address);
                        facts.extend(rest.map(|(place, _)| (Fact::Address(place as u8), false)));
                    }
                    PlainEntry::Path(host, start) => {
                        let known = url_host(host) == url_host(&self.host)
                            && self.path(url).is_some_and(|path| path.to_lowercase().starts_with(start));
                        facts.extend(known.then_some((Fact::Path, true)));
                        let widely = url_host(host) == url_host(&self.host)
                            && self.wide(url).is_some_and(|path| path.to_lowercase().starts_with(start));
                        facts.extend(widely.then_some((Fact::Path, false)));
                    }
                    PlainEntry::Expression(pattern) => {
                        facts.extend(self.expression(pattern, url).map(|fact| (fact, false)));
                        let widely = self.wide(url).is_some_and(|path| self.is_match(pattern, &path));
                        facts.extend(widely.then_some((Fact::Path, false)));
                    }
                }
            }
            for id in &list.categories {
                let category = self.world.catalogue.category_no(id).unwrap();
                all.extend(facts.iter().map(|(fact, opens)| (*fact, category, number as u16, *opens)));
            }
        }
        all
    }

    fn path<'u>(&self, url: &'u Url) -> Option<&'u str> {
        match url {
            Url::Whole(path) | Url::Beginning(path) => Some(path),
            Url::Fresh | Url::Matching(_) => None,
        }
    }

    /// The other reading of a whole URL's path, which may block and never opens.
    fn wide(&self, url: &Url) -> Option<String> {
        match url {
            Url::Whole(path) => Some(kit::path::widest(path).into_owned()).filter(|wide| wide != path),
            _ => None,
        }
    }

    fn readings(&self, url: &Url) -> impl Iterator<Item = String> + use<> {
        self.path(url).map(str::to_owned).into_iter().chain(self.wide(url))
    }

    /// The host and the names of the chain.
    fn names(&self) -> Vec<(String, Fact)> {
        let chain = self.request.chain.iter().enumerate();
        let chain = chain.map(|(place, name)| (name.as_str().to_owned(), Fact::Chain(place as u8)));
        std::iter::once((self.host.clone(), Fact::Host)).chain(chain).collect()
    }

    fn is_in(&self, group: &str) -> bool {
        group == EVERYONE || self.groups.iter().any(|mine| mine == group || self.strictly_within(mine, group))
    }

    fn strictly_within(&self, inner: &str, outer: &str) -> bool {
        if inner == EVERYONE {
            return false;
        }
        outer == EVERYONE
            || self.world.document.groups.iter().find(|group| group.id == inner).is_some_and(|group| {
                group.within.iter().any(|parent| parent == outer || self.strictly_within(parent, outer))
            })
    }

    fn number(&self, id: &str) -> GroupNo {
        let place = self.world.document.groups.iter().position(|group| group.id == id);
        GroupNo(place.map_or(0, |place| place as u16 + 1))
    }

    fn group_no(&self, id: &str) -> Option<GroupNo> {
        Some(self.number(id)).filter(|number| number.0 > 0)
    }

    /// Whether an exemption for the target would cover a host with sealed entries: at it, above or below.
    fn covers_sealed(&self, target: &Target) -> bool {
        let site = match target {
            Target::Site(site) => site.clone(),
            Target::Url(url) => {
                return self.world.sealed.iter().any(|entry| match entry {
                    PlainSealed::Host(host) => below(&url.host, host),
                    PlainSealed::Prefix(host, _) | PlainSealed::Exact(host, _) => url_host(host) == url.host,
                });
            }
            Target::Expression { on: Some(site), .. } => site.clone(),
            Target::Address(address) => address.to_string(),
            Target::Expression { on: None, .. } | Target::Category(_) => return false,
        };
        self.world.sealed.iter().any(|entry| match entry {
            PlainSealed::Host(host) => below(&site, host) || below(host, &site),
            PlainSealed::Prefix(host, _) | PlainSealed::Exact(host, _) => {
                url_host(host) == url_host(&site) || below(url_host(host), &site)
            }
        })
    }
}

fn below(name: &str, site: &str) -> bool {
    match read_site(site) {
        Ok(Target::Address(address)) => name == address.to_string(),
        _ => name == site || name.ends_with(&format!(".{site}")),
    }
}

fn rank(target: &Target) -> (u8, usize) {
    match target {
        Target::Category(_) => (0, 0),
        Target::Site(site) => (1, site.split('.').count()),
        Target::Address(_) => (2, 0),
        Target::Expression { .. } => (3, 0),
        Target::Url(url) => (4, url.path.len()),
    }
}

fn order(fact: Fact) -> (u8, u8) {
    match fact {
        Fact::Host => (0, 0),
        Fact::Path => (1, 0),
        Fact::Chain(place) => (2, place),
        Fact::Address(place) => (3, place),
        Fact::PartOfHost => (4, 0),
        Fact::None => (5, 0),
    }
}

fn strict(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Block => 2,
        Verdict::Scan => 1,
        Verdict::Allow => 0,
    }
}

fn bare(step: Step) -> Reason {
    Reason { step, rule: RuleRef(0), fact: Fact::None, category: None, list: None, group: None, beside: None }
}

fn answer(verdict: Verdict, reason: Reason) -> Decision {
    let obligations = Obligations { scan: verdict == Verdict::Scan, ..Obligations::default() };
    Decision { verdict, reason, obligations }
}
