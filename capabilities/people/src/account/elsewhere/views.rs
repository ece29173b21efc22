//! What those pages say.

use kit::Private;
use maud::html;
use web::component::{BackLink, Button, Cell, Hint, Input, InsetText, Label, Legend, Radio, Radios, Table};
use web::{Mistakes, Page, Submitted};

use super::model::{Form, LEAST, MOST};
use crate::intake::ClassOrGroup;

/// The form.
pub fn form(of: &ClassOrGroup, name: &str, form: &Submitted, mistakes: &Mistakes) -> Page {
    let title = format!("Words for another system, for {name}");
    let filled = |id: &str, otherwise: &str| {
        let text = form.text(id);
        Some(if text.is_empty() { otherwise } else { text }.to_owned()).filter(|text| !text.is_empty())
    };
    let system = Input {
        error: mistakes.beside("system"),
        hint: Some(Hint::new("It stands on the printed page, and is not kept")),
        value: filled("system", ""),
        classes: "govuk-input--width-20".into(),
        ..Input::new("system", Label::new("Which system are they for?"))
    };
    let count = Input {
        error: mistakes.beside("count"),
        hint: Some(Hint::new(format!("From {LEAST}, for what matters little, to {MOST}"))),
        value: filled("count", "3"),
        classes: "govuk-input--width-2".into(),
        inputmode: Some("numeric".to_owned()),
        ..Input::new("count", Label::new("How many words?"))
    };
    let answers = Form::ALL.map(|form| Radio::new(form.id(), form.name())).to_vec();
    let chosen = filled("form", "words").unwrap_or_default();
    let how = Radios {
        error: mistakes.beside("form"),
        ..Radios::new("form", Legend::new("How does that system want a password?"), answers, &chosen)
    };
    Page::new(
        title.clone(),
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body {
                "Each pupil gets words of their own, drawn at random from a list of plain ones. They are easier to remember than signs, and nobody \
                 guesses them who knows the child. They are shown once, to be printed: they are kept nowhere, only that they were made."
            }
            form method="post" action={ "/staff/cards/" (of) "/elsewhere" } novalidate {
                (system)
                (count)
                (how)
                (Button::new("Make them"))
            }
        },
    )
    .before(BackLink::new(format!("/staff/cards/{of}")))
    .problems(mistakes.summary())
}

/// What was made.
pub fn made(
    of: &ClassOrGroup,
    name: &str,
    system: &str,
    lines: &[(Private<String>, Private<String>)],
) -> Page {
    let title = format!("{system}: words for {name}");
    let rows =
        lines.iter().map(|(name, words)| vec![Cell::new(name.reveal()), Cell::new(words.reveal())]).collect();
    Page::new(
        title.clone(),
        html! {
            h1 .govuk-heading-l { (title) }
            @if lines.is_empty() {
                (InsetText::new("The roll has no pupil in it."))
            } @else {
                p .govuk-body {
                    "Print this page now: once you leave it nobody can show it again. Cut it into slips, give each pupil theirs, and set the \
                     passwords in " (system) "."
                }
                div .fivebar-scroll tabindex="0" role="region" aria-label="Words, by pupil" {
                    (Table {
                        caption: Some("Words, by pupil".to_owned()),
                        caption_classes: "govuk-visually-hidden".into(),
                        head: ["Name", "Words"].map(Cell::new).to_vec(),
                        first_cell_is_header: true,
                        rows,
                        ..Table::default()
                    })
                }
            }
        },
    )
    .before(BackLink::new(format!("/staff/cards/{of}")))
}
