//! The twelve steps of a decision, in their order.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A step of the decision. The first step that speaks wins and leaves its id in the reason; the order of the variants
/// is the order of the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum Step {
    /// Child abuse and unlawful terrorist content. First, because nothing may open it.
    Sealed = 1,
    /// Child helplines and reporting services: open to everyone, always, unobserved. Before everything that a school
    /// or a sanction could close.
    Help = 2,
    /// The portal, certificate status, captive-portal probes, device management and updates: without them no device
    /// works well enough to be filtered.
    Essential = 3,
    /// Set by leadership or trust; nobody below may override it.
    LockedBlock = 4,
    /// Access removed from a person by a decision; help, essentials and named learning sites remain.
    Withheld = 5,
    /// Exam mode or a lesson list: a walled garden for a group or room until a time.
    Focus = 6,
    /// What the school cannot do without.
    LockedAllow = 7,
    /// An approved, reasoned exception with an end: one person, a class, a lesson.
    Override = 8,
    /// The school's own allow or block of a domain, URL prefix or expression, per group.
    School = 9,
    /// Verdicts on categories and services by group and school time: the permitted-use table.
    PermittedUse = 10,
    /// What no list knows.
    Unknown = 11,
    /// Inspected page text, scored as it streams. Only a front that sees a page can reach this step.
    Content = 12,
    /// No step of the decision: a front refused the request itself, before or after anybody decided on it. Which
    /// [`crate::Refusal`] it was stands in the place of the rule.
    Front = 13,
    /// No step of ours: another filter decided, and the event was brought in from its log. Which kind of log it was
    /// ([`crate::Origin`]) stands in the place of the rule.
    Elsewhere = 14,
}

impl Step {
    /// All steps of a decision in order.
    pub const ALL: [Self; 12] = [
        Self::Sealed,
        Self::Help,
        Self::Essential,
        Self::LockedBlock,
        Self::Withheld,
        Self::Focus,
        Self::LockedAllow,
        Self::Override,
        Self::School,
        Self::PermittedUse,
        Self::Unknown,
        Self::Content,
    ];

    /// The step's id, as written in reasons, logs and `explain`. An id is an API: it never changes.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Sealed => "sealed",
            Self::Help => "help",
            Self::Essential => "essential",
            Self::LockedBlock => "locked-block",
            Self::Withheld => "withheld",
            Self::Focus => "focus",
            Self::LockedAllow => "locked-allow",
            Self::Override => "override",
            Self::School => "school",
            Self::PermittedUse => "permitted-use",
            Self::Unknown => "unknown",
            Self::Content => "content",
            Self::Front => "front",
            Self::Elsewhere => "elsewhere",
        }
    }

    /// What can stand in the log in the place of a step: the steps, and those that are none.
    pub fn all_in_the_log() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().chain([Self::Front, Self::Elsewhere])
    }

    /// The step with that number: 1 to 12, 13 where a front refused, 14 where another filter decided.
    pub fn from_number(number: u8) -> Option<Self> {
        if let Some(other) = [Self::Front, Self::Elsewhere].into_iter().find(|other| *other as u8 == number) {
            return Some(other);
        }
        Self::ALL.get(usize::from(number).checked_sub(1)?).copied()
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_numbered_in_their_order() {
        for (index, step) in Step::ALL.into_iter().enumerate() {
            assert_eq!(step as usize, index + 1);
            assert_eq!(Step::from_number(step as u8), Some(step));
            assert_eq!(serde_json::to_string(&step).unwrap(), format!("\"{}\"", step.id()));
        }
        assert_eq!(Step::from_number(0), None);
        assert_eq!(Step::from_number(13), Some(Step::Front));
        assert_eq!(Step::from_number(14), Some(Step::Elsewhere));
        assert_eq!(Step::from_number(15), None);
    }
}
