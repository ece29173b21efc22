//! A list and what reading it came to. Pure.

use std::collections::BTreeMap;

use kit::Timestamp;
use lists::{Foreign, Refusal, Refused, Report};
use serde::{Deserialize, Serialize};

/// Whether a list's updates are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// In use, updates are taken.
    Active,
    /// In use as it is; updates wait.
    Held,
}

impl State {
    /// The word in the records and reports.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Held => "held",
        }
    }
}

/// One list as it is in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// Its id: source and name, as in `ut1/games`.
    pub id: String,
    /// Rises with every update.
    pub version: u32,
    /// The ids of the categories it fills.
    pub categories: Vec<String>,
    /// Where it is read from: a path, or `built-in`.
    pub source: String,
    /// Whether updates are taken.
    pub state: State,
    /// SHA-256 of what was read, in hexadecimal.
    pub sha256: String,
    /// What reading it came to.
    pub report: ListReport,
    /// When it was read.
    pub imported_at: Timestamp,
}

/// A file of a list that was refused as a whole; the others are in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedPart {
    /// Its name.
    pub file: String,
    /// What it is.
    pub why: Foreign,
}

/// What reading a list came to: all its files together.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ListReport {
    /// The formats of its files, joined with `+`.
    pub format: String,
    /// Lines read.
    pub lines: u64,
    /// Entries taken.
    pub accepted: u64,
    /// What was refused, by reason, with the first lines of each.
    pub refused: BTreeMap<Refusal, Refused>,
}

impl ListReport {
    /// Adds what one of its files came to.
    pub fn add(&mut self, report: &Report) {
        if !self.format.split('+').any(|format| format == report.format.id()) {
            if !self.format.is_empty() {
                self.format.push('+');
            }
            self.format.push_str(report.format.id());
        }
        self.lines += report.lines;
        self.accepted += report.accepted;
        for (why, refused) in &report.refused {
            let sum = self.refused.entry(*why).or_default();
            sum.count += refused.count;
            let room = Report::FIRST_LINES.saturating_sub(sum.first_lines.len());
            sum.first_lines.extend(refused.first_lines.iter().take(room));
        }
    }

    /// Adds a file that was refused as a whole: each of its lines.
    pub fn add_refused(&mut self, lines: u64) {
        self.lines += lines;
        self.refused.entry(Refusal::AnotherFormat).or_default().count += lines;
    }

    /// How many lines were refused.
    pub fn refused_count(&self) -> u64 {
        self.refused.values().map(|refused| refused.count).sum()
    }
}
