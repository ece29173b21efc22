//! Public suffixes that a list may close as a whole (`content/meant-suffixes.toml`).

use std::sync::LazyLock;

use serde::Deserialize;

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeantSuffix {
    /// The suffix.
    pub name: String,
    /// The category that its registry keeps it for.
    pub category: String,
    /// Why all of it is meant.
    pub why: String,
    /// Where that stands.
    pub source: String,
}

#[derive(Deserialize)]
struct File {
    suffix: Vec<MeantSuffix>,
}

/// All of them.
pub static MEANT_SUFFIXES: LazyLock<Vec<MeantSuffix>> = LazyLock::new(|| {
    // A test reads the file; one that could not be read would leave such lines refused.
    let text = include_str!("../../../content/meant-suffixes.toml");
    toml::from_str::<File>(text).map(|file| file.suffix).unwrap_or_default()
});

/// Whether all below the suffix is meant, where a list stands for it.
pub(crate) fn is_meant(name: &str) -> bool {
    MEANT_SUFFIXES.iter().any(|suffix| suffix.name == name)
}
