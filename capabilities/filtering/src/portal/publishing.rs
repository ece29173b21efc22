//! Publishing what a page has changed: whoever runs the hub knows how.

use ::store::{Actor, Tx};
use engine::LiveDocument;
use kit::Timestamp;

use super::Soon;
use crate::health::GateHealth;
use crate::own_words::OwnWords;

/// Commits and publishes; the roll too.
pub trait Publishes: people::intake::Publishes {
    /// Commits what the transaction has changed and publishes what holds for a time, with something new in it, where
    /// gates can carry that out. What no gate can carry out is not kept. Gates have it within a second; where they cannot have it
    /// yet, it is kept and tried again, and every page says so meanwhile.
    /// What is new and opens nothing tells nothing of what is sealed, and is never refused for that.
    fn live(
        &self,
        tx: Tx,
        new: LiveDocument,
        actor: Actor,
        at: Timestamp,
    ) -> Soon<'_, Result<(), NotPublished>>;

    /// Commits what the transaction has changed, says something otherwise in the school's own words, and publishes that: every
    /// page says it within seconds, block pages too. What cannot be written or published is not kept.
    fn words(&self, tx: Tx, words: OwnWords, at: Timestamp) -> Soon<'_, Result<(), NotPublished>>;

    /// Commits what the transaction has changed of the lists in use, and publishes everything, for which all lists are read: seconds. What
    /// cannot be published is not kept.
    fn lists(&self, tx: Tx, at: Timestamp) -> Soon<'_, Result<(), NotPublished>>;
}

/// Why something was not kept, and so not published.
#[derive(Debug, thiserror::Error)]
pub enum NotPublished {
    /// No gate can carry it out under the policy in force; why, for whoever asked for it.
    #[error("{0}")]
    CannotBe(String),
    /// Something we did not foresee.
    #[error("it could not be published")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Whether the gate goes by what was published last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GateHas {
    /// It does.
    It,
    /// Not yet.
    NotYet,
    /// No gate runs.
    NoGate,
}

/// Knows how the gate fares.
pub trait Gate: Send + Sync {
    /// Whether the gate goes by what was published last. It is waited for a moment, since it follows within a second.
    fn has_newest(&self) -> Soon<'_, GateHas>;

    /// How it fares; nothing where none runs.
    fn health(&self) -> Option<GateHealth>;
}
