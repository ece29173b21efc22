//! What the pages of guests say, and what stands on a lanyard.

use std::collections::BTreeSet;

use documents::Template;
use kit::{Private, Timestamp, Zone};
use maud::{Markup, html};
use serde_json::{Value, json};
use web::component::{
    BackLink, Button, Cell, Hint, Input, InsetText, Label, Legend, NotificationBanner, Radio, Radios, Table,
};
use web::page::moment;
use web::speech::say;
use web::{Mistakes, Page, Submitted, filled, marked};

use super::model::{Guest, GuestId, KINDS};
use crate::account::PrintedAt;
use crate::account::lanyard::Hung;
use crate::intake::classes::in_words;

/// A lanyard and the number that goes with it.
pub(super) const LANYARD: Template =
    Template { name: "lanyard", text: include_str!("../../../../content/documents/lanyard.typ") };

/// A guest in the list.
#[derive(Debug)]
pub struct Line {
    /// Their stay.
    pub guest: Guest,
    /// Whether it is over.
    pub is_over: bool,
    /// Their name.
    pub name: Private<String>,
    /// Who answers for them.
    pub sponsor: Private<String>,
    /// Who looks after them.
    pub supervisor: Private<String>,
    /// The classes of their lanyard, where they have one.
    pub classes: Option<Vec<String>>,
}

/// Guests of now, of late and to come. `may` is whether whoever looks may give a stay, and end one.
/// `given` is who was given their days just now.
pub fn all(
    lines: &[Line],
    (may_give, may_end): (bool, bool),
    given: Option<GuestId>,
    zone: &Zone,
    mistakes: &Mistakes,
) -> Page {
    let title = &say("guest.guests-and-supply-teachers");
    let (over, now): (Vec<&Line>, Vec<&Line>) = lines.iter().partition(|line| line.is_over);
    let given = now.iter().find(|line| given == Some(line.guest.id));
    let content = html! {
        @if let Some(line) = given {
            (NotificationBanner { success: true, ..NotificationBanner::saying(filled!("guest.is-a-guest-until", name = line.name.reveal(), when = moment(line.guest.ends_at, zone))) })
            @if line.classes.is_some() && may_give {
                form method="post" action={ "/staff/guests/" (line.guest.id) "/lanyard" } novalidate {
                    p .govuk-body { (say("guest.they-sign-in-by")) }
                    (Button::new(say("guest.print-the-lanyard")))
                }
            }
        }
        h1 .govuk-heading-l { (title) }
        @if may_give { p .govuk-body { a .govuk-link href="/staff/guests/new" { (say("guest.give-a-guest-their")) } } }
        h2 .govuk-heading-m { (say("guest.here-or-to-come")) }
        @if now.is_empty() { (InsetText::new(say("guest.there-is-no-guest"))) } @else { (table(&say("guest.here-or-to-come"), &now, (may_give, may_end), zone)) }
        @if !over.is_empty() {
            h2 .govuk-heading-m { (say("guest.over")) }
            (table(&say("guest.over"), &over, (false, false), zone))
        }
    };
    Page::new(title, content).problems(mistakes.summary())
}

fn table(caption: &str, lines: &[&Line], may: (bool, bool), zone: &Zone) -> Markup {
    let row = |line: &&Line| {
        let guest = &line.guest;
        let until = guest.ended_at.unwrap_or(guest.ends_at);
        vec![
            Cell::new(line.name.reveal()),
            Cell::new(&guest.aim),
            Cell::new(
                html! { (marked!("guest.looked-after-by", sponsor = line.sponsor.reveal(), supervisor = line.supervisor.reveal())) },
            ),
            Cell::new(
                html! { (marked!("guest.from-until", when = moment(guest.starts_at, zone), whenb = moment(until, zone))) },
            ),
            Cell::new(line.classes.as_ref().map_or_else(|| say("guest.no"), |classes| classes.join(", "))),
            Cell::new(buttons(line, may)),
        ]
    };
    html! {
        div .fivebar-scroll.fivebar-act[may != (false, false)] tabindex="0" role="region" aria-label=(caption) {
            (Table {
                caption: Some(caption.to_owned()),
                caption_classes: "govuk-visually-hidden".into(),
                head: [say("common.name"), say("guest.what-for"), say("guest.who-answers-for-them"), say("guest.days"), say("guest.lanyard"), say("guest.what-to-do")].map(Cell::new).to_vec(),
                first_cell_is_header: true,
                rows: lines.iter().map(row).collect(),
                ..Table::default()
            })
        }
    }
}

fn buttons(line: &Line, (may_give, may_end): (bool, bool)) -> Markup {
    let to = |what: &str| format!("/staff/guests/{}/{what}", line.guest.id);
    let hidden =
        html! { span .govuk-visually-hidden { " " (marked!("guest.of", name = line.name.reveal())) } };
    html! {
        @if may_end {
            form method="post" action=(to("end")) novalidate {
                button .fivebar-plain.fivebar-choice type="submit" {
                    @if line.classes.is_some() { (say("guest.end-now-the-lanyard")) } @else { (say("guest.end-now")) } (hidden)
                }
            }
        }
        @if may_give && line.classes.is_some() {
            form method="post" action=(to("lanyard")) novalidate {
                button .fivebar-plain.fivebar-choice type="submit" { (marked!("guest.print-another-lanyard-which", hidden)) }
            }
        }
    }
}

/// The form; `groups` are ids and names of the groups that a lanyard can be for.
pub fn form(groups: &[(String, String)], today: &str, form: Option<&Submitted>, mistakes: &Mistakes) -> Page {
    let title = &say("guest.a-guest-or-a");
    let written = |name: &str| form.map_or_else(String::new, |form| form.line(name));
    let field = |name: &'static str, label: &str, hint: &str, width: &'static str| Input {
        error: mistakes.beside(name),
        value: Some(written(name)).filter(|value| !value.is_empty()),
        hint: Some(hint).filter(|hint| !hint.is_empty()).map(Hint::new),
        classes: width.into(),
        autocomplete: Some("off".to_owned()),
        ..Input::new(name, Label::new(label))
    };
    let day = |name: &'static str, label: &str| {
        let field = field(name, label, &say("guest.as-in-a-day"), "govuk-input--width-10");
        Input { value: Some(field.value.clone().unwrap_or_else(|| today.to_owned())), ..field }
    };
    let kinds = KINDS.map(|kind| Radio::new(kind.id(), kind.said())).to_vec();
    let kind = Radios {
        error: mistakes.beside("kind"),
        ..Radios::new("kind", Legend::new(say("guest.what-are-they-here")), kinds, &written("kind"))
    };
    let content = html! {
        h1 .govuk-heading-l { (title) }
        form method="post" action="/staff/guests/new" novalidate {
            (field("name", &say("guest.their-name"), "", "govuk-input--width-20"))
            (kind)
            (field("aim", &say("guest.what-are-they-here-for"), &say("guest.as-in-covers-year"), ""))
            (field("sponsor", &say("guest.who-answers-for-them-2"), &say("guest.a-member-of-staff"), "govuk-input--width-20"))
            (field("supervisor", &say("guest.who-looks-after-them"), &say("guest.may-be-the-same"), "govuk-input--width-20"))
            (day("first", &say("common.first-day")))
            (day("last", &say("common.last-day")))
            div .govuk-form-group.govuk-form-group--error[mistakes.beside("classes").is_some()] #classes tabindex="-1" {
                fieldset .govuk-fieldset aria-describedby="classes-hint" {
                    legend .govuk-fieldset__legend.govuk-fieldset__legend--m { (say("guest.which-classes-do-they")) }
                    div .govuk-hint #classes-hint {
                        (say("guest.with-any-a-lanyard"))
                    }
                    @if let Some(error) = mistakes.beside("classes") { (error) }
                    div .govuk-checkboxes.govuk-checkboxes--small {
                        @for (id, name) in groups {
                            @let field = format!("group-{id}");
                            div .govuk-checkboxes__item {
                                input .govuk-checkboxes__input type="checkbox" id=(field) name=(field) value="yes" checked[written(&field) == "yes"];
                                label .govuk-label.govuk-checkboxes__label for=(field) { (name) }
                            }
                        }
                    }
                }
            }
            (Button::new(say("guest.give-them-their-days")))
        }
    };
    Page::new(title, content).before(BackLink::new("/staff/guests")).problems(mistakes.summary())
}

/// What stands on a lanyard.
pub(super) fn lanyard(
    name: &Private<String>,
    (starts_at, ends_at): (Timestamp, Timestamp),
    classes: &BTreeSet<String>,
    hung: &Hung,
    printed: &PrintedAt<'_>,
) -> Value {
    let days = |at| printed.zone.local(at).civil().strftime("%A %-d %B %Y").to_string();
    let (first, last) = (days(starts_at), days(ends_at.plus_millis(-1)));
    let days = if first == last { first } else { format!("{first} to {last}") };
    let classes: Vec<String> = classes.iter().map(|id| in_words(id)).collect();
    let by_hand = format!("{}/sign-in/lanyard", printed.url);
    let link = format!("{by_hand}/{}", hung.code.reveal());
    let pin = hung.pin.reveal();
    json!({
        "title": format!("Lanyard of {}", name.reveal()),
        "school": printed.school,
        "printed": format!("Printed at {}", moment(printed.at, printed.zone)),
        "name": name.reveal(),
        "what": "Teaches here for a time",
        "drawing": crate::account::card::square(&link),
        "days": days,
        "classes": classes.join(", "),
        "address": by_hand.split_once("://").map_or(by_hand.as_str(), |(_, rest)| rest),
        "code": hung.code.in_groups(),
        "pin": format!("{} {}", pin.get(..3).unwrap_or(pin), pin.get(3..).unwrap_or("")),
        "notes": [
            "It holds on the days above, and ends by itself. The office ends it at once when it is lost.",
            "You see what is open for a lesson, open a site that the school’s rules leave to you, keep a class to a list, and pause a pupil’s access: for the classes above alone.",
            "Sign out of a device that others use, and give the lanyard back to the office.",
        ],
    })
}
