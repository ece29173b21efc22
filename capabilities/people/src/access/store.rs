//! The tables of reviews. The only file that names them.

use engine::PersonNo;
use kit::{Private, Timestamp};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set};
use store::orm as sea_orm;
use store::{Actor, StoreError, Tx};

use super::model::{Line, Review, Verdict};

mod review {
    use store::orm as sea_orm;
    use store::orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "access_review")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub number: i64,
        pub started_at: i64,
        pub started_by: String,
        pub ended_at: Option<i64>,
        pub ended_by: Option<String>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

mod line {
    use store::orm as sea_orm;
    use store::orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "access_review_line")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub review: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        pub person: i64,
        pub what: String,
        pub reason: String,
        pub seen: String,
        pub by_whom: String,
        pub at: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// The newest reviews, newest first.
pub(super) async fn newest(tx: &mut Tx, most: u64) -> Result<Vec<Review>, StoreError> {
    let rows =
        review::Entity::find().order_by_desc(review::Column::Number).limit(most).all(tx.conn()).await?;
    Ok(rows.into_iter().map(read).collect())
}

/// One review.
pub(super) async fn by_number(tx: &mut Tx, number: i64) -> Result<Option<Review>, StoreError> {
    Ok(review::Entity::find_by_id(number).one(tx.conn()).await?.map(read))
}

fn read(row: review::Model) -> Review {
    Review {
        number: row.number,
        began: (Timestamp::from_millis(row.started_at), row.started_by),
        ended: row.ended_at.map(Timestamp::from_millis).zip(row.ended_by),
    }
}

/// Keeps a review that begins. Two that begin at once have the same number, and one of them fails.
pub(super) async fn insert(tx: &mut Tx, number: i64, actor: &Actor, at: Timestamp) -> Result<(), StoreError> {
    let row = review::ActiveModel {
        number: Set(number),
        started_at: Set(at.as_millis()),
        started_by: Set(actor.to_string()),
        ended_at: Set(None),
        ended_by: Set(None),
    };
    review::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// Ends a review. `false` where it has ended.
pub(super) async fn end(tx: &mut Tx, number: i64, actor: &Actor, at: Timestamp) -> Result<bool, StoreError> {
    let ended = review::Entity::update_many()
        .col_expr(review::Column::EndedAt, Expr::value(at.as_millis()))
        .col_expr(review::Column::EndedBy, Expr::value(actor.to_string()))
        .filter(review::Column::Number.eq(number))
        .filter(review::Column::EndedAt.is_null())
        .exec(tx.conn())
        .await?;
    Ok(ended.rows_affected == 1)
}

/// What a review decided so far, in the order of people's numbers.
pub(super) async fn lines(tx: &mut Tx, number: i64) -> Result<Vec<Line>, StoreError> {
    let rows = line::Entity::find()
        .filter(line::Column::Review.eq(number))
        .order_by_asc(line::Column::Person)
        .all(tx.conn())
        .await?;
    let unreadable =
        |column| StoreError::Unreadable { table: "access_review_line", column, why: "not what it should be" };
    let read = |row: line::Model| {
        Ok(Line {
            person: u32::try_from(row.person).map(PersonNo).map_err(|_| unreadable("person"))?,
            verdict: Verdict::of_id(&row.what).ok_or_else(|| unreadable("what"))?,
            reason: Private::new(row.reason),
            seen: serde_json::from_str(&row.seen).map_err(|_| unreadable("seen"))?,
            by: row.by_whom,
            at: Timestamp::from_millis(row.at),
        })
    };
    rows.into_iter().map(read).collect()
}

/// Keeps what was decided about somebody.
pub(super) async fn insert_line(tx: &mut Tx, number: i64, one: &Line) -> Result<(), StoreError> {
    let row = line::ActiveModel {
        review: Set(number),
        person: Set(i64::from(one.person.0)),
        what: Set(one.verdict.id().to_owned()),
        reason: Set(one.reason.reveal().clone()),
        seen: Set(serde_json::to_string(&one.seen).unwrap_or_default()),
        by_whom: Set(one.by.clone()),
        at: Set(one.at.as_millis()),
    };
    line::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    Ok(())
}
