//! Making the difference of what somebody writes about one person.

use engine::PersonNo;
use kit::{Permit, Timestamp};
use store::{StoreError, Tx};
use web::speech::say;

use super::model::{About, Hand, Mistake, plan};
use crate::intake::actions::{self, Given, ImportRoll, PrepareError};
use crate::intake::model::{By, Import};
use crate::intake::store as tables;

/// Why no difference was made.
#[derive(Debug, thiserror::Error)]
pub enum HandError {
    /// What was written cannot be.
    #[error(transparent)]
    Mistake(#[from] Mistake),
    /// Nobody has that number.
    #[error("nobody has that number")]
    NobodyThere,
    /// Nothing would change.
    #[error("{}", say("refused.nothing-was-changed-it"))]
    Nothing,
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes the difference of what is done by hand to one person, or to somebody new, and keeps it until somebody applies or drops it. An
/// earlier one about the same person that waits is dropped.
pub async fn prepare(
    tx: &mut Tx,
    permit: &Permit<ImportRoll>,
    person: Option<PersonNo>,
    hand: &Hand,
    given: &Given<'_>,
    at: Timestamp,
) -> Result<Import, HandError> {
    let (source, id, outside_id, by_file) = match person {
        Some(person) => {
            let profile = tables::profile(tx, person).await?.ok_or(HandError::NobodyThere)?;
            let called = |by_hand: bool| {
                let mut of =
                    profile.called.iter().filter(move |(source, _)| (source == super::SOURCE) == by_hand);
                of.next().map(|(_, id)| id.reveal().clone())
            };
            let id = called(true).unwrap_or_else(|| person.0.to_string());
            let outside_id = called(false).unwrap_or_default();
            (format!("{}-{}", super::SOURCE, person.0), id, outside_id, profile.called.is_empty())
        }
        None => {
            let id: crate::PersonId = tx.ids().make(at);
            let id = format!("new-{}", id.uuid().simple());
            (format!("{}-{id}", super::SOURCE), id, String::new(), false)
        }
    };
    let rules = actions::rules(tx).await?;
    let now = tables::state(tx, &source, &Default::default()).await?;
    let today = given.zone.day(at).date.to_string();
    let by = By { rules: &rules, groups: given.groups, today: &today };
    let about = About { id: &id, outside_id: &outside_id, by_file };
    let (changes, summary) = plan(&now, &about, hand, &by)?;
    if changes.is_empty() {
        return Err(HandError::Nothing);
    }
    actions::keep(tx, permit.actor(), (&source, None, None), (changes, summary), at).await.map_err(|error| {
        match error {
            PrepareError::Store(error) => error.into(),
            _ => HandError::NobodyThere,
        }
    })
}
