//! What the pages about the policy say.

use kit::Zone;
use maud::{Markup, html};
use web::component::{BackLink, Cell, InsetText, SummaryList, SummaryRow, Table, WarningText};
use web::page::moment;
use web::speech::say;
use web::{Page, filled, marked};

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
    let title = &say("policy.the-filter-policy");
    let newest = lines.first().map(|line| line.version.number);
    let rows = lines.iter().map(|line| {
        let version = &line.version;
        let name = html! {
            a .govuk-link href={ "/staff/policy/" (version.number) } { (marked!("policy.version", number = version.number)) }
            @if Some(version.number) == newest { (say("policy.in-force")) }
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
            @for one in altered { (WarningText::new(filled!("policy.tell-the-data-protection", one = web::sentence(one)))) }
            @if lines.is_empty() {
                (InsetText::new(say("policy.no-policy-has-been")))
            } @else {
                div .fivebar-scroll tabindex="0" role="region" aria-label=(say("policy.versions")) {
                    (Table {
                        caption: Some(say("policy.versions-newest-first")),
                        caption_classes: "govuk-table__caption--m".into(),
                        head: [say("policy.version-2"), say("policy.applied"), say("policy.by"), say("common.why")].map(Cell::new).to_vec(),
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
    let title = filled!("policy.policy-version", number = version.number);
    Page::new(
        &*title,
        html! {
            h1 .govuk-heading-l { (title) }
            (SummaryList::new(vec![
                SummaryRow::new(say("policy.applied"), moment(version.at, zone)),
                SummaryRow::new(say("policy.by"), &line.by),
                SummaryRow::new(say("common.why"), &version.note),
            ]))
            p .govuk-body {
                a .govuk-link href={ "/staff/policy/" (version.number) "/table" } { (say("permitted.what-it-permits-as")) }
            }
            h2 .govuk-heading-m {
                @if compared.changed.is_some() { (marked!("policy.what-changed-since-version", before = compared.before)) } @else { (say("policy.what-changed")) }
            }
            @match &compared.changed {
                None => (InsetText::new(if version.number <= 1 {
                    say("policy.it-is-the-first")
                } else {
                    say("policy.it-cannot-be-held")
                })),
                Some(changed) if changed.is_empty() => (InsetText::new(say("policy.they-say-the-same"))),
                Some(changed) => { @for one in changed { (group(one)) } }
            }
            @if compared.others.len() > 1 {
                h2 .govuk-heading-m { (say("policy.since-another-version")) }
                ul .govuk-list {
                    @for other in &compared.others {
                        li { a .govuk-link href={ "/staff/policy/" (version.number) "/since/" (other) } { (marked!("policy.version-3", other)) } }
                    }
                }
            }
        },
    )
    .before(BackLink::new("/staff/policy"))
}

fn group(one: &ForGroup) -> Markup {
    html! {
        h3 .govuk-heading-s { (one.group.clone().unwrap_or_else(|| say("policy.everyone-and-the-policy"))) }
        ul .govuk-list.govuk-list--bullet { @for change in &one.changes { li { (change) } } }
    }
}
