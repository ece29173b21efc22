//! Looking again at withheld access: giving it back, which takes two people, or deciding anew how long it goes on.

use ::store::{Actor, StoreError, Tx};
use kit::{Permit, Timestamp};
use notices::Where;
use people::account::notices::kinds;
use register::approval;

use super::actions::{StartError, start};
use super::model::{Decision, UNREVIEWED_MS, Withheld};
use crate::lasting::{self, EndedByTwo, Span, WithdrawError, second};

kit::reading!(
    /// Seeing whose access is withheld.
    ReadWithheld(()) = "withheld.read"
);
kit::action!(
    /// Proposing to give somebody's access back before its time. Its subject is the decision's number.
    GiveBack(u32) = "withheld.end"
);
kit::action!(
    /// Agreeing, as the second person, that it is given back. Its subject is the decision's number.
    AgreeGiveBack(u32) = "withheld.agree"
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
    /// What was proposed could not be ended.
    #[error(transparent)]
    Approval(#[from] approval::AnswerError),
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl EndedByTwo for Withheld {
    type End = GiveBack;
    type Agree = AgreeGiveBack;

    const APPROVAL: &'static str = "withheld.end";
    const NOTICE: &'static str = kinds::WITHHELD_SECOND;
    const PLACE: Where = Where::Withheld;

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn number(&self) -> u32 {
        self.number
    }

    fn span(&self) -> Span {
        self.span
    }

    /// Their own, if their access is withheld, is others' to see and to decide.
    fn is_for(&self, looks: &Actor) -> bool {
        *looks != Actor::Person(self.person.0)
    }

    /// Nobody: whoever decides anew how long it goes on has made it, and would give it back alone by that.
    fn may_end_alone(&self, _actor: &str) -> bool {
        false
    }
}

/// What holds or will, for whoever looks.
pub async fn of_others(tx: &mut Tx, looks: &Actor, at: Timestamp) -> Result<Vec<Withheld>, StoreError> {
    let mut all = lasting::not_over::<Withheld>(tx, at).await?;
    all.retain(|one| one.is_for(looks));
    Ok(all)
}

/// Decides anew that it goes on, to be looked at again at `review_at`: the decision before ends, and another takes its place in the same
/// transaction. It never ends earlier by that, since giving back takes two; a proposal to give it back has nothing to wait for. Publish
/// afterwards.
pub async fn decide_anew(
    tx: &mut Tx,
    permit: &Permit<DecideAnew>,
    reason: &str,
    review_at: Timestamp,
    at: Timestamp,
) -> Result<Withheld, DecideError> {
    let actor = permit.actor();
    let found = second::find::<Withheld>(tx, actor, *permit.subject(), at).await?;
    let one = found.ok_or(DecideError::NotThere)?;
    end(lasting::end::<Withheld>(tx, actor, one.number, reason, at).await)?;
    approval::overtake(tx, actor, Withheld::APPROVAL, &one.id(), at).await?;
    let unreviewed = review_at.plus_millis(UNREVIEWED_MS);
    let decision = Decision {
        person: one.person,
        reason: reason.to_owned(),
        starts_at: at,
        ends_at: Some(unreviewed.max(one.span.ends_at)),
        review_at: Some(review_at),
    };
    match start(tx, actor, decision, at).await {
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
