//! Which labels the safeguarding lead answers for.

use std::sync::LazyLock;

use serde::Deserialize;

const BUILT_IN: &str = include_str!("../../../../content/help-words.toml");

/// `content/help-words.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct HelpWords {
    #[serde(rename = "version")]
    _version: String,
    #[serde(rename = "source")]
    _source: String,
    labels: Vec<String>,
}

impl HelpWords {
    /// What is compiled in.
    pub fn built_in() -> &'static Self {
        static WORDS: LazyLock<HelpWords> = LazyLock::new(|| {
            // A test parses the same text.
            toml::from_str(BUILT_IN).unwrap_or_default()
        });
        &WORDS
    }

    /// Whether a label is one of them.
    pub fn have(&self, label: &str) -> bool {
        self.labels.iter().any(|one| if one.ends_with('.') { label.starts_with(one) } else { label == one })
    }
}

#[cfg(test)]
mod tests {
    use words::Words;

    use super::*;

    #[test]
    fn what_a_child_in_trouble_reads_is_among_them_and_each_is_a_label() {
        let help: HelpWords = toml::from_str(BUILT_IN).unwrap();
        for label in ["help.danger", "help.private", "block.talk-now", "block.talk"] {
            assert!(help.have(label), "{label}");
        }
        assert!(!help.have("block.title"));
        let words = Words::built_in();
        let labels = words.language("en").unwrap().labels();
        for one in &help.labels {
            let alone = HelpWords { labels: vec![one.clone()], ..HelpWords::default() };
            assert!(labels.keys().any(|label| alone.have(label)), "{one} is no label");
        }
    }
}
