//! The meanings of `policy` a second time, written to be obviously right and not fast: strings are compared, nothing
//! is compiled, every URL that could matter is tried. Only tests use it.
//!
//! [`Asking::decide`] is the table of steps. Each step's meaning stands in `steps`, `rules` and `uses`; what matches what,
//! in `facts`; which URLs a host is judged by, in `urls`.

mod facts;
mod properties;
mod rules;
mod safe_search;
mod steps;
mod urls;
mod uses;
mod world;

use std::collections::HashMap;
use std::net::IpAddr;

use kit::{Host, Timestamp};
use lists::Says;

use crate::calendar::Calendar;
use crate::catalogue::Catalogue;
use crate::decision::{Decision, Fact, Obligations, Reason, RuleRef, Verdict};
use crate::document::target::{Target, read_site};
use crate::document::{EVERYONE, Effect, PolicyDocument};
use crate::groups::GroupNo;
use crate::identity::PersonNo;
use crate::live::LiveDocument;
use crate::request::Request;
use crate::step::Step;

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
    /// What the list says, and of what.
    pub entries: Vec<(Says, PlainEntry)>,
}

impl PlainList {
    /// The numbers in an index of what the lists say: a list's own comes first, then one for everything else it says, as it
    /// first says it.
    pub(super) fn numbers(lists: &[Self]) -> Vec<HashMap<Says, u16>> {
        let mut next = 0;
        let mut take = || {
            next += 1;
            next - 1
        };
        lists
            .iter()
            .map(|list| {
                let mut mine = HashMap::from([(Says::Listed, take())]);
                for (says, _) in &list.entries {
                    mine.entry(*says).or_insert_with(&mut take);
                }
                mine
            })
            .collect()
    }
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
    let mut decision = asking.decide_any();
    decision.obligations.safe_search = asking.safe_search(decision.reason.step);
    decision
}

/// What a front makes of it: where the filter observes only, nothing but what is sealed is refused and nothing is led
/// elsewhere.
pub(super) fn carried_out(
    world: &World,
    request: &Request<'_>,
    groups: &[String],
    at: Timestamp,
) -> Decision {
    let mut decision = decide(world, request, groups, at);
    let observes = world
        .live
        .observing
        .iter()
        .any(|one| one.begins_at.is_none_or(|from| from <= at) && at < one.ends_at);
    if observes && decision.reason.step != Step::Sealed {
        if decision.verdict == Verdict::Block {
            decision.verdict = Verdict::WouldBlock;
        }
        decision.obligations.safe_search = 0;
    }
    decision
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
    /// Decides the URL asked for or, where only the host is known, whether any URL on it is open.
    fn decide_any(&self) -> Decision {
        let Some(path) = self.request.path else {
            let fresh = self.decide(&Url::Fresh);
            if !fresh.verdict.is_block() {
                return fresh;
            }
            for url in self.every_known_url() {
                let mut part = self.decide(&url);
                if !part.verdict.is_block() {
                    part.reason.fact = Fact::PartOfHost;
                    return part;
                }
            }
            return fresh;
        };
        self.decide(&Url::Whole(path.to_owned()))
    }

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
}

fn below(name: &str, site: &str) -> bool {
    match read_site(site) {
        Ok(Target::Address(address)) => name == address.to_string(),
        _ => name == site || name.ends_with(&format!(".{site}")),
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
        Verdict::Block | Verdict::WouldBlock => 2,
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
