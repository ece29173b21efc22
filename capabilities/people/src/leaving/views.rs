//! What the page of whoever leaves says.

use engine::{DeviceNo, PersonNo};
use kit::{Private, Timestamp};
use maud::{Markup, html};
use web::component::{BackLink, Button, Hint, Input, InsetText, Label, Legend, Radio, Radios, WarningText};
use web::speech::say;
use web::{Mistakes, Page, Submitted, counted, marked};

use super::actions::{Leaves, Left};
use crate::Device;
use crate::duty::{Assignment, AssignmentId, Duties, SchoolKind};
use crate::guest::{Guest, GuestId};
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
    /// Whether they may give a guest another who answers for them.
    pub may_give_guests: bool,
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
    /// The one about a guest.
    Guest(GuestId),
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
    let title = &say("leaving.to-hand-over");
    let taught: Vec<&Taught> = classes.iter().filter(|class| class.teaches).collect();
    let nothing = left.duties.is_empty()
        && left.devices.is_empty()
        && left.waiting.is_empty()
        && taught.is_empty()
        && left.systems.is_empty()
        && left.guests.is_empty();
    let content = html! {
        h1 .govuk-heading-l { (title) }
        p .govuk-body {
            @match Leaves::of(profile) {
                Leaves::Gone => { (marked!("leaving.has-left-they-are", name = profile.name.reveal())) }
                Leaves::On(day) => { (marked!("leaving.is-on-the-roll", name = profile.name.reveal(), day)) }
                Leaves::No => { (marked!("leaving.is-on-the-roll-and", name = profile.name.reveal())) }
            }
        }
        @if nothing { (InsetText::new(say("leaving.nothing-is-left-to"))) }
        @if !left.duties.is_empty() {
            h2 .govuk-heading-m { (say("common.duties")) }
            @for one in &left.duties { (duty(profile, one, seen, wrong)) }
        }
        @if !left.devices.is_empty() {
            h2 .govuk-heading-m { (say("common.devices")) }
            @for device in &left.devices { (one_device(profile, device, seen, wrong)) }
        }
        @if !left.guests.is_empty() {
            h2 .govuk-heading-m { (say("leaving.guests-they-answer")) }
            p .govuk-body { (say("leaving.somebody-must-answer")) }
            @for (guest, name) in &left.guests { (one_guest(profile, guest, name, seen, wrong)) }
        }
        @if !left.systems.is_empty() {
            h2 .govuk-heading-m { (say("leaving.systems-that-keep-the")) }
            p .govuk-body {
                (marked!("leaving.they-made-the-token", systems = left.systems.join(", "), link = html! { a .govuk-link href="/staff/roll/scim" { (say("leaving.end-it-and-make")) } }))
            }
        }
        @if !seen.sees_devices {
            p .govuk-body { (say("leaving.whether-they-have-devices")) }
        }
        @if !taught.is_empty() {
            h2 .govuk-heading-m { (say("leaving.classes-they-teach")) }
            p .govuk-body { (say("leaving.the-next-import-says")) }
            ul .govuk-list.govuk-list--bullet { @for class in taught { li { (class.name) } } }
        }
        @if !left.waiting.is_empty() {
            h2 .govuk-heading-m { (say("leaving.proposals-that-wait-for")) }
            p .govuk-body {
                (counted!("leaving.waits-count", left.waiting.len())) " "
                @if true { "" }
                (marked!("leaving.a-second-person-can", link = html! { a .govuk-link href="/staff/requests" { (say("leaving.go-to-the-requests")) } }))
            }
        }
    };
    Page::new(title, content)
        .before(BackLink::new(format!("/staff/roll/{}", profile.number.0)))
        .problems(wrong.and_then(|wrong| wrong.mistakes.summary()))
}

/// The fields of one form: what becomes of it, and who takes it over. Only the form that was sent has what was written in it, the
/// mistakes beside it, and the ids that the summary leads to.
fn fields(what: &str, nobody: Option<(&str, String)>, wrong: Option<&Wrong<'_>>, id: &str) -> Markup {
    let named = |field: &str| if wrong.is_some() { field.to_owned() } else { format!("{field}-{id}") };
    let mut to = Input::new("to", Label::new(say("leaving.who-takes-it-over")));
    to.hint = Some(Hint::new(say("leaving.a-name-or-number")));
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
    to.hint = Some(Hint::new(say("leaving.a-name-or-number-where")));
    let answers = vec![Radio::new(HAND, say("leaving.somebody-takes-it-over")), Radio::new(nobody, words)];
    let legend = Legend::new(
        html! { (marked!("leaving.what-becomes-of-it", hidden = html! { span .govuk-visually-hidden { " (" (what) ")" } })) },
    );
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
    let name = known.map_or_else(|| one.given.duty.clone(), |duty| duty.said_in(seen.kind));
    let holds = one.holds(seen.at);
    let nobody = holds.then_some((END, say("leaving.it-ends-now-and")));
    html! {
        h3 .govuk-heading-s { (name) }
        @if !holds && known.is_some_and(|duty| duty.needed) {
            (WarningText::new(say("leaving.nobody-holds-this-now")))
        }
        @if seen.may_give {
            form method="post" action={ "/staff/roll/" (profile.number.0) "/leaving/duties/" (one.id) } novalidate {
                (fields(&name, nobody, only(wrong, About::Duty(one.id)), &one.id.to_string()))
                (Button::new(say("leaving.go-on")))
            }
        } @else {
            p .govuk-body { (say("leaving.the-head-hands-it")) }
        }
    }
}

fn one_guest(
    profile: &Profile,
    guest: &Guest,
    name: &Private<String>,
    seen: &Seen,
    wrong: Option<&Wrong<'_>>,
) -> Markup {
    let theirs = profile.number;
    html! {
        h3 .govuk-heading-s { (name.reveal()) }
        @if guest.sponsor == theirs { p .govuk-body { (say("leaving.they-answer-for")) } }
        @if guest.supervisor == theirs { p .govuk-body { (say("leaving.they-look-after")) } }
        @if seen.may_give_guests {
            form method="post" action={ "/staff/roll/" (theirs.0) "/leaving/guests/" (guest.id) } novalidate {
                (fields(name.reveal(), None, only(wrong, About::Guest(guest.id)), &guest.id.to_string()))
                (Button::new(say("leaving.go-on")))
            }
        } @else {
            p .govuk-body { (say("leaving.the-office-gives")) }
        }
    }
}

fn one_device(profile: &Profile, device: &Device, seen: &Seen, wrong: Option<&Wrong<'_>>) -> Markup {
    let name = device.name.reveal();
    let nobody = Some((SCHOOL, say("leaving.it-is-the-schools")));
    let id = format!("device-{}", device.number.0);
    html! {
        h3 .govuk-heading-s { (name) }
        @if seen.may_hand {
            form method="post" action={ "/staff/roll/" (profile.number.0) "/leaving/devices/" (device.number.0) } novalidate {
                (fields(name, nobody, only(wrong, About::Device(device.number)), &id))
                (Button::new(say("leaving.go-on")))
            }
        }
    }
}
