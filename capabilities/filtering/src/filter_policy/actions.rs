//! Checking and applying.

use std::collections::BTreeSet;
use std::sync::Arc;

use ::store::{Actor, StoreError, Subject, Tx, trail};
use engine::catalogue::Catalogue;
use engine::policy::{Beside, Covered, review};
use engine::{FilterPolicy, PolicyDocument, Problem, Sealed};
use kit::Timestamp;
use lists::{IndexBuilder, ListIndex, Seed};
use serde_json::json;

use super::{proof, store};
use crate::list::categories_in_use;

/// One version of the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// From 1, without gaps.
    pub number: u32,
    /// The document as it was given, comments and all.
    pub text: String,
    /// Why it was applied.
    pub note: String,
    /// Who applied it, as the trail writes it.
    pub applied_by: String,
    /// When.
    pub at: Timestamp,
}

impl Version {
    /// The document, with the number it has in the records.
    pub fn document(&self) -> Result<PolicyDocument, Vec<Problem>> {
        let mut document = PolicyDocument::parse(&self.text)?;
        document.version = self.number;
        Ok(document)
    }
}

/// Everything that is wrong with a document, or worth a look, as it would be compiled beside these sealed entries: all of
/// it together, in the order of the lines. `listed` are the categories that the lists in use give, where that is to be
/// looked at. The document where it can be applied.
pub fn check(
    text: &str,
    catalogue: &Arc<Catalogue>,
    sealed: &Arc<Sealed>,
    listed: Option<&BTreeSet<String>>,
) -> (Option<PolicyDocument>, Vec<Problem>) {
    let (document, mut problems) = PolicyDocument::read(text);
    let is_whole = problems.is_empty();
    if let Some(document) = &document {
        match compile(document, catalogue, sealed, Covered::Refuse) {
            Ok(policy) => problems.extend_from_slice(policy.warnings()),
            Err(found) => problems.extend(found),
        }
        problems.extend(review(document, &Beside { catalogue, listed, is_whole }));
    }
    problems.sort_by_key(|problem| problem.line);
    problems.dedup();
    (document.filter(|_| !Problem::any_error(&problems)), problems)
}

/// The same for the policy in force: a rule that newer sealed entries cover is left out with a warning, since sealed
/// entries never wait for a policy to be put right.
pub fn check_in_force(
    text: &str,
    catalogue: &Arc<Catalogue>,
    sealed: &Arc<Sealed>,
) -> (Option<PolicyDocument>, Vec<Problem>) {
    match in_force(text, catalogue, sealed) {
        Ok(policy) => (Some(policy.document().clone()), policy.warnings().to_vec()),
        Err(problems) => (None, problems),
    }
}

/// The policy in force, compiled without a list: it has every group and rule, and knows no site by its category.
pub fn in_force(
    text: &str,
    catalogue: &Arc<Catalogue>,
    sealed: &Arc<Sealed>,
) -> Result<FilterPolicy, Vec<Problem>> {
    compile(&PolicyDocument::parse(text)?, catalogue, sealed, Covered::Drop)
}

fn compile(
    document: &PolicyDocument,
    catalogue: &Arc<Catalogue>,
    sealed: &Arc<Sealed>,
    covered: Covered,
) -> Result<FilterPolicy, Vec<Problem>> {
    // Which sites a list holds has no part in whether a document is right, so none is needed.
    let index =
        IndexBuilder::new(Seed([0; 16])).build().ok().and_then(|image| ListIndex::open(Arc::new(image)).ok());
    let Some(index) = index else {
        return Err(vec![Problem::error(
            0,
            "the empty list index cannot be made",
            "This is a fault of the program.",
        )]);
    };
    FilterPolicy::compile_with(document, catalogue, Arc::new(index), sealed, covered)
}

/// Why a document was not applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// It has problems; nothing was changed.
    #[error("the policy has problems, so nothing was changed")]
    Problems(Vec<Problem>),
    /// A change that nobody can explain later.
    #[error("say why the policy is changed; the note is kept with the version")]
    NoNote,
    /// It says what the policy in force says.
    #[error("this is the policy in force already, version {0}; nothing was changed")]
    Unchanged(u32),
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a document the policy in force. Publish afterwards, and it is live within two seconds.
pub async fn apply(
    tx: &mut Tx,
    actor: &Actor,
    text: &str,
    note: &str,
    catalogue: &Arc<Catalogue>,
    sealed: &Arc<Sealed>,
    at: Timestamp,
) -> Result<(Version, Vec<Problem>), ApplyError> {
    let listed = categories_in_use(tx).await?;
    let (document, problems) = check(text, catalogue, sealed, Some(&listed));
    if document.is_none() {
        return Err(ApplyError::Problems(problems));
    }
    if note.trim().is_empty() {
        return Err(ApplyError::NoNote);
    }
    let before = store::newest(tx).await?;
    if let Some(before) = &before
        && before.text == text
    {
        return Err(ApplyError::Unchanged(before.number));
    }
    // A number that the trail knows is never given again, even where its version has gone missing.
    let known = proof::entries(tx).await?;
    let known = known.iter().filter_map(|entry| entry.subject_id.parse().ok()).max().unwrap_or(0);
    let version = Version {
        number: before.map_or(0, |before| before.number).max(known) + 1,
        text: text.to_owned(),
        note: note.trim().to_owned(),
        applied_by: actor.to_string(),
        at,
    };
    store::insert(tx, &version).await?;
    let subject = Subject::new(proof::KIND, version.number);
    let detail = json!({ "sha256": proof::hash(text) });
    trail::changed(tx, actor, proof::VERB, &subject, &detail, at).await?;
    Ok((version, problems))
}

/// The policy in force.
pub async fn current(tx: &mut Tx) -> Result<Option<Version>, StoreError> {
    store::newest(tx).await
}

/// An earlier version.
pub async fn at_version(tx: &mut Tx, number: u32) -> Result<Option<Version>, StoreError> {
    store::by_number(tx, number).await
}

/// Every version, newest first.
pub async fn history(tx: &mut Tx) -> Result<Vec<Version>, StoreError> {
    store::all(tx).await
}
