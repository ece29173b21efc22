//! The permitted-use table of a version, as people read and print it.

use std::collections::BTreeMap;

use engine::PolicyDocument;
use engine::document::{Cell as Written, EVERYONE, Group, Unknown, Use};
use kit::Zone;
use maud::{Markup, html};
use web::component::{BackLink, Cell, InsetText, Table, Tag};
use web::page::moment;
use web::speech::say;
use web::{Page, filled};

use super::Version;

/// The table of a version; nothing of it where this program cannot read that version any more.
pub fn table(version: &Version, document: Option<&PolicyDocument>, zone: &Zone) -> Page {
    let title = filled!("permitted.what-is-permitted", number = version.number);
    Page::new(
        &*title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body { (filled!("permitted.applied-at", when = moment(version.at, zone))) }
            @match document {
                None => (InsetText::new(say("permitted.this-version-was"))),
                Some(document) => (shown(document)),
            }
        },
    )
    .before(BackLink::new(format!("/staff/policy/{}", version.number)))
}

fn shown(document: &PolicyDocument) -> Markup {
    let caption = &say("permitted.what-each-group-may");
    let columns = columns(document);
    let names: BTreeMap<&str, &str> =
        document.groups.iter().map(|group| (group.id.as_str(), group.name.as_str())).collect();
    let mut head = vec![Cell::new(say("permitted.activity"))];
    head.extend(columns.iter().map(|column| Cell::new(column.head(&names))));
    let mut rows: Vec<Vec<Cell>> = document
        .uses
        .iter()
        .map(|row| {
            let cells = columns.iter().map(|column| {
                Cell::new(row.cells.get(column.id()).map_or_else(String::new, |cell| words(cell, &names)))
            });
            std::iter::once(Cell::new(activity(row))).chain(cells).collect()
        })
        .collect();
    let unknown = columns.iter().map(|column| Cell::new(column.unknown()));
    rows.push(std::iter::once(Cell::new(say("permitted.sites-that-no-list"))).chain(unknown).collect());
    html! {
        p .govuk-body { (say("permitted.where-a-field-is")) }
        div .fivebar-scroll tabindex="0" role="region" aria-label=(caption) {
            (Table {
                caption: Some(caption.clone()),
                caption_classes: "govuk-table__caption--m".into(),
                head,
                rows,
                first_cell_is_header: true,
                ..Table::default()
            })
        }
    }
}

/// Whom a column is about.
enum Column<'a> {
    /// Everyone, with what the policy says of them as of a group.
    Everyone(Option<&'a Group>),
    /// One group.
    Group(&'a Group),
}

impl Column<'_> {
    fn id(&self) -> &str {
        match self {
            Self::Everyone(_) => EVERYONE,
            Self::Group(group) => &group.id,
        }
    }

    fn head(&self, names: &BTreeMap<&str, &str>) -> Markup {
        match self {
            Self::Everyone(_) => html! { (say("common.everyone")) },
            Self::Group(group) => {
                let within: Vec<&str> =
                    group.within.iter().map(|id| names.get(id.as_str()).copied().unwrap_or(id)).collect();
                html! {
                    (group.name)
                    @if !within.is_empty() { br; span .govuk-body-s { (filled!("permitted.within", groups = within.join(", "))) } }
                }
            }
        }
    }

    fn unknown(&self) -> String {
        let unknown = match self {
            // What is said nowhere is allowed.
            Self::Everyone(group) => Some(group.and_then(|group| group.unknown).unwrap_or_default()),
            Self::Group(group) => group.unknown,
        };
        match unknown {
            None => String::new(),
            Some(Unknown::Allow) => say("permitted.allowed"),
            Some(Unknown::Block) => say("permitted.not-allowed"),
            Some(Unknown::Scan) => say("permitted.allowed-and-read"),
        }
    }
}

/// Everyone, then each group of which some row or the policy says something of its own.
fn columns(document: &PolicyDocument) -> Vec<Column<'_>> {
    let is_named = |group: &&Group| {
        group.id != EVERYONE
            && (group.unknown.is_some() || document.uses.iter().any(|row| row.cells.contains_key(&group.id)))
    };
    let everyone = document.groups.iter().find(|group| group.id == EVERYONE);
    std::iter::once(Column::Everyone(everyone))
        .chain(document.groups.iter().filter(is_named).map(Column::Group))
        .collect()
}

fn activity(row: &Use) -> Markup {
    html! {
        (row.activity)
        @if row.illegal { br; (Tag::new(say("permitted.against-the-law"), "govuk-tag--red")) }
        @if !row.seen_by_gate { br; span .govuk-body-s { (say("permitted.a-rule-for-people")) } }
    }
}

/// A field of the table, as people read it.
fn words(cell: &Written, names: &BTreeMap<&str, &str>) -> String {
    let named = |ids: &[String]| {
        let named: Vec<&str> = ids.iter().map(|id| names.get(id.as_str()).copied().unwrap_or(id)).collect();
        named.join(", ")
    };
    match cell {
        Written::Allowed => say("permitted.allowed"),
        Written::NotAllowed => say("permitted.not-allowed"),
        Written::Scan => say("permitted.allowed-and-read"),
        Written::Times(times) => {
            filled!("permitted.at-certain-times", times = times.join(", ").replace('-', " "))
        }
        Written::Named(groups) => filled!("permitted.for-certain-people", groups = named(groups)),
        Written::Permission(who) => filled!("permitted.with-permission", who = who),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_field_reads_as_the_written_policy_says_it() {
        let names = BTreeMap::from([("selected-staff", "Selected staff")]);
        for (cell, said) in [
            (Written::Allowed, "Allowed"),
            (Written::NotAllowed, "Not allowed"),
            (
                Written::Times(vec!["lunch".into(), "after-school".into()]),
                "At certain times: lunch, after school",
            ),
            (Written::Named(vec!["selected-staff".into()]), "For certain people: Selected staff"),
            (Written::Permission("a member of staff".into()), "With permission: a member of staff"),
        ] {
            assert_eq!(words(&cell, &names), said);
        }
    }
}
