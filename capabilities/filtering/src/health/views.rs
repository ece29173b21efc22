//! What the page about health says.

use kit::{Timestamp, Zone};
use maud::{Markup, html};
use web::Page;
use web::component::{BackLink, InsetText, SummaryList, SummaryRow, Tag};
use web::page::moment;

use super::{Item, Level};

pub(super) fn tag(level: Level) -> Tag {
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
            p .govuk-body { a .govuk-link href="/staff/kept" { "How long things are kept" } }
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
