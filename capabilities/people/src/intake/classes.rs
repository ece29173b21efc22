//! Classes and groups as sets of pupils, for what is done for all of one at once.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use engine::PersonNo;
use kit::Private;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use store::orm as sea_orm;
use store::{StoreError, Tx};

use super::store::{class_member, school_class};
use crate::ClassId;
use crate::kind::Kind;
use crate::store::{Among, Known, known_among};

/// A class of the roll, or a group of the filter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClassOrGroup {
    /// A class.
    Class(ClassId),
    /// A group of the filter, by its id.
    Group(String),
}

/// It names neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NeitherClassNorGroup;

impl FromStr for ClassOrGroup {
    type Err = NeitherClassNorGroup;

    fn from_str(text: &str) -> Result<Self, NeitherClassNorGroup> {
        if let Ok(class) = text.parse() {
            return Ok(Self::Class(class));
        }
        let plain = |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == '-';
        let is_id = !text.is_empty() && text.len() <= 64 && text.chars().all(plain);
        if is_id { Ok(Self::Group(text.to_owned())) } else { Err(NeitherClassNorGroup) }
    }
}

/// As in addresses and records.
impl fmt::Display for ClassOrGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Class(class) => write!(f, "{class}"),
            Self::Group(group) => f.write_str(group),
        }
    }
}

/// A class or a group with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Called {
    /// Which.
    pub of: ClassOrGroup,
    /// What people call it.
    pub name: String,
}

/// The classes that go on, by name.
pub(crate) async fn classes(tx: &mut Tx) -> Result<Vec<Called>, StoreError> {
    let rows = school_class::Entity::find()
        .filter(school_class::Column::EndedAt.is_null())
        .order_by_asc(school_class::Column::Name)
        .order_by_asc(school_class::Column::Id)
        .all(tx.conn())
        .await?;
    rows.into_iter().map(called).collect()
}

/// The classes that somebody teaches and that go on.
pub(crate) async fn taught_by(tx: &mut Tx, teacher: PersonNo) -> Result<Vec<Called>, StoreError> {
    let rows = class_member::Entity::find()
        .filter(class_member::Column::Person.eq(i64::from(teacher.0)))
        .filter(class_member::Column::Part.eq("teacher"))
        .all(tx.conn())
        .await?;
    let taught: BTreeSet<String> = rows.into_iter().map(|row| row.class).collect();
    let mut all = classes(tx).await?;
    all.retain(|class| taught.contains(&class.of.to_string()));
    Ok(all)
}

/// The names of those who teach a class and are on the roll.
pub(crate) async fn teachers(tx: &mut Tx, class: ClassId) -> Result<Vec<Private<String>>, StoreError> {
    let rows = class_member::Entity::find()
        .filter(class_member::Column::Class.eq(class.to_string()))
        .filter(class_member::Column::Part.eq("teacher"))
        .all(tx.conn())
        .await?;
    let there: BTreeSet<i64> = rows.into_iter().map(|row| row.person).collect();
    let teachers = known_among(tx, Among::Numbers(&there)).await?;
    Ok(teachers.into_iter().map(|one| Private::new(one.facts.name)).collect())
}

/// The name of a class that goes on, or of a group that somebody on the roll is in; `None` where there is none.
pub(crate) async fn name_of(tx: &mut Tx, of: &ClassOrGroup) -> Result<Option<String>, StoreError> {
    match of {
        ClassOrGroup::Class(class) => {
            let row = school_class::Entity::find_by_id(class.to_string())
                .filter(school_class::Column::EndedAt.is_null())
                .one(tx.conn())
                .await?;
            Ok(row.map(|row| row.name))
        }
        ClassOrGroup::Group(group) => {
            let some = known_among(tx, Among::Group(group)).await?;
            Ok((!some.is_empty()).then(|| in_words(group)))
        }
    }
}

/// A group's id as people say it.
pub(crate) fn in_words(group: &str) -> String {
    let words = group.replace('-', " ");
    let mut signs = words.chars();
    signs.next().map(|first| first.to_uppercase().chain(signs).collect()).unwrap_or_default()
}

/// Where a group or a class stands among others by what it is called: Year 2 before Year 10.
pub(crate) fn in_order(name: &str) -> (String, u64, String) {
    let begins = name.find(|sign: char| sign.is_ascii_digit()).unwrap_or(name.len());
    let (words, rest) = name.split_at(begins);
    let ends = rest.find(|sign: char| !sign.is_ascii_digit()).unwrap_or(rest.len());
    let (number, after) = rest.split_at(ends);
    (words.to_lowercase(), number.parse().unwrap_or(0), after.to_lowercase())
}

/// The pupils of a class or a group who are on the roll, by name. Whom the roll calls anything but a pupil is none.
pub(crate) async fn members(tx: &mut Tx, of: &ClassOrGroup) -> Result<Vec<Known>, StoreError> {
    let mut all = match of {
        ClassOrGroup::Group(group) => known_among(tx, Among::Group(group)).await?,
        ClassOrGroup::Class(class) => {
            let rows = class_member::Entity::find()
                .filter(class_member::Column::Class.eq(class.to_string()))
                .filter(class_member::Column::Part.eq("pupil"))
                .all(tx.conn())
                .await?;
            let there: BTreeSet<i64> = rows.into_iter().map(|row| row.person).collect();
            known_among(tx, Among::Numbers(&there)).await?
        }
    };
    all.retain(|one| one.facts.kind.is_none_or(|kind| kind == Kind::Pupil));
    let by_name = |one: &Known| (one.facts.family.clone(), one.facts.name.clone(), one.number);
    all.sort_by_key(by_name);
    Ok(all)
}

fn called(row: school_class::Model) -> Result<Called, StoreError> {
    let unreadable = StoreError::Unreadable { table: "school_class", column: "id", why: "not an id" };
    let class = row.id.parse().map_err(|_| unreadable)?;
    Ok(Called { of: ClassOrGroup::Class(class), name: row.name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_or_a_group_reads_back_and_nothing_else_does() {
        let class: ClassId = kit::Ids::default().make(kit::Timestamp::from_millis(1));
        for of in [ClassOrGroup::Class(class), ClassOrGroup::Group("year-1".into())] {
            assert_eq!(of.to_string().parse(), Ok(of));
        }
        for none in ["", "Year 1", "../x", "a/b", "é", &"a".repeat(65)] {
            assert_eq!(none.parse::<ClassOrGroup>(), Err(NeitherClassNorGroup), "{none:?}");
        }
        assert_eq!(in_words("key-stage-1"), "Key stage 1");
        let mut names = ["year-10", "10B", "year-2", "reception", "2A", "year-1", "10A", "primary"];
        names.sort_by_key(|name| in_order(name));
        assert_eq!(names, ["2A", "10A", "10B", "primary", "reception", "year-1", "year-2", "year-10"]);
    }
}
