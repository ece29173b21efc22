//! The lists in use, as people see them.

use std::collections::BTreeSet;

use ::store::{StoreError, Tx};

use super::model::{List, State};
use super::store;
use super::web::{self, WebState};

/// A list in use, and what is known of it besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The list.
    pub list: List,
    /// Why it was last held, released or taken out.
    pub note: Option<String>,
    /// Why the last update was not taken, which waits for a person: what it would change, or why it cannot be used.
    pub waits: Option<String>,
    /// How fetching it goes, where it comes from the web.
    pub web: Option<WebState>,
}

impl Status {
    /// The word in reports: `active`, `held`, or `waiting` where the last update was not taken, or `failing` where
    /// it could not be fetched.
    pub fn word(&self) -> &'static str {
        let fails = self.web.as_ref().is_some_and(|web| web.problem.is_some());
        match (self.list.state, &self.waits) {
            (State::Active, Some(_)) => "waiting",
            (State::Active, None) if fails => "failing",
            (state, _) => state.id(),
        }
    }
}

/// The categories that the lists in use give.
pub async fn categories_in_use(tx: &mut Tx) -> Result<BTreeSet<String>, StoreError> {
    Ok(store::in_use(tx).await?.into_iter().flat_map(|list| list.categories).collect())
}

/// Every list that is in use.
pub async fn status(tx: &mut Tx) -> Result<Vec<Status>, StoreError> {
    let mut all = Vec::new();
    for list in store::in_use(tx).await? {
        let note = store::noted(tx, &list.id).await?;
        let waits = store::waits(tx, &list.id).await?;
        let web = match web::base_of(&list.source) {
            Some(address) => web::state_of(tx, address).await?,
            None => None,
        };
        all.push(Status { list, note, waits, web });
    }
    Ok(all)
}
