//! The table of approvals. The only file that names it.

use kit::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, Set};
use store::orm as sea_orm;
use store::{StoreError, Tx};

use super::model::{Approval, ApprovalId, State};

mod table {
    use store::orm as sea_orm;
    use store::orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "approval")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub kind: String,
        pub subject: String,
        pub terms: String,
        pub reason: String,
        pub proposed_by: String,
        pub proposed_at: i64,
        pub lapses_at: i64,
        pub state: String,
        pub answered_by: Option<String>,
        pub answered_at: Option<i64>,
        pub answer: Option<String>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) async fn insert(tx: &mut Tx, approval: &Approval) -> Result<(), StoreError> {
    let row = table::ActiveModel {
        id: Set(approval.id.to_string()),
        kind: Set(approval.kind.clone()),
        subject: Set(approval.subject.clone()),
        terms: Set(approval.terms.to_string()),
        reason: Set(approval.reason.clone()),
        proposed_by: Set(approval.proposed_by.clone()),
        proposed_at: Set(approval.proposed_at.as_millis()),
        lapses_at: Set(approval.lapses_at.as_millis()),
        state: Set(approval.state.id().to_owned()),
        answered_by: Set(None),
        answered_at: Set(None),
        answer: Set(None),
    };
    row.insert(tx.conn()).await?;
    Ok(())
}

/// Writes down the answer of one that waits. `false` where somebody else was first.
pub(super) async fn answer(tx: &mut Tx, approval: &Approval) -> Result<bool, StoreError> {
    let (by, at, words) = match &approval.state {
        State::Waiting => return Ok(false),
        State::Agreed { by, at, words } | State::Refused { by, at, words } => {
            (Some(by.clone()), *at, Some(words.clone()))
        }
        State::Withdrawn { at } | State::Lapsed { at } => (None, *at, None),
    };
    let answered = table::Entity::update_many()
        .col_expr(table::Column::State, Expr::value(approval.state.id()))
        .col_expr(table::Column::AnsweredBy, Expr::value(by))
        .col_expr(table::Column::AnsweredAt, Expr::value(at.as_millis()))
        .col_expr(table::Column::Answer, Expr::value(words))
        .filter(table::Column::Id.eq(approval.id.to_string()))
        .filter(table::Column::State.eq(State::Waiting.id()))
        .exec(tx.conn())
        .await?;
    Ok(answered.rows_affected == 1)
}

/// The one of that kind that waits about a subject.
pub(super) async fn waiting_about(
    tx: &mut Tx,
    kind: &str,
    subject: &str,
) -> Result<Option<Approval>, StoreError> {
    let row = table::Entity::find()
        .filter(table::Column::Kind.eq(kind))
        .filter(table::Column::Subject.eq(subject))
        .filter(table::Column::State.eq(State::Waiting.id()))
        .one(tx.conn())
        .await?;
    row.map(read).transpose()
}

/// All of that kind about a subject, oldest first.
pub(super) async fn about(tx: &mut Tx, kind: &str, subject: &str) -> Result<Vec<Approval>, StoreError> {
    let rows = table::Entity::find()
        .filter(table::Column::Kind.eq(kind))
        .filter(table::Column::Subject.eq(subject))
        .order_by_asc(table::Column::ProposedAt)
        .order_by_asc(table::Column::Id)
        .all(tx.conn())
        .await?;
    rows.into_iter().map(read).collect()
}

/// Those that wait and that somebody proposed, oldest first.
pub(super) async fn waiting_of(tx: &mut Tx, proposer: &str) -> Result<Vec<Approval>, StoreError> {
    let rows = table::Entity::find()
        .filter(table::Column::ProposedBy.eq(proposer))
        .filter(table::Column::State.eq(State::Waiting.id()))
        .order_by_asc(table::Column::ProposedAt)
        .order_by_asc(table::Column::Id)
        .all(tx.conn())
        .await?;
    rows.into_iter().map(read).collect()
}

/// Those of a kind that wait, oldest first.
pub(super) async fn waiting_kind(tx: &mut Tx, kind: &str) -> Result<Vec<Approval>, StoreError> {
    let rows = table::Entity::find()
        .filter(table::Column::Kind.eq(kind))
        .filter(table::Column::State.eq(State::Waiting.id()))
        .order_by_asc(table::Column::ProposedAt)
        .order_by_asc(table::Column::Id)
        .all(tx.conn())
        .await?;
    rows.into_iter().map(read).collect()
}

pub(super) async fn by_id(tx: &mut Tx, id: ApprovalId) -> Result<Option<Approval>, StoreError> {
    table::Entity::find_by_id(id.to_string()).one(tx.conn()).await?.map(read).transpose()
}

/// Those that wait although their time is over.
pub(super) async fn overdue(tx: &mut Tx, at: Timestamp) -> Result<Vec<Approval>, StoreError> {
    let rows = table::Entity::find()
        .filter(table::Column::State.eq(State::Waiting.id()))
        .filter(table::Column::LapsesAt.lte(at.as_millis()))
        .order_by_asc(table::Column::LapsesAt)
        .order_by_asc(table::Column::Id)
        .all(tx.conn())
        .await?;
    rows.into_iter().map(read).collect()
}

fn read(row: table::Model) -> Result<Approval, StoreError> {
    let unreadable = |column, why| StoreError::Unreadable { table: "approval", column, why };
    let answered = || {
        let at = row.answered_at.map(Timestamp::from_millis);
        at.ok_or_else(|| unreadable("answered_at", "an answer without its time"))
    };
    let who = || row.answered_by.clone().ok_or_else(|| unreadable("answered_by", "an answer of nobody"));
    let words = || row.answer.clone().unwrap_or_default();
    let state = match row.state.as_str() {
        "waiting" => State::Waiting,
        "agreed" => State::Agreed { by: who()?, at: answered()?, words: words() },
        "refused" => State::Refused { by: who()?, at: answered()?, words: words() },
        "withdrawn" => State::Withdrawn { at: answered()? },
        "lapsed" => State::Lapsed { at: answered()? },
        _ => return Err(unreadable("state", "no state of an approval")),
    };
    Ok(Approval {
        id: row.id.parse().map_err(|_| unreadable("id", "not an id"))?,
        kind: row.kind,
        subject: row.subject,
        terms: serde_json::from_str(&row.terms).map_err(|_| unreadable("terms", "not JSON"))?,
        reason: row.reason,
        proposed_by: row.proposed_by,
        proposed_at: Timestamp::from_millis(row.proposed_at),
        lapses_at: Timestamp::from_millis(row.lapses_at),
        state,
    })
}
