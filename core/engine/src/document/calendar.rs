//! The school's year and day, as the document writes them.

use serde::{Deserialize, Serialize};

use super::problem::{Line, Lines};

/// `[calendar]`: when it is school, and the times the cells of the table name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CalendarSection {
    /// The IANA zone of the school's clocks; Europe/London where it is left out.
    #[serde(default = "london")]
    pub zone: String,
    /// Days of term on which the school is closed (training days, closures), `2026-11-27`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closed: Vec<String>,
    /// Bank holidays, `2026-12-25`. They are the same to the gate as a closed day and kept apart for the reader.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bank_holidays: Vec<String>,
    /// The terms. With none, every Monday to Friday that is not closed is a school day.
    #[serde(default, rename = "term", skip_serializing_if = "Vec::is_empty")]
    pub terms: Vec<Term>,
    /// The lessons of a school day: inside any of them the built-in time `lessons` holds, and on a school day outside
    /// all of them `outside-lessons`.
    #[serde(default, rename = "lesson", skip_serializing_if = "Vec::is_empty")]
    pub lessons: Vec<Lesson>,
    /// The named times.
    #[serde(default, rename = "time", skip_serializing_if = "Vec::is_empty")]
    pub times: Vec<NamedTime>,
    /// Where the section stands.
    #[serde(skip)]
    pub line: Line,
    /// Where each closed day stands.
    #[serde(skip)]
    pub closed_lines: Lines,
    /// Where each bank holiday stands.
    #[serde(skip)]
    pub bank_holiday_lines: Lines,
}

fn london() -> String {
    "Europe/London".to_owned()
}

impl Default for CalendarSection {
    fn default() -> Self {
        Self {
            zone: london(),
            closed: Vec::new(),
            bank_holidays: Vec::new(),
            terms: Vec::new(),
            lessons: Vec::new(),
            times: Vec::new(),
            line: Line(0),
            closed_lines: Lines::default(),
            bank_holiday_lines: Lines::default(),
        }
    }
}

/// A term or half-term, both days included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Term {
    /// What the school calls it.
    pub name: String,
    /// The first day, `2026-09-02`.
    pub from: String,
    /// The last day.
    pub to: String,
    /// Where it stands.
    #[serde(skip)]
    pub line: Line,
}

/// A lesson of the day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Lesson {
    /// What the timetable calls it.
    pub id: String,
    /// When it begins, `09:00`.
    pub from: String,
    /// When it ends.
    pub to: String,
    /// Where it stands.
    #[serde(skip)]
    pub line: Line,
}

/// A time that cells may name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NamedTime {
    /// The id cells use.
    pub id: String,
    /// What people call it; the id where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Days of the week, `mon` to `sun`; every day where it is left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<String>,
    /// When it begins, `12:10`.
    pub from: String,
    /// When it ends, `24:00` at the latest; earlier than `from` where it crosses midnight. It then belongs to the day
    /// it began.
    pub to: String,
    /// The kind of day it holds on.
    #[serde(default)]
    pub on: On,
    /// Where it stands.
    #[serde(skip)]
    pub line: Line,
}

/// The kind of day a named time holds on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum On {
    /// Only on school days.
    #[default]
    SchoolDays,
    /// On every day.
    AnyDay,
    /// Only on days that are not school days.
    NotSchoolDays,
}
