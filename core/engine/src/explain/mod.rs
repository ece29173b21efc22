//! Why a decision is what it is, and what would change it.
//!
//! [`trace`] costs a microsecond or two. [`flip`] really applies each candidate change and decides again: an override,
//! which turns most decisions round, as quickly as deciding; a change of the policy by compiling it anew, which costs
//! milliseconds.

mod flip;
mod words;

use std::borrow::Cow;

use kit::address::ipv4_inside;
use kit::{Host, LocalTime, Timestamp};
use serde::Serialize;

pub use flip::{Change, ChangeKind, flip, flip_in};
use words::describe_with;

use crate::calendar::Moment;
use crate::catalogue::Service;
use crate::decision::{Decision, Verdict};
use crate::document::safe_search::Level;
use crate::live::Live;
use crate::policy::{FilterPolicy, decide_in};
use crate::request::Request;
use crate::step::Step;

/// A decision with everything that explains it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Trace {
    /// What is to happen: where the filter observes only, what the policy refuses would be refused.
    pub verdict: Verdict,
    /// Until when the filter observes only, where it does.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "moment")]
    pub observing_until: Option<Timestamp>,
    /// The step that spoke.
    pub step: Step,
    /// Why, in one sentence for staff.
    pub reason: String,
    /// The ids of every category that the host, or the URL, is in. Empty for a sealed entry.
    pub categories: Vec<String>,
    /// The ids of every well-known service that the host, or a name it leads through, belongs to. Empty for a sealed entry.
    pub services: Vec<String>,
    /// The id of the list that was the ground.
    pub list: Option<String>,
    /// The group whose cell or rule won.
    pub group: Option<String>,
    /// The other group, where two equally specific groups spoke and the stricter won.
    pub beside: Option<String>,
    /// What the host is held to, where it is a search engine's or YouTube's.
    pub safe_search: Option<SafeSearch>,
    /// The steps before, each with why it did not speak.
    pub passed: Vec<Passed>,
    /// What the policy decides, whether or not that is carried out.
    #[serde(skip)]
    pub decision: Decision,
}

fn moment<S: serde::Serializer>(at: &Option<Timestamp>, to: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => to.collect_str(at),
        None => to.serialize_none(),
    }
}

/// What a search engine or YouTube is held to for whoever asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SafeSearch {
    /// How much it leaves out.
    pub level: Level,
    /// The name whose addresses the host is answered with, where it leaves anything out.
    pub leads_to: Option<String>,
    /// Why, in one sentence for staff.
    pub why: String,
}

/// A step that did not speak.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Passed {
    /// The step.
    pub step: Step,
    /// Why it did not speak.
    pub why: Cow<'static, str>,
}

/// Decides a request and says why.
pub fn trace(policy: &FilterPolicy, live: &Live, request: &Request<'_>, at: LocalTime) -> Trace {
    trace_in(policy, live, request, &policy.moment(at))
}

/// [`trace`] for a moment that was worked out before.
pub fn trace_in(policy: &FilterPolicy, live: &Live, request: &Request<'_>, moment: &Moment) -> Trace {
    let decision = decide_in(policy, live, request, moment);
    let reason = &decision.reason;
    let is_sealed = reason.step == Step::Sealed;
    let categories = if is_sealed { Vec::new() } else { categories(policy, request) };
    let services = if is_sealed { Vec::new() } else { policy.services_of(request) };
    let spoke = services.iter().find(|service| policy.speaks_by(reason, service));
    let group = |number: Option<crate::GroupNo>| number.map(|group| policy.groups().id(group).to_owned());
    let observing_until = live.observing(moment.at).map(|one| one.ends_at);
    let verdict = if observing_until.is_some() { decision.observed() } else { decision }.verdict;
    Trace {
        verdict,
        observing_until,
        step: reason.step,
        reason: describe_with(policy, live, &decision, spoke.copied()),
        list: reason
            .list
            .and_then(|number| policy.index().lists().get(usize::from(number)))
            .map(|list| list.id.clone()),
        group: group(reason.group),
        beside: group(reason.beside),
        passed: Step::ALL
            .into_iter()
            .take_while(|step| *step < reason.step)
            .map(|step| Passed {
                step,
                why: passed(policy, live, request, moment, step, &categories, &services),
            })
            .collect(),
        safe_search: safe_search(policy, request, &decision),
        services: services.iter().map(|service| service.id.clone()).collect(),
        categories,
        decision,
    }
}

/// What is said of safe search, where the decision leaves anything to say.
fn safe_search(policy: &FilterPolicy, request: &Request<'_>, decision: &Decision) -> Option<SafeSearch> {
    let Host::Name(host) = request.host else { return None };
    if matches!(decision.reason.step, Step::Sealed | Step::Help | Step::Essential) {
        return None;
    }
    let (level, why) = policy.safe_search_words(host.as_str(), request.identity)?;
    let leads_to = policy.safe_target(decision).map(|target| target.name.to_string());
    Some(SafeSearch { level, leads_to, why })
}

/// The ids of the categories that the index knows the host and the path by, in the catalogue's order.
fn categories(policy: &FilterPolicy, request: &Request<'_>) -> Vec<String> {
    let index = policy.index();
    let mut sets: Vec<lists::ListSetNo> = Vec::new();
    match request.host {
        Host::Name(name) => {
            sets.extend(&index.name(name));
            if let Some(path) = request.path {
                sets.extend(&index.path(name, path));
            }
        }
        Host::Address(address) => {
            let inside = ipv4_inside(address).filter_map(|inside| index.address(inside.into()));
            sets.extend(index.address(address).into_iter().chain(inside));
        }
    }
    let excepted: Vec<lists::ListNo> = sets.iter().flat_map(|set| index.exceptions(*set)).copied().collect();
    let mut numbers: Vec<u16> = sets
        .iter()
        .flat_map(|set| index.set(*set))
        .filter(|list| !excepted.contains(list))
        .flat_map(|list| policy.categories_of(list.0))
        .copied()
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
        .iter()
        .filter_map(|number| policy.catalogue().category(*number))
        .map(|one| one.id.clone())
        .collect()
}

fn passed(
    policy: &FilterPolicy,
    live: &Live,
    request: &Request<'_>,
    moment: &Moment,
    step: Step,
    categories: &[String],
    services: &[&Service],
) -> Cow<'static, str> {
    match step {
        Step::Sealed => "no sealed entry that can be seen from here".into(),
        Step::Help => "not a help site".into(),
        Step::Essential => "not an essential site".into(),
        Step::LockedBlock => "no locked rule blocks it for them".into(),
        Step::Withheld if live.withheld(request.identity.person, moment.at).is_some() => {
            "access is withheld, and this is a site for learning".into()
        }
        Step::Withheld => "access is not withheld".into(),
        Step::Focus if live.focuses().iter().any(|focus| focus.holds_at(moment.at)) => {
            "the focus that holds now is for others".into()
        }
        Step::Focus => "no focus holds now".into(),
        Step::LockedAllow => "no locked rule opens it for them".into(),
        Step::Override => "no override for them is about it now".into(),
        Step::School => "no school rule for their groups is about it".into(),
        Step::PermittedUse if categories.is_empty() && services.is_empty() => "no list knows it".into(),
        Step::PermittedUse => Cow::Owned(format!(
            "no cell for their groups is about {}",
            services
                .iter()
                .map(|service| service.name.as_str())
                .chain(
                    categories
                        .iter()
                        .filter_map(|id| policy.catalogue().categories.iter().find(|one| one.id == *id))
                        .map(|one| one.name.as_str())
                )
                .collect::<Vec<_>>()
                .join(", ")
        )),
        Step::Unknown => "a list or a rule knows it".into(),
        Step::Content => "pages are not read yet".into(),
        Step::Front => "no front refuses it before".into(),
        Step::Elsewhere => "no other filter decides here".into(),
    }
}
