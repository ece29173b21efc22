//! What those pages say.

use kit::Private;
use maud::{Markup, html};
use people::intake::ClassLine;
use web::Page;
use web::component::{BackLink, Cell as TableCell, InsetText, Table};

use super::model::{Cell, Now, Week};

const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const NONE: &str = "There is no timetable for this yet. It comes with the roll, from OneRoster or School Data Sync, or as a table of its own with \
    a class, a day, a period and a room in each row.";

fn day(number: i8) -> &'static str {
    usize::try_from(number).ok().and_then(|number| DAYS.get(number.checked_sub(1)?)).copied().unwrap_or("")
}

fn in_cell(cells: &[Cell], with_class: bool) -> Markup {
    html! {
        @for (place, cell) in cells.iter().enumerate() {
            @if place > 0 { br; }
            @if with_class { (cell.class) }
            @if let Some(room) = &cell.room { @if with_class { ", " } (room) }
            @if !with_class && cell.room.is_none() { "Lesson" }
            @if let Some(week) = &cell.week { " (week " (week) ")" }
        }
    }
}

fn table(caption: &str, week: &Week, with_class: bool) -> Markup {
    let head = std::iter::once(TableCell::new("Period"))
        .chain(week.days.iter().map(|number| TableCell::new(day(*number))));
    let rows = week.rows.iter().map(|(period, cells)| {
        let name = html! {
            (period.name)
            @if let Some((from, to)) = &period.times { br; span .govuk-hint { (from) " to " (to) } }
        };
        std::iter::once(TableCell::new(name))
            .chain(cells.iter().map(|cells| TableCell::new(in_cell(cells, with_class))))
            .collect()
    });
    html! {
        div .fivebar-scroll tabindex="0" role="region" aria-label=(caption) {
            (Table {
                caption: Some(caption.to_owned()),
                caption_classes: "govuk-visually-hidden".into(),
                head: head.collect(),
                first_cell_is_header: true,
                rows: rows.collect(),
                ..Table::default()
            })
        }
    }
}

/// The lesson of now, in words.
pub fn going_on(now: &[Now]) -> Markup {
    html! {
        @for one in now {
            p .govuk-body {
                "Now: " strong { (one.class) }
                @if let Some(room) = &one.room { " in " (room) }
                ", until " (one.until) "."
            }
        }
    }
}

/// One's own week, and every class.
pub fn own(week: &Week, now: &[Now], classes: &[ClassLine]) -> Page {
    let title = "Timetable";
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            @if week.rows.is_empty() {
                (InsetText::new("You have no lessons in it."))
            } @else {
                (going_on(now))
                (table("Your week", week, true))
            }
            h2 .govuk-heading-m { "Classes" }
            @if classes.is_empty() { (InsetText::new("The roll has no class yet.")) }
            ul .govuk-list {
                @for class in classes {
                    li { a .govuk-link href={ "/staff/timetable/class/" (class.id) } { (class.name) } }
                }
            }
        },
    )
    .before(BackLink::new("/today"))
}

/// The week of a class.
pub fn class(name: &str, teachers: &[Private<String>], week: &Week) -> Page {
    let title = format!("Week of {name}");
    Page::new(
        title.clone(),
        html! {
            h1 .govuk-heading-l { (title) }
            @if !teachers.is_empty() {
                p .govuk-body {
                    "Taught by "
                    @for (place, teacher) in teachers.iter().enumerate() { @if place > 0 { ", " } (teacher.reveal()) }
                    "."
                }
            }
            @if week.rows.is_empty() { (InsetText::new(NONE)) } @else { (table("The week, by period and day", week, false)) }
        },
    )
    .before(BackLink::new("/staff/timetable"))
}

/// The week of somebody who teaches.
pub fn teacher(name: &Private<String>, week: &Week) -> Page {
    let title = format!("Week of {}", name.reveal());
    Page::new(
        title.clone(),
        html! {
            h1 .govuk-heading-l { (title) }
            @if week.rows.is_empty() { (InsetText::new(NONE)) } @else { (table("The week, by period and day", week, true)) }
        },
    )
    .before(BackLink::new("/staff/timetable"))
}
