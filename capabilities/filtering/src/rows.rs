//! The few words in which the `store.rs` files speak to the database.

use ::store::orm::{ConnectionTrait as _, QueryResult, Statement, Value};
use ::store::{StoreError, Tx};

/// Changes rows; gives how many.
pub(crate) async fn change(tx: &mut Tx, sql: &str, values: Vec<Value>) -> Result<u64, StoreError> {
    let statement = Statement::from_sql_and_values(tx.backend(), sql, values);
    Ok(tx.conn().execute_raw(statement).await?.rows_affected())
}

/// Reads rows.
pub(crate) async fn read(tx: &mut Tx, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>, StoreError> {
    let statement = Statement::from_sql_and_values(tx.backend(), sql, values);
    Ok(tx.conn().query_all_raw(statement).await?)
}

/// Reads one row.
pub(crate) async fn one(
    tx: &mut Tx,
    sql: &str,
    values: Vec<Value>,
) -> Result<Option<QueryResult>, StoreError> {
    let statement = Statement::from_sql_and_values(tx.backend(), sql, values);
    Ok(tx.conn().query_one_raw(statement).await?)
}

/// A value that cannot be what it should be, said without the value.
pub(crate) const fn unreadable(table: &'static str, column: &'static str, why: &'static str) -> StoreError {
    StoreError::Unreadable { table, column, why }
}
