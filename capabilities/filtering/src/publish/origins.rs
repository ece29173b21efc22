//! The file that says since when each list has held each of its entries. Written once what it tells of is in use, so that
//! nobody waits for it; what goes wrong with it is said, and stops nothing.
//!
//! ```text
//! lists/.origins          written anew when a list has another version; renamed into place
//! lists/.origins.before   the one before, for when the newest is damaged
//! lists/.origins.lock     held while it is written
//! ```
//!
//! It lies with the texts of the lists, which no gate may read and every back-up holds, rather than with what is published:
//! an index can be made again, and the days cannot.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kit::Timestamp;
use lists::Seed;
use lists::origins::{Day, InUse, Origins, OriginsDamaged, Renewed, Taking, renew};

use crate::list::model::List;
use crate::list::text::Text;

const NEWEST: &str = ".origins";
const BEFORE: &str = ".origins.before";
const NEXT: &str = ".origins.next";
const LOCK: &str = ".origins.lock";

/// Why there is no saying since when lists hold their entries.
#[derive(Debug, thiserror::Error)]
pub enum OriginsError {
    /// A file could not be read or written.
    #[error("{}: {source}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is damaged.
    #[error("{}: {source}; it is written again with the next update of a list", .path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What of it.
        source: OriginsDamaged,
    },
    /// It was never written.
    #[error("nothing is kept of it yet; `fivebar lists update` writes it")]
    Never,
}

fn file(path: &Path) -> impl FnOnce(io::Error) -> OriginsError {
    let path = path.to_owned();
    move |source| OriginsError::File { path, source }
}

/// What was opened.
pub struct Opened {
    /// What is kept.
    pub origins: Origins,
    /// Why it is not the newest, where it is not.
    pub behind: Option<OriginsError>,
}

/// Opens the newest file that is whole, `map` giving the bytes of one.
pub fn open(kept: &Path, map: &dyn Fn(&Path) -> io::Result<lists::Image>) -> Result<Opened, OriginsError> {
    let one = |name: &str| {
        let path = kept.join(name);
        let image = map(&path).map_err(file(&path))?;
        let origins = Origins::open(image).and_then(|origins| origins.verify().map(|()| origins));
        origins.map_err(|source| OriginsError::Damaged { path, source })
    };
    let why = match one(NEWEST) {
        Ok(origins) => return Ok(Opened { origins, behind: None }),
        Err(error) => error,
    };
    match one(BEFORE) {
        Ok(origins) => Ok(Opened { origins, behind: Some(why) }),
        Err(_) if is_missing(&why) && !kept.join(BEFORE).exists() => Err(OriginsError::Never),
        Err(_) => Err(why),
    }
}

fn is_missing(error: &OriginsError) -> bool {
    matches!(error, OriginsError::File { source, .. } if source.kind() == io::ErrorKind::NotFound)
}

/// [`open`], with the whole file read into memory: for whoever has no map.
pub fn read(kept: &Path) -> Result<Opened, OriginsError> {
    open(kept, &|path| Ok(Arc::new(fs::read(path)?)))
}

/// What is to be written once it is in use.
#[derive(Debug)]
pub struct Plan {
    pub(super) kept: PathBuf,
    pub(super) lists: Vec<List>,
    /// What the school says of their licences.
    pub(super) licences: Vec<Option<String>>,
    pub(super) at: Timestamp,
}

impl Plan {
    /// Writes the file where anything has changed; says in the service log what went wrong.
    pub fn carry_out(&self, generation: u64) {
        match self.write(generation) {
            Ok(None) => {}
            Ok(Some(Renewed { behind, lost, unsure, .. })) => {
                for list in behind {
                    tracing::warn!(list, "Since when it holds its entries is not kept for this version yet");
                }
                for list in lost {
                    tracing::warn!(list, "Since when it held its entries is lost");
                }
                for list in unsure {
                    tracing::warn!(
                        list,
                        "Of entries that came with earlier versions the day of this one is the latest possible; `lists why` says so"
                    );
                }
            }
            Err(error) => {
                tracing::warn!(%error, "Since when lists hold their entries could not be kept; filtering goes on");
            }
        }
    }

    fn write(&self, generation: u64) -> Result<Option<Renewed>, OriginsError> {
        let path = |name: &str| self.kept.join(name);
        let lock = File::create(path(LOCK)).map_err(file(&path(LOCK)))?;
        lock.lock().map_err(file(&path(LOCK)))?;
        let in_use: Vec<InUse> =
            self.lists.iter().zip(&self.licences).map(|(list, licence)| self.in_use(list, licence)).collect();
        let before = match read(&self.kept) {
            Ok(opened) => Some(opened),
            Err(OriginsError::Never | OriginsError::Damaged { .. }) => None,
            Err(error) => return Err(error),
        };
        if let Some(Opened { origins, behind }) = &before
            && (origins.generation() > generation || (behind.is_none() && origins.is_of(&in_use)))
        {
            return Ok(None);
        }
        let mut key = [0u8; 16];
        getrandom::fill(&mut key).map_err(|_| OriginsError::File {
            path: path(NEXT),
            source: io::Error::other("the machine has no random numbers"),
        })?;
        let write = || {
            let mut out = io::BufWriter::with_capacity(1 << 18, File::create(path(NEXT))?);
            let known = before.as_ref().map(|before| &before.origins);
            let about = (Seed(key), generation, Day::of(self.at));
            let renewed =
                renew(known, &in_use, about, &mut |list, taking| self.read(list, taking), &mut out)?;
            out.flush()?;
            out.get_ref().sync_all()?;
            Ok(renewed)
        };
        let renewed = write().inspect_err(|_| {
            let _ = fs::remove_file(path(NEXT));
        });
        let renewed = renewed.map_err(file(&path(NEXT)))?;
        // What is damaged is no way back.
        if before.is_some_and(|before| before.behind.is_none()) {
            fs::rename(path(NEWEST), path(BEFORE)).map_err(file(&path(BEFORE)))?;
        }
        fs::rename(path(NEXT), path(NEWEST)).map_err(file(&path(NEWEST)))?;
        File::open(&self.kept).and_then(|folder| folder.sync_all()).map_err(file(&self.kept))?;
        Ok(Some(renewed))
    }

    fn in_use(&self, list: &List, given: &Option<String>) -> InUse {
        let licence =
            given.clone().or_else(|| self.said(list)).or_else(|| lists::licence_of_source(&list.id));
        InUse { id: list.id.clone(), version: list.version, licence, day: Day::of(list.imported_at) }
    }

    /// What the text of a list says of its licence.
    fn said(&self, list: &List) -> Option<String> {
        let text = Text::kept(&self.kept, &list.id, list.version).ok()?;
        text.files().iter().find_map(|file| {
            let mut start = Vec::new();
            file.open().ok()?.take(START).read_to_end(&mut start).ok()?;
            lists::licence_of(&start)
        })
    }

    fn read(&self, list: &InUse, taking: &mut Taking<'_>) -> bool {
        let Ok(text) = Text::kept(&self.kept, &list.id, list.version) else { return false };
        text.files().iter().all(|file| matches!(file.read_into(taking), Ok(Ok(_))))
    }
}

/// How much of a text is read for its licence.
const START: u64 = 16 << 10;
