//! The table of when classes are taught. The only file that names it.

use std::collections::{BTreeMap, BTreeSet};

use engine::PersonNo;
use kit::Private;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Set};
use store::orm as sea_orm;
use store::{StoreError, Tx};

use super::model::Slot;
use crate::ClassId;
use crate::intake::{ClassOrGroup, classes};

mod table {
    use store::orm as sea_orm;
    use store::orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "class_slot")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub class: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub place: i64,
        pub day: Option<i64>,
        pub week: Option<String>,
        pub period: String,
        pub room: Option<String>,
        pub from_on: Option<String>,
        pub until_on: Option<String>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// A lesson of a class, for whoever is in it or teaches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lesson {
    /// Which class.
    pub class: ClassId,
    /// What people call it.
    pub name: String,
    /// When, and where.
    pub slot: Slot,
}

fn read(row: table::Model) -> (String, Slot) {
    let slot = Slot {
        day: row.day.and_then(|day| i8::try_from(day).ok()).filter(|day| (1..=7).contains(day)),
        week: row.week,
        period: row.period,
        room: row.room,
        from: row.from_on,
        until: row.until_on,
    };
    (row.class, slot)
}

/// When each of these classes is taught, by their ids in the records.
pub(crate) async fn of(
    tx: &mut Tx,
    classes: impl IntoIterator<Item = String>,
) -> Result<BTreeMap<String, BTreeSet<Slot>>, StoreError> {
    let wanted: BTreeSet<String> = classes.into_iter().collect();
    let mut all: BTreeMap<String, BTreeSet<Slot>> = BTreeMap::new();
    for row in table::Entity::find().all(tx.conn()).await? {
        let (class, slot) = read(row);
        if wanted.contains(&class) {
            all.entry(class).or_default().insert(slot);
        }
    }
    Ok(all)
}

/// Makes a class's week what it is said to be.
pub(crate) async fn put(tx: &mut Tx, class: &str, slots: &BTreeSet<Slot>) -> Result<(), StoreError> {
    table::Entity::delete_many().filter(table::Column::Class.eq(class)).exec(tx.conn()).await?;
    let row = |(place, slot): (i64, &Slot)| table::ActiveModel {
        class: Set(class.to_owned()),
        place: Set(place),
        day: Set(slot.day.map(i64::from)),
        week: Set(slot.week.clone()),
        period: Set(slot.period.clone()),
        room: Set(slot.room.clone()),
        from_on: Set(slot.from.clone()),
        until_on: Set(slot.until.clone()),
    };
    let rows: Vec<table::ActiveModel> = (1..).zip(slots).map(row).collect();
    for some in rows.chunks(100) {
        table::Entity::insert_many(some.to_vec()).exec_without_returning(tx.conn()).await?;
    }
    Ok(())
}

/// A class that goes on: its name, who teaches it, and when.
pub async fn of_class(
    tx: &mut Tx,
    class: ClassId,
) -> Result<Option<(String, Vec<Private<String>>, Vec<Lesson>)>, StoreError> {
    let Some(name) = classes::name_of(tx, &ClassOrGroup::Class(class)).await? else { return Ok(None) };
    let teachers = classes::teachers(tx, class).await?;
    let slots = of(tx, [class.to_string()]).await?.remove(&class.to_string()).unwrap_or_default();
    let lessons = slots.into_iter().map(|slot| Lesson { class, name: name.clone(), slot });
    let lessons = lessons.collect();
    Ok(Some((name, teachers, lessons)))
}

/// Every lesson of the classes that somebody teaches.
pub async fn of_teacher(tx: &mut Tx, teacher: PersonNo) -> Result<Vec<Lesson>, StoreError> {
    let theirs = classes::taught_by(tx, teacher).await?;
    let mut slots = of(tx, theirs.iter().map(|class| class.of.to_string())).await?;
    let mut lessons = Vec::new();
    for called in theirs {
        let ClassOrGroup::Class(class) = called.of else { continue };
        for slot in slots.remove(&class.to_string()).unwrap_or_default() {
            lessons.push(Lesson { class, name: called.name.clone(), slot });
        }
    }
    Ok(lessons)
}
