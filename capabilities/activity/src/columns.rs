//! The seam to files of columns. What is closed is *packed*: its events move from frames into a file that is sorted by
//! person and time, a fifth as long, and quick to ask. The crate `columns` writes and reads such files; which there are,
//! when one takes the place of another and what of them is damaged is told by [`crate::log`], which knows nothing of
//! their inside.

use std::fmt::Debug;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use kit::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ask::Counts;
use crate::event::{Encoded, Event};
use crate::page::Run;
use crate::past::{self, Parcels};
use crate::report::Report;
use crate::search::{Filter, Subject};
use crate::store::Each;

/// One event on its way into columns.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// Its place in the log.
    pub seq: u64,
    /// The gate run that numbered it.
    pub run: Run,
    /// The event, or what an erasure left of it.
    pub event: Encoded<'a>,
}

/// Bytes of a file that have a checksum together: one group of rows, or what is not rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// Where it begins.
    pub from: u64,
    /// Where it ends.
    pub to: u64,
    /// Its checksum.
    pub crc: u32,
    /// How many events are in it. 0 for the last block, without which nothing of the file can be read.
    pub rows: u64,
}

/// A file that has been written and made durable, its name excepted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Written {
    /// Its blocks in order, which cover it.
    pub blocks: Vec<Block>,
    /// Its side tables.
    pub sides: Sides,
}

/// A table beside a file of columns, made from its events whenever the file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// How many requests there were, by part of a day, group, site and verdict.
    Sums,
    /// What was searched for.
    Searches,
}

impl Side {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Sums, Self::Searches];
    /// How names of files begin that versions before this one put beside theirs. Nothing reads them any more.
    pub const BEFORE: [&str; 1] = ["daily-"];

    /// How the name of its file begins.
    pub const fn begins(self) -> &'static str {
        match self {
            Self::Sums => "sums-",
            Self::Searches => "searches-",
        }
    }

    /// Where that of a file lies.
    pub fn of(self, path: &Path) -> PathBuf {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        path.with_file_name(format!("{}{}", self.begins(), name.strip_prefix("columns-").unwrap_or(&name)))
    }
}

/// What the side tables of a file are said to be: the whole of each as one block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sides {
    /// [`Side::Sums`].
    #[serde(default)]
    pub sums: Option<Block>,
    /// [`Side::Searches`].
    #[serde(default)]
    pub searches: Option<Block>,
}

impl Sides {
    /// One of them.
    pub const fn get(&self, side: Side) -> Option<Block> {
        match side {
            Side::Sums => self.sums,
            Side::Searches => self.searches,
        }
    }
}

/// Which events are wanted, and how.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// What must hold of each.
    pub filter: &'a Filter,
    /// Whose are not shown.
    pub hidden: &'a [Subject],
    /// The first place wanted.
    pub first_seq: u64,
    /// The place after the last one wanted.
    pub next_seq: u64,
    /// By falling place instead of by rising place.
    pub newest_first: bool,
    /// At most so many, whatever the filter says.
    pub at_most: Option<u64>,
}

/// A report that is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Reported<'a> {
    /// Which.
    pub report: &'a Report,
    /// When the oldest event was that it is made from.
    pub oldest: Timestamp,
    /// When the newest was.
    pub newest: Timestamp,
    /// Whose events are not in it.
    pub hidden: &'a [Subject],
}

/// The answer to a report: columns by name, and rows of JSON values.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Table {
    /// The names of its columns.
    pub columns: Vec<String>,
    /// Its rows, as long as `columns` each.
    pub rows: Vec<Vec<serde_json::Value>>,
}

/// Writes and reads files of columns. Errors hold nothing of what is in the files.
pub trait Columns: Send + Sync + Debug {
    /// Writes events as a file at `path`, sorted and durable, and its side tables beside it. `about` is kept in the file, for a day when the list of files
    /// is damaged.
    fn write(&self, path: &Path, about: &str, rows: &mut dyn Iterator<Item = Row<'_>>)
    -> io::Result<Written>;

    /// Writes the events of several whole files as one.
    fn merge(&self, from: &[&ColumnFile], path: &Path, about: &str) -> io::Result<Written>;

    /// Writes a file again with nothing of the subject's events but their places, and without its damaged blocks. `None`
    /// where none of them is in it and no block is damaged; how many there were. `at` stands for when each was.
    fn without(
        &self,
        from: &ColumnFile,
        subject: &Subject,
        at: Timestamp,
        path: &Path,
        about: &str,
    ) -> io::Result<Option<(Written, u64)>>;

    /// Hands over what is wanted of a file; how many.
    fn read(&self, from: &ColumnFile, wanted: &Wanted<'_>, each: &mut Each<'_>) -> io::Result<u64>;

    /// Gathers the requests of a file for a replay, in whatever order is quickest, until nobody wants more.
    fn past(&self, from: &ColumnFile, wanted: &past::Wanted<'_>, parcels: &mut Parcels<'_>)
    -> io::Result<()>;

    /// Counts what is wanted of a file.
    fn count(&self, from: &ColumnFile, wanted: &Wanted<'_>, counts: &mut Counts) -> io::Result<()>;

    /// Makes a report over files and over what is not packed yet.
    fn report(
        &self,
        files: &[&ColumnFile],
        tail: &mut dyn Iterator<Item = Row<'_>>,
        asked: Reported<'_>,
    ) -> io::Result<Table>;

    /// What a file tells of itself: what `about` was, and its blocks.
    fn describe(&self, path: &Path) -> io::Result<(String, Written)>;
}

/// A file of columns that is in use. It can be read as long as somebody holds it, whatever becomes of its name.
#[derive(Debug)]
pub struct ColumnFile {
    path: PathBuf,
    /// Missing where it could not be opened, which is damage like any other.
    file: Option<Arc<File>>,
    blocks: Vec<Block>,
    damaged: OnceLock<Vec<bool>>,
    sums: Beside,
    searches: Beside,
}

/// A side table that is open, and what it is said to be.
#[derive(Debug, Default)]
struct Beside {
    file: Option<(Arc<File>, Block)>,
    is_whole: OnceLock<bool>,
}

impl ColumnFile {
    /// The file at `path`, which is said to be those blocks, with its side tables.
    pub fn open(path: PathBuf, blocks: Vec<Block>, sides: Sides) -> Self {
        let file = File::open(&path).ok().map(Arc::new);
        let beside = |side: Side| {
            let file = sides.get(side).and_then(|block| {
                let open = File::open(side.of(&path)).ok()?;
                Some((Arc::new(open), block))
            });
            Beside { file, is_whole: OnceLock::new() }
        };
        let (sums, searches) = (beside(Side::Sums), beside(Side::Searches));
        Self { path, file, blocks, damaged: OnceLock::new(), sums, searches }
    }

    /// A side table and how long that is, where there is one and it is what was written. What it says can be found in the
    /// events again, so that one that is damaged is no loss.
    pub fn side(&self, side: Side) -> Option<(&Arc<File>, u64)> {
        let beside = match side {
            Side::Sums => &self.sums,
            Side::Searches => &self.searches,
        };
        let (file, block) = beside.file.as_ref()?;
        let whole = beside.is_whole.get_or_init(|| is_whole(Some(file), block));
        whole.then_some((file, block.to))
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file itself.
    pub const fn file(&self) -> Option<&Arc<File>> {
        self.file.as_ref()
    }

    /// Its blocks.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// How long it is.
    pub fn bytes(&self) -> u64 {
        self.blocks.last().map_or(0, |last| last.to)
    }

    /// How many events are in it, those included that damage took.
    pub fn rows(&self) -> u64 {
        self.blocks.iter().map(|block| block.rows).sum()
    }

    /// Which of its blocks are damaged. Reads the whole file the first time; where the last block is damaged, all are.
    pub fn damaged(&self) -> &[bool] {
        self.damaged.get_or_init(|| {
            let mut damaged: Vec<bool> =
                self.blocks.iter().map(|block| !is_whole(self.file.as_deref(), block)).collect();
            if damaged.last() == Some(&true) {
                damaged.fill(true);
            }
            damaged
        })
    }

    /// Damaged blocks, as [`Self::damaged`] finds them.
    pub fn damaged_blocks(&self) -> impl Iterator<Item = &Block> {
        self.blocks.iter().zip(self.damaged()).filter(|(_, damaged)| **damaged).map(|(block, _)| block)
    }

    /// How many bytes are damaged.
    pub fn damaged_bytes(&self) -> u64 {
        self.damaged_blocks().map(|block| block.to.saturating_sub(block.from)).sum()
    }

    /// How many events damage took.
    pub fn damaged_rows(&self) -> u64 {
        self.damaged_blocks().map(|block| block.rows).sum()
    }
}

/// Whether a block's bytes are what was written.
pub fn is_whole(file: Option<&File>, block: &Block) -> bool {
    file.is_some_and(|file| checksum(file, block.from, block.to).is_ok_and(|crc| crc == block.crc))
}

/// The checksum of some bytes of a file.
pub fn checksum(file: &File, from: u64, to: u64) -> io::Result<u32> {
    let mut hasher = crc32fast::Hasher::new();
    let mut buffer = vec![0; 256 << 10];
    let mut at = from;
    while at < to {
        let most = usize::try_from(to - at).unwrap_or(usize::MAX).min(buffer.len());
        let Some(part) = buffer.get_mut(..most) else { break };
        file.read_exact_at(part, at)?;
        hasher.update(part);
        at += most as u64;
    }
    Ok(hasher.finalize())
}

/// Whether an event that came from columns is to be shown; the filter has been applied to it.
pub fn is_hidden(event: &Event, hidden: &[Subject]) -> bool {
    hidden.iter().any(|subject| subject.covers_event(event))
}
