//! What the page of whoever leaves says.

use kit::Timestamp;
use maud::{Markup, html};
use web::component::{BackLink, Button, Hint, Input, InsetText, Label, WarningText};
use web::{Mistakes, Page, Submitted};

use super::actions::Left;
use crate::Device;
use crate::duty::{Assignment, Duties, SchoolKind};
use crate::intake::{Profile, Taught};

/// What the page must know of whoever looks at it.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    /// What kind of school it is.
    pub kind: SchoolKind,
    /// Whether they may give and end duties.
    pub may_give: bool,
    /// Whether they may hand devices over.
    pub may_hand: bool,
    /// When they look.
    pub at: Timestamp,
}

/// What somebody leaves to hand over.
pub fn leaving(
    profile: &Profile,
    left: &Left,
    classes: &[Taught],
    seen: &Seen,
    form: &Submitted,
    mistakes: &Mistakes,
) -> Page {
    let title = "To hand over";
    let taught: Vec<&Taught> = classes.iter().filter(|class| class.teaches).collect();
    let nothing =
        left.duties.is_empty() && left.devices.is_empty() && left.waiting.is_empty() && taught.is_empty();
    let mut first = true;
    let content = html! {
        h1 .govuk-heading-l { (title) }
        p .govuk-body {
            (profile.name.reveal())
            @if profile.here { " is on the roll." }
            @else { " has left: they are signed out, and hold no duty." }
        }
        @if nothing { (InsetText::new("Nothing is left to hand over.")) }
        @if !left.duties.is_empty() {
            h2 .govuk-heading-m { "Duties" }
            @for one in &left.duties { (duty(profile, one, seen, form, mistakes, &mut first)) }
        }
        @if !left.devices.is_empty() {
            h2 .govuk-heading-m { "Devices" }
            @for device in &left.devices { (one_device(profile, device, seen, form, mistakes, &mut first)) }
        }
        @if !taught.is_empty() {
            h2 .govuk-heading-m { "Classes they teach" }
            p .govuk-body { "The next import says who teaches them." }
            ul .govuk-list.govuk-list--bullet { @for class in taught { li { (class.name) } } }
        }
        @if !left.waiting.is_empty() {
            h2 .govuk-heading-m { "Proposals that wait for a second person" }
            p .govuk-body {
                (left.waiting.len()) @if left.waiting.len() == 1 { " waits. " } @else { " wait. " }
                "A second person can still agree or refuse; whatever nobody answers lapses by itself. "
                a .govuk-link href="/staff/requests" { "Go to the requests" }
            }
        }
    };
    Page::new(title, content)
        .before(BackLink::new(format!("/staff/roll/{}", profile.number.0)))
        .problems(mistakes.summary())
}

/// The field of one form: the first of the page has the id that a summary leads to.
fn to(about: &str, hint: &str, form: &Submitted, mistakes: &Mistakes, first: &mut bool, id: String) -> Input {
    let mut input = Input::new("to", Label::new(format!("Who takes over {about}?")));
    input.hint = Some(Hint::new(hint));
    input.classes = "govuk-input--width-20".into();
    input.autocomplete = Some("off".to_owned());
    if std::mem::take(first) {
        input.error = mistakes.beside("to");
        input.value = Some(form.line("to")).filter(|text| !text.is_empty());
    } else {
        input.id = id;
    }
    input
}

fn duty(
    profile: &Profile,
    one: &Assignment,
    seen: &Seen,
    form: &Submitted,
    mistakes: &Mistakes,
    first: &mut bool,
) -> Markup {
    let known = Duties::built_in().named(&one.given.duty);
    let name = known.map_or(one.given.duty.as_str(), |duty| duty.called_in(seen.kind));
    let holds = one.holds(seen.at);
    let hint = if holds {
        "A name or number. Leave it empty to end the duty without anybody"
    } else {
        "A name or number"
    };
    html! {
        h3 .govuk-heading-s { (name) }
        @if !holds && known.is_some_and(|duty| duty.needed) {
            (WarningText::new("Nobody holds this now, and the school needs somebody for it."))
        }
        @if seen.may_give {
            form method="post" action={ "/staff/roll/" (profile.number.0) "/leaving/duties/" (one.id) } novalidate {
                (to(name, hint, form, mistakes, first, format!("to-{}", one.id)))
                (Button::new("Hand over"))
            }
        } @else {
            p .govuk-body { "The head hands it over." }
        }
    }
}

fn one_device(
    profile: &Profile,
    device: &Device,
    seen: &Seen,
    form: &Submitted,
    mistakes: &Mistakes,
    first: &mut bool,
) -> Markup {
    let name = device.name.reveal();
    html! {
        h3 .govuk-heading-s { (name) }
        @if seen.may_hand {
            form method="post" action={ "/staff/roll/" (profile.number.0) "/leaving/devices/" (device.number.0) } novalidate {
                (to(name, "A name or number. Leave it empty where it is the school’s from now on", form, mistakes, first,
                    format!("to-device-{}", device.number.0)))
                (Button::new("Hand over"))
            }
        }
    }
}
