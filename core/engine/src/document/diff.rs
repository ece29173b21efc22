//! What changed between two versions of a policy, in sentences.

use super::PolicyDocument;

/// The differences from `old` to `new`, one sentence each.
pub fn differences(old: &PolicyDocument, new: &PolicyDocument) -> Vec<String> {
    let mut all = Vec::new();
    if old.title != new.title {
        all.push(format!("The title changed from {:?} to {:?}.", old.title, new.title));
    }
    all
}
