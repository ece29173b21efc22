//! What the page about health says.

use kit::{Timestamp, Zone};
use maud::{Markup, html};
use web::component::{BackLink, InsetText, SummaryList, SummaryRow, Tag};
use web::page::moment;
use web::speech::say;
use web::{Page, filled, marked};

use super::{Item, Level};

pub(super) fn tag(level: Level) -> Tag {
    match level {
        Level::Broken => Tag::new(say("health.put-it-right"), "govuk-tag--red"),
        Level::Look => Tag::new(say("health.look-at-it"), "govuk-tag--yellow"),
        Level::Well => Tag::new(say("health.well"), "govuk-tag--green"),
    }
}

/// How the filter fares.
pub fn health(items: &[Item], at: Timestamp, zone: &Zone) -> Page {
    let title = &say("health.how-the-filter-fares");
    let broken = items.iter().filter(|item| item.level == Level::Broken).count();
    let look = items.iter().filter(|item| item.level == Level::Look).count();
    let rows = items.iter().map(|item| SummaryRow::new(say(part(item.what)), said(item)));
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body { (marked!("health.at", when = moment(at, zone))) }
            @if broken == 0 && look == 0 {
                (InsetText::new(say("health.everything-is-well-there")))
            } @else {
                (InsetText::new(filled!("health.to-put-right-to", broken, look)))
            }
            (SummaryList::new(rows.collect()))
            p .govuk-body { a .govuk-link href="/staff/back-ups" { (say("health.back-ups")) } }
            p .govuk-body { a .govuk-link href="/staff/kept" { (say("health.how-long-things-are")) } }
        },
    )
    .before(BackLink::new("/today"))
}

/// The label of a part.
fn part(what: &str) -> &'static str {
    match what {
        "Gate" => "health-now.gate",
        "Illegal content" => "health-now.illegal-content",
        "Rules" => "health-now.rules",
        "Activity log" => "health-now.activity-log",
        "Lists" => "health-now.lists",
        "Tests" => "health-now.tests",
        "Back-ups" => "health.back-ups",
        _ => "common.devices",
    }
}

fn said(item: &Item) -> Markup {
    html! {
        (tag(item.level)) " " (item.says)
        @if let Some(remedy) = &item.remedy { br; strong { (say("health.what-to-do")) " " } (remedy) }
    }
}
