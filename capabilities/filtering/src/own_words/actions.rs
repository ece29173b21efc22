//! Writing down that a label was changed.

use kit::Timestamp;
use serde_json::json;
use store::{Actor, StoreError, Subject, Tx, trail};
use words::Change;

use super::OwnWords;

kit::reading!(
    /// Reading what the pages say that anybody meets, and in which languages.
    ReadWords(()) = "words.read"
);

kit::action!(
    /// Saying a label of those pages otherwise, or who has checked a language.
    ChangeWords(()) = "words.change"
);

/// Writes a change down. Whoever does holds a permit for it, or the command line.
pub async fn written_down(
    tx: &mut Tx,
    actor: &Actor,
    words: &OwnWords,
    at: Timestamp,
) -> Result<(), StoreError> {
    let (subject, own) = match &words.change {
        Change::Label { key, text } => (Subject::new("words", key), text.is_some()),
        Change::Standing(standing) => (Subject::new("words", "standing"), standing.is_some()),
    };
    let detail = json!({ "language": words.language, "own": own });
    trail::changed(tx, actor, "words.change", &subject, &detail, at).await?;
    Ok(())
}
