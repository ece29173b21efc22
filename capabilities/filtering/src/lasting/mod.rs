//! What overrides, focus, withheld access and observing only share: each has a reason and a number, lasts a while, ends by itself, and
//! may be ended before that with a reason. Nothing is deleted.

mod actions;
pub mod second;
pub(crate) mod second_pages;
pub mod second_views;
pub(crate) mod store;

pub use actions::{end, ended, newest, not_over};
pub use second::{EndedByTwo, SecondError};

use ::store::{Actor, StoreError, Tx};
use kit::Timestamp;

/// An override, a focus, withheld access, or a time of observing only.
pub trait Lasting: store::Row {}

impl<T: store::Row> Lasting for T {}

/// The longest that something may last, in milliseconds: a year and a day. What lasts longer belongs in the policy.
pub const LONGEST_MS: i64 = 366 * 86_400_000;

/// From when until when: it holds from the first moment on, and no longer at the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first moment at which it holds.
    pub starts_at: Timestamp,
    /// The first moment after it.
    pub ends_at: Timestamp,
}

/// Why there can be no such thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Nobody could say later why it was made.
    #[error("say why with --reason; the reason is kept with it")]
    NoReason,
    /// It would never hold.
    #[error("it must end after it begins, and after now")]
    OverBeforeItBegins,
    /// It would be a rule.
    #[error("it must end within a year; write a rule in the policy for what stays")]
    TooLong,
}

impl Span {
    /// Whether something may be made at `at` that lasts so long, for this reason.
    pub fn check(&self, reason: &str, at: Timestamp) -> Result<(), Refused> {
        if reason.trim().is_empty() {
            return Err(Refused::NoReason);
        }
        if self.ends_at <= self.starts_at || self.ends_at <= at {
            return Err(Refused::OverBeforeItBegins);
        }
        if self.ends_at.as_millis().saturating_sub(at.as_millis()) > LONGEST_MS {
            return Err(Refused::TooLong);
        }
        Ok(())
    }
}

/// How something ended before its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawn {
    /// Who ended it, as the trail writes it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why; the oldest records have none.
    pub reason: Option<String>,
}

/// Where something that lasts a while stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It begins later.
    Later,
    /// It holds.
    Now,
    /// It ended by itself.
    Over,
    /// Somebody ended it before its time.
    Withdrawn,
}

impl State {
    /// Where it stands at `at`.
    pub fn of(span: Span, withdrawn: Option<&Withdrawn>, at: Timestamp) -> Self {
        match withdrawn {
            Some(_) => Self::Withdrawn,
            None if at >= span.ends_at => Self::Over,
            None if at < span.starts_at => Self::Later,
            None => Self::Now,
        }
    }

    /// The word for scripts.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Later => "later",
            Self::Now => "now",
            Self::Over => "over",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// As people say it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Later => "begins later",
            Self::Now => "holds now",
            Self::Over => "is over",
            Self::Withdrawn => "was ended early",
        }
    }
}

/// The program's own job that sees things end.
const TIME: Actor = Actor::Job("time");

/// Whether something ended by itself after `since` and until `at` that the access trail does not say yet.
pub async fn has_ended(tx: &mut Tx, since: Timestamp, at: Timestamp) -> Result<bool, StoreError> {
    for kind in kinds() {
        if kind.has_ended(tx, since, at).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Leaves an entry in the access trail for everything that ended by itself after `since` and until `at`, each once, with
/// when it ended. Gives how many. What ends is decided by the clock of whoever asks the gate; this only writes it down.
pub async fn say_ended(tx: &mut Tx, since: Timestamp, at: Timestamp) -> Result<usize, StoreError> {
    let mut many = 0;
    for kind in kinds() {
        many += kind.say_ended(tx, &TIME, since, at).await?;
    }
    Ok(many)
}

const fn kinds() -> [&'static store::Kind; 4] {
    [
        &crate::overrides::store::KIND,
        &crate::focus::store::KIND,
        &crate::withheld::store::KIND,
        &crate::observing::store::KIND,
    ]
}

/// Why something was not ended.
#[derive(Debug, thiserror::Error)]
pub enum WithdrawError {
    /// There is none with that number.
    #[error("there is no {what} {number}; `fivebar {command} list` shows those there are")]
    NotFound {
        /// What kind of thing.
        what: &'static str,
        /// The number that was given.
        number: u32,
        /// The command that lists them.
        command: &'static str,
    },
    /// It no longer holds.
    #[error("{what} {number} is over already; nothing was changed")]
    Over {
        /// What kind of thing.
        what: &'static str,
        /// The number that was given.
        number: u32,
    },
    /// Nobody could say later why.
    #[error("say with --reason why it ends before its time")]
    NoReason,
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    const SPAN: Span =
        Span { starts_at: Timestamp::from_millis(1_000), ends_at: Timestamp::from_millis(2_000) };

    #[test]
    fn whatever_lasts_has_a_reason_and_an_end_within_a_year() {
        let at = moment(1_500);
        assert_eq!(SPAN.check("an exam", at), Ok(()));
        assert_eq!(SPAN.check(" ", at), Err(Refused::NoReason));
        assert_eq!(SPAN.check("an exam", moment(2_000)), Err(Refused::OverBeforeItBegins));
        let backwards = Span { starts_at: moment(3_000), ..SPAN };
        assert_eq!(backwards.check("an exam", at), Err(Refused::OverBeforeItBegins));
        let long = Span { ends_at: at.plus_millis(LONGEST_MS + 1), ..SPAN };
        assert_eq!(long.check("an exam", at), Err(Refused::TooLong));
    }

    #[test]
    fn it_holds_from_its_beginning_until_its_end_or_until_somebody_ends_it() {
        for (at, state) in
            [(999, State::Later), (1_000, State::Now), (1_999, State::Now), (2_000, State::Over)]
        {
            assert_eq!(State::of(SPAN, None, moment(at)), state, "{at}");
        }
        let withdrawn = Withdrawn { by: "command-line:1000".into(), at: moment(1_500), reason: None };
        assert_eq!(State::of(SPAN, Some(&withdrawn), moment(1_600)), State::Withdrawn);
    }
}
