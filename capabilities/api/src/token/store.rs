//! The table of tokens. The only file that names it.

use ::store::orm as sea_orm;
use ::store::{Actor, StoreError, Tx};
use engine::PersonNo;
use kit::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, Set};

use super::model::{ApiToken, TokenId};

mod table {
    use ::store::orm as sea_orm;
    use ::store::orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "api_token")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub person: i64,
        pub name: String,
        pub prefix: String,
        pub hash: String,
        pub scopes: String,
        pub several: i64,
        pub made_at: i64,
        pub used_at: Option<i64>,
        pub ends_at: i64,
        pub ended_by: Option<String>,
        pub ended_at: Option<i64>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) async fn insert(tx: &mut Tx, token: &ApiToken, hash: &str) -> Result<(), StoreError> {
    let row = table::ActiveModel {
        id: Set(token.id.to_string()),
        person: Set(i64::from(token.person.0)),
        name: Set(token.name.clone()),
        prefix: Set(token.prefix.clone()),
        hash: Set(hash.to_owned()),
        scopes: Set(serde_json::Value::from(token.scopes.clone()).to_string()),
        several: Set(i64::from(token.several)),
        made_at: Set(token.made_at.as_millis()),
        used_at: Set(None),
        ends_at: Set(token.ends_at.as_millis()),
        ended_by: Set(None),
        ended_at: Set(None),
    };
    table::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// Those whose secrets begin so, with what is kept of each secret: one, as a rule.
pub(super) async fn beginning(tx: &mut Tx, prefix: &str) -> Result<Vec<(ApiToken, String)>, StoreError> {
    let rows = table::Entity::find().filter(table::Column::Prefix.eq(prefix)).all(tx.conn()).await?;
    rows.into_iter().map(|row| Ok((read(&row)?, row.hash))).collect()
}

/// One by its id.
pub(super) async fn one(tx: &mut Tx, id: TokenId) -> Result<Option<ApiToken>, StoreError> {
    let row = table::Entity::find_by_id(id.to_string()).one(tx.conn()).await?;
    row.as_ref().map(read).transpose()
}

/// Those of one person, or all, newest first.
pub(super) async fn newest(tx: &mut Tx, of: Option<PersonNo>) -> Result<Vec<ApiToken>, StoreError> {
    let mut asked = table::Entity::find();
    if let Some(person) = of {
        asked = asked.filter(table::Column::Person.eq(i64::from(person.0)));
    }
    let rows =
        asked.order_by_desc(table::Column::MadeAt).order_by_desc(table::Column::Id).all(tx.conn()).await?;
    rows.iter().map(read).collect()
}

/// Writes down that one was used.
pub(super) async fn used(tx: &mut Tx, id: TokenId, at: Timestamp) -> Result<(), StoreError> {
    table::Entity::update_many()
        .col_expr(table::Column::UsedAt, Expr::value(at.as_millis()))
        .filter(table::Column::Id.eq(id.to_string()))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Ends one that was not ended. `false` where somebody else was first.
pub(super) async fn end(tx: &mut Tx, id: TokenId, actor: &Actor, at: Timestamp) -> Result<bool, StoreError> {
    let ended = table::Entity::update_many()
        .col_expr(table::Column::EndedBy, Expr::value(actor.to_string()))
        .col_expr(table::Column::EndedAt, Expr::value(at.as_millis()))
        .filter(table::Column::Id.eq(id.to_string()))
        .filter(table::Column::EndedAt.is_null())
        .exec(tx.conn())
        .await?;
    Ok(ended.rows_affected == 1)
}

fn read(row: &table::Model) -> Result<ApiToken, StoreError> {
    let unreadable = |column, why| StoreError::Unreadable { table: "api_token", column, why };
    Ok(ApiToken {
        id: row.id.parse().map_err(|_| unreadable("id", "not an id"))?,
        person: PersonNo(
            u32::try_from(row.person).map_err(|_| unreadable("person", "not a person's number"))?,
        ),
        name: row.name.clone(),
        prefix: row.prefix.clone(),
        scopes: serde_json::from_str(&row.scopes)
            .map_err(|_| unreadable("scopes", "not a list of scopes"))?,
        several: row.several != 0,
        made_at: Timestamp::from_millis(row.made_at),
        used_at: row.used_at.map(Timestamp::from_millis),
        ends_at: Timestamp::from_millis(row.ends_at),
        ended: row.ended_at.map(Timestamp::from_millis).zip(row.ended_by.clone()),
    })
}
