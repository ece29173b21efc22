//! People as the register knows them: a number, duties, and for whom they stand in.

use std::collections::BTreeMap;

use ::store::{StoreError, Tx};
use engine::PersonNo;
use kit::Timestamp;
use people::account::SignedIn;
use people::duty::{self, Holding};
use register::task::Me;

/// Everybody who holds a duty.
pub async fn everybody(tx: &mut Tx, at: Timestamp) -> Result<Vec<Me>, StoreError> {
    Ok(all(duty::holding(tx, at).await?))
}

fn all(holding: BTreeMap<PersonNo, Holding>) -> Vec<Me> {
    holding.into_iter().map(|(person, holding)| of(person, holding)).collect()
}

/// Whoever is signed in, as of this transaction; without what rests until they have proved who they are by two things.
pub async fn signed_in(tx: &mut Tx, who: &SignedIn, at: Timestamp) -> Result<Me, StoreError> {
    let holding = duty::holding(tx, at).await?.remove(&who.person()).unwrap_or_default();
    let mut me = of(who.person(), holding);
    me.duties.retain(|duty| who.standing().holds(duty));
    me.covers.retain(|(_, duty)| who.standing().holds(duty));
    Ok(me)
}

fn of(person: PersonNo, holding: Holding) -> Me {
    let covers = holding.covers.into_iter().map(|(covered, duty)| (covered.0, duty)).collect();
    Me { person: person.0, duties: holding.duties, covers }
}
