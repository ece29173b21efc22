//! What the pages of letting somebody in again say.

use kit::{Private, Zone};
use maud::html;
use web::component::{
    BackLink, Button, Cell, Hint, Input, InsetText, Label, SummaryList, SummaryRow, Table, Textarea,
    WarningText,
};
use web::page::moment;
use web::{Mistakes, Page, Submitted};

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

fn said(name: Option<&Private<String>>) -> &str {
    name.map_or("somebody", |name| name.reveal().as_str())
}

fn textarea(id: &'static str, label: &str, form: &Submitted, mistakes: &Mistakes) -> Textarea {
    Textarea {
        error: mistakes.beside(id),
        value: form.text(id).to_owned(),
        ..Textarea::new(id, Label::new(label))
    }
}

/// All who wait, and the form to propose another.
pub fn all(lines: &[Line], form: &Submitted, mistakes: &Mistakes, zone: &Zone) -> Page {
    let title = "Let somebody in again";
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
        hint: Some(Hint::new("As on the roll, or as they sign in")),
        ..Input::new("whose", Label::new("Who has lost their password and their phone?"))
    };
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body {
                "Somebody who has neither their phone nor a recovery code is let in again by two people together. Talk to them face to face, \
                 or by a number that you have always had: whoever asks in their name may want to be them."
            }
            @if rows.is_empty() {
                (InsetText::new("Nobody waits to be let in again."))
            } @else {
                (Table {
                    caption: Some("Waiting for a second person".to_owned()),
                    caption_classes: "govuk-table__caption--m".into(),
                    head: ["Who", "Proposed", "Until"].map(Cell::new).to_vec(),
                    first_cell_is_header: true,
                    rows,
                    ..Table::default()
                })
            }
            h2 .govuk-heading-m { "Propose" }
            form method="post" action="/staff/recoveries" novalidate {
                (whose)
                (textarea("reason", "What happened, and how do you know that it is them?", form, mistakes))
                (Button { once: Some(true), ..Button::new("Propose") })
            }
        },
    )
    .problems(mistakes.summary())
}

/// One, with the forms to answer it.
pub fn one(shown: &Shown, form: &Submitted, mistakes: &Mistakes, zone: &Zone) -> Page {
    let approval = &shown.recovery.approval;
    let name = said(shown.name.as_ref());
    let title = format!("Let {name} in again");
    let page = format!("/staff/recoveries/{}", shown.recovery.person.0);
    let proposal = html! { input type="hidden" name="proposal" value=(approval.id.to_string()); };
    Page::new(
        title.clone(),
        html! {
            h1 .govuk-heading-l { (title) }
            (SummaryList::new(vec![
                SummaryRow::new("Proposed by", said(shown.proposer.as_ref())),
                SummaryRow::new("When", moment(approval.proposed_at, zone)),
                SummaryRow::new("Until", moment(approval.lapses_at, zone)),
                SummaryRow::new("What happened", approval.reason.as_str()),
            ]))
            @if shown.own {
                (InsetText::new("You proposed this, so another must agree to it."))
                form method="post" action={ (page) "/withdrawal" } novalidate {
                    (Button { classes: "govuk-button--secondary".into(), once: Some(true), ..Button::new("Take it back") })
                }
            } @else {
                (WarningText::new(
                    "If you agree, every session and code of theirs ends, and you are shown a link by which a new password is chosen. Hand it to \
                     them yourself."
                ))
                form method="post" action={ (page) "/agreement" } novalidate {
                    (proposal)
                    (textarea("agreement", "How do you know that it is them?", form, mistakes))
                    (Button { once: Some(true), ..Button::new("Agree") })
                }
                form method="post" action={ (page) "/disagreement" } novalidate {
                    (proposal)
                    (textarea("disagreement", "Why do you not agree?", form, mistakes))
                    (Button { classes: "govuk-button--secondary".into(), once: Some(true), ..Button::new("Do not agree") })
                }
            }
        },
    )
    .before(BackLink::new("/staff/recoveries"))
    .problems(mistakes.summary())
}

/// The link, this once.
pub fn link(name: Option<&Private<String>>, link: &str) -> Page {
    let title = "Hand this over";
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body {
                "With this link " (said(name)) " chooses a new password. It holds for a day and once, and is not shown again: whoever opens it \
                 first is taken for them."
            }
            p .govuk-body { code .fivebar-host { (link) } }
            p .govuk-body { a .govuk-link href="/staff/recoveries" { "I have handed it over" } }
        },
    )
}
