//! What the page says that explains.

use engine::explain::Trace;
use kit::{Private, Timestamp, Zone};
use maud::{Markup, html};
use web::component::{
    BackLink, Button, Cell, Choice, Details, Hint, Input, InsetText, Label, Select, SummaryList, SummaryRow,
    Table,
};
use web::page::{host, moment};
use web::speech::say;
use web::{Mistakes, Page, Submitted, filled, marked};

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

/// What the pages are called.
fn title() -> String {
    say("explain.title")
}

fn fields(groups: &[(String, String)], anybody: bool, form: &Submitted, mistakes: &Mistakes) -> Markup {
    let mut choices = vec![Choice::new("", say("explain.choose-a-class-group"))];
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
            (line("site", &say("explain.which-site"), &say("explain.its-address-like-www")))
            (Select {
                error: mistakes.beside("group"),
                ..Select::new("group", Label::new(say("common.for-whom")), choices, form.text("group"))
            })
            (line("person", &say("explain.or-one-person"), &say("explain.the-name-as-the")))
            @if anybody { (line("device", &say("explain.or-a-device"), &say("explain.its-address-on-the"))) }
            (line("when", &say("explain.when"), &say("explain.leave-it-empty-for")))
            (Button::new(say("explain.explain")))
        }
    }
}

/// The form.
pub fn form(groups: &[(String, String)], anybody: bool, form: &Submitted, mistakes: &Mistakes) -> Page {
    Page::new(title(), html! { h1 .govuk-heading-l { (title()) } (fields(groups, anybody, form, mistakes)) })
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
    let title = &say(if closed { "explain.closed" } else { "explain.open" });
    let about = |text: &str| match answer.name {
        Some(name) => text.replace("this person", name.reveal()),
        None => text.to_owned(),
    };
    let mut rows = vec![
        SummaryRow::new(say("common.site"), host(&answer.target.host)),
        SummaryRow::new(say("explain.for"), answer.whom.reveal()),
        SummaryRow::new(
            say("common.when"),
            html! { (moment(answer.at, zone)) @if answer.is_now { (say("explain.now")) } },
        ),
    ];
    if !answer.categories.is_empty() {
        rows.push(SummaryRow::new(say("explain.what-it-is-about"), answer.categories.join(", ")));
    }
    if !answer.services.is_empty() {
        rows.push(SummaryRow::new(say("explain.service"), answer.services.join(", ")));
    }
    if let Some(safe) = &told.safe_search {
        rows.push(SummaryRow::new(say("explain.safe-search"), &safe.why));
    }
    if let Some((number, at)) = answer.policy {
        rows.push(SummaryRow::new(
            say("explain.policy"),
            filled!("explain.version-applied-at", number, when = moment(at, zone)),
        ));
    }
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) ": " (host(&answer.target.host)) }
            (InsetText::new(about(&told.reason)))
            @if let Some(until) = told.observing_until {
                p .govuk-body {
                    (marked!("explain.this-is-not-carried", when = moment(until, zone)))
                }
            }
            (SummaryList::new(rows))
            h2 .govuk-heading-m { (say("explain.how-the-filter-came")) }
            (steps(told, &about))
            @if !answer.named.is_empty() {
                h2 .govuk-heading-m { (say("explain.lists-that-name-it")) }
                div .fivebar-scroll tabindex="0" role="region" aria-label=(say("explain.lists-that-name-it")) { (named(&answer.named, zone)) }
            }
            h2 .govuk-heading-m { (say("explain.what-would-change-it")) }
            p .govuk-body {
                @match &answer.change {
                    Some(change) => { (marked!("explain.the-smallest-change", change = about(change))) },
                    None => (say("explain.no-change-that-anybody")),
                }
            }
            @if closed && answer.may_open && answer.change.is_some() {
                p .govuk-body { a .govuk-link href="/staff/lessons/open" { (say("explain.open-it-for-a")) } }
            }
            (Details::new(say("explain.ask-about-something-else"), fields(groups, anybody, form, &Mistakes::default())))
        },
    )
    .before(BackLink::new("/staff/explain"))
}

/// Each question in its order, and what the answer was; the last one decided.
fn steps(told: &Trace, about: &dyn Fn(&str) -> String) -> Table {
    let passed = told.passed.iter().map(|passed| {
        vec![Cell::new(say(words::of_step(passed.step))), Cell::new(sentence(&about(&passed.why)))]
    });
    let spoke = vec![
        Cell::new(say(words::of_step(told.step))),
        Cell::new(html! { strong { (about(&told.reason)) } }),
    ];
    Table {
        caption: Some(say("explain.the-questions-in-their")),
        caption_classes: "govuk-table__caption--s".into(),
        head: [say("explain.question"), say("explain.answer")].map(Cell::new).to_vec(),
        rows: passed.chain([spoke]).collect(),
        first_cell_is_header: true,
        ..Table::default()
    }
}

fn sentence(words: &str) -> String {
    let mut words = web::sentence(words);
    words.push('.');
    words
}

fn named(named: &[NamedIn], zone: &Zone) -> Table {
    let rows = named.iter().map(|one| {
        vec![
            Cell::new(host(&one.named.list)),
            Cell::new(
                one.version.map_or_else(|| say("explain.not-in-use-now"), |version| version.to_string()),
            ),
            Cell::new(one.read_at.map_or_else(String::new, |at| moment(at, zone))),
            Cell::new(&one.named.first_seen),
            Cell::new(one.named.licence.clone().unwrap_or_else(|| say("explain.not-said"))),
        ]
    });
    Table {
        caption: Some(say("explain.each-list-the-version")),
        caption_classes: "govuk-table__caption--s".into(),
        head: [
            say("explain.list"),
            say("explain.version"),
            say("explain.read"),
            say("explain.names-it-since"),
            say("explain.licence"),
        ]
        .map(Cell::new)
        .to_vec(),
        rows: rows.collect(),
        first_cell_is_header: true,
        ..Table::default()
    }
}
