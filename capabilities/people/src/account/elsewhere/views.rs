//! What those pages say.

use kit::Private;
use maud::html;
use web::component::{BackLink, Button, Cell, Hint, Input, InsetText, Label, Legend, Radio, Radios, Table};
use web::speech::say;
use web::{Mistakes, Page, Submitted, filled};

use super::model::{Form, LEAST, MOST};
use crate::intake::ClassOrGroup;

/// The form.
pub fn form(of: &ClassOrGroup, name: &str, form: &Submitted, mistakes: &Mistakes) -> Page {
    let title = filled!("elsewhere.words-for-another", name = name);
    let typed = |id: &str, otherwise: &str| {
        let text = form.text(id);
        Some(if text.is_empty() { otherwise } else { text }.to_owned()).filter(|text| !text.is_empty())
    };
    let system = Input {
        error: mistakes.beside("system"),
        hint: Some(Hint::new(say("elsewhere.it-stands-on-the"))),
        value: typed("system", ""),
        classes: "govuk-input--width-20".into(),
        ..Input::new("system", Label::new(say("elsewhere.which-system-are")))
    };
    let count = Input {
        error: mistakes.beside("count"),
        hint: Some(Hint::new(filled!("elsewhere.from-to", least = LEAST, most = MOST))),
        value: typed("count", "3"),
        classes: "govuk-input--width-2".into(),
        inputmode: Some("numeric".to_owned()),
        ..Input::new("count", Label::new(say("elsewhere.how-many-words")))
    };
    let answers = Form::ALL.map(|form| Radio::new(form.id(), say(form.label()))).to_vec();
    let chosen = typed("form", "words").unwrap_or_default();
    let how = Radios {
        error: mistakes.beside("form"),
        ..Radios::new("form", Legend::new(say("elsewhere.how-does-that-system")), answers, &chosen)
    };
    Page::new(
        title.clone(),
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body { (say("elsewhere.each-pupil-gets")) }
            form method="post" action={ "/staff/cards/" (of) "/elsewhere" } novalidate {
                (system)
                (count)
                (how)
                (Button::new(say("elsewhere.make-them")))
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
    let title = filled!("elsewhere.words-for", system = system, name = name);
    let caption = &say("elsewhere.words-by-pupil");
    let rows =
        lines.iter().map(|(name, words)| vec![Cell::new(name.reveal()), Cell::new(words.reveal())]).collect();
    Page::new(
        title.clone(),
        html! {
            h1 .govuk-heading-l { (title) }
            @if lines.is_empty() {
                (InsetText::new(say("card.the-roll-has-no")))
            } @else {
                p .govuk-body { (filled!("elsewhere.print-this-page-now", system = system)) }
                div .fivebar-scroll tabindex="0" role="region" aria-label=(caption) {
                    (Table {
                        caption: Some(caption.clone()),
                        caption_classes: "govuk-visually-hidden".into(),
                        head: [say("common.name"), say("elsewhere.words")].map(Cell::new).to_vec(),
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
