//! What the pages about the policy say.

use kit::Zone;
use maud::{Markup, html};
use web::Page;
use web::component::{BackLink, Cell, InsetText, SummaryList, SummaryRow, Table, WarningText};
use web::page::moment;

use super::{ForGroup, Version};

/// A version, and who applied it.
#[derive(Debug)]
pub struct Line {
    /// The version.
    pub version: Version,
    /// Who applied it, as people say it.
    pub by: String,
}

/// What a version is held beside.
#[derive(Debug, Default)]
pub struct Compared {
    /// The number of the other one.
    pub before: u32,
    /// What changed since that one; none where there is no such version.
    pub changed: Option<Vec<ForGroup>>,
    /// Versions that it can be held beside.
    pub others: Vec<u32>,
}

/// All versions, newest first.
pub fn all(lines: &[Line], altered: &[String], zone: &Zone) -> Page {
    let title = "The filter policy";
    let newest = lines.first().map(|line| line.version.number);
    let rows = lines.iter().map(|line| {
        let version = &line.version;
        let name = html! {
            a .govuk-link href={ "/staff/policy/" (version.number) } { "Version " (version.number) }
            @if Some(version.number) == newest { ", in force" }
        };
        vec![
            Cell::new(name),
            Cell::new(moment(version.at, zone)),
            Cell::new(&line.by),
            Cell::new(&version.note),
        ]
    });
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            @for one in altered { (WarningText::new(format!("{}. Tell the data protection officer.", crate::site_request::staff_pages::sentence(one)))) }
            @if lines.is_empty() {
                (InsetText::new("No policy has been applied yet."))
            } @else {
                div .fivebar-scroll tabindex="0" role="region" aria-label="Versions" {
                    (Table {
                        caption: Some("Versions, newest first".to_owned()),
                        caption_classes: "govuk-table__caption--m".into(),
                        head: ["Version", "Applied", "By", "Why"].map(Cell::new).to_vec(),
                        rows: rows.collect(),
                        first_cell_is_header: true,
                        ..Table::default()
                    })
                }
            }
        },
    )
    .before(BackLink::new("/today"))
}

/// One version, and what it changed.
pub fn one(line: &Line, compared: &Compared, zone: &Zone) -> Page {
    let version = &line.version;
    let title = format!("Policy, version {}", version.number);
    Page::new(
        &*title,
        html! {
            h1 .govuk-heading-l { (title) }
            (SummaryList::new(vec![
                SummaryRow::new("Applied", moment(version.at, zone)),
                SummaryRow::new("By", &line.by),
                SummaryRow::new("Why", &version.note),
            ]))
            p .govuk-body {
                a .govuk-link href={ "/staff/policy/" (version.number) "/table" } { "What it permits, as a table to read and print" }
            }
            h2 .govuk-heading-m {
                @if compared.changed.is_some() { "What changed since version " (compared.before) } @else { "What changed" }
            }
            @match &compared.changed {
                None => (InsetText::new(if version.number <= 1 {
                    "It is the first version: there is none to hold it beside."
                } else {
                    "It cannot be held beside that version."
                })),
                Some(changed) if changed.is_empty() => (InsetText::new("They say the same; only comments or their form differ.")),
                Some(changed) => { @for one in changed { (group(one)) } }
            }
            @if compared.others.len() > 1 {
                h2 .govuk-heading-m { "Since another version" }
                ul .govuk-list {
                    @for other in &compared.others {
                        li { a .govuk-link href={ "/staff/policy/" (version.number) "/since/" (other) } { "Version " (other) } }
                    }
                }
            }
        },
    )
    .before(BackLink::new("/staff/policy"))
}

fn group(one: &ForGroup) -> Markup {
    html! {
        h3 .govuk-heading-s { (one.group.as_deref().unwrap_or("Everyone, and the policy as a whole")) }
        ul .govuk-list.govuk-list--bullet { @for change in &one.changes { li { (change) } } }
    }
}
