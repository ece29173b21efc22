//! What the page says that explains.

use engine::explain::Trace;
use kit::{Private, Timestamp, Zone};
use maud::{Markup, html};
use web::component::{
    BackLink, Button, Cell, Choice, Details, Hint, Input, InsetText, Label, Select, SummaryList, SummaryRow,
    Table,
};
use web::page::{host, moment};
use web::{Mistakes, Page, Submitted};

use super::{Target, words};
use crate::portal::NamedBy;

/// A list that names the site, and which version of it is in use.
#[derive(Debug)]
pub struct NamedIn {
    /// The list, and since when it names the site.
    pub named: NamedBy,
    /// Its version in use.
    pub version: Option<u32>,
    /// When that was read.
    pub read_at: Option<Timestamp>,
}

/// An answer.
pub struct Answer<'a> {
    /// What was asked about.
    pub target: &'a Target,
    /// For whom.
    pub whom: &'a Private<String>,
    /// Whether it is known which person that is.
    pub is_person: bool,
    /// Their name, where it was asked about them.
    pub name: Option<&'a Private<String>>,
    /// At which moment.
    pub at: Timestamp,
    /// Whether that is now.
    pub is_now: bool,
    /// What is decided and why.
    pub told: &'a Trace,
    /// What lists say it is about.
    pub categories: Vec<String>,
    /// The well-known services that it belongs to.
    pub services: Vec<String>,
    /// Lists that name it.
    pub named: Vec<NamedIn>,
    /// The number of the policy that decides, and when it was applied.
    pub policy: Option<(u32, Timestamp)>,
    /// The smallest change that would turn it round.
    pub change: Option<String>,
    /// Whether whoever asks may open a site for a lesson.
    pub may_open: bool,
}

const TITLE: &str = "Why is a site open or closed?";

fn fields(groups: &[(String, String)], anybody: bool, form: &Submitted, mistakes: &Mistakes) -> Markup {
    let mut choices = vec![Choice::new("", "Choose a class, group or room")];
    choices.extend(groups.iter().map(|(id, name)| Choice::new(id.as_str(), name.as_str())));
    let line = |id: &'static str, label: &str, hint: &str| Input {
        hint: Some(Hint::new(hint)),
        error: mistakes.beside(id),
        value: Some(form.line(id)),
        spellcheck: Some(false),
        autocapitalize: Some("none".to_owned()),
        autocomplete: Some("off".to_owned()),
        ..Input::new(id, Label::new(label))
    };
    html! {
        form method="post" action="/staff/explain" novalidate {
            (line("site", "Which site?", "Its address, like www.example.org"))
            (Select {
                error: mistakes.beside("group"),
                ..Select::new("group", Label::new("For whom?"), choices, form.text("group"))
            })
            (line("person", "Or one person", "The name as the roll has it, or the school’s own number."))
            @if anybody { (line("device", "Or a device", "Its address on the school’s network, like 10.4.0.27")) }
            (line("when", "When?", "Leave it empty for now; otherwise like 2026-11-23 10:30. The rules that hold today are asked."))
            (Button::new("Explain"))
        }
    }
}

/// The form.
pub fn form(groups: &[(String, String)], anybody: bool, form: &Submitted, mistakes: &Mistakes) -> Page {
    Page::new(TITLE, html! { h1 .govuk-heading-l { (TITLE) } (fields(groups, anybody, form, mistakes)) })
        .before(BackLink::new("/today"))
        .problems(mistakes.summary())
}

/// The answer, with the form below it.
pub fn answer(
    answer: &Answer<'_>,
    groups: &[(String, String)],
    anybody: bool,
    form: &Submitted,
    zone: &Zone,
) -> Page {
    let told = answer.told;
    let closed = told.decision.verdict.is_block();
    let title = if closed { "Closed" } else { "Open" };
    let about = |text: &str| match answer.name {
        Some(name) => text.replace("this person", name.reveal()),
        None => text.to_owned(),
    };
    let mut rows = vec![
        SummaryRow::new("Site", host(&answer.target.host)),
        SummaryRow::new("For", answer.whom.reveal()),
        SummaryRow::new("When", html! { (moment(answer.at, zone)) @if answer.is_now { ", now" } }),
    ];
    if !answer.categories.is_empty() {
        rows.push(SummaryRow::new("What it is about", answer.categories.join(", ")));
    }
    if !answer.services.is_empty() {
        rows.push(SummaryRow::new("Service", answer.services.join(", ")));
    }
    if let Some(safe) = &told.safe_search {
        rows.push(SummaryRow::new("Safe search", &safe.why));
    }
    if let Some((number, at)) = answer.policy {
        rows.push(SummaryRow::new("Policy", format!("Version {number}, applied at {}", moment(at, zone))));
    }
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) ": " (host(&answer.target.host)) }
            (InsetText::new(about(&told.reason)))
            @if let Some(until) = told.observing_until {
                p .govuk-body {
                    "This is not carried out: the filter observes only until " (moment(until, zone))
                    ", and refuses nothing but illegal content."
                }
            }
            (SummaryList::new(rows))
            h2 .govuk-heading-m { "How the filter came to that" }
            (steps(told, &about))
            @if !answer.named.is_empty() {
                h2 .govuk-heading-m { "Lists that name it" }
                div .fivebar-scroll tabindex="0" role="region" aria-label="Lists that name it" { (named(&answer.named, zone)) }
            }
            h2 .govuk-heading-m { "What would change it" }
            p .govuk-body {
                @match &answer.change {
                    Some(change) => { "The smallest change: " (about(change)) "." },
                    None => "No change that anybody at the school may make would change it.",
                }
            }
            @if closed && answer.may_open && answer.change.is_some() {
                p .govuk-body { a .govuk-link href="/staff/lessons/open" { "Open it for a lesson" } }
            }
            (Details::new("Ask about something else", fields(groups, anybody, form, &Mistakes::default())))
        },
    )
    .before(BackLink::new("/staff/explain"))
}

/// Each question in its order, and what the answer was; the last one decided.
fn steps(told: &Trace, about: &dyn Fn(&str) -> String) -> Table {
    let passed = told
        .passed
        .iter()
        .map(|passed| vec![Cell::new(words::of_step(passed.step)), Cell::new(sentence(&about(&passed.why)))]);
    let spoke =
        vec![Cell::new(words::of_step(told.step)), Cell::new(html! { strong { (about(&told.reason)) } })];
    Table {
        caption: Some("The questions in their order; the last one decided".to_owned()),
        caption_classes: "govuk-table__caption--s".into(),
        head: ["Question", "Answer"].map(Cell::new).to_vec(),
        rows: passed.chain([spoke]).collect(),
        first_cell_is_header: true,
        ..Table::default()
    }
}

fn sentence(words: &str) -> String {
    let mut words = crate::site_request::staff_pages::sentence(words);
    words.push('.');
    words
}

fn named(named: &[NamedIn], zone: &Zone) -> Table {
    let rows = named.iter().map(|one| {
        vec![
            Cell::new(host(&one.named.list)),
            Cell::new(one.version.map_or_else(|| "not in use now".to_owned(), |version| version.to_string())),
            Cell::new(one.read_at.map_or_else(String::new, |at| moment(at, zone))),
            Cell::new(&one.named.first_seen),
            Cell::new(one.named.licence.as_deref().unwrap_or("not said")),
        ]
    });
    Table {
        caption: Some("Each list, the version in use, and since when it names the site".to_owned()),
        caption_classes: "govuk-table__caption--s".into(),
        head: ["List", "Version", "Read", "Names it since", "Licence"].map(Cell::new).to_vec(),
        rows: rows.collect(),
        first_cell_is_header: true,
        ..Table::default()
    }
}
