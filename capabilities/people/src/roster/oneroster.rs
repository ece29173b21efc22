//! OneRoster, 1.1 and 1.2, as CSV: in bulk, or as changes alone, `delta` (1EdTech OneRoster CSV Binding).

use std::collections::{BTreeMap, BTreeSet};

use kit::Timestamp;

use super::dates::{Dates, NoDate};
use super::files::{Files, whole};
use super::table::{Row, Table};
use super::{
    Changes, ClassRow, Complaint, Member, Options, PersonRow, RelationRow, Roster, Shape, whole_name,
};
use crate::content::Content;
use crate::kind::{Kind, YearGroup};
use crate::timetable::Slot;

/// Which version a manifest tells, where we take what it tells.
pub(super) fn version(files: &Files) -> Result<Shape, Vec<Complaint>> {
    let manifest = files.table_with("manifest.csv", &["propertyName", "value"])?;
    let said = manifest_of(&manifest);
    let of = |name: &str| said.get(name).map(String::as_str);
    let lacks = |file: &&&str| {
        matches!(of(&format!("file.{file}")), Some("bulk" | "delta"))
            && !files.has(&format!("{file}.csv").to_lowercase())
    };
    let missing: Vec<Complaint> =
        ["users", "classes", "enrollments", "roles", "demographics", "orgs", "academicSessions"]
            .iter()
            .filter(lacks)
            .map(|file| {
                whole(
                    &format!("{file}.csv"),
                    "the manifest names this file, and it is missing; send the whole export",
                )
            })
            .collect();
    if !missing.is_empty() {
        return Err(missing);
    }
    match of("oneroster.version") {
        Some("1.1") => Ok(Shape::OneRoster11),
        Some(version) if version.starts_with("1.2") => Ok(Shape::OneRoster12),
        _ => Err(vec![manifest.complaint(
            "its oneroster.version is not one that is known here; export as OneRoster 1.1 or 1.2",
        )]),
    }
}

/// Whether these are changes alone: as soon as one file is, since who has left cannot be told from the others together with it.
fn is_delta(files: &Files) -> Result<bool, Vec<Complaint>> {
    let manifest = files.table_with("manifest.csv", &["propertyName", "value"])?;
    Ok(manifest_of(&manifest).iter().any(|(name, value)| name.starts_with("file.") && value == "delta"))
}

fn manifest_of(manifest: &Table) -> BTreeMap<String, String> {
    let said = manifest.rows().filter_map(|row| {
        let (name, value) = (row.text("propertyName").ok()??, row.text("value").ok()??);
        // Case does not matter in it, but it does in ours.
        Some((name.to_owned(), value.to_lowercase()))
    });
    said.collect()
}

/// What a role tells of somebody: version 1.2 has them in a file of their own.
#[derive(Default)]
struct Role {
    kind: Option<Kind>,
    first_on: Option<String>,
    last_on: Option<String>,
    is_primary: bool,
}

pub(super) fn read(files: &Files, options: &Options, shape: Shape) -> Result<Roster, Vec<Complaint>> {
    let mut columns = vec!["sourcedId", "givenName", "familyName"];
    if shape == Shape::OneRoster11 {
        columns.push("role");
    }
    let is_delta = is_delta(files)?;
    let users = match files.table("users.csv")? {
        // Nobody's own row has changed.
        None if is_delta => {
            Table::read("users.csv", columns.join(",").as_bytes()).map_err(|wrong| vec![wrong])?
        }
        _ => files.table_with("users.csv", &columns)?,
    };
    let mut roster = Roster::empty(shape);
    let mut changes = is_delta.then(Changes::default);
    let mut roles = match shape {
        Shape::OneRoster12 => Some(roles(files, options, &mut roster)?),
        _ => None,
    };
    let mut born = demographics(files, options, &mut roster)?;
    let mut agents: Vec<(String, Vec<String>)> = Vec::new();
    let mut not_enabled = 0_usize;
    roster.each_row(&users, "sourcedId", |roster, row| {
        let id = row.must("sourcedId")?.to_owned();
        roster.as_of = roster.as_of.max(changed_at(row));
        if is_deleted(row) {
            if let Some(changes) = &mut changes {
                changes.gone.insert(id);
            }
            return Ok(());
        }
        let role = match &mut roles {
            Some(roles) => match roles.remove(&id) {
                Some(role) => role,
                // What they are has not changed.
                None if is_delta => Role::default(),
                // Of another school, or of none: somebody's parent perhaps, which is told below.
                None => return Ok(()),
            },
            None if !is_at(row, "orgSourcedIds", options)? => return Ok(()),
            None => Role { kind: Some(kind(row, "role")?), ..Role::default() },
        };
        if row.text("enabledUser")?.is_some_and(|enabled| enabled.eq_ignore_ascii_case("false")) {
            not_enabled += 1;
        }
        let preferred = |preferred, legal| Ok::<_, String>(row.text(preferred)?.or(row.text(legal)?));
        let (given, family) =
            (preferred("preferredGivenName", "givenName")?, preferred("preferredFamilyName", "familyName")?);
        let person = PersonRow {
            name: whole_name(given, family, None)?,
            given: given.map(str::to_owned),
            family: family.map(str::to_owned),
            kind: role.kind,
            year: match role.kind {
                Some(Kind::Pupil) => year(row, "grades")?,
                None if is_delta => year(row, "grades")?,
                _ => None,
            },
            born_on: born.remove(&id),
            first_on: role.first_on,
            last_on: role.last_on,
        };
        let others: Vec<String> = row.several("agentSourcedIds")?.into_iter().map(str::to_owned).collect();
        agents.push((id.clone(), others));
        Ok(roster.add(id, person)?)
    });
    match &mut changes {
        None => relations(&mut roster, &agents),
        Some(changes) => {
            let pairs = agents.into_iter().flat_map(|(id, others)| {
                others.into_iter().map(move |other| (id.clone(), other)).collect::<Vec<_>>()
            });
            changes.agents = pairs.collect();
            // What somebody is, or when they were born, can change without a row of their own.
            for (id, role) in roles.into_iter().flatten() {
                let row = roster.people.entry(id).or_default();
                (row.kind, row.first_on, row.last_on) = (role.kind, role.first_on, role.last_on);
            }
            for (id, day) in born {
                roster.people.entry(id).or_default().born_on = Some(day);
            }
        }
    }
    classes(files, options, &mut roster, changes.as_mut())?;
    roster.changes = changes;
    if not_enabled > 0 {
        let what = format!(
            "{not_enabled} are marked as not enabled there; they are on the roll here as the others are"
        );
        roster.complaints.push(users.complaint(what));
    }
    Ok(roster)
}

/// Everybody's role at the school: the primary one, else the first.
fn roles(
    files: &Files,
    options: &Options,
    roster: &mut Roster,
) -> Result<BTreeMap<String, Role>, Vec<Complaint>> {
    let table = files.table_with("roles.csv", &["userSourcedId", "role", "orgSourcedId"])?;
    let dates = Dates::of(table.values(&["beginDate", "endDate"]), options.dates);
    let mut roles: BTreeMap<String, Role> = BTreeMap::new();
    let mut ended = 0_usize;
    roster.each_row(&table, "userSourcedId", |roster, row| {
        roster.as_of = roster.as_of.max(changed_at(row));
        if is_deleted(row) {
            ended += 1;
            return Ok(());
        }
        if !is_at(row, "orgSourcedId", options)? {
            return Ok(());
        }
        let role = Role {
            kind: Some(kind(row, "role")?),
            first_on: date(row, "beginDate", dates)?,
            last_on: date(row, "endDate", dates)?,
            is_primary: row.text("roleType")?.is_some_and(|kind| kind.eq_ignore_ascii_case("primary")),
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
    if ended > 0 && is_delta(files)? {
        let what = format!(
            "{ended} roles have ended, and whether somebody has another cannot be told from changes: they stay as they are, until they leave or the \
             whole is sent"
        );
        roster.complaints.push(table.complaint(what));
    }
    Ok(roles)
}

/// Dates of birth, by people's ids.
fn demographics(
    files: &Files,
    options: &Options,
    roster: &mut Roster,
) -> Result<BTreeMap<String, String>, Vec<Complaint>> {
    let mut born = BTreeMap::new();
    let Some(table) = files.table("demographics.csv")? else { return Ok(born) };
    let id = if table.has("userSourcedId") { "userSourcedId" } else { "sourcedId" };
    let dates = Dates::of(table.values(&["birthDate"]), options.dates);
    let before = roster.unread.clone();
    roster.each_row(&table, id, |_, row| {
        if let Some(day) = date(row, "birthDate", dates)? {
            born.insert(row.must(id)?.to_owned(), day);
        }
        Ok(())
    });
    // Whose date of birth cannot be read is known well enough otherwise.
    roster.unread = before;
    Ok(born)
}

/// Agents of a pupil are who is responsible for them.
fn relations(roster: &mut Roster, agents: &[(String, Vec<String>)]) {
    let kind = |id: &String| roster.people.get(id).and_then(|person| person.kind);
    let mut relations = BTreeMap::new();
    for (id, others) in agents {
        for other in others {
            let pair = match (kind(id), kind(other)) {
                (Some(Kind::Pupil), Some(Kind::Parent)) => (id.clone(), other.clone()),
                (Some(Kind::Parent), Some(Kind::Pupil)) => (other.clone(), id.clone()),
                _ => continue,
            };
            relations.insert(
                pair,
                RelationRow { relation: "parent or carer".to_owned(), ..RelationRow::default() },
            );
        }
    }
    if agents.iter().any(|(_, others)| !others.is_empty()) {
        roster.relations = Some(relations);
    }
}

/// The first and the last day of each term, by its id.
fn terms(files: &Files, options: &Options) -> Result<BTreeMap<String, (String, String)>, Vec<Complaint>> {
    let mut terms = BTreeMap::new();
    let Some(table) = files.table("academicsessions.csv")? else { return Ok(terms) };
    let dates = Dates::of(table.values(&["startDate", "endDate"]), options.dates);
    for row in table.rows().filter(Row::is_whole) {
        // A term whose days cannot be read bounds nothing.
        let day = |column: &str| date(&row, column, dates).ok().flatten();
        if let (Ok(Some(id)), Some(from), Some(until)) =
            (row.text("sourcedId"), day("startDate"), day("endDate"))
        {
            terms.insert(id.to_owned(), (from, until));
        }
    }
    Ok(terms)
}

/// When a class is taught: in these periods of every school day, in each of its terms.
fn slots(row: &Row<'_>, terms: &BTreeMap<String, (String, String)>) -> Result<BTreeSet<Slot>, String> {
    let room = row.text("location")?.map(str::to_owned);
    let known = row.several("termSourcedIds")?;
    let mut times: Vec<Option<&(String, String)>> =
        known.iter().filter_map(|id| terms.get(*id)).map(Some).collect();
    if times.is_empty() {
        times.push(None);
    }
    let mut slots = BTreeSet::new();
    for period in row.several("periods")? {
        for time in &times {
            slots.insert(Slot {
                period: period.to_owned(),
                room: room.clone(),
                from: time.map(|(from, _)| from.clone()),
                until: time.map(|(_, until)| until.clone()),
                ..Slot::default()
            });
        }
    }
    Ok(slots)
}

fn classes(
    files: &Files,
    options: &Options,
    roster: &mut Roster,
    mut changes: Option<&mut Changes>,
) -> Result<(), Vec<Complaint>> {
    let (told, enrolled) = (files.table("classes.csv")?, files.table("enrollments.csv")?);
    if changes.is_none() && (told.is_none() || enrolled.is_none()) {
        return Ok(());
    }
    let terms = terms(files, options)?;
    let unread = roster.unread.clone();
    let mut all: BTreeMap<String, ClassRow> = BTreeMap::new();
    if let Some(classes) = &told {
        classes.must_have(&["sourcedId", "title"])?;
        each_class(roster, classes, &terms, &mut all, changes.as_deref_mut());
    }
    if let Some(enrolments) = &enrolled {
        enrolments.must_have(&["classSourcedId", "userSourcedId", "role"])?;
        roster.each_row(enrolments, "", |roster, row| {
            roster.as_of = roster.as_of.max(changed_at(row));
            match &mut changes {
                Some(changes) => {
                    changes.members.push(member(row)?);
                    Ok(())
                }
                None if is_deleted(row) => Ok(()),
                None => enrol(roster, &mut all, row),
            }
        });
    }
    roster.unread = unread;
    roster.classes = (changes.is_none() || told.is_some()).then_some(all);
    Ok(())
}

/// Somebody who comes into a class or goes out of it.
fn member(row: &Row<'_>) -> Result<Member, String> {
    let comes = !is_deleted(row);
    let kind = row.text("role")?.and_then(|role| Content::built_in().kind_called(role));
    let teaches = match kind {
        Some(Kind::Pupil) => Some(false),
        Some(Kind::Staff | Kind::Supply | Kind::Trainee | Kind::Volunteer) => Some(true),
        _ if comes => return Err("the role is none that is known for a class".to_owned()),
        _ => None,
    };
    let (class, person) = (row.must("classSourcedId")?.to_owned(), row.must("userSourcedId")?.to_owned());
    Ok(Member { class, person, teaches, comes })
}

fn each_class(
    roster: &mut Roster,
    classes: &Table,
    terms: &BTreeMap<String, (String, String)>,
    all: &mut BTreeMap<String, ClassRow>,
    mut changes: Option<&mut Changes>,
) {
    let tells_periods = classes.has("periods");
    roster.each_row(classes, "", |roster, row| {
        roster.as_of = roster.as_of.max(changed_at(row));
        if is_deleted(row) {
            if let Some(changes) = &mut changes {
                changes.ended.insert(row.must("sourcedId")?.to_owned());
            }
            return Ok(());
        }
        let class = ClassRow {
            name: row.must("title")?.to_owned(),
            year: year(row, "grades").unwrap_or_default(),
            room: row.text("location")?.map(str::to_owned),
            slots: if tells_periods { Some(slots(row, terms)?) } else { None },
            ..ClassRow::default()
        };
        match all.insert(row.must("sourcedId")?.to_owned(), class) {
            None => Ok(()),
            Some(_) => Err("a class with this id is there already".to_owned()),
        }
    });
}

/// Puts somebody into a class, by one row.
pub(super) fn enrol(
    roster: &Roster,
    all: &mut BTreeMap<String, ClassRow>,
    row: &Row<'_>,
) -> Result<(), String> {
    let (class, person) = (row.must("classSourcedId")?, row.must("userSourcedId")?.to_owned());
    let Some(class) = all.get_mut(class) else { return Err("there is no class with this id".to_owned()) };
    if !roster.people.contains_key(&person) {
        // Of another school, whom the people were told apart by already.
        return if roster.unread.contains(&person) {
            Ok(())
        } else {
            Err("nobody has this id among the people".to_owned())
        };
    }
    let role = row.must("role")?;
    match Content::built_in().kind_called(role) {
        Some(Kind::Pupil) => class.pupils.insert(person),
        Some(Kind::Staff | Kind::Supply | Kind::Trainee | Kind::Volunteer) => class.teachers.insert(person),
        _ => return Err("the role is none that is known for a class".to_owned()),
    };
    Ok(())
}

fn is_deleted(row: &Row<'_>) -> bool {
    matches!(row.text("status"), Ok(Some(status)) if status.eq_ignore_ascii_case("tobedeleted"))
}

/// When a row was last changed there, where it says so.
fn changed_at(row: &Row<'_>) -> Option<i64> {
    let text = row.text("dateLastModified").ok()??;
    if let Some(at) = Timestamp::parse(text) {
        return Some(at.as_millis());
    }
    // A day alone, as some write it, is its beginning.
    Timestamp::parse(&format!("{text}T00:00:00Z")).map(Timestamp::as_millis)
}

/// Whether somebody is at the school that was asked for, or any where none was.
pub(super) fn is_at(row: &Row<'_>, column: &str, options: &Options) -> Result<bool, String> {
    let Some(school) = &options.school else { return Ok(true) };
    Ok(row.several(column)?.contains(&school.as_str()))
}

/// The kind under a column that must not be empty.
pub(super) fn kind(row: &Row<'_>, column: &str) -> Result<Kind, String> {
    let written = row.must(column)?;
    let unknown = || format!("the cell under {column} is no kind of people that is known here");
    Content::built_in().kind_called(written).ok_or_else(unknown)
}

/// The year under a column: the first that is known, where there are several.
pub(super) fn year(row: &Row<'_>, column: &str) -> Result<Option<YearGroup>, String> {
    let mut years = Vec::new();
    for written in row.several(column)? {
        let unknown = |_| format!("the cell under {column} is no year that is known here");
        years.extend(Content::built_in().year_called(written).map_err(unknown)?);
    }
    Ok(years.into_iter().next())
}

/// The day under a column.
pub(super) fn date(row: &Row<'_>, column: &str, dates: Dates) -> Result<Option<String>, String> {
    let Some(text) = row.text(column)? else { return Ok(None) };
    dates.read(text).map(Some).map_err(|no| match no {
        NoDate::Not => format!("the cell under {column} is no day"),
        NoDate::TwoWays => format!(
            "the day under {column} can be read two ways; write days as 2014-02-28, or say which comes first, day or month"
        ),
    })
}
