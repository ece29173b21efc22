//! What the pages of duties say.

use std::collections::BTreeMap;

use engine::PersonNo;
use kit::{Private, Timestamp, Zone};
use maud::{Markup, html};
use web::component::{
    BackLink, Button, Cell, Hint, Input, InsetText, Label, Legend, Radio, Radios, WarningText,
};
use web::page::moment;
use web::{Mistakes, Page, Submitted};

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
    /// When it is looked at.
    pub at: Timestamp,
    /// The school's own time.
    pub zone: &'a Zone,
}

impl Shown<'_> {
    fn name(&self, one: &Assignment) -> &str {
        self.names.get(&one.given.person).map_or("Somebody who has left", |name| name.reveal().as_str())
    }
}

/// Every duty, and who holds it.
pub fn all(kind: SchoolKind, gaps: &[Gap<'_>], shown: &Shown<'_>) -> Page {
    let title = "Duties";
    let rows = Duties::built_in().given_in(kind).map(|duty| {
        let of_it: Vec<&Assignment> =
            shown.assignments.iter().filter(|one| one.given.duty == duty.id).collect();
        let held = html! {
            @if of_it.is_empty() { @if duty.needed { strong { "Nobody" } } @else { "Nobody" } }
            @for one in of_it {
                p .govuk-body-s {
                    a .govuk-link href={ "/staff/roll/" (one.given.person.0) } { (shown.name(one)) }
                    (span(one, shown.zone))
                }
            }
        };
        let named = html! { a .govuk-link href={ "/staff/duties/" (duty.id) } { (duty.called_in(kind)) } };
        vec![Cell::new(named), Cell::new(held)]
    });
    let content = html! {
        h1 .govuk-heading-l { (title) }
        @for gap in gaps {
            (WarningText::new(html! {
                "The school needs somebody for this, and nobody holds it"
                @if let Some(since) = gap.since { " since " (moment(since, shown.zone)) }
                ": " a .govuk-link href={ "/staff/duties/" (gap.duty.id) } { (gap.duty.called_in(kind)) }
                @if let Some(until) = gap.until { ". From " (moment(until, shown.zone)) " somebody does" }
                "."
            }))
        }
        div .fivebar-scroll tabindex="0" role="region" aria-label="Who holds which duty" {
            (table("Who holds which duty", &["Duty", "Who holds it"], rows.collect()))
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
    let title = duty.called_in(kind).to_owned();
    let only = std::collections::BTreeSet::from([duty.id.clone()]);
    let may: Vec<&str> = Duties::built_in().may(&only).map(|(action, _)| action).collect();
    let (now, over): (Vec<&Assignment>, Vec<&Assignment>) =
        shown.assignments.iter().partition(|one| one.is_not_over(shown.at));
    let content = html! {
        h1 .govuk-heading-l { (title) }
        p .govuk-body { (duty.about) }
        h2 .govuk-heading-m { "Who holds it" }
        @if now.is_empty() {
            @if duty.needed { (WarningText::new("Nobody holds this, and the school needs somebody for it.")) }
            @else { (InsetText::new("Nobody.")) }
        }
        @for one in now { (holding(duty, one, shown, may_give)) }
        @if may_give { (giving(duty, form, mistakes)) }
        h2 .govuk-heading-m { "What may be done by it" }
        @if may.is_empty() { (InsetText::new("Nothing here.")) } @else {
            ul .govuk-list.govuk-list--bullet { @for action in may { li { (action) } } }
        }
        @if duty.second_proof {
            p .govuk-body { "It rests for whoever signed in by a password alone: codes of an app, or codes on paper, prove the rest." }
            p .govuk-body { "Give it first, and then the way in: an invitation or a slip that somebody has ends when they get it." }
        }
        @if !over.is_empty() {
            h2 .govuk-heading-m { "Who held it" }
            ul .govuk-list.govuk-list--bullet {
                @for one in over {
                    li {
                        (shown.name(one)) ", from " (moment(one.given.span.starts_at, shown.zone)) " until "
                        (moment(ended(one), shown.zone))
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
                    "Have somebody stand in, or end it" span .govuk-visually-hidden { " for " (shown.name(one)) }
                }
            }
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

const FROM: &str = "As in 18/12/2026. Leave it empty where it begins now";

fn giving(duty: &Duty, form: &Submitted, mistakes: &Mistakes) -> Markup {
    html! {
        h2 .govuk-heading-m { "Give it to somebody" }
        form method="post" action={ "/staff/duties/" (duty.id) "/holders" } novalidate {
            (line("to", "Whom do you give it to?", Some("A name or number. Nobody gives themselves a duty"), form, mistakes))
            (line("from", "First day", Some(FROM), form, mistakes))
            (line("until", "Last day", Some("Leave it empty where it lasts until somebody ends it"), form, mistakes))
            (line("reason", "Why", Some("As in “appointed by the governors”"), form, mistakes))
            (Button::new("Give it"))
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
    let duty = Duties::built_in().named(&one.given.duty).map_or("", |duty| duty.called_in(kind));
    let address = format!("/staff/duties/{}/holders/{}", one.given.duty, one.id);
    let mut end = Radios::new(
        "end",
        Legend::new("Does it end now?"),
        vec![Radio::new("yes", "Yes: they can do nothing by it from now on")],
        form.text("end"),
    );
    end.error = mistakes.beside("end");
    let content = html! {
        h1 .govuk-heading-l { (duty) }
        p .govuk-body { (name.reveal()) (span(one, zone)) "." }
        h2 .govuk-heading-m { "Somebody stands in for them" }
        p .govuk-body { "While they are away, or by delegation. It ends by itself, and they hold the duty all along." }
        form method="post" action={ (address) "/cover" } novalidate {
            (line("to", "Who stands in?", Some("A name or number"), form, mistakes))
            (line("from", "First day", Some(FROM), form, mistakes))
            (line("until", "Last day", Some("As in 18/12/2026"), form, mistakes))
            (line("reason", "Why", None, form, mistakes))
            (Button::new("Have them stand in"))
        }
        h2 .govuk-heading-m { "End it" }
        form method="post" action={ (address) "/end" } novalidate {
            (end)
            (Button { classes: "govuk-button--warning".into(), ..Button::new("End it") })
        }
    };
    Page::new(duty.to_owned(), content)
        .before(BackLink::new(format!("/staff/duties/{}", one.given.duty)))
        .problems(mistakes.summary())
}
