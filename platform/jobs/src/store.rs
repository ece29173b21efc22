//! The table of messages. The only file that names it.

use ::store::orm as sea_orm;
use ::store::{StoreError, Tx};
use kit::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Set};

use crate::message::MessageId;
use crate::outbox::Seen;

const WAITING: &str = "waiting";
const DONE: &str = "done";
const GIVEN_UP: &str = "given-up";
const WEEK_MS: i64 = 7 * 86_400_000;

mod table {
    use ::store::orm as sea_orm;
    use ::store::orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "outbox")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub kind: String,
        pub once: Option<String>,
        pub body: String,
        pub made_at: i64,
        pub due_at: i64,
        pub tries: i64,
        pub state: String,
        pub problem: Option<String>,
        pub ended_at: Option<i64>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// A message as it is put in.
pub(crate) struct New {
    pub id: MessageId,
    pub kind: &'static str,
    pub once: Option<String>,
    pub body: String,
    pub made_at: Timestamp,
    pub due_at: Timestamp,
}

/// A message as it is taken out.
#[derive(Debug, Clone)]
pub(crate) struct Due {
    pub id: MessageId,
    pub body: String,
    pub tries: u32,
}

/// Puts one in. `false` where one of its kind has its key already.
pub(crate) async fn insert(tx: &mut Tx, new: &New) -> Result<bool, StoreError> {
    let row = table::ActiveModel {
        id: Set(new.id.to_string()),
        kind: Set(new.kind.to_owned()),
        once: Set(new.once.clone()),
        body: Set(new.body.clone()),
        made_at: Set(new.made_at.as_millis()),
        due_at: Set(new.due_at.as_millis()),
        tries: Set(0),
        state: Set(WAITING.to_owned()),
        problem: Set(None),
        ended_at: Set(None),
    };
    let key = OnConflict::columns([table::Column::Kind, table::Column::Once]).do_nothing().to_owned();
    let put = table::Entity::insert(row).on_conflict(key).exec_without_returning(tx.conn()).await?;
    Ok(put > 0)
}

/// Whether anything of a kind is due.
pub(crate) async fn any_due(tx: &mut Tx, kind: &str, at: Timestamp) -> Result<bool, StoreError> {
    let due = table::Entity::find()
        .filter(table::Column::Kind.eq(kind))
        .filter(table::Column::State.eq(WAITING))
        .filter(table::Column::DueAt.lte(at.as_millis()));
    Ok(due.one(tx.conn()).await?.is_some())
}

/// Takes what is due of a kind, oldest first, and holds it until `held_until`: whoever takes meanwhile takes others.
pub(crate) async fn take(
    tx: &mut Tx,
    kind: &str,
    at_most: u64,
    held_until: Timestamp,
    at: Timestamp,
) -> Result<Vec<Due>, StoreError> {
    // There is one writer, so nobody else takes meanwhile.
    let due = table::Entity::find()
        .filter(table::Column::Kind.eq(kind))
        .filter(table::Column::State.eq(WAITING))
        .filter(table::Column::DueAt.lte(at.as_millis()))
        .order_by_asc(table::Column::DueAt)
        .order_by_asc(table::Column::Id)
        .limit(at_most);
    let rows = due.all(tx.conn()).await?;
    let ids: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
    if !ids.is_empty() {
        table::Entity::update_many()
            .col_expr(table::Column::Tries, Expr::col(table::Column::Tries).add(1))
            .col_expr(table::Column::DueAt, Expr::value(held_until.as_millis()))
            .filter(table::Column::Id.is_in(ids))
            .exec(tx.conn())
            .await?;
    }
    rows.into_iter().map(read).collect()
}

/// The message was carried.
pub(crate) async fn done(tx: &mut Tx, id: MessageId, at: Timestamp) -> Result<(), StoreError> {
    end(tx, id, DONE, None, at).await
}

/// The message is given up.
pub(crate) async fn given_up(
    tx: &mut Tx,
    id: MessageId,
    problem: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    end(tx, id, GIVEN_UP, Some(problem), at).await
}

/// All that wait are given up.
pub(crate) async fn give_up_all(tx: &mut Tx, problem: &str, at: Timestamp) -> Result<(), StoreError> {
    table::Entity::update_many()
        .col_expr(table::Column::State, Expr::value(GIVEN_UP))
        .col_expr(table::Column::Problem, Expr::value(problem))
        .col_expr(table::Column::EndedAt, Expr::value(at.as_millis()))
        .filter(table::Column::State.eq(WAITING))
        .exec(tx.conn())
        .await?;
    Ok(())
}

async fn end(
    tx: &mut Tx,
    id: MessageId,
    state: &str,
    problem: Option<&str>,
    at: Timestamp,
) -> Result<(), StoreError> {
    table::Entity::update_many()
        .col_expr(table::Column::State, Expr::value(state))
        .col_expr(table::Column::Problem, Expr::value(problem.map(str::to_owned)))
        .col_expr(table::Column::EndedAt, Expr::value(at.as_millis()))
        .filter(table::Column::Id.eq(id.to_string()))
        .filter(table::Column::State.eq(WAITING))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// The message was not tried, and is looked at again at `due_at`.
pub(crate) async fn not_yet(
    tx: &mut Tx,
    id: MessageId,
    problem: &str,
    due_at: Timestamp,
) -> Result<(), StoreError> {
    table::Entity::update_many()
        .col_expr(table::Column::Tries, Expr::col(table::Column::Tries).sub(1))
        .filter(table::Column::Id.eq(id.to_string()))
        .filter(table::Column::State.eq(WAITING))
        .exec(tx.conn())
        .await?;
    again(tx, id, problem, due_at).await
}

/// The message is tried again at `due_at`.
pub(crate) async fn again(
    tx: &mut Tx,
    id: MessageId,
    problem: &str,
    due_at: Timestamp,
) -> Result<(), StoreError> {
    table::Entity::update_many()
        .col_expr(table::Column::Problem, Expr::value(problem))
        .col_expr(table::Column::DueAt, Expr::value(due_at.as_millis()))
        .filter(table::Column::Id.eq(id.to_string()))
        .filter(table::Column::State.eq(WAITING))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// How the messages fare.
pub(crate) async fn seen(tx: &mut Tx, at: Timestamp) -> Result<Seen, StoreError> {
    let waiting = || table::Entity::find().filter(table::Column::State.eq(WAITING));
    let lately = || {
        table::Entity::find()
            .filter(table::Column::State.eq(GIVEN_UP))
            .filter(table::Column::EndedAt.gt(at.as_millis().saturating_sub(WEEK_MS)))
    };
    let oldest = waiting()
        .filter(table::Column::DueAt.lte(at.as_millis()))
        .order_by_asc(table::Column::DueAt)
        .one(tx.conn())
        .await?;
    let failing = || waiting().filter(table::Column::Problem.is_not_null());
    let mut problem = failing().order_by_desc(table::Column::Id).one(tx.conn()).await?;
    if problem.is_none() {
        problem = lately().order_by_desc(table::Column::EndedAt).one(tx.conn()).await?;
    }
    Ok(Seen {
        waiting: waiting().count(tx.conn()).await?,
        failing: failing().count(tx.conn()).await?,
        given_up: lately().count(tx.conn()).await?,
        oldest: oldest.map(|row| Timestamp::from_millis(row.due_at)),
        problem: problem.and_then(|row| row.problem),
    })
}

fn read(row: table::Model) -> Result<Due, StoreError> {
    let unreadable = |column, why| StoreError::Unreadable { table: "outbox", column, why };
    Ok(Due {
        id: row.id.parse().map_err(|_| unreadable("id", "not an id"))?,
        body: row.body,
        tries: u32::try_from(row.tries + 1).map_err(|_| unreadable("tries", "not a count"))?,
    })
}
