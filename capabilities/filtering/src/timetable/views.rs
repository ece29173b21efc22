//! What those pages say.

use kit::Private;
use maud::{Markup, html};
use people::intake::ClassLine;
use web::component::{BackLink, Cell as TableCell, InsetText, Table};
use web::speech::{say, say_or};
use web::{Page, filled, marked};

use super::model::{Cell, Now, Week};

fn day(number: i8) -> String {
    say_or(&format!("date.weekday-{number}"), "")
}

fn none() -> InsetText {
    InsetText::new(say("timetable.there-is-no-timetable"))
}

fn in_cell(cells: &[Cell], with_class: bool) -> Markup {
    html! {
        @for (place, cell) in cells.iter().enumerate() {
            @if place > 0 { br; }
            @if with_class { (cell.class) }
            @if let Some(room) = &cell.room { @if with_class { ", " } (room) }
            @if !with_class && cell.room.is_none() { (say("timetable.lesson")) }
            @if let Some(week) = &cell.week { " " (filled!("timetable.in-week", week = week)) }
        }
    }
}

fn table(caption: &str, week: &Week, with_class: bool) -> Markup {
    let head = std::iter::once(TableCell::new(say("timetable.period")))
        .chain(week.days.iter().map(|number| TableCell::new(day(*number))));
    let rows = week.rows.iter().map(|(period, cells)| {
        let name = html! {
            (period.name)
            @if let Some((from, to)) = &period.times { br; span .govuk-hint { (filled!("timetable.to", from = from, to = to)) } }
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
                @match &one.room {
                    Some(room) => (marked!(
                        "timetable.now-in", class = html! { strong { (one.class) } }, room = room, until = one.until
                    )),
                    None => (marked!("timetable.now", class = html! { strong { (one.class) } }, until = one.until)),
                }
            }
        }
    }
}

/// One's own week, and every class.
pub fn own(week: &Week, now: &[Now], classes: &[ClassLine]) -> Page {
    let title = &say("monday.timetable");
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            @if week.rows.is_empty() {
                (InsetText::new(say("timetable.you-have-no-lessons")))
            } @else {
                (going_on(now))
                (table(&say("timetable.your-week"), week, true))
            }
            h2 .govuk-heading-m { (say("common.classes")) }
            @if classes.is_empty() { (InsetText::new(say("timetable.the-roll-has-no"))) }
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
    let title = filled!("timetable.week-of", name = name);
    Page::new(
        title.clone(),
        html! {
            h1 .govuk-heading-l { (title) }
            @if !teachers.is_empty() {
                @let names: Vec<&str> = teachers.iter().map(|teacher| teacher.reveal().as_str()).collect();
                p .govuk-body { (filled!("timetable.taught-by", names = names.join(", "))) }
            }
            @if week.rows.is_empty() { (none()) } @else { (table(&say("timetable.the-week-by-period"), week, false)) }
        },
    )
    .before(BackLink::new("/staff/timetable"))
}

/// The week of somebody who teaches.
pub fn teacher(name: &Private<String>, week: &Week) -> Page {
    let title = filled!("timetable.week-of", name = name.reveal());
    Page::new(
        title.clone(),
        html! {
            h1 .govuk-heading-l { (title) }
            @if week.rows.is_empty() { (none()) } @else { (table(&say("timetable.the-week-by-period"), week, true)) }
        },
    )
    .before(BackLink::new("/staff/timetable"))
}
