//! What an index says about each list in it.

use serde::{Deserialize, Serialize};

use crate::hits::ListNo;

/// A list, as its importer names it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ListHead {
    /// The list's id, stable across versions: `ut1/games`.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The ids of the categories it stands for (`content/categories.toml`).
    pub categories: Vec<String>,
    /// What the index holds of it. Filled in when the index is built.
    #[serde(default)]
    pub tally: Tally,
    /// Where these are exceptions of a list, the numbers of that list's parts which they take names out of. Filled in
    /// when the index is built; the number of such a head is never met in an answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excepts: Vec<ListNo>,
}

/// How many different entries of each kind an index holds of one list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// Names: exact ones and ones that stand for everything below them.
    pub names: u64,
    /// Addresses and ranges of addresses.
    pub ranges: u64,
    /// Parts of hosts: a host with the start of a path.
    pub paths: u64,
    /// Expressions.
    pub expressions: u64,
    /// Entries that the list had given already.
    pub duplicates: u64,
}
