//! A table with one lesson a row: which class, in which period, on which day, in which room.

use std::collections::{BTreeMap, BTreeSet};

use super::columns::Columns;
use super::dates::Dates;
use super::files::Files;
use super::oneroster::date;
use super::table::{Row, Table};
use super::{Complaint, Options, Roster, Shape};
use crate::content::{Content, plain};
use crate::timetable::Slot;

/// The kinds of columns: ids and what people call them.
pub fn slot_column_kinds() -> impl Iterator<Item = (&'static str, &'static str)> {
    Content::built_in().slot_columns().iter().map(|called| (called.id.as_str(), called.name.as_str()))
}

/// Whether a table is one of lessons and not of people: it says class and period, and nobody's name.
pub(super) fn is_one(header: &[String], options: &Options) -> bool {
    let columns = Columns::of(header, &options.columns, Content::built_in().slot_columns());
    let people = Columns::of(header, &options.columns, Content::built_in().columns());
    let names_somebody = ["name", "given", "family", "id"].iter().any(|id| people.has(id));
    columns.has("slot-class") && columns.has("slot-period") && !names_somebody
}

pub(super) fn read(files: &Files, options: &Options) -> Result<Roster, Vec<Complaint>> {
    let table = files.only()?;
    let columns = Columns::of(table.header(), &options.columns, Content::built_in().slot_columns());
    let mut roster = Roster::empty(Shape::Timetable);
    let days = ["slot-from", "slot-until"].map(|id| columns.get(id));
    let dates = Dates::of(table.values(&days), options.dates);
    let mut classes: BTreeMap<String, BTreeSet<Slot>> = BTreeMap::new();
    roster.each_row(&table, "", |_, row| {
        let (class, slot) = one(row, &columns, dates)?;
        classes.entry(class).or_default().insert(slot);
        Ok(())
    });
    if classes.is_empty() {
        return Err(told(&table, &roster));
    }
    roster.slots = Some(classes);
    roster.columns = columns;
    Ok(roster)
}

fn told(table: &Table, roster: &Roster) -> Vec<Complaint> {
    let mut complaints =
        vec![table.complaint("no row of it tells a lesson, so nothing would be left of the timetable")];
    complaints.extend(roster.complaints.iter().cloned());
    complaints
}

fn one(row: &Row<'_>, columns: &Columns, dates: Dates) -> Result<(String, Slot), String> {
    let of = |id: &str| row.text(columns.get(id));
    let class = row.must(columns.get("slot-class"))?.to_owned();
    let day = match of("slot-day")? {
        None => None,
        Some(text) => Some(
            weekday(text)
                .ok_or_else(|| format!("the cell under {} is no day of the week", columns.get("slot-day")))?,
        ),
    };
    let slot = Slot {
        day,
        week: of("slot-week")?.map(str::to_owned),
        period: row.must(columns.get("slot-period"))?.to_owned(),
        room: of("slot-room")?.map(str::to_owned),
        from: date(row, columns.get("slot-from"), dates)?,
        until: date(row, columns.get("slot-until"), dates)?,
    };
    Ok((class, slot))
}

/// The day that a word means, Monday as 1: in full, by its first three letters, or by its number.
fn weekday(text: &str) -> Option<i8> {
    let word = plain(text);
    let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let place =
        days.iter().position(|day| *day == word || (word.len() >= 3 && day.starts_with(word.as_str())));
    let number = place.and_then(|place| i8::try_from(place + 1).ok()).or_else(|| word.parse().ok());
    number.filter(|day| (1..=7).contains(day))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Result<Roster, Vec<Complaint>> {
        Roster::read(&Files::of_texts(&[("lessons.csv", text)]), &Options::default())
    }

    #[test]
    fn a_table_of_lessons_is_known_by_its_columns_and_is_no_roll() {
        let read = table(
            "Class,Day,Week,Period,Room,Staff\n7B,Mon,A,P3,Lab 1,Cy Dale\n7B,tuesday,,1,,\n8A,9,,1,,\n8A,3,,2,Hall,\n,Mon,,1,,\n",
        )
        .unwrap();
        assert_eq!((read.shape, read.people.len(), read.classes.is_none()), (Shape::Timetable, 0, true));
        let slots = read.slots.as_ref().unwrap();
        assert_eq!((slots["7B"].len(), slots["8A"].len()), (2, 1));
        let lab = slots["7B"].iter().find(|slot| slot.period == "P3").unwrap();
        assert_eq!((lab.day, lab.week.as_deref(), lab.room.as_deref()), (Some(1), Some("A"), Some("Lab 1")));
        assert_eq!(slots["8A"].first().unwrap().day, Some(3));
        let lines: Vec<u64> = read.complaints.iter().map(|complaint| complaint.line).collect();
        assert_eq!(lines, [4, 6], "a day that is none, and a lesson of no class");
        assert!(read.columns.unused.contains(&"Staff".to_owned()));
    }

    #[test]
    fn a_table_of_people_is_no_timetable_and_an_empty_timetable_takes_nothing_away() {
        let people = table("id,first name,last name,kind,class,period\n1,Ada,Bell,pupil,7B,3\n").unwrap();
        assert_eq!(people.shape, Shape::Table);
        assert!(table("class,period\n,\n7B,\n").is_err());
    }

    #[test]
    fn days_are_read_as_people_write_them() {
        for (text, day) in [
            ("Monday", Some(1)),
            ("thu", Some(4)),
            ("Thurs", Some(4)),
            ("SUN", Some(7)),
            ("5", Some(5)),
            ("0", None),
            ("8", None),
            ("M", None),
            ("someday", None),
        ] {
            assert_eq!(weekday(text), day, "{text}");
        }
    }
}
