//! A folder: of a disk, a stick, or another machine's that is mounted here.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::{LONGEST_SMALL, PlaceError, Progress, Watch, unwatched};

/// How the name of a file ends that is not whole yet.
const PARTIAL_END: &str = ".partial";
const PIECE_BYTES: usize = 1 << 20;

/// A folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder(PathBuf);

/// SHA-256 in hexadecimal, and size.
pub(super) type Sum = (String, u64);

fn failed(path: &Path) -> impl FnOnce(io::Error) -> PlaceError + '_ {
    move |source| PlaceError::File { path: path.to_owned(), source }
}

/// The sum of a file.
pub(super) fn sum_of(path: &Path) -> Result<Sum, PlaceError> {
    copy(path, None, 0, &unwatched)
}

impl Folder {
    /// This one.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn words(&self) -> String {
        self.0.display().to_string()
    }

    /// The folder itself is never made here: where it is missing, so is the disk.
    fn must_be_there(&self) -> Result<(), PlaceError> {
        match fs::metadata(&self.0) {
            Ok(seen) if seen.is_dir() => Ok(()),
            Ok(_) => Err(PlaceError::NoFolder(self.0.clone())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(PlaceError::NoFolder(self.0.clone()))
            }
            Err(error) => Err(failed(&self.0)(error)),
        }
    }

    pub(super) fn prepare(&self, mark: &str) -> Result<(), PlaceError> {
        self.must_be_there()?;
        if self.small(mark)?.is_some() {
            return Ok(());
        }
        self.put_small(
            mark,
            b"Fivebar keeps back-ups of a school here, and writes none where this file is missing.\n",
        )
    }

    pub(super) fn names(&self) -> Result<Vec<String>, PlaceError> {
        self.must_be_there()?;
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.0).map_err(failed(&self.0))? {
            let entry = entry.map_err(failed(&self.0))?;
            // What is no file is no back-up, whatever it is called.
            if let (Ok(name), true) =
                (entry.file_name().into_string(), entry.file_type().is_ok_and(|kind| kind.is_file()))
            {
                names.push(name);
            }
        }
        Ok(names)
    }

    pub(super) fn small(&self, name: &str) -> Result<Option<Vec<u8>>, PlaceError> {
        self.must_be_there()?;
        let path = self.0.join(name);
        match File::open(&path) {
            Ok(file) => {
                let mut text = Vec::new();
                file.take(LONGEST_SMALL).read_to_end(&mut text).map_err(failed(&path))?;
                Ok(Some(text))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(&path)(error)),
        }
    }

    pub(super) fn put_small(&self, name: &str, text: &[u8]) -> Result<(), PlaceError> {
        let (path, partial) = (self.0.join(name), self.0.join(format!("{name}{PARTIAL_END}")));
        let mut file = new_file(&partial, true)?;
        file.write_all(text).and_then(|()| file.sync_all()).map_err(failed(&partial))?;
        self.name_it(&partial, &path)
    }

    /// Gives a whole file its name, for good.
    fn name_it(&self, partial: &Path, path: &Path) -> Result<(), PlaceError> {
        fs::rename(partial, path).map_err(failed(path))?;
        File::open(&self.0).and_then(|folder| folder.sync_all()).map_err(failed(&self.0))
    }

    pub(super) fn put(
        &self,
        name: &str,
        file: &Path,
        bytes: u64,
        watch: Watch<'_>,
    ) -> Result<Sum, PlaceError> {
        self.must_be_there()?;
        let (path, partial) = (self.0.join(name), self.0.join(format!("{name}{PARTIAL_END}")));
        let written = new_file(&partial, true).and_then(|mut to| {
            copy(file, Some((&mut to, &partial)), bytes, &|progress| match progress {
                Progress::Reading(done, of) => watch(Progress::Sending(done, of)),
                other => watch(other),
            })?;
            to.sync_all().map_err(failed(&partial))
        });
        let sum = written.and_then(|()| copy(&partial, None, bytes, watch));
        match sum {
            Ok(sum) => {
                self.name_it(&partial, &path)?;
                Ok(sum)
            }
            Err(error) => {
                let _ = fs::remove_file(&partial);
                Err(error)
            }
        }
    }

    pub(super) fn get(&self, name: &str, to: &Path, bytes: u64, watch: Watch<'_>) -> Result<Sum, PlaceError> {
        let mut file = new_file(to, false)?;
        let sum = copy(&self.0.join(name), Some((&mut file, to)), bytes, watch)?;
        file.sync_all().map_err(failed(to))?;
        Ok(sum)
    }

    pub(super) fn sum(&self, name: &str, watch: Watch<'_>) -> Result<Sum, PlaceError> {
        self.must_be_there()?;
        copy(&self.0.join(name), None, 0, watch)
    }

    pub(super) fn remove(&self, name: &str) -> Result<(), PlaceError> {
        self.must_be_there()?;
        let path = self.0.join(name);
        match fs::remove_file(&path) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(failed(&path)(error)),
        }
    }
}

/// Readable by its owner alone. What an earlier try left half done gives way where `again`.
fn new_file(path: &Path, again: bool) -> Result<File, PlaceError> {
    if again {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(path)(error)),
            _ => {}
        }
    }
    File::options().write(true).create_new(true).mode(0o600).open(path).map_err(failed(path))
}

/// Reads a file to its end, and writes it elsewhere where there is an elsewhere.
fn copy(
    from: &Path,
    mut to: Option<(&mut File, &Path)>,
    of: u64,
    watch: Watch<'_>,
) -> Result<Sum, PlaceError> {
    let mut source = File::open(from).map_err(failed(from))?;
    let of = if of == 0 { source.metadata().map_or(0, |seen| seen.len()) } else { of };
    let (mut hash, mut done, mut buffer) = (Sha256::new(), 0u64, vec![0; PIECE_BYTES]);
    loop {
        let length = match source.read(&mut buffer) {
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(failed(from)(error)),
        };
        let Some(piece) = buffer.get(..length).filter(|piece| !piece.is_empty()) else { break };
        hash.update(piece);
        if let Some((file, path)) = &mut to {
            file.write_all(piece).map_err(failed(path))?;
        }
        done += piece.len() as u64;
        watch(Progress::Reading(done, of));
    }
    Ok((hex(&hash.finalize()), done))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
