//! What others must know of somebody's account: what ends of it when they leave, and whether it is used.

use engine::PersonNo;
use kit::Timestamp;
use store::{Actor, StoreError, Tx};

use super::store as table;
use crate::intake::person::Signs;

/// Ends every session and card of somebody, in the transaction of their leaving; how many sessions. An invitation that they have holds for nobody who is
/// not on the roll.
pub(crate) async fn end_of_leaver(
    tx: &mut Tx,
    actor: &Actor,
    person: PersonNo,
    at: Timestamp,
) -> Result<u64, StoreError> {
    super::card::store::end_of(tx, person, actor, at).await?;
    notices::address::forget(tx, person.0).await?;
    match table::of_person(tx, person).await? {
        Some(account) => table::end_sessions(tx, account.id, None, actor, at).await,
        None => Ok(0),
    }
}

/// Whether somebody signs in here, and when they last began to: for whoever looks after accounts, and for reviews.
pub(crate) async fn signs(tx: &mut Tx, person: PersonNo) -> Result<Signs, StoreError> {
    let Some(account) = table::of_person(tx, person).await? else { return Ok(Signs::No) };
    let latest = table::latest_sessions(tx, account.id, person, 1).await?;
    Ok(latest.first().map_or(Signs::Never, |session| Signs::At(session.made_at)))
}
