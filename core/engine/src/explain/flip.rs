//! The smallest change that would turn a decision round.

use std::collections::BTreeMap;
use std::sync::Arc;

use kit::LocalTime;
use serde::Serialize;

use crate::calendar::Moment;
use crate::decision::Verdict;
use crate::document::{Cell, Effect, Line, Locked, PolicyDocument, Rule, SetBy, TargetText};
use crate::groups::GroupNo;
use crate::live::{Live, LiveDocument};
use crate::policy::groups::EVERYBODY;
use crate::policy::{FilterPolicy, LIVE, decide, decide_in, decide_with_override};
use crate::request::Request;
use crate::step::Step;

/// How large a change is, smallest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// An override for whoever asks.
    Override,
    /// A site more in the walled garden that holds.
    Garden,
    /// Ending the withholding of a person's access.
    EndWithholding,
    /// A school rule for the group.
    SchoolRule,
    /// Another cell in the permitted-use table.
    Cell,
    /// A rule locked by leadership, or the removal of one.
    LockedRule,
}

/// A change that was tried and turns the decision round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Change {
    /// What kind of change.
    pub kind: ChangeKind,
    /// What to do, in words.
    pub words: String,
    /// What the decision would then be.
    pub verdict: Verdict,
}

/// The smallest change that turns the decision round: what is blocked would be let through, and the other way. Every
/// candidate is really applied and the request decided again; `None` where none of them turns it. Costs about a
/// microsecond where an override does, as for most requests, and milliseconds where the policy must be compiled anew.
pub fn flip(policy: &FilterPolicy, live: &Live, request: &Request<'_>, at: LocalTime) -> Option<Change> {
    flip_in(policy, live, request, at, &policy.moment(at))
}

/// [`flip`] for a moment that was worked out before.
pub fn flip_in(
    policy: &FilterPolicy,
    live: &Live,
    request: &Request<'_>,
    at: LocalTime,
    moment: &Moment,
) -> Option<Change> {
    let before = decide_in(policy, live, request, moment);
    if matches!(before.reason.step, Step::Sealed | Step::Help) {
        return None;
    }
    let effect = if before.verdict.is_block() { Effect::Allow } else { Effect::Block };
    let trial = Trial { policy, live, request, at, effect };
    let group = trial.own_group();
    let host = request.host.to_string();
    let verb = if effect == Effect::Allow { "open" } else { "close" };

    let who = match (request.identity.person, group) {
        (Some(_), _) => "this person",
        (None, Some(group)) => policy.groups().name(group),
        (None, None) => "everyone",
    };
    let with_override =
        decide_with_override(policy, live, request, moment, effect, group.unwrap_or(EVERYBODY));
    if let Some(verdict) = with_override.and_then(|decision| trial.turned(decision.verdict)) {
        let words = format!("an override for {who} to {verb} {host} until a time");
        return Some(Change { kind: ChangeKind::Override, words, verdict });
    }

    let live_number = before.reason.rule.0 & !LIVE;
    if before.reason.step == Step::Focus && effect == Effect::Allow {
        let mut document = live.document().clone();
        let name = document.focus.iter().find(|one| one.number == live_number).map(|one| one.name.clone());
        document
            .focus
            .iter_mut()
            .filter(|one| one.number == live_number)
            .for_each(|one| one.garden.push(TargetText::site(&host)));
        if let (Some(verdict), Some(name)) = (trial.with_live(&document), name) {
            let words = format!("{host} added to the focus {name:?}");
            return Some(Change { kind: ChangeKind::Garden, words, verdict });
        }
    }
    if before.reason.step == Step::Withheld {
        let mut document = live.document().clone();
        document.withheld.retain(|one| Some(one.person) != request.identity.person);
        if let Some(verdict) = trial.with_live(&document) {
            let words = "the end of the decision that withheld access".to_owned();
            return Some(Change { kind: ChangeKind::EndWithholding, words, verdict });
        }
    }

    let id = group.map(|group| policy.groups().id(group).to_owned());
    let name = group.map_or("everyone", |group| policy.groups().name(group));
    let mut document = policy.document().clone();
    document.rules.push(rule(effect, id.clone(), &host));
    if let Some(verdict) = trial.with_policy(&document) {
        let words = format!("a school rule to {verb} {host} for {name}");
        return Some(Change { kind: ChangeKind::SchoolRule, words, verdict });
    }

    if before.reason.step == Step::PermittedUse
        && let Some(entry) = policy.entry(before.reason.rule)
    {
        let mut document = policy.document().clone();
        let cell_of = before.reason.group.unwrap_or(EVERYBODY);
        let cell = if effect == Effect::Allow { Cell::Allowed } else { Cell::NotAllowed };
        let mut activity = String::new();
        if let Some(row) = document.uses.get_mut(entry.place as usize) {
            let cells: &mut BTreeMap<String, Cell> = &mut row.cells;
            cells.insert(policy.groups().id(cell_of).to_owned(), cell.clone());
            activity.clone_from(&row.activity);
        }
        if let Some(verdict) = trial.with_policy(&document) {
            let words = format!(
                "the cell for {} in the row {activity:?} changed to {}",
                policy.groups().name(cell_of),
                cell.words()
            );
            return Some(Change { kind: ChangeKind::Cell, words, verdict });
        }
    }

    let mut document = policy.document().clone();
    document.locked.push(locked(effect, id, &host));
    if let Some(verdict) = trial.with_policy(&document) {
        let words = format!("a rule locked by leadership to {verb} {host} for {name}");
        return Some(Change { kind: ChangeKind::LockedRule, words, verdict });
    }
    if matches!(before.reason.step, Step::LockedBlock | Step::LockedAllow)
        && let Some(entry) = policy.entry(before.reason.rule)
    {
        let mut document = policy.document().clone();
        if (entry.place as usize) < document.locked.len() {
            document.locked.remove(entry.place as usize);
        }
        if let Some(verdict) = trial.with_policy(&document) {
            let words = "the removal of the locked rule by whoever set it".to_owned();
            return Some(Change { kind: ChangeKind::LockedRule, words, verdict });
        }
    }
    None
}

struct Trial<'a> {
    policy: &'a FilterPolicy,
    live: &'a Live,
    request: &'a Request<'a>,
    at: LocalTime,
    effect: Effect,
}

impl Trial<'_> {
    /// The verdict under another live snapshot, if it is turned round.
    fn with_live(&self, document: &LiveDocument) -> Option<Verdict> {
        // Who is where doesn't matter any more: the request says who asks.
        let document = LiveDocument { roll: Default::default(), ..document.clone() };
        let (live, _) = Live::compile(&document, self.policy);
        self.turned(decide(self.policy, &live, self.request, self.at).verdict)
    }

    /// The verdict under another document, if it is turned round.
    fn with_policy(&self, document: &PolicyDocument) -> Option<Verdict> {
        let policy = FilterPolicy::compile(
            document,
            self.policy.catalogue(),
            Arc::clone(self.policy.index()),
            self.policy.sealed(),
        )
        .ok()?;
        // Groups and categories keep their numbers, so the live snapshot still fits.
        self.turned(decide(&policy, self.live, self.request, self.at).verdict)
    }

    fn turned(&self, verdict: Verdict) -> Option<Verdict> {
        (verdict.is_block() == (self.effect == Effect::Block)).then_some(verdict)
    }

    /// The most specific of the asker's groups; the first of several.
    fn own_group(&self) -> Option<GroupNo> {
        let groups = self.policy.groups();
        let mine = self.request.identity.groups;
        mine.iter().find(|group| *group != EVERYBODY && !groups.below(*group).meets(&mine))
    }
}

fn rule(effect: Effect, group: Option<String>, host: &str) -> Rule {
    Rule {
        effect,
        group,
        site: Some(host.to_owned()),
        url: None,
        expression: None,
        on: None,
        category: None,
        reason: String::new(),
        owner: String::new(),
        line: Line(0),
    }
}

fn locked(effect: Effect, group: Option<String>, host: &str) -> Locked {
    Locked {
        set_by: SetBy::Leadership,
        effect,
        group,
        site: Some(host.to_owned()),
        url: None,
        expression: None,
        on: None,
        category: None,
        reason: String::new(),
        line: Line(0),
    }
}
