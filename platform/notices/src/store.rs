//! The tables of notices, choices, addresses and subscriptions. The only file that names them.

use ::store::orm as sea_orm;
use ::store::{StoreError, Tx};
use kit::{Private, Timestamp};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, Set};

use crate::model::{Kind, Notice, NoticeId, Ways, Where};
use crate::push::{Subscription, SubscriptionId};
use crate::quiet::Hours;

mod notice {
    use ::store::orm as sea_orm;
    use ::store::orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "notice")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub person: i64,
        pub kind: String,
        pub count: i64,
        pub path: String,
        pub at: i64,
        pub last_at: i64,
        pub sent_at: Option<i64>,
        pub seen_at: Option<i64>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

mod choice {
    use ::store::orm as sea_orm;
    use ::store::orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "notice_choice")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub person: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        pub kind: String,
        pub mail: i64,
        pub push: i64,
        pub chosen_at: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

mod quiet {
    use ::store::orm as sea_orm;
    use ::store::orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "notice_quiet")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub person: i64,
        pub from_minute: i64,
        pub until_minute: i64,
        pub weekends: i64,
        pub chosen_at: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

mod address {
    use ::store::orm as sea_orm;
    use ::store::orm::entity::prelude::*;

    #[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "notice_address")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub person: i64,
        pub address: Option<String>,
        pub confirmed_at: Option<i64>,
        pub before: Option<String>,
        pub asked: Option<String>,
        pub asked_at: Option<i64>,
        pub tries: i64,
    }
    impl std::fmt::Debug for Model {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("(address)")
        }
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

mod subscription {
    use ::store::orm as sea_orm;
    use ::store::orm::entity::prelude::*;

    #[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "push_subscription")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub person: i64,
        pub endpoint: String,
        pub endpoint_hash: String,
        pub key: String,
        pub auth: String,
        pub called: String,
        pub made_at: i64,
        pub sent_at: Option<i64>,
    }
    impl std::fmt::Debug for Model {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("(subscription)")
        }
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

mod clock {
    use ::store::orm as sea_orm;
    use ::store::orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "notice_clock")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub number: i64,
        pub zone: String,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// Keeps one. `false` where the person has one of the kind that they have not looked at.
pub(crate) async fn insert(tx: &mut Tx, new: &Notice) -> Result<bool, StoreError> {
    let row = notice::ActiveModel {
        id: Set(new.id.to_string()),
        person: Set(i64::from(new.person)),
        kind: Set(new.kind.id().to_owned()),
        count: Set(i64::from(new.count)),
        path: Set(new.path.path().to_owned()),
        at: Set(new.at.as_millis()),
        last_at: Set(new.last_at.as_millis()),
        sent_at: Set(None),
        seen_at: Set(None),
    };
    let unseen = OnConflict::new().do_nothing().to_owned();
    Ok(notice::Entity::insert(row).on_conflict(unseen).exec_without_returning(tx.conn()).await? > 0)
}

/// The one of a kind that somebody has not looked at.
pub(crate) async fn unseen_of(tx: &mut Tx, person: u32, kind: Kind) -> Result<Option<Notice>, StoreError> {
    let row = notice::Entity::find()
        .filter(notice::Column::Person.eq(i64::from(person)))
        .filter(notice::Column::Kind.eq(kind.id()))
        .filter(notice::Column::SeenAt.is_null())
        .one(tx.conn())
        .await?;
    row.map(read).transpose()
}

/// When one of a kind was last sent to somebody.
pub(crate) async fn last_sent(tx: &mut Tx, person: u32, kind: Kind) -> Result<Option<Timestamp>, StoreError> {
    let row = notice::Entity::find()
        .filter(notice::Column::Person.eq(i64::from(person)))
        .filter(notice::Column::Kind.eq(kind.id()))
        .filter(notice::Column::SentAt.is_not_null())
        .order_by_desc(notice::Column::SentAt)
        .one(tx.conn())
        .await?;
    Ok(row.and_then(|row| row.sent_at).map(Timestamp::from_millis))
}

/// Counts one up that nobody has looked at.
pub(crate) async fn count_up(
    tx: &mut Tx,
    id: NoticeId,
    by: u32,
    path: Where,
    at: Timestamp,
) -> Result<(), StoreError> {
    notice::Entity::update_many()
        .col_expr(notice::Column::Count, Expr::col(notice::Column::Count).add(i64::from(by)))
        .col_expr(notice::Column::Path, Expr::value(path.path()))
        .col_expr(notice::Column::LastAt, Expr::value(at.as_millis()))
        .filter(notice::Column::Id.eq(id.to_string()))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Writes down when one goes by another way than the portal.
pub(crate) async fn sent(tx: &mut Tx, id: NoticeId, at: Timestamp) -> Result<(), StoreError> {
    notice::Entity::update_many()
        .col_expr(notice::Column::SentAt, Expr::value(at.as_millis()))
        .filter(notice::Column::Id.eq(id.to_string()))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// It was not sent after all, so that it holds nothing up.
pub(crate) async fn not_sent(tx: &mut Tx, id: NoticeId) -> Result<(), StoreError> {
    notice::Entity::update_many()
        .col_expr(notice::Column::SentAt, Expr::value(Option::<i64>::None))
        .filter(notice::Column::Id.eq(id.to_string()))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// What somebody looked at before it was sent is not sent any more, but for what is urgent.
pub(crate) async fn not_to_be_sent(
    tx: &mut Tx,
    person: u32,
    urgent: &[&str],
    at: Timestamp,
) -> Result<(), StoreError> {
    notice::Entity::update_many()
        .col_expr(notice::Column::SentAt, Expr::value(Option::<i64>::None))
        .filter(notice::Column::Person.eq(i64::from(person)))
        .filter(notice::Column::SeenAt.is_not_null())
        .filter(notice::Column::SentAt.gt(at.as_millis()))
        .filter(notice::Column::Kind.is_not_in(urgent.iter().copied()))
        .exec(tx.conn())
        .await?;
    Ok(())
}

pub(crate) async fn by_id(tx: &mut Tx, id: NoticeId) -> Result<Option<Notice>, StoreError> {
    notice::Entity::find_by_id(id.to_string()).one(tx.conn()).await?.map(read).transpose()
}

/// The newest of somebody's, newest first.
pub(crate) async fn newest(tx: &mut Tx, person: u32, at_most: u64) -> Result<Vec<Notice>, StoreError> {
    let rows = notice::Entity::find()
        .filter(notice::Column::Person.eq(i64::from(person)))
        .order_by_desc(notice::Column::LastAt)
        .order_by_desc(notice::Column::Id)
        .limit(at_most)
        .all(tx.conn())
        .await?;
    read_known(rows)
}

/// Those that somebody has not looked at, newest first.
pub(crate) async fn unseen(tx: &mut Tx, person: u32) -> Result<Vec<Notice>, StoreError> {
    let rows = notice::Entity::find()
        .filter(notice::Column::Person.eq(i64::from(person)))
        .filter(notice::Column::SeenAt.is_null())
        .order_by_desc(notice::Column::LastAt)
        .order_by_desc(notice::Column::Id)
        .all(tx.conn())
        .await?;
    read_known(rows)
}

/// Writes down that somebody looked at one of theirs, at those of one kind, or at all.
pub(crate) async fn seen(
    tx: &mut Tx,
    person: u32,
    only: Option<NoticeId>,
    kind: Option<Kind>,
    at: Timestamp,
) -> Result<u64, StoreError> {
    let mut marking = notice::Entity::update_many()
        .col_expr(notice::Column::SeenAt, Expr::value(at.as_millis()))
        .filter(notice::Column::Person.eq(i64::from(person)))
        .filter(notice::Column::SeenAt.is_null());
    if let Some(id) = only {
        marking = marking.filter(notice::Column::Id.eq(id.to_string()));
    }
    if let Some(kind) = kind {
        marking = marking.filter(notice::Column::Kind.eq(kind.id()));
    }
    Ok(marking.exec(tx.conn()).await?.rows_affected)
}

/// What a program before this one wrote, of a kind that there is no more, says nothing any more.
fn read_known(rows: Vec<notice::Model>) -> Result<Vec<Notice>, StoreError> {
    rows.into_iter().filter(|row| Kind::named(&row.kind).is_ok()).map(read).collect()
}

fn read(row: notice::Model) -> Result<Notice, StoreError> {
    let unreadable = |column, why| StoreError::Unreadable { table: "notice", column, why };
    Ok(Notice {
        id: row.id.parse().map_err(|_| unreadable("id", "not an id"))?,
        person: u32::try_from(row.person).map_err(|_| unreadable("person", "not a person's number"))?,
        kind: Kind::named(&row.kind).map_err(|_| unreadable("kind", "no kind of notice"))?,
        count: u32::try_from(row.count).unwrap_or(u32::MAX),
        path: Where::at(&row.path).ok_or_else(|| unreadable("path", "no page of the portal"))?,
        at: Timestamp::from_millis(row.at),
        last_at: Timestamp::from_millis(row.last_at),
        sent_at: row.sent_at.map(Timestamp::from_millis),
        seen_at: row.seen_at.map(Timestamp::from_millis),
    })
}

/// What somebody chose: each kind with its ways.
pub(crate) async fn choices(tx: &mut Tx, person: u32) -> Result<Vec<(String, Ways)>, StoreError> {
    let rows =
        choice::Entity::find().filter(choice::Column::Person.eq(i64::from(person))).all(tx.conn()).await?;
    Ok(rows.into_iter().map(|row| (row.kind, Ways { mail: row.mail != 0, push: row.push != 0 })).collect())
}

pub(crate) async fn choose(
    tx: &mut Tx,
    person: u32,
    kind: Kind,
    ways: Ways,
    at: Timestamp,
) -> Result<(), StoreError> {
    let row = choice::ActiveModel {
        person: Set(i64::from(person)),
        kind: Set(kind.id().to_owned()),
        mail: Set(i64::from(ways.mail)),
        push: Set(i64::from(ways.push)),
        chosen_at: Set(at.as_millis()),
    };
    let again = OnConflict::columns([choice::Column::Person, choice::Column::Kind])
        .update_columns([choice::Column::Mail, choice::Column::Push, choice::Column::ChosenAt])
        .to_owned();
    choice::Entity::insert(row).on_conflict(again).exec_without_returning(tx.conn()).await?;
    Ok(())
}

pub(crate) async fn hours(tx: &mut Tx, person: u32) -> Result<Option<Hours>, StoreError> {
    let Some(row) = quiet::Entity::find_by_id(i64::from(person)).one(tx.conn()).await? else {
        return Ok(None);
    };
    let minute = |value: i64, column| {
        u16::try_from(value).ok().filter(|minute| *minute < 1440).ok_or(StoreError::Unreadable {
            table: "notice_quiet",
            column,
            why: "no minute of a day",
        })
    };
    Ok(Some(Hours {
        from_minute: minute(row.from_minute, "from_minute")?,
        until_minute: minute(row.until_minute, "until_minute")?,
        weekends: row.weekends != 0,
    }))
}

pub(crate) async fn set_hours(
    tx: &mut Tx,
    person: u32,
    hours: Hours,
    at: Timestamp,
) -> Result<(), StoreError> {
    let row = quiet::ActiveModel {
        person: Set(i64::from(person)),
        from_minute: Set(i64::from(hours.from_minute)),
        until_minute: Set(i64::from(hours.until_minute)),
        weekends: Set(i64::from(hours.weekends)),
        chosen_at: Set(at.as_millis()),
    };
    let again = OnConflict::column(quiet::Column::Person)
        .update_columns([
            quiet::Column::FromMinute,
            quiet::Column::UntilMinute,
            quiet::Column::Weekends,
            quiet::Column::ChosenAt,
        ])
        .to_owned();
    quiet::Entity::insert(row).on_conflict(again).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// The school's own zone, by name.
pub(crate) async fn zone(tx: &mut Tx) -> Result<Option<String>, StoreError> {
    Ok(clock::Entity::find_by_id(1).one(tx.conn()).await?.map(|row| row.zone))
}

pub(crate) async fn set_zone(tx: &mut Tx, zone: &str) -> Result<(), StoreError> {
    let row = clock::ActiveModel { number: Set(1), zone: Set(zone.to_owned()) };
    let again = OnConflict::column(clock::Column::Number).update_column(clock::Column::Zone).to_owned();
    clock::Entity::insert(row).on_conflict(again).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// Where somebody's mail goes, and what waits to be confirmed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept {
    pub address: Option<Private<String>>,
    pub before: Option<Private<String>>,
    pub asked: Option<(Private<String>, Timestamp)>,
}

pub(crate) async fn address(tx: &mut Tx, person: u32) -> Result<Kept, StoreError> {
    let row = address::Entity::find_by_id(i64::from(person)).one(tx.conn()).await?;
    let Some(row) = row else { return Ok(Kept::default()) };
    Ok(Kept {
        address: row.address.map(Private::new),
        before: row.before.map(Private::new),
        asked: row.asked.map(Private::new).zip(row.asked_at.map(Timestamp::from_millis)),
    })
}

/// Writes down which address somebody gave, to be confirmed.
pub(crate) async fn ask_address(
    tx: &mut Tx,
    person: u32,
    asked: &Private<String>,
    at: Timestamp,
) -> Result<(), StoreError> {
    let row = address::ActiveModel {
        person: Set(i64::from(person)),
        address: Set(None),
        confirmed_at: Set(None),
        before: Set(None),
        asked: Set(Some(asked.reveal().clone())),
        asked_at: Set(Some(at.as_millis())),
        tries: Set(0),
    };
    let again = OnConflict::column(address::Column::Person)
        .update_columns([address::Column::Asked, address::Column::AskedAt, address::Column::Tries])
        .to_owned();
    address::Entity::insert(row).on_conflict(again).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// Counts a code that somebody types, before it is looked at. `false` where it would be more than `most`.
pub(crate) async fn try_code(tx: &mut Tx, person: u32, most: u32) -> Result<bool, StoreError> {
    let counted = address::Entity::update_many()
        .col_expr(address::Column::Tries, Expr::col(address::Column::Tries).add(1))
        .filter(address::Column::Person.eq(i64::from(person)))
        .filter(address::Column::Tries.lt(i64::from(most)))
        .exec(tx.conn())
        .await?;
    Ok(counted.rows_affected == 1)
}

/// Sets where somebody's mail goes from now on; nowhere for `None`. What was before is kept for the mail that says so.
pub(crate) async fn set_address(
    tx: &mut Tx,
    person: u32,
    new: Option<&Private<String>>,
    before: Option<&Private<String>>,
    at: Timestamp,
) -> Result<(), StoreError> {
    let text = |address: Option<&Private<String>>| address.map(|address| address.reveal().clone());
    address::Entity::update_many()
        .col_expr(address::Column::Address, Expr::value(text(new)))
        .col_expr(address::Column::ConfirmedAt, Expr::value(new.map(|_| at.as_millis())))
        .col_expr(address::Column::Before, Expr::value(text(before)))
        .col_expr(address::Column::Asked, Expr::value(Option::<String>::None))
        .col_expr(address::Column::AskedAt, Expr::value(Option::<i64>::None))
        .col_expr(address::Column::Tries, Expr::value(0_i64))
        .filter(address::Column::Person.eq(i64::from(person)))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Keeps a subscription. One browser is one person's: whoever had it before has it no more.
pub(crate) async fn subscribe(tx: &mut Tx, new: &Subscription, hash: &str) -> Result<(), StoreError> {
    subscription::Entity::delete_many()
        .filter(subscription::Column::EndpointHash.eq(hash))
        .exec(tx.conn())
        .await?;
    let row = subscription::ActiveModel {
        id: Set(new.id.to_string()),
        person: Set(i64::from(new.person)),
        endpoint: Set(new.endpoint.reveal().clone()),
        endpoint_hash: Set(hash.to_owned()),
        key: Set(new.key.reveal().clone()),
        auth: Set(new.auth.reveal().clone()),
        called: Set(new.called.reveal().clone()),
        made_at: Set(new.made_at.as_millis()),
        sent_at: Set(None),
    };
    subscription::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// Somebody's subscriptions, oldest first.
pub(crate) async fn subscriptions(tx: &mut Tx, person: u32) -> Result<Vec<Subscription>, StoreError> {
    let rows = subscription::Entity::find()
        .filter(subscription::Column::Person.eq(i64::from(person)))
        .order_by_asc(subscription::Column::MadeAt)
        .order_by_asc(subscription::Column::Id)
        .all(tx.conn())
        .await?;
    rows.into_iter().map(read_subscription).collect()
}

pub(crate) async fn subscription(
    tx: &mut Tx,
    id: SubscriptionId,
) -> Result<Option<Subscription>, StoreError> {
    let row = subscription::Entity::find_by_id(id.to_string()).one(tx.conn()).await?;
    row.map(read_subscription).transpose()
}

/// Forgets a subscription: of that person alone, where one is named. `false` where there is none.
pub(crate) async fn unsubscribe(
    tx: &mut Tx,
    id: SubscriptionId,
    of: Option<u32>,
) -> Result<bool, StoreError> {
    let mut gone = subscription::Entity::delete_many().filter(subscription::Column::Id.eq(id.to_string()));
    if let Some(person) = of {
        gone = gone.filter(subscription::Column::Person.eq(i64::from(person)));
    }
    Ok(gone.exec(tx.conn()).await?.rows_affected == 1)
}

pub(crate) async fn pushed(tx: &mut Tx, id: SubscriptionId, at: Timestamp) -> Result<(), StoreError> {
    subscription::Entity::update_many()
        .col_expr(subscription::Column::SentAt, Expr::value(at.as_millis()))
        .filter(subscription::Column::Id.eq(id.to_string()))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Forgets where anything reaches somebody, who has left.
pub(crate) async fn forget(tx: &mut Tx, person: u32) -> Result<u64, StoreError> {
    let person = i64::from(person);
    let addresses =
        address::Entity::delete_many().filter(address::Column::Person.eq(person)).exec(tx.conn()).await?;
    let subscriptions = subscription::Entity::delete_many()
        .filter(subscription::Column::Person.eq(person))
        .exec(tx.conn())
        .await?;
    Ok(addresses.rows_affected + subscriptions.rows_affected)
}

fn read_subscription(row: subscription::Model) -> Result<Subscription, StoreError> {
    let unreadable = |column, why| StoreError::Unreadable { table: "push_subscription", column, why };
    Ok(Subscription {
        id: row.id.parse().map_err(|_| unreadable("id", "not an id"))?,
        person: u32::try_from(row.person).map_err(|_| unreadable("person", "not a person's number"))?,
        endpoint: Private::new(row.endpoint),
        key: Private::new(row.key),
        auth: Private::new(row.auth),
        called: Private::new(row.called),
        made_at: Timestamp::from_millis(row.made_at),
        sent_at: row.sent_at.map(Timestamp::from_millis),
    })
}

/// Forgets every browser and every address that people are told by.
pub(crate) async fn forget_ways(tx: &mut Tx) -> Result<(), StoreError> {
    subscription::Entity::delete_many().exec(tx.conn()).await?;
    address::Entity::delete_many().exec(tx.conn()).await?;
    Ok(())
}
