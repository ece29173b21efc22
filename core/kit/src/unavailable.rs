//! Why something cannot be done just now that can be done later.

/// What is in the way. A page or an answer to another program finds it among the causes of an error ([`Unavailable::among`]) and says what
/// to do, instead of that something is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// The records do not answer: their server is being started, or the way to it is cut.
    #[error("the records do not answer just now: look whether their database server runs")]
    OutOfReach,
    /// There is no room left to write.
    #[error(
        "there is no room left to write: make room on the disk, or raise this account's limit, and do it again"
    )]
    Full,
    /// Somebody else writes, and for too long.
    #[error("somebody else is writing and has been for too long: wait a minute and do it again")]
    Busy,
}

impl Unavailable {
    /// The one among the causes of an error.
    pub fn among(error: &(dyn std::error::Error + 'static)) -> Option<Self> {
        let mut causes = std::iter::successors(Some(error), |error| error.source());
        causes.find_map(|error| error.downcast_ref::<Self>().copied())
    }
}
