//! What the page says about how long things are kept.

use kit::Zone;
use maud::{Markup, html};
use store::retention::{Kept, Last, Retention};
use web::component::{BackLink, Cell, InsetText, Table};
use web::page::moment;
use web::speech::say;
use web::{Page, counted, filled};

use super::model::Level;
use super::views::tag;

/// The page.
pub fn kept(rules: &Retention, last: Option<&Last>, zone: &Zone) -> Page {
    let title = &say("health.how-long-things-are");
    let by = |carried: fn(&Kept) -> bool| -> Vec<Vec<Cell>> {
        let rows = rules.table.iter().filter(|(_, kept)| carried(kept));
        rows.map(|(name, kept)| row(name, kept, last)).collect()
    };
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body { (say("kept.each-night-what-is")) }
            (when(last, zone))
            (table("kept.goes-by-itself", "kept.went-last", by(|kept| !kept.rule.is_empty() || kept.with.is_some())))
            (table("kept.goes-in-the-moment", "kept.how", by(|kept| kept.elsewhere.is_some())))
            (table("kept.stays", "common.why", by(|kept| kept.in_use.is_some())))
            (table("kept.has-a-time", "common.why", by(|kept| kept.not_yet.is_some())))
        },
    )
    .before(BackLink::new("/staff/health"))
}

fn when(last: Option<&Last>, zone: &Zone) -> Markup {
    let Some(last) = last else {
        return html! { (InsetText::new(say("kept.nothing-was-erased"))) };
    };
    let rows: u64 = last.erased.values().sum();
    let at = moment(kit::Timestamp::from_millis(last.at_ms), zone);
    html! {
        @if last.problem.is_empty() {
            p .govuk-body { (tag(Level::Well)) " " (counted!("kept.went-count", rows, when = at)) }
        } @else {
            p .govuk-body {
                (tag(Level::Look)) " " (counted!("kept.went-count", rows, when = at)) " "
                (filled!("kept.not-all-could", why = last.problem))
            }
        }
    }
}

fn row(name: &str, kept: &Kept, last: Option<&Last>) -> Vec<Cell> {
    let why = [&kept.elsewhere, &kept.in_use, &kept.not_yet].into_iter().flatten().next();
    let then = match (why, last) {
        (Some(why), _) => why.clone(),
        (None, Some(last)) => last.erased.get(name).copied().unwrap_or(0).to_string(),
        (None, None) => "0".to_owned(),
    };
    vec![Cell::new(&kept.called), Cell::new(&kept.says), Cell::new(then)]
}

fn table(caption: &str, third: &str, rows: Vec<Vec<Cell>>) -> Markup {
    let caption = &say(caption);
    html! {
        div .fivebar-scroll tabindex="0" role="region" aria-label=(caption) {
            (Table {
                caption: Some(caption.clone()),
                caption_classes: "govuk-table__caption--m".into(),
                head: [say("common.what"), say("kept.how-long"), say(third)].map(Cell::new).to_vec(),
                rows,
                first_cell_is_header: true,
                ..Table::default()
            })
        }
    }
}
