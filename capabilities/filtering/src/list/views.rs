//! What the page about lists says.

use kit::Zone;
use maud::{Markup, html};
use web::component::{BackLink, Cell, InsetText, SummaryList, SummaryRow, Table, Tag};
use web::page::{host, moment};
use web::speech::say;
use web::{Page, marked};

use super::{Removed, Status};

/// A list, and what it is about in the school's words.
#[derive(Debug)]
pub struct Line {
    /// The list.
    pub status: Status,
    /// The names of its categories.
    pub about: String,
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

/// All lists, those that need somebody first.
pub fn all(lines: &[Line], removed: &[Removed], zone: &Zone) -> Page {
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
    html! {
        h3 .govuk-heading-s { (host(&list.id)) }
        (SummaryList::new(rows))
        @if let Some(what) = needs(status) { p .govuk-body { (what) } }
    }
}

fn table(lines: &[&Line], zone: &Zone) -> Table {
    let rows = lines.iter().map(|line| {
        let list = &line.status.list;
        let refused = list.report.refused_count();
        vec![
            Cell::new(host(&list.id)),
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
