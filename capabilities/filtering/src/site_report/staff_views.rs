//! What the pages of those say who answer reports.

use kit::{Private, Zone};
use maud::{Markup, html};
use web::component::{
    BackLink, Button, Cell, Hint, InsetText, Label, Legend, Radio, Radios, SummaryList, SummaryRow, Table,
    Tag, Textarea,
};
use web::page::{host, moment};
use web::{Mistakes, Page, Submitted};

use super::{Outcome, SiteReport};
use crate::asker::Asker;
use crate::explain::now::{self, Said};
use crate::overrides::closing::Closing;

/// Who reported, as far as that is known. It accuses nobody: a device is not whoever held it.
#[derive(Debug, Clone, Default)]
pub enum Teller {
    /// It is about a site of help, of which nothing is kept.
    NotKept,
    /// Somebody who was signed in, and whose device the network knows it as, where that is another's.
    SignedIn(Private<String>, Option<Private<String>>),
    /// A device that the network knows as somebody's.
    DeviceOf(Private<String>),
    /// A device that is registered, and no one person's.
    Device,
    /// Nobody knows.
    #[default]
    Unknown,
}

impl Teller {
    /// From what is kept with a report.
    pub fn of(asker: &Asker, name: Option<Private<String>>, device_of: Option<Private<String>>) -> Self {
        match (asker.is_nobody(), name, asker.device) {
            (true, ..) => Self::NotKept,
            (_, Some(name), _) if asker.signed_in.is_some() => Self::SignedIn(name, device_of),
            (_, Some(name), _) => Self::DeviceOf(name),
            (_, None, Some(_)) => Self::Device,
            (_, None, None) => Self::Unknown,
        }
    }

    fn words(&self) -> String {
        match self {
            Self::NotKept => "Nothing is kept of who tells about a site of help".to_owned(),
            Self::SignedIn(name, None) => format!("{}, who was signed in", name.reveal()),
            Self::SignedIn(name, Some(other)) => format!(
                "{}, who was signed in, on a device that the network knows as one of {}",
                name.reveal(),
                other.reveal()
            ),
            Self::DeviceOf(name) => {
                format!(
                    "A device that the network knows as one of {}. Somebody else may have held it",
                    name.reveal()
                )
            }
            Self::Device => "A device of the school that is no one person’s".to_owned(),
            Self::Unknown => "A device that nobody knows".to_owned(),
        }
    }
}

/// What the page of one report must know of whoever looks at it.
#[derive(Debug)]
pub struct Seen {
    /// Who reported.
    pub teller: Teller,
    /// How the site stands for them.
    pub now: Said,
    /// Whether they may answer.
    pub may_answer: bool,
    /// Whether they may close the site.
    pub may_close: bool,
    /// Whether a request can be made of it.
    pub may_ask: bool,
}

/// All reports, those that wait first.
pub fn all(waiting: &[SiteReport], answered: &[SiteReport], zone: &Zone) -> Page {
    let title = "Reports about sites";
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            @if waiting.is_empty() {
                (InsetText::new("Nothing waits for an answer."))
            } @else {
                (table("Waiting for an answer, the newest first", waiting, zone))
            }
            @if !answered.is_empty() { (table("Answered", answered, zone)) }
        },
    )
    .before(BackLink::new("/today"))
}

fn table(caption: &str, reports: &[SiteReport], zone: &Zone) -> Markup {
    let rows = reports.iter().map(|report| {
        let link = html! {
            a .govuk-link href={ "/staff/reports/" (report.reference) } { (host(&report.tell.site.host)) }
        };
        vec![
            Cell::new(link),
            Cell::new(report.tell.kind.words()),
            Cell::new(tag(&report.outcome)),
            Cell::new(moment(report.created_at, zone)),
        ]
    });
    html! {
        div .fivebar-scroll tabindex="0" role="region" aria-label=(caption) {
            (Table {
                caption: Some(caption.to_owned()),
                caption_classes: "govuk-table__caption--m".into(),
                head: ["Site", "What was reported", "State", "When"].map(Cell::new).to_vec(),
                rows: rows.collect(),
                first_cell_is_header: true,
                ..Table::default()
            })
        }
    }
}

fn tag(outcome: &Outcome) -> Tag {
    match outcome {
        Outcome::Open => Tag::new("New", "govuk-tag--blue"),
        Outcome::Changed { .. } => Tag::new("Something was changed", "govuk-tag--green"),
        Outcome::LeftAsItIs { .. } => Tag::new("Left as it is", "govuk-tag--grey"),
    }
}

/// One report, with what whoever looks at it may do.
pub fn one(report: &SiteReport, seen: &Seen, form: &Submitted, mistakes: &Mistakes, zone: &Zone) -> Page {
    let title = format!("Report {}", report.reference);
    let page = format!("/staff/reports/{}", report.reference);
    let words = report.tell.words.reveal();
    let mut rows = vec![
        SummaryRow::new("Site", host(&report.tell.site.host)),
        SummaryRow::new("What was reported", report.tell.kind.words()),
        SummaryRow::new("What they saw", if words.is_empty() { "Nothing was written" } else { words }),
        SummaryRow::new("Reported from", seen.teller.words()),
        SummaryRow::new("When", moment(report.created_at, zone)),
        SummaryRow::new("State", tag(&report.outcome)),
    ];
    if let Some(path) = &report.tell.site.path {
        rows.insert(1, SummaryRow::new("Page of it", host(path)));
    }
    if let Outcome::Changed { answer, at } | Outcome::LeftAsItIs { answer, at } = &report.outcome {
        rows.push(SummaryRow::new("Answered", moment(*at, zone)));
        rows.push(SummaryRow::new("Answer", answer));
    }
    Page::new(
        &*title,
        html! {
            h1 .govuk-heading-l { (title) }
            (SummaryList::new(rows))
            (now::view(&seen.now, "Whoever reported it"))
            @if seen.may_answer { (answer_it(seen, &page, form, mistakes)) }
            @if seen.may_ask {
                h2 .govuk-heading-m { "Or look at it as a request" }
                p .govuk-body {
                    "Where the site should perhaps be open, this makes a request of it. Opening it then takes two people, as always, \
                     and whoever reported it is told where the answer will be."
                }
                form method="post" action={ (page) "/request" } novalidate {
                    (Button {
                        once: Some(true),
                        classes: "govuk-button--secondary".into(),
                        ..Button::new("Look at it as a request")
                    })
                }
            }
        },
    )
    .before(BackLink::new("/staff/reports"))
    .problems(mistakes.summary())
}

fn answer_it(seen: &Seen, page: &str, form: &Submitted, mistakes: &Mistakes) -> Markup {
    let words = |id: &'static str, label: &str, hint: &str| Textarea {
        hint: Some(Hint::new(hint)),
        error: mistakes.beside(id),
        value: form.text(id).to_owned(),
        rows: 3,
        ..Textarea::new(id, Label::new(label))
    };
    let mut outcomes = Vec::new();
    if seen.may_close {
        let why = words(
            "why",
            "Why is it closed?",
            "Whoever meets the closed site reads this. Say nothing of who reported it.",
        );
        outcomes.push(Radio {
            conditional: Some(html! { (why) }),
            ..Radio::new(
                "close",
                format!("Close it for everyone now, for {} hours", Closing::built_in().hours),
            )
        });
    }
    outcomes.push(Radio::new("changed", "Something was changed elsewhere"));
    outcomes.push(Radio::new("left", "It stays as it is"));
    let outcome = Radios {
        error: mistakes.beside("outcome"),
        ..Radios::new("outcome", Legend::new("What becomes of it?"), outcomes, form.text("outcome"))
    };
    html! {
        h2 .govuk-heading-m { "Answer it" }
        form method="post" action={ (page) "/answer" } novalidate {
            (outcome)
            (words("answer", "Answer", "Whoever reported it reads this, where they reported it. Name nobody."))
            (Button { once: Some(true), ..Button::new("Answer") })
        }
    }
}
