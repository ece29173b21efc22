//! What the pages of letting somebody in again say.

use engine::PersonNo;
use kit::{Private, Zone};
use maud::{Markup, html};
use web::component::{
    BackLink, Button, Cell, Hint, Input, InsetText, Label, SummaryList, SummaryRow, Table, WarningText,
};
use web::page::moment;
use web::speech::say;
use web::{Mistakes, Page, SecondPerson, Submitted, filled, marked, take_back, words_field};

use super::actions::Recovery;

/// One who waits.
pub struct Line {
    /// What was proposed.
    pub recovery: Recovery,
    /// Whose name is this, where they are on the roll.
    pub name: Option<Private<String>>,
}

/// One with everything about it.
pub struct Shown {
    /// What was proposed.
    pub recovery: Recovery,
    /// Whom it is about.
    pub name: Option<Private<String>>,
    /// Who proposed it.
    pub proposer: Option<Private<String>>,
    /// Whether that is whoever looks at it.
    pub own: bool,
}

fn said(name: Option<&Private<String>>) -> String {
    name.map_or_else(|| say("work.somebody"), |name| name.reveal().clone())
}

/// All who wait, and the form to propose another.
pub fn all(lines: &[Line], form: &Submitted, mistakes: &Mistakes, zone: &Zone) -> Page {
    let title = &say("recovery.let-somebody-in-again");
    let rows = lines.iter().map(|line| {
        let (approval, name) = (&line.recovery.approval, said(line.name.as_ref()));
        let link = html! {
            a .govuk-link href={ "/staff/recoveries/" (line.recovery.person.0) } { (name) }
        };
        vec![
            Cell::new(link),
            Cell::new(moment(approval.proposed_at, zone)),
            Cell::new(moment(approval.lapses_at, zone)),
        ]
    });
    let rows: Vec<_> = rows.collect();
    let whose = Input {
        error: mistakes.beside("whose"),
        value: Some(form.line("whose")),
        spellcheck: Some(false),
        hint: Some(Hint::new(say("recovery.as-on-the-roll"))),
        ..Input::new("whose", Label::new(say("recovery.who-has-lost-their")))
    };
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body {
                (say("recovery.somebody-who-has-neither"))
            }
            @if rows.is_empty() {
                (InsetText::new(say("recovery.nobody-waits-to-be")))
            } @else {
                (Table {
                    caption: Some(say("recovery.waiting-for-a-second")),
                    caption_classes: "govuk-table__caption--m".into(),
                    head: [say("common.who"), say("recovery.proposed"), say("common.until")].map(Cell::new).to_vec(),
                    first_cell_is_header: true,
                    rows,
                    ..Table::default()
                })
            }
            h2 .govuk-heading-m { (say("recovery.propose")) }
            form method="post" action="/staff/recoveries" novalidate {
                (whose)
                (words_field("reason", say("recovery.what-happened-and-how"), "", form, mistakes))
                (Button { once: Some(true), ..Button::new(say("recovery.propose")) })
            }
        },
    )
    .problems(mistakes.summary())
}

/// One, with the forms to answer it.
pub fn one(shown: &Shown, form: &Submitted, mistakes: &Mistakes, zone: &Zone) -> Page {
    let approval = &shown.recovery.approval;
    let name = said(shown.name.as_ref());
    let title = filled!("recovery.let-in-again", name);
    let page = format!("/staff/recoveries/{}", shown.recovery.person.0);
    Page::new(
        title.clone(),
        html! {
            h1 .govuk-heading-l { (title) }
            (SummaryList::new(vec![
                SummaryRow::new(say("recovery.proposed-by"), said(shown.proposer.as_ref())),
                SummaryRow::new(say("common.when"), moment(approval.proposed_at, zone)),
                SummaryRow::new(say("common.until"), moment(approval.lapses_at, zone)),
                SummaryRow::new(say("recovery.what-happened"), approval.reason.as_str()),
            ]))
            @if shown.own {
                (InsetText::new(say("recovery.you-proposed-this-so")))
                (take_back(&page, say("recovery.take-it-back")))
            } @else {
                (WarningText::new(
                    say("recovery.if-you-agree-every")
                ))
                (SecondPerson {
                    page: &page,
                    proposal: approval.id.to_string(),
                    agree: [say("recovery.how-do-you-know"), String::new(), say("recovery.agree")],
                    disagree: [say("recovery.why-do-you-not"), String::new(), say("recovery.do-not-agree")],
                    form,
                    mistakes,
                })
            }
        },
    )
    .before(BackLink::new("/staff/recoveries"))
    .problems(mistakes.summary())
}

/// Said to whoever agreed.
pub fn agreed(name: Option<&Private<String>>, proposer: Option<&Private<String>>) -> Page {
    let title = &say("recovery-ready.you-agreed");
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body {
                (filled!("recovery-ready.all-that-signs-in", name = said(name), proposer = said(proposer)))
            }
            p .govuk-body { a .govuk-link href="/staff/recoveries" { (say("recovery.let-somebody-in-again")) } }
        },
    )
}

/// Those whom somebody proposed and another agreed to, below the list.
pub fn all_ready(ready: &[Line]) -> Markup {
    html! {
        @if !ready.is_empty() {
            h2 .govuk-heading-m { (say("recovery-ready.agreed-to-hand-the")) }
            ul .govuk-list.govuk-list--bullet {
                @for line in ready {
                    li {
                        a .govuk-link href={ "/staff/recoveries/" (line.recovery.person.0) } { (said(line.name.as_ref())) }
                    }
                }
            }
        }
    }
}

/// What another agreed to, for whoever proposed it.
pub fn ready(person: PersonNo, name: Option<&Private<String>>) -> Page {
    let title = filled!("recovery.let-in-again", name = said(name));
    Page::new(
        title.clone(),
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body { (say("recovery-ready.another-person-agreed")) }
            form method="post" action={ "/staff/recoveries/" (person.0) "/link" } novalidate {
                (Button { once: Some(true), ..Button::new(say("recovery-ready.show-the-link")) })
            }
        },
    )
    .before(BackLink::new("/staff/recoveries"))
}

/// The link, this once.
pub fn link(name: Option<&Private<String>>, link: &str) -> Page {
    let title = &say("recovery.hand-this-over");
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body {
                (marked!("recovery.with-this-link-chooses", name = said(name)))
            }
            p .govuk-body { code .fivebar-host { (link) } }
            p .govuk-body { a .govuk-link href="/staff/recoveries" { (say("recovery.i-have-handed-it")) } }
        },
    )
}
