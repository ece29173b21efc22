//! The tables of imports and of the changes that each would make. The only file that names them.

use std::collections::BTreeSet;

use kit::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Set};
use store::orm as sea_orm;
use store::{Actor, StoreError, Tx};

use super::model::{Change, Import, Thing, What};

mod roll_import {
    use store::orm as sea_orm;
    use store::orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "roll_import")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub number: i64,
        pub source: String,
        pub shape: String,
        pub undoes: Option<i64>,
        pub state: String,
        pub summary: String,
        pub made_by: String,
        pub made_at: i64,
        pub answered_by: Option<String>,
        pub answered_at: Option<i64>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

mod roll_import_change {
    use store::orm as sea_orm;
    use store::orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "roll_import_change")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub import: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        pub place: i64,
        pub thing: String,
        pub outside_id: String,
        pub what: String,
        pub before: Option<String>,
        pub after: Option<String>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// The setting with the newest import's number: a preview that nobody applies is erased in time, and its number is given to no other.
const NEWEST: &str = "roll.newest-import";

/// The next import's number.
pub(super) async fn next_number(tx: &mut Tx) -> Result<i64, StoreError> {
    let newest = super::store::setting(tx, NEWEST).await?.and_then(|text| text.parse().ok());
    let highest: Option<Option<i64>> = roll_import::Entity::find()
        .select_only()
        .column_as(roll_import::Column::Number.max(), "highest")
        .into_tuple()
        .one(tx.conn())
        .await?;
    Ok(highest.flatten().max(newest).unwrap_or(0) + 1)
}

/// Keeps an import with its changes.
pub(super) async fn insert(tx: &mut Tx, import: &Import, changes: &[Change]) -> Result<(), StoreError> {
    super::store::set(tx, NEWEST, &import.number.to_string()).await?;
    let summary = serde_json::to_string(&import.summary).unwrap_or_default();
    let shape = import.shape.and_then(|shape| serde_json::to_value(shape).ok());
    let row = roll_import::ActiveModel {
        number: Set(import.number),
        source: Set(import.source.clone()),
        shape: Set(shape.and_then(|shape| shape.as_str().map(str::to_owned)).unwrap_or_default()),
        undoes: Set(import.undoes),
        state: Set(import.state.clone()),
        summary: Set(summary),
        made_by: Set(import.made_by.clone()),
        made_at: Set(import.made_at.as_millis()),
        answered_by: Set(None),
        answered_at: Set(None),
    };
    roll_import::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    let rows: Vec<roll_import_change::ActiveModel> = changes
        .iter()
        .zip(0_i64..)
        .map(|(change, place)| roll_import_change::ActiveModel {
            import: Set(import.number),
            place: Set(place),
            thing: Set(change.thing.id().to_owned()),
            outside_id: Set(change.outside_id.clone()),
            what: Set(change.what.id().to_owned()),
            before: Set(change.before.as_ref().map(ToString::to_string)),
            after: Set(change.after.as_ref().map(ToString::to_string)),
        })
        .collect();
    for some in rows.chunks(200) {
        roll_import_change::Entity::insert_many(some.to_vec()).exec_without_returning(tx.conn()).await?;
    }
    Ok(())
}

/// Writes down what became of an import that waits. `false` where somebody else was first.
pub(super) async fn answer(
    tx: &mut Tx,
    number: i64,
    (from, to): (&str, &str),
    actor: &Actor,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let answered = roll_import::Entity::update_many()
        .col_expr(roll_import::Column::State, Expr::value(to))
        .col_expr(roll_import::Column::AnsweredBy, Expr::value(actor.to_string()))
        .col_expr(roll_import::Column::AnsweredAt, Expr::value(at.as_millis()))
        .filter(roll_import::Column::Number.eq(number))
        .filter(roll_import::Column::State.eq(from))
        .exec(tx.conn())
        .await?;
    Ok(answered.rows_affected == 1)
}

/// Has an import wait again that stepped aside in the same transaction, for another of its source to be applied.
pub(super) async fn wait_again(tx: &mut Tx, number: i64) -> Result<(), StoreError> {
    roll_import::Entity::update_many()
        .col_expr(roll_import::Column::State, Expr::value("waiting"))
        .col_expr(roll_import::Column::AnsweredBy, Expr::value(Option::<String>::None))
        .col_expr(roll_import::Column::AnsweredAt, Expr::value(Option::<i64>::None))
        .filter(roll_import::Column::Number.eq(number))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// What of a source was applied and stands still, in the order in which it was.
pub(super) async fn applied(tx: &mut Tx, source: &str) -> Result<Vec<Import>, StoreError> {
    let rows = roll_import::Entity::find()
        .filter(roll_import::Column::Source.eq(source))
        .filter(roll_import::Column::State.eq("applied"))
        .order_by_asc(roll_import::Column::AnsweredAt)
        .order_by_asc(roll_import::Column::Number)
        .all(tx.conn())
        .await?;
    rows.into_iter().map(read_import).collect()
}

/// What of a source waits and is about somebody whom it calls so: the import's number and the change.
pub(super) async fn waiting_of(
    tx: &mut Tx,
    source: &str,
    id: &str,
) -> Result<Option<(i64, Change)>, StoreError> {
    let Some(import) = waiting(tx, source).await? else { return Ok(None) };
    let row = roll_import_change::Entity::find()
        .filter(roll_import_change::Column::Import.eq(import.number))
        .filter(roll_import_change::Column::Thing.eq(Thing::Person.id()))
        .filter(roll_import_change::Column::OutsideId.eq(id))
        .one(tx.conn())
        .await?;
    row.map(|row| Ok((import.number, read_change(row)?))).transpose()
}

/// How many left the roll by what a source told since then, with those who were pupils no more; of what stands still.
pub(super) async fn gone_since(tx: &mut Tx, source: &str, since: Timestamp) -> Result<usize, StoreError> {
    let rows = roll_import::Entity::find()
        .filter(roll_import::Column::Source.eq(source))
        .filter(roll_import::Column::State.eq("applied"))
        .filter(roll_import::Column::AnsweredAt.gte(since.as_millis()))
        .all(tx.conn())
        .await?;
    let mut gone = 0;
    for row in rows {
        gone += read_import(row)?.summary.going();
    }
    Ok(gone)
}

/// What a source told since then of people, and was applied: whatever of them is some way, as `is` finds it in the changes of each import.
pub(super) async fn told_since(
    tx: &mut Tx,
    source: &str,
    since: Timestamp,
    is: impl Fn(&[Change]) -> BTreeSet<String>,
) -> Result<BTreeSet<String>, StoreError> {
    let numbers: Vec<i64> = roll_import::Entity::find()
        .select_only()
        .column(roll_import::Column::Number)
        .filter(roll_import::Column::Source.eq(source))
        .filter(roll_import::Column::State.eq("applied"))
        .filter(roll_import::Column::AnsweredAt.gte(since.as_millis()))
        .into_tuple()
        .all(tx.conn())
        .await?;
    let mut found = BTreeSet::new();
    for number in numbers {
        let moves = Some((Thing::Person, What::Moves));
        found.append(&mut is(&changes(tx, number, moves, (0, u64::from(u32::MAX))).await?.0));
    }
    Ok(found)
}

/// Forgets the changes of an import that will never be applied: they are about people.
pub(super) async fn forget_changes(tx: &mut Tx, number: i64) -> Result<(), StoreError> {
    roll_import_change::Entity::delete_many()
        .filter(roll_import_change::Column::Import.eq(number))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// The import of a source that waits.
pub(super) async fn waiting(tx: &mut Tx, source: &str) -> Result<Option<Import>, StoreError> {
    let row = roll_import::Entity::find()
        .filter(roll_import::Column::Source.eq(source))
        .filter(roll_import::Column::State.eq("waiting"))
        .one(tx.conn())
        .await?;
    row.map(read_import).transpose()
}

/// The numbers of what systems have told that waits for a person.
pub(super) async fn waiting_of_systems(tx: &mut Tx) -> Result<Vec<i64>, StoreError> {
    let numbers = roll_import::Entity::find()
        .select_only()
        .column(roll_import::Column::Number)
        .filter(roll_import::Column::Source.starts_with(super::over_scim()))
        .filter(roll_import::Column::State.eq("waiting"))
        // What somebody would turn back waits for them alone.
        .filter(roll_import::Column::Undoes.is_null())
        .order_by_asc(roll_import::Column::Number)
        .into_tuple()
        .all(tx.conn())
        .await?;
    Ok(numbers)
}

/// One import.
pub(super) async fn by_number(tx: &mut Tx, number: i64) -> Result<Option<Import>, StoreError> {
    roll_import::Entity::find_by_id(number).one(tx.conn()).await?.map(read_import).transpose()
}

/// The newest imports.
pub(super) async fn newest(tx: &mut Tx, most: u64) -> Result<Vec<Import>, StoreError> {
    let rows = roll_import::Entity::find()
        .order_by_desc(roll_import::Column::Number)
        .limit(most)
        .all(tx.conn())
        .await?;
    rows.into_iter().map(read_import).collect()
}

/// The changes of an import: all, or a page of those of one kind, and how many there are of it.
pub(super) async fn changes(
    tx: &mut Tx,
    number: i64,
    only: Option<(Thing, What)>,
    (first, most): (u64, u64),
) -> Result<(Vec<Change>, u64), StoreError> {
    let mut asked = roll_import_change::Entity::find().filter(roll_import_change::Column::Import.eq(number));
    if let Some((thing, what)) = only {
        asked = asked
            .filter(roll_import_change::Column::Thing.eq(thing.id()))
            .filter(roll_import_change::Column::What.eq(what.id()));
    }
    let count = asked.clone().count(tx.conn()).await?;
    let rows = asked
        .order_by_asc(roll_import_change::Column::Place)
        .offset(first)
        .limit(most)
        .all(tx.conn())
        .await?;
    Ok((rows.into_iter().map(read_change).collect::<Result<_, StoreError>>()?, count))
}

fn read_change(row: roll_import_change::Model) -> Result<Change, StoreError> {
    let unreadable =
        |column| StoreError::Unreadable { table: "roll_import_change", column, why: "not what it should be" };
    let json = |column, text: Option<String>| {
        text.map(|text| serde_json::from_str(&text).map_err(|_| unreadable(column))).transpose()
    };
    Ok(Change {
        thing: Thing::of_id(&row.thing).ok_or_else(|| unreadable("thing"))?,
        outside_id: row.outside_id,
        what: What::of_id(&row.what).ok_or_else(|| unreadable("what"))?,
        before: json("before", row.before)?,
        after: json("after", row.after)?,
    })
}

fn read_import(row: roll_import::Model) -> Result<Import, StoreError> {
    let unreadable =
        |column| StoreError::Unreadable { table: "roll_import", column, why: "not what it should be" };
    Ok(Import {
        number: row.number,
        source: row.source,
        shape: serde_json::from_value(serde_json::Value::String(row.shape)).ok(),
        undoes: row.undoes,
        state: row.state,
        summary: serde_json::from_str(&row.summary).map_err(|_| unreadable("summary"))?,
        made_by: row.made_by,
        made_at: Timestamp::from_millis(row.made_at),
        answered: row.answered_by.zip(row.answered_at.map(Timestamp::from_millis)),
    })
}
