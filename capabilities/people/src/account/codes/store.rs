//! The tables of code apps and recovery codes. The only file that names them.

use kit::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait as _, QueryFilter, Set};
use store::orm as sea_orm;
use store::{StoreError, Tx};

use super::super::model::AccountId;

mod app {
    use store::orm as sea_orm;
    use store::orm::entity::prelude::*;

    #[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "code_app")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub account: String,
        pub secret: String,
        pub last_step: i64,
        pub made_at: i64,
    }
    impl std::fmt::Debug for Model {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("(code app)")
        }
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

mod recovery {
    use store::orm as sea_orm;
    use store::orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "recovery_code")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub hash: String,
        pub account: String,
        pub made_at: i64,
        pub used_at: Option<i64>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// An app that somebody has set up.
pub(crate) struct CodeApp {
    /// Its secret, sealed.
    pub secret: String,
    /// When it was set up.
    pub made_at: Timestamp,
}

pub(crate) async fn app(tx: &mut Tx, account: AccountId) -> Result<Option<CodeApp>, StoreError> {
    let row = app::Entity::find_by_id(account.to_string()).one(tx.conn()).await?;
    Ok(row.map(|row| CodeApp { secret: row.secret, made_at: Timestamp::from_millis(row.made_at) }))
}

/// Keeps an app in place of one that was there before. The step of the code that proved it counts as used.
pub(crate) async fn set_app(
    tx: &mut Tx,
    account: AccountId,
    secret: String,
    step: u64,
    at: Timestamp,
) -> Result<(), StoreError> {
    app::Entity::delete_by_id(account.to_string()).exec(tx.conn()).await?;
    let row = app::ActiveModel {
        account: Set(account.to_string()),
        secret: Set(secret),
        last_step: Set(i64::try_from(step).unwrap_or(i64::MAX)),
        made_at: Set(at.as_millis()),
    };
    app::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// Uses a step up. `false` where it, or a later one, was used before.
pub(crate) async fn use_step(tx: &mut Tx, account: AccountId, step: u64) -> Result<bool, StoreError> {
    let step = i64::try_from(step).unwrap_or(i64::MAX);
    let used = app::Entity::update_many()
        .col_expr(app::Column::LastStep, Expr::value(step))
        .filter(app::Column::Account.eq(account.to_string()))
        .filter(app::Column::LastStep.lt(step))
        .exec(tx.conn())
        .await?;
    Ok(used.rows_affected == 1)
}

/// Takes an app and its recovery codes away. `false` where there was none.
pub(crate) async fn remove(tx: &mut Tx, account: AccountId) -> Result<bool, StoreError> {
    recovery::Entity::delete_many()
        .filter(recovery::Column::Account.eq(account.to_string()))
        .exec(tx.conn())
        .await?;
    let gone = app::Entity::delete_by_id(account.to_string()).exec(tx.conn()).await?;
    Ok(gone.rows_affected == 1)
}

/// Takes everybody's away; how many.
pub(crate) async fn remove_all(tx: &mut Tx) -> Result<u64, StoreError> {
    recovery::Entity::delete_many().exec(tx.conn()).await?;
    Ok(app::Entity::delete_many().exec(tx.conn()).await?.rows_affected)
}

/// Keeps these recovery codes, as hashes, in place of all before.
pub(crate) async fn set_recovery(
    tx: &mut Tx,
    account: AccountId,
    hashes: &[String],
    at: Timestamp,
) -> Result<(), StoreError> {
    recovery::Entity::delete_many()
        .filter(recovery::Column::Account.eq(account.to_string()))
        .exec(tx.conn())
        .await?;
    let rows = hashes.iter().map(|hash| recovery::ActiveModel {
        hash: Set(hash.clone()),
        account: Set(account.to_string()),
        made_at: Set(at.as_millis()),
        used_at: Set(None),
    });
    recovery::Entity::insert_many(rows).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// Uses a recovery code up. `false` where it is not theirs, or was used before.
pub(crate) async fn use_recovery(
    tx: &mut Tx,
    account: AccountId,
    hash: &str,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let used = recovery::Entity::update_many()
        .col_expr(recovery::Column::UsedAt, Expr::value(at.as_millis()))
        .filter(recovery::Column::Hash.eq(hash))
        .filter(recovery::Column::Account.eq(account.to_string()))
        .filter(recovery::Column::UsedAt.is_null())
        .exec(tx.conn())
        .await?;
    Ok(used.rows_affected == 1)
}

/// How many recovery codes are left.
pub(crate) async fn recovery_left(tx: &mut Tx, account: AccountId) -> Result<u64, StoreError> {
    let left = recovery::Entity::find()
        .filter(recovery::Column::Account.eq(account.to_string()))
        .filter(recovery::Column::UsedAt.is_null());
    Ok(left.count(tx.conn()).await?)
}
