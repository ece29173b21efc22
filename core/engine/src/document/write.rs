//! The document as canonical TOML.

use super::PolicyDocument;

impl PolicyDocument {
    /// The document in its one canonical form: reading it back gives an equal document, and writing that gives the same
    /// text. Comments of the original are not kept.
    pub fn to_toml(&self) -> String {
        // Every field is a plain value, so serialising cannot fail; an empty text would be refused on reading.
        toml::to_string_pretty(self).unwrap_or_default()
    }
}
