//! Which column of a table is which, corrected by whoever knows, and what was remembered of it.

use std::collections::BTreeMap;

use axum::response::Response;
use maud::{Markup, html};
use web::component::{
    BackLink, Button, Choice, Hint, Input, InsetText, Label, Select, SummaryList, SummaryRow,
};
use web::speech::say;
use web::{Page, PageError, Submitted, filled, marked, sentence};

use super::actions::{self, ImportRoll, PrepareError};
use super::model::{Class, Import};
use crate::account::SignedIn;
use crate::roster::{Shape, column_kinds, slot_column_kinds};
use crate::timetable::Slot;

/// The kinds of columns that a table of that form has: ids and what people call them.
fn kinds(shape: Option<Shape>) -> Vec<(&'static str, &'static str)> {
    match shape {
        Some(Shape::Timetable) => slot_column_kinds().collect(),
        _ => column_kinds().collect(),
    }
}

/// Says of what is no whole roll that whoever is not in it stays.
pub(super) fn what_it_is(import: &Import) -> Markup {
    let words = match import.shape {
        _ if !import.summary.changes => return html! {},
        Some(Shape::Timetable) => {
            "This is a timetable: it says when classes of this source are taught, and in which room. Nobody comes or goes by it. A class that is not \
             in it is taught at no time."
        }
        _ => {
            "These are changes alone, as the system made them since its last export. Whoever is not in them stays as they are, and only whom the \
             system says it has deleted leaves."
        }
    };
    html! { (InsetText::new(words)) }
}

/// How the columns of a table were read, to correct them for the next file of the same source.
pub(super) fn fields(import: &Import) -> Markup {
    let shape = import.shape;
    if !matches!(shape, Some(Shape::Table | Shape::Timetable)) {
        return html! {};
    }
    let summary = &import.summary;
    let input = |id: &str, name: &str| {
        let mut input = Input::new(format!("column-{id}"), Label::new(sentence(name)));
        input.value = summary.columns.get(id).cloned();
        input.classes = "govuk-input--width-20".into();
        input
    };
    html! {
        h2 .govuk-heading-m { (say("roll.how-the-columns-were")) }
        p .govuk-body {
            (marked!("roll.if-one-is-wrong", source = html! { strong { (import.source) } }))
        }
        @if !summary.unused.is_empty() { p .govuk-body { (marked!("roll.not-used", unused = summary.unused.join(", "))) } }
        form method="post" action="/staff/roll/import/columns" novalidate {
            input type="hidden" name="source" value=(import.source);
            @for (id, name) in kinds(shape) {
                @if summary.columns.contains_key(id) { input type="hidden" name={ "was-" (id) } value="1"; }
                (input(id, name))
            }
            (Button::new(filled!("roll.remember-these-columns", source = import.source)))
        }
    }
}

/// What somebody says of a column that the file has not.
const NONE: &str = "none";
/// What stands before a heading that somebody chose, so that a column may be called as it likes.
const HEADING: &str = "is:";

/// Which column is which, for a file whose headings do not say it: its own headings to choose from.
pub(super) fn choices(headings: &[String], form: &Submitted) -> Markup {
    let select = |id: &'static str, name: &str| {
        let said = form.text(&format!("column-{id}")).to_owned();
        let none = match id {
            "id" => say("roll.go-by-name"),
            _ => say("roll.no-such-column"),
        };
        let choices = [Choice::new("", say("roll.as-its-name-says")), Choice::new(NONE, none)];
        let headings = headings.iter().filter(|head| !head.is_empty());
        let headings = headings.map(|head| Choice::new(format!("{HEADING}{head}"), head));
        let choices = choices.into_iter().chain(headings).collect();
        let mut select = Select::new(format!("column-{id}"), Label::new(sentence(name)), choices, &said);
        select.hint = (id == "id").then(|| Hint::new(say("roll.go-by-name-means")));
        select
    };
    html! {
        @if !headings.is_empty() {
            h2 .govuk-heading-m { (say("roll.which-column-is-which")) }
            p .govuk-body { (say("roll.say-it-once")) }
            @for (id, name) in column_kinds() { (select(id, name)) }
        }
    }
}

/// What was chosen so: no heading where there is no such column.
pub(super) fn chosen(form: &Submitted) -> BTreeMap<String, String> {
    let mut chosen = BTreeMap::new();
    for (id, _) in column_kinds() {
        let said = form.text(&format!("column-{id}"));
        if said == NONE {
            chosen.insert(id.to_owned(), String::new());
        } else if let Some(heading) = said.strip_prefix(HEADING) {
            chosen.insert(id.to_owned(), heading.to_owned());
        }
    }
    chosen
}

/// What is other of a class's week.
pub(super) fn lessons_differ(before: &Class, after: &Class) -> Vec<String> {
    let in_words = |slot: &Slot| {
        let day = slot
            .day
            .and_then(|day| DAYS.get(usize::try_from(day).ok()?.checked_sub(1)?))
            .unwrap_or(&"each day");
        let week = slot.week.as_ref().map_or_else(String::new, |week| format!(" of week {week}"));
        let room = slot.room.as_ref().map_or_else(String::new, |room| format!(", {room}"));
        format!("{day}{week}, period {}{room}", slot.period)
    };
    let list = |slots: Vec<&Slot>| slots.into_iter().map(in_words).collect::<Vec<_>>().join("; ");
    let come: Vec<&Slot> = after.slots.difference(&before.slots).collect();
    let go: Vec<&Slot> = before.slots.difference(&after.slots).collect();
    [("Taught from now on", come), ("Taught no more", go)]
        .into_iter()
        .filter(|(_, slots)| !slots.is_empty())
        .map(|(what, slots)| format!("{what}: {}", list(slots)))
        .collect()
}

const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// What a form says of columns.
fn said(form: &Submitted) -> BTreeMap<String, String> {
    let mut said = BTreeMap::new();
    for (id, _) in column_kinds().chain(slot_column_kinds()) {
        let header = form.line(&format!("column-{id}"));
        if !header.is_empty() {
            said.insert(id.to_owned(), header);
        } else if !form.text(&format!("was-{id}")).is_empty() {
            // There is no such column, whatever one of them looks like.
            said.insert(id.to_owned(), String::new());
        }
    }
    said
}

/// Which column is which, corrected: remembered for the next file of the source, which is then sent again.
pub(super) async fn remember(who: SignedIn, form: Submitted) -> Result<Response, PageError> {
    who.could::<ImportRoll>(())?;
    let (source, said) = (form.text("source"), said(&form));
    let (mut tx, permit) = who.begin::<ImportRoll>(()).await?;
    // What is said of people leaves what is remembered of lessons, and the other way round.
    let mut all = actions::remembered_columns(&mut tx, source).await.map_err(PageError::unexpected)?;
    let is_of_lessons = said.keys().any(|id| id.starts_with("slot-"));
    all.retain(|id, _| id.starts_with("slot-") != is_of_lessons);
    all.extend(said);
    match actions::remember_columns(&mut tx, &permit, source, &all, permit.at()).await {
        Ok(()) => tx.commit().await.map_err(PageError::unexpected)?,
        Err(PrepareError::Store(error)) => return Err(PageError::unexpected(error)),
        Err(_) => return Err(PageError::NotFound),
    }
    Ok(who.respond(&remembered(source, &all)))
}

/// What is remembered of a source's columns.
pub fn remembered(source: &str, columns: &BTreeMap<String, String>) -> Page {
    let title = format!("Remembered for {source}");
    let name = |id: &str| {
        let found = column_kinds().chain(slot_column_kinds()).find(|(known, _)| *known == id);
        sentence(found.map_or(id, |(_, name)| name))
    };
    let rows = columns.iter().map(|(id, header)| {
        SummaryRow::new(name(id), if header.is_empty() { "There is no such column" } else { header.as_str() })
    });
    Page::new(
        title.clone(),
        html! {
            h1 .govuk-heading-l { (title) }
            @if columns.is_empty() {
                (InsetText::new("Nothing: each column is known by its name."))
            } @else {
                p .govuk-body { "The next file of this source is read so:" }
                (SummaryList::new(rows.collect()))
            }
            p .govuk-body { a .govuk-link href="/staff/roll/import" { "Send the file again" } }
        },
    )
    .before(BackLink::new("/staff/roll/import"))
}
