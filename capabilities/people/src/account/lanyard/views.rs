//! What the page that a lanyard's code opens says.

use maud::html;
use web::component::{Button, Hint, Input, Label};
use web::speech::say;
use web::{Mistakes, Page};

use super::super::model::Token;

/// The field for the number.
pub fn number(token: &Token, mistakes: &Mistakes) -> Page {
    let title = &say("provider.sign-in-with-a");
    let number = Input {
        error: mistakes.beside("number"),
        hint: Some(Hint::new(say("provider.six-digits-on-the"))),
        classes: "govuk-input--width-5".into(),
        inputmode: Some("numeric".to_owned()),
        autocomplete: Some("off".to_owned()),
        spellcheck: Some(false),
        ..Input::new("number", Label::new(say("common.number")))
    };
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            form method="post" action={ "/sign-in/lanyard/" (token.reveal()) } novalidate {
                (number)
                (Button { once: Some(true), ..Button::new(say("common.sign-in")) })
            }
        },
    )
    .problems(mistakes.summary())
}

/// Said where a lanyard opens nothing.
pub fn over() -> Page {
    let title = &say("provider.this-lanyard-does-not");
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body { (say("provider.a-lanyard-holds-on")) }
            p .govuk-body { (say("provider.if-this-is-yours")) }
        },
    )
}
