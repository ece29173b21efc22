//! Looking again at withheld access: giving it back, or deciding anew how long it goes on.

use ::store::{Actor, StoreError, Tx};
use kit::{Permit, Timestamp};

use super::actions::{StartError, start};
use super::model::{Decision, Withheld};
use crate::lasting::{self, WithdrawError};

kit::reading!(
    /// Seeing whose access is withheld.
    ReadWithheld(()) = "withheld.read"
);
kit::action!(
    /// Giving somebody's access back before its time. Its subject is the decision's number.
    GiveBack(u32) = "withheld.end"
);
kit::action!(
    /// Deciding anew how long it goes on. Its subject is the number of the decision that ends with that.
    DecideAnew(u32) = "withheld.decide"
);

/// Why nothing was decided.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// There is none with that number, or it is over.
    #[error("It is over already")]
    NotThere,
    /// Nobody could say later why.
    #[error("Say why")]
    NoReason,
    /// It cannot be decided so.
    #[error(transparent)]
    Start(StartError),
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What holds or will, for whoever looks: their own, if their access is withheld, is others' to see and to decide.
pub async fn of_others(tx: &mut Tx, looks: &Actor, at: Timestamp) -> Result<Vec<Withheld>, StoreError> {
    let mut all = lasting::not_over::<Withheld>(tx, at).await?;
    all.retain(|one| *looks != Actor::Person(one.person.0));
    Ok(all)
}

/// One of these, by its number.
pub async fn find(
    tx: &mut Tx,
    looks: &Actor,
    number: u32,
    at: Timestamp,
) -> Result<Option<Withheld>, StoreError> {
    Ok(of_others(tx, looks, at).await?.into_iter().find(|one| one.number == number))
}

/// Gives it back. Publish afterwards, and the gate knows within a second.
pub async fn give_back(
    tx: &mut Tx,
    permit: &Permit<GiveBack>,
    reason: &str,
    at: Timestamp,
) -> Result<Withheld, DecideError> {
    let one = find(tx, permit.actor(), *permit.subject(), at).await?.ok_or(DecideError::NotThere)?;
    end(lasting::end::<Withheld>(tx, permit.actor(), one.number, reason, at).await)?;
    Ok(one)
}

/// Decides anew that it goes on, to be looked at again at `review_at`: the decision before ends, and another takes its place in the same
/// transaction. Publish afterwards.
pub async fn decide_anew(
    tx: &mut Tx,
    permit: &Permit<DecideAnew>,
    reason: &str,
    review_at: Timestamp,
    at: Timestamp,
) -> Result<Withheld, DecideError> {
    let one = find(tx, permit.actor(), *permit.subject(), at).await?.ok_or(DecideError::NotThere)?;
    end(lasting::end::<Withheld>(tx, permit.actor(), one.number, reason, at).await)?;
    let decision = Decision {
        person: one.person,
        reason: reason.to_owned(),
        starts_at: at,
        ends_at: None,
        review_at: Some(review_at),
    };
    match start(tx, permit.actor(), decision, at).await {
        Ok(made) => Ok(made),
        Err(StartError::Store(error)) => Err(error.into()),
        Err(error) => Err(DecideError::Start(error)),
    }
}

fn end(ended: Result<(), WithdrawError>) -> Result<(), DecideError> {
    ended.map_err(|error| match error {
        WithdrawError::Store(error) => DecideError::Store(error),
        WithdrawError::NoReason => DecideError::NoReason,
        _ => DecideError::NotThere,
    })
}
