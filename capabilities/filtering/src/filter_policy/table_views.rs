//! The permitted-use table of a version, as people read and print it.

use std::collections::BTreeMap;

use engine::PolicyDocument;
use engine::document::{Cell as Written, EVERYONE, Group, Unknown, Use};
use kit::Zone;
use maud::{Markup, html};
use web::Page;
use web::component::{BackLink, Cell, InsetText, Table, Tag};
use web::page::moment;

use super::Version;

/// The table of a version; nothing of it where this program cannot read that version any more.
pub fn table(version: &Version, document: Option<&PolicyDocument>, zone: &Zone) -> Page {
    let title = format!("What is permitted: policy, version {}", version.number);
    Page::new(
        &*title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body { "Applied at " (moment(version.at, zone)) "." }
            @match document {
                None => (InsetText::new("This version was written for an earlier program, and cannot be shown as a table.")),
                Some(document) => (shown(document)),
            }
        },
    )
    .before(BackLink::new(format!("/staff/policy/{}", version.number)))
}

fn shown(document: &PolicyDocument) -> Markup {
    const CAPTION: &str = "What each group may do";
    let columns = columns(document);
    let names: BTreeMap<&str, &str> =
        document.groups.iter().map(|group| (group.id.as_str(), group.name.as_str())).collect();
    let mut head = vec![Cell::new("Activity")];
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
    rows.push(std::iter::once(Cell::new("Sites that no list and no rule knows")).chain(unknown).collect());
    html! {
        p .govuk-body {
            "Where a field is empty, what is said of the group that it lies within holds, and in the end what is said of everyone. Somebody in \
             several groups has the field of the one that is closest about them; between two as close, the stricter."
        }
        div .fivebar-scroll tabindex="0" role="region" aria-label=(CAPTION) {
            (Table {
                caption: Some(CAPTION.to_owned()),
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
            Self::Everyone(_) => html! { "Everyone" },
            Self::Group(group) => {
                let within: Vec<&str> =
                    group.within.iter().map(|id| names.get(id.as_str()).copied().unwrap_or(id)).collect();
                html! {
                    (group.name)
                    @if !within.is_empty() { br; span .govuk-body-s { "within " (within.join(", ")) } }
                }
            }
        }
    }

    fn unknown(&self) -> &'static str {
        let unknown = match self {
            // What is said nowhere is allowed.
            Self::Everyone(group) => Some(group.and_then(|group| group.unknown).unwrap_or_default()),
            Self::Group(group) => group.unknown,
        };
        match unknown {
            None => "",
            Some(Unknown::Allow) => "Allowed",
            Some(Unknown::Block) => "Not allowed",
            Some(Unknown::Scan) => "Allowed, and pages are read",
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
        @if row.illegal { br; (Tag::new("Against the law", "govuk-tag--red")) }
        @if !row.seen_by_gate { br; span .govuk-body-s { "A rule for people: the filter cannot see it" } }
    }
}

/// A field of the table, as people read it.
fn words(cell: &Written, names: &BTreeMap<&str, &str>) -> String {
    let named = |ids: &[String]| {
        let named: Vec<&str> = ids.iter().map(|id| names.get(id.as_str()).copied().unwrap_or(id)).collect();
        named.join(", ")
    };
    match cell {
        Written::Allowed => "Allowed".to_owned(),
        Written::NotAllowed => "Not allowed".to_owned(),
        Written::Scan => "Allowed, and pages are read".to_owned(),
        Written::Times(times) => format!("At certain times: {}", times.join(", ").replace('-', " ")),
        Written::Named(groups) => format!("For certain people: {}", named(groups)),
        Written::Permission(who) => format!("With permission: {who}"),
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
