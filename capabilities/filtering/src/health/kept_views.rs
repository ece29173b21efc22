//! What the page says about how long things are kept.

use kit::Zone;
use maud::{Markup, html};
use store::retention::{Kept, Last, Retention};
use web::Page;
use web::component::{BackLink, Cell, InsetText, Table};
use web::page::moment;

use super::model::Level;
use super::views::tag;

/// The page.
pub fn kept(rules: &Retention, last: Option<&Last>, zone: &Zone) -> Page {
    let title = "How long things are kept";
    let by = |carried: fn(&Kept) -> bool| -> Vec<Vec<Cell>> {
        let rows = rules.table.iter().filter(|(_, kept)| carried(kept));
        rows.map(|(name, kept)| row(name, kept, last)).collect()
    };
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body {
                "Each night what is past its time is erased from the school’s records. Who erased what and when stays in the access trail, in "
                "numbers and without names. The activity log has a time of its own."
            }
            (when(last, zone))
            (table("Goes by itself", "Went last", by(|kept| !kept.rule.is_empty() || kept.with.is_some())))
            (table("Goes in the moment in which it ends", "How", by(|kept| kept.elsewhere.is_some())))
            (table("Stays", "Why", by(|kept| kept.in_use.is_some())))
            (table("Has a time, and stays for now", "Why", by(|kept| kept.not_yet.is_some())))
        },
    )
    .before(BackLink::new("/staff/health"))
}

fn when(last: Option<&Last>, zone: &Zone) -> Markup {
    let Some(last) = last else {
        return html! { (InsetText::new("Nothing was erased by itself yet.")) };
    };
    let rows: u64 = last.erased.values().sum();
    let at = moment(kit::Timestamp::from_millis(last.at_ms), zone);
    html! {
        @if last.problem.is_empty() {
            p .govuk-body { (tag(Level::Well)) " Last at " (at) ": " (rows) " entries went." }
        } @else {
            p .govuk-body {
                (tag(Level::Look)) " Last at " (at) ": " (rows) " entries went, and not all could: " (last.problem) ". It is tried again every hour."
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
    html! {
        div .fivebar-scroll tabindex="0" role="region" aria-label=(caption) {
            (Table {
                caption: Some(caption.to_owned()),
                caption_classes: "govuk-table__caption--m".into(),
                head: vec![Cell::new("What"), Cell::new("How long"), Cell::new(third)],
                rows,
                first_cell_is_header: true,
                ..Table::default()
            })
        }
    }
}
