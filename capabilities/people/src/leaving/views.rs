//! What the page of whoever leaves says.

use engine::{DeviceNo, PersonNo};
use kit::Timestamp;
use maud::{Markup, html};
use web::component::{BackLink, Button, Hint, Input, InsetText, Label, Legend, Radio, Radios, WarningText};
use web::{Mistakes, Page, Submitted};

use super::actions::{Leaves, Left};
use crate::Device;
use crate::duty::{Assignment, AssignmentId, Duties, SchoolKind};
use crate::intake::{Profile, Taught};

/// In a form: somebody takes it over.
pub(super) const HAND: &str = "hand";
/// In a form about a duty: it ends, and nobody holds it.
pub(super) const END: &str = "end";
/// In a form about a device: it is the school's.
pub(super) const SCHOOL: &str = "school";

/// What the page must know of whoever looks at it.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    /// What kind of school it is.
    pub kind: SchoolKind,
    /// Whether they may give and end duties.
    pub may_give: bool,
    /// Whether they may hand devices over.
    pub may_hand: bool,
    /// Whether they see which devices there are.
    pub sees_devices: bool,
    /// When they look.
    pub at: Timestamp,
}

/// Which of the page's forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// The one about a duty.
    Duty(AssignmentId),
    /// The one about a device.
    Device(DeviceNo),
}

/// A form that was not carried out: which, what was written in it, and what is wrong.
#[derive(Debug)]
pub struct Wrong<'a> {
    /// Which.
    pub about: About,
    /// What was written.
    pub form: &'a Submitted,
    /// What is wrong with it.
    pub mistakes: &'a Mistakes,
    /// Who leaves too, and takes it over all the same where the form is sent once more.
    pub knowing: Option<PersonNo>,
}

/// What somebody leaves to hand over.
pub fn leaving(
    profile: &Profile,
    left: &Left,
    classes: &[Taught],
    seen: &Seen,
    wrong: Option<&Wrong<'_>>,
) -> Page {
    let title = "To hand over";
    let taught: Vec<&Taught> = classes.iter().filter(|class| class.teaches).collect();
    let nothing = left.duties.is_empty()
        && left.devices.is_empty()
        && left.waiting.is_empty()
        && taught.is_empty()
        && left.systems.is_empty();
    let content = html! {
        h1 .govuk-heading-l { (title) }
        p .govuk-body {
            (profile.name.reveal())
            @match Leaves::of(profile) {
                Leaves::Gone => " has left: they are signed out, and hold no duty.",
                Leaves::On(day) => { " is on the roll until " (day) "." }
                Leaves::No => " is on the roll, and no last day is known.",
            }
        }
        @if nothing { (InsetText::new("Nothing is left to hand over.")) }
        @if !left.duties.is_empty() {
            h2 .govuk-heading-m { "Duties" }
            @for one in &left.duties { (duty(profile, one, seen, wrong)) }
        }
        @if !left.devices.is_empty() {
            h2 .govuk-heading-m { "Devices" }
            @for device in &left.devices { (one_device(profile, device, seen, wrong)) }
        }
        @if !left.systems.is_empty() {
            h2 .govuk-heading-m { "Systems that keep the roll" }
            p .govuk-body {
                "They made the token by which " (left.systems.join(", ")) " keeps people here. It goes on without them, for whoever has it. "
                a .govuk-link href="/staff/roll/scim" { "End it and make another" } ", unless you know who has it."
            }
        }
        @if !seen.sees_devices {
            p .govuk-body { "Whether they have devices, only those see who hand them on." }
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
        .problems(wrong.and_then(|wrong| wrong.mistakes.summary()))
}

/// The fields of one form: what becomes of it, and who takes it over. Only the form that was sent has what was written in it, the
/// mistakes beside it, and the ids that the summary leads to.
fn fields(what: &str, nobody: Option<(&str, &str)>, wrong: Option<&Wrong<'_>>, id: &str) -> Markup {
    let named = |field: &str| if wrong.is_some() { field.to_owned() } else { format!("{field}-{id}") };
    let mut to = Input::new("to", Label::new("Who takes it over?"));
    to.hint = Some(Hint::new("A name or number"));
    to.id = named("to");
    to.classes = "govuk-input--width-20".into();
    to.autocomplete = Some("off".to_owned());
    if let Some(wrong) = wrong {
        to.error = wrong.mistakes.beside("to");
        to.value = Some(wrong.form.line("to")).filter(|text| !text.is_empty());
    }
    let knowing = wrong.and_then(|wrong| wrong.knowing);
    let again =
        html! { @if let Some(knowing) = knowing { input type="hidden" name="knowing" value=(knowing.0); } };
    let Some((nobody, words)) = nobody else {
        return html! { (again) input type="hidden" name="then" value=(HAND); (to) };
    };
    to.hint = Some(Hint::new("A name or number; where somebody does"));
    let answers = vec![Radio::new(HAND, "Somebody takes it over"), Radio::new(nobody, words)];
    let legend = Legend::new(html! { "What becomes of it?" span .govuk-visually-hidden { " (" (what) ")" } });
    let mut radios = Radios::new("then", legend, answers, wrong.map_or("", |wrong| wrong.form.text("then")));
    radios.id_prefix = Some(named("then"));
    radios.error = wrong.and_then(|wrong| wrong.mistakes.beside("then"));
    html! { (again) (radios) (to) }
}

fn only<'a>(wrong: Option<&'a Wrong<'a>>, about: About) -> Option<&'a Wrong<'a>> {
    wrong.filter(|wrong| wrong.about == about)
}

fn duty(profile: &Profile, one: &Assignment, seen: &Seen, wrong: Option<&Wrong<'_>>) -> Markup {
    let known = Duties::built_in().named(&one.given.duty);
    let name = known.map_or(one.given.duty.as_str(), |duty| duty.called_in(seen.kind));
    let holds = one.holds(seen.at);
    let nobody = holds.then_some((END, "It ends now, and nobody takes it over"));
    html! {
        h3 .govuk-heading-s { (name) }
        @if !holds && known.is_some_and(|duty| duty.needed) {
            (WarningText::new("Nobody holds this now, and the school needs somebody for it."))
        }
        @if seen.may_give {
            form method="post" action={ "/staff/roll/" (profile.number.0) "/leaving/duties/" (one.id) } novalidate {
                (fields(name, nobody, only(wrong, About::Duty(one.id)), &one.id.to_string()))
                (Button::new("Go on"))
            }
        } @else {
            p .govuk-body { "The head hands it over." }
        }
    }
}

fn one_device(profile: &Profile, device: &Device, seen: &Seen, wrong: Option<&Wrong<'_>>) -> Markup {
    let name = device.name.reveal();
    let nobody = Some((SCHOOL, "It is the school’s from now on"));
    let id = format!("device-{}", device.number.0);
    html! {
        h3 .govuk-heading-s { (name) }
        @if seen.may_hand {
            form method="post" action={ "/staff/roll/" (profile.number.0) "/leaving/devices/" (device.number.0) } novalidate {
                (fields(name, nobody, only(wrong, About::Device(device.number)), &id))
                (Button::new("Go on"))
            }
        }
    }
}
