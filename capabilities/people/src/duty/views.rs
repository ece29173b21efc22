//! What the pages of duties say.

use std::collections::{BTreeMap, BTreeSet};

use engine::PersonNo;
use kit::{Private, Timestamp, Zone};
use maud::{Markup, html};
use web::component::{
    BackLink, Button, Cell, Hint, Input, InsetText, Label, Legend, Radio, Radios, WarningText,
};
use web::page::moment;
use web::speech::say;
use web::{Mistakes, Page, Submitted, filled, marked};

use super::content::{Duties, Duty, SchoolKind};
use super::model::{Assignment, Gap};
use crate::intake::person::span;
use crate::intake::views::table;

/// What is shown of who holds what.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// Who holds, held or will hold what.
    pub assignments: &'a [Assignment],
    /// What they are called.
    pub names: &'a BTreeMap<PersonNo, Private<String>>,
    /// Who of them can come in neither now nor by an invitation, where the duty ends what they had.
    pub without: &'a BTreeSet<PersonNo>,
    /// Whether whoever looks may invite people.
    pub may_invite: bool,
    /// When it is looked at.
    pub at: Timestamp,
    /// The school's own time.
    pub zone: &'a Zone,
}

impl Shown<'_> {
    fn name(&self, one: &Assignment) -> String {
        self.names
            .get(&one.given.person)
            .map_or_else(|| say("common.somebody-who-has-left"), |name| name.reveal().clone())
    }
}

/// Every duty, and who holds it.
pub fn all(kind: SchoolKind, gaps: &[Gap<'_>], shown: &Shown<'_>) -> Page {
    let title = &say("common.duties");
    let rows = Duties::built_in().given_in(kind).map(|duty| {
        let of_it: Vec<&Assignment> =
            shown.assignments.iter().filter(|one| one.given.duty == duty.id).collect();
        let held = html! {
            @if of_it.is_empty() { @if duty.needed { strong { (say("duties.nobody")) } } @else { (say("duties.nobody")) } }
            @for one in of_it {
                p .govuk-body-s {
                    a .govuk-link href={ "/staff/roll/" (one.given.person.0) } { (shown.name(one)) }
                    (span(one, shown.zone))
                }
            }
        };
        let named = html! { a .govuk-link href={ "/staff/duties/" (duty.id) } { (duty.said_in(kind)) } };
        vec![Cell::new(named), Cell::new(held)]
    });
    let content = html! {
        h1 .govuk-heading-l { (title) }
        @for gap in gaps {
            (WarningText::new(html! {
                (say("duties.the-school-needs-somebody"))
                @if let Some(since) = gap.since { " " (marked!("duties.since", when = moment(since, shown.zone))) }
                ": " a .govuk-link href={ "/staff/duties/" (gap.duty.id) } { (gap.duty.said_in(kind)) }
                @if let Some(until) = gap.until { (marked!("duties.from-somebody-does", when = moment(until, shown.zone))) }
                "."
            }))
        }
        div .fivebar-scroll tabindex="0" role="region" aria-label=(say("duties.who-holds-which-duty")) {
            (table(&say("duties.who-holds-which-duty"), &[&say("duties.duty"), &say("duties.who-holds-it")], rows.collect()))
        }
    };
    Page::new(title, content).before(BackLink::new("/staff/roll"))
}

/// One duty: what it is, what may be done by it, and who holds or held it.
pub fn one(
    duty: &Duty,
    kind: SchoolKind,
    shown: &Shown<'_>,
    may_give: bool,
    form: &Submitted,
    mistakes: &Mistakes,
) -> Page {
    let title = duty.said_in(kind);
    let only = BTreeSet::from([duty.id.clone()]);
    let may: Vec<&str> = Duties::built_in().may(&only).map(|(action, _)| action).collect();
    let (now, over): (Vec<&Assignment>, Vec<&Assignment>) =
        shown.assignments.iter().partition(|one| one.is_not_over(shown.at));
    let content = html! {
        h1 .govuk-heading-l { (title) }
        p .govuk-body { (duty.about) }
        h2 .govuk-heading-m { (say("duties.who-holds-it")) }
        @if now.is_empty() {
            @if duty.needed { (WarningText::new(say("duties.nobody-holds-this-and"))) }
            @else { (InsetText::new(say("duties.nobody-2"))) }
        }
        @for one in now { (holding(duty, one, shown, may_give)) }
        @if may_give { (giving(duty, form, mistakes)) }
        h2 .govuk-heading-m { (say("duties.what-may-be-done")) }
        @if may.is_empty() { (InsetText::new(say("duties.nothing-here"))) } @else {
            ul .govuk-list.govuk-list--bullet { @for action in may { li { (action) } } }
        }
        @if duty.second_proof {
            p .govuk-body { (say("duties.it-rests-for-whoever")) }
            p .govuk-body { (say("duties.give-it-first-and")) }
        }
        @if !over.is_empty() {
            h2 .govuk-heading-m { (say("duties.who-held-it")) }
            ul .govuk-list.govuk-list--bullet {
                @for one in over {
                    li {
                        (marked!("duties.from-until", one = shown.name(one), when = moment(one.given.span.starts_at, shown.zone), whenb = moment(ended(one), shown.zone)))
                    }
                }
            }
        }
    };
    Page::new(title, content).before(BackLink::new("/staff/duties")).problems(mistakes.summary())
}

fn ended(one: &Assignment) -> Timestamp {
    let ended = one.ended.as_ref().map(|(at, _)| *at);
    ended.into_iter().chain(one.given.span.ends_at).min().unwrap_or(one.given.span.starts_at)
}

fn holding(duty: &Duty, one: &Assignment, shown: &Shown<'_>, may_give: bool) -> Markup {
    html! {
        p .govuk-body {
            a .govuk-link href={ "/staff/roll/" (one.given.person.0) } { (shown.name(one)) }
            (span(one, shown.zone)) ". "
            @if !one.given.reason.is_empty() { (one.given.reason) " " }
            @if may_give {
                a .govuk-link href={ "/staff/duties/" (duty.id) "/holders/" (one.id) } {
                    (marked!("duties.have-somebody-stand-in", hidden = html! { span .govuk-visually-hidden { " " (marked!("duties.for", one = shown.name(one))) } }))
                }
            }
        }
        @if shown.without.contains(&one.given.person) {
            (WarningText::new(html! {
                (filled!("duties.cannot-sign-in-now", name = shown.name(one)))
                @if shown.may_invite {
                    " " a .govuk-link href={ "/staff/roll/" (one.given.person.0) "/invitation" } {
                        (filled!("duties.invite-them-anew", name = shown.name(one)))
                    }
                }
            }))
        }
    }
}

fn line(id: &'static str, label: &str, hint: Option<&str>, form: &Submitted, mistakes: &Mistakes) -> Input {
    let mut input = Input::new(id, Label::new(label));
    input.hint = hint.map(Hint::new);
    input.value = Some(form.line(id)).filter(|text| !text.is_empty());
    input.error = mistakes.beside(id);
    input.classes = "govuk-input--width-20".into();
    input.autocomplete = Some("off".to_owned());
    input
}

const FROM: &str = "duties.from";

fn giving(duty: &Duty, form: &Submitted, mistakes: &Mistakes) -> Markup {
    html! {
        h2 .govuk-heading-m { (say("duties.give-it-to-somebody")) }
        form method="post" action={ "/staff/duties/" (duty.id) "/holders" } novalidate {
            (line("to", &say("duties.whom-do-you-give"), Some(&say("duties.a-name-or-number")), form, mistakes))
            (line("from", &say("common.first-day"), Some(&say(FROM)), form, mistakes))
            (line("until", &say("common.last-day"), Some(&say("duties.leave-it-empty-where")), form, mistakes))
            (line("reason", &say("common.why"), Some(&say("duties.as-in-appointed-by")), form, mistakes))
            (Button::new(say("duties.give-it")))
        }
    }
}

/// Somebody who holds a duty: another stands in for them, or it ends.
pub fn holder(
    one: &Assignment,
    name: &Private<String>,
    kind: SchoolKind,
    zone: &Zone,
    form: &Submitted,
    mistakes: &Mistakes,
) -> Page {
    let duty = Duties::built_in().named(&one.given.duty).map_or_else(String::new, |duty| duty.said_in(kind));
    let address = format!("/staff/duties/{}/holders/{}", one.given.duty, one.id);
    let mut end = Radios::new(
        "end",
        Legend::new(say("duties.does-it-end-now")),
        vec![Radio::new("yes", say("duties.yes-they-can-do"))],
        form.text("end"),
    );
    end.error = mistakes.beside("end");
    let content = html! {
        h1 .govuk-heading-l { (duty) }
        p .govuk-body { (name.reveal()) (span(one, zone)) "." }
        h2 .govuk-heading-m { (say("duties.somebody-stands-in-for")) }
        p .govuk-body { (say("duties.while-they-are-away")) }
        form method="post" action={ (address) "/cover" } novalidate {
            (line("to", &say("duties.who-stands-in"), Some(&say("duties.a-name-or-number-2")), form, mistakes))
            (line("from", &say("common.first-day"), Some(&say(FROM)), form, mistakes))
            (line("until", &say("common.last-day"), Some(&say("duties.as-in-18-12")), form, mistakes))
            (line("reason", &say("common.why"), None, form, mistakes))
            (Button::new(say("duties.have-them-stand-in")))
        }
        h2 .govuk-heading-m { (say("common.end-it")) }
        form method="post" action={ (address) "/end" } novalidate {
            (end)
            (Button { classes: "govuk-button--warning".into(), ..Button::new(say("common.end-it")) })
        }
    };
    Page::new(duty.to_owned(), content)
        .before(BackLink::new(format!("/staff/duties/{}", one.given.duty)))
        .problems(mistakes.summary())
}
