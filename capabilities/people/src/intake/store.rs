//! The tables of classes, of what adults are to pupils, and of what sources call people. The only file that names them, but for imports, which
//! stand in `kept.rs`.

use std::collections::{BTreeMap, BTreeSet};

use engine::PersonNo;
use kit::{Private, Timestamp};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, Set};
use store::orm as sea_orm;
use store::{StoreError, Tx};

use super::by_hand;
pub(super) use super::kept::{
    answer, applied, by_number, changes, forget_changes, gone_since, insert, newest, next_number, told_since,
    wait_again, waiting, waiting_of, waiting_of_systems,
};
use super::model::{Class, Facts, Field, Relation, State, pair};
use crate::kind::{Kind, YearGroup};
use crate::store::Known;
use crate::timetable::store as timetable;

mod person_source {
    use store::orm as sea_orm;
    use store::orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "person_source")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub source: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub outside_id: String,
        pub person: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod school_class {
    use store::orm as sea_orm;
    use store::orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "school_class")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub source: String,
        pub outside_id: String,
        pub name: String,
        pub year_group: Option<i64>,
        pub room: Option<String>,
        pub started_at: i64,
        pub ended_at: Option<i64>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod class_member {
    use store::orm as sea_orm;
    use store::orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "class_member")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub class: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub person: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        pub part: String,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

mod relation {
    use store::orm as sea_orm;
    use store::orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "relation")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub pupil: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        pub adult: i64,
        pub source: String,
        pub relation: String,
        pub responsibility: String,
        pub restricted: i64,
        pub started_at: i64,
        pub ended_at: Option<i64>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

mod setting {
    use store::orm as sea_orm;
    use store::orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "setting")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub key: String,
        pub value: String,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// The numbers of those whom a source keeps.
pub(crate) async fn kept_by_sources(tx: &mut Tx) -> Result<BTreeSet<PersonNo>, StoreError> {
    let rows = person_source::Entity::find().all(tx.conn()).await?;
    rows.into_iter().map(|row| person_no("person_source", row.person)).collect()
}

/// The numbers of those whom another system keeps: whoever was put on the roll by hand is none of them.
pub(super) async fn kept_by_systems(tx: &mut Tx) -> Result<BTreeSet<PersonNo>, StoreError> {
    let others = person_source::Entity::find().filter(person_source::Column::Source.ne(by_hand::SOURCE));
    let rows = others.all(tx.conn()).await?;
    rows.into_iter().map(|row| person_no("person_source", row.person)).collect()
}

/// Those on the roll whom some source, or a roll file, calls so. As a rule that is one; where several sources call different people the
/// same, they are all of them.
pub(crate) async fn called_outside(tx: &mut Tx, id: &str) -> Result<BTreeSet<PersonNo>, StoreError> {
    let rows =
        person_source::Entity::find().filter(person_source::Column::OutsideId.eq(id)).all(tx.conn()).await?;
    let mut people = crate::store::with_key(tx, id).await?;
    for row in rows {
        let person = person_no("person_source", row.person)?;
        if crate::store::on_the_roll(tx, person).await? {
            people.insert(person);
        }
    }
    Ok(people)
}

/// What a source has told so far, and those of `ids` whom a roll file keeps under the same id.
pub(super) async fn state(tx: &mut Tx, source: &str, ids: &BTreeSet<&str>) -> Result<State, StoreError> {
    if by_hand::is_source(source) {
        return by_hand_state(tx).await;
    }
    let mut state = State::default();
    let links = person_source::Entity::find().all(tx.conn()).await?;
    let (mut ours, mut linked) = (BTreeMap::new(), BTreeSet::new());
    for link in links {
        linked.insert(link.person);
        if link.source == source {
            ours.insert(link.person, link.outside_id);
        }
    }
    for Known { number, key, mut facts } in crate::store::known(tx).await? {
        let row = i64::from(number.0);
        if let Some(id) = ours.get(&row) {
            facts.linked = true;
            state.people.insert(id.clone(), (number, facts));
        } else if facts.here && !linked.contains(&row) && ids.contains(key.as_str()) {
            state.people.entry(key).or_insert((number, facts));
        }
    }
    let classes =
        school_class::Entity::find().filter(school_class::Column::Source.eq(source)).all(tx.conn()).await?;
    let mut by_id = BTreeMap::new();
    for row in classes {
        by_id.insert(row.id.clone(), row.outside_id.clone());
        state.classes.insert(row.outside_id.clone(), read_class(row));
    }
    for (id, slots) in timetable::of(tx, by_id.keys().cloned()).await? {
        if let Some(class) = by_id.get(&id).and_then(|class| state.classes.get_mut(class)) {
            class.slots = slots;
        }
    }
    for row in class_member::Entity::find().all(tx.conn()).await? {
        let (Some(class), Some(person)) = (by_id.get(&row.class), ours.get(&row.person)) else { continue };
        let Some(class) = state.classes.get_mut(class) else { continue };
        let members = if row.part == "teacher" { &mut class.teachers } else { &mut class.pupils };
        members.insert(person.clone());
    }
    for row in relation::Entity::find().filter(relation::Column::Source.eq(source)).all(tx.conn()).await? {
        let (Some(pupil), Some(adult)) = (ours.get(&row.pupil), ours.get(&row.adult)) else { continue };
        state.relations.insert((pupil.clone(), adult.clone()), read_relation(&row));
    }
    Ok(state)
}

/// What somebody by hand may change: everybody by their number, those whom somebody put there by hand by the id that they got then, and every
/// class by its source and id.
async fn by_hand_state(tx: &mut Tx) -> Result<State, StoreError> {
    let mut state = State::default();
    let own = person_source::Entity::find()
        .filter(person_source::Column::Source.eq(by_hand::SOURCE))
        .all(tx.conn())
        .await?;
    let own: BTreeMap<i64, String> = own.into_iter().map(|link| (link.person, link.outside_id)).collect();
    let called = |person: i64| own.get(&person).cloned().unwrap_or_else(|| person.to_string());
    for Known { number, mut facts, .. } in crate::store::known(tx).await? {
        facts.linked = true;
        state.people.insert(called(i64::from(number.0)), (number, facts));
    }
    let mut keys = BTreeMap::new();
    for row in school_class::Entity::find().all(tx.conn()).await? {
        let key = by_hand::class_key(&row.source, &row.outside_id);
        keys.insert(row.id.clone(), key.clone());
        state.classes.insert(key, read_class(row));
    }
    for (id, slots) in timetable::of(tx, keys.keys().cloned()).await? {
        if let Some(class) = keys.get(&id).and_then(|key| state.classes.get_mut(key)) {
            class.slots = slots;
        }
    }
    for row in class_member::Entity::find().all(tx.conn()).await? {
        let Some(class) = keys.get(&row.class).and_then(|key| state.classes.get_mut(key)) else { continue };
        let members = if row.part == "teacher" { &mut class.teachers } else { &mut class.pupils };
        members.insert(called(row.person));
    }
    Ok(state)
}

fn read_class(row: school_class::Model) -> Class {
    Class {
        name: row.name,
        year: row.year_group.and_then(YearGroup::of_number),
        room: row.room,
        here: row.ended_at.is_none(),
        ..Class::default()
    }
}

fn read_relation(row: &relation::Model) -> Relation {
    Relation {
        relation: row.relation.clone(),
        responsibility: match row.responsibility.as_str() {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        },
        restricted: row.restricted != 0,
        here: row.ended_at.is_none(),
    }
}

/// Writes down that a source knows somebody by an id.
pub(crate) async fn link(tx: &mut Tx, source: &str, links: &[(String, PersonNo)]) -> Result<(), StoreError> {
    for some in links.chunks(200) {
        let rows = some.iter().map(|(id, person)| person_source::ActiveModel {
            source: Set(source.to_owned()),
            outside_id: Set(id.clone()),
            person: Set(i64::from(person.0)),
        });
        person_source::Entity::insert_many(rows).exec_without_returning(tx.conn()).await?;
    }
    Ok(())
}

/// Takes that back.
pub(super) async fn unlink(tx: &mut Tx, source: &str, id: &str) -> Result<(), StoreError> {
    person_source::Entity::delete_by_id((source.to_owned(), id.to_owned())).exec(tx.conn()).await?;
    Ok(())
}

/// Makes a class what it is said to be; people by their numbers.
pub(super) async fn put_class(
    tx: &mut Tx,
    source: &str,
    outside_id: &str,
    class: &Class,
    numbers: &BTreeMap<String, PersonNo>,
    at: Timestamp,
) -> Result<(), StoreError> {
    let found = school_class::Entity::find()
        .filter(school_class::Column::Source.eq(source))
        .filter(school_class::Column::OutsideId.eq(outside_id))
        .one(tx.conn())
        .await?;
    let ended_at = (!class.here).then_some(at.as_millis());
    let year = class.year.map(|year| i64::from(year.number()));
    let mut foreign = Vec::new();
    let id = match found {
        Some(row) => {
            school_class::Entity::update_many()
                .col_expr(school_class::Column::Name, Expr::value(class.name.as_str()))
                .col_expr(school_class::Column::YearGroup, Expr::value(year))
                .col_expr(school_class::Column::Room, Expr::value(class.room.clone()))
                .col_expr(school_class::Column::EndedAt, Expr::value(ended_at))
                .filter(school_class::Column::Id.eq(row.id.as_str()))
                .exec(tx.conn())
                .await?;
            // Whom another source, or somebody by hand, has put into it stays in it.
            let members = class_member::Entity::find()
                .filter(class_member::Column::Class.eq(row.id.as_str()))
                .all(tx.conn())
                .await?;
            foreign = members;
            class_member::Entity::delete_many()
                .filter(class_member::Column::Class.eq(row.id.as_str()))
                .exec(tx.conn())
                .await?;
            row.id
        }
        None => {
            let id: crate::ClassId = tx.ids().make(at);
            let row = school_class::ActiveModel {
                id: Set(id.to_string()),
                source: Set(source.to_owned()),
                outside_id: Set(outside_id.to_owned()),
                name: Set(class.name.clone()),
                year_group: Set(year),
                room: Set(class.room.clone()),
                started_at: Set(at.as_millis()),
                ended_at: Set(ended_at),
            };
            school_class::Entity::insert(row).exec_without_returning(tx.conn()).await?;
            id.to_string()
        }
    };
    timetable::put(tx, &id, &class.slots).await?;
    let known: BTreeSet<i64> = numbers.values().map(|number| i64::from(number.0)).collect();
    foreign.retain(|member: &class_member::Model| !known.contains(&member.person));
    let again = |member: class_member::Model| class_member::ActiveModel {
        class: Set(member.class),
        person: Set(member.person),
        part: Set(member.part),
    };
    let mut rows: Vec<class_member::ActiveModel> = foreign.into_iter().map(again).collect();
    for (part, members) in [("teacher", &class.teachers), ("pupil", &class.pupils)] {
        for person in members.iter().filter_map(|member| numbers.get(member)) {
            rows.push(class_member::ActiveModel {
                class: Set(id.clone()),
                person: Set(i64::from(person.0)),
                part: Set(part.to_owned()),
            });
        }
    }
    for some in rows.chunks(200) {
        class_member::Entity::insert_many(some.to_vec()).exec_without_returning(tx.conn()).await?;
    }
    Ok(())
}

/// Makes what an adult is to a pupil what it is said to be.
pub(super) async fn put_relation(
    tx: &mut Tx,
    source: &str,
    (pupil, adult): (PersonNo, PersonNo),
    told: &Relation,
    at: Timestamp,
) -> Result<(), StoreError> {
    let row = relation::ActiveModel {
        pupil: Set(i64::from(pupil.0)),
        adult: Set(i64::from(adult.0)),
        source: Set(source.to_owned()),
        relation: Set(told.relation.clone()),
        responsibility: Set(responsibility(told.responsibility).to_owned()),
        restricted: Set(i64::from(told.restricted)),
        started_at: Set(at.as_millis()),
        ended_at: Set((!told.here).then_some(at.as_millis())),
    };
    relation::Entity::insert(row)
        .on_conflict(
            OnConflict::columns([relation::Column::Pupil, relation::Column::Adult])
                .update_columns([
                    relation::Column::Source,
                    relation::Column::Relation,
                    relation::Column::Responsibility,
                    relation::Column::Restricted,
                    relation::Column::EndedAt,
                ])
                .to_owned(),
        )
        .exec_without_returning(tx.conn())
        .await?;
    Ok(())
}

const fn responsibility(told: Option<bool>) -> &'static str {
    match told {
        Some(true) => "yes",
        Some(false) => "no",
        None => "unknown",
    }
}

/// What the school has set.
pub(crate) async fn setting(tx: &mut Tx, key: &str) -> Result<Option<String>, StoreError> {
    Ok(setting::Entity::find_by_id(key.to_owned()).one(tx.conn()).await?.map(|row| row.value))
}

/// Sets it.
pub(crate) async fn set(tx: &mut Tx, key: &str, value: &str) -> Result<(), StoreError> {
    let row = setting::ActiveModel { key: Set(key.to_owned()), value: Set(value.to_owned()) };
    setting::Entity::insert(row)
        .on_conflict(
            OnConflict::column(setting::Column::Key).update_column(setting::Column::Value).to_owned(),
        )
        .exec_without_returning(tx.conn())
        .await?;
    Ok(())
}

/// The sources whose classes go on, but for what is kept by hand.
pub(super) async fn sources_of_classes(tx: &mut Tx) -> Result<BTreeSet<String>, StoreError> {
    let rows =
        school_class::Entity::find().filter(school_class::Column::EndedAt.is_null()).all(tx.conn()).await?;
    Ok(rows.into_iter().map(|row| row.source).filter(|source| !by_hand::is_source(source)).collect())
}

/// Takes it back.
pub(super) async fn unset(tx: &mut Tx, key: &str) -> Result<(), StoreError> {
    setting::Entity::delete_by_id(key.to_owned()).exec(tx.conn()).await?;
    Ok(())
}

/// A class that somebody is in, or teaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taught {
    /// Its name.
    pub name: String,
    /// Its room.
    pub room: Option<String>,
    /// Whether they teach it.
    pub teaches: bool,
    /// Its id in the records.
    pub id: String,
}

/// A class that goes on, for whoever chooses one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassLine {
    /// Its id in the records.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whose ids it goes by, and its own.
    pub key: String,
}

/// Every class that goes on, by name.
pub async fn classes(tx: &mut Tx) -> Result<Vec<ClassLine>, StoreError> {
    let rows = school_class::Entity::find()
        .filter(school_class::Column::EndedAt.is_null())
        .order_by_asc(school_class::Column::Name)
        .order_by_asc(school_class::Column::Id)
        .all(tx.conn())
        .await?;
    let line = |row: school_class::Model| ClassLine {
        key: by_hand::class_key(&row.source, &row.outside_id),
        id: row.id,
        name: row.name,
    };
    Ok(rows.into_iter().map(line).collect())
}

/// Somebody that a person is related to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parent {
    /// Their number.
    pub person: PersonNo,
    /// Their name.
    pub name: Private<String>,
    /// Whether they are on the roll.
    pub here: bool,
    /// In a source's own word.
    pub relation: String,
    /// Whether the adult has parental responsibility; none where that is not known.
    pub responsibility: Option<bool>,
    /// Whether a court restricts contact.
    pub restricted: bool,
}

/// All that the roll knows of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Their number.
    pub number: PersonNo,
    /// Their name.
    pub name: Private<String>,
    /// What they are.
    pub kind: Option<Kind>,
    /// Their year.
    pub year: Option<YearGroup>,
    /// Their date of birth.
    pub born_on: Option<Private<String>>,
    /// Their first and last day, where they are known.
    pub days: (Option<String>, Option<String>),
    /// Their groups of the filter policy.
    pub groups: Vec<String>,
    /// Whether they are on the roll.
    pub here: bool,
    /// What sources call them: source and id.
    pub called: Vec<(String, Private<String>)>,
    /// Their given and family name, where they are known.
    pub names: (Option<Private<String>>, Option<Private<String>>),
    /// What of them somebody keeps by hand.
    pub kept: BTreeSet<Field>,
}

impl Profile {
    /// The system of the school's own that keeps them; none where a roll file does, or somebody by hand.
    pub fn keeper(&self) -> Option<&str> {
        self.called.iter().map(|(source, _)| source.as_str()).find(|source| *source != by_hand::SOURCE)
    }

    /// Whether somebody put them on the roll by hand.
    pub fn is_by_hand(&self) -> bool {
        self.called.iter().any(|(source, _)| source == by_hand::SOURCE)
    }
}

fn profile_of(known: Known, called: Vec<(String, Private<String>)>) -> Profile {
    let Known { number, facts, .. } = known;
    Profile {
        number,
        name: Private::new(facts.name),
        kind: facts.kind,
        year: facts.year,
        born_on: facts.born_on.map(Private::new),
        days: (facts.first_on, facts.last_on),
        groups: facts.groups,
        here: facts.here,
        called,
        names: (facts.given.map(Private::new), facts.family.map(Private::new)),
        kept: facts.kept,
    }
}

/// What the roll knows of somebody, also once they have left.
pub async fn profile(tx: &mut Tx, person: PersonNo) -> Result<Option<Profile>, StoreError> {
    let Some(known) = crate::store::known_of(tx, person).await? else { return Ok(None) };
    let links = person_source::Entity::find()
        .filter(person_source::Column::Person.eq(i64::from(person.0)))
        .order_by_asc(person_source::Column::Source)
        .all(tx.conn())
        .await?;
    let called = links.into_iter().map(|link| (link.source, Private::new(link.outside_id))).collect();
    Ok(Some(profile_of(known, called)))
}

/// Whom somebody looks for: whoever fits all of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Searched<'a> {
    /// Of this kind.
    pub kind: Option<Kind>,
    /// In this class, or teaching it: its id in the records.
    pub class: Option<&'a str>,
    /// With these words in their name.
    pub words: &'a str,
}

/// A page of those on the roll, by name, and how many there are.
pub async fn search(
    tx: &mut Tx,
    searched: &Searched<'_>,
    page: (u64, u64),
) -> Result<(Vec<Profile>, u64), StoreError> {
    let members = match searched.class {
        Some(class) => {
            let rows = class_member::Entity::find()
                .filter(class_member::Column::Class.eq(class))
                .all(tx.conn())
                .await?;
            Some(rows.into_iter().map(|row| row.person).collect::<Vec<_>>())
        }
        None => None,
    };
    let (known, count) = crate::store::page_of(tx, searched.kind, members, searched.words, page).await?;
    Ok((known.into_iter().map(|known| profile_of(known, Vec::new())).collect(), count))
}

/// The classes that somebody is in, or teaches, and that go on.
pub async fn taught(tx: &mut Tx, person: PersonNo) -> Result<Vec<Taught>, StoreError> {
    let rows = class_member::Entity::find()
        .filter(class_member::Column::Person.eq(i64::from(person.0)))
        .all(tx.conn())
        .await?;
    let mut classes = Vec::new();
    for row in rows {
        let class = school_class::Entity::find_by_id(row.class)
            .filter(school_class::Column::EndedAt.is_null())
            .one(tx.conn())
            .await?;
        classes.extend(class.map(|class| Taught {
            name: class.name,
            room: class.room,
            teaches: row.part == "teacher",
            id: class.id,
        }));
    }
    classes.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(classes)
}

/// Whoever a pupil's parents and carers are, or the pupils of an adult, who are on the roll; `pupils` for the second. Whom a court keeps
/// from a child is told also while they are on no roll: that a system does not export somebody is no end of it.
pub(crate) async fn related(tx: &mut Tx, person: PersonNo, pupils: bool) -> Result<Vec<Parent>, StoreError> {
    let own = if pupils { relation::Column::Adult } else { relation::Column::Pupil };
    let rows = relation::Entity::find()
        .filter(own.eq(i64::from(person.0)))
        .filter(relation::Column::EndedAt.is_null())
        .all(tx.conn())
        .await?;
    let mut related = Vec::new();
    for row in rows {
        let other = person_no("relation", if pupils { row.pupil } else { row.adult })?;
        let told = read_relation(&row);
        let here = crate::store::on_the_roll_by(tx, other).await?;
        let name = match (&here, told.restricted) {
            (Some(_), _) => here.clone(),
            (None, true) => crate::store::name_of(tx, other).await?,
            (None, false) => None,
        };
        let Some(name) = name else { continue };
        related.push(Parent {
            person: other,
            here: here.is_some(),
            name,
            relation: told.relation,
            responsibility: told.responsibility,
            restricted: told.restricted,
        });
    }
    related.sort_by(|one, other| one.name.reveal().cmp(other.name.reveal()));
    Ok(related)
}

/// Says whether an adult has parental responsibility for a pupil, and whether a court restricts contact. `false` where nothing relates
/// the two.
pub(crate) async fn mark(
    tx: &mut Tx,
    (pupil, adult): (PersonNo, PersonNo),
    (has, restricted): (Option<bool>, bool),
) -> Result<bool, StoreError> {
    let marked = relation::Entity::update_many()
        .col_expr(relation::Column::Responsibility, Expr::value(responsibility(has)))
        .col_expr(relation::Column::Restricted, Expr::value(i64::from(restricted)))
        .filter(relation::Column::Pupil.eq(i64::from(pupil.0)))
        .filter(relation::Column::Adult.eq(i64::from(adult.0)))
        .filter(relation::Column::EndedAt.is_null())
        .exec(tx.conn())
        .await?;
    Ok(marked.rows_affected == 1)
}

/// The ids of pupil and adult of a change about a relation, as numbers.
pub(super) fn numbered(id: &str, numbers: &BTreeMap<String, PersonNo>) -> Option<(PersonNo, PersonNo)> {
    let (pupil, adult) = pair(id);
    numbers.get(&pupil).copied().zip(numbers.get(&adult).copied())
}

/// Whether somebody is of these facts a person whom a source keeps.
pub(super) const fn is_linked(facts: Option<&Facts>) -> bool {
    match facts {
        Some(facts) => facts.linked,
        None => false,
    }
}

fn person_no(table: &'static str, number: i64) -> Result<PersonNo, StoreError> {
    let unreadable = StoreError::Unreadable { table, column: "person", why: "not a person's number" };
    u32::try_from(number).map(PersonNo).map_err(|_| unreadable)
}
