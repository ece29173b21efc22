//! What is written and does not hold yet, and how it comes to hold.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use ::store::{StoreError, Tx};

use super::files::{Parts, PublishError, Turn, file};
use super::manifest::{COPY, CURRENT, Part, Published};
use super::origins::Plan;
use super::written::write;

/// Files that are written and that no gate goes by yet. Dropped, they are gone.
#[must_use = "what is prepared goes live with the commit of its transaction"]
pub struct Prepared {
    pub(super) turn: Turn,
    pub(super) now: Published,
    pub(super) is_live: bool,
    /// What is written down of where entries come from, once they are in use.
    pub(super) origins: Option<Plan>,
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
    pub async fn commit(mut self, tx: Tx) -> Result<Published, CommitError> {
        tx.commit().await.map_err(CommitError::NotKept)?;
        let origins = self.origins.take();
        let published = self.go_live().map_err(CommitError::NotLive)?;
        // The turn is over: nobody waits for what no gate reads.
        if let Some(origins) = origins {
            origins.carry_out(published.generation);
        }
        Ok(published)
    }

    /// The list index that would hold, whether it was written now or before.
    pub fn lists_path(&self) -> PathBuf {
        self.now.lists.newest.path(&self.turn.folder, Part::Lists)
    }

    pub(super) fn write(&mut self, parts: Parts<'_>) -> Result<(), PublishError> {
        let folder = self.turn.folder.clone();
        let path = |now: &Published, part: Part| now.part(part).newest.path(&folder, part);
        if let Some(policy) = parts.policy {
            let sums = write(&path(&self.now, Part::Policy), |out| {
                Ok(serde_json::to_writer(out, policy).map_err(io::Error::from)?)
            })?;
            let seal = policy.sealed.seal.get(..16).and_then(|start| u64::from_str_radix(start, 16).ok());
            self.wrote(Part::Policy, sums);
            self.now.policy.newest.seal = seal;
        }
        if let Some(builder) = parts.lists {
            let sums = write(&path(&self.now, Part::Lists), |out| Ok(builder.write_to(out)?))?;
            self.wrote(Part::Lists, sums);
        }
        if let Some(mut live) = parts.live {
            live.version = self.now.generation;
            let sums = write(&path(&self.now, Part::Live), |out| {
                Ok(serde_json::to_writer(out, &live).map_err(io::Error::from)?)
            })?;
            self.wrote(Part::Live, sums);
        }
        let manifest = self.now.to_bytes();
        for next in NEXT {
            write(&folder.join(next), |out| Ok(out.write_all(&manifest)?))?;
        }
        Ok(())
    }

    const fn wrote(&mut self, part: Part, (bytes, sum): (u64, u32)) {
        let newest = &mut self.now.part_mut(part).newest;
        newest.bytes = bytes;
        newest.sum = sum;
    }

    /// Names what was prepared as what holds: one rename, and another for the copy.
    pub(super) fn go_live(mut self) -> Result<Published, PublishError> {
        let folder = &self.turn.folder;
        let current = folder.join(CURRENT);
        let [next, next_copy] = NEXT;
        fs::rename(folder.join(next), &current).map_err(file(&current))?;
        self.is_live = true;
        let sync = || File::open(folder).and_then(|folder| folder.sync_all());
        sync().map_err(file(&current))?;
        // A copy that is behind is as good as damaged, and the hub publishes again where it finds one.
        let _ = fs::rename(folder.join(next_copy), folder.join(COPY)).and_then(|()| sync());
        sweep(folder, &self.now, self.turn.before.as_ref());
        Ok(self.now)
    }
}

/// What the manifests are called until they hold.
const NEXT: [&str; 2] = ["NEXT", "NEXT.copy"];

impl Drop for Prepared {
    fn drop(&mut self) {
        if self.is_live {
            return;
        }
        for next in NEXT {
            let _ = fs::remove_file(self.turn.folder.join(next));
        }
        // Only what this generation brought: what held and what was before it stay.
        let held = self.turn.before.iter().flat_map(Published::names).collect::<Vec<_>>();
        for name in self.now.newest_names().filter(|name| !held.contains(name)) {
            let _ = fs::remove_file(self.turn.folder.join(name));
        }
    }
}

/// Removes files that neither this publication names, as holding or as before, nor the one before as holding. What cannot
/// be removed is tried again with the next publication.
fn sweep(folder: &Path, now: &Published, before: Option<&Published>) {
    let mut kept: Vec<String> = now.names().collect();
    kept.extend(before.iter().flat_map(|before| before.newest_names()));
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let ours = Part::ALL.iter().any(|part| name.starts_with(part.name().0));
        if ours && !kept.iter().any(|kept| kept == name) {
            let _ = fs::remove_file(entry.path());
        }
    }
}
