//! The answer to a request: a verdict, its reason, and what the front must do with it.

use serde::{Deserialize, Serialize};

use crate::groups::GroupNo;
use crate::step::Step;

/// What is to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum Verdict {
    /// Let it through.
    Allow = 0,
    /// Refuse it.
    Block = 1,
    /// Let it through and read the page as it streams. A front that cannot read it treats it as allowed.
    Scan = 2,
    /// Let it through, though the policy refuses it: the filter observes only. Nothing but [`crate::Held`] makes it.
    WouldBlock = 3,
}

impl Verdict {
    /// The word used in logs and `explain`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Block => "block",
            Self::Scan => "scan",
            Self::WouldBlock => "would-block",
        }
    }

    /// The verdict with that number, as kept in the activity log.
    pub const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Allow,
            1 => Self::Block,
            2 => Self::Scan,
            3 => Self::WouldBlock,
            _ => return None,
        })
    }

    /// Whether the request is refused.
    pub const fn is_block(self) -> bool {
        matches!(self, Self::Block)
    }

    /// Whether the policy closes it, whether or not that is carried out.
    pub const fn closes(self) -> bool {
        matches!(self, Self::Block | Self::WouldBlock)
    }

    /// Every verdict.
    pub const ALL: [Self; 4] = [Self::Allow, Self::Block, Self::Scan, Self::WouldBlock];
}

/// Which of the request's facts spoke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fact {
    /// Nothing in particular: a default, or something about the person.
    None,
    /// The host.
    Host,
    /// The path.
    Path,
    /// A name in the chain of the answer; counted from 0.
    Chain(u8),
    /// An address in the answer; counted from 0.
    Address(u8),
    /// Only a part of the host is open, so the host itself must be.
    PartOfHost,
}

/// The rule that spoke: a number that the policy which decided can turn into words, a list, an owner and a reason.
/// 0 means "no rule: the built-in default".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RuleRef(pub u32);

/// Why: which step spoke, by which rule, about what. Plain numbers, so that deciding allocates nothing; the policy
/// turns it into words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Reason {
    /// The step that spoke.
    pub step: Step,
    /// The rule that spoke.
    pub rule: RuleRef,
    /// Which fact it spoke about.
    pub fact: Fact,
    /// The category's number in the policy's catalogue, where one was the ground, or a service of a kind that says what
    /// a category says: then there is no list.
    pub category: Option<u16>,
    /// The list's number in the list index, where one knew the host.
    pub list: Option<u16>,
    /// The group whose cell or rule won.
    pub group: Option<GroupNo>,
    /// The other group, where two equally specific groups spoke and the stricter won.
    pub beside: Option<GroupNo>,
}

/// Why a front refused a request itself. The number stands in the place of the rule, so it never changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u32)]
pub enum Refusal {
    /// The port is not one of those that the front opens.
    Port = 1,
    /// It leads to a service of the school's own.
    Inside = 2,
    /// It is not proper HTTP.
    NotHttp = 3,
    /// It could be read in two ways, and so be one thing to the filter and another to the website.
    TwoWays = 4,
    /// It asks the front for something that it does not do.
    NotOffered = 5,
    /// The front had as much to do as it may have at once.
    Busy = 6,
    /// It did not arrive in time.
    TooSlow = 7,
}

impl Refusal {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Port, Self::Inside, Self::NotHttp, Self::TwoWays, Self::NotOffered, Self::Busy, Self::TooSlow];

    /// The word used in logs. An id is an API: it never changes.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Port => "port",
            Self::Inside => "inside",
            Self::NotHttp => "not-http",
            Self::TwoWays => "two-ways",
            Self::NotOffered => "not-offered",
            Self::Busy => "busy",
            Self::TooSlow => "too-slow",
        }
    }

    /// The refusal that a step and a rule say, where the step is [`Step::Front`].
    pub fn of(step: Step, rule: RuleRef) -> Option<Self> {
        Self::ALL.into_iter().find(|refusal| step == Step::Front && *refusal as u32 == rule.0)
    }

    /// In a sentence, for whoever was refused.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Port => "The filter opens websites on their usual ports only.",
            Self::Inside => "The school's own services are not reached through the filter.",
            Self::NotHttp => "The filter could not understand the request.",
            Self::TwoWays => "The request could be read in two ways.",
            Self::NotOffered => "The filter does not do what the request asks for.",
            Self::Busy => "The filter had too many connections open.",
            Self::TooSlow => "The request did not arrive in time.",
        }
    }
}

/// What the front must do besides obeying the verdict. The places of steps that are still to come
/// (headers, inspection, sign-in) are here from the start; a front that cannot carry out an obligation must say so
/// where it is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Obligations {
    /// Nothing that could tell who asked or when may leave the front: only that the gate answered is counted.
    pub unobserved: bool,
    /// Read the page as it streams and score it.
    pub scan: bool,
    /// Open the TLS session to see inside.
    pub inspect: bool,
    /// Lead the host, which is a search engine's or YouTube's, to where it answers safely: the number of a
    /// [`crate::SafeTarget`] of the policy, 0 for none. It is about the host, whatever the verdict.
    pub safe_search: u16,
    /// Add or remove the headers of this set of the policy; 0 for none.
    pub headers: u16,
    /// Ask the person to sign in first.
    pub sign_in: bool,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Decision {
    /// What is to happen.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
    /// What the front must do.
    pub obligations: Obligations,
}

impl Obligations {
    /// Nothing besides.
    pub const NONE: Self =
        Self { unobserved: false, scan: false, inspect: false, safe_search: 0, headers: 0, sign_in: false };
}

impl Decision {
    /// What stands in the log where a front refused a request itself.
    pub const fn refused(refusal: Refusal) -> Self {
        Self::blocked(Step::Front, RuleRef(refusal as u32))
    }

    /// What comes of it where the filter observes only: whatever is refused is let through and said to be refused
    /// otherwise, and a search engine is left where it is. What is sealed is refused as ever.
    #[must_use]
    pub const fn observed(mut self) -> Self {
        if matches!(self.reason.step, Step::Sealed) {
            return self;
        }
        if self.verdict.is_block() {
            self.verdict = Verdict::WouldBlock;
        }
        self.obligations.safe_search = 0;
        self.obligations.headers = 0;
        self
    }

    /// What stands in for a decision until there is one: blocked, so that a mistake there opens nothing.
    pub const fn undecided() -> Self {
        Self::blocked(Step::Unknown, RuleRef(0))
    }

    /// Blocked for everyone by that rule of that step, whatever was asked for.
    const fn blocked(step: Step, rule: RuleRef) -> Self {
        let reason =
            Reason { step, rule, fact: Fact::None, category: None, list: None, group: None, beside: None };
        Self { verdict: Verdict::Block, reason, obligations: Obligations::NONE }
    }
}
