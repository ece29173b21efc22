//! The folders in which back-ups are worked out. What one that was killed has left behind, the records in plain perhaps, the next one
//! removes: nothing else would.

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use tempfile::TempDir;

use super::{BackupError, file_error};

/// How the names of such folders begin.
const BEGINS: &str = ".fivebar-backup-";
/// The file in each whose lock says that somebody works in it.
const HELD: &str = ".held";

/// A folder that only its owner may look into; gone when this is dropped.
#[derive(Debug)]
pub(super) struct Staging {
    folder: TempDir,
    _held: File,
}

impl Staging {
    /// A new one, after what others left in `inside` is gone.
    pub fn make(inside: &Path) -> Result<Self, BackupError> {
        sweep(inside);
        let mut builder = tempfile::Builder::new();
        builder.prefix(BEGINS).permissions(fs::Permissions::from_mode(0o700));
        let folder = builder.tempdir_in(inside).map_err(file_error(inside))?;
        let held = folder.path().join(HELD);
        let file = File::create_new(&held).map_err(file_error(&held))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { folder, _held: file }),
            Err(TryLockError::Error(source)) => Err(BackupError::File { path: held, source }),
            Err(TryLockError::WouldBlock) => {
                Err(BackupError::File { path: held, source: std::io::ErrorKind::WouldBlock.into() })
            }
        }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes what was left in a folder by whoever was killed, this account's own alone. What cannot be removed stays.
pub(super) fn sweep(inside: &Path) {
    let Ok(myself) = fs::metadata("/proc/self") else { return };
    let is_left = |path: &Path| {
        let begins =
            path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(BEGINS));
        begins && fs::symlink_metadata(path).is_ok_and(|seen| seen.is_dir() && seen.uid() == myself.uid())
    };
    let entries = fs::read_dir(inside).into_iter().flatten().flatten().map(|entry| entry.path());
    for left in entries.filter(|path| is_left(path)) {
        match File::open(left.join(HELD)) {
            Ok(held) if held.try_lock().is_ok() => drop(fs::remove_dir_all(&left)),
            Ok(_) => {}
            // Killed before it had put anything there, or about to; or half removed, while a program of PostgreSQL's wrote on in it.
            Err(_) => {
                if fs::remove_dir(&left).is_err() && !left.join(HELD).exists() {
                    let _ = fs::remove_dir_all(&left);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_one_left_goes_and_what_is_in_use_stays() {
        let folder = tempfile::tempdir().unwrap();
        let working = Staging::make(folder.path()).unwrap();
        fs::write(working.path().join("records.sqlite"), "in use").unwrap();
        // As a killed process leaves it: the lock is gone with it, the files are not.
        let left = folder.path().join(".fivebar-backup-left");
        fs::create_dir(&left).unwrap();
        fs::write(left.join(HELD), "").unwrap();
        fs::write(left.join("records.sqlite"), "in plain").unwrap();
        fs::create_dir(folder.path().join(".fivebar-backup-empty")).unwrap();
        let half = folder.path().join(".fivebar-backup-half-removed");
        fs::create_dir(&half).unwrap();
        fs::write(half.join("records.pgdump"), "in plain").unwrap();
        fs::create_dir(folder.path().join("somebody-else-s")).unwrap();
        let again = Staging::make(folder.path()).unwrap();
        let names: std::collections::BTreeSet<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        let wanted =
            [working.path().to_owned(), again.path().to_owned(), folder.path().join("somebody-else-s")];
        assert_eq!(names, wanted.into());
        assert!(working.path().join("records.sqlite").exists());
        assert_eq!(fs::metadata(working.path()).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
