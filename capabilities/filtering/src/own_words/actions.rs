//! Writing down that a label was changed.

use kit::Timestamp;
use serde_json::json;
use store::{Actor, StoreError, Subject, Tx, trail};
use words::{Change, Words};

use super::model::WordChange;
use super::{OwnWords, store as table};
use crate::sealed::actions::sha256;

kit::reading!(
    /// Reading what the pages say that anybody meets, and in which languages.
    ReadWords(()) = "words.read"
);

kit::action!(
    /// Saying a label of those pages otherwise, or who has checked a language.
    ChangeWords(()) = "words.change"
);

kit::action!(
    /// Saying otherwise what a child in trouble reads: a label of [`HelpWords`](super::HelpWords).
    ChangeHelpWords(()) = "words.change-help"
);

/// How changes of who has checked a language are kept beside those of labels.
pub const STANDING: &str = "standing";
/// So many earlier texts of a label are shown.
const SHOWN: u64 = 10;

/// Writes a change down, with what the school said before: both texts in a table of their own, in the trail what proves them. Whoever
/// does holds a permit for it, or the command line.
pub async fn written_down(
    tx: &mut Tx,
    actor: &Actor,
    words: &OwnWords,
    in_use: &Words,
    at: Timestamp,
) -> Result<(), StoreError> {
    let (label, now) = match &words.change {
        Change::Label { key, text } => (key.as_str(), text.clone()),
        Change::Standing(standing) => (STANDING, standing.clone()),
    };
    let change = WordChange {
        id: tx.ids().make(at),
        language: words.language.clone(),
        label: label.to_owned(),
        before: said(in_use, &words.language, label),
        now,
        by: actor.to_string(),
        at,
    };
    table::insert(tx, &change).await?;
    let hash = |text: &Option<String>| text.as_ref().map(|text| sha256(text.as_bytes()));
    let detail = json!({
        "language": change.language, "own": change.now.is_some(), "before": hash(&change.before), "now": hash(&change.now),
    });
    trail::changed(tx, actor, "words.change", &Subject::new("words", label), &detail, at).await?;
    Ok(())
}

/// What the school says of a label in its own words; nothing where it says what the program does.
fn said(in_use: &Words, language: &str, label: &str) -> Option<String> {
    let program = Words::built_in();
    let (ours, theirs) = (in_use.language(language)?, program.language(language)?);
    let (ours, theirs) = match label {
        STANDING => (Some(ours.standing.as_str()), Some(theirs.standing.as_str())),
        _ => (ours.text(label), theirs.text(label)),
    };
    ours.filter(|_| ours != theirs).map(str::to_owned)
}

/// How a label was changed, newest first: the last ten.
pub async fn changes(tx: &mut Tx, language: &str, label: &str) -> Result<Vec<WordChange>, StoreError> {
    table::newest(tx, language, label, SHOWN).await
}
