//! What the pages of those say who answer reports.

use kit::{Private, Zone};
use maud::{Markup, html};
use web::component::{
    BackLink, Button, Cell, Hint, InsetText, Label, Legend, Radio, Radios, SummaryList, SummaryRow, Table,
    Tag, Textarea,
};
use web::page::{host, moment};
use web::speech::say;
use web::{Mistakes, Page, Submitted, filled};

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
            Self::NotKept => say("reports.nothing-is-kept-of"),
            Self::SignedIn(name, None) => filled!("request.who-was-signed-in", name = name.reveal()),
            Self::SignedIn(name, Some(other)) => {
                filled!("reports.who-was-signed-in-on", name = name.reveal(), other = other.reveal())
            }
            Self::DeviceOf(name) => filled!("reports.a-device-of", name = name.reveal()),
            Self::Device => say("reports.a-device-of-nobody"),
            Self::Unknown => say("reports.a-device-that-nobody"),
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
    let title = &say("reports.reports-about-sites");
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            @if waiting.is_empty() {
                (InsetText::new(say("request.nothing-waits-for-an")))
            } @else {
                (table(&say("reports.waiting-newest-first"), waiting, zone))
            }
            @if !answered.is_empty() { (table(&say("request.answered"), answered, zone)) }
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
            Cell::new(say(report.tell.kind.label())),
            Cell::new(tag(&report.outcome)),
            Cell::new(moment(report.created_at, zone)),
        ]
    });
    html! {
        div .fivebar-scroll tabindex="0" role="region" aria-label=(caption) {
            (Table {
                caption: Some(caption.to_owned()),
                caption_classes: "govuk-table__caption--m".into(),
                head: [say("common.site"), say("reports.what-was-reported"), say("common.state"), say("common.when")]
                    .map(Cell::new)
                    .to_vec(),
                rows: rows.collect(),
                first_cell_is_header: true,
                ..Table::default()
            })
        }
    }
}

fn tag(outcome: &Outcome) -> Tag {
    match outcome {
        Outcome::Open => Tag::new(say("request.new"), "govuk-tag--blue"),
        Outcome::Changed { .. } => Tag::new(say("reports.something-was-changed"), "govuk-tag--green"),
        Outcome::LeftAsItIs { .. } => Tag::new(say("reports.left-as-it-is"), "govuk-tag--grey"),
    }
}

/// One report, with what whoever looks at it may do.
pub fn one(report: &SiteReport, seen: &Seen, form: &Submitted, mistakes: &Mistakes, zone: &Zone) -> Page {
    let title = filled!("reports.report", reference = report.reference);
    let page = format!("/staff/reports/{}", report.reference);
    let words = report.tell.words.reveal();
    let written = if words.is_empty() { say("reports.nothing-was-written") } else { words.clone() };
    let mut rows = vec![
        SummaryRow::new(say("common.site"), host(&report.tell.site.host)),
        SummaryRow::new(say("reports.what-was-reported"), say(report.tell.kind.label())),
        SummaryRow::new(say("reports.what-they-saw"), written),
        SummaryRow::new(say("reports.reported-from"), seen.teller.words()),
        SummaryRow::new(say("common.when"), moment(report.created_at, zone)),
        SummaryRow::new(say("common.state"), tag(&report.outcome)),
    ];
    if let Some(path) = &report.tell.site.path {
        rows.insert(1, SummaryRow::new(say("reports.page-of-it"), host(path)));
    }
    if let Outcome::Changed { answer, at } | Outcome::LeftAsItIs { answer, at } = &report.outcome {
        rows.push(SummaryRow::new(say("request.answered"), moment(*at, zone)));
        rows.push(SummaryRow::new(say("request.answer"), answer));
    }
    Page::new(
        &*title,
        html! {
            h1 .govuk-heading-l { (title) }
            (SummaryList::new(rows))
            (now::view(&seen.now, &say("reports.whoever-reported-it")))
            @if seen.may_answer { (answer_it(seen, &page, form, mistakes)) }
            @if seen.may_ask {
                h2 .govuk-heading-m { (say("reports.or-look-at-it")) }
                p .govuk-body { (say("reports.where-the-site-should")) }
                form method="post" action={ (page) "/request" } novalidate {
                    (Button {
                        once: Some(true),
                        classes: "govuk-button--secondary".into(),
                        ..Button::new(say("reports.look-at-it-as"))
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
        outcomes.push(Radio::new(
            "close",
            filled!("reports.close-it-for-everyone", hours = Closing::built_in().hours),
        ));
    }
    outcomes.push(Radio::new("changed", say("reports.something-was-changed-elsewhere")));
    outcomes.push(Radio::new("left", say("reports.it-stays-as-it")));
    let outcome = Radios {
        error: mistakes.beside("outcome"),
        ..Radios::new(
            "outcome",
            Legend::new(say("reports.what-becomes-of-it")),
            outcomes,
            form.text("outcome"),
        )
    };
    html! {
        h2 .govuk-heading-m { (say("reports.answer-it")) }
        form method="post" action={ (page) "/answer" } novalidate {
            (outcome)
            // In sight whatever is chosen: what a radio button opens cannot be told to every reader of screens.
            @if seen.may_close {
                (words("why", &say("reports.why-is-it-closed"), &say("reports.whoever-meets-the")))
            }
            (words("answer", &say("request.answer"), &say("reports.whoever-reported-it-reads")))
            (Button { once: Some(true), ..Button::new(say("request.answer")) })
        }
    }
}
