//! Microsoft School Data Sync: V1 in its own and its UK form (six files), V2 and V2.1 (as OneRoster, with fewer columns).

use std::collections::{BTreeMap, BTreeSet};

use super::dates::Dates;
use super::files::Files;
use super::oneroster::{date, enrol, is_at, kind, year};
use super::table::{Row, Table};
use super::{ClassRow, Complaint, Options, PersonRow, RelationRow, Roster, Shape, whole_name};
use crate::kind::Kind;
use crate::timetable::Slot;

/// What the two forms of V1 call the same column.
fn of<'a>(table: &Table, names: &[&'a str]) -> &'a str {
    names.iter().find(|name| table.has(name)).or(names.first()).copied().unwrap_or("")
}

const ID: &[&str] = &["SIS ID", "ID"];
const SCHOOL: &[&str] = &["School SIS ID", "School DfE Number"];
const SECTION: &[&str] = &["Section SIS ID", "Section ID"];

pub(super) fn read_v1(files: &Files, options: &Options) -> Result<Roster, Vec<Complaint>> {
    let mut roster = Roster::empty(Shape::SdsV1);
    for (file, kind) in [("student.csv", Kind::Pupil), ("teacher.csv", Kind::Staff)] {
        let table = files.table_with(file, &["Username"])?;
        table.must_have(&[of(&table, ID)])?;
        people_v1(&mut roster, &table, kind, options);
    }
    guardians_v1(files, &mut roster)?;
    classes_v1(files, options, &mut roster)?;
    Ok(roster)
}

fn people_v1(roster: &mut Roster, table: &Table, kind: Kind, options: &Options) {
    let (id, school) = (of(table, ID), of(table, SCHOOL));
    let dates = Dates::of(table.values(&["Birthdate"]), options.dates);
    let mut undated = 0_usize;
    roster.each_row(table, id, |roster, row| {
        if !is_at(row, school, options)? || is_not_active(row)? {
            return Ok(());
        }
        let (given, family) = (row.text("First Name")?, row.text("Last Name")?);
        let person = PersonRow {
            name: whole_name(given, family, row.text("Username")?)?,
            given: given.map(str::to_owned),
            family: family.map(str::to_owned),
            kind: Some(kind),
            year: if kind == Kind::Pupil { year(row, "Grade")? } else { None },
            born_on: date(row, "Birthdate", dates).unwrap_or_else(|_| {
                undated += 1;
                None
            }),
            ..PersonRow::default()
        };
        Ok(roster.add(row.must(id)?.to_owned(), person)?)
    });
    if undated > 0 {
        let what = format!(
            "{undated} dates of birth are left out: they are no days, or nothing says whether the day or the month comes first"
        );
        roster.complaints.push(table.complaint(what));
    }
}

fn is_not_active(row: &Row<'_>) -> Result<bool, String> {
    Ok(row.text("Status")?.is_some_and(|status| !status.eq_ignore_ascii_case("active")))
}

/// Parents and carers stand in two files of their own, known by their e-mail address.
fn guardians_v1(files: &Files, roster: &mut Roster) -> Result<(), Vec<Complaint>> {
    let (Some(people), Some(links)) = (files.table("user.csv")?, files.table("guardianrelationship.csv")?)
    else {
        return Ok(());
    };
    people.must_have(&["Email", "First Name", "Last Name"])?;
    links.must_have(&["SIS ID", "Email"])?;
    roster.each_row(&people, "Email", |roster, row| {
        let (given, family) = (row.text("First Name")?, row.text("Last Name")?);
        let person = PersonRow {
            name: whole_name(given, family, None)?,
            given: given.map(str::to_owned),
            family: family.map(str::to_owned),
            kind: Some(Kind::Parent),
            ..PersonRow::default()
        };
        Ok(roster.add(row.must("Email")?.to_lowercase(), person)?)
    });
    let (unread, mut relations) = (roster.unread.clone(), BTreeMap::new());
    roster.each_row(&links, "", |_, row| {
        let pair = (row.must("SIS ID")?.to_owned(), row.must("Email")?.to_lowercase());
        relations.insert(pair, related(row, "Role")?);
        Ok(())
    });
    roster.unread = unread;
    roster.relations = Some(relations);
    Ok(())
}

fn related(row: &Row<'_>, column: &str) -> Result<RelationRow, String> {
    let relation = row.text(column)?.unwrap_or("other").to_lowercase();
    Ok(RelationRow { relation, ..RelationRow::default() })
}

fn classes_v1(files: &Files, options: &Options, roster: &mut Roster) -> Result<(), Vec<Complaint>> {
    let (Some(sections), Some(pupils), Some(teachers)) = (
        files.table("section.csv")?,
        files.table("studentenrollment.csv")?,
        files.table("teacherroster.csv")?,
    ) else {
        return Ok(());
    };
    sections.must_have(&[of(&sections, ID), "Section Name"])?;
    for table in [&pupils, &teachers] {
        table.must_have(&[of(table, SECTION), of(table, ID)])?;
    }
    let dates = Dates::of(sections.values(&["Term StartDate", "Term EndDate"]), options.dates);
    let unread = roster.unread.clone();
    let mut all: BTreeMap<String, ClassRow> = BTreeMap::new();
    roster.each_row(&sections, "", |_, row| {
        if !is_at(row, of(&sections, SCHOOL), options)? || is_not_active(row)? {
            return Ok(());
        }
        let class = ClassRow {
            name: row.must("Section Name")?.to_owned(),
            slots: if sections.has("Periods") { Some(slots_v1(row, dates)?) } else { None },
            ..ClassRow::default()
        };
        match all.insert(row.must(of(&sections, ID))?.to_owned(), class) {
            None => Ok(()),
            Some(_) => Err("a class with this id is there already".to_owned()),
        }
    });
    for (table, teaches) in [(&pupils, false), (&teachers, true)] {
        let (section, id) = (of(table, SECTION), of(table, ID));
        roster.each_row(table, "", |roster, row| {
            let (section, person) = (row.must(section)?, row.must(id)?.to_owned());
            let Some(class) = all.get_mut(section) else {
                return if options.school.is_some() {
                    Ok(())
                } else {
                    Err("there is no class with this id".to_owned())
                };
            };
            if !roster.people.contains_key(&person) {
                let known = roster.unread.contains(&person) || options.school.is_some();
                return if known { Ok(()) } else { Err("nobody has this id among the people".to_owned()) };
            }
            if teaches {
                class.teachers.insert(person)
            } else {
                class.pupils.insert(person)
            };
            Ok(())
        });
    }
    roster.unread = unread;
    roster.classes = Some(all);
    Ok(())
}

/// When a section is taught: in these periods of every school day, in its term where that can be read.
fn slots_v1(row: &Row<'_>, dates: Dates) -> Result<BTreeSet<Slot>, String> {
    let day = |column: &str| date(row, column, dates).ok().flatten();
    let (from, until) = (day("Term StartDate"), day("Term EndDate"));
    let slot = |period: &str| Slot {
        period: period.to_owned(),
        from: from.clone(),
        until: until.clone(),
        ..Slot::default()
    };
    Ok(row.several("Periods")?.into_iter().map(slot).collect())
}

/// What the roles of V2.1 tell of somebody.
struct Role {
    person: PersonRow,
    is_primary: bool,
}

pub(super) fn read_v2(files: &Files, options: &Options, shape: Shape) -> Result<Roster, Vec<Complaint>> {
    let mut columns = vec!["sourcedId", "username"];
    if shape == Shape::SdsV2 {
        columns.extend(["orgSourcedIds", "role"]);
    }
    let users = files.table_with("users.csv", &columns)?;
    let mut roster = Roster::empty(shape);
    let (mut roles, mut contacts) = (BTreeMap::new(), BTreeMap::new());
    if shape == Shape::SdsV21 {
        roles = roles_v21(files, options, &mut roster)?;
        contacts = contacts_v21(files, &mut roster)?;
    }
    let born = born_v21(files, options, &mut roster)?;
    let is_contact = |id: &str| contacts.keys().any(|(_, adult): &(String, String)| adult == id);
    let told = roster.unread.clone();
    roster.each_row(&users, "sourcedId", |roster, row| {
        let id = row.must("sourcedId")?.to_owned();
        let role = match (shape, roles.remove(&id)) {
            (Shape::SdsV2, _) if !is_at(row, "orgSourcedIds", options)? => return Ok(()),
            (Shape::SdsV2, _) => {
                let kind = kind(row, "role")?;
                let year = if kind == Kind::Pupil { year(row, "grade")? } else { None };
                PersonRow { kind: Some(kind), year, ..PersonRow::default() }
            }
            (_, Some(Role { person, .. })) => person,
            // Whoever has no role is somebody's parent or carer, of another school, or has a role that could not be read.
            (_, None) if is_contact(&id) => PersonRow { kind: Some(Kind::Parent), ..PersonRow::default() },
            (_, None) if options.school.is_some() || told.contains(&id) => return Ok(()),
            (_, None) => return Err("nothing says what they are: they have no role".to_owned()),
        };
        let (given, family) = (row.text("givenName")?, row.text("familyName")?);
        let person = PersonRow {
            name: whole_name(given, family, row.text("username")?)?,
            given: given.map(str::to_owned),
            family: family.map(str::to_owned),
            born_on: born.get(&id).cloned(),
            ..role
        };
        Ok(roster.add(id, person)?)
    });
    if !contacts.is_empty() {
        roster.relations = Some(contacts);
    }
    classes_v2(files, options, &mut roster)?;
    Ok(roster)
}

fn roles_v21(
    files: &Files,
    options: &Options,
    roster: &mut Roster,
) -> Result<BTreeMap<String, Role>, Vec<Complaint>> {
    let table = files.table_with("roles.csv", &["userSourcedId", "orgSourcedId", "role"])?;
    let dates = Dates::of(table.values(&["roleStartDate", "roleEndDate"]), options.dates);
    let mut roles: BTreeMap<String, Role> = BTreeMap::new();
    roster.each_row(&table, "userSourcedId", |_, row| {
        if !is_at(row, "orgSourcedId", options)? {
            return Ok(());
        }
        let kind = kind(row, "role")?;
        let person = PersonRow {
            kind: Some(kind),
            year: if kind == Kind::Pupil { year(row, "grade")? } else { None },
            first_on: date(row, "roleStartDate", dates)?,
            last_on: date(row, "roleEndDate", dates)?,
            ..PersonRow::default()
        };
        let role = Role {
            person,
            is_primary: row.text("isPrimary")?.is_some_and(|said| said.eq_ignore_ascii_case("true")),
        };
        let id = row.must("userSourcedId")?.to_owned();
        match roles.get(&id) {
            Some(known) if known.is_primary || !role.is_primary => {}
            _ => {
                roles.insert(id, role);
            }
        }
        Ok(())
    });
    Ok(roles)
}

type Relations = BTreeMap<(String, String), RelationRow>;

fn contacts_v21(files: &Files, roster: &mut Roster) -> Result<Relations, Vec<Complaint>> {
    let mut contacts = BTreeMap::new();
    let Some(table) = files.table("relationships.csv")? else { return Ok(contacts) };
    table.must_have(&["userSourcedId", "relationshipUserSourcedId", "relationshipRole"])?;
    let unread = roster.unread.clone();
    roster.each_row(&table, "", |_, row| {
        let pair = (row.must("userSourcedId")?.to_owned(), row.must("relationshipUserSourcedId")?.to_owned());
        contacts.insert(pair, related(row, "relationshipRole")?);
        Ok(())
    });
    roster.unread = unread;
    Ok(contacts)
}

fn born_v21(
    files: &Files,
    options: &Options,
    roster: &mut Roster,
) -> Result<BTreeMap<String, String>, Vec<Complaint>> {
    let mut born = BTreeMap::new();
    let Some(table) = files.table("demographics.csv")? else { return Ok(born) };
    let dates = Dates::of(table.values(&["birthDate"]), options.dates);
    let unread = roster.unread.clone();
    roster.each_row(&table, "", |_, row| {
        if let Some(day) = date(row, "birthDate", dates)? {
            born.insert(row.must("userSourcedId")?.to_owned(), day);
        }
        Ok(())
    });
    roster.unread = unread;
    Ok(born)
}

fn classes_v2(files: &Files, options: &Options, roster: &mut Roster) -> Result<(), Vec<Complaint>> {
    let (Some(classes), Some(enrolments)) = (files.table("classes.csv")?, files.table("enrollments.csv")?)
    else {
        return Ok(());
    };
    classes.must_have(&["sourcedId", "title"])?;
    enrolments.must_have(&["classSourcedId", "userSourcedId", "role"])?;
    let unread = roster.unread.clone();
    let mut all: BTreeMap<String, ClassRow> = BTreeMap::new();
    roster.each_row(&classes, "", |_, row| {
        if !is_at(row, "orgSourcedId", options)? {
            return Ok(());
        }
        let class = ClassRow { name: row.must("title")?.to_owned(), ..ClassRow::default() };
        match all.insert(row.must("sourcedId")?.to_owned(), class) {
            None => Ok(()),
            Some(_) => Err("a class with this id is there already".to_owned()),
        }
    });
    roster.each_row(&enrolments, "", |roster, row| match options.school {
        Some(_) if !all.contains_key(row.must("classSourcedId")?) => Ok(()),
        _ => enrol(roster, &mut all, row),
    });
    roster.unread = unread;
    roster.classes = Some(all);
    Ok(())
}
