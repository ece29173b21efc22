//! Noticing that an account is in more browsers at once than one person uses. It is a remark and no proof: somebody may have a laptop, a phone and
//! a classroom's computer. So nothing is stopped; whoever looks after accounts asks, kindly.

use std::collections::BTreeMap;

use engine::PersonNo;
use kit::Timestamp;
use store::{StoreError, Tx};

use super::model::{AccountId, IDLE_MS};
use super::store as table;
use crate::by_age::ByAge;

/// The accounts that so many browsers are signed in to in these minutes, with whose they are.
pub async fn in_many_browsers(tx: &mut Tx, at: Timestamp) -> Result<Vec<(AccountId, PersonNo)>, StoreError> {
    let most = ByAge::built_in().sharing().browsers_at_once;
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for account in table::open_now(tx, at.plus_millis(-IDLE_MS), at).await? {
        *counts.entry(account).or_default() += 1;
    }
    let mut found = Vec::new();
    for (id, count) in counts {
        let Some(id) = id.parse().ok().filter(|_| most > 0 && count >= most) else { continue };
        if let Some(account) = table::by_id(tx, id).await? {
            found.push((id, account.person));
        }
    }
    Ok(found)
}
