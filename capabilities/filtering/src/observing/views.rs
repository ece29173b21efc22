//! What the page about observing only says.

use kit::{Timestamp, Zone};
use maud::html;
use web::component::{BackLink, Cell, InsetText, SummaryList, SummaryRow, Table, WarningText};
use web::page::moment;
use web::speech::say;
use web::{Page, filled, marked};

use super::Observing;
use crate::lasting::State;

/// What was asked for while the filter observed only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// All of it.
    pub requests: u64,
    /// What would have been refused of it.
    pub would_block: u64,
}

/// Whether it observes only, and when it did; `counted` is about the newest time.
pub fn all(ever: &[Observing], counted: Option<Counted>, at: Timestamp, zone: &Zone) -> Page {
    let title = &say("observing.observing-only");
    let now = ever.iter().find(|one| one.state(at) == State::Now);
    let rows = ever.iter().map(|one| {
        let ended = one.withdrawn.as_ref().map_or(one.span.ends_at, |withdrawn| withdrawn.at);
        vec![
            Cell::new(moment(one.span.starts_at, zone)),
            Cell::new(moment(ended, zone)),
            Cell::new(one.state(at).words()),
            Cell::new(&one.reason),
        ]
    });
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            @match now {
                Some(now) => (WarningText::new(filled!("observing.the-filter-refuses-nothing", when = moment(now.span.ends_at, zone)))),
                None => (InsetText::new(say("observing.the-filter-refuses-what"))),
            }
            @if let Some(Counted { requests, would_block }) = counted {
                (SummaryList::new(vec![
                    SummaryRow::new(say("observing.requests-in-the-newest"), requests.to_string()),
                    SummaryRow::new(say("observing.would-have-been-refused"), would_block.to_string()),
                ]))
                p .govuk-body {
                    (marked!("observing.what-the-other-filter", link = html! { a .govuk-link href="/staff/activity" { (say("observing.activity")) } }))
                }
            } @else if !ever.is_empty() {
                p .govuk-body { (say("observing.how-much-would-have")) }
            }
            @if !ever.is_empty() {
                (Table {
                    caption: Some(say("observing.when-it-observed-only")),
                    caption_classes: "govuk-table__caption--m".into(),
                    head: [say("common.from"), say("common.until"), say("common.state"), say("common.why")].map(Cell::new).to_vec(),
                    rows: rows.collect(),
                    first_cell_is_header: true,
                    ..Table::default()
                })
            }
        },
    )
    .before(BackLink::new("/today"))
}
