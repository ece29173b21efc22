//! Any table with one person a row: which column is which is guessed from the first line, and corrected by whoever knows.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::dates::Dates;
use super::files::Files;
use super::oneroster::{date, kind, year};
use super::table::{Row, Table};
use super::{ClassRow, Complaint, Options, PersonRow, RelationRow, Roster, Shape, whole_name};
use crate::content::{Called, Content, plain};
use crate::kind::Kind;

/// How the columns of a table were read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Columns {
    /// Kind of column to the header that it stands under.
    pub read: BTreeMap<String, String>,
    /// Headers that nothing was made of.
    pub unused: Vec<String>,
}

/// The kinds of columns: ids and what people call them.
pub fn column_kinds() -> impl Iterator<Item = (&'static str, &'static str)> {
    Content::built_in().columns().iter().map(|called| (called.id.as_str(), called.name.as_str()))
}

impl Columns {
    /// What each column is: as it was said, else by its name. The whole name is not looked for where its parts are there.
    pub(super) fn of(header: &[String], said: &BTreeMap<String, String>, kinds: &[Called]) -> Self {
        let mut read: BTreeMap<String, String> = BTreeMap::new();
        let find = |wanted: &str| header.iter().find(|head| plain(head) == plain(wanted)).cloned();
        for (id, wanted) in said.iter().filter(|(id, _)| kinds.iter().any(|kind| kind.id == **id)) {
            if let Some(head) = find(wanted) {
                read.insert(id.clone(), head);
            }
        }
        for called in kinds {
            // An empty word says that there is no such column, whatever it looks like.
            if said.contains_key(&called.id) {
                continue;
            }
            let free = |head: &String| !read.values().any(|taken| taken == head);
            let found = called.names.iter().chain([&called.name]).find_map(|name| find(name).filter(free));
            if let Some(head) = found {
                read.insert(called.id.clone(), head);
            }
        }
        if read.contains_key("given") && read.contains_key("family") && !said.contains_key("name") {
            read.remove("name");
        }
        let used: BTreeSet<&String> = read.values().collect();
        let unused = header.iter().filter(|head| !head.is_empty() && !used.contains(head)).cloned().collect();
        Self { read, unused }
    }

    pub(super) fn get(&self, id: &str) -> &str {
        self.read.get(id).map_or("", String::as_str)
    }

    pub(super) fn has(&self, id: &str) -> bool {
        self.read.contains_key(id)
    }
}

pub(super) fn read(files: &Files, options: &Options) -> Result<Roster, Vec<Complaint>> {
    let table = files.only()?;
    let columns = Columns::of(table.header(), &options.columns, Content::built_in().columns());
    let mut missing = Vec::new();
    if !columns.has("id") && !by_name(options) {
        missing.push(table.complaint(
            "no column is known as what your own system calls people, which tells two of one name apart; say which it is, or that there is none",
        ));
    }
    if !columns.has("name") && !columns.has("given") && !columns.has("family") {
        missing.push(table.complaint("no column is known as people’s names; say which it is"));
    }
    if !columns.has("kind") && options.kind.is_none() {
        missing.push(table.complaint(
            "no column says what each person is at the school; say which it is, or what all of them are",
        ));
    }
    if !missing.is_empty() {
        return Err(missing);
    }
    let mut roster = Roster::empty(Shape::Table);
    people(&mut roster, &table, &columns, options);
    roster.columns = columns;
    Ok(roster)
}

/// Whether somebody said that no column tells people apart, so that name and date of birth do.
fn by_name(options: &Options) -> bool {
    options.columns.get("id").is_some_and(String::is_empty)
}

/// What tells somebody apart where no column does.
fn called(row: &Row<'_>, columns: &Columns, dates: Dates) -> Result<String, String> {
    let of = |id: &str| row.text(columns.get(id));
    let whole = of("name")?.map(|whole| match whole.split_once(',') {
        Some((family, given)) => format!("{} {}", given.trim(), family.trim()),
        None => whole.to_owned(),
    });
    let name = whole_name(of("given")?, of("family")?, whole.as_deref())?;
    if name.is_empty() {
        return Err("the row has no name".to_owned());
    }
    let born = date(row, columns.get("born"), dates)?;
    Ok(born.map_or_else(|| plain(&name), |born| format!("{} {born}", plain(&name))))
}

fn people(roster: &mut Roster, table: &Table, columns: &Columns, options: &Options) {
    let days = ["born", "first", "last"].map(|id| columns.get(id));
    let dates = Dates::of(table.values(&days), options.dates);
    let mut classes: BTreeMap<String, ClassRow> = BTreeMap::new();
    let mut relations = BTreeMap::new();
    let (id, by_name) = (columns.get("id"), by_name(options));
    roster.each_row(table, id, |roster, row| {
        let id = if by_name { called(row, columns, dates)? } else { row.must(id)?.to_owned() };
        let person = match person(row, columns, dates, options) {
            Ok(person) => person,
            Err(what) => {
                roster.unread.insert(id);
                return Err(what);
            }
        };
        let told = relation(row, columns)?;
        let of = row.several(columns.get("children"))?;
        let of: Vec<String> = of.into_iter().map(str::to_owned).collect();
        let part_of = row.several(columns.get("class"))?;
        let (kind, year) = (person.kind, person.year);
        roster.add(id.clone(), person)?;
        for child in of {
            relations.insert((child, id.clone()), told.clone());
        }
        for name in part_of {
            let new = ClassRow { name: name.to_owned(), year, ..ClassRow::default() };
            let class = classes.entry(plain(name)).or_insert(new);
            match kind {
                Some(Kind::Pupil) => class.pupils.insert(id.clone()),
                _ => class.teachers.insert(id.clone()),
            };
            if class.year != year && kind == Some(Kind::Pupil) {
                class.year = None;
            }
        }
        Ok(())
    });
    roster.classes = columns.has("class").then_some(classes);
    roster.relations = columns.has("children").then_some(relations);
}

fn person(row: &Row<'_>, columns: &Columns, dates: Dates, options: &Options) -> Result<PersonRow, String> {
    let of = |id: &str| row.text(columns.get(id));
    let (given, family) = (of("given")?, of("family")?);
    let (given, family, name) = match (given, family, of("name")?) {
        // `Example, Ada` is how many systems sort.
        (None, None, Some(whole)) => match whole.split_once(',') {
            Some((family, given)) => {
                let (family, given) = (family.trim(), given.trim());
                (Some(given), Some(family), format!("{given} {family}").trim().to_owned())
            }
            None => (None, None, whole.to_owned()),
        },
        (given, family, whole) => (given, family, whole_name(given, family, whole)?),
    };
    if name.is_empty() {
        return Err("the row has no name".to_owned());
    }
    let filled = |part: Option<&str>| part.filter(|part| !part.is_empty()).map(str::to_owned);
    let kind = match (of("kind")?, options.kind) {
        (None, Some(kind)) => kind,
        _ => kind(row, columns.get("kind"))?,
    };
    Ok(PersonRow {
        name,
        given: filled(given),
        family: filled(family),
        kind: Some(kind),
        year: if kind == Kind::Pupil { year(row, columns.get("year"))? } else { None },
        born_on: date(row, columns.get("born"), dates)?,
        first_on: date(row, columns.get("first"), dates)?,
        last_on: date(row, columns.get("last"), dates)?,
    })
}

fn relation(row: &Row<'_>, columns: &Columns) -> Result<RelationRow, String> {
    let yes = |id: &str| {
        let Some(text) = row.text(columns.get(id))? else { return Ok(None) };
        match plain(text).as_str() {
            "yes" | "y" | "true" | "1" => Ok(Some(true)),
            "no" | "n" | "false" | "0" => Ok(Some(false)),
            "unknown" | "not known" => Ok(None),
            _ => Err(format!("the cell under {} is neither yes nor no", columns.get(id))),
        }
    };
    Ok(RelationRow {
        relation: row.text(columns.get("relation"))?.unwrap_or("parent or carer").to_lowercase(),
        responsibility: yes("responsibility")?,
        restricted: yes("restricted")?,
    })
}
