//! What the pages of codes say.

use kit::{Private, Timestamp, Zone};
use maud::{Markup, html};
use web::component::{Button, Hint, Input, InsetText, Label, WarningText};
use web::page::moment;
use web::speech::say;
use web::{Mistakes, Page, Submitted, counted, marked};

use super::super::model::Name;
use super::model::{CodeSecret, picture};

/// The field for a code.
fn field(name: &'static str, label: &str, mistakes: &Mistakes) -> Input {
    Input {
        error: mistakes.beside(name),
        autocomplete: Some("one-time-code".to_owned()),
        autocapitalize: Some("none".to_owned()),
        spellcheck: Some(false),
        classes: "govuk-input--width-10".into(),
        ..Input::new(name, Label::new(label))
    }
}

/// The field for a code beside a password, where somebody proves again who they are.
pub(in super::super) fn beside_a_password(name: &'static str, mistakes: &Mistakes) -> Input {
    Input {
        hint: Some(Hint::new(say("codes.six-digits-from-the"))),
        ..field(name, &say("common.code"), mistakes)
    }
}

/// The second step of signing in.
pub fn code(form: &Submitted, mistakes: &Mistakes) -> Page {
    let title = &say("codes.enter-a-code");
    let code = Input {
        hint: Some(Hint::new(say("codes.six-digits-a-new"))),
        ..field("code", &say("codes.code-from-the-app"), mistakes)
    };
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            form method="post" action="/sign-in/code" novalidate {
                input type="hidden" name="half" value=(form.whole("half"));
                input type="hidden" name="back" value=(form.text("back"));
                (code)
                (Button { once: Some(true), ..Button::new(say("common.sign-in")) })
            }
            h2 .govuk-heading-m { (say("codes.if-you-do-not")) }
            p .govuk-body { (say("codes.enter-one-of-the")) }
            p .govuk-body {
                (say("codes.if-you-have-neither"))
            }
        },
    )
    .problems(mistakes.summary())
}

/// How to set codes up.
pub fn set_up(
    secret: &CodeSecret,
    (sealed, back): (&str, &str),
    school: &str,
    name: &Name,
    mistakes: &Mistakes,
) -> Page {
    let title = &say("codes.set-up-codes-on");
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body {
                (say("codes.a-code-from-an"))
            }
            h2 .govuk-heading-m { (say("codes.1-give-the-app")) }
            p .govuk-body { (say("codes.point-the-apps-camera")) }
            (drawn(&secret.address(school, name.reveal())))
            p .govuk-body { (say("codes.or-type-this-into")) }
            p .govuk-body { code .fivebar-secret { (secret.in_groups()) } }
            h2 .govuk-heading-m { (say("codes.2-enter-the-code")) }
            form method="post" action="/me/codes" novalidate {
                input type="hidden" name="sealed" value=(sealed);
                input type="hidden" name="back" value=(back);
                (field("code", &say("common.code"), mistakes))
                (Button { once: Some(true), ..Button::new(say("common.continue")) })
            }
        },
    )
    .problems(mistakes.summary())
}

/// A picture of what an app reads, dark on light whatever the page's colours are: cameras need it so.
fn drawn(address: &Private<String>) -> Markup {
    html! {
        @if let Some((side, path)) = picture(address) {
            svg .fivebar-code viewBox={ "0 0 " (side) " " (side) } width="240" height="240" role="img"
                aria-label=(say("codes.a-picture-for-the")) {
                rect width=(side) height=(side) fill="#ffffff" {}
                path d=(path) fill="#000000" {}
            }
        }
    }
}

/// Recovery codes, this once.
pub fn recovery(codes: &[Private<String>], onwards: &str) -> Page {
    let title = &say("codes.your-recovery-codes");
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            (WarningText::new(say("codes.print-this-page-or")))
            p .govuk-body {
                (say("codes.with-your-password-each"))
            }
            ol .govuk-list.govuk-list--number {
                @for code in codes { li { code { (code.reveal()) } } }
            }
            p .govuk-body { a .govuk-link href=(onwards) { (say("codes.i-have-them-on")) } }
        },
    )
}

/// Codes that are set up.
pub fn there(since: Timestamp, left: u64, zone: &Zone, mistakes: &Mistakes) -> Page {
    let title = &say("codes.codes-on-your-phone");
    let codes = if left == 0 { say("codes.no-recovery-code-is") } else { counted!("codes.left-count", left) };
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body { (marked!("codes.you-sign-in-with", when = moment(since, zone))) }
            (InsetText::new(codes))
            form method="post" action="/me/codes/recovery" novalidate {
                (Button { once: Some(true), ..Button::new(say("codes.make-ten-new-recovery")) })
            }
            h2 .govuk-heading-m { (say("codes.another-phone")) }
            p .govuk-body {
                (say("codes.take-the-codes-away"))
            }
            form method="post" action="/me/codes/removal" novalidate {
                (Button {
                    classes: "govuk-button--warning".into(),
                    once: Some(true),
                    ..Button::new(say("codes.take-the-codes-away-2"))
                })
            }
        },
    )
    .problems(mistakes.summary())
}
