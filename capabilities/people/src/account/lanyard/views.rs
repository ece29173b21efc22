//! What the page that a lanyard's code opens says.

use maud::html;
use web::component::{Button, Hint, Input, Label};
use web::speech::say;
use web::{Mistakes, Page, Submitted};

use super::super::printed_code::LanyardCode;

/// The field for the code, where no camera reads it.
pub fn code(form: &Submitted, mistakes: &Mistakes) -> Page {
    let title = &say("provider.sign-in-with-a");
    let code = Input {
        error: mistakes.beside("code"),
        hint: Some(Hint::new(say("provider.twelve-letters-on-the"))),
        classes: "govuk-input--width-20".into(),
        value: Some(form.line("code")).filter(|code| !code.is_empty()),
        autocomplete: Some("off".to_owned()),
        autocapitalize: Some("characters".to_owned()),
        spellcheck: Some(false),
        ..Input::new("code", Label::new(say("provider.code-of-the-lanyard")))
    };
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            form method="post" action="/sign-in/lanyard" novalidate {
                (code)
                (Button { once: Some(true), ..Button::new(say("common.continue")) })
            }
        },
    )
    .problems(mistakes.summary())
}

/// The field for the number.
pub fn number(code: &LanyardCode, mistakes: &Mistakes) -> Page {
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
            form method="post" action={ "/sign-in/lanyard/" (code.reveal()) } novalidate {
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
