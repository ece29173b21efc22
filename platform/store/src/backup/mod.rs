//! Back-ups: all records and the files beside them in one archive, proved good before it is called one.
//!
//! An archive is a tar, compressed with zstd: the records (a compact SQLite copy, or PostgreSQL's own dump), the files
//! of the home folder that the caller names, and last a manifest with the hash of each, the number of rows of each
//! table and the head of the access trail. An archive that was cut off has no manifest, and is refused.
//!
//! - [`back_up`] copies while the school works on, then reads its own archive back, unpacks it elsewhere and gives the
//!   copy every check; only then does the archive get its name.
//! - [`check`] gives an archive the same checks at any time, without a running program.
//! - [`restore`] checks first, refuses a home that is in use, moves aside what is there instead of deleting it, and
//!   checks again what it has put in place.
//! - [`rehearse`] does all of that into a scratch folder, and a scratch database, where nothing of the school is.
//!
//! An archive is encrypted with `age` where keys are named: everything in it, names and manifest included, and nothing of
//! it lies in plain beside it while it is made. Any age program opens it. Without keys it is plain: readable by its owner
//! alone, and whoever holds it holds the roll and the keys in it.

mod archive;
mod check;
mod create;
mod drill;
mod manifest;
mod postgres;
mod restore;
mod sealing;
mod sqlite;
mod staging;

pub use check::check;
pub use create::{BackUp, back_up};
pub use drill::{Rehearsed, rehearse};
pub use manifest::{FileLine, Manifest, RecordsLine, TrailLine};
pub use restore::{Restore, Restored, Suit, UNFINISHED, moved_aside, restore};
pub use sealing::{BackupIdentity, BackupKey, NotAKey};
pub(crate) use sqlite::copy_sqlite;

use std::path::PathBuf;
use std::sync::Arc;

use crate::error::StoreError;
use crate::trail::Broken;

/// How far the work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being done, for a person.
    pub doing: Doing,
    /// How much of it is done, in bytes; 0 where that cannot be told.
    pub done_bytes: u64,
    /// Of how much.
    pub of_bytes: u64,
}

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// The records are being copied.
    CopyingRecords,
    /// The archive is being written.
    Writing,
    /// The archive is being read back.
    Reading,
    /// The records in it are being checked.
    CheckingRecords,
    /// The files are being put in their places.
    Placing,
}

impl Doing {
    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::CopyingRecords => "copying the records",
            Self::Writing => "writing the archive",
            Self::Reading => "reading the archive back",
            Self::CheckingRecords => "checking the records",
            Self::Placing => "putting the files in place",
        }
    }
}

/// Who is told how far the work is.
pub type Watch = Arc<dyn Fn(Progress) + Send + Sync>;

/// Tells nobody.
pub fn unwatched() -> Watch {
    Arc::new(|_| {})
}

/// Why there is no back-up, or why one is not good.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is a file of that name.
    #[error("{0}: there is a file of that name already; give another name")]
    NameTaken(PathBuf),
    /// A file could not be read or written.
    #[error(
        "{path}: {source}; check that the folder exists, that there is room, and that this account may use it"
    )]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file to be included lies outside the home folder.
    #[error("{0}: only files inside the home folder can go into a back-up")]
    Outside(PathBuf),
    /// A file changed its size while it was read.
    #[error("{0}: the file became shorter while it was read; try again")]
    Changed(PathBuf),
    /// The file is no archive of ours, or only a part of one.
    #[error("{path}: not a whole Fivebar back-up ({why}); take another one")]
    NotWhole {
        /// The archive.
        path: PathBuf,
        /// In what way.
        why: String,
    },
    /// It is encrypted, and no identity was given.
    #[error("{0}: this back-up is encrypted; give the file with the identity that opens it: --identity FILE")]
    Encrypted(PathBuf),
    /// It was encrypted to others.
    #[error(
        "{0}: this identity does not open the back-up, which was encrypted to another key; nothing was changed"
    )]
    NotForThis(PathBuf),
    /// A file in the archive is not what the manifest says.
    #[error("{path}: {file} in it is not as it was backed up; the archive is damaged, take another one")]
    Damaged {
        /// The archive.
        path: PathBuf,
        /// The file in it.
        file: String,
    },
    /// The archive was written in a form this program does not know.
    #[error(
        "{path}: this back-up has form {form}, and this program reads form 1; use the Fivebar that made it, or a later one"
    )]
    OtherForm {
        /// The archive.
        path: PathBuf,
        /// Its form.
        form: u32,
    },
    /// The database's own check found damage.
    #[error("the copied records are damaged ({0}); restore the last good back-up")]
    Unsound(String),
    /// The access trail was tampered with.
    #[error(
        "the access trail is broken at entry {seq}: {why}. Keep this back-up and every older one, and tell the data protection officer"
    )]
    TrailBroken {
        /// The first entry that cannot be right.
        seq: i64,
        /// In what way.
        why: Broken,
    },
    /// The counted rows or the trail's head are not what the manifest says.
    #[error(
        "the records in it are not the ones its manifest describes ({0}); the archive is damaged, take another one"
    )]
    NotAsCounted(String),
    /// The home folder has something in it.
    #[error(
        "{0}: there is something there already; give an empty folder, or say --replace, which moves it aside"
    )]
    NotEmpty(String),
    /// The program is running there.
    #[error("{0}: these records are in use; stop Fivebar there first")]
    InUse(String),
    /// The back-up is of the other engine.
    #[error(
        "this back-up holds {archive} records, and the home is set to keep them in {home}; say where they are to be with `--database`"
    )]
    OtherEngine {
        /// What the archive holds.
        archive: String,
        /// What was asked for.
        home: &'static str,
    },
    /// One of PostgreSQL's programs is missing or failed.
    #[error("{program}: {why}")]
    Tool {
        /// Which program.
        program: &'static str,
        /// What it said, and what to do.
        why: String,
    },
    /// The records could not be opened or read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sea_orm::DbErr> for BackupError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}

pub(crate) fn file_error(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> BackupError + '_ {
    move |source| BackupError::File { path: path.to_owned(), source }
}

/// Makes a folder, and those above it, that only its owner may look into.
fn make_folder(folder: &std::path::Path) -> Result<(), BackupError> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(file_error(folder))
}

/// Runs work on files beside the asynchronous work.
async fn beside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BackupError> + Send + 'static,
) -> Result<T, BackupError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| StoreError::BrokenOff("work on a back-up"))?
}
