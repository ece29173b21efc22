//! Whether an override would do what it says: what leadership locked, and what is open to everyone always, no override
//! changes, and nobody should be told that it did.

use engine::document::{EVERYONE, Effect};
use engine::explain::trace;
use engine::live::Subject;
use engine::{FilterPolicy, Live, LiveDocument, Step};
use kit::LocalTime;
use web::filled;

use super::Override;
use crate::explain::{Target, identity_in};

/// Why an override would change nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Overruled {
    /// Leadership or the trust closes it.
    #[error("{}", filled!("not-so.stays-closed", target = target, whom = whom, why = why))]
    Closed {
        /// The site.
        target: String,
        /// For whom.
        whom: String,
        /// The rule, for staff.
        why: String,
    },
    /// Leadership or the trust opens it.
    #[error("{}", filled!("not-so.stays-open", target = target, whom = whom, why = why))]
    Open {
        /// The site.
        target: String,
        /// For whom.
        whom: String,
        /// The rule, for staff.
        why: String,
    },
    /// It is a place of help.
    #[error("{}", filled!("not-so.is-a-place-of-help", target = _0))]
    Help(String),
    /// Devices need it.
    #[error("{}", filled!("not-so.is-something-that", target = _0))]
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
