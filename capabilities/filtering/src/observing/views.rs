//! What the page about observing only says.

use kit::{Timestamp, Zone};
use maud::html;
use web::Page;
use web::component::{BackLink, Cell, InsetText, SummaryList, SummaryRow, Table, WarningText};
use web::page::moment;

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
    let title = "Observing only";
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
                Some(now) => (WarningText::new(format!(
                    "The filter refuses nothing but illegal content until {}. Another filter must do the filtering until then.",
                    moment(now.span.ends_at, zone)
                ))),
                None => (InsetText::new("The filter refuses what it decides to: it does not observe only.")),
            }
            @if let Some(Counted { requests, would_block }) = counted {
                (SummaryList::new(vec![
                    SummaryRow::new("Requests in the newest such time", requests.to_string()),
                    SummaryRow::new("Would have been refused", would_block.to_string()),
                ]))
                p .govuk-body {
                    "What the other filter refuses it answers itself, so it is not counted here. Which requests these were is found under "
                    a .govuk-link href="/staff/activity" { "activity" }
                    ", as “would have been blocked”; the network manager’s report by group and site is `fivebar observe report`."
                }
            } @else if !ever.is_empty() {
                p .govuk-body { "How much would have been refused cannot be said just now: the activity log does not answer." }
            }
            @if !ever.is_empty() {
                (Table {
                    caption: Some("When it observed only, newest first".to_owned()),
                    caption_classes: "govuk-table__caption--m".into(),
                    head: ["From", "Until", "State", "Why"].map(Cell::new).to_vec(),
                    rows: rows.collect(),
                    first_cell_is_header: true,
                    ..Table::default()
                })
            }
        },
    )
    .before(BackLink::new("/today"))
}
