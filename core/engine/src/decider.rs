//! What a front holds of the engine.

use std::net::IpAddr;

use kit::Timestamp;

use crate::decision::Decision;
use crate::identity::Identity;
use crate::request::Request;

/// A decision in words for the person who meets it: short, kind, without naming a list's source or another person.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Saying {
    /// One sentence: why. For a sealed entry it says no more than that the content is illegal.
    pub reason: String,
    /// The category in the school's words, where one was the ground.
    pub category: Option<String>,
    /// Whether asking for the site could open it: false for what nobody at the school may open.
    pub may_ask: bool,
    /// Whether the ground is one that a child may be hurt by (self-harm, abuse): help comes first on the page.
    pub offer_help: bool,
}

/// What a front asks. The one implementation is `Current`: two snapshots behind atomic pointers, so that
/// nothing here waits for anything.
pub trait Decider: Send + Sync {
    /// Who uses this address, as far as is known. About 50 ns.
    fn identify(&self, client: IpAddr) -> Identity;

    /// Decides one request. Pure in its snapshots and `at`; allocates nothing; well under a microsecond.
    fn decide(&self, request: &Request<'_>, at: Timestamp) -> Decision;

    /// The decision in words. Only for a page or an answer that is about to be shown; it allocates.
    fn say(&self, decision: &Decision) -> Saying;

    /// Rises whenever any snapshot is swapped and whenever the school's clock passes a boundary at which some rule or
    /// override begins or ends. A front that sees a new value decides its open connections again.
    fn generation(&self, at: Timestamp) -> u64;
}
