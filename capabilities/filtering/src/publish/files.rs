//! The published files: what the hub (or a command) hands to gates through `home/gate/`.
//!
//! ```text
//! CURRENT            which of the files below hold, as JSON; renamed into place last
//! CURRENT.copy       the same once more, for when CURRENT is damaged
//! policy-<n>.json    the policy document and the sealed hashes
//! lists-<n>.idx      the list index, mapped by every reader
//! live-<n>.json      overrides, focus, withheld, the roll
//! NEXT, NEXT.copy    what will be CURRENT and its copy once the records hold it
//! LOCK               held while somebody publishes
//! ```
//!
//! A part that has not changed keeps its file, so an override costs one small file. Every file is written beside its
//! name, synced and renamed, and once it holds it is never written again. All of them are written before the change is
//! committed, so that what cannot be published is not kept; `CURRENT` is renamed after it, so that a gate never goes by
//! what the records do not hold. A reader that follows `CURRENT` sees whole files only. Of every part the file before the
//! one that holds is kept, with its length and checksum, for a gate that finds the newest damaged. Files that are older go
//! with the publication after the next, so a reader that has just read `CURRENT` still finds them; a mapped file outlives
//! its name.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use engine::LiveDocument;
pub use engine::published::Published as PolicyFile;

use super::manifest::{Kept, Manifests, Part, Published, PublishedFile};
use super::prepared::Prepared;

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

pub(super) fn file(path: &Path) -> impl FnOnce(io::Error) -> PublishError {
    let path = path.to_owned();
    move |source| PublishError::File { path, source }
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
    pub(super) folder: PathBuf,
    pub(super) before: Option<Published>,
    _lock: File,
}

impl Turn {
    /// Waits for it.
    pub fn take(folder: &Path) -> Result<Self, PublishError> {
        let lock_path = folder.join("LOCK");
        let lock = File::create(&lock_path).map_err(file(&lock_path))?;
        lock.lock().map_err(file(&lock_path))?;
        let before = match Manifests::read(folder) {
            Ok(read) => read.map(|read| read.published),
            // Whatever held, all of it is published anew.
            Err(PublishError::Damaged { .. }) => None,
            Err(error) => return Err(error),
        };
        Ok(Self { folder: folder.to_owned(), before, _lock: lock })
    }

    /// Whether nothing was ever published here, or nothing tells what was.
    pub const fn is_first(&self) -> bool {
        self.before.is_none()
    }

    /// Whether a part must be written anew, whatever has changed: what holds of it is missing, cut short or damaged. Of
    /// the lists only the length and what opening one reads is looked at; [`super::damaged`] reads all of it.
    pub fn needs(&self, part: Part) -> bool {
        let Some(newest) = self.before.as_ref().map(|before| before.part(part).newest) else { return true };
        match part {
            Part::Lists => newest.has_its_length(&self.folder, part),
            Part::Policy | Part::Live => newest.is_whole(&self.folder, part),
        }
        .is_err()
    }

    /// Writes the parts that are given beside those that hold, down to the disk. No gate goes by them yet: what is left
    /// to do needs no room. What was written goes again where nothing comes of it.
    pub fn prepare(self, parts: Parts<'_>) -> Result<Prepared, PublishError> {
        let before = self.before;
        if before.is_none() && (parts.policy.is_none() || parts.lists.is_none() || parts.live.is_none()) {
            return Err(PublishError::First);
        }
        let generation = before.map_or_else(|| highest(&self.folder), |before| before.generation) + 1;
        let mut now = Published { generation, ..before.unwrap_or_default() };
        let given = [
            (Part::Policy, parts.policy.is_some()),
            (Part::Lists, parts.lists.is_some()),
            (Part::Live, parts.live.is_some()),
        ];
        for (part, _) in given.into_iter().filter(|(_, given)| *given) {
            let kept = now.part_mut(part);
            *kept = Kept {
                newest: PublishedFile { number: generation, ..PublishedFile::default() },
                // What is damaged is no way back; what was before it may still be.
                before: before.and_then(|_| {
                    [Some(kept.newest), kept.before]
                        .into_iter()
                        .flatten()
                        .find(|file| file.is_whole(&self.folder, part).is_ok())
                }),
            };
        }
        let mut prepared = Prepared { turn: self, now, is_live: false, origins: None };
        prepared.write(parts)?;
        Ok(prepared)
    }
}

/// The highest generation that any file in the folder is of: nothing is ever written over.
fn highest(folder: &Path) -> u64 {
    let numbers = fs::read_dir(folder).into_iter().flatten().flatten().filter_map(|entry| {
        let name = entry.file_name();
        let name = name.to_str()?;
        Part::ALL.iter().find_map(|part| {
            let (start, end) = part.name();
            name.strip_prefix(start)?.strip_suffix(end)?.parse::<u64>().ok()
        })
    });
    numbers.max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::manifest::{COPY, CURRENT};
    use super::*;
    use engine::sealed::{Recipients, SealedHashes};

    fn policy(version: u32) -> PolicyFile {
        PolicyFile {
            version,
            document: String::new(),
            sealed: SealedHashes::default(),
            recipients: Recipients::default(),
            portal: Vec::new(),
            words: words::Own::default(),
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

    /// The generation, the numbers of the newest files and of those before.
    fn numbers(published: &Published) -> (u64, [u64; 3], [Option<u64>; 3]) {
        (
            published.generation,
            Part::ALL.map(|part| published.part(part).newest.number),
            Part::ALL.map(|part| published.part(part).before.map(|before| before.number)),
        )
    }

    fn everything(policy: &PolicyFile) -> Parts<'_> {
        Parts { policy: Some(policy), lists: Some(empty_lists()), live: Some(LiveDocument::default()) }
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
        assert_eq!(numbers(&first), (1, [1, 1, 1], [None; 3]));
        for generation in 2..5 {
            let parts = Parts { live: Some(LiveDocument::default()), ..Parts::default() };
            let now = publish(folder.path(), parts).unwrap();
            assert_eq!(numbers(&now), (generation, [1, 1, generation], [None, None, Some(generation - 1)]));
            assert!(now.same_policy(&first));
        }
        let names = names(folder.path());
        assert_eq!(
            names,
            ["CURRENT", "CURRENT.copy", "LOCK", "lists-1.idx", "live-3.json", "live-4.json", "policy-1.json"]
        );
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
    fn of_every_part_the_last_whole_file_before_the_newest_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let first = policy(1);
        publish(folder, everything(&first)).unwrap();
        publish(folder, everything(&first)).unwrap();
        for (generation, damage) in [(3, true), (4, false)] {
            let before = Published::read(folder).unwrap().unwrap();
            if damage {
                for part in Part::ALL {
                    let path = before.part(part).newest.path(folder, part);
                    let mut bytes = fs::read(&path).unwrap();
                    let middle = bytes.len() / 2;
                    bytes[middle] ^= 1;
                    fs::write(&path, bytes).unwrap();
                }
            }
            let found: Vec<Option<Part>> =
                super::super::damaged(folder).into_iter().map(|one| one.part).collect();
            let wanted = if damage { Part::ALL.map(Some).to_vec() } else { Vec::new() };
            assert_eq!(found, wanted, "{generation}");
            let now = publish(folder, everything(&first)).unwrap();
            // The second was damaged when the third followed it, so the first is still the way back from the third.
            let way_back = Some(if damage { 1 } else { 3 });
            assert_eq!(numbers(&now), (generation, [generation; 3], [way_back; 3]));
            assert!(super::super::damaged(folder).is_empty());
        }
        // Where both are damaged there is no way back until the next publication has followed a whole one.
        for (generation, way_back) in [(5, None), (6, Some(5))] {
            if way_back.is_none() {
                for number in [3, 4] {
                    fs::write(folder.join(format!("lists-{number}.idx")), "damaged").unwrap();
                }
            }
            let now = publish(folder, everything(&first)).unwrap();
            assert_eq!((now.generation, now.lists.before.map(|file| file.number)), (generation, way_back));
        }
        let left = names(folder).into_iter().filter(|name| name.starts_with("lists-")).collect::<Vec<_>>();
        assert_eq!(left, ["lists-5.idx", "lists-6.idx"]);
    }

    #[test]
    fn a_part_that_was_cut_short_is_never_carried_along() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let now = publish(folder, everything(&policy(1))).unwrap();
        let cut = |part: Part| {
            let path = now.part(part).newest.path(folder, part);
            let bytes = fs::read(&path).unwrap();
            fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        };
        let needs = || Turn::take(folder).map(|turn| Part::ALL.map(|part| turn.needs(part))).unwrap();
        assert_eq!(needs(), [false, false, false]);
        cut(Part::Lists);
        assert_eq!(needs(), [false, true, false]);
        cut(Part::Policy);
        assert_eq!(needs(), [true, true, false]);
    }

    #[test]
    fn one_damaged_manifest_costs_nothing_and_two_a_publication_of_everything() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let first = policy(1);
        let now = publish(folder, everything(&first)).unwrap();
        let whole = fs::read(folder.join(CURRENT)).unwrap();
        let bend = |name: &str| {
            // Another number in the same form: only the checksum tells.
            let bent = String::from_utf8(whole.clone()).unwrap().replacen("\"number\":1", "\"number\":7", 1);
            fs::write(folder.join(name), bent).unwrap();
        };
        for name in [CURRENT, COPY] {
            bend(name);
            assert_eq!(Published::read(folder).unwrap(), Some(now), "{name}");
            assert_eq!(super::super::damaged(folder).len(), 1, "{name}");
            fs::write(folder.join(name), &whole).unwrap();
            fs::remove_file(folder.join(name)).unwrap();
            assert_eq!(Published::read(folder).unwrap(), Some(now), "{name}");
            fs::write(folder.join(name), &whole).unwrap();
        }
        assert!(super::super::damaged(folder).is_empty());
        for name in [CURRENT, COPY] {
            bend(name);
        }
        assert!(matches!(Published::read(folder), Err(PublishError::Damaged { .. })));
        let live = Parts { live: Some(LiveDocument::default()), ..Parts::default() };
        assert!(matches!(publish(folder, live), Err(PublishError::First)));
        assert_eq!(numbers(&publish(folder, everything(&first)).unwrap()), (2, [2; 3], [None; 3]));
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
