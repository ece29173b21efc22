//! Whether published files are as they were written.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::LiveDocument;
use kit::Timestamp;
use serde::de::DeserializeOwned;

use super::files::{PolicyFile, PublishError, file};
use super::manifest::{COPY, CURRENT, Manifests, Part, Published, PublishedFile, damage};

/// Read at a time: enough for a disk, and too little to show in a gate's memory.
const AT_A_TIME: usize = 1 << 18;

impl PublishedFile {
    /// Reads it as a policy file, if it is as it was written.
    pub fn policy(&self, folder: &Path) -> Result<PolicyFile, PublishError> {
        self.json(folder, Part::Policy)
    }

    /// Reads it as a live file, if it is as it was written.
    pub fn live(&self, folder: &Path) -> Result<LiveDocument, PublishError> {
        self.json(folder, Part::Live)
    }

    fn json<T: DeserializeOwned>(&self, folder: &Path, part: Part) -> Result<T, PublishError> {
        let path = self.path(folder, part);
        let bytes = fs::read(&path).map_err(file(&path))?;
        self.compare(&path, bytes.len() as u64, Some(crc32fast::hash(&bytes)))?;
        serde_json::from_slice(&bytes).map_err(|error| damage(&path, &error.to_string()))
    }

    /// A policy file as far as it can be read, whatever its checksum says: for its sealed entries, which have a seal of
    /// their own.
    pub fn policy_unchecked(&self, folder: &Path) -> Option<PolicyFile> {
        serde_json::from_slice(&fs::read(self.path(folder, Part::Policy)).ok()?).ok()
    }

    /// Whether it has the length it was written with: a file that was cut short must never be mapped.
    pub fn has_its_length(&self, folder: &Path, part: Part) -> Result<(), PublishError> {
        let path = self.path(folder, part);
        let bytes = fs::metadata(&path).map_err(file(&path))?.len();
        self.compare(&path, bytes, None)
    }

    /// Reads all of it, a little at a time, and compares its checksum: about 15 ms for five million names.
    pub fn is_whole(&self, folder: &Path, part: Part) -> Result<(), PublishError> {
        let path = self.path(folder, part);
        let read = || -> io::Result<(u64, u32)> {
            let mut file = File::open(&path)?;
            let (mut buffer, mut bytes, mut sum) = (vec![0; AT_A_TIME], 0, crc32fast::Hasher::new());
            loop {
                let n = file.read(&mut buffer)?;
                if n == 0 {
                    return Ok((bytes, sum.finalize()));
                }
                bytes += n as u64;
                sum.update(buffer.get(..n).unwrap_or(&[]));
            }
        };
        let (bytes, sum) = read().map_err(file(&path))?;
        self.compare(&path, bytes, Some(sum))
    }

    fn compare(&self, path: &Path, bytes: u64, sum: Option<u32>) -> Result<(), PublishError> {
        if bytes != self.bytes {
            return Err(damage(path, &format!("it is {bytes} bytes long and was {}", self.bytes)));
        }
        if sum.is_some_and(|sum| sum != self.sum) {
            return Err(damage(path, "its checksum is wrong"));
        }
        Ok(())
    }

    /// When it was published, by the file itself.
    pub fn published_at(&self, folder: &Path, part: Part) -> Option<Timestamp> {
        let about = fs::metadata(self.path(folder, part)).ok()?;
        Some(Timestamp::from_millis(about.mtime().saturating_mul(1_000)))
    }
}

impl Published {
    /// Reads the newest policy file.
    pub fn policy(&self, folder: &Path) -> Result<PolicyFile, PublishError> {
        self.policy.newest.policy(folder)
    }

    /// Reads the newest live file.
    pub fn live(&self, folder: &Path) -> Result<LiveDocument, PublishError> {
        self.live.newest.live(folder)
    }

    /// What the system says of the files that hold, without reading them. While it stays the same, nobody has written
    /// to them.
    pub fn trace(&self, folder: &Path) -> Trace {
        let look = |path: PathBuf| {
            let about = fs::metadata(path).ok()?;
            Some((about.ino(), about.len(), about.mtime(), about.mtime_nsec()))
        };
        let manifests = [CURRENT.to_owned(), COPY.to_owned()].into_iter();
        Trace(manifests.chain(self.newest_names()).map(|name| look(folder.join(name))).collect())
    }
}

/// See [`Published::trace`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace(Vec<Option<(u64, u64, i64, i64)>>);

/// What is damaged of the files that hold, each read to its end.
#[derive(Debug)]
pub struct Damage {
    /// Which part; none for a manifest.
    pub part: Option<Part>,
    /// What it is.
    pub error: PublishError,
}

/// Looks at everything that holds. Nothing is damaged where nothing was ever published.
pub fn damaged(folder: &Path) -> Vec<Damage> {
    let (published, mut all) = match Manifests::read(folder) {
        Ok(None) => return Vec::new(),
        Ok(Some(read)) => (
            read.published,
            read.damaged.into_iter().map(|error| Damage { part: None, error }).collect::<Vec<_>>(),
        ),
        Err(error) => return vec![Damage { part: None, error }],
    };
    for part in Part::ALL {
        if let Err(error) = published.part(part).newest.is_whole(folder, part) {
            all.push(Damage { part: Some(part), error });
        }
    }
    all
}

/// Reads everything that is published and compares every checksum; the generation if all is well.
pub fn verify(folder: &Path) -> Result<u64, PublishError> {
    let read = Manifests::read(folder)?.ok_or(PublishError::First)?;
    if let Some(damaged) = read.damaged {
        return Err(damaged);
    }
    let published = read.published;
    let policy = published.policy(folder)?;
    engine::PolicyDocument::parse(&policy.document).map_err(|problems| {
        damage(
            &published.policy_path(folder),
            &problems.first().map_or_else(String::new, ToString::to_string),
        )
    })?;
    published.live(folder)?;
    let lists = published.lists.newest;
    lists.is_whole(folder, Part::Lists)?;
    let path = lists.path(folder, Part::Lists);
    let bytes = fs::read(&path).map_err(file(&path))?;
    let damaged = |error: lists::OpenError| damage(&path, &error.to_string());
    lists::ListIndex::open(Arc::new(bytes)).map_err(damaged)?.verify().map_err(damaged)?;
    for part in Part::ALL {
        if let Some(before) = published.part(part).before {
            before.is_whole(folder, part)?;
        }
    }
    Ok(published.generation)
}
