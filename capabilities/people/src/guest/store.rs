//! The tables of guests and lanyards. The only file that names them.

use std::collections::BTreeSet;

use engine::PersonNo;
use kit::{Private, Timestamp};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set,
};
use store::orm as sea_orm;
use store::{Actor, StoreError, Tx};

use super::model::{Guest, GuestId, Lanyard, LanyardId};

mod guest {
    use store::orm as sea_orm;
    use store::orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "guest")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub person: i64,
        pub sponsor: i64,
        pub supervisor: i64,
        pub aim: String,
        pub starts_at: i64,
        pub ends_at: i64,
        pub given_by: String,
        pub given_at: i64,
        pub ended_by: Option<String>,
        pub ended_at: Option<i64>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

mod lanyard {
    use store::orm as sea_orm;
    use store::orm::entity::prelude::*;

    #[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "lanyard")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub guest: String,
        pub hash: String,
        pub pin: String,
        pub classes: String,
        pub made_by: String,
        pub made_at: i64,
        pub ended_by: Option<String>,
        pub ended_at: Option<i64>,
    }
    impl std::fmt::Debug for Model {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("(lanyard)")
        }
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) async fn insert(
    tx: &mut Tx,
    guest: &Guest,
    actor: &Actor,
    at: Timestamp,
) -> Result<(), StoreError> {
    let row = guest::ActiveModel {
        id: Set(guest.id.to_string()),
        person: Set(i64::from(guest.person.0)),
        sponsor: Set(i64::from(guest.sponsor.0)),
        supervisor: Set(i64::from(guest.supervisor.0)),
        aim: Set(guest.aim.clone()),
        starts_at: Set(guest.starts_at.as_millis()),
        ends_at: Set(guest.ends_at.as_millis()),
        given_by: Set(actor.to_string()),
        given_at: Set(at.as_millis()),
        ended_by: Set(None),
        ended_at: Set(None),
    };
    row.insert(tx.conn()).await?;
    Ok(())
}

/// Ends a stay, and the lanyard that goes with it. `false` where it had ended.
pub(super) async fn end(tx: &mut Tx, id: GuestId, actor: &Actor, at: Timestamp) -> Result<bool, StoreError> {
    let ended = guest::Entity::update_many()
        .col_expr(guest::Column::EndedBy, Expr::value(actor.to_string()))
        .col_expr(guest::Column::EndedAt, Expr::value(at.as_millis()))
        .filter(guest::Column::Id.eq(id.to_string()))
        .filter(guest::Column::EndedAt.is_null())
        .exec(tx.conn())
        .await?;
    end_lanyard(tx, id, actor, at).await?;
    Ok(ended.rows_affected == 1)
}

async fn end_lanyard(tx: &mut Tx, guest: GuestId, actor: &Actor, at: Timestamp) -> Result<(), StoreError> {
    lanyard::Entity::update_many()
        .col_expr(lanyard::Column::EndedBy, Expr::value(actor.to_string()))
        .col_expr(lanyard::Column::EndedAt, Expr::value(at.as_millis()))
        .filter(lanyard::Column::Guest.eq(guest.to_string()))
        .filter(lanyard::Column::EndedAt.is_null())
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Ends every lanyard: for records that were brought back; how many.
pub(crate) async fn end_lanyards(tx: &mut Tx, actor: &Actor, at: Timestamp) -> Result<u64, StoreError> {
    let ended = lanyard::Entity::update_many()
        .col_expr(lanyard::Column::EndedBy, Expr::value(actor.to_string()))
        .col_expr(lanyard::Column::EndedAt, Expr::value(at.as_millis()))
        .filter(lanyard::Column::EndedAt.is_null())
        .exec(tx.conn())
        .await?;
    Ok(ended.rows_affected)
}

/// A lanyard that is to be kept.
pub(super) struct NewLanyard<'a> {
    pub id: LanyardId,
    pub hash: &'a str,
    pub pin: &'a str,
    pub classes: &'a BTreeSet<String>,
}

/// Keeps a lanyard of a guest's, in place of the one before.
pub(super) async fn hang(
    tx: &mut Tx,
    guest: GuestId,
    new: &NewLanyard<'_>,
    actor: &Actor,
    at: Timestamp,
) -> Result<(), StoreError> {
    end_lanyard(tx, guest, actor, at).await?;
    let classes: Vec<&String> = new.classes.iter().collect();
    let row = lanyard::ActiveModel {
        id: Set(new.id.to_string()),
        guest: Set(guest.to_string()),
        hash: Set(new.hash.to_owned()),
        pin: Set(new.pin.to_owned()),
        classes: Set(serde_json::to_string(&classes).unwrap_or_default()),
        made_by: Set(actor.to_string()),
        made_at: Set(at.as_millis()),
        ended_by: Set(None),
        ended_at: Set(None),
    };
    row.insert(tx.conn()).await?;
    Ok(())
}

/// The lanyard of that token's hash that was not taken back; whether its days are on is for the caller.
pub(crate) async fn lanyard(tx: &mut Tx, hash: &str) -> Result<Option<Lanyard>, StoreError> {
    let row = lanyard::Entity::find()
        .filter(lanyard::Column::Hash.eq(hash))
        .filter(lanyard::Column::EndedAt.is_null())
        .one(tx.conn())
        .await?;
    match row {
        Some(row) => read_lanyard(tx, row).await,
        None => Ok(None),
    }
}

async fn read_lanyard(tx: &mut Tx, row: lanyard::Model) -> Result<Option<Lanyard>, StoreError> {
    let unreadable = |column, why| StoreError::Unreadable { table: "lanyard", column, why };
    let guest = guest::Entity::find_by_id(row.guest.clone()).one(tx.conn()).await?.map(read).transpose()?;
    let Some(guest) = guest else { return Ok(None) };
    Ok(Some(Lanyard {
        id: row.id.parse().map_err(|_| unreadable("id", "not an id"))?,
        guest,
        pin: Private::new(row.pin),
        classes: serde_json::from_str(&row.classes)
            .map_err(|_| unreadable("classes", "not a list of group ids"))?,
    }))
}

/// The lanyard of a guest's that was not taken back.
pub(super) async fn lanyard_of(tx: &mut Tx, guest: GuestId) -> Result<Option<Lanyard>, StoreError> {
    let row = lanyard::Entity::find()
        .filter(lanyard::Column::Guest.eq(guest.to_string()))
        .filter(lanyard::Column::EndedAt.is_null())
        .one(tx.conn())
        .await?;
    match row {
        Some(row) => read_lanyard(tx, row).await,
        None => Ok(None),
    }
}

/// The stays of somebody.
pub(super) async fn of_person(tx: &mut Tx, person: PersonNo) -> Result<Vec<Guest>, StoreError> {
    let rows =
        guest::Entity::find().filter(guest::Column::Person.eq(i64::from(person.0))).all(tx.conn()).await?;
    rows.into_iter().map(read).collect()
}

/// The stays that are not over for which somebody answers, or whose guest they look after; the first that was given first.
pub(super) async fn in_the_care_of(
    tx: &mut Tx,
    person: PersonNo,
    at: Timestamp,
) -> Result<Vec<Guest>, StoreError> {
    let number = i64::from(person.0);
    let theirs =
        Condition::any().add(guest::Column::Sponsor.eq(number)).add(guest::Column::Supervisor.eq(number));
    let rows = guest::Entity::find()
        .filter(theirs)
        .filter(guest::Column::EndedAt.is_null())
        .filter(guest::Column::EndsAt.gt(at.as_millis()))
        .order_by_asc(guest::Column::GivenAt)
        .order_by_asc(guest::Column::Id)
        .all(tx.conn())
        .await?;
    rows.into_iter().map(read).collect()
}

/// Puts one person in the place of another who answered for a guest, or looked after them.
pub(super) async fn hand(tx: &mut Tx, id: GuestId, from: PersonNo, to: PersonNo) -> Result<(), StoreError> {
    for column in [guest::Column::Sponsor, guest::Column::Supervisor] {
        guest::Entity::update_many()
            .col_expr(column, Expr::value(i64::from(to.0)))
            .filter(guest::Column::Id.eq(id.to_string()))
            .filter(column.eq(i64::from(from.0)))
            .exec(tx.conn())
            .await?;
    }
    Ok(())
}

/// Everybody who ever had a stay.
pub(crate) async fn people(tx: &mut Tx) -> Result<BTreeSet<PersonNo>, StoreError> {
    let rows: Vec<i64> = guest::Entity::find()
        .select_only()
        .column(guest::Column::Person)
        .distinct()
        .into_tuple()
        .all(tx.conn())
        .await?;
    Ok(rows.into_iter().filter_map(|number| u32::try_from(number).ok().map(PersonNo)).collect())
}

pub(super) async fn by_id(tx: &mut Tx, id: GuestId) -> Result<Option<Guest>, StoreError> {
    guest::Entity::find_by_id(id.to_string()).one(tx.conn()).await?.map(read).transpose()
}

/// Stays, the last given first.
pub(super) async fn newest(tx: &mut Tx, most: u64) -> Result<Vec<Guest>, StoreError> {
    let rows = guest::Entity::find()
        .order_by_desc(guest::Column::GivenAt)
        .order_by_desc(guest::Column::Id)
        .limit(most)
        .all(tx.conn())
        .await?;
    rows.into_iter().map(read).collect()
}

fn read(row: guest::Model) -> Result<Guest, StoreError> {
    let unreadable = |column, why| StoreError::Unreadable { table: "guest", column, why };
    let number = |column, number: i64| {
        u32::try_from(number).map(PersonNo).map_err(|_| unreadable(column, "not a person's number"))
    };
    Ok(Guest {
        id: row.id.parse().map_err(|_| unreadable("id", "not an id"))?,
        person: number("person", row.person)?,
        sponsor: number("sponsor", row.sponsor)?,
        supervisor: number("supervisor", row.supervisor)?,
        aim: row.aim,
        starts_at: Timestamp::from_millis(row.starts_at),
        ends_at: Timestamp::from_millis(row.ends_at),
        ended_at: row.ended_at.map(Timestamp::from_millis),
    })
}
