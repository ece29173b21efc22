//! What the pages of whoever gives adults a way in say.

use std::collections::BTreeMap;

use engine::PersonNo;
use kit::{Private, Timestamp, Zone};
use maud::{Markup, html};
use web::component::{BackLink, Button, Hint, Input, InsetText, Label, WarningText};
use web::page::moment;
use web::{Mistakes, Page, Submitted};

use super::super::actions::InviteError;
use super::super::codes::model::picture;
use super::super::model::{Name, Token};
use super::actions::{Adult, WayIn};
use crate::intake::views::sentence;
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

const TITLE: &str = "Who has a way in";

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
    let content = html! {
        h1 .govuk-heading-l { (TITLE) }
        @if kinds.len() > 1 {
            p .govuk-body {
                a .govuk-link href="/staff/ways-in" { "All " (listed.adults.len()) }
                @for (kind, count) in &kinds {
                    ", " a .govuk-link href={ "/staff/ways-in?kind=" (kind.id()) } { (kind.name()) ": " (count) }
                }
            }
        }
        p .govuk-body { (counted(missing.len() + by_two.len(), "has no way in", "have no way in")) " " (counted(invited.len(), "was invited and has not come yet", "were invited and have not come yet")) " " (counted(have.len(), "has a way in", "have a way in")) }
        @if missing.is_empty() && invited.is_empty() {
            (InsetText::new("Nobody here needs a slip."))
        } @else {
            form method="post" action="/staff/ways-in" novalidate {
                input type="hidden" name="kind" value=(listed.kind.map_or("", Kind::id));
                div .govuk-form-group.govuk-form-group--error[mistakes.beside("who").is_some()] #who tabindex="-1" {
                    fieldset .govuk-fieldset aria-describedby="who-hint" {
                        legend .govuk-fieldset__legend.govuk-fieldset__legend--m { "Print a slip for" }
                        div .govuk-hint #who-hint {
                            "Each slip has a link by which its owner chooses a password, for a day and once. Print them on the day on which you hand \
                             them out. Another slip for somebody ends the one before. At most " (listed.most) " are printed at once."
                        }
                        @if let Some(error) = mistakes.beside("who") { (error) }
                        @if !missing.is_empty() {
                            p .govuk-body { strong { "Without a way in" } }
                            (ticks(&missing, listed.zone, |one| is_new || ticked(form, one)))
                        }
                        @if !invited.is_empty() {
                            p .govuk-body { strong { "Invited, and not come yet" } }
                            (ticks(&invited, listed.zone, |one| ticked(form, one)))
                        }
                    }
                }
                (Button::new("Print their slips"))
            }
        }
        @if !by_two.is_empty() {
            h2 .govuk-heading-m { "Two people let them in again" }
            p .govuk-body {
                "They have signed in before and have duties that nobody alone may come by: "
                a .govuk-link href="/staff/recoveries" { "let them in again" } ", two together."
            }
            (names(&by_two))
        }
        @if !have.is_empty() {
            h2 .govuk-heading-m { "With a way in" }
            (names(&have))
        }
    };
    Page::new(TITLE, content).before(BackLink::new("/staff/roll")).problems(mistakes.summary())
}

fn of<'a>(all: &[&'a Adult], fits: impl Fn(&Adult) -> bool) -> Vec<&'a Adult> {
    all.iter().copied().filter(|one| fits(one)).collect()
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}.", if count == 1 { one } else { many })
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
                        @if let Some(kind) = adult.kind { ", " (kind.name()) }
                        @match adult.way_in {
                            WayIn::Invited { given_at, ends_at } => {
                                ": invited at " (moment(given_at, zone)) ", until " (moment(ends_at, zone))
                            },
                            WayIn::Ended { given_at } => { ": an invitation of " (moment(given_at, zone)) " has ended" },
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
        InviteError::NoName => {
            "Enter a name to sign in by: up to 64 letters, digits and the signs . _ - @ ’, without blanks"
                .to_owned()
        }
        other => sentence(&other.to_string()),
    }
}

/// The form that makes somebody's invitation.
pub fn one(adult: &Adult, form: &Submitted, mistakes: &Mistakes, zone: &Zone) -> Page {
    let title = format!("A way in for {}", adult.name.reveal());
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
        hint: Some(Hint::new(
            "Change it, if they are called otherwise where they sign in elsewhere. It stays theirs",
        )),
        ..Input::new("name", Label::new("The name that they sign in by"))
    };
    let content = html! {
        h1 .govuk-heading-l { (title) }
        @match adult.way_in {
            WayIn::Has => (WarningText::new(
                "They can sign in already. With an invitation they choose another password, and are signed out everywhere."
            )),
            WayIn::Invited { given_at, .. } => (InsetText::new(format!(
                "They were invited at {}, and have not come yet. Another invitation ends that one.", moment(given_at, zone)
            ))),
            WayIn::Ended { given_at } => (InsetText::new(format!(
                "They were invited at {}, and did not come before that ended.", moment(given_at, zone)
            ))),
            WayIn::None => {}
        }
        p .govuk-body {
            "You get a link by which they choose a password, for a day and once. Give it to them yourself: whoever opens it first is taken for them."
        }
        p .govuk-body {
            "Give a duty that needs a second proof before the way in: an invitation that somebody has ends when they get such a duty."
        }
        form method="post" action={ (address) "/invitation" } novalidate {
            @if let Some(sign_in) = &adult.sign_in {
                p .govuk-body { "They sign in by the name " strong { (sign_in.reveal()) } "." }
            } @else { (name) }
            (Button { once: Some(true), ..Button::new("Make the invitation") })
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
    let title = format!("Hand this to {}", adult.name.reveal());
    let address = format!("/staff/roll/{}", adult.person.0);
    let content = html! {
        h1 .govuk-heading-l { (title) }
        (WarningText::new(html! {
            "It holds until " (moment(ends_at, zone)) ", once, and is not shown again. Whoever opens it first is taken for " (adult.name.reveal()) "."
        }))
        p .govuk-body { "They sign in by the name " strong { (sign_in.reveal()) } "." }
        (drawn(&Private::new(link.to_owned())))
        p .govuk-body { code .fivebar-host { (link) } }
        form method="post" action={ (address) "/invitation/slip" } novalidate {
            input type="hidden" name="token" value=(token.reveal());
            (Button::new("Print it as a slip"))
        }
        p .govuk-body { a .govuk-link href=(address) { "I have handed it over" } }
        p .govuk-body { a .govuk-link href="/staff/ways-in" { (TITLE) } }
    };
    Page::new(title.clone(), content)
}

/// A picture for a phone's camera, dark on light whatever the page's colours are.
fn drawn(link: &Private<String>) -> Markup {
    html! {
        @if let Some((side, path)) = picture(link) {
            svg .fivebar-code viewBox={ "0 0 " (side) " " (side) } width="240" height="240" role="img"
                aria-label="A picture for the camera of a phone: it opens the link that stands below." {
                rect width=(side) height=(side) fill="#ffffff" {}
                path d=(path) fill="#000000" {}
            }
        }
    }
}

/// Said of whoever nobody alone lets in.
pub fn needs_two(adult: &Adult) -> Page {
    let title = "Two people let them in again";
    let content = html! {
        h1 .govuk-heading-l { (title) }
        p .govuk-body {
            (adult.name.reveal()) " has signed in before, and has a duty that nobody alone may come by: whoever gives an invitation could use it. \
             So two people give it together, after they have talked to them."
        }
        p .govuk-body { a .govuk-link href="/staff/recoveries" { "Let somebody in again" } }
    };
    Page::new(title, content).before(BackLink::new(format!("/staff/roll/{}", adult.person.0)))
}

/// Said of pupils.
pub fn for_pupils(person: PersonNo) -> Page {
    let title = "Pupils get a card or a slip";
    let content = html! {
        h1 .govuk-heading-l { (title) }
        p .govuk-body {
            "How a pupil signs in goes by their age, and is printed with their class: " a .govuk-link href="/staff/cards" { "cards and names" } "."
        }
    };
    Page::new(title, content).before(BackLink::new(format!("/staff/roll/{}", person.0)))
}

/// Said where an invitation that is to be printed holds no more.
pub fn over(adult: &Adult) -> Page {
    let title = "That invitation has ended";
    let address = format!("/staff/roll/{}", adult.person.0);
    let content = html! {
        h1 .govuk-heading-l { (title) }
        p .govuk-body { "It was used, or another took its place." }
        p .govuk-body { a .govuk-link href={ (address) "/invitation" } { "Make another for " (adult.name.reveal()) } }
    };
    Page::new(title, content).before(BackLink::new(&address))
}
