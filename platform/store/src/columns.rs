//! What `columns.toml` says of every column: how sensitive it is, how long it is kept, and whether it goes into a
//! subject access export.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The whole file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// Each retention rule's words, by its id.
    pub kept: BTreeMap<String, String>,
    /// Table, column, what is said of it.
    pub table: BTreeMap<String, BTreeMap<String, Column>>,
}

/// What is said of one column.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// How sensitive.
    pub is: Sensitivity,
    /// The id of the rule that says how long.
    pub kept: String,
    /// Whether a person who asks what is held of them is given it.
    pub export: bool,
}

/// How sensitive a column is, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sensitivity {
    /// Nothing about a person, and nothing a pupil could use against the filter.
    Plain,
    /// How the school is set up: not for pupils or the public.
    Internal,
    /// A number or reference that leads to a person for whoever has the roll.
    Pseudonym,
    /// About a person: a name, an address, what they asked for.
    Personal,
    /// What a person wrote in their own words: nothing is known of what it holds.
    Words,
    /// What proves who somebody is: never shown, exported or logged.
    Secret,
}

/// The file that is compiled into the program.
pub fn columns() -> Result<Columns, toml::de::Error> {
    toml::from_str(include_str!("../columns.toml"))
}
