//! The policy as the hub publishes it to the gates.

use std::sync::Arc;

use lists::ListIndex;
use serde::{Deserialize, Serialize};
use words::{Own, Words};

use crate::catalogue::Catalogue;
use crate::document::{PolicyDocument, Problem};
use crate::policy::{Covered, FilterPolicy};
use crate::sealed::{Recipients, Sealed, SealedHashes, SealedKey, Unverifiable};

/// What lies in `gate/policy.json`: the document as text and the sealed entries as hashes. The list index lies beside
/// it in a file of its own; the school's key comes from the gate's own secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Published {
    /// The version of the document, for the reader.
    pub version: u32,
    /// The document, in TOML.
    pub document: String,
    /// The sealed entries.
    #[serde(default)]
    pub sealed: SealedHashes,
    /// To whom the gate encrypts its records of sealed addresses.
    #[serde(default)]
    pub recipients: Recipients,
    /// The hosts of the school's own portal: names and addresses, each for itself. They are essential, so that nobody
    /// is kept from asking why, or from reporting. And `*.zone` for each zone that the school's own servers answer for.
    #[serde(default)]
    pub portal: Vec<String>,
    /// What the school says in its own words on the pages that anybody meets, over the words that come with the program.
    #[serde(default, skip_serializing_if = "Own::is_empty")]
    pub words: Own,
}

/// Why a published policy cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PublishedError {
    /// The sealed entries and the key do not belong together. The gate does not start.
    #[error(transparent)]
    Sealed(#[from] Unverifiable),
    /// The document has errors.
    #[error("the published policy has {} problems; the first: {}", .0.len(), .0.first().map(ToString::to_string).unwrap_or_default())]
    Document(Vec<Problem>),
}

impl Published {
    /// Publishes a document with sealed entries.
    pub fn new(document: &PolicyDocument, sealed: &Sealed) -> Self {
        Self {
            version: document.version,
            document: document.to_toml(),
            sealed: sealed.publish(),
            recipients: Recipients::default(),
            portal: Vec::new(),
            words: Own::default(),
        }
    }

    /// Compiles it for a gate. Exemptions that new sealed entries cover are left out, with a warning in
    /// [`FilterPolicy::warnings`]: sealed entries never wait for a policy to be put right.
    pub fn compile(
        &self,
        key: SealedKey,
        catalogue: &Arc<Catalogue>,
        index: Arc<ListIndex>,
    ) -> Result<FilterPolicy, PublishedError> {
        let sealed = Arc::new(Sealed::open(key, &self.sealed)?);
        let document = PolicyDocument::parse(&self.document).map_err(PublishedError::Document)?;
        let catalogue = catalogue.with_portal(&self.portal);
        let words = if self.words.is_empty() {
            Words::built_in()
        } else {
            Arc::new(Words::built_in().with(&self.words))
        };
        FilterPolicy::compile_with(&document, &catalogue, index, &sealed, Covered::Drop)
            .map(|policy| policy.with_words(words))
            .map_err(PublishedError::Document)
    }
}
