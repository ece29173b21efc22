//! What the pages about lists say.

use kit::Zone;
use maud::{Markup, html};
use web::component::{
    BackLink, Button, Cell, Hint, InsetText, Label, SummaryList, SummaryRow, Table, Tag, Textarea,
};
use web::form::in_a_query;
use web::page::{host, moment};
use web::speech::say;
use web::{Mistakes, Page, Submitted, marked};

use super::web::is_web;
use super::{Removed, State, Status};
use crate::errand::views::{Form, Offer};

/// A list, and what it is about in the school's words.
#[derive(Debug)]
pub struct Line {
    /// The list.
    pub status: Status,
    /// The names of its categories.
    pub about: String,
}

/// The page of a list. Its id is no secret, and holds what file names do.
pub(super) fn way(id: &str) -> String {
    let parts: Vec<String> = id.split('/').map(|part| in_a_query(part).replace('+', "%20")).collect();
    format!("/staff/lists/of/{}", parts.join("/"))
}

fn link(id: &str) -> Markup {
    html! { a .govuk-link href=(way(id)) { (host(id)) } }
}

/// What whoever looks at a list may do.
#[derive(Debug, Clone, Copy)]
pub struct May<'a> {
    /// Holding and releasing it.
    pub hold: bool,
    /// Proposing to take it out of use.
    pub remove: bool,
    /// The page of what is proposed about it, where that waits.
    pub proposed: Option<&'a str>,
    /// How taking what waits is offered, and how it goes.
    pub take: &'a Offer,
}

/// What somebody should do about a list, where there is anything to do.
fn needs(status: &Status) -> Option<String> {
    match status.word() {
        "waiting" => Some(say("lists.look-at-what-the")),
        "held" => Some(say("lists.somebody-holds-it-as")),
        "failing" => Some(say("lists.nothing-to-do-yet")),
        _ => None,
    }
}

fn tag(status: &Status) -> Tag {
    match status.word() {
        "waiting" => Tag::new(say("lists.waits-for-a-person"), "govuk-tag--yellow"),
        "held" => Tag::new(say("lists.held"), "govuk-tag--blue"),
        "failing" => Tag::new(say("lists.could-not-be-fetched"), "govuk-tag--orange"),
        _ => Tag::new(say("lists.in-use"), "govuk-tag--green"),
    }
}

/// All lists, those that need somebody first. `going` are the ids of those that somebody proposed to take out of use, each with the page of
/// what is proposed.
pub fn all(lines: &[Line], going: &[(String, String)], removed: &[Removed], zone: &Zone) -> Page {
    let title = &say("lists.lists-of-sites");
    let (odd, well): (Vec<_>, Vec<_>) = lines.iter().partition(|line| needs(&line.status).is_some());
    let entries: u64 = lines.iter().map(|line| line.status.list.report.accepted).sum();
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            @if lines.is_empty() {
                (InsetText::new(say("lists.no-list-is-in")))
            } @else {
                p .govuk-body { (marked!("lists.lists-with-entries-are", n = lines.len(), entries)) }
            }
            @if !going.is_empty() {
                h2 .govuk-heading-m { (say("lists.proposed-to-take-it")) }
                ul .govuk-list.govuk-list--bullet {
                    @for (id, page) in going { li { a .govuk-link href=(page) { (host(id)) } } }
                }
            }
            @if !odd.is_empty() {
                h2 .govuk-heading-m { (say("lists.to-look-at")) }
                @for line in &odd { (one(line, zone)) }
            }
            @if !well.is_empty() {
                div .fivebar-scroll tabindex="0" role="region" aria-label=(say("lists.lists-in-use")) { (table(&well, zone)) }
            }
            @if !removed.is_empty() { (gone(removed, zone)) }
        },
    )
    .before(BackLink::new("/today"))
}

fn one(line: &Line, zone: &Zone) -> Markup {
    html! {
        h3 .govuk-heading-s { (link(&line.status.list.id)) }
        (summary(line, zone))
        @if let Some(what) = needs(&line.status) { p .govuk-body { (what) } }
    }
}

pub(super) fn summary(line: &Line, zone: &Zone) -> SummaryList {
    let status = &line.status;
    let list = &status.list;
    let mut rows = vec![
        SummaryRow::new(say("common.state"), tag(status)),
        SummaryRow::new(say("lists.about"), &line.about),
        SummaryRow::new(say("common.from"), host(&list.source)),
        SummaryRow::new(say("lists.entries"), list.report.accepted.to_string()),
        SummaryRow::new(say("lists.read"), moment(list.imported_at, zone)),
    ];
    rows.extend(status.waits.as_ref().map(|why| SummaryRow::new(say("lists.what-waits"), why)));
    rows.extend(status.note.as_ref().map(|note| SummaryRow::new(say("lists.note"), note)));
    let problem = status.web.as_ref().and_then(|web| web.problem.as_ref());
    rows.extend(problem.map(|problem| SummaryRow::new(say("common.why"), problem)));
    SummaryList::new(rows)
}

/// One list in use, with what the reader may do.
pub fn of(line: &Line, may: &May<'_>, form: &Submitted, mistakes: &Mistakes, zone: &Zone) -> Page {
    let list = &line.status.list;
    let page = way(&list.id);
    let held = list.state == State::Held;
    let waits = !held && line.status.waits.is_some();
    let (about, button) = (say("lists.it-is-fetched-anew"), say("lists.take-the-update"));
    let take = Form { action: "/staff/lists/take", page: &page, about: &about, button: &button };
    // Only one that waits can be taken, and only what the hub can fetch.
    let may_take = may.take.may && waits && is_web(&list.source);
    let asked = |then: &'static str| asked(&list.id, then, form, mistakes);
    Page::new(
        say("lists.list"),
        html! {
            h1 .govuk-heading-l { (host(&list.id)) }
            (summary(line, zone))
            @if let Some(what) = needs(&line.status) { p .govuk-body { (what) } }
            @if waits || may.take.ran.is_some() {
                h2 .govuk-heading-m { (say("lists.take-what-waits")) }
                (Offer { may: may_take, ..may.take.clone() }.shown(&take, asked("take"), zone))
                @if waits && !is_web(&list.source) { p .govuk-body { (say("lists.it-is-read-from")) } }
            }
            @if may.hold { (turning(held, asked("hold"))) }
            @if may.remove || may.proposed.is_some() { (removing(may.proposed, asked("remove"))) }
            p .govuk-body { (say("lists.at-the-machine")) }
        },
    )
    .before(BackLink::new("/staff/lists"))
    .problems(mistakes.summary())
}

/// Of which list, and why, for whoever looks back. Each form of the page asks it: what was written, and what is wrong with it, stands in the
/// one that was sent.
fn asked(list: &str, then: &'static str, form: &Submitted, mistakes: &Mistakes) -> Markup {
    let is_sent = form.text("then") == then;
    let why = Textarea {
        id: if is_sent { "why".to_owned() } else { format!("why-{then}") },
        hint: Some(Hint::new(say("lists.it-is-kept-and"))),
        error: mistakes.beside("why").filter(|_| is_sent),
        value: if is_sent { form.text("why").to_owned() } else { String::new() },
        rows: 3,
        ..Textarea::new("why", Label::new(say("common.why-asked")))
    };
    html! {
        input type="hidden" name="list" value=(list);
        input type="hidden" name="then" value=(then);
        (why)
    }
}

fn turning(held: bool, asked: Markup) -> Markup {
    let (heading, about, action) = if held {
        ("lists.release-it", "lists.its-updates-are-taken", "/staff/lists/release")
    } else {
        ("lists.hold-it-as-it", "lists.it-stays-in-use", "/staff/lists/hold")
    };
    html! {
        h2 .govuk-heading-m { (say(heading)) }
        form method="post" action=(action) novalidate {
            p .govuk-body { (say(about)) }
            (asked)
            (Button { once: Some(true), classes: "govuk-button--secondary".into(), ..Button::new(say(heading)) })
        }
    }
}

/// Taking it out of use: the form that proposes it, or the way to what was proposed.
fn removing(proposed: Option<&str>, asked: Markup) -> Markup {
    html! {
        h2 .govuk-heading-m { (say("lists.take-it-out-of")) }
        @match proposed {
            Some(page) => p .govuk-body {
                (say("lists.somebody-proposed-to")) " "
                a .govuk-link href=(page) { (say("lists.see-what-is-proposed")) }
            },
            None => form method="post" action="/staff/lists/removal" novalidate {
                p .govuk-body { (say("lists.that-opens-every")) }
                (asked)
                (Button { once: Some(true), classes: "govuk-button--warning".into(), ..Button::new(say("lists.propose-to-take-it")) })
            },
        }
    }
}

fn table(lines: &[&Line], zone: &Zone) -> Table {
    let rows = lines.iter().map(|line| {
        let list = &line.status.list;
        let refused = list.report.refused_count();
        vec![
            Cell::new(link(&list.id)),
            Cell::new(&line.about),
            Cell::number(list.report.accepted.to_string()),
            Cell::new(moment(list.imported_at, zone)),
            Cell::new(html! {
                (marked!("lists.version-from", version = list.version, site = host(&list.source)))
                @if refused > 0 { (marked!("lists.lines-could-not-be", refused)) }
            }),
        ]
    });
    Table {
        caption: Some(say("lists.in-use")),
        caption_classes: "govuk-table__caption--m".into(),
        head: vec![
            Cell::new(say("lists.list")),
            Cell::new(say("lists.about")),
            Cell::number(say("lists.entries")),
            Cell::new(say("lists.read")),
            Cell::new(say("lists.version-and-source")),
        ],
        rows: rows.collect(),
        first_cell_is_header: true,
        ..Table::default()
    }
}

fn gone(removed: &[Removed], zone: &Zone) -> Table {
    let rows = removed.iter().map(|one| {
        vec![
            Cell::new(host(&one.id)),
            Cell::new(moment(one.at, zone)),
            Cell::new(one.reason.clone().unwrap_or_else(|| say("lists.the-reason-was-not"))),
        ]
    });
    Table {
        caption: Some(say("lists.taken-out-of-use")),
        caption_classes: "govuk-table__caption--m".into(),
        head: [say("lists.list"), say("common.when"), say("common.why")].map(Cell::new).to_vec(),
        rows: rows.collect(),
        first_cell_is_header: true,
        ..Table::default()
    }
}
