//! What a replay found.

use serde::Serialize;

/// Requests that were not compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct LeftOut {
    /// Sealed, refused by a front itself, or without a host.
    pub not_the_policys: u64,
    /// Decided by a name or an address that the host led to: the log does not keep those.
    pub led_elsewhere: u64,
    /// Decided by an override, a focus or withheld access, which stand before what the draft says.
    pub exceptions: u64,
    /// Of somebody who is not on the roll any more.
    pub gone: u64,
    /// Asked by the school's own test of its filter.
    pub tests: u64,
}

impl LeftOut {
    /// All of them.
    pub const fn all(&self) -> u64 {
        self.not_the_policys + self.led_elsewhere + self.exceptions + self.gone + self.tests
    }
}

/// What a replay found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Replayed {
    /// Requests that both policies decided.
    pub compared: u64,
    /// How many visits those were: each asker and site once.
    pub visits: u64,
    /// Requests that were not compared.
    pub left_out: LeftOut,
    /// Of those compared, what the policy in force would decide otherwise today than was decided then: lists, roll or policy
    /// have changed since.
    pub otherwise_then: u64,
    /// What was open and would be blocked.
    pub newly_blocked: Differing,
    /// What was blocked and would be open.
    pub newly_open: Differing,
}

/// The requests that the draft decides otherwise, one way.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Differing {
    /// How many requests.
    pub requests: u64,
    /// To how many sites; [`Self::more`] stands for further ones.
    pub sites: usize,
    /// Requests to sites beyond those that are told apart.
    pub more: u64,
    /// By the list that the draft's reason names, most requests first; requests that no list is the ground of are in none.
    pub lists: Vec<OfList>,
    /// By group of the draft, most requests first. Whoever is in several groups counts in each.
    pub groups: Vec<OfGroup>,
    /// The sites asked for most, most first.
    pub examples: Vec<Example>,
}

/// How many requests of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OfGroup {
    /// The group's id.
    pub id: String,
    /// What the school calls it.
    pub name: String,
    /// How many requests.
    pub requests: u64,
}

/// How many requests a list is the ground of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OfList {
    /// The list's id.
    pub id: String,
    /// How many requests.
    pub requests: u64,
    /// How many visits: each asker and site once, so that a machine which asks again and again counts as one.
    pub visits: u64,
    /// How many people, and devices of nobody known.
    pub people: usize,
}

/// A site that the draft decides otherwise about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Example {
    /// The site.
    pub host: String,
    /// The beginning of a path, where the difference is about one and not about the whole site.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// How many requests.
    pub requests: u64,
    /// How many people, and devices of nobody known.
    pub people: usize,
    /// Why the policy in force decides as it does, about the first of them.
    pub in_force: String,
    /// Why the draft would.
    pub draft: String,
}
