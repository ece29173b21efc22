//! A decision in words: short and kind for the person who meets it.

use std::borrow::Cow;

use words::Say;

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
    /// The line of the table that spoke, in the school's words, where it was one without a category.
    pub activity: Option<String>,
    /// Whether asking for the site could open it: false for what nobody at the school may open.
    pub may_ask: bool,
    /// Whether the ground is one that a child may be hurt by (self-harm, abuse): help comes first on the page.
    pub offer_help: bool,
    /// The label of the reason, for other languages; empty where the school's own words stand, which nobody can translate for it.
    pub label: &'static str,
}

impl Saying {
    /// The reason in somebody's language, and the language that it is in: the school's own words are its own.
    pub fn reason_in<'s>(&'s self, say: &'s Say) -> (Cow<'s, str>, &'s str) {
        // What a front refused by itself is told in full in English alone.
        if self.label.is_empty() || (say.tag() == words::SOURCE && self.label == OTHER) {
            return (Cow::Borrowed(&self.reason), words::SOURCE);
        }
        let kind = self.category.as_deref().or(self.activity.as_deref()).unwrap_or("");
        (Cow::Owned(say.fill(self.label, &[("kind", kind)])), say.tag())
    }
}

/// The label where there is none that says more.
const OTHER: &str = "reason.other";

/// The label of a refusal that the program has words of its own for.
const fn label(step: Step) -> &'static str {
    match step {
        Step::Sealed => "reason.sealed",
        Step::LockedBlock => "reason.locked",
        Step::Withheld => "reason.withheld",
        Step::Focus => "reason.focus",
        Step::Override => "reason.closed-for-now",
        Step::School => "reason.school",
        Step::PermittedUse => "reason.use",
        Step::Unknown => "reason.unknown",
        Step::Content => "reason.content",
        Step::Front => OTHER,
        // What is open needs no words to a child, and what another filter decided is staff's to read.
        Step::Help | Step::Essential | Step::LockedAllow | Step::Elsewhere => "",
    }
}

/// The decision in words. A sealed entry is never described; no list's source and no other person is named.
pub fn say(policy: &FilterPolicy, live: &Live, decision: &Decision) -> Saying {
    let reason = &decision.reason;
    let category = reason.category.and_then(|number| policy.catalogue().category(number));
    let given = given_reason(policy, live, decision).filter(|text| !text.trim().is_empty());
    let school_word = |default: &str| given.map_or_else(|| default.to_owned(), str::to_owned);
    let blocked = decision.verdict.closes();
    let is_given =
        given.is_some() && matches!(reason.step, Step::LockedBlock | Step::Override | Step::School);
    let activity = (reason.step == Step::PermittedUse)
        .then(|| policy.entry(reason.rule))
        .flatten()
        .and_then(|entry| policy.document().uses.get(entry.place as usize))
        .map(|row| row.activity.clone());
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
            let activity = activity.as_deref().unwrap_or("This kind of site");
            let kind = category.map_or(activity, |category| category.name.as_str());
            if blocked && policy.is_by_time(reason) {
                format!("The school's rules do not allow this now: {kind}.")
            } else if blocked {
                format!("The school's rules do not allow this: {kind}.")
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
        activity,
        label: match reason.step {
            _ if !blocked || is_given => "",
            // At no time: whoever waits for another waits in vain.
            Step::PermittedUse if !policy.is_by_time(reason) => "reason.not-allowed",
            step => label(step),
        },
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
