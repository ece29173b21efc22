//! What the pages of whoever gives adults a way in say.

use std::collections::BTreeMap;

use engine::PersonNo;
use kit::{Private, Timestamp, Zone};
use maud::{Markup, html};
use web::component::{BackLink, Button, Hint, Input, InsetText, Label, WarningText};
use web::page::moment;
use web::speech::say;
use web::{Mistakes, Page, Submitted, counted, filled, marked, sentence};

use super::super::actions::InviteError;
use super::super::codes::model::picture;
use super::super::model::{Name, Token};
use super::actions::{Adult, WayIn};
use crate::kind::Kind;

/// All adults, as they are listed.
pub struct Listed<'a> {
    /// Everybody.
    pub adults: &'a [Adult],
    /// Only of this kind.
    pub kind: Option<Kind>,
    /// So many slips are printed at once.
    pub most: usize,
    /// The school's clocks.
    pub zone: &'a Zone,
}

/// The field by which somebody is ticked.
pub(super) fn field(person: PersonNo) -> String {
    format!("person-{}", person.0)
}

/// Whether a slip can be printed for them here.
pub(super) const fn is_offered(adult: &Adult) -> bool {
    !adult.needs_two && !matches!(adult.way_in, WayIn::Has)
}

/// Every adult, with who can come in, who was invited, and who not.
pub fn all(listed: &Listed<'_>, form: &Submitted, mistakes: &Mistakes) -> Page {
    let mut kinds: BTreeMap<Kind, usize> = BTreeMap::new();
    for kind in listed.adults.iter().filter_map(|adult| adult.kind) {
        *kinds.entry(kind).or_default() += 1;
    }
    let shown: Vec<&Adult> =
        listed.adults.iter().filter(|adult| listed.kind.is_none() || adult.kind == listed.kind).collect();
    let missing: Vec<&Adult> = of(&shown, |one| is_offered(one) && one.way_in.is_missing());
    let invited: Vec<&Adult> = of(&shown, |one| is_offered(one) && !one.way_in.is_missing());
    let by_two: Vec<&Adult> = of(&shown, |one| one.needs_two && one.way_in != WayIn::Has);
    let have: Vec<&Adult> = of(&shown, |one| one.way_in == WayIn::Has);
    let is_new = form.fields().next().is_none();
    let title = &say("ways-in.who-has-a-way");
    let content = html! {
        h1 .govuk-heading-l { (title) }
        @if kinds.len() > 1 {
            p .govuk-body {
                a .govuk-link href="/staff/ways-in" { (filled!("ways-in.all", n = listed.adults.len())) }
                @for (kind, count) in &kinds {
                    ", " a .govuk-link href={ "/staff/ways-in?kind=" (kind.id()) } { (kind.said()) ": " (count) }
                }
            }
        }
        p .govuk-body {
            (counted!("ways-in.without-count", missing.len() + by_two.len())) " "
            (counted!("ways-in.invited-count", invited.len())) " "
            (counted!("ways-in.with-count", have.len()))
         }
        @if missing.is_empty() && invited.is_empty() {
            (InsetText::new(say("ways-in.nobody-here-needs-a")))
        } @else {
            form method="post" action="/staff/ways-in" novalidate {
                input type="hidden" name="kind" value=(listed.kind.map_or("", Kind::id));
                div .govuk-form-group.govuk-form-group--error[mistakes.beside("who").is_some()] #who tabindex="-1" {
                    fieldset .govuk-fieldset aria-describedby="who-hint" {
                        legend .govuk-fieldset__legend.govuk-fieldset__legend--m { (say("ways-in.print-a-slip-for")) }
                        div .govuk-hint #who-hint {
                            (filled!("ways-in.each-slip-has-a", most = listed.most))
                        }
                        @if let Some(error) = mistakes.beside("who") { (error) }
                        @if !missing.is_empty() {
                            p .govuk-body { strong { (say("ways-in.without-a-way-in")) } }
                            (ticks(&missing, listed.zone, |one| is_new || ticked(form, one)))
                        }
                        @if !invited.is_empty() {
                            p .govuk-body { strong { (say("ways-in.invited-and-not-come")) } }
                            (ticks(&invited, listed.zone, |one| ticked(form, one)))
                        }
                    }
                }
                (Button::new(say("ways-in.print-their-slips")))
            }
        }
        @if !by_two.is_empty() {
            h2 .govuk-heading-m { (say("ways-in.two-people-let-them")) }
            p .govuk-body {
                (marked!(
                    "ways-in.they-have-signed-in",
                    link = html! { a .govuk-link href="/staff/recoveries" { (say("ways-in.let-them-in-again")) } }
                ))
            }
            (names(&by_two))
        }
        @if !have.is_empty() {
            h2 .govuk-heading-m { (say("ways-in.with-a-way-in")) }
            (names(&have))
        }
    };
    Page::new(title, content).before(BackLink::new("/staff/roll")).problems(mistakes.summary())
}

fn of<'a>(all: &[&'a Adult], fits: impl Fn(&Adult) -> bool) -> Vec<&'a Adult> {
    all.iter().copied().filter(|one| fits(one)).collect()
}

fn ticked(form: &Submitted, adult: &Adult) -> bool {
    form.text(&field(adult.person)) == "yes"
}

fn ticks(adults: &[&Adult], zone: &Zone, is_ticked: impl Fn(&Adult) -> bool) -> Markup {
    html! {
        div .govuk-checkboxes.govuk-checkboxes--small {
            @for adult in adults {
                @let field = field(adult.person);
                div .govuk-checkboxes__item {
                    input .govuk-checkboxes__input type="checkbox" id=(field) name=(field) value="yes" checked[is_ticked(adult)];
                    label .govuk-label.govuk-checkboxes__label for=(field) {
                        (adult.name.reveal())
                        @if let Some(kind) = adult.kind { ", " (kind.said()) }
                        @match adult.way_in {
                            WayIn::Invited { given_at, ends_at } => {
                                (filled!("ways-in.invited-at", when = moment(given_at, zone), until = moment(ends_at, zone)))
                            },
                            WayIn::Ended { given_at } => { (filled!("ways-in.an-invitation-of", when = moment(given_at, zone))) },
                            WayIn::None | WayIn::Has => {}
                        }
                    }
                }
            }
        }
    }
}

fn names(adults: &[&Adult]) -> Markup {
    html! {
        ul .govuk-list.govuk-list--bullet {
            @for adult in adults {
                li { a .govuk-link href={ "/staff/roll/" (adult.person.0) } { (adult.name.reveal()) } }
            }
        }
    }
}

/// An error of an invitation as a sentence for a page.
pub(super) fn said(error: &InviteError) -> String {
    match error {
        InviteError::NoName => say("ways-in.enter-a-name-to"),
        InviteError::OtherName => say("ways-in.they-sign-in-by-another"),
        InviteError::NameTaken => say("ways-in.somebody-else-signs-in"),
        InviteError::LooksTheSame => say("ways-in.somebody-else-signs-in-looks"),
        other => sentence(&other.to_string()),
    }
}

/// The form that makes somebody's invitation.
pub fn one(adult: &Adult, form: &Submitted, mistakes: &Mistakes, zone: &Zone) -> Page {
    let title = filled!("ways-in.a-way-in-for", name = adult.name.reveal());
    let address = format!("/staff/roll/{}", adult.person.0);
    let proposed = adult.proposed.as_ref().map_or("", Name::reveal);
    let written = form.line("name");
    let name = Input {
        error: mistakes.beside("name"),
        value: Some(if written.is_empty() && mistakes.none() { proposed.to_owned() } else { written }),
        autocomplete: Some("off".to_owned()),
        autocapitalize: Some("none".to_owned()),
        spellcheck: Some(false),
        classes: "govuk-input--width-20".into(),
        hint: Some(Hint::new(say("ways-in.change-it-if-they"))),
        ..Input::new("name", Label::new(say("ways-in.the-name-that-they")))
    };
    let content = html! {
        h1 .govuk-heading-l { (title) }
        @match adult.way_in {
            WayIn::Has => (WarningText::new(say("ways-in.they-can-sign-in"))),
            WayIn::Invited { given_at, .. } => (InsetText::new(filled!("ways-in.they-were-invited-yet", when = moment(given_at, zone)))),
            WayIn::Ended { given_at } => (InsetText::new(filled!("ways-in.they-were-invited-ended", when = moment(given_at, zone)))),
            WayIn::None => {}
        }
        p .govuk-body { (say("ways-in.you-get-a-link")) }
        p .govuk-body { (say("ways-in.give-a-duty-that")) }
        form method="post" action={ (address) "/invitation" } novalidate {
            @if let Some(sign_in) = &adult.sign_in {
                p .govuk-body { (marked!("ways-in.they-sign-in-by", name = html! { strong { (sign_in.reveal()) } })) }
            } @else { (name) }
            (Button { once: Some(true), ..Button::new(say("ways-in.make-the-invitation")) })
        }
    };
    Page::new(title.clone(), content).before(BackLink::new(&address)).problems(mistakes.summary())
}

/// The invitation, this once.
pub fn made(
    adult: &Adult,
    sign_in: &Name,
    (link, token): (&str, &Token),
    ends_at: Timestamp,
    zone: &Zone,
) -> Page {
    let title = filled!("ways-in.hand-this-to", name = adult.name.reveal());
    let address = format!("/staff/roll/{}", adult.person.0);
    let content = html! {
        h1 .govuk-heading-l { (title) }
        (WarningText::new(filled!("ways-in.it-holds-until", when = moment(ends_at, zone), name = adult.name.reveal())))
        p .govuk-body { (marked!("ways-in.they-sign-in-by", name = html! { strong { (sign_in.reveal()) } })) }
        (drawn(&Private::new(link.to_owned())))
        p .govuk-body { code .fivebar-host { (link) } }
        form method="post" action={ (address) "/invitation/slip" } novalidate {
            input type="hidden" name="token" value=(token.reveal());
            (Button::new(say("ways-in.print-it-as-a")))
        }
        p .govuk-body { a .govuk-link href=(address) { (say("ways-in.i-have-handed-it")) } }
        p .govuk-body { a .govuk-link href="/staff/ways-in" { (say("ways-in.who-has-a-way")) } }
    };
    Page::new(title.clone(), content)
}

/// A picture for a phone's camera, dark on light whatever the page's colours are.
fn drawn(link: &Private<String>) -> Markup {
    html! {
        @if let Some((side, path)) = picture(link) {
            svg .fivebar-code viewBox={ "0 0 " (side) " " (side) } width="240" height="240" role="img"
                aria-label=(say("ways-in.a-picture-for-the")) {
                rect width=(side) height=(side) fill="#ffffff" {}
                path d=(path) fill="#000000" {}
            }
        }
    }
}

/// Said of whoever nobody alone lets in.
pub fn needs_two(adult: &Adult) -> Page {
    let title = &say("ways-in.two-people-let-them");
    let content = html! {
        h1 .govuk-heading-l { (title) }
        p .govuk-body {
            (filled!("ways-in.has-signed-in-before", name = adult.name.reveal()))
        }
        p .govuk-body { a .govuk-link href="/staff/recoveries" { (say("recovery.let-somebody-in-again")) } }
    };
    Page::new(title, content).before(BackLink::new(format!("/staff/roll/{}", adult.person.0)))
}

/// Said of pupils.
pub fn for_pupils(person: PersonNo) -> Page {
    let title = &say("ways-in.pupils-get-a-card");
    let content = html! {
        h1 .govuk-heading-l { (title) }
        p .govuk-body {
            (marked!(
                "ways-in.how-a-pupil-signs",
                link = html! { a .govuk-link href="/staff/cards" { (say("ways-in.cards-and-names")) } }
            ))
        }
    };
    Page::new(title, content).before(BackLink::new(format!("/staff/roll/{}", person.0)))
}

/// Said where an invitation that is to be printed holds no more.
pub fn over(adult: &Adult) -> Page {
    let title = &say("ways-in.that-invitation-has");
    let address = format!("/staff/roll/{}", adult.person.0);
    let content = html! {
        h1 .govuk-heading-l { (title) }
        p .govuk-body { (say("ways-in.it-was-used-or")) }
        p .govuk-body { a .govuk-link href={ (address) "/invitation" } { (filled!("ways-in.make-another-for", name = adult.name.reveal())) } }
    };
    Page::new(title, content).before(BackLink::new(&address))
}
