//! Keeping a test as evidence.

use ::store::{Actor, StoreError, Subject, Tx, trail};
use kit::Timestamp;
use notices::Where;
use people::account::notices::{kinds, tell_duties};
use serde_json::json;

use super::model::Report;
use super::{proof, store};

/// Why a test was not kept.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// It cannot be written.
    #[error("the test cannot be written down: {0}")]
    Unwritable(#[from] serde_json::Error),
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Keeps a test, with its entry in the access trail. Gives its number.
pub async fn keep(tx: &mut Tx, actor: &Actor, report: &Report, at: Timestamp) -> Result<u32, KeepError> {
    let number = store::next(tx).await?;
    let text = serde_json::to_string(report)?;
    store::insert(tx, number, actor, report.passed, &text, at).await?;
    let detail = json!({
        "passed": report.passed, "failed": report.failed(), "policy": report.policy, "sha256": proof::hash(&text),
    });
    let subject = Subject::new(proof::KIND, number.to_string());
    trail::changed(tx, actor, proof::VERB, &subject, &detail, at).await?;
    // Whoever is at the command line reads it there.
    if !report.passed && !matches!(actor, Actor::CommandLine(_)) {
        tell_duties(tx, kinds::FILTER_TEST_FAILED, Where::FilterTests, None, at).await?;
    }
    if !report.passed {
        people::event::happened(tx, "filter-test.failed", ("filter-test", number.to_string()), at).await?;
    }
    Ok(number)
}
