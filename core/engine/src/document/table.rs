//! Groups, the permitted-use table and the rules, as the document writes them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::problem::Line;
use crate::decision::Verdict;

/// `[[group]]`: an audience of the policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Group {
    /// The id used in cells and rules.
    pub id: String,
    /// What the school calls it.
    pub name: String,
    /// The groups it lies within; whoever is in this group is in them too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub within: Vec<String>,
    /// What happens to a site that no list and no rule knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown: Option<Unknown>,
    /// What the group is, for the reader.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Where it stands.
    #[serde(skip)]
    pub line: Line,
}

/// What happens to a site that no list and no rule knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unknown {
    /// Let it through.
    #[default]
    Allow,
    /// Refuse it.
    Block,
    /// Let it through and read the page.
    Scan,
}

impl Unknown {
    /// The verdict it stands for.
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::Allow => Verdict::Allow,
            Self::Block => Verdict::Block,
            Self::Scan => Verdict::Scan,
        }
    }
}

/// `[[use]]`: one row of the permitted-use table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Use {
    /// The row's id.
    pub id: String,
    /// The activity in the school's words.
    pub activity: String,
    /// The categories of sites the row is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// The services the row is about; a service's cell speaks in place of its kind's and of a category's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
    /// The kinds of services the row is about: each is heard as a category that its services fill.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub service_kinds: Vec<String>,
    /// Whether the gate can see the activity at all. A row that it cannot see is a rule for people.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub seen_by_gate: bool,
    /// Whether the law forbids it, and not the school alone.
    #[serde(default, skip_serializing_if = "is_no")]
    pub illegal: bool,
    /// For the reader: who watches it where the gate cannot, or why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The cells by group.
    pub cells: BTreeMap<String, Cell>,
    /// Where it stands.
    #[serde(skip)]
    pub line: Line,
}

impl Use {
    /// Whether it names nothing that the gate could see.
    pub(super) fn is_about_nothing(&self) -> bool {
        self.categories.is_empty() && self.services.is_empty() && self.service_kinds.is_empty()
    }
}

const fn yes() -> bool {
    true
}
const fn is_yes(value: &bool) -> bool {
    *value
}
const fn is_no(value: &bool) -> bool {
    !*value
}

/// One cell of the permitted-use table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cell {
    /// `"allowed"`.
    Allowed,
    /// `"not-allowed"`.
    NotAllowed,
    /// `"scan"`: allowed, and the page is read.
    Scan,
    /// `{ times = ["lunch"] }`: allowed in these times, not allowed otherwise.
    Times(Vec<String>),
    /// `{ named = ["selected-staff"] }`: allowed for those of the group who are also in one of these groups.
    Named(Vec<String>),
    /// `{ permission = "a member of staff" }`: not allowed until an override opens it; says who may give one.
    Permission(String),
}

/// `[[rule]]`: the school's own allow or block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rule {
    /// What it does.
    #[serde(rename = "do")]
    pub effect: Effect,
    /// Whom it is for; everyone where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// A site and everything below it, or an address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// A part of a site: host and the beginning of the path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// A regular expression over `host/path?query`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    /// The site that an expression holds on; an allow expression must name one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    /// A category of sites.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Why, in words that may be shown to whoever meets it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Who answers for it, as a duty ("online safety lead").
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub owner: String,
    /// Where it stands.
    #[serde(skip)]
    pub line: Line,
}

/// `[[locked]]`: a rule set by leadership or trust, which nobody below may override.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Locked {
    /// Who set it.
    pub set_by: SetBy,
    /// What it does.
    #[serde(rename = "do")]
    pub effect: Effect,
    /// Whom it is for; everyone where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// A site and everything below it, or an address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// A part of a site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// A regular expression over `host/path?query`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    /// The site that an expression holds on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    /// A category of sites.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Where it stands.
    #[serde(skip)]
    pub line: Line,
}

/// Who set a locked rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SetBy {
    /// The school's leadership.
    Leadership,
    /// The trust the school belongs to.
    Trust,
}

/// What a rule or an override does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Let it through.
    Allow,
    /// Refuse it.
    Block,
}

impl Effect {
    /// The verdict it gives.
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::Allow => Verdict::Allow,
            Self::Block => Verdict::Block,
        }
    }

    /// The word.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Block => "block",
        }
    }
}
