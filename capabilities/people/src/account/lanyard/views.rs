//! What the page that a lanyard's code opens says.

use maud::html;
use web::component::{Button, Hint, Input, Label};
use web::{Mistakes, Page};

use super::super::model::Token;

/// The field for the number.
pub fn number(token: &Token, mistakes: &Mistakes) -> Page {
    let title = "Sign in with a lanyard";
    let number = Input {
        error: mistakes.beside("number"),
        hint: Some(Hint::new("Six digits, on the part of the sheet that you keep in a pocket")),
        classes: "govuk-input--width-5".into(),
        inputmode: Some("numeric".to_owned()),
        autocomplete: Some("off".to_owned()),
        spellcheck: Some(false),
        ..Input::new("number", Label::new("Number"))
    };
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            form method="post" action={ "/sign-in/lanyard/" (token.reveal()) } novalidate {
                (number)
                (Button { once: Some(true), ..Button::new("Sign in") })
            }
        },
    )
    .problems(mistakes.summary())
}

/// Said where a lanyard opens nothing.
pub fn over() -> Page {
    let title = "This lanyard does not hold now";
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body { "A lanyard holds on its days alone, and ends when another is made or it is taken back." }
            p .govuk-body { "If this is yours, ask the school office for another. If you found it, please bring it there." }
        },
    )
}
