//! The table of tasks. The only file that names it.

use kit::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set};
use store::orm as sea_orm;
use store::{StoreError, Tx};

use super::model::{Ending, State, Task, TaskId};

mod table {
    use store::orm as sea_orm;
    use store::orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "task")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub kind: String,
        pub subject: String,
        pub path: String,
        pub owner: Option<String>,
        pub not_by: Option<String>,
        pub opened_at: i64,
        pub due_at: i64,
        pub escalated: i64,
        pub state: String,
        pub closed_by: Option<String>,
        pub closed_at: Option<i64>,
        pub words: Option<String>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) async fn insert(tx: &mut Tx, task: &Task) -> Result<(), StoreError> {
    let row = table::ActiveModel {
        id: Set(task.id.to_string()),
        kind: Set(task.kind.clone()),
        subject: Set(task.subject.clone()),
        path: Set(task.path.clone()),
        owner: Set(task.owner.as_ref().map(ToString::to_string)),
        not_by: Set(task.not_by.clone()),
        opened_at: Set(task.opened_at.as_millis()),
        due_at: Set(task.due_at.as_millis()),
        escalated: Set(i64::from(task.escalated)),
        state: Set(State::Open.id().to_owned()),
        closed_by: Set(None),
        closed_at: Set(None),
        words: Set(None),
    };
    row.insert(tx.conn()).await?;
    Ok(())
}

/// Writes down whose an open one is, how far it was escalated, and how it ended. `false` where it has ended meanwhile.
pub(super) async fn update(tx: &mut Tx, task: &Task) -> Result<bool, StoreError> {
    let ending = match &task.state {
        State::Open => None,
        State::Done(ending) | State::Dropped(ending) => Some(ending),
    };
    let updated = table::Entity::update_many()
        .col_expr(table::Column::Owner, Expr::value(task.owner.as_ref().map(ToString::to_string)))
        .col_expr(table::Column::Escalated, Expr::value(i64::from(task.escalated)))
        .col_expr(table::Column::State, Expr::value(task.state.id()))
        .col_expr(table::Column::ClosedBy, Expr::value(ending.map(|ending| ending.by.clone())))
        .col_expr(table::Column::ClosedAt, Expr::value(ending.map(|ending| ending.at.as_millis())))
        .col_expr(table::Column::Words, Expr::value(ending.map(|ending| ending.words.clone())))
        .filter(table::Column::Id.eq(task.id.to_string()))
        .filter(table::Column::State.eq(State::Open.id()))
        .exec(tx.conn())
        .await?;
    Ok(updated.rows_affected == 1)
}

pub(super) async fn by_id(tx: &mut Tx, id: TaskId) -> Result<Option<Task>, StoreError> {
    table::Entity::find_by_id(id.to_string()).one(tx.conn()).await?.map(read).transpose()
}

/// The one of that kind about a subject, whatever became of it.
pub(super) async fn about(tx: &mut Tx, kind: &str, subject: &str) -> Result<Option<Task>, StoreError> {
    table::Entity::find()
        .filter(table::Column::Kind.eq(kind))
        .filter(table::Column::Subject.eq(subject))
        .one(tx.conn())
        .await?
        .map(read)
        .transpose()
}

/// Of these subjects, those that a task of that kind was ever about.
pub(super) async fn known(tx: &mut Tx, kind: &str, subjects: &[&str]) -> Result<Vec<String>, StoreError> {
    let rows = table::Entity::find()
        .select_only()
        .column(table::Column::Subject)
        .filter(table::Column::Kind.eq(kind))
        .filter(table::Column::Subject.is_in(subjects.iter().copied()))
        .into_tuple()
        .all(tx.conn())
        .await?;
    Ok(rows)
}

/// All that are open, the first due first.
pub(super) async fn open(tx: &mut Tx) -> Result<Vec<Task>, StoreError> {
    let rows = table::Entity::find()
        .filter(table::Column::State.eq(State::Open.id()))
        .order_by_asc(table::Column::DueAt)
        .order_by_asc(table::Column::Id)
        .all(tx.conn())
        .await?;
    rows.into_iter().map(read).collect()
}

/// Those that ended, the last to end first.
pub(super) async fn ended(tx: &mut Tx, at_most: u64) -> Result<Vec<Task>, StoreError> {
    let rows = table::Entity::find()
        .filter(table::Column::State.ne(State::Open.id()))
        .order_by_desc(table::Column::ClosedAt)
        .order_by_asc(table::Column::Id)
        .limit(at_most)
        .all(tx.conn())
        .await?;
    rows.into_iter().map(read).collect()
}

fn read(row: table::Model) -> Result<Task, StoreError> {
    let unreadable = |column, why| StoreError::Unreadable { table: "task", column, why };
    let ending = || -> Result<Ending, StoreError> {
        let at = row.closed_at.map(Timestamp::from_millis);
        Ok(Ending {
            by: row.closed_by.clone().ok_or_else(|| unreadable("closed_by", "ended by nobody"))?,
            at: at.ok_or_else(|| unreadable("closed_at", "an end without its time"))?,
            words: row.words.clone().unwrap_or_default(),
        })
    };
    let state = match row.state.as_str() {
        "open" => State::Open,
        "done" => State::Done(ending()?),
        "dropped" => State::Dropped(ending()?),
        _ => return Err(unreadable("state", "no state of a task")),
    };
    let owner = row.owner.as_deref().map(str::parse).transpose();
    Ok(Task {
        id: row.id.parse().map_err(|_| unreadable("id", "not an id"))?,
        kind: row.kind,
        subject: row.subject,
        path: row.path,
        owner: owner.map_err(|_| unreadable("owner", "no owner"))?,
        not_by: row.not_by,
        opened_at: Timestamp::from_millis(row.opened_at),
        due_at: Timestamp::from_millis(row.due_at),
        escalated: u32::try_from(row.escalated).map_err(|_| unreadable("escalated", "not a number"))?,
        state,
    })
}
