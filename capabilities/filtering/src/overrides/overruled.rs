//! Whether an override would do what it says: what leadership locked, and what is open to everyone always, no override
//! changes, and nobody should be told that it did.

use engine::document::{EVERYONE, Effect};
use engine::explain::trace;
use engine::live::Subject;
use engine::{FilterPolicy, Live, LiveDocument, Step};
use kit::LocalTime;

use super::Override;
use crate::explain::{Target, identity_in};

/// Why an override would change nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Overruled {
    /// Leadership or the trust closes it.
    #[error(
        "{target} stays closed for {whom} whatever an override says: {why}. Whoever set the lock can take it out of the policy"
    )]
    Closed {
        /// The site.
        target: String,
        /// For whom.
        whom: String,
        /// The rule, for staff.
        why: String,
    },
    /// Leadership or the trust opens it.
    #[error(
        "{target} stays open for {whom} whatever an override says: {why}. Whoever set the lock can take it out of the policy"
    )]
    Open {
        /// The site.
        target: String,
        /// For whom.
        whom: String,
        /// The rule, for staff.
        why: String,
    },
    /// It is a place of help.
    #[error("{0} is a place of help, which is open to everyone, always; no override closes it")]
    Help(String),
    /// Devices need it.
    #[error("{0} is something that devices need, which is open to everyone; no override closes it")]
    Essential(String),
}

/// Whether a step before it overrules an override for those whom it is for, under a policy and beside what holds for a time. Steps
/// that end (a focus, withheld access) refuse nothing, and neither does one that must not be told of.
pub fn overruled(
    policy: &FilterPolicy,
    beside: &LiveDocument,
    new: &Override,
    at: LocalTime,
) -> Result<(), Overruled> {
    let Some(target) = Target::read(&new.grant.target) else { return Ok(()) };
    let mut document = beside.clone();
    let published = new.published();
    let subject = published.subject.clone();
    document.overrides.push(published);
    let (live, _) = Live::compile(&document, policy);
    let identity = match &subject {
        Subject::Person(person) => live.person(*person),
        Subject::Group(id) => identity_in(policy, id),
        Subject::Everyone => identity_in(policy, EVERYONE),
    };
    let Some(identity) = identity else { return Ok(()) };
    let Some(request) = target.request(&identity) else { return Ok(()) };
    let told = trace(policy, &live, &request, at);
    let (target, whom) = (new.grant.target.clone(), new.grant.whom.to_string());
    match (told.step, told.decision.verdict.is_block(), new.grant.effect == Effect::Block) {
        (Step::LockedBlock, true, false) => Err(Overruled::Closed { target, whom, why: told.reason }),
        (Step::Help, false, true) => Err(Overruled::Help(target)),
        (Step::Essential, false, true) => Err(Overruled::Essential(target)),
        (Step::LockedAllow, false, true) => Err(Overruled::Open { target, whom, why: told.reason }),
        _ => Ok(()),
    }
}
