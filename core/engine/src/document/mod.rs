//! The policy document: the permitted-use table and the school's rules as a person writes them, in TOML.
//!
//! One document is one version of a school's filter policy. It can be read by anybody, compared with another version,
//! and is the only thing that the engine compiles: there is no second copy.

pub mod calendar;
mod check;
pub mod diff;
pub mod problem;
mod read;
pub mod safe_search;
pub mod table;
pub mod target;
mod write;

use serde::{Deserialize, Serialize};

pub use calendar::{CalendarSection, Lesson, NamedTime, On, Term};
pub use diff::differences;
pub use problem::{Line, Lines, Problem, Severity};
pub use safe_search::SafeSearchSection;
pub use table::{Cell, Effect, Group, Locked, Rule, SetBy, Unknown, Use};
pub use target::{Target, TargetText};

/// The id of the group everybody is in; it needs no `[[group]]`.
pub const EVERYONE: &str = "everyone";

/// The newest form of document this program reads.
pub const FORM: u32 = 1;

/// A policy document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PolicyDocument {
    /// The form of the document, 1.
    pub form: u32,
    /// What the policy is called.
    pub title: String,
    /// The school's own version of it; rises with every change that is applied.
    pub version: u32,
    /// For the reader.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// The group of a device that nothing is known of; only [`EVERYONE`] where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unidentified: Option<String>,
    /// The school's own essential sites (its portal), beside those that come with the program.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub essential: Vec<String>,
    /// Help services of the content that wait for the school's decision (`confirm-first`) and have it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub help_confirmed: Vec<String>,
    /// What happens to hosts of which only a part is sealed.
    #[serde(default, skip_serializing_if = "SealedSection::is_default")]
    pub sealed: SealedSection,
    /// What a person whose access was removed keeps.
    #[serde(default, skip_serializing_if = "WithheldSection::is_default")]
    pub withheld: WithheldSection,
    /// For whom search engines and YouTube leave out what is not for children.
    #[serde(default, skip_serializing_if = "SafeSearchSection::is_default")]
    pub safe_search: SafeSearchSection,
    /// The school's year and day.
    #[serde(default)]
    pub calendar: CalendarSection,
    /// The audiences.
    #[serde(default, rename = "group", skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Group>,
    /// The permitted-use table.
    #[serde(default, rename = "use", skip_serializing_if = "Vec::is_empty")]
    pub uses: Vec<Use>,
    /// Rules of leadership and trust.
    #[serde(default, rename = "locked", skip_serializing_if = "Vec::is_empty")]
    pub locked: Vec<Locked>,
    /// The school's rules.
    #[serde(default, rename = "rule", skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Rule>,
    /// Where its head says what.
    #[serde(skip)]
    pub lines: HeadLines,
}

/// Where the keys before any section stand.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HeadLines {
    /// `unidentified = …`.
    pub unidentified: Line,
    /// Each site of `essential = […]`.
    pub essential: Lines,
}

/// `[sealed]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SealedSection {
    /// What happens to a host of which only a part is sealed.
    #[serde(default)]
    pub shared_hosts: SharedHosts,
}

impl SealedSection {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What happens to a host of which only a part is sealed, where a front sees no more than its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SharedHosts {
    /// The host stays open where only its name is seen; assurance shows how many such hosts there are.
    #[default]
    CountedGap,
    /// The whole host is refused, whatever is seen of the address.
    Refuse,
}

/// `[withheld]`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct WithheldSection {
    /// Sites for learning that stay as they are for a person whose access was removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub learning_sites: Vec<String>,
    /// Where the section stands.
    #[serde(skip)]
    pub line: Line,
}

impl WithheldSection {
    fn is_default(&self) -> bool {
        self.learning_sites.is_empty()
    }
}
