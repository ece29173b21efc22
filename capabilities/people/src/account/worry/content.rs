//! What is said to somebody who tells of a worry: `content/worries.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

const BUILT_IN: &str = include_str!("../../../../../content/worries.toml");

/// What can have happened.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct What {
    /// Its id in the records.
    pub id: String,
    /// What people choose.
    pub name: String,
    /// What helps at once; empty where nothing does besides.
    pub first: String,
}

/// How many are taken in an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Most {
    /// Of one person.
    pub of_one: u32,
    /// Of one address at which nobody is signed in.
    pub of_an_address: u32,
    /// Of all who are not signed in.
    pub of_strangers: u32,
}

impl Default for Most {
    fn default() -> Self {
        Self { of_one: 5, of_an_address: 6, of_strangers: 120 }
    }
}

/// The content.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Worries {
    version: String,
    source: String,
    first: Vec<String>,
    most: Most,
    what: Vec<What>,
}

impl Worries {
    /// What is compiled in.
    pub fn built_in() -> &'static Self {
        // A test parses the same text. Without it a worry is told in words alone.
        static CONTENT: LazyLock<Worries> = LazyLock::new(|| toml::from_str(BUILT_IN).unwrap_or_default());
        &CONTENT
    }

    /// What is done at once.
    pub fn first(&self) -> &[String] {
        &self.first
    }

    /// How many are taken in an hour.
    pub fn most(&self) -> Most {
        self.most
    }

    /// What can have happened.
    pub fn all(&self) -> &[What] {
        &self.what
    }

    /// The one of that id.
    pub fn named(&self, id: &str) -> Option<&What> {
        self.what.iter().find(|what| what.id == id)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_worry_can_be_chosen_once_and_the_content_says_where_it_is_from() {
        let content: Worries = toml::from_str(BUILT_IN).unwrap();
        assert!(
            !content.version.is_empty() && content.source.contains("ACC-08") && !content.first.is_empty()
        );
        let ids: BTreeSet<&str> = content.all().iter().map(|what| what.id.as_str()).collect();
        assert_eq!(ids.len(), content.all().len());
        for needed in ["password", "used", "other"] {
            assert!(content.named(needed).is_some(), "{needed}");
        }
    }
}
