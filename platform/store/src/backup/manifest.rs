//! What an archive says of itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The form of archives this program writes and reads.
pub const FORM: u32 = 1;
/// The manifest's name in the archive: its last file.
pub const NAME: &str = "manifest.json";

/// The last file of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The form of the archive.
    pub form: u32,
    /// The version of the program that wrote it.
    pub program: String,
    /// When it was begun, in RFC 3339.
    pub made_at: String,
    /// The number of the records' shape.
    pub shape: i64,
    /// The records.
    pub records: RecordsLine,
    /// How many rows each table has.
    pub rows: BTreeMap<String, i64>,
    /// The access trail.
    pub trail: TrailLine,
    /// The files of the home folder.
    pub files: Vec<FileLine>,
    /// Links, sockets and the like that were left out, by path.
    pub left_out: Vec<String>,
}

/// The records in an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordsLine {
    /// `sqlite` or `postgres`.
    pub engine: String,
    /// The name in the archive.
    pub name: String,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
    /// The size.
    pub bytes: u64,
}

/// Where the access trail stood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrailLine {
    /// How many entries.
    pub entries: i64,
    /// The hash of the last.
    pub head: String,
}

/// One file of the home folder in an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileLine {
    /// Its path from the home folder, with `/`.
    pub path: String,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
    /// The size.
    pub bytes: u64,
    /// Who may read and write it, as `chmod` counts.
    pub mode: u32,
}
