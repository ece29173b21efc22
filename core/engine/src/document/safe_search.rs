//! `[safe-search]`: for whom search engines and YouTube leave out what is not for children.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::problem::Line;

/// `[safe-search]`. Whoever has no cell here has safe search and YouTube's strict mode, and so has whoever nothing is
/// known of, whatever the cells say.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SafeSearchSection {
    /// The cells for search engines, by group.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub search: BTreeMap<String, Search>,
    /// The cells for YouTube, by group.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub youtube: BTreeMap<String, YouTube>,
    /// Where the section stands.
    #[serde(skip)]
    pub line: Line,
}

impl SafeSearchSection {
    pub(super) fn is_default(&self) -> bool {
        self.search.is_empty() && self.youtube.is_empty()
    }
}

/// What search engines are held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Search {
    /// To safe search.
    On,
    /// To nothing.
    Off,
}

/// How much YouTube leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum YouTube {
    /// Most.
    Strict,
    /// Less.
    Moderate,
    /// Nothing.
    Off,
}

/// How much an engine leaves out, least first: the stricter of two is the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Nothing.
    Off,
    /// What YouTube calls moderate.
    Moderate,
    /// As much as it can.
    Strict,
}

impl From<Search> for Level {
    fn from(cell: Search) -> Self {
        match cell {
            Search::On => Self::Strict,
            Search::Off => Self::Off,
        }
    }
}

impl From<YouTube> for Level {
    fn from(cell: YouTube) -> Self {
        match cell {
            YouTube::Strict => Self::Strict,
            YouTube::Moderate => Self::Moderate,
            YouTube::Off => Self::Off,
        }
    }
}

impl Search {
    /// The word.
    pub const fn id(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
        }
    }
}

impl YouTube {
    /// The word.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Moderate => "moderate",
            Self::Off => "off",
        }
    }
}
