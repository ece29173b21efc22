//! Listing what lasts a while and ending it before its time, alike for overrides, focus and withheld access.

use ::store::{Actor, StoreError, Tx};
use kit::Timestamp;

use super::store::Row;
use super::{Lasting, WithdrawError};

/// Ends one before its time. Publish afterwards, and the gate knows within a second.
pub async fn end<T: Lasting>(
    tx: &mut Tx,
    actor: &Actor,
    number: u32,
    reason: &str,
    at: Timestamp,
) -> Result<(), WithdrawError> {
    T::KIND.withdraw(tx, actor, number, reason, at).await
}

/// Everything that holds at `at` or will begin later.
pub async fn not_over<T: Lasting>(tx: &mut Tx, at: Timestamp) -> Result<Vec<T>, StoreError> {
    T::KIND.not_over(tx, T::COLUMNS, at).await?.iter().map(Row::read).collect()
}

/// Everything that is over at `at`, by itself or before its time, the last to end first.
pub async fn ended<T: Lasting>(tx: &mut Tx, at: Timestamp, at_most: u32) -> Result<Vec<T>, StoreError> {
    T::KIND.ended(tx, T::COLUMNS, at, at_most).await?.iter().map(Row::read).collect()
}

/// All there ever were, newest first.
pub async fn newest<T: Lasting>(tx: &mut Tx, at_most: u32) -> Result<Vec<T>, StoreError> {
    T::KIND.newest(tx, T::COLUMNS, at_most).await?.iter().map(Row::read).collect()
}
