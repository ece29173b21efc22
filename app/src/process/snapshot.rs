//! Opening what is published, as the gate and `explain` do.
//!
//! Where the newest file of a part is missing, cut short, damaged or of no use to this program, the one before it stands
//! in, and whoever opens it says so. The sealed entries never go back unseen: where the policy goes back, they are those
//! of the newest policy file all the same, or the file before it is known to have the same ones, or nothing is opened.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use anyhow::{Context, Result, anyhow, bail};
use engine::published::PublishedError;
use engine::sealed::Unverifiable;
use engine::{Catalogue, FilterPolicy, LiveDocument, Sealed, SealedKey};
use filtering::publish::{Manifests, Part, PolicyFile, Published, PublishedFile};
use front_sys::map::MappedFile;
use kit::Timestamp;
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
    /// The list index that is mapped.
    pub lists: PublishedFile,
    /// What of it is not the newest that was published, because that is damaged.
    pub behind: Vec<Behind>,
}

/// A part of which the newest file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behind {
    part: Part,
    why: String,
    /// When what stands in for it was published.
    since: Option<Timestamp>,
}

impl fmt::Display for Behind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = self.part.words();
        match self.since {
            Some(since) => write!(f, "the {part} published at {since} stand in: {}", self.why),
            None => write!(f, "the {part} published before stand in: {}", self.why),
        }
    }
}

/// What everybody is told while something older stands in.
pub const BEHIND: &str = "Part of what this filter was last told is damaged, so it goes by what it was told before, until that \
                          is put right. Tell the network manager: the service log and `fivebar verify` say more.";

/// A part as it is used: what was read, from which file, and what stands in the way of a newer one.
struct Used<T> {
    value: T,
    file: PublishedFile,
    behind: Option<Behind>,
}

impl Opened {
    /// Opens what holds now. A publication that comes between two reads is met with a second try.
    pub fn open(folder: &Path, key: &SealedKey) -> Result<Self> {
        Self::open_without(folder, key, &[])
    }

    /// The same without list indexes that are known to be damaged in a place that opening one does not read.
    pub fn open_without(folder: &Path, key: &SealedKey, damaged: &[u64]) -> Result<Self> {
        let mut last = None;
        for _ in 0..3 {
            let Some(read) = Manifests::read(folder)? else {
                bail!(
                    "nothing has been published to {} yet; `fivebar policy apply` publishes a policy",
                    folder.display()
                );
            };
            let opened = Self::open_published(folder, key, read.published, damaged);
            // A file that is gone because a newer publication holds by now is no damage.
            let again = Published::read(folder).ok().flatten() != Some(read.published);
            match opened {
                Ok(opened) if opened.behind.is_empty() || !again => return Ok(opened),
                Ok(_) => last = None,
                Err(error) if again => last = Some(error),
                Err(error) => return Err(error),
            }
        }
        Err(last.unwrap_or_else(|| anyhow!("the published files change faster than they can be read")))
    }

    fn open_published(folder: &Path, key: &SealedKey, published: Published, damaged: &[u64]) -> Result<Self> {
        let lists = newest_or_before(folder, published, Part::Lists, |file| {
            if damaged.contains(&file.number) {
                bail!("{}: its checksum is wrong", file.path(folder, Part::Lists).display());
            }
            map_index(folder, file)
        })?;
        let index = Arc::new(lists.value);
        let policy = policy(folder, key, published, &index)?;
        let (file, compiled) = policy.value;
        let live = newest_or_before(folder, published, Part::Live, |file| Ok(file.live(folder)?))?;
        Ok(Self {
            published,
            policy: compiled,
            version: file.version,
            live: live.value,
            recipients: file.recipients.open(key)?.to_vec(),
            lists: lists.file,
            behind: [lists.behind, policy.behind, live.behind].into_iter().flatten().collect(),
        })
    }

    /// Says in the service log what stands in for what.
    pub fn report(&self) {
        for behind in &self.behind {
            tracing::error!("What was published last is damaged; {behind}");
        }
    }
}

/// Whether nothing may be opened because the sealed entries cannot be verified: what the gate does not start with.
pub fn is_unverifiable(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.is::<Unverifiable>() || matches!(cause.downcast_ref(), Some(PublishedError::Sealed(_)))
    })
}

/// The newest file of a part, or the one before it.
fn newest_or_before<T>(
    folder: &Path,
    published: Published,
    part: Part,
    read: impl Fn(PublishedFile) -> Result<T>,
) -> Result<Used<T>> {
    let kept = published.part(part);
    let why = match read(kept.newest) {
        Ok(value) => return Ok(Used { value, file: kept.newest, behind: None }),
        Err(error) => error,
    };
    let Some(before) = kept.before else { return Err(why) };
    match read(before) {
        Ok(value) => Ok(Used { value, file: before, behind: Some(Behind::of(folder, part, before, &why)) }),
        Err(also) => Err(why.context(format!("nor can the {} before it be used: {also:#}", part.words()))),
    }
}

impl Behind {
    fn of(folder: &Path, part: Part, used: PublishedFile, why: &anyhow::Error) -> Self {
        Self { part, why: format!("{why:#}"), since: used.published_at(folder, part) }
    }
}

/// The list index that holds, mapped; without the policy, for whoever asks of lists alone.
pub fn map_lists(folder: &Path) -> Result<ListIndex> {
    let published = Published::read(folder)?.context("no lists have been published yet")?;
    Ok(newest_or_before(folder, published, Part::Lists, |file| map_index(folder, file))?.value)
}

fn map_index(folder: &Path, file: PublishedFile) -> Result<ListIndex> {
    // A map of a file that is too short kills whoever reads behind its end.
    file.has_its_length(folder, Part::Lists)?;
    let path = file.path(folder, Part::Lists);
    let mapped = MappedFile::open(&path).with_context(|| format!("cannot map {}", path.display()))?;
    ListIndex::open(Arc::new(mapped)).with_context(|| format!("cannot use {}", path.display()))
}

/// The newest policy that can be used, compiled.
fn policy(
    folder: &Path,
    key: &SealedKey,
    published: Published,
    index: &Arc<ListIndex>,
) -> Result<Used<(PolicyFile, FilterPolicy)>> {
    let catalogue = catalogue()?;
    let compile = |file: PolicyFile| -> Result<(PolicyFile, FilterPolicy)> {
        file.recipients.open(key)?;
        let compiled = file.compile(key.clone(), &catalogue, Arc::clone(index))?;
        Ok((file, compiled))
    };
    let kept = published.policy;
    let why = match kept.newest.policy(folder).map_err(anyhow::Error::from).and_then(compile) {
        Ok(value) => return Ok(Used { value, file: kept.newest, behind: None }),
        // As it was written, and under another key: no file is better than this one.
        Err(error) if is_unverifiable(&error) => return Err(error),
        Err(error) => error,
    };
    let Some(before) = kept.before else { return Err(why) };
    let mut file = before
        .policy(folder)
        .map_err(|also| anyhow!("{why:#}; nor can the policy before it be used: {also}"))?;
    // What the newest still says of the sealed entries has a seal of its own. Without it, going back is safe only where
    // the entries are known to be the same.
    match kept.newest.policy_unchecked(folder).filter(|newest| is_sealed_by(newest, key, kept.newest.seal)) {
        Some(newest) => {
            file.sealed = newest.sealed;
            if newest.recipients.open(key).is_ok() {
                file.recipients = newest.recipients;
            }
        }
        None if before.seal == kept.newest.seal => {}
        None => return Err(anyhow::Error::from(Unverifiable).context(format!("{why:#}"))),
    }
    let behind = Some(Behind::of(folder, Part::Policy, before, &why));
    Ok(Used { value: compile(file)?, file: before, behind })
}

/// Whether the sealed entries of a damaged file are whole and those that were published with it.
fn is_sealed_by(file: &PolicyFile, key: &SealedKey, seal: Option<u64>) -> bool {
    let begins = file.sealed.seal.get(..16).and_then(|start| u64::from_str_radix(start, 16).ok());
    begins == seal && Sealed::open(key.clone(), &file.sealed).is_ok()
}

/// The content that comes with the program. Read once: it is a good part of what a gate does before its first answer.
pub fn catalogue() -> Result<Arc<Catalogue>> {
    static READ: LazyLock<Result<Arc<Catalogue>, String>> = LazyLock::new(|| {
        Catalogue::built_in()
            .map(Arc::new)
            .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    });
    READ.as_ref()
        .map(Arc::clone)
        .map_err(|words| anyhow!("the content that comes with the program has problems: {words}"))
}
