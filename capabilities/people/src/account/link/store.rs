//! The table of links. The only file that names it.

use std::collections::BTreeSet;

use kit::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set};
use store::orm as sea_orm;
use store::{StoreError, Tx};

use super::super::model::AccountId;

mod table {
    use store::orm as sea_orm;
    use store::orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "sign_in_link")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub system: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub subject: String,
        pub account: String,
        pub made_at: i64,
        pub used_at: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// A link, as its owner's page shows it.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    /// The system's id.
    pub system: String,
    /// When they were first found.
    pub made_at: Timestamp,
    /// When they last signed in by it.
    pub used_at: Timestamp,
}

/// Whose account a subject is linked to, whether that is open still or not.
pub(crate) async fn account(
    tx: &mut Tx,
    system: &str,
    subject: &str,
) -> Result<Option<AccountId>, StoreError> {
    let key = (system.to_owned(), subject.to_owned());
    let row = table::Entity::find_by_id(key).one(tx.conn()).await?;
    let unreadable = || StoreError::Unreadable { table: "sign_in_link", column: "account", why: "not an id" };
    row.map(|row| row.account.parse().map_err(|_| unreadable())).transpose()
}

/// The ids of all accounts that have a link.
pub(crate) async fn owners(tx: &mut Tx) -> Result<BTreeSet<String>, StoreError> {
    let rows: Vec<String> = table::Entity::find()
        .select_only()
        .column(table::Column::Account)
        .distinct()
        .into_tuple()
        .all(tx.conn())
        .await?;
    Ok(rows.into_iter().collect())
}

/// Those of an account, oldest first.
pub(crate) async fn of(tx: &mut Tx, account: AccountId) -> Result<Vec<Link>, StoreError> {
    let rows = table::Entity::find()
        .filter(table::Column::Account.eq(account.to_string()))
        .order_by_asc(table::Column::MadeAt)
        .order_by_asc(table::Column::System)
        .all(tx.conn())
        .await?;
    let link = |row: table::Model| Link {
        system: row.system,
        made_at: Timestamp::from_millis(row.made_at),
        used_at: Timestamp::from_millis(row.used_at),
    };
    Ok(rows.into_iter().map(link).collect())
}

/// [`StoreError::Taken`] where the subject is linked, or the account to another subject of that system.
pub(crate) async fn insert(
    tx: &mut Tx,
    system: &str,
    subject: &str,
    account: AccountId,
    at: Timestamp,
) -> Result<(), StoreError> {
    let row = table::ActiveModel {
        system: Set(system.to_owned()),
        subject: Set(subject.to_owned()),
        account: Set(account.to_string()),
        made_at: Set(at.as_millis()),
        used_at: Set(at.as_millis()),
    };
    table::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    Ok(())
}

pub(crate) async fn used(tx: &mut Tx, system: &str, subject: &str, at: Timestamp) -> Result<(), StoreError> {
    table::Entity::update_many()
        .col_expr(table::Column::UsedAt, Expr::value(at.as_millis()))
        .filter(table::Column::System.eq(system))
        .filter(table::Column::Subject.eq(subject))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Takes the links of an account away, all of them or the one with that system; how many.
pub(crate) async fn remove(tx: &mut Tx, account: AccountId, only: Option<&str>) -> Result<u64, StoreError> {
    let mut gone = table::Entity::delete_many().filter(table::Column::Account.eq(account.to_string()));
    if let Some(system) = only {
        gone = gone.filter(table::Column::System.eq(system));
    }
    Ok(gone.exec(tx.conn()).await?.rows_affected)
}

/// Takes everybody's away; how many.
pub(crate) async fn remove_all(tx: &mut Tx) -> Result<u64, StoreError> {
    Ok(table::Entity::delete_many().exec(tx.conn()).await?.rows_affected)
}
