//! The tables of webhooks and their deliveries. The only file that names them.

use ::store::orm as sea_orm;
use ::store::{StoreError, Tx};
use kit::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set};

use super::model::{Delivery, DeliveryId, State, Webhook, WebhookId};

mod webhook {
    use ::store::orm as sea_orm;
    use ::store::orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "webhook")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub url: String,
        pub events: String,
        pub state: String,
        pub secret: String,
        pub old_secret: Option<String>,
        pub old_until: Option<i64>,
        pub made_by: String,
        pub made_at: i64,
        pub failing_since: Option<i64>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

mod delivery {
    use ::store::orm as sea_orm;
    use ::store::orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "webhook_delivery")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub webhook: String,
        pub event: String,
        pub body: String,
        pub made_at: i64,
        pub state: String,
        pub tries: i64,
        pub tried_at: Option<i64>,
        pub says: Option<String>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// The secrets of a webhook, sealed: the one that signs, and the one before it.
pub(crate) struct Secrets {
    pub now: String,
    pub old: Option<String>,
}

pub(super) async fn insert(tx: &mut Tx, one: &Webhook, secret: &str) -> Result<(), StoreError> {
    let row = webhook::ActiveModel {
        id: Set(one.id.to_string()),
        url: Set(one.url.clone()),
        events: Set(serde_json::Value::from(one.events.clone()).to_string()),
        state: Set(one.state.id().to_owned()),
        secret: Set(secret.to_owned()),
        old_secret: Set(None),
        old_until: Set(None),
        made_by: Set(one.made.0.clone()),
        made_at: Set(one.made.1.as_millis()),
        failing_since: Set(None),
    };
    webhook::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// Those that were not ended, newest first.
pub(crate) async fn not_ended(tx: &mut Tx) -> Result<Vec<Webhook>, StoreError> {
    let rows = webhook::Entity::find()
        .filter(webhook::Column::State.ne(State::Ended.id()))
        .order_by_desc(webhook::Column::MadeAt)
        .order_by_desc(webhook::Column::Id)
        .all(tx.conn())
        .await?;
    rows.iter().map(read).collect()
}

/// One with its secrets.
pub(crate) async fn one(tx: &mut Tx, id: WebhookId) -> Result<Option<(Webhook, Secrets)>, StoreError> {
    let row = webhook::Entity::find_by_id(id.to_string()).one(tx.conn()).await?;
    let Some(row) = row else { return Ok(None) };
    let read = read(&row)?;
    Ok(Some((read, Secrets { now: row.secret, old: row.old_secret })))
}

pub(super) async fn set_state(
    tx: &mut Tx,
    id: WebhookId,
    (from, to): (State, State),
) -> Result<bool, StoreError> {
    let set = webhook::Entity::update_many()
        .col_expr(webhook::Column::State, Expr::value(to.id()))
        .col_expr(webhook::Column::FailingSince, Expr::value(Option::<i64>::None))
        .filter(webhook::Column::Id.eq(id.to_string()))
        .filter(webhook::Column::State.eq(from.id()))
        .exec(tx.conn())
        .await?;
    Ok(set.rows_affected == 1)
}

/// Writes down whose it is from now on.
pub(super) async fn set_maker(tx: &mut Tx, id: WebhookId, maker: &str) -> Result<(), StoreError> {
    webhook::Entity::update_many()
        .col_expr(webhook::Column::MadeBy, Expr::value(maker))
        .filter(webhook::Column::Id.eq(id.to_string()))
        .exec(tx.conn())
        .await?;
    Ok(())
}

pub(super) async fn set_secret(
    tx: &mut Tx,
    id: WebhookId,
    (now, old): (&str, &str),
    old_until: Timestamp,
) -> Result<(), StoreError> {
    webhook::Entity::update_many()
        .col_expr(webhook::Column::Secret, Expr::value(now))
        .col_expr(webhook::Column::OldSecret, Expr::value(old))
        .col_expr(webhook::Column::OldUntil, Expr::value(old_until.as_millis()))
        .filter(webhook::Column::Id.eq(id.to_string()))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Writes down since when nothing arrives, or that something did.
pub(super) async fn set_failing(
    tx: &mut Tx,
    id: WebhookId,
    since: Option<Timestamp>,
) -> Result<(), StoreError> {
    webhook::Entity::update_many()
        .col_expr(webhook::Column::FailingSince, Expr::value(since.map(Timestamp::as_millis)))
        .filter(webhook::Column::Id.eq(id.to_string()))
        .exec(tx.conn())
        .await?;
    Ok(())
}

pub(super) async fn insert_delivery(tx: &mut Tx, one: &Delivery) -> Result<(), StoreError> {
    let row = delivery::ActiveModel {
        id: Set(one.id.to_string()),
        webhook: Set(one.webhook.to_string()),
        event: Set(one.event.clone()),
        body: Set(one.body.clone()),
        made_at: Set(one.made_at.as_millis()),
        state: Set(one.state.clone()),
        tries: Set(i64::from(one.tries)),
        tried_at: Set(None),
        says: Set(None),
    };
    delivery::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// Forgets deliveries that were made before a moment.
pub(super) async fn forget_before(tx: &mut Tx, at: Timestamp) -> Result<(), StoreError> {
    delivery::Entity::delete_many()
        .filter(delivery::Column::MadeAt.lt(at.as_millis()))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Forgets one that was never sent.
pub(super) async fn forget(tx: &mut Tx, id: DeliveryId) -> Result<(), StoreError> {
    delivery::Entity::delete_by_id(id.to_string()).exec(tx.conn()).await?;
    Ok(())
}

pub(crate) async fn delivery(tx: &mut Tx, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
    let row = delivery::Entity::find_by_id(id.to_string()).one(tx.conn()).await?;
    row.as_ref().map(read_delivery).transpose()
}

/// The last of a webhook, newest first.
pub(crate) async fn deliveries(
    tx: &mut Tx,
    of: WebhookId,
    at_most: u64,
) -> Result<Vec<Delivery>, StoreError> {
    let rows = delivery::Entity::find()
        .filter(delivery::Column::Webhook.eq(of.to_string()))
        .order_by_desc(delivery::Column::MadeAt)
        .order_by_desc(delivery::Column::Id)
        .limit(at_most)
        .all(tx.conn())
        .await?;
    rows.iter().map(read_delivery).collect()
}

/// Writes down what a try came to.
pub(super) async fn tried(
    tx: &mut Tx,
    id: DeliveryId,
    (state, says): (&str, &str),
    tries: u32,
    at: Timestamp,
) -> Result<(), StoreError> {
    delivery::Entity::update_many()
        .col_expr(delivery::Column::State, Expr::value(state))
        .col_expr(delivery::Column::Says, Expr::value(says))
        .col_expr(delivery::Column::Tries, Expr::value(i64::from(tries)))
        .col_expr(delivery::Column::TriedAt, Expr::value(at.as_millis()))
        .filter(delivery::Column::Id.eq(id.to_string()))
        .exec(tx.conn())
        .await?;
    Ok(())
}

fn read(row: &webhook::Model) -> Result<Webhook, StoreError> {
    let unreadable = |column, why| StoreError::Unreadable { table: "webhook", column, why };
    Ok(Webhook {
        id: row.id.parse().map_err(|_| unreadable("id", "not an id"))?,
        url: row.url.clone(),
        events: serde_json::from_str(&row.events)
            .map_err(|_| unreadable("events", "not a list of events"))?,
        state: State::of(&row.state).ok_or_else(|| unreadable("state", "no state"))?,
        made: (row.made_by.clone(), Timestamp::from_millis(row.made_at)),
        failing_since: row.failing_since.map(Timestamp::from_millis),
        old_until: row.old_until.map(Timestamp::from_millis),
    })
}

fn read_delivery(row: &delivery::Model) -> Result<Delivery, StoreError> {
    let unreadable = |column, why| StoreError::Unreadable { table: "webhook_delivery", column, why };
    Ok(Delivery {
        id: row.id.parse().map_err(|_| unreadable("id", "not an id"))?,
        webhook: row.webhook.parse().map_err(|_| unreadable("webhook", "not an id"))?,
        event: row.event.clone(),
        body: row.body.clone(),
        made_at: Timestamp::from_millis(row.made_at),
        state: row.state.clone(),
        tries: u32::try_from(row.tries).map_err(|_| unreadable("tries", "no number"))?,
        tried_at: row.tried_at.map(Timestamp::from_millis),
        says: row.says.clone(),
    })
}
