//! What the page about lists says.

use kit::Zone;
use maud::{Markup, html};
use web::Page;
use web::component::{BackLink, Cell, InsetText, SummaryList, SummaryRow, Table, Tag};
use web::page::{host, moment};

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
fn needs(status: &Status) -> Option<&'static str> {
    match status.word() {
        "waiting" => Some(
            "Look at what the update would change. The network manager takes it with `fivebar lists update`, or holds the list; until \
             then it is in use as it was.",
        ),
        "held" => {
            Some("Somebody holds it as it is. It is in use, and no update is taken until it is released.")
        }
        "failing" => Some("Nothing to do yet: it is tried again by itself, and is in use as it was."),
        _ => None,
    }
}

fn tag(status: &Status) -> Tag {
    match status.word() {
        "waiting" => Tag::new("Waits for a person", "govuk-tag--yellow"),
        "held" => Tag::new("Held", "govuk-tag--blue"),
        "failing" => Tag::new("Could not be fetched", "govuk-tag--orange"),
        _ => Tag::new("In use", "govuk-tag--green"),
    }
}

/// All lists, those that need somebody first.
pub fn all(lines: &[Line], removed: &[Removed], zone: &Zone) -> Page {
    let title = "Lists of sites";
    let (odd, well): (Vec<_>, Vec<_>) = lines.iter().partition(|line| needs(&line.status).is_some());
    let entries: u64 = lines.iter().map(|line| line.status.list.report.accepted).sum();
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            @if lines.is_empty() {
                (InsetText::new("No list is in use, so no site is known by what it is about. Tell the network manager."))
            } @else {
                p .govuk-body { (lines.len()) " lists with " (entries) " entries are in use." }
            }
            @if !odd.is_empty() {
                h2 .govuk-heading-m { "To look at" }
                @for line in &odd { (one(line, zone)) }
            }
            @if !well.is_empty() {
                div .fivebar-scroll tabindex="0" role="region" aria-label="Lists in use" { (table(&well, zone)) }
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
        SummaryRow::new("State", tag(status)),
        SummaryRow::new("About", &line.about),
        SummaryRow::new("From", host(&list.source)),
        SummaryRow::new("Entries", list.report.accepted.to_string()),
        SummaryRow::new("Read", moment(list.imported_at, zone)),
    ];
    rows.extend(status.waits.as_ref().map(|why| SummaryRow::new("What waits", why)));
    rows.extend(status.note.as_ref().map(|note| SummaryRow::new("Note", note)));
    let problem = status.web.as_ref().and_then(|web| web.problem.as_ref());
    rows.extend(problem.map(|problem| SummaryRow::new("Why", problem)));
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
                "version " (list.version) ", from " (host(&list.source))
                @if refused > 0 { "; " (refused) " lines could not be read" }
            }),
        ]
    });
    Table {
        caption: Some("In use".to_owned()),
        caption_classes: "govuk-table__caption--m".into(),
        head: vec![
            Cell::new("List"),
            Cell::new("About"),
            Cell::number("Entries"),
            Cell::new("Read"),
            Cell::new("Version and source"),
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
            Cell::new(one.reason.as_deref().unwrap_or("The reason was not kept")),
        ]
    });
    Table {
        caption: Some("Taken out of use".to_owned()),
        caption_classes: "govuk-table__caption--m".into(),
        head: ["List", "When", "Why"].map(Cell::new).to_vec(),
        rows: rows.collect(),
        first_cell_is_header: true,
        ..Table::default()
    }
}
