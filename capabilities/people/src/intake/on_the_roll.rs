//! Everybody on the roll, with what they are.

use engine::PersonNo;
use kit::{Permit, Private};
use store::{StoreError, Tx};

use super::ReadRoll;
use crate::kind::{Kind, YearGroup};
use crate::store as roll;

/// Somebody on the roll.
#[derive(Debug, Clone)]
pub struct OnTheRoll {
    /// Their number.
    pub number: PersonNo,
    /// Their name.
    pub name: Private<String>,
    /// What they are.
    pub kind: Option<Kind>,
    /// Their year.
    pub year: Option<YearGroup>,
    /// Their groups, by id.
    pub groups: Vec<String>,
}

/// Everybody on the roll, by number.
pub async fn on_the_roll(tx: &mut Tx, _: &Permit<ReadRoll>) -> Result<Vec<OnTheRoll>, StoreError> {
    let known = roll::known(tx).await?.into_iter().filter(|one| one.facts.here);
    let told = known.map(|one| OnTheRoll {
        number: one.number,
        name: Private::new(one.facts.name),
        kind: one.facts.kind,
        year: one.facts.year,
        groups: one.facts.groups,
    });
    Ok(told.collect())
}
