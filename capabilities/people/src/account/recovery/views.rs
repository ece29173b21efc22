//! What the pages of letting somebody in again say.

use engine::PersonNo;
use kit::{Private, Zone};
use maud::{Markup, html};
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
                    "If you agree, all that they sign in by ends. Whoever proposed it is shown a link by which a new password is chosen, and hands it \
                     to them."
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

/// Said to whoever agreed.
pub fn agreed(name: Option<&Private<String>>, proposer: Option<&Private<String>>) -> Page {
    let title = "You agreed";
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body {
                "All that " (said(name)) " signs in by has ended. Tell " (said(proposer)) ", who proposed it: within a day they are shown the link under \
                 “Let in again”, and hand it over. Neither of you alone has all of it."
            }
            p .govuk-body { a .govuk-link href="/staff/recoveries" { "Let somebody in again" } }
        },
    )
}

/// Those whom somebody proposed and another agreed to, below the list.
pub fn all_ready(ready: &[Line]) -> Markup {
    html! {
        @if !ready.is_empty() {
            h2 .govuk-heading-m { "Agreed to: hand the link over" }
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
    let title = format!("Let {} in again", said(name));
    Page::new(
        title.clone(),
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body {
                "Another person agreed, and all that they signed in by has ended. Have them beside you, then make the link: it is shown once."
            }
            form method="post" action={ "/staff/recoveries/" (person.0) "/link" } novalidate {
                (Button { once: Some(true), ..Button::new("Show the link") })
            }
        },
    )
    .before(BackLink::new("/staff/recoveries"))
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
