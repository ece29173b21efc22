//! What the pages of codes say.

use kit::{Private, Timestamp, Zone};
use maud::{Markup, html};
use web::component::{Button, Hint, Input, InsetText, Label, WarningText};
use web::page::moment;
use web::{Mistakes, Page, Submitted};

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
        hint: Some(Hint::new("Six digits from the app on your phone, or one of your recovery codes")),
        ..field(name, "Code", mistakes)
    }
}

/// The second step of signing in.
pub fn code(form: &Submitted, mistakes: &Mistakes) -> Page {
    let title = "Enter a code";
    let code = Input {
        hint: Some(Hint::new("Six digits. A new one comes every half minute, and each is taken once")),
        ..field("code", "Code from the app on your phone", mistakes)
    };
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            form method="post" action="/sign-in/code" novalidate {
                input type="hidden" name="half" value=(form.whole("half"));
                input type="hidden" name="back" value=(form.text("back"));
                (code)
                (Button { once: Some(true), ..Button::new("Sign in") })
            }
            h2 .govuk-heading-m { "If you do not have your phone" }
            p .govuk-body { "Enter one of the recovery codes that you printed. Each works once." }
            p .govuk-body {
                "If you have neither, ask the head or the online safety lead: two people together can let you in again."
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
    let title = "Set up codes on your phone";
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body {
                "A code from an app on your phone proves that it is you, even to somebody who has learned your password. Any app for \
                 such codes will do, and most phones have one built in."
            }
            h2 .govuk-heading-m { "1. Give the app the secret" }
            p .govuk-body { "Point the app’s camera at this picture." }
            (drawn(&secret.address(school, name.reveal())))
            p .govuk-body { "Or type this into the app, and choose a code by time:" }
            p .govuk-body { code .fivebar-secret { (secret.in_groups()) } }
            h2 .govuk-heading-m { "2. Enter the code that it shows" }
            form method="post" action="/me/codes" novalidate {
                input type="hidden" name="sealed" value=(sealed);
                input type="hidden" name="back" value=(back);
                (field("code", "Code", mistakes))
                (Button { once: Some(true), ..Button::new("Continue") })
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
                aria-label="A picture for the camera of the app. The same is below in letters." {
                rect width=(side) height=(side) fill="#ffffff" {}
                path d=(path) fill="#000000" {}
            }
        }
    }
}

/// Recovery codes, this once.
pub fn recovery(codes: &[Private<String>], onwards: &str) -> Page {
    let title = "Your recovery codes";
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            (WarningText::new("Print this page or write the codes down now. They are not shown again."))
            p .govuk-body {
                "With your password, each of these lets you in once where you do not have your phone. Keep them where you keep your passport, \
                 not with the phone."
            }
            ol .govuk-list.govuk-list--number {
                @for code in codes { li { code { (code.reveal()) } } }
            }
            p .govuk-body { a .govuk-link href=(onwards) { "I have them on paper" } }
        },
    )
}

/// Codes that are set up.
pub fn there(since: Timestamp, left: u64, zone: &Zone, mistakes: &Mistakes) -> Page {
    let title = "Codes on your phone";
    let codes = match left {
        0 => "No recovery code is left.".to_owned(),
        1 => "1 recovery code is left.".to_owned(),
        many => format!("{many} recovery codes are left."),
    };
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body { "You sign in with your password and a code, since " (moment(since, zone)) "." }
            (InsetText::new(codes))
            form method="post" action="/me/codes/recovery" novalidate {
                (Button { once: Some(true), ..Button::new("Make ten new recovery codes") })
            }
            h2 .govuk-heading-m { "Another phone" }
            p .govuk-body {
                "Take the codes away, then set them up again with the other phone. In between, the duties that need a code rest."
            }
            form method="post" action="/me/codes/removal" novalidate {
                (Button {
                    classes: "govuk-button--warning".into(),
                    once: Some(true),
                    ..Button::new("Take the codes away")
                })
            }
        },
    )
    .problems(mistakes.summary())
}
