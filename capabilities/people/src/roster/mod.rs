//! Rolls as other systems write them: OneRoster 1.1 and 1.2, Microsoft School Data Sync V1, V2 and V2.1, and any table with one
//! person a row. Bytes in, people with their classes and relations out; whatever cannot be read is named by file and line, and
//! no complaint repeats what a cell holds. Passwords that stand in such files are never looked at.

mod changes;
mod columns;
mod dates;
mod files;
mod oneroster;
mod sds;
mod table;
mod timetable;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use changes::{Changes, Member};
pub use columns::{Columns, column_kinds};
pub use dates::Order;
pub use dates::day_by_hand;
pub(crate) use dates::written_by_hand;
pub use files::{Files, FilesError, LARGEST_UPLOAD_BYTES};
pub use timetable::slot_column_kinds;

use crate::kind::{Kind, YearGroup};
use crate::timetable::Slot;
use table::{Row, Table};

/// In which form a roll came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// OneRoster 1.1, CSV.
    #[serde(rename = "oneroster-1.1")]
    OneRoster11,
    /// OneRoster 1.2, CSV.
    #[serde(rename = "oneroster-1.2")]
    OneRoster12,
    /// School Data Sync V1, in its own or its UK form.
    SdsV1,
    /// School Data Sync V2.
    SdsV2,
    /// School Data Sync V2.1.
    #[serde(rename = "sds-v2.1")]
    SdsV21,
    /// A table with columns of the school's own.
    Table,
    /// A table of lessons: when which class is taught, and where.
    Timetable,
    /// What a system tells over SCIM; in no file.
    Scim,
}

impl Shape {
    /// What people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OneRoster11 => "OneRoster 1.1",
            Self::OneRoster12 => "OneRoster 1.2",
            Self::SdsV1 => "School Data Sync V1",
            Self::SdsV2 => "School Data Sync V2",
            Self::SdsV21 => "School Data Sync V2.1",
            Self::Table => "a table",
            Self::Timetable => "a timetable",
            Self::Scim => "SCIM 2.0",
        }
    }

    /// Whose ids they are, where nobody says it.
    pub const fn source(self) -> &'static str {
        match self {
            Self::OneRoster11 | Self::OneRoster12 => "oneroster",
            Self::SdsV1 | Self::SdsV2 | Self::SdsV21 => "sds",
            Self::Table | Self::Timetable => "table",
            Self::Scim => "scim",
        }
    }
}

/// What whoever imports says besides.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Only people of the school with this id, where a file holds several schools.
    pub school: Option<String>,
    /// What everybody in a table is, where no column says it.
    pub kind: Option<Kind>,
    /// How days are written where that is unclear.
    pub dates: Option<Order>,
    /// Columns of a table, corrected or remembered: kind of column to header.
    pub columns: BTreeMap<String, String>,
}

/// Something in a file that could not be taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Complaint {
    /// The file.
    pub file: String,
    /// The line, from 1; 0 where it is about the whole.
    pub line: u64,
    /// What is wrong, and what to do.
    pub what: String,
}

impl std::fmt::Display for Complaint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.what),
            line => write!(f, "{}: line {line}: {}", self.file, self.what),
        }
    }
}

/// A person, as a source tells them. What it leaves empty it does not tell.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct PersonRow {
    /// Their whole name.
    pub name: String,
    /// Their given name.
    pub given: Option<String>,
    /// Their family name.
    pub family: Option<String>,
    /// What they are.
    pub kind: Option<Kind>,
    /// Their year.
    pub year: Option<YearGroup>,
    /// Their date of birth, as `2014-03-02`.
    pub born_on: Option<String>,
    /// Their first day.
    pub first_on: Option<String>,
    /// Their last day.
    pub last_on: Option<String>,
}

/// A class, as a source tells it; people by the source's ids.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct ClassRow {
    /// Its name.
    pub name: String,
    /// Its year.
    pub year: Option<YearGroup>,
    /// Its room.
    pub room: Option<String>,
    /// Who teaches it.
    pub teachers: BTreeSet<String>,
    /// Who is in it.
    pub pupils: BTreeSet<String>,
    /// When it is taught; none where that is not told.
    pub slots: Option<BTreeSet<Slot>>,
}

/// What an adult is to a pupil, as a source tells it.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct RelationRow {
    /// In the source's own word: parent, guardian, relative.
    pub relation: String,
    /// Whether they have parental responsibility, where it is told.
    pub responsibility: Option<bool>,
    /// Whether a court restricts contact, where it is told.
    pub restricted: Option<bool>,
}

/// A roll, as a source tells it. Holds people: printing it shows numbers.
#[derive(Clone, PartialEq, Eq)]
pub struct Roster {
    /// Its form.
    pub shape: Shape,
    /// The people, by the source's ids.
    pub people: BTreeMap<String, PersonRow>,
    /// Those whose row could not be read: they stay as they are.
    pub unread: BTreeSet<String>,
    /// The classes, by the source's ids; none where it tells none.
    pub classes: Option<BTreeMap<String, ClassRow>>,
    /// What adults are to pupils, by the ids of pupil and adult; none where it tells none.
    pub relations: Option<BTreeMap<(String, String), RelationRow>>,
    /// What is new or gone, where that alone is told: whoever is not in it stays as they are.
    pub changes: Option<Changes>,
    /// When classes are taught, by what they are called, where nothing else is told.
    pub slots: Option<BTreeMap<String, BTreeSet<Slot>>>,
    /// When the newest of it was last changed there, in milliseconds, where it says so.
    pub as_of: Option<i64>,
    /// How a table's columns were read; empty for other forms.
    pub columns: Columns,
    /// What could not be taken.
    pub complaints: Vec<Complaint>,
}

impl std::fmt::Debug for Roster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (people, complaints) = (self.people.len(), self.complaints.len());
        write!(f, "Roster({}, {people} people, {complaints} complaints)", self.shape.name())
    }
}

impl Roster {
    pub(crate) fn empty(shape: Shape) -> Self {
        Self {
            shape,
            people: BTreeMap::new(),
            unread: BTreeSet::new(),
            classes: None,
            relations: None,
            changes: None,
            slots: None,
            as_of: None,
            columns: Columns::default(),
            complaints: Vec::new(),
        }
    }

    /// Reads what somebody gave: any of the forms, told apart by the names of its files and their headers.
    pub fn read(files: &Files, options: &Options) -> Result<Self, Vec<Complaint>> {
        let mut roster = match files.shape()? {
            Shape::OneRoster11 => oneroster::read(files, options, Shape::OneRoster11),
            Shape::OneRoster12 => oneroster::read(files, options, Shape::OneRoster12),
            Shape::SdsV1 => sds::read_v1(files, options),
            Shape::SdsV2 => sds::read_v2(files, options, Shape::SdsV2),
            Shape::SdsV21 => sds::read_v2(files, options, Shape::SdsV21),
            Shape::Table if files.is_timetable(options)? => timetable::read(files, options),
            Shape::Table | Shape::Timetable => columns::read(files, options),
            // No file is told to be of it.
            Shape::Scim => Ok(Self::empty(Shape::Scim)),
        }?;
        if options.school.is_none() {
            roster.complaints.extend(several_schools(files)?);
        }
        roster.tidy();
        Ok(roster)
    }

    /// Takes somebody in, once.
    fn add(&mut self, id: String, person: PersonRow) -> Result<(), &'static str> {
        if self.people.contains_key(&id) {
            return Err(
                "somebody with this id is there already; give each an id of their own, or remove one of the two",
            );
        }
        self.people.insert(id, person);
        Ok(())
    }

    /// Nobody is in a class, or has a parent, whom the file does not have.
    pub(crate) fn tidy(&mut self) {
        let people = &self.people;
        let unread = &self.unread;
        let is_there = |id: &String| people.contains_key(id) || unread.contains(id);
        for class in self.classes.iter_mut().flat_map(BTreeMap::values_mut) {
            class.teachers.retain(is_there);
            class.pupils.retain(is_there);
        }
        // Of changes alone, the other of the two may be somebody who stays as they are.
        if self.changes.is_none()
            && let Some(relations) = &mut self.relations
        {
            relations.retain(|(pupil, adult), _| pupil != adult && is_there(pupil) && is_there(adult));
        }
        self.complaints.sort_by(|one, other| (&one.file, one.line).cmp(&(&other.file, other.line)));
    }

    /// Reads a table row by row. A row that cannot be taken is named, and whoever's it is, where that can be read, stays as they are.
    fn each_row(
        &mut self,
        table: &Table,
        id: &str,
        mut take: impl FnMut(&mut Self, &Row<'_>) -> Result<(), String>,
    ) {
        self.complaints.extend(table.complaints().iter().cloned());
        for row in table.rows() {
            let taken = match row.is_whole() {
                true => take(self, &row),
                false => Err("the row has more or fewer cells than the first line".to_owned()),
            };
            if let Err(what) = taken {
                if let Ok(Some(id)) = row.text(id) {
                    self.unread.insert(id.to_owned());
                }
                self.complaints.push(Complaint { file: table.file().to_owned(), line: row.line(), what });
            }
        }
    }
}

/// Says where files hold several schools and nobody said which is meant.
fn several_schools(files: &Files) -> Result<Option<Complaint>, Vec<Complaint>> {
    let (table, is_school): (_, fn(&Row<'_>) -> bool) =
        match (files.table("orgs.csv")?, files.table("school.csv")?) {
            (Some(table), _) => (table, |row| {
                row.text("type")
                    .is_ok_and(|kind| kind.is_some_and(|kind| kind.eq_ignore_ascii_case("school")))
            }),
            (None, Some(table)) => (table, |_| true),
            (None, None) => return Ok(None),
        };
    let schools = table.rows().filter(is_school).count();
    let what = "it holds several schools, and everybody of them is taken; say the id of one to take its people alone";
    Ok((schools > 1).then(|| table.complaint(what)))
}

/// A name in one piece: given and family name, else what somebody signs in by elsewhere.
fn whole_name(given: Option<&str>, family: Option<&str>, otherwise: Option<&str>) -> Result<String, String> {
    let both: Vec<&str> = given.into_iter().chain(family).collect();
    match (both.is_empty(), otherwise) {
        (false, _) => Ok(both.join(" ")),
        (true, Some(other)) => Ok(other.to_owned()),
        (true, None) => Err("the row has no name".to_owned()),
    }
}

#[cfg(test)]
mod tests;
