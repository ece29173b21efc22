//! Where the time comes from.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::Timestamp;

/// A source of the present moment. Whoever starts a piece of work (a packet, a page, a job, a command) reads it once
/// and passes `at` down; nothing below reads a clock.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    System,
    /// A clock that tests and drills set by hand; it stands still in between.
    Set(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `at` until it is set.
    pub fn set_at(at: Timestamp) -> Self {
        Self::Set(Arc::new(AtomicI64::new(at.as_millis())))
    }

    /// Moves a set clock; the machine's clock is left alone.
    pub fn set(&self, at: Timestamp) {
        if let Self::Set(millis) = self {
            millis.store(at.as_millis(), Ordering::SeqCst);
        }
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        match self {
            #[expect(
                clippy::disallowed_methods,
                reason = "this is the one place that reads the machine's clock"
            )]
            Self::System => Timestamp::from_millis(
                std::time::SystemTime::now()
                    .duration_since(std::time::UNIX_EPOCH)
                    .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX)),
            ),
            Self::Set(millis) => Timestamp::from_millis(millis.load(Ordering::SeqCst)),
        }
    }
}
