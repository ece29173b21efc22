//! The table of worries. The only file that names it.

use engine::PersonNo;
use kit::{Private, Timestamp};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, Set};
use store::orm as sea_orm;
use store::{StoreError, Tx};

use super::model::{Said, Worry, WorryId};

mod table {
    use store::orm as sea_orm;
    use store::orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "account_worry")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub what: String,
        pub person: Option<i64>,
        pub name: Option<String>,
        pub words: Option<String>,
        pub told_at: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) async fn insert(tx: &mut Tx, worry: &Worry) -> Result<(), StoreError> {
    let text = |said: &Option<Private<String>>| said.as_ref().map(|said| said.reveal().clone());
    let row = table::ActiveModel {
        id: Set(worry.id.to_string()),
        what: Set(worry.said.what.clone()),
        person: Set(worry.person.map(|person| i64::from(person.0))),
        name: Set(text(&worry.said.name)),
        words: Set(text(&worry.said.words)),
        told_at: Set(worry.at.as_millis()),
    };
    table::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    Ok(())
}

pub(super) async fn by_id(tx: &mut Tx, id: WorryId) -> Result<Option<Worry>, StoreError> {
    table::Entity::find_by_id(id.to_string()).one(tx.conn()).await?.map(read).transpose()
}

/// The ids of those that were told since a moment, oldest first.
pub(super) async fn since(tx: &mut Tx, at: Timestamp) -> Result<Vec<WorryId>, StoreError> {
    let rows = table::Entity::find()
        .filter(table::Column::ToldAt.gte(at.as_millis()))
        .order_by_asc(table::Column::ToldAt)
        .order_by_asc(table::Column::Id)
        .all(tx.conn())
        .await?;
    rows.into_iter().map(|row| read(row).map(|worry| worry.id)).collect()
}

/// How many were told since a moment by whoever was signed in or was not.
pub(super) async fn count_since(
    tx: &mut Tx,
    person: Option<PersonNo>,
    at: Timestamp,
) -> Result<u64, StoreError> {
    let told = table::Entity::find().filter(table::Column::ToldAt.gte(at.as_millis()));
    let told = match person {
        Some(person) => told.filter(table::Column::Person.eq(i64::from(person.0))),
        None => told.filter(table::Column::Person.is_null()),
    };
    Ok(told.count(tx.conn()).await?)
}

fn read(row: table::Model) -> Result<Worry, StoreError> {
    let unreadable = |column, why| StoreError::Unreadable { table: "account_worry", column, why };
    let person = row.person.map(u32::try_from).transpose();
    Ok(Worry {
        id: row.id.parse().map_err(|_| unreadable("id", "not an id"))?,
        person: person.map_err(|_| unreadable("person", "not a person's number"))?.map(PersonNo),
        said: Said { what: row.what, name: row.name.map(Private::new), words: row.words.map(Private::new) },
        at: Timestamp::from_millis(row.told_at),
    })
}
