//! Which of several matching rules of one step wins.

use super::groups::GroupTable;
use crate::decision::{Fact, RuleRef};
use crate::document::Effect;
use crate::groups::GroupNo;

/// Whom a rule is for. A rule for one person is more specific than any for a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// A group; number 0 is everyone.
    Group(GroupNo),
    /// The very person who asks.
    Person,
}

impl Audience {
    /// The group, where it is one that the document names.
    pub(crate) fn group(self) -> Option<GroupNo> {
        match self {
            Self::Group(group) if group != super::groups::EVERYBODY => Some(group),
            _ => None,
        }
    }
}

/// A rule that matches a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub rule: RuleRef,
    pub effect: Effect,
    pub audience: Audience,
    /// How specific its target is: see [`crate::policy::specificity`].
    pub specificity: u32,
    pub fact: Fact,
    pub category: Option<u16>,
    pub list: Option<u16>,
}

/// The rule that won, and the group of another that lost to it only by being looser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Winner {
    pub candidate: Candidate,
    pub beside: Option<GroupNo>,
}

/// Whether `a` overrules `b`: its audience lies strictly within the other's, or it is the same and the target is more
/// specific. A strict partial order, so that adding an allow never blocks more and adding a block never allows more.
fn overrules(a: &Candidate, b: &Candidate, groups: &GroupTable) -> bool {
    match (a.audience, b.audience) {
        (Audience::Person, Audience::Group(_)) => true,
        (Audience::Group(_), Audience::Person) => false,
        (Audience::Person, Audience::Person) => a.specificity > b.specificity,
        (Audience::Group(mine), Audience::Group(theirs)) => {
            groups.is_within(mine, theirs) || (mine == theirs && a.specificity > b.specificity)
        }
    }
}

/// The winner: among the rules that no other overrules, a block before an allow, then the first by number, then by the
/// order of the facts. `all` yields the same candidates each time it is called.
pub(crate) fn contest<'c, I: Iterator<Item = &'c Candidate> + Clone>(
    all: I,
    groups: &GroupTable,
) -> Option<Winner> {
    let standing =
        || all.clone().filter(|candidate| !all.clone().any(|other| overrules(other, candidate, groups)));
    let order = |candidate: &&Candidate| {
        (
            candidate.effect == Effect::Allow,
            candidate.rule,
            fact_order(candidate.fact),
            candidate.category,
            candidate.list,
        )
    };
    let candidate = *standing().min_by_key(order)?;
    let beside = standing()
        .filter(|other| other.effect != candidate.effect)
        .min_by_key(order)
        .map(|other| other.audience)
        .filter(|audience| *audience != candidate.audience)
        .and_then(Audience::group);
    Some(Winner { candidate, beside })
}

/// The order in which facts are named where several speak alike.
pub(crate) const fn fact_order(fact: Fact) -> u16 {
    match fact {
        Fact::Host => 0,
        Fact::Path => 1,
        Fact::Chain(place) => 0x100 | place as u16,
        Fact::Address(place) => 0x200 | place as u16,
        Fact::PartOfHost => 0x300,
        Fact::None => 0x400,
    }
}
