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
use web::speech::say;
use web::{Mistakes, Page, Submitted, filled, marked};

use super::model::{Due, Held, Line, Progress, Review, Seen, SignedIn, Verdict};
use crate::Device;
use crate::duty::{Duties, SchoolKind};
use crate::intake::Profile;
use crate::intake::views::table;
use crate::kind::Kind;

/// The reviews there were, and how it stands with the next.
pub fn all(reviews: &[Review], due: Due, may_begin: bool, zone: &Zone) -> Page {
    let title = &say("access.who-may-do-what");
    let rows = reviews.iter().map(|review| {
        let ended = match &review.ended {
            Some((at, _)) => moment(*at, zone),
            None => say("access.it-goes-on"),
        };
        vec![
            Cell::new(html! { a .govuk-link href={ "/staff/access/" (review.number) } { (marked!("access.review", n = review.number)) } }),
            Cell::new(moment(review.began.0, zone)),
            Cell::new(ended),
        ]
    });
    let content = html! {
        h1 .govuk-heading-l { (title) }
        p .govuk-body {
            (say("access.each-term-somebody-looks"))
        }
        @match due {
            Due::GoesOn(number, left) => p .govuk-body {
                (marked!("access.still-to-be-looked", link = html! { a .govuk-link href={ "/staff/access/" (number) } { (marked!("access.review-goes-on", number)) } }, left))
            },
            Due::Overdue(on) => (WarningText::new(html! { (marked!("access.a-review-was-due", when = moment(on, zone))) })),
            Due::On(on) => p .govuk-body { (marked!("access.the-next-review-is", when = moment(on, zone))) },
            Due::Nothing => p .govuk-body { (say("access.nobody-holds-a-duty")) },
        }
        @if may_begin && !matches!(due, Due::GoesOn(..)) {
            form method="post" action="/staff/access" novalidate { (Button::new(say("access.begin-a-review"))) }
        }
        @if reviews.is_empty() { (InsetText::new(say("access.there-was-none-yet"))) } @else {
            div .fivebar-scroll tabindex="0" role="region" aria-label=(say("access.reviews-newest-first")) {
                (table(&say("access.reviews-newest-first"), &[&say("access.review-2"), &say("access.begun"), &say("access.ended")], rows.collect()))
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
    fn name(&self, person: PersonNo) -> String {
        self.names
            .get(&person)
            .map_or_else(|| say("common.somebody-who-has-left"), |name| name.reveal().clone())
    }

    fn by(&self, line: &Line) -> String {
        kit::Actor::person(&line.by)
            .map_or_else(|| say("access.the-command-line"), |person| self.name(PersonNo(person)))
    }
}

fn decided(verdict: Verdict) -> String {
    match verdict {
        Verdict::Keep => say("access.kept"),
        Verdict::Change => say("access.to-be-changed"),
        Verdict::End => say("access.ended"),
    }
}

/// One review.
pub fn one(shown: &Shown<'_>, mistakes: &Mistakes, zone: &Zone) -> Page {
    let Shown { review, progress, .. } = shown;
    let title = filled!("access.review-of-who-may", number = review.number);
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
                Some((at, _)) => { (marked!("access.ended-at-were-looked", when = moment(*at, zone), done)) }
                None => { (marked!("access.of-were-looked-at", done, left = done + left)) }
            }
        }
        @if let Some(next) = next {
            (Button::link(if done == 0 { say("access.begin") } else { say("access.go-on") }, format!("{address}/people/{}", next.0)))
        }
        @if review.ended.is_none() && progress.left.contains(&shown.who) {
            (InsetText::new(say("access.what-you-may-do")))
        }
        @if review.ended.is_none() && left == 0 && shown.may_review {
            form method="post" action={ (address) "/end" } novalidate { (Button::new(say("access.end-the-review"))) }
        }
        @if progress.pupils > 0 {
            p .govuk-body {
                (filled!("access.pupils-hold-nothing", n = progress.pupils))
            }
        }
        @if left > 0 {
            h2 .govuk-heading-m { (say("access.still-to-be-looked-at")) }
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
            h2 .govuk-heading-m { (say("access.looked-at")) }
            div .fivebar-scroll tabindex="0" role="region" aria-label=(say("access.what-was-decided")) {
                (table(&say("access.what-was-decided"), &[&say("common.who"), &say("access.held-then"), &say("access.decided"), &say("access.by-whom-and-when")], rows.collect()))
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
        true => say("access.no-duty"),
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
        SignedIn::No => html! { (say("access.they-have-no-name")) },
        SignedIn::Never => html! { (say("access.they-can-and-have")) },
        SignedIn::At(at) => {
            html! { (marked!("access.last-at", when = moment(Timestamp::from_millis(at), zone))) }
        }
    };
    let devices = match looking.devices {
        Some(devices) => {
            let names: Vec<&str> = devices.iter().map(|device| device.name.reveal().as_str()).collect();
            if names.is_empty() { say("common.none") } else { names.join(", ") }
        }
        None => seen.devices.to_string(),
    };
    let rows = vec![
        SummaryRow::new(
            say("access.what-they-are"),
            profile.kind.map_or_else(|| say("access.the-roll-does-not"), Kind::said),
        ),
        SummaryRow::new(say("access.signing-in"), signed_in),
        SummaryRow::new(say("common.devices"), devices),
    ];
    let mut answers = vec![
        Radio::new("keep", say("access.keep-it-as-it")),
        Radio {
            hint: Some(Hint::new(say("access.it-stays-until-somebody"))),
            ..Radio::new("change", say("access.something-must-be-changed"))
        },
    ];
    if looking.may_end {
        answers.push(Radio {
            hint: Some(Hint::new(say("access.they-hold-no-duty"))),
            ..Radio::new("end", say("access.end-all-of-it"))
        });
    }
    let mut verdict =
        Radios::new("verdict", Legend::new(say("access.what-becomes-of-it")), answers, form.text("verdict"));
    verdict.error = mistakes.beside("verdict");
    let mut reason = Textarea::new("reason", Label::new(say("common.why")));
    reason.hint = Some(Hint::new(say("access.you-may-leave-this")));
    reason.error = mistakes.beside("reason");
    reason.value = form.text("reason").to_owned();
    reason.rows = 3;
    let content = html! {
        span .govuk-caption-l { (marked!("access.review-of", number = looking.number, done = looking.done + 1, left = looking.done + looking.left)) }
        h1 .govuk-heading-l { (title) }
        (SummaryList::new(rows))
        h2 .govuk-heading-m { (say("common.duties")) }
        @if seen.duties.is_empty() { (InsetText::new(say("access.they-hold-none-and"))) }
        @for held in &seen.duties { (one_duty(held, looking.school, zone)) }
        form method="post" action={ (address) "/people/" (profile.number.0) } novalidate {
            (verdict)
            (reason)
            (Button::new(say("access.save-and-go-on")))
        }
    };
    Page::new(title, content).before(BackLink::new(address)).problems(mistakes.summary())
}

fn one_duty(held: &Held, school: SchoolKind, zone: &Zone) -> Markup {
    let known = Duties::built_in().named(&held.duty);
    let name = known.map_or_else(|| held.duty.clone(), |duty| duty.said_in(school));
    let only = BTreeSet::from([held.duty.clone()]);
    let may: Vec<&str> = Duties::built_in().may(&only).map(|(action, _)| action).collect();
    html! {
        h3 .govuk-heading-s { (name) }
        p .govuk-body {
            (marked!("access.since", when = moment(Timestamp::from_millis(held.since_ms), zone)))
            @if let Some(until) = held.until_ms { (marked!("access.until", when = moment(Timestamp::from_millis(until), zone))) }
            @if held.covers { (say("access.standing-in-for-another")) }
            ". "
            a .govuk-link href={ "/staff/duties/" (held.duty) } { (marked!("access.the-page-of-this", hidden = html! { span .govuk-visually-hidden { ": " (name) } })) }
        }
        @if may.is_empty() { p .govuk-body { (say("access.nothing-may-be-done")) } } @else {
            p .govuk-body { (say("access.they-may-by-it")) }
            ul .govuk-list.govuk-list--bullet { @for action in may { li { (action) } } }
        }
    }
}
