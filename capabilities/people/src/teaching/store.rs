//! The table of who was taught what. The only file that names it.

use engine::PersonNo;
use kit::Timestamp;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Set};
use store::orm as sea_orm;
use store::{Actor, StoreError, Tx};

use crate::by_age::ByAge;

mod taught {
    use store::orm as sea_orm;
    use store::orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "taught")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub person: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        pub rules: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub version: String,
        pub taught_on: String,
        pub said_by: String,
        pub said_at: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// When somebody was last taught the rules for their age, in that version, and who said so.
pub(super) async fn last(
    tx: &mut Tx,
    person: PersonNo,
    rules: &str,
    version: &str,
) -> Result<Option<(String, String)>, StoreError> {
    let row = taught::Entity::find()
        .filter(taught::Column::Person.eq(i64::from(person.0)))
        .filter(taught::Column::Rules.eq(rules))
        .filter(taught::Column::Version.eq(version))
        .one(tx.conn())
        .await?;
    Ok(row.map(|row| (row.taught_on, row.said_by)))
}

/// Whether somebody was taught the rules of that age, in the version of now.
pub(crate) async fn is_taught(tx: &mut Tx, person: PersonNo, rule: &str) -> Result<bool, StoreError> {
    match ByAge::built_in().taught(rule) {
        Some(taught) => Ok(last(tx, person, rule, &taught.version).await?.is_some()),
        None => Ok(true),
    }
}

/// Writes down that somebody was.
pub(super) async fn put(
    tx: &mut Tx,
    person: PersonNo,
    (rules, version): (&str, &str),
    on: &str,
    actor: &Actor,
    at: Timestamp,
) -> Result<(), StoreError> {
    let row = taught::ActiveModel {
        person: Set(i64::from(person.0)),
        rules: Set(rules.to_owned()),
        version: Set(version.to_owned()),
        taught_on: Set(on.to_owned()),
        said_by: Set(actor.to_string()),
        said_at: Set(at.as_millis()),
    };
    let key = [taught::Column::Person, taught::Column::Rules, taught::Column::Version];
    let newer = [taught::Column::TaughtOn, taught::Column::SaidBy, taught::Column::SaidAt];
    taught::Entity::insert(row)
        .on_conflict(OnConflict::columns(key).update_columns(newer).to_owned())
        .exec_without_returning(tx.conn())
        .await?;
    Ok(())
}
