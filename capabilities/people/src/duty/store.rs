//! The table of who holds which duty. The only file that names it.

use engine::PersonNo;
use kit::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, Set};
use store::orm as sea_orm;
use store::{Actor, StoreError, Tx};

use super::model::{Assignment, AssignmentId, Giving, Span};

mod table {
    use store::orm as sea_orm;
    use store::orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "duty_assignment")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub person: i64,
        pub duty: String,
        pub starts_at: i64,
        pub ends_at: Option<i64>,
        pub covers: Option<String>,
        pub reason: String,
        pub given_by: String,
        pub created_at: i64,
        pub ended_by: Option<String>,
        pub ended_at: Option<i64>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) async fn insert(tx: &mut Tx, one: &Assignment) -> Result<(), StoreError> {
    let row = table::ActiveModel {
        id: Set(one.id.to_string()),
        person: Set(i64::from(one.given.person.0)),
        duty: Set(one.given.duty.clone()),
        starts_at: Set(one.given.span.starts_at.as_millis()),
        ends_at: Set(one.given.span.ends_at.map(Timestamp::as_millis)),
        covers: Set(one.given.covers.map(|covers| covers.to_string())),
        reason: Set(one.given.reason.clone()),
        given_by: Set(one.given_by.clone()),
        created_at: Set(one.created_at.as_millis()),
        ended_by: Set(None),
        ended_at: Set(None),
    };
    row.insert(tx.conn()).await?;
    Ok(())
}

/// Ends one that was not ended. `false` where somebody else was first.
pub(super) async fn end(
    tx: &mut Tx,
    id: AssignmentId,
    actor: &Actor,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let ended = table::Entity::update_many()
        .col_expr(table::Column::EndedBy, Expr::value(actor.to_string()))
        .col_expr(table::Column::EndedAt, Expr::value(at.as_millis()))
        .filter(table::Column::Id.eq(id.to_string()))
        .filter(table::Column::EndedAt.is_null())
        .exec(tx.conn())
        .await?;
    Ok(ended.rows_affected == 1)
}

/// Ends all that somebody holds or is to hold, because they left; how many.
pub(super) async fn end_all(
    tx: &mut Tx,
    person: PersonNo,
    actor: &Actor,
    at: Timestamp,
) -> Result<u64, StoreError> {
    let ended = table::Entity::update_many()
        .col_expr(table::Column::EndedBy, Expr::value(actor.to_string()))
        .col_expr(table::Column::EndedAt, Expr::value(at.as_millis()))
        .filter(table::Column::Person.eq(i64::from(person.0)))
        .filter(table::Column::EndedAt.is_null())
        .exec(tx.conn())
        .await?;
    Ok(ended.rows_affected)
}

/// Takes back that these ended at that moment; how many did.
pub(super) async fn give_back(
    tx: &mut Tx,
    which: &[AssignmentId],
    ended_at: Timestamp,
) -> Result<u64, StoreError> {
    let given = table::Entity::update_many()
        .col_expr(table::Column::EndedBy, Expr::value(Option::<String>::None))
        .col_expr(table::Column::EndedAt, Expr::value(Option::<i64>::None))
        .filter(table::Column::Id.is_in(which.iter().map(ToString::to_string)))
        .filter(table::Column::EndedAt.eq(ended_at.as_millis()))
        .exec(tx.conn())
        .await?;
    Ok(given.rows_affected)
}

/// All that were ever given, oldest first.
pub(super) async fn all(tx: &mut Tx) -> Result<Vec<Assignment>, StoreError> {
    let rows = table::Entity::find()
        .order_by_asc(table::Column::CreatedAt)
        .order_by_asc(table::Column::Id)
        .all(tx.conn())
        .await?;
    rows.into_iter().map(read).collect()
}

/// Those of one person, oldest first.
pub(super) async fn of_person(tx: &mut Tx, person: PersonNo) -> Result<Vec<Assignment>, StoreError> {
    let rows = table::Entity::find()
        .filter(table::Column::Person.eq(i64::from(person.0)))
        .order_by_asc(table::Column::CreatedAt)
        .order_by_asc(table::Column::Id)
        .all(tx.conn())
        .await?;
    rows.into_iter().map(read).collect()
}

fn read(row: table::Model) -> Result<Assignment, StoreError> {
    let unreadable = |column, why| StoreError::Unreadable { table: "duty_assignment", column, why };
    let id = |column, text: &str| text.parse().map_err(|_| unreadable(column, "not an id"));
    Ok(Assignment {
        id: id("id", &row.id)?,
        given: Giving {
            person: PersonNo(
                u32::try_from(row.person).map_err(|_| unreadable("person", "not a person's number"))?,
            ),
            duty: row.duty,
            span: Span {
                starts_at: Timestamp::from_millis(row.starts_at),
                ends_at: row.ends_at.map(Timestamp::from_millis),
            },
            covers: row.covers.as_deref().map(|covers| id("covers", covers)).transpose()?,
            reason: row.reason,
        },
        given_by: row.given_by,
        created_at: Timestamp::from_millis(row.created_at),
        ended: row.ended_at.map(Timestamp::from_millis).zip(row.ended_by),
    })
}
