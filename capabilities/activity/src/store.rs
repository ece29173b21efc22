//! The seam behind which the log lies. The append log is the first store behind it; a columnar one takes its place
//! there for what is sealed.

use std::io;
use std::ops::ControlFlow;
use std::path::PathBuf;

use kit::Timestamp;

use crate::batch::Batch;
use crate::event::Event;
use crate::page::Run;
use crate::report::BadReport;
use crate::search::{BadSearch, Search, Subject, TimeRange};

/// Why the log could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The machine would not; nothing was changed.
    #[error("the activity log could not {doing} {}: {why}", .path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        /// What the machine said.
        why: io::Error,
    },
    /// The search makes no sense.
    #[error(transparent)]
    BadSearch(#[from] BadSearch),
    /// The report makes no sense.
    #[error(transparent)]
    BadReport(#[from] BadReport),
    /// Another process has the log open.
    #[error("another process is writing the activity log in {}; stop it first", .0.display())]
    InUse(PathBuf),
    /// There is no such import.
    #[error("there is no import {0}; `fivebar activity imports` lists those there are")]
    UnknownImport(Run),
    /// It has been taken out.
    #[error("the import {0} has been taken out; bring the file in anew")]
    ImportUndone(Run),
    /// There are files of columns, and nothing was given that reads them.
    #[error("the activity log in {} has files of columns, which this process cannot read", .0.display())]
    NeedsColumns(PathBuf),
}

impl StoreError {
    /// Names what was being done to which file.
    pub fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |why| Self::Io { doing, path, why }
    }
}

/// What a reading came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Answered {
    /// How many events were handed over.
    pub events: u64,
    /// Bytes on the way that are damaged: events there may have been are not in the answer.
    pub damaged_bytes: u64,
}

/// What an append came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Appended {
    /// Events that are new.
    pub events: u64,
    /// Events that the log had already.
    pub repeated: u64,
}

/// Takes events one by one; breaking ends the reading.
pub type Each<'a> = dyn FnMut(Event) -> ControlFlow<()> + 'a;

/// A store of activity. All methods may be called from several threads; readings don't hold up an append.
pub trait LogStore: Send + Sync {
    /// Makes events durable, all or none: when it returns they survive whatever happens to the process. Idempotent:
    /// an event is known by its gate run and number, and one the store has is passed over.
    fn append(&self, batches: &[(Run, Batch<'_>)]) -> Result<Appended, StoreError>;

    /// Hands over the events that a search finds, newest place first.
    fn query(&self, search: &Search, each: &mut Each<'_>) -> Result<Answered, StoreError>;

    /// Hands over every event of a time, oldest place first: for export.
    fn scan(&self, time: TimeRange, each: &mut Each<'_>) -> Result<Answered, StoreError>;

    /// Erases somebody's events: hidden from every answer when the first entry is durable, gone from every file when
    /// this returns. How many there were. Events on their way to the log when it begins are not covered.
    fn erase(&self, subject: Subject, at: Timestamp) -> Result<u64, StoreError>;
}
