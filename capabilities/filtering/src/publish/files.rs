//! The published files: what the hub (or a command) hands to gates through `home/gate/`.
//!
//! ```text
//! CURRENT            which of the files below hold, as JSON; renamed into place last
//! policy-<n>.json    the policy document and the sealed hashes
//! lists-<n>.idx      the list index, mapped by every reader
//! live-<n>.json      overrides, focus, withheld, the roll
//! NEXT               what will be CURRENT once the records hold it
//! LOCK               held while somebody publishes
//! ```
//!
//! A part that has not changed keeps its file, so an override costs one small file. Every file is written beside its
//! name, synced and renamed, and once it holds it is never written again. All of them are written before the change is
//! committed, so that what cannot be published is not kept; `CURRENT` is renamed after it, so that a gate never goes by
//! what the records do not hold. A reader that follows `CURRENT` sees whole files only. Files
//! that no longer hold go with the publication after the next, so a reader that has just read `CURRENT` still finds
//! them; a mapped file outlives its name.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use ::store::{StoreError, Tx};
use engine::LiveDocument;
pub use engine::published::Published as PolicyFile;
use serde::{Deserialize, Serialize};

/// What holds now: the content of `CURRENT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// Rises with every publication.
    pub generation: u64,
    /// The number of the policy file.
    pub policy: u64,
    /// The number of the list index.
    pub lists: u64,
    /// The number of the live file.
    pub live: u64,
}

/// Why something could not be published or read back.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// A file could not be read or written.
    #[error("{}: {source}; check that the folder is there, that there is room, and that this account may use it", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is not what it should be.
    #[error("{} is damaged ({what}); publish again with `fivebar lists update`", .path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// In what way.
        what: String,
    },
    /// The list index could not be written.
    #[error("cannot write the list index: {0}")]
    Index(#[from] lists::BuildError),
    /// Nothing was published before, so all three parts are needed.
    #[error("nothing has been published yet, so a policy and lists must be published before anything else")]
    First,
}

fn file(path: &Path) -> impl FnOnce(io::Error) -> PublishError {
    let path = path.to_owned();
    move |source| PublishError::File { path, source }
}

impl Published {
    /// What holds in `folder`; `None` where nothing was ever published.
    pub fn read(folder: &Path) -> Result<Option<Self>, PublishError> {
        let path = folder.join("CURRENT");
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|error| PublishError::Damaged { path, what: error.to_string() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(file(&path)(error)),
        }
    }

    /// Whether policy and lists are the same, so that only the live part is to be swapped.
    pub const fn same_policy(&self, other: &Self) -> bool {
        self.policy == other.policy && self.lists == other.lists
    }

    /// The policy file.
    pub fn policy_path(&self, folder: &Path) -> PathBuf {
        folder.join(format!("policy-{}.json", self.policy))
    }

    /// The list index.
    pub fn lists_path(&self, folder: &Path) -> PathBuf {
        folder.join(format!("lists-{}.idx", self.lists))
    }

    /// The live file.
    pub fn live_path(&self, folder: &Path) -> PathBuf {
        folder.join(format!("live-{}.json", self.live))
    }

    /// Reads the policy file.
    pub fn policy(&self, folder: &Path) -> Result<PolicyFile, PublishError> {
        read_json(&self.policy_path(folder))
    }

    /// Reads the live file.
    pub fn live(&self, folder: &Path) -> Result<LiveDocument, PublishError> {
        read_json(&self.live_path(folder))
    }

    fn names(&self) -> [String; 3] {
        [
            format!("policy-{}.json", self.policy),
            format!("lists-{}.idx", self.lists),
            format!("live-{}.json", self.live),
        ]
    }
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, PublishError> {
    let bytes = fs::read(path).map_err(file(path))?;
    serde_json::from_slice(&bytes)
        .map_err(|error| PublishError::Damaged { path: path.to_owned(), what: error.to_string() })
}

/// The parts to publish; what is `None` stays as it is.
#[derive(Default)]
pub struct Parts<'a> {
    /// The policy.
    pub policy: Option<&'a PolicyFile>,
    /// The lists, as a builder with every active list in it.
    pub lists: Option<lists::IndexBuilder>,
    /// The live part; its `version` is set to the generation.
    pub live: Option<LiveDocument>,
}

/// A publisher's turn: publishers wait for each other, from before the records are read until the gate goes by them or
/// nothing came of it.
pub struct Turn {
    folder: PathBuf,
    before: Option<Published>,
    _lock: File,
}

impl Turn {
    /// Waits for it.
    pub fn take(folder: &Path) -> Result<Self, PublishError> {
        let lock_path = folder.join("LOCK");
        let lock = File::create(&lock_path).map_err(file(&lock_path))?;
        lock.lock().map_err(file(&lock_path))?;
        Ok(Self { folder: folder.to_owned(), before: Published::read(folder)?, _lock: lock })
    }

    /// Whether nothing was ever published here.
    pub const fn is_first(&self) -> bool {
        self.before.is_none()
    }

    /// Writes the parts that are given beside those that hold, down to the disk. No gate goes by them yet: what is left
    /// to do needs no room. What was written goes again where nothing comes of it.
    pub fn prepare(self, parts: Parts<'_>) -> Result<Prepared, PublishError> {
        let before = self.before;
        if before.is_none() && (parts.policy.is_none() || parts.lists.is_none() || parts.live.is_none()) {
            return Err(PublishError::First);
        }
        let generation = before.map_or(0, |before| before.generation) + 1;
        let mut now = before.unwrap_or(Published { generation, policy: 0, lists: 0, live: 0 });
        now.generation = generation;
        if parts.policy.is_some() {
            now.policy = generation;
        }
        if parts.lists.is_some() {
            now.lists = generation;
        }
        if parts.live.is_some() {
            now.live = generation;
        }
        let prepared = Prepared { turn: self, now, is_live: false };
        prepared.write(parts)?;
        Ok(prepared)
    }
}

/// Files that are written and that no gate goes by yet. Dropped, they are gone.
#[must_use = "what is prepared goes live with the commit of its transaction"]
pub struct Prepared {
    turn: Turn,
    now: Published,
    is_live: bool,
}

/// Why a change did not come about, or not wholly.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// It is not in the records, and no gate goes by it.
    #[error("nothing was changed, in the records or at the gate: {0}")]
    NotKept(#[source] StoreError),
    /// It is in the records, and the gate goes by what it had.
    #[error(
        "the change is kept in the records, but the gate goes by what it had: {0}. It is published with the next change \
         and whenever the hub starts; lists are by `fivebar lists update`"
    )]
    NotLive(#[source] PublishError),
}

impl Prepared {
    /// Commits the transaction that it was prepared from, and then lets the gate go by it: a gate never enforces what
    /// the records do not hold.
    pub async fn commit(self, tx: Tx) -> Result<Published, CommitError> {
        tx.commit().await.map_err(CommitError::NotKept)?;
        self.go_live().map_err(CommitError::NotLive)
    }

    fn write(&self, parts: Parts<'_>) -> Result<(), PublishError> {
        let (now, folder) = (&self.now, &*self.turn.folder);
        if let Some(policy) = parts.policy {
            write(&now.policy_path(folder), |out| {
                Ok(serde_json::to_writer(out, policy).map_err(io::Error::from)?)
            })?;
        }
        if let Some(builder) = parts.lists {
            write(&now.lists_path(folder), |out| Ok(builder.write_to(out)?))?;
        }
        if let Some(mut live) = parts.live {
            live.version = now.generation;
            write(&now.live_path(folder), |out| {
                Ok(serde_json::to_writer(out, &live).map_err(io::Error::from)?)
            })?;
        }
        write(&self.next(), |out| Ok(serde_json::to_writer(out, &now).map_err(io::Error::from)?))
    }

    fn next(&self) -> PathBuf {
        self.turn.folder.join("NEXT")
    }

    /// Names what was prepared as what holds: one rename.
    fn go_live(mut self) -> Result<Published, PublishError> {
        let current = self.turn.folder.join("CURRENT");
        fs::rename(self.next(), &current).map_err(file(&current))?;
        self.is_live = true;
        File::open(&self.turn.folder).and_then(|folder| folder.sync_all()).map_err(file(&current))?;
        sweep(&self.turn.folder, &self.now, self.turn.before.as_ref());
        Ok(self.now)
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        if self.is_live {
            return;
        }
        let _ = fs::remove_file(self.next());
        let held = self.turn.before.iter().flat_map(Published::names).collect::<Vec<_>>();
        for name in self.now.names().iter().filter(|name| !held.contains(name)) {
            let _ = fs::remove_file(self.turn.folder.join(name));
        }
    }
}

/// What can go wrong while a file is written, before it is known which file.
enum WriteError {
    Io(io::Error),
    Index(lists::BuildError),
}
impl From<io::Error> for WriteError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
impl From<lists::BuildError> for WriteError {
    fn from(error: lists::BuildError) -> Self {
        Self::Index(error)
    }
}

/// Writes a file beside its name, syncs it, gives it its name and syncs the folder. Whatever fails leaves what was
/// there.
fn write(
    path: &Path,
    content: impl FnOnce(&mut dyn Write) -> Result<(), WriteError>,
) -> Result<(), PublishError> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".tmp");
    let unfinished = PathBuf::from(unfinished);
    let written = (|| {
        let mut out = BufWriter::with_capacity(1 << 20, File::create(&unfinished)?);
        content(&mut out)?;
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(&unfinished, path)?;
        if let Some(folder) = path.parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    })();
    if written.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    written.map_err(|error| match error {
        WriteError::Io(source) => PublishError::File { path: path.to_owned(), source },
        WriteError::Index(error) => PublishError::Index(error),
    })
}

/// Removes files that neither this publication nor the one before names. What cannot be removed is tried again with
/// the next publication.
fn sweep(folder: &Path, now: &Published, before: Option<&Published>) {
    let mut kept: Vec<String> = now.names().into();
    kept.extend(before.iter().flat_map(|before| before.names()));
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let ours = ["policy-", "lists-", "live-"].iter().any(|start| name.starts_with(start));
        if ours && !kept.iter().any(|kept| kept == name) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Reads everything that is published and compares every checksum; the generation if all is well.
pub fn verify(folder: &Path) -> Result<u64, PublishError> {
    let published = Published::read(folder)?.ok_or(PublishError::First)?;
    let policy = published.policy(folder)?;
    engine::PolicyDocument::parse(&policy.document).map_err(|problems| PublishError::Damaged {
        path: published.policy_path(folder),
        what: problems.first().map_or_else(String::new, ToString::to_string),
    })?;
    published.live(folder)?;
    let path = published.lists_path(folder);
    let bytes = fs::read(&path).map_err(file(&path))?;
    let damaged =
        |error: lists::OpenError| PublishError::Damaged { path: path.clone(), what: error.to_string() };
    lists::ListIndex::open(std::sync::Arc::new(bytes)).map_err(damaged)?.verify().map_err(damaged)?;
    Ok(published.generation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::sealed::{Recipients, SealedHashes};

    fn policy(version: u32) -> PolicyFile {
        PolicyFile {
            version,
            document: String::new(),
            sealed: SealedHashes::default(),
            recipients: Recipients::default(),
        }
    }

    fn publish(folder: &Path, parts: Parts<'_>) -> Result<Published, PublishError> {
        Turn::take(folder)?.prepare(parts)?.go_live()
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn empty_lists() -> lists::IndexBuilder {
        lists::IndexBuilder::new(lists::Seed([1; 16]))
    }

    #[test]
    fn the_first_publication_needs_everything() {
        let folder = tempfile::tempdir().unwrap();
        let parts = Parts { live: Some(LiveDocument::default()), ..Parts::default() };
        assert!(matches!(publish(folder.path(), parts), Err(PublishError::First)));
        assert_eq!(Published::read(folder.path()).unwrap(), None);
    }

    #[test]
    fn a_part_that_has_not_changed_keeps_its_file_and_old_files_go() {
        let folder = tempfile::tempdir().unwrap();
        let first = publish(
            folder.path(),
            Parts {
                policy: Some(&policy(1)),
                lists: Some(empty_lists()),
                live: Some(LiveDocument::default()),
            },
        )
        .unwrap();
        assert_eq!(first, Published { generation: 1, policy: 1, lists: 1, live: 1 });
        for generation in 2..5 {
            let parts = Parts { live: Some(LiveDocument::default()), ..Parts::default() };
            let now = publish(folder.path(), parts).unwrap();
            assert_eq!(now, Published { generation, live: generation, ..first });
            assert!(now.same_policy(&first));
        }
        let names = names(folder.path());
        assert_eq!(names, ["CURRENT", "LOCK", "lists-1.idx", "live-3.json", "live-4.json", "policy-1.json"]);
        assert_eq!(Published::read(folder.path()).unwrap().unwrap().live(folder.path()).unwrap().version, 4);
    }

    #[test]
    fn a_failure_leaves_what_was_published() {
        let folder = tempfile::tempdir().unwrap();
        publish(
            folder.path(),
            Parts {
                policy: Some(&policy(1)),
                lists: Some(empty_lists()),
                live: Some(LiveDocument::default()),
            },
        )
        .unwrap();
        // A folder stands where the new file is to be written.
        fs::create_dir(folder.path().join("policy-2.json.tmp")).unwrap();
        let parts = Parts { policy: Some(&policy(2)), ..Parts::default() };
        assert!(matches!(publish(folder.path(), parts), Err(PublishError::File { .. })));
        assert_eq!(Published::read(folder.path()).unwrap().unwrap().generation, 1);
    }

    #[test]
    fn what_is_prepared_and_comes_to_nothing_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let all = |version| Parts {
            policy: Some(version),
            lists: Some(empty_lists()),
            live: Some(LiveDocument::default()),
        };
        let (first, second) = (policy(1), policy(2));
        publish(folder.path(), all(&first)).unwrap();
        let (before, files) = (Published::read(folder.path()).unwrap(), names(folder.path()));
        let prepared = Turn::take(folder.path()).unwrap().prepare(all(&second)).unwrap();
        assert_eq!(Published::read(folder.path()).unwrap(), before, "no gate goes by it yet");
        drop(prepared);
        assert_eq!((Published::read(folder.path()).unwrap(), names(folder.path())), (before, files));
        assert_eq!(publish(folder.path(), all(&second)).unwrap().generation, 2);
    }

    #[test]
    fn what_cannot_be_named_as_holding_says_so_and_leaves_what_holds() {
        let folder = tempfile::tempdir().unwrap();
        let first = policy(1);
        let parts =
            Parts { policy: Some(&first), lists: Some(empty_lists()), live: Some(LiveDocument::default()) };
        let prepared = Turn::take(folder.path()).unwrap().prepare(parts).unwrap();
        fs::create_dir(folder.path().join("CURRENT")).unwrap();
        assert!(matches!(prepared.go_live(), Err(PublishError::File { .. })));
    }
}
