//! A decision in words: short and kind for the person who meets it.

use crate::decision::{Decision, Refusal};
use crate::live::Live;
use crate::policy::{FilterPolicy, Kind, LIVE};
use crate::step::Step;

/// A decision in words for the person who meets it: short, kind, without naming a list's source or another person.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Saying {
    /// One sentence: why. For a sealed entry it says no more than that the content is illegal.
    pub reason: String,
    /// The category in the school's words, where one was the ground.
    pub category: Option<String>,
    /// Whether asking for the site could open it: false for what nobody at the school may open.
    pub may_ask: bool,
    /// Whether the ground is one that a child may be hurt by (self-harm, abuse): help comes first on the page.
    pub offer_help: bool,
}

/// The decision in words. A sealed entry is never described; no list's source and no other person is named.
pub fn say(policy: &FilterPolicy, live: &Live, decision: &Decision) -> Saying {
    let reason = &decision.reason;
    let category = reason.category.and_then(|number| policy.catalogue().category(number));
    let given = given_reason(policy, live, decision).filter(|text| !text.trim().is_empty());
    let school_word = |default: &str| given.map_or_else(|| default.to_owned(), str::to_owned);
    let blocked = decision.verdict.closes();
    let text = match reason.step {
        Step::Sealed => "This content is illegal and nobody at this school can open it.".to_owned(),
        Step::Help => "Help is always open.".to_owned(),
        Step::Essential => "Devices need this to work.".to_owned(),
        Step::LockedBlock => school_word("The school's leadership has closed this for everyone."),
        Step::Withheld => {
            "Your internet access is paused. Sites for learning and for help still work.".to_owned()
        }
        Step::Focus if blocked => "Only the sites for this lesson are open right now.".to_owned(),
        Step::Focus => "This site is part of the lesson.".to_owned(),
        Step::LockedAllow => "The school keeps this site open.".to_owned(),
        Step::Override if blocked => school_word("This site is closed for now."),
        Step::Override => "This site was opened for you for a time.".to_owned(),
        Step::School if blocked => school_word("The school has closed this site."),
        Step::School => "The school has opened this site.".to_owned(),
        Step::PermittedUse => {
            let activity = policy
                .entry(reason.rule)
                .and_then(|entry| policy.document().uses.get(entry.place as usize))
                .map_or("This kind of site", |row| row.activity.as_str());
            let kind = category.map_or(activity, |category| category.name.as_str());
            if blocked {
                format!("The school's rules do not allow this now: {kind}.")
            } else {
                format!("The school's rules allow this: {kind}.")
            }
        }
        Step::Unknown if blocked => "The school does not know this site yet.".to_owned(),
        Step::Unknown => "No list knows this site.".to_owned(),
        Step::Content => "Something on this page is not allowed at school.".to_owned(),
        Step::Front => Refusal::of(reason.step, reason.rule)
            .map_or("The filter refused this.", Refusal::words)
            .to_owned(),
        Step::Elsewhere => "The filter that was here before decided this.".to_owned(),
    };
    Saying {
        reason: text,
        category: category.map(|category| category.name.clone()),
        may_ask: decision.verdict.is_block()
            && matches!(
                reason.step,
                Step::Focus
                    | Step::Override
                    | Step::School
                    | Step::PermittedUse
                    | Step::Unknown
                    | Step::Content
            ),
        offer_help: decision.verdict.is_block() && category.is_some_and(|category| category.may_hurt),
    }
}

/// What the author of the rule wrote for whoever meets it.
fn given_reason<'a>(policy: &'a FilterPolicy, live: &'a Live, decision: &Decision) -> Option<&'a str> {
    let rule = decision.reason.rule;
    if rule.0 & LIVE != 0 {
        let number = rule.0 & !LIVE;
        return (decision.reason.step == Step::Override)
            .then(|| live.override_no(number).map(|one| one.reason.as_str()))
            .flatten();
    }
    let entry = policy.entry(rule)?;
    match entry.kind {
        Kind::Locked(_) => {
            policy.document().locked.get(entry.place as usize).map(|rule| rule.reason.as_str())
        }
        Kind::School(_) => policy.document().rules.get(entry.place as usize).map(|rule| rule.reason.as_str()),
        _ => None,
    }
}
