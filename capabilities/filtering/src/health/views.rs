//! What the pages about health and back-ups say.

use kit::{Timestamp, Zone};
use maud::{Markup, html};
use web::Page;
use web::component::{BackLink, Cell, InsetText, SummaryList, SummaryRow, Table, Tag};
use web::page::moment;

use super::backups::BackUp;
use super::{Item, Level};

fn tag(level: Level) -> Tag {
    match level {
        Level::Broken => Tag::new("Put it right", "govuk-tag--red"),
        Level::Look => Tag::new("Look at it", "govuk-tag--yellow"),
        Level::Well => Tag::new("Well", "govuk-tag--green"),
    }
}

/// How the filter fares.
pub fn health(items: &[Item], at: Timestamp, zone: &Zone) -> Page {
    let title = "How the filter fares";
    let broken = items.iter().filter(|item| item.level == Level::Broken).count();
    let look = items.iter().filter(|item| item.level == Level::Look).count();
    let rows = items.iter().map(|item| SummaryRow::new(item.what, said(item)));
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body { "At " (moment(at, zone)) "." }
            @if broken == 0 && look == 0 {
                (InsetText::new("Everything is well. There is nothing to do."))
            } @else {
                (InsetText::new(format!("To put right: {broken}. To look at: {look}.")))
            }
            (SummaryList::new(rows.collect()))
            p .govuk-body { a .govuk-link href="/staff/back-ups" { "Back-ups" } }
        },
    )
    .before(BackLink::new("/today"))
}

fn said(item: &Item) -> Markup {
    html! {
        (tag(item.level)) " " (item.says)
        @if let Some(remedy) = &item.remedy { br; strong { "What to do: " } (remedy) }
    }
}

/// The back-ups, newest first.
pub fn back_ups(backups: &[BackUp], zone: &Zone) -> Page {
    let title = "Back-ups";
    let rows = backups.iter().map(|one| {
        vec![
            Cell::new(moment(one.at, zone)),
            Cell::new(if one.restored { "Put back" } else { "Made, and read back" }),
            Cell::new(match (one.restored, one.encrypted) {
                (true, _) => "",
                (false, true) => "Encrypted",
                (false, false) => "Not encrypted",
            }),
            Cell::number(one.entries.map_or_else(String::new, |entries| entries.to_string())),
        ]
    });
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body {
                "Each is checked when it is made: it is read back and compared. Where it was put, and whether it is still there, this program \
                 cannot know. Try once a term to put one back on another machine."
            }
            @if backups.is_empty() {
                (InsetText::new("No back-up was ever made of these records. The network manager makes one with `fivebar backup create`."))
            } @else {
                (Table {
                    caption: Some("Newest first".to_owned()),
                    caption_classes: "govuk-table__caption--m".into(),
                    head: vec![
                        Cell::new("When"),
                        Cell::new("What"),
                        Cell::new("Encrypted"),
                        Cell::number("Entries of the access trail"),
                    ],
                    rows: rows.collect(),
                    first_cell_is_header: true,
                    ..Table::default()
                })
            }
        },
    )
    .before(BackLink::new("/staff/health"))
}
