//! What ends of an account when its person leaves the school.

use engine::PersonNo;
use kit::Timestamp;
use store::{Actor, StoreError, Tx};

use super::store as table;

/// Ends every session and card of somebody, in the transaction of their leaving; how many sessions. An invitation that they have holds for nobody who is
/// not on the roll.
pub(crate) async fn end_of_leaver(
    tx: &mut Tx,
    actor: &Actor,
    person: PersonNo,
    at: Timestamp,
) -> Result<u64, StoreError> {
    super::card::store::end_of(tx, person, actor, at).await?;
    match table::of_person(tx, person).await? {
        Some(account) => table::end_sessions(tx, account.id, None, actor, at).await,
        None => Ok(0),
    }
}
