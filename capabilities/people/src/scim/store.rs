//! The tables of systems that keep people over SCIM, and of what they told. The only file that names them.

use kit::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, Set};
use serde_json::Value;
use store::orm as sea_orm;
use store::{Actor, StoreError, Tx};

use super::model::{Client, ClientId, Resource, ResourceId, Type};

mod client {
    use store::orm as sea_orm;
    use store::orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "scim_client")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub source: String,
        pub hash: String,
        pub made_by: String,
        pub made_at: i64,
        pub used_at: Option<i64>,
        pub ended_by: Option<String>,
        pub ended_at: Option<i64>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

mod resource {
    use store::orm as sea_orm;
    use store::orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "scim_resource")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub source: String,
        pub kind: String,
        pub name: String,
        pub body: String,
        pub version: i64,
        pub made_at: i64,
        pub changed_at: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

mod told {
    use store::orm as sea_orm;
    use store::orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "scim_source")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub source: String,
        pub told: i64,
        pub settled: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// For how long a token holds: a year, and a month in which to make another.
pub(super) const LASTS_MS: i64 = 396 * 86_400_000;

/// Every system there is or was, newest first.
pub(super) async fn clients(tx: &mut Tx) -> Result<Vec<Client>, StoreError> {
    let rows = client::Entity::find()
        .order_by_desc(client::Column::MadeAt)
        .order_by_desc(client::Column::Id)
        .all(tx.conn())
        .await?;
    rows.into_iter().map(read_client).collect()
}

fn read_client(row: client::Model) -> Result<Client, StoreError> {
    let unreadable = StoreError::Unreadable { table: "scim_client", column: "id", why: "not an id" };
    Ok(Client {
        id: row.id.parse().map_err(|_| unreadable)?,
        source: row.source,
        made: (row.made_by, Timestamp::from_millis(row.made_at)),
        used_at: row.used_at.map(Timestamp::from_millis),
        ended_at: row.ended_at.map(Timestamp::from_millis),
    })
}

/// The system whose token has that hash, while it has not been ended and is not older than a year and a month.
pub(super) async fn by_hash(tx: &mut Tx, hash: &str, at: Timestamp) -> Result<Option<Client>, StoreError> {
    let row = client::Entity::find()
        .filter(client::Column::Hash.eq(hash))
        .filter(client::Column::EndedAt.is_null())
        .filter(client::Column::MadeAt.gt(at.as_millis().saturating_sub(LASTS_MS)))
        .one(tx.conn())
        .await?;
    row.map(read_client).transpose()
}

/// Keeps a system and the hash of its token.
pub(super) async fn insert_client(
    tx: &mut Tx,
    id: ClientId,
    (source, hash): (&str, &str),
    actor: &Actor,
    at: Timestamp,
) -> Result<(), StoreError> {
    let row = client::ActiveModel {
        id: Set(id.to_string()),
        source: Set(source.to_owned()),
        hash: Set(hash.to_owned()),
        made_by: Set(actor.to_string()),
        made_at: Set(at.as_millis()),
        used_at: Set(None),
        ended_by: Set(None),
        ended_at: Set(None),
    };
    client::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// Ends a system's token. `false` where it has ended.
pub(super) async fn end_client(
    tx: &mut Tx,
    id: ClientId,
    actor: &Actor,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let ended = client::Entity::update_many()
        .col_expr(client::Column::EndedAt, Expr::value(at.as_millis()))
        .col_expr(client::Column::EndedBy, Expr::value(actor.to_string()))
        .filter(client::Column::Id.eq(id.to_string()))
        .filter(client::Column::EndedAt.is_null())
        .exec(tx.conn())
        .await?;
    Ok(ended.rows_affected == 1)
}

/// Ends every token that holds; how many.
pub(super) async fn end_all(tx: &mut Tx, actor: &Actor, at: Timestamp) -> Result<u64, StoreError> {
    let ended = client::Entity::update_many()
        .col_expr(client::Column::EndedAt, Expr::value(at.as_millis()))
        .col_expr(client::Column::EndedBy, Expr::value(actor.to_string()))
        .filter(client::Column::EndedAt.is_null())
        .exec(tx.conn())
        .await?;
    Ok(ended.rows_affected)
}

/// Writes down when a system was last heard of.
pub(super) async fn used(tx: &mut Tx, id: ClientId, at: Timestamp) -> Result<(), StoreError> {
    client::Entity::update_many()
        .col_expr(client::Column::UsedAt, Expr::value(at.as_millis()))
        .filter(client::Column::Id.eq(id.to_string()))
        .exec(tx.conn())
        .await?;
    Ok(())
}

fn read(row: resource::Model) -> Result<Resource, StoreError> {
    let unreadable =
        |column| StoreError::Unreadable { table: "scim_resource", column, why: "not what it should be" };
    let body = match serde_json::from_str(&row.body) {
        Ok(Value::Object(body)) => body,
        _ => return Err(unreadable("body")),
    };
    Ok(Resource {
        id: row.id.parse().map_err(|_| unreadable("id"))?,
        of: [Type::User, Type::Group]
            .into_iter()
            .find(|of| of.id() == row.kind)
            .ok_or_else(|| unreadable("kind"))?,
        body,
        version: row.version,
        times: (Timestamp::from_millis(row.made_at), Timestamp::from_millis(row.changed_at)),
    })
}

/// What a source keeps, of one type or of all, oldest first.
pub(super) async fn all(tx: &mut Tx, source: &str, of: Option<Type>) -> Result<Vec<Resource>, StoreError> {
    let mut asked = resource::Entity::find().filter(resource::Column::Source.eq(source));
    if let Some(of) = of {
        asked = asked.filter(resource::Column::Kind.eq(of.id()));
    }
    let rows = asked.order_by_asc(resource::Column::Id).all(tx.conn()).await?;
    rows.into_iter().map(read).collect()
}

/// One thing that a source keeps.
pub(super) async fn one(
    tx: &mut Tx,
    source: &str,
    of: Type,
    id: ResourceId,
) -> Result<Option<Resource>, StoreError> {
    let row = resource::Entity::find_by_id(id.to_string())
        .filter(resource::Column::Source.eq(source))
        .filter(resource::Column::Kind.eq(of.id()))
        .one(tx.conn())
        .await?;
    row.map(read).transpose()
}

/// The id of whoever of a source has that name.
pub(super) async fn named(
    tx: &mut Tx,
    source: &str,
    of: Type,
    name: &str,
) -> Result<Option<String>, StoreError> {
    let row = resource::Entity::find()
        .filter(resource::Column::Source.eq(source))
        .filter(resource::Column::Kind.eq(of.id()))
        .filter(resource::Column::Name.eq(name))
        .one(tx.conn())
        .await?;
    Ok(row.map(|row| row.id))
}

/// Keeps something new of a source.
pub(super) async fn insert(tx: &mut Tx, source: &str, one: &Resource) -> Result<(), StoreError> {
    let row = resource::ActiveModel {
        id: Set(one.id.to_string()),
        source: Set(source.to_owned()),
        kind: Set(one.of.id().to_owned()),
        name: Set(one.name()),
        body: Set(Value::Object(one.body.clone()).to_string()),
        version: Set(one.version),
        made_at: Set(one.times.0.as_millis()),
        changed_at: Set(one.times.1.as_millis()),
    };
    resource::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// Writes what something has become.
pub(super) async fn update(tx: &mut Tx, one: &Resource) -> Result<(), StoreError> {
    resource::Entity::update_many()
        .col_expr(resource::Column::Name, Expr::value(one.name()))
        .col_expr(resource::Column::Body, Expr::value(Value::Object(one.body.clone()).to_string()))
        .col_expr(resource::Column::Version, Expr::value(one.version))
        .col_expr(resource::Column::ChangedAt, Expr::value(one.times.1.as_millis()))
        .filter(resource::Column::Id.eq(one.id.to_string()))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Forgets something.
pub(super) async fn delete(tx: &mut Tx, id: ResourceId) -> Result<(), StoreError> {
    resource::Entity::delete_by_id(id.to_string()).exec(tx.conn()).await?;
    Ok(())
}

/// Counts that a source told something.
pub(super) async fn tells(tx: &mut Tx, source: &str) -> Result<(), StoreError> {
    let counted = told::Entity::update_many()
        .col_expr(told::Column::Told, Expr::cust("told + 1"))
        .filter(told::Column::Source.eq(source))
        .exec(tx.conn())
        .await?;
    if counted.rows_affected == 0 {
        let row = told::ActiveModel { source: Set(source.to_owned()), told: Set(1), settled: Set(0) };
        told::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    }
    Ok(())
}

/// The sources that told something that the roll was not held against yet.
pub(super) async fn unsettled(tx: &mut Tx) -> Result<Vec<String>, StoreError> {
    let rows = told::Entity::find().order_by_asc(told::Column::Source).all(tx.conn()).await?;
    Ok(rows.into_iter().filter(|row| row.told != row.settled).map(|row| row.source).collect())
}

/// Writes down that the roll was held against all that a source told.
pub(super) async fn settled(tx: &mut Tx, source: &str) -> Result<(), StoreError> {
    told::Entity::update_many()
        .col_expr(told::Column::Settled, Expr::cust("told"))
        .filter(told::Column::Source.eq(source))
        .exec(tx.conn())
        .await?;
    Ok(())
}
