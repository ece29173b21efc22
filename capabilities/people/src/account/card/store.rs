//! The tables of cards and of class cards. The only file that names them.

use engine::PersonNo;
use kit::{Private, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, Set};
use store::orm as sea_orm;
use store::{Actor, StoreError, Tx};

use super::model::{Card, CardId, ClassCardId, State};
use crate::by_age::Way;
use crate::intake::ClassOrGroup;

mod card {
    use store::orm as sea_orm;
    use store::orm::entity::prelude::*;

    #[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "log_in_card")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub person: i64,
        pub way: String,
        pub length: i64,
        pub hash: Option<String>,
        pub whose_class: Option<String>,
        pub issued_by: String,
        pub issued_at: i64,
        pub state: String,
        pub said_by: String,
        pub said_at: i64,
        pub strange: i64,
    }
    impl std::fmt::Debug for Model {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("(card)")
        }
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

mod class_card {
    use store::orm as sea_orm;
    use store::orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "class_card")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub whose_class: String,
        pub hash: String,
        pub made_by: String,
        pub made_at: i64,
        pub ended_by: Option<String>,
        pub ended_at: Option<i64>,
        pub strange: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// A class card, as it is kept.
#[derive(Debug, Clone)]
pub(crate) struct ClassCard {
    pub id: ClassCardId,
    pub of: ClassOrGroup,
    pub made_at: Timestamp,
    /// How often in a row any card of the class was tried in vain on strange devices.
    pub strange: u32,
}

pub(super) async fn insert(tx: &mut Tx, card: &Card) -> Result<(), StoreError> {
    let row = card::ActiveModel {
        id: Set(card.id.to_string()),
        person: Set(i64::from(card.person.0)),
        way: Set(card.way.id().to_owned()),
        length: Set(i64::try_from(card.length).unwrap_or(i64::MAX)),
        hash: Set(card.hash.as_ref().map(|hash| hash.reveal().clone())),
        whose_class: Set(card.of.as_ref().map(ToString::to_string)),
        issued_by: Set(card.issued.0.clone()),
        issued_at: Set(card.issued.1.as_millis()),
        state: Set(card.state.id().to_owned()),
        said_by: Set(card.said.0.clone()),
        said_at: Set(card.said.1.as_millis()),
        strange: Set(i64::from(card.strange)),
    };
    row.insert(tx.conn()).await?;
    Ok(())
}

/// Says where a card is. `false` where it holds no more, or was said to be somewhere else meanwhile.
pub(super) async fn say(
    tx: &mut Tx,
    id: CardId,
    (from, to): (State, State),
    actor: &Actor,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let said = card::Entity::update_many()
        .col_expr(card::Column::State, Expr::value(to.id()))
        .col_expr(card::Column::SaidBy, Expr::value(actor.to_string()))
        .col_expr(card::Column::SaidAt, Expr::value(at.as_millis()))
        .filter(card::Column::Id.eq(id.to_string()))
        .filter(card::Column::State.eq(from.id()))
        .exec(tx.conn())
        .await?;
    Ok(said.rows_affected == 1)
}

fn holding() -> Vec<&'static str> {
    State::ALL.into_iter().filter(|state| state.holds()).map(State::id).collect()
}

/// Ends whatever of somebody's holds, for that state; how many.
async fn end(
    tx: &mut Tx,
    person: Option<PersonNo>,
    state: State,
    actor: &Actor,
    at: Timestamp,
) -> Result<u64, StoreError> {
    let mut ending = card::Entity::update_many()
        .col_expr(card::Column::State, Expr::value(state.id()))
        .col_expr(card::Column::SaidBy, Expr::value(actor.to_string()))
        .col_expr(card::Column::SaidAt, Expr::value(at.as_millis()))
        .filter(card::Column::State.is_in(holding()));
    if let Some(person) = person {
        ending = ending.filter(card::Column::Person.eq(i64::from(person.0)));
    }
    Ok(ending.exec(tx.conn()).await?.rows_affected)
}

/// Ends the cards of somebody who leaves, or whose account closes; how many.
pub(crate) async fn end_of(
    tx: &mut Tx,
    person: PersonNo,
    actor: &Actor,
    at: Timestamp,
) -> Result<u64, StoreError> {
    end(tx, Some(person), State::Ended, actor, at).await
}

/// Ends the cards of somebody who gets another; how many.
pub(super) async fn replace(
    tx: &mut Tx,
    person: PersonNo,
    actor: &Actor,
    at: Timestamp,
) -> Result<u64, StoreError> {
    end(tx, Some(person), State::Replaced, actor, at).await
}

/// Ends everybody's cards and every class card: for records that were brought back.
pub(crate) async fn end_all(tx: &mut Tx, actor: &Actor, at: Timestamp) -> Result<u64, StoreError> {
    let classes = class_card::Entity::update_many()
        .col_expr(class_card::Column::EndedBy, Expr::value(actor.to_string()))
        .col_expr(class_card::Column::EndedAt, Expr::value(at.as_millis()))
        .filter(class_card::Column::EndedAt.is_null())
        .exec(tx.conn())
        .await?;
    Ok(end(tx, None, State::Ended, actor, at).await? + classes.rows_affected)
}

/// The cards for class devices that people hold.
pub(super) async fn held_by(tx: &mut Tx, people: &[PersonNo]) -> Result<Vec<Card>, StoreError> {
    let rows = card::Entity::find()
        .filter(card::Column::Person.is_in(people.iter().map(|person| i64::from(person.0))))
        .filter(card::Column::State.is_in(holding()))
        .filter(card::Column::Hash.is_not_null())
        .all(tx.conn())
        .await?;
    rows.into_iter().map(read).collect()
}

/// All that are held and were made before a moment.
pub(super) async fn held_since(tx: &mut Tx, before: Timestamp) -> Result<Vec<Card>, StoreError> {
    let rows = card::Entity::find()
        .filter(card::Column::State.is_in(holding()))
        .filter(card::Column::IssuedAt.lte(before.as_millis()))
        .all(tx.conn())
        .await?;
    rows.into_iter().map(read).collect()
}

/// The newest of somebody's, whatever has become of it.
pub(super) async fn newest_of(tx: &mut Tx, person: PersonNo) -> Result<Option<Card>, StoreError> {
    let row = card::Entity::find()
        .filter(card::Column::Person.eq(i64::from(person.0)))
        .order_by_desc(card::Column::IssuedAt)
        .order_by_desc(card::Column::Id)
        .one(tx.conn())
        .await?;
    row.map(read).transpose()
}

/// Counts one more try in vain of a card on a strange device, and of its class; both are read and counted in one statement.
pub(super) async fn tried(tx: &mut Tx, card: CardId, class: ClassCardId) -> Result<(), StoreError> {
    card::Entity::update_many()
        .col_expr(card::Column::Strange, Expr::col(card::Column::Strange).add(1))
        .filter(card::Column::Id.eq(card.to_string()))
        .exec(tx.conn())
        .await?;
    class_card::Entity::update_many()
        .col_expr(class_card::Column::Strange, Expr::col(class_card::Column::Strange).add(1))
        .filter(class_card::Column::Id.eq(class.to_string()))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Forgets what was tried of a card in vain on strange devices.
pub(super) async fn forgive(tx: &mut Tx, card: CardId) -> Result<(), StoreError> {
    card::Entity::update_many()
        .col_expr(card::Column::Strange, Expr::value(0_i64))
        .filter(card::Column::Id.eq(card.to_string()))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// The same for a class.
pub(super) async fn forgive_class(tx: &mut Tx, class: ClassCardId) -> Result<(), StoreError> {
    class_card::Entity::update_many()
        .col_expr(class_card::Column::Strange, Expr::value(0_i64))
        .filter(class_card::Column::Id.eq(class.to_string()))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Makes a class card, which ends the one before.
pub(super) async fn make_class_card(
    tx: &mut Tx,
    id: ClassCardId,
    of: &ClassOrGroup,
    hash: &str,
    actor: &Actor,
    at: Timestamp,
) -> Result<(), StoreError> {
    class_card::Entity::update_many()
        .col_expr(class_card::Column::EndedBy, Expr::value(actor.to_string()))
        .col_expr(class_card::Column::EndedAt, Expr::value(at.as_millis()))
        .filter(class_card::Column::WhoseClass.eq(of.to_string()))
        .filter(class_card::Column::EndedAt.is_null())
        .exec(tx.conn())
        .await?;
    let row = class_card::ActiveModel {
        id: Set(id.to_string()),
        whose_class: Set(of.to_string()),
        hash: Set(hash.to_owned()),
        made_by: Set(actor.to_string()),
        made_at: Set(at.as_millis()),
        ended_by: Set(None),
        ended_at: Set(None),
        strange: Set(0),
    };
    row.insert(tx.conn()).await?;
    Ok(())
}

/// The class card of that code's hash, while it holds.
pub(super) async fn class_card_of(tx: &mut Tx, hash: &str) -> Result<Option<ClassCard>, StoreError> {
    one_class_card(tx, class_card::Column::Hash.eq(hash)).await
}

/// The class card of that id, while it holds.
pub(super) async fn class_card(tx: &mut Tx, id: ClassCardId) -> Result<Option<ClassCard>, StoreError> {
    one_class_card(tx, class_card::Column::Id.eq(id.to_string())).await
}

/// The class card of a class, while it holds.
pub(super) async fn class_card_for(tx: &mut Tx, of: &ClassOrGroup) -> Result<Option<ClassCard>, StoreError> {
    one_class_card(tx, class_card::Column::WhoseClass.eq(of.to_string())).await
}

async fn one_class_card(
    tx: &mut Tx,
    which: sea_orm::sea_query::SimpleExpr,
) -> Result<Option<ClassCard>, StoreError> {
    let holds = class_card::Entity::find().filter(class_card::Column::EndedAt.is_null());
    let Some(row) = holds.filter(which).one(tx.conn()).await? else { return Ok(None) };
    let unreadable = |column, why| StoreError::Unreadable { table: "class_card", column, why };
    Ok(Some(ClassCard {
        id: row.id.parse().map_err(|_| unreadable("id", "not an id"))?,
        of: row.whose_class.parse().map_err(|_| unreadable("whose_class", "no class or group"))?,
        made_at: Timestamp::from_millis(row.made_at),
        strange: count(row.strange),
    }))
}

fn count(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn read(row: card::Model) -> Result<Card, StoreError> {
    let unreadable = |column, why| StoreError::Unreadable { table: "log_in_card", column, why };
    let number = u32::try_from(row.person).map_err(|_| unreadable("person", "not a person's number"))?;
    let of = row.whose_class.map(|of| of.parse().map_err(|_| unreadable("whose_class", "no class or group")));
    Ok(Card {
        id: row.id.parse().map_err(|_| unreadable("id", "not an id"))?,
        person: PersonNo(number),
        way: Way::of_id(&row.way).ok_or_else(|| unreadable("way", "no way to sign in"))?,
        length: usize::try_from(row.length).map_err(|_| unreadable("length", "a number out of range"))?,
        hash: row.hash.map(Private::new),
        of: of.transpose()?,
        issued: (row.issued_by, Timestamp::from_millis(row.issued_at)),
        state: State::of_id(&row.state).ok_or_else(|| unreadable("state", "no state of a card"))?,
        said: (row.said_by, Timestamp::from_millis(row.said_at)),
        strange: count(row.strange),
    })
}
