//! Closing a site for a time, and ending before its time what is open: one person may, since it opens nothing.

use std::sync::LazyLock;

use ::store::{Actor, StoreError, Tx};
use engine::document::Effect;
use engine::{FilterPolicy, Live};
use kit::{Permit, Timestamp};
use notices::Where;
use people::account::notices::kinds;
use serde::Deserialize;

use super::actions::{GrantError, grant};
use super::overruled::{Overruled, overruled};
use super::{Grant, Override, Whom};
use crate::lasting::{self, EndedByTwo, Span, WithdrawError};

const BUILT_IN: &str = include_str!("../../../../content/closing.toml");
const HOUR_MS: i64 = 3_600_000;

kit::reading!(
    /// Seeing what is open or closed for a time.
    ReadOverrides(()) = "override.read"
);
kit::action!(
    /// Closing a site for a time.
    CloseSite(Whom) = "override.close"
);
kit::action!(
    /// Ending before its time what was opened, or what one has closed oneself. Its subject is the override's number.
    EndOverride(u32) = "override.end"
);
kit::action!(
    /// Agreeing, as the second person, that a closed site opens again. Its subject is the override's number.
    AgreeEnd(u32) = "override.agree"
);

impl EndedByTwo for Override {
    type End = EndOverride;
    type Agree = AgreeEnd;

    const APPROVAL: &'static str = "override.end";
    const NOTICE: &'static str = kinds::REQUEST_SECOND;
    const PLACE: Where = Where::Overrides;

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn number(&self) -> u32 {
        self.number
    }

    fn span(&self) -> Span {
        self.grant.span
    }

    fn is_for(&self, _looks: &Actor) -> bool {
        true
    }

    /// What is open closes, and what one closed oneself is one's own to take back.
    fn may_end_alone(&self, actor: &str) -> bool {
        self.grant.effect == Effect::Allow || self.granted_by == actor
    }
}

/// `content/closing.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Closing {
    #[serde(rename = "version")]
    _version: String,
    #[serde(rename = "source")]
    _source: String,
    /// For so many hours a site is closed.
    pub hours: u16,
}

impl Closing {
    /// What is compiled in.
    pub fn built_in() -> &'static Self {
        static CLOSING: LazyLock<Closing> = LazyLock::new(|| {
            // A test parses the same text. Without it nothing is closed for any time, which is refused and said.
            toml::from_str(BUILT_IN).unwrap_or_default()
        });
        &CLOSING
    }

    /// When what is closed at `at` opens again by itself.
    pub fn ends_at(&self, at: Timestamp) -> Timestamp {
        at.plus_millis(i64::from(self.hours) * HOUR_MS)
    }
}

/// Why nothing was closed.
#[derive(Debug, thiserror::Error)]
pub enum CloseError {
    /// It cannot be made so.
    #[error(transparent)]
    Grant(#[from] GrantError),
    /// It would close nothing.
    #[error(transparent)]
    Overruled(#[from] Overruled),
}

/// Closes a site, or a part of one, for whom the permit says; it ends by itself. Publish afterwards, and the gate knows within a second.
pub async fn close(
    tx: &mut Tx,
    permit: &Permit<CloseSite>,
    (policy, live): (&FilterPolicy, &Live),
    target: &str,
    reason: &str,
    at: Timestamp,
) -> Result<Override, CloseError> {
    super::actions::somebody(tx, permit.subject()).await?;
    let closing = Grant {
        whom: permit.subject().clone(),
        effect: Effect::Block,
        target: target.to_owned(),
        reason: reason.trim().to_owned(),
        span: Span { starts_at: at, ends_at: Closing::built_in().ends_at(at) },
        request: None,
    };
    let made = grant(tx, permit.actor(), closing, at).await?;
    overruled(policy, live.document(), &made, policy.calendar().zone().local(at))?;
    Ok(made)
}

/// Why nothing was ended.
#[derive(Debug, thiserror::Error)]
pub enum EndError {
    /// There is none with that number, or it is over.
    #[error("It is over already")]
    NotThere,
    /// Somebody else closed it, and ending that opens it.
    #[error("Somebody else closed it. Ending that opens the site again, which takes two people")]
    TakesTwo,
    /// Nobody could say later why.
    #[error("Say why it ends before its time")]
    NoReason,
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Ends before its time what was opened, whoever opened it, or what the permit's actor closed. Publish afterwards.
pub async fn end(
    tx: &mut Tx,
    permit: &Permit<EndOverride>,
    reason: &str,
    at: Timestamp,
) -> Result<Override, EndError> {
    let holds = lasting::not_over::<Override>(tx, at).await?;
    let found = holds.into_iter().find(|one| one.number == *permit.subject()).ok_or(EndError::NotThere)?;
    if !found.may_end_alone(&permit.actor().to_string()) {
        return Err(EndError::TakesTwo);
    }
    match lasting::end::<Override>(tx, permit.actor(), found.number, reason, at).await {
        Ok(()) => Ok(found),
        Err(WithdrawError::Store(error)) => Err(error.into()),
        Err(WithdrawError::NoReason) => Err(EndError::NoReason),
        Err(_) => Err(EndError::NotThere),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_closed_at_the_portal_opens_again_by_itself_within_a_week() {
        let closing: Closing = toml::from_str(BUILT_IN).unwrap();
        assert!((1..=168).contains(&closing.hours), "what stays closed is a rule of the policy");
    }
}
