//! A decision in a sentence for staff: the rule, whose it is, and by which fact. Nothing of a sealed entry.

use crate::catalogue::{PORTAL, Service};
use crate::decision::{Decision, Fact, Refusal, Verdict};
use crate::document::{Effect, SetBy, TargetText};
use crate::groups::GroupNo;
use crate::live::{Live, Subject};
use crate::policy::{FilterPolicy, Kind, LIVE};
use crate::step::Step;

/// Why, in one sentence; `service` is the one whose cells, or whose kind's, spoke.
pub(super) fn describe_with(
    policy: &FilterPolicy,
    live: &Live,
    decision: &Decision,
    service: Option<&Service>,
) -> String {
    let reason = &decision.reason;
    let document = policy.document();
    let group = |number: Option<GroupNo>| number.map_or("everyone", |group| policy.groups().name(group));
    let place = policy.entry(reason.rule).map_or(usize::MAX, |entry| entry.place as usize);
    let live_number = reason.rule.0 & !LIVE;
    let mut text = match reason.step {
        Step::Sealed => return "Illegal content: nobody at this school can open it.".to_owned(),
        Step::Help => {
            let name = policy.catalogue().help.get(place).map_or("This", |open| open.name.as_str());
            format!("{name} gives help: open to everyone, and no visit is recorded")
        }
        Step::Essential => match policy.entry(reason.rule).map(|entry| entry.kind) {
            Some(Kind::Essential) => {
                let open = policy.catalogue().essential.get(place);
                let name = open.map_or("this", |open| open.name.as_str());
                match open {
                    Some(open) if open.id == PORTAL => {
                        let unseen = if open.unobserved { ", and no visit is recorded" } else { "" };
                        format!("Open to everyone, always{unseen}: {name}")
                    }
                    _ => format!("Devices need it: {name}"),
                }
            }
            _ => "The school's policy names it as essential".to_owned(),
        },
        Step::LockedBlock | Step::LockedAllow => {
            document.locked.get(place).map_or_else(String::new, |rule| {
                let by = match rule.set_by {
                    SetBy::Leadership => "leadership",
                    SetBy::Trust => "the trust",
                };
                let who = group(reason.group);
                format!(
                    "A rule locked by {by} {} for {who}{}",
                    does(rule.effect, &TargetText::from(rule)),
                    why(&rule.reason)
                )
            })
        }
        Step::Withheld => {
            "Access was withheld from this person by a decision; learning, help and essential sites remain"
                .to_owned()
        }
        Step::Focus => {
            let name = live.focus_no(live_number).map_or("a lesson", |focus| focus.name.as_str());
            let who = group(reason.group);
            if decision.verdict.closes() {
                format!("The focus {name:?} holds for {who}, and this is not in it")
            } else {
                format!("It is in the focus {name:?} of {who}")
            }
        }
        Step::Override => live.override_no(live_number).map_or_else(String::new, |one| {
            let who = match &one.subject {
                Subject::Person(_) => "this person",
                Subject::Group(_) | Subject::Everyone => group(reason.group),
            };
            let does = does(one.effect, &one.target);
            format!("Override {} {does} for {who} until {}{}", one.number, one.ends_at, why(&one.reason))
        }),
        Step::School => document.rules.get(place).map_or_else(String::new, |rule| {
            let does = does(rule.effect, &TargetText::from(rule));
            format!("A school rule {does} for {}{}", group(reason.group), why(&rule.reason))
        }),
        Step::PermittedUse => document.uses.get(place).map_or_else(String::new, |row| {
            let id = reason.group.map_or(crate::document::EVERYONE, |group| policy.groups().id(group));
            let cell = row.cells.get(id).map_or_else(String::new, crate::document::Cell::words);
            format!("{}: {cell} for {}", row.activity, group(reason.group))
        }),
        Step::Unknown => {
            let does = match decision.verdict {
                Verdict::Allow => "it is open",
                Verdict::Block | Verdict::WouldBlock => "it is closed",
                Verdict::Scan => {
                    "it is open, and its pages are to be read (which this version cannot do yet)"
                }
            };
            format!("No list and no rule decides about it; for {} {does}", group(reason.group))
        }
        Step::Content => "The page's text".to_owned(),
        Step::Front => {
            Refusal::of(reason.step, reason.rule).map_or("The front itself", Refusal::words).to_owned()
        }
        Step::Elsewhere => "Another filter, as its log says".to_owned(),
    };
    if let Some(other) = reason.beside {
        text.push_str(&format!(
            "; {} as specific and looser, so the stricter holds",
            policy.groups().name(other)
        ));
    }
    let category = reason.category.and_then(|number| policy.catalogue().category(number));
    if let Some(service) = service {
        text.push_str(&format!(" (service {:?}", service.name));
        if let Some(category) = category {
            text.push_str(&format!(", category {:?}", category.name));
        }
        text.push(')');
    } else if let Some(category) = category {
        text.push_str(&format!(" (category {:?}", category.name));
        if let Some(list) = reason.list.and_then(|number| policy.index().lists().get(usize::from(number))) {
            text.push_str(&format!(", list {:?}", list.name));
        }
        text.push(')');
    }
    text.push_str(match reason.fact {
        Fact::Chain(_) => ", by a name its answer leads through",
        Fact::Address(_) => ", by an address it leads to",
        Fact::PartOfHost => "; only a part of the host is open by this",
        Fact::Path => ", by the path",
        Fact::Host | Fact::None => "",
    });
    text.push('.');
    text
}

fn does(effect: Effect, target: &TargetText) -> String {
    let verb = match effect {
        Effect::Allow => "opens",
        Effect::Block => "closes",
    };
    format!("{verb} {}", target.words())
}

fn why(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(": {}", reason.trim_end_matches('.')) }
}
