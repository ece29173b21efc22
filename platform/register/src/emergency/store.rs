//! The table of what one person opened alone. The only file that names it.

use kit::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, Set};
use store::orm as sea_orm;
use store::{StoreError, Tx};

use super::model::{Emergency, EmergencyId, Review, Verdict};
use crate::approval::ApprovalId;

mod table {
    use store::orm as sea_orm;
    use store::orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "emergency")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub approval: String,
        pub kind: String,
        pub subject: String,
        pub made: String,
        pub reason: String,
        pub opened_by: String,
        pub opened_at: i64,
        pub ends_at: i64,
        pub verdict: Option<String>,
        pub reviewed_by: Option<String>,
        pub reviewed_at: Option<i64>,
        pub review: Option<String>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) async fn insert(tx: &mut Tx, one: &Emergency) -> Result<(), StoreError> {
    let row = table::ActiveModel {
        id: Set(one.id.to_string()),
        approval: Set(one.approval.to_string()),
        kind: Set(one.kind.clone()),
        subject: Set(one.subject.clone()),
        made: Set(one.made.clone()),
        reason: Set(one.reason.clone()),
        opened_by: Set(one.opened_by.clone()),
        opened_at: Set(one.opened_at.as_millis()),
        ends_at: Set(one.ends_at.as_millis()),
        verdict: Set(None),
        reviewed_by: Set(None),
        reviewed_at: Set(None),
        review: Set(None),
    };
    row.insert(tx.conn()).await?;
    Ok(())
}

/// Writes down what somebody said of it. `false` where another was first.
pub(super) async fn review(tx: &mut Tx, id: EmergencyId, review: &Review) -> Result<bool, StoreError> {
    let reviewed = table::Entity::update_many()
        .col_expr(table::Column::Verdict, Expr::value(review.verdict.id()))
        .col_expr(table::Column::ReviewedBy, Expr::value(review.by.clone()))
        .col_expr(table::Column::ReviewedAt, Expr::value(review.at.as_millis()))
        .col_expr(table::Column::Review, Expr::value(review.words.clone()))
        .filter(table::Column::Id.eq(id.to_string()))
        .filter(table::Column::ReviewedAt.is_null())
        .exec(tx.conn())
        .await?;
    Ok(reviewed.rows_affected == 1)
}

pub(super) async fn by_id(tx: &mut Tx, id: EmergencyId) -> Result<Option<Emergency>, StoreError> {
    table::Entity::find_by_id(id.to_string()).one(tx.conn()).await?.map(read).transpose()
}

pub(super) async fn by_approval(tx: &mut Tx, approval: ApprovalId) -> Result<Option<Emergency>, StoreError> {
    let found = table::Entity::find().filter(table::Column::Approval.eq(approval.to_string()));
    found.one(tx.conn()).await?.map(read).transpose()
}

/// All of that kind about a subject, oldest first.
pub(super) async fn about(tx: &mut Tx, kind: &str, subject: &str) -> Result<Vec<Emergency>, StoreError> {
    let rows = table::Entity::find()
        .filter(table::Column::Kind.eq(kind))
        .filter(table::Column::Subject.eq(subject))
        .order_by_asc(table::Column::OpenedAt)
        .order_by_asc(table::Column::Id)
        .all(tx.conn())
        .await?;
    rows.into_iter().map(read).collect()
}

/// All at which nobody has looked, oldest first.
pub(super) async fn waiting(tx: &mut Tx) -> Result<Vec<Emergency>, StoreError> {
    let rows = table::Entity::find()
        .filter(table::Column::ReviewedAt.is_null())
        .order_by_asc(table::Column::OpenedAt)
        .order_by_asc(table::Column::Id)
        .all(tx.conn())
        .await?;
    rows.into_iter().map(read).collect()
}

fn read(row: table::Model) -> Result<Emergency, StoreError> {
    let unreadable = |column, why| StoreError::Unreadable { table: "emergency", column, why };
    let reviewed = match (row.verdict, row.reviewed_by, row.reviewed_at, row.review) {
        (None, None, None, None) => None,
        (Some(verdict), Some(by), Some(at), Some(words)) => Some(Review {
            by,
            at: Timestamp::from_millis(at),
            verdict: Verdict::of(&verdict).ok_or_else(|| unreadable("verdict", "no verdict"))?,
            words,
        }),
        _ => return Err(unreadable("reviewed_at", "half a review")),
    };
    Ok(Emergency {
        id: row.id.parse().map_err(|_| unreadable("id", "not an id"))?,
        approval: row.approval.parse().map_err(|_| unreadable("approval", "not an id"))?,
        kind: row.kind,
        subject: row.subject,
        made: row.made,
        reason: row.reason,
        opened_by: row.opened_by,
        opened_at: Timestamp::from_millis(row.opened_at),
        ends_at: Timestamp::from_millis(row.ends_at),
        reviewed,
    })
}
