//! What is wrong with a policy document, said so that a person can put it right.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The policy works, and probably not as meant.
    Warning,
    /// The policy cannot be used.
    Error,
}

/// One thing wrong with a document. Problems are gathered and shown together, so that a document is put right in one
/// sitting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The line of the document, from 1; 0 where none is to blame.
    pub line: u32,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
    /// How bad it is.
    pub severity: Severity,
}

impl Problem {
    /// A problem that keeps the policy from being used.
    pub fn error(line: u32, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { line, message: message.into(), remedy: remedy.into(), severity: Severity::Error }
    }

    /// A problem that the school should look at.
    pub fn warning(line: u32, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { line, message: message.into(), remedy: remedy.into(), severity: Severity::Warning }
    }

    /// Whether the policy cannot be used because of it.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Whether any of `problems` keeps the policy from being used.
    pub fn any_error(problems: &[Self]) -> bool {
        problems.iter().any(Self::is_error)
    }
}

/// `line 12: there is no group "year-14". Write one of the groups, or add it.` The caller puts the file before it.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}: ", self.line)?;
        }
        write!(f, "{}. {}", self.message, self.remedy)
    }
}

/// The line an item of a document began at, from 1; 0 for an item that was not read from text. Where a thing stands is
/// no part of what it says, so any two are equal.
#[derive(Debug, Clone, Copy, Default)]
pub struct Line(pub u32);

impl Line {
    /// The line, or another where it is not known.
    pub const fn or(self, other: u32) -> u32 {
        if self.0 == 0 { other } else { self.0 }
    }
}

impl PartialEq for Line {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl Eq for Line {}

/// The lines at which the items of an array stand, in their order. No part of what is said either.
#[derive(Debug, Clone, Default)]
pub struct Lines(pub Vec<u32>);

impl Lines {
    /// The line of the item at that place; 0 where it was not read from text.
    pub fn of(&self, place: usize) -> u32 {
        self.0.get(place).copied().unwrap_or(0)
    }
}

impl PartialEq for Lines {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl Eq for Lines {}
