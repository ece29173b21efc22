//! What a source tells as changes alone (OneRoster's `delta`): who and what is new or other than it was, and what is gone. It is no roll: whoever
//! is not in it stays as they are.

use std::collections::BTreeSet;

/// Changes, beside the people and classes of which a roster tells the new state.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// People whom the source says it has no more.
    pub gone: BTreeSet<String>,
    /// Classes that it has no more.
    pub ended: BTreeSet<String>,
    /// Who comes into a class, or goes out of it, in order.
    pub members: Vec<Member>,
    /// Whom somebody names as related to them; which of the two is the pupil is known with all that is there.
    pub agents: Vec<(String, String)>,
}

/// Somebody who comes into a class, or goes out of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Member {
    /// The class.
    pub class: String,
    /// Who.
    pub person: String,
    /// Whether they teach it; none where it is not told, as of somebody who goes.
    pub teaches: Option<bool>,
    /// Whether they come.
    pub comes: bool,
}
