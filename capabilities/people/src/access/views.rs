//! What those pages say.

use std::collections::{BTreeMap, BTreeSet};

use engine::PersonNo;
use kit::{Private, Timestamp, Zone};
use maud::{Markup, html};
use web::component::{
    BackLink, Button, Cell, Hint, InsetText, Label, Legend, Radio, Radios, SummaryList, SummaryRow, Textarea,
    WarningText,
};
use web::page::moment;
use web::{Mistakes, Page, Submitted};

use super::model::{Due, Held, Line, Progress, Review, Seen, SignedIn, Verdict};
use crate::Device;
use crate::duty::{Duties, SchoolKind};
use crate::intake::Profile;
use crate::intake::views::table;
use crate::kind::Kind;

/// The reviews there were, and how it stands with the next.
pub fn all(reviews: &[Review], due: Due, may_begin: bool, zone: &Zone) -> Page {
    let title = "Who may do what";
    let rows = reviews.iter().map(|review| {
        let ended = match &review.ended {
            Some((at, _)) => moment(*at, zone),
            None => "It goes on".to_owned(),
        };
        vec![
            Cell::new(html! { a .govuk-link href={ "/staff/access/" (review.number) } { "Review " (review.number) } }),
            Cell::new(moment(review.began.0, zone)),
            Cell::new(ended),
        ]
    });
    let content = html! {
        h1 .govuk-heading-l { (title) }
        p .govuk-body {
            "Each term somebody looks at everybody who holds a duty or signs in, one after another, and keeps what they may do, asks for a \
             change, or ends it. What was looked at and decided is kept."
        }
        @match due {
            Due::GoesOn(number, left) => p .govuk-body {
                a .govuk-link href={ "/staff/access/" (number) } { "Review " (number) " goes on" }
                ": " (left) " still to be looked at."
            },
            Due::Overdue(on) => (WarningText::new(html! { "A review was due on " (moment(on, zone)) "." })),
            Due::On(on) => p .govuk-body { "The next review is due by " (moment(on, zone)) "." },
            Due::Nothing => p .govuk-body { "Nobody holds a duty yet." },
        }
        @if may_begin && !matches!(due, Due::GoesOn(..)) {
            form method="post" action="/staff/access" novalidate { (Button::new("Begin a review")) }
        }
        @if reviews.is_empty() { (InsetText::new("There was none yet.")) } @else {
            div .fivebar-scroll tabindex="0" role="region" aria-label="Reviews, newest first" {
                (table("Reviews, newest first", &["Review", "Begun", "Ended"], rows.collect()))
            }
        }
    };
    Page::new(title, content).before(BackLink::new("/staff/roll"))
}

/// A review, as it stands.
#[derive(Debug)]
pub struct Shown<'a> {
    /// It.
    pub review: &'a Review,
    /// How far it has come.
    pub progress: &'a Progress,
    /// What people are called.
    pub names: &'a BTreeMap<PersonNo, Private<String>>,
    /// Who looks.
    pub who: PersonNo,
    /// Whether they may decide.
    pub may_review: bool,
}

impl Shown<'_> {
    fn name(&self, person: PersonNo) -> &str {
        self.names.get(&person).map_or("Somebody who has left", |name| name.reveal().as_str())
    }

    fn by(&self, line: &Line) -> &str {
        kit::Actor::person(&line.by).map_or("the command line", |person| self.name(PersonNo(person)))
    }
}

const fn decided(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Keep => "Kept",
        Verdict::Change => "To be changed",
        Verdict::End => "Ended",
    }
}

/// One review.
pub fn one(shown: &Shown<'_>, mistakes: &Mistakes, zone: &Zone) -> Page {
    let Shown { review, progress, .. } = shown;
    let title = format!("Review {} of who may do what", review.number);
    let (done, left) = (progress.lines.len(), progress.left.len());
    let next = progress.next(None, shown.who).filter(|_| shown.may_review && review.ended.is_none());
    let address = format!("/staff/access/{}", review.number);
    let rows = progress.lines.iter().map(|line| {
        vec![
            Cell::new(
                html! { a .govuk-link href={ "/staff/roll/" (line.person.0) } { (shown.name(line.person)) } },
            ),
            Cell::new(duties(&line.seen)),
            Cell::new(html! {
                (decided(line.verdict))
                @if !line.reason.reveal().is_empty() { ": " (line.reason.reveal()) }
            }),
            Cell::new(html! { (shown.by(line)) ", " (moment(line.at, zone)) }),
        ]
    });
    let content = html! {
        h1 .govuk-heading-l { (title) }
        p .govuk-body {
            @match &review.ended {
                Some((at, _)) => { "Ended at " (moment(*at, zone)) ": " (done) " were looked at." }
                None => { (done) " of " (done + left) " were looked at. You can stop at any time and go on later." }
            }
        }
        @if let Some(next) = next {
            (Button::link(if done == 0 { "Begin" } else { "Go on" }, format!("{address}/people/{}", next.0)))
        }
        @if review.ended.is_none() && progress.left.contains(&shown.who) {
            (InsetText::new("What you may do yourself, another must look at: nobody reviews themselves."))
        }
        @if review.ended.is_none() && left == 0 && shown.may_review {
            form method="post" action={ (address) "/end" } novalidate { (Button::new("End the review")) }
        }
        @if left > 0 {
            h2 .govuk-heading-m { "Still to be looked at" }
            ul .govuk-list.govuk-list--bullet {
                @for person in &progress.left {
                    li {
                        @if shown.may_review && *person != shown.who {
                            a .govuk-link href={ (address) "/people/" (person.0) } { (shown.name(*person)) }
                        } @else { (shown.name(*person)) }
                    }
                }
            }
        }
        @if done > 0 {
            h2 .govuk-heading-m { "Looked at" }
            div .fivebar-scroll tabindex="0" role="region" aria-label="What was decided" {
                (table("What was decided", &["Who", "Held then", "Decided", "By whom, and when"], rows.collect()))
            }
        }
    };
    Page::new(title, content).before(BackLink::new("/staff/access")).problems(mistakes.summary())
}

fn duties(seen: &Seen) -> String {
    let name = |held: &Held| {
        Duties::built_in().named(&held.duty).map_or(held.duty.clone(), |duty| duty.name.clone())
    };
    match seen.duties.is_empty() {
        true => "No duty".to_owned(),
        false => seen.duties.iter().map(name).collect::<Vec<_>>().join(", "),
    }
}

/// Somebody who is looked at.
#[derive(Debug)]
pub struct Looking<'a> {
    /// The review's number.
    pub number: i64,
    /// Who it is.
    pub profile: &'a Profile,
    /// What there is to look at.
    pub seen: &'a Seen,
    /// Their devices, for whoever may see them.
    pub devices: Option<&'a [Device]>,
    /// How many were looked at.
    pub done: usize,
    /// How many are left, this one among them.
    pub left: usize,
    /// Whether whoever looks may end what somebody holds.
    pub may_end: bool,
    /// What kind of school it is.
    pub school: SchoolKind,
    /// The school's own time.
    pub zone: &'a Zone,
}

/// One screen a person.
pub fn person(looking: &Looking<'_>, form: &Submitted, mistakes: &Mistakes) -> Page {
    let Looking { profile, seen, zone, .. } = looking;
    let title = profile.name.reveal().clone();
    let address = format!("/staff/access/{}", looking.number);
    let signed_in = match seen.signed_in {
        SignedIn::No => html! { "They have no name to sign in by" },
        SignedIn::Never => html! { "They can, and have not yet" },
        SignedIn::At(at) => html! { "Last at " (moment(Timestamp::from_millis(at), zone)) },
    };
    let devices = match looking.devices {
        Some(devices) => {
            let names: Vec<&str> = devices.iter().map(|device| device.name.reveal().as_str()).collect();
            if names.is_empty() { "None".to_owned() } else { names.join(", ") }
        }
        None => seen.devices.to_string(),
    };
    let rows = vec![
        SummaryRow::new("What they are", profile.kind.map_or("The roll does not say", Kind::name)),
        SummaryRow::new("Signing in", signed_in),
        SummaryRow::new("Devices", devices),
    ];
    let mut answers = vec![
        Radio::new("keep", "Keep it as it is"),
        Radio {
            hint: Some(Hint::new("It stays until somebody changes it on the page of the duty")),
            ..Radio::new("change", "Something must be changed")
        },
    ];
    if looking.may_end {
        answers.push(Radio {
            hint: Some(Hint::new("They hold no duty, and are signed out, from that moment")),
            ..Radio::new("end", "End all of it")
        });
    }
    let mut verdict =
        Radios::new("verdict", Legend::new("What becomes of it?"), answers, form.text("verdict"));
    verdict.error = mistakes.beside("verdict");
    let mut reason = Textarea::new("reason", Label::new("Why"));
    reason.hint = Some(Hint::new("You may leave this empty where it stays as it is"));
    reason.error = mistakes.beside("reason");
    reason.value = form.text("reason").to_owned();
    reason.rows = 3;
    let content = html! {
        span .govuk-caption-l { "Review " (looking.number) ": " (looking.done + 1) " of " (looking.done + looking.left) }
        h1 .govuk-heading-l { (title) }
        (SummaryList::new(rows))
        h2 .govuk-heading-m { "Duties" }
        @if seen.duties.is_empty() { (InsetText::new("They hold none, and sign in.")) }
        @for held in &seen.duties { (one_duty(held, looking.school, zone)) }
        form method="post" action={ (address) "/people/" (profile.number.0) } novalidate {
            (verdict)
            (reason)
            (Button::new("Save and go on"))
        }
    };
    Page::new(title, content).before(BackLink::new(address)).problems(mistakes.summary())
}

fn one_duty(held: &Held, school: SchoolKind, zone: &Zone) -> Markup {
    let known = Duties::built_in().named(&held.duty);
    let name = known.map_or(held.duty.as_str(), |duty| duty.called_in(school));
    let only = BTreeSet::from([held.duty.clone()]);
    let may: Vec<&str> = Duties::built_in().may(&only).map(|(action, _)| action).collect();
    html! {
        h3 .govuk-heading-s { (name) }
        p .govuk-body {
            "Since " (moment(Timestamp::from_millis(held.since_ms), zone))
            @if let Some(until) = held.until_ms { ", until " (moment(Timestamp::from_millis(until), zone)) }
            @if held.covers { ", standing in for another" }
            ". "
            a .govuk-link href={ "/staff/duties/" (held.duty) } { "The page of this duty" span .govuk-visually-hidden { ": " (name) } }
        }
        @if may.is_empty() { p .govuk-body { "Nothing may be done by it here." } } @else {
            p .govuk-body { "They may, by it:" }
            ul .govuk-list.govuk-list--bullet { @for action in may { li { (action) } } }
        }
    }
}
