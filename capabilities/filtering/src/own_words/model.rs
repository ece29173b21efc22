//! What a label said before it was changed, and says since. Pure.

use kit::Timestamp;

kit::id_kind!(
    /// The id of a change of a label.
    WordChangeId, WordChangeKind, "word-change"
);

/// A label that was said otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordChange {
    /// Its id.
    pub id: WordChangeId,
    /// The language's tag.
    pub language: String,
    /// The label; `standing` for who has checked the language.
    pub label: String,
    /// What the school said before; nothing where that was the program's own.
    pub before: Option<String>,
    /// What it says since; nothing where that is the program's own again.
    pub now: Option<String>,
    /// Who changed it, as the trail writes it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}
