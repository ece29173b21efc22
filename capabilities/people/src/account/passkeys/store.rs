//! The table of passkeys. The only file that names it.

use std::collections::BTreeSet;

use kit::{Private, Timestamp};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set};
use store::orm as sea_orm;
use store::{StoreError, Tx};

use super::super::model::AccountId;
use super::model::{Passkey, PasskeyId};

mod table {
    use store::orm as sea_orm;
    use store::orm::entity::prelude::*;

    #[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "passkey")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub account: String,
        pub credential: String,
        pub called: String,
        pub key: String,
        pub made_at: i64,
        pub used_at: Option<i64>,
        pub stopped_at: Option<i64>,
    }
    impl std::fmt::Debug for Model {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("(passkey)")
        }
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// [`StoreError::Taken`] where that credential is kept already.
pub(crate) async fn insert(tx: &mut Tx, new: &Passkey) -> Result<(), StoreError> {
    let row = table::ActiveModel {
        id: Set(new.id.to_string()),
        account: Set(new.account.to_string()),
        credential: Set(new.credential.clone()),
        called: Set(new.called.reveal().clone()),
        key: Set(new.key.clone()),
        made_at: Set(new.made_at.as_millis()),
        used_at: Set(None),
        stopped_at: Set(None),
    };
    table::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    Ok(())
}

pub(crate) async fn by_credential(tx: &mut Tx, credential: &str) -> Result<Option<Passkey>, StoreError> {
    let row = table::Entity::find().filter(table::Column::Credential.eq(credential)).one(tx.conn()).await?;
    row.map(read).transpose()
}

/// The ids of all accounts that have a passkey that was not stopped.
pub(crate) async fn owners(tx: &mut Tx) -> Result<BTreeSet<String>, StoreError> {
    let rows: Vec<String> = table::Entity::find()
        .select_only()
        .column(table::Column::Account)
        .filter(table::Column::StoppedAt.is_null())
        .distinct()
        .into_tuple()
        .all(tx.conn())
        .await?;
    Ok(rows.into_iter().collect())
}

/// Those of an account, oldest first.
pub(crate) async fn of(tx: &mut Tx, account: AccountId) -> Result<Vec<Passkey>, StoreError> {
    let rows = table::Entity::find()
        .filter(table::Column::Account.eq(account.to_string()))
        .order_by_asc(table::Column::MadeAt)
        .order_by_asc(table::Column::Id)
        .all(tx.conn())
        .await?;
    rows.into_iter().map(read).collect()
}

/// Keeps what its counter says now. `false` where it is not any more as it was read: somebody else used it meanwhile, it was stopped, or
/// taken away.
pub(crate) async fn used(tx: &mut Tx, was: &Passkey, key: &str, at: Timestamp) -> Result<bool, StoreError> {
    let used = table::Entity::update_many()
        .col_expr(table::Column::Key, Expr::value(key))
        .col_expr(table::Column::UsedAt, Expr::value(at.as_millis()))
        .filter(table::Column::Id.eq(was.id.to_string()))
        .filter(table::Column::Key.eq(was.key.as_str()))
        .filter(table::Column::StoppedAt.is_null())
        .exec(tx.conn())
        .await?;
    Ok(used.rows_affected == 1)
}

/// Lets one sign in nobody any more. `false` where it was stopped before.
pub(crate) async fn stop(tx: &mut Tx, id: PasskeyId, at: Timestamp) -> Result<bool, StoreError> {
    let stopped = table::Entity::update_many()
        .col_expr(table::Column::StoppedAt, Expr::value(at.as_millis()))
        .filter(table::Column::Id.eq(id.to_string()))
        .filter(table::Column::StoppedAt.is_null())
        .exec(tx.conn())
        .await?;
    Ok(stopped.rows_affected == 1)
}

/// Calls one of an account something else. `false` where it is not theirs.
pub(crate) async fn rename(
    tx: &mut Tx,
    account: AccountId,
    id: PasskeyId,
    called: &Private<String>,
) -> Result<bool, StoreError> {
    let renamed = table::Entity::update_many()
        .col_expr(table::Column::Called, Expr::value(called.reveal().as_str()))
        .filter(table::Column::Id.eq(id.to_string()))
        .filter(table::Column::Account.eq(account.to_string()))
        .exec(tx.conn())
        .await?;
    Ok(renamed.rows_affected == 1)
}

/// Takes one of an account away, or all of them; how many.
pub(crate) async fn remove(
    tx: &mut Tx,
    account: AccountId,
    only: Option<PasskeyId>,
) -> Result<u64, StoreError> {
    let mut gone = table::Entity::delete_many().filter(table::Column::Account.eq(account.to_string()));
    if let Some(id) = only {
        gone = gone.filter(table::Column::Id.eq(id.to_string()));
    }
    Ok(gone.exec(tx.conn()).await?.rows_affected)
}

/// Takes everybody's away; how many.
pub(crate) async fn remove_all(tx: &mut Tx) -> Result<u64, StoreError> {
    Ok(table::Entity::delete_many().exec(tx.conn()).await?.rows_affected)
}

fn read(row: table::Model) -> Result<Passkey, StoreError> {
    let unreadable = |column| StoreError::Unreadable { table: "passkey", column, why: "not an id" };
    Ok(Passkey {
        id: row.id.parse().map_err(|_| unreadable("id"))?,
        account: row.account.parse().map_err(|_| unreadable("account"))?,
        credential: row.credential,
        called: Private::new(row.called),
        key: row.key,
        made_at: Timestamp::from_millis(row.made_at),
        used_at: row.used_at.map(Timestamp::from_millis),
        stopped_at: row.stopped_at.map(Timestamp::from_millis),
    })
}
