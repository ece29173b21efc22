//! Opening what is published, as the gate and `explain` do.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use engine::{Catalogue, FilterPolicy, LiveDocument, SealedKey};
use filtering::publish::Published;
use front_sys::map::MappedFile;
use lists::ListIndex;

/// A published snapshot, compiled.
pub struct Opened {
    pub published: Published,
    pub policy: FilterPolicy,
    /// The policy's version in the records.
    pub version: u32,
    pub live: LiveDocument,
    /// To whom sealed records are encrypted.
    pub recipients: Vec<String>,
}

impl Opened {
    /// Opens what holds now. A publication that comes between two reads is met with a second try.
    pub fn open(folder: &Path, key: &SealedKey) -> Result<Self> {
        let mut last = None;
        for _ in 0..3 {
            let Some(published) = Published::read(folder)? else {
                bail!(
                    "nothing has been published to {} yet; `fivebar policy apply` publishes a policy",
                    folder.display()
                );
            };
            match Self::open_published(folder, key, published) {
                Ok(opened) => return Ok(opened),
                Err(error) => last = Some(error),
            }
        }
        Err(last
            .unwrap_or_else(|| anyhow::anyhow!("the published files change faster than they can be read")))
    }

    fn open_published(folder: &Path, key: &SealedKey, published: Published) -> Result<Self> {
        let path = published.lists_path(folder);
        let mapped = MappedFile::open(&path).with_context(|| format!("cannot map {}", path.display()))?;
        let index =
            ListIndex::open(Arc::new(mapped)).with_context(|| format!("cannot use {}", path.display()))?;
        let file = published.policy(folder)?;
        let version = file.version;
        let recipients = file.recipients.open(key)?.to_vec();
        let policy = file.compile(key.clone(), &catalogue()?, Arc::new(index))?;
        Ok(Self { published, policy, version, live: published.live(folder)?, recipients })
    }
}

/// The content that comes with the program.
pub fn catalogue() -> Result<Arc<Catalogue>> {
    Catalogue::built_in().map(Arc::new).map_err(|problems| {
        let words: Vec<String> = problems.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("the content that comes with the program has problems: {}", words.join("; "))
    })
}
