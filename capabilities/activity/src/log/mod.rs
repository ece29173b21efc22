//! The log: segment files of checked frames, files of columns that closed segments become, and the entries about them.
//!
//! What is durable is the truth; everything in memory is read from it at the start. `entries.log` says which numbers
//! are counted as lost and which runs are over; the segments say which events there are. Nothing is counted twice,
//! because a number is accounted for once: durable or lost.

mod accounts;
mod damage;
mod imports;
pub mod index;
mod look;
mod pack;
mod past;
mod read;
mod refusals;
mod runs;
pub mod segment;
mod upkeep;
mod write;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use kit::Timestamp;

use crate::columns::Columns;
use crate::entry::{Entries, Entry, What};
use crate::page::{HelpCounts, Run};
use crate::search::Subject;
use crate::spans::{Spans, total};
use crate::store::StoreError;
pub use accounts::{Accounts, OpenRun};
pub use imports::{Import, Known};
use index::Packed;
pub use look::{Acknowledged, Damage, Look, Loss, look};
pub use read::Follow;
use refusals::Refusals;
use runs::Earlier;
use segment::{Contents, RunState};

/// How an append log is kept.
#[derive(Debug, Clone)]
pub struct LogConfig {
    /// Its folder, made if need be.
    pub dir: PathBuf,
    /// A segment is closed when it is this long.
    pub segment_bytes: u64,
    /// How many days a segment is kept after its newest event.
    pub keep_days: u32,
    /// How many days an encrypted record of a sealed address is kept.
    pub keep_sealed_days: u32,
    /// What packs closed segments into columns. Where it is missing they stay as they are.
    pub columns: Option<Arc<dyn Columns>>,
}

impl LogConfig {
    /// Segments of 16 MiB (three hundred thousand events or so: what is packed at once is in memory, sorted), kept 90 days: a term, so that a termly review has its term. Records of
    /// sealed addresses are evidence and stay for a year.
    pub fn in_dir(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            segment_bytes: 16 << 20,
            keep_days: 90,
            keep_sealed_days: 366,
            columns: None,
        }
    }
}

/// The append log. One process has it open at a time.
#[derive(Debug)]
pub struct AppendLog {
    config: LogConfig,
    writer: Mutex<Writer>,
    shelf: Mutex<Shelf>,
    changed: Condvar,
    refusals: Mutex<Refusals>,
    /// Held by whoever deletes or rewrites segments.
    upkeep: Mutex<()>,
    /// Keeps other processes out.
    _lock: File,
}

/// What the one who writes holds.
#[derive(Debug)]
struct Writer {
    file: File,
    active: Contents,
    runs: BTreeMap<Run, RunState>,
    /// Runs that are over, with the last number settled.
    over: HashMap<Run, u64>,
    ended: Ended,
    damaged: damage::Damaged,
    /// Whether entries are damaged or missing: more may have been lost than they say.
    entries_damaged: bool,
    /// Help visits published, by run and day.
    help: HashMap<(Run, Option<Timestamp>), HelpCounts>,
    /// What was brought in from other filters' logs.
    imports: imports::Imports,
    /// The places of what was brought in.
    brought_in: Spans,
    entries: Entries,
    staging: Vec<u8>,
    fresh: Vec<bool>,
}

/// Sums over runs that are over.
#[derive(Debug, Clone, Copy, Default)]
struct Ended {
    runs: u64,
    issued: u64,
    durable: u64,
    lost: u64,
    inexact: u64,
    /// Events that were brought in and that no gate gave out.
    imported: u64,
}

/// What those who read look at: segments in order, the last one growing, and files of columns.
#[derive(Debug, Default)]
struct Shelf {
    segments: Vec<Contents>,
    /// Files of columns in order.
    files: Vec<Arc<Packed>>,
    /// Closed segments that are not packed, by their first places: they are damaged.
    left_as_frames: HashSet<u64>,
    /// Whose events are being erased.
    hidden: Vec<Subject>,
    /// Whose have been since the start: a reader may still hold a file that is not in use any more.
    erased: Vec<Subject>,
}

/// Events with places beside each other, as they lie.
#[derive(Debug, Clone)]
enum Stretch {
    Frames(Contents),
    Columns(Arc<Packed>),
}

impl Stretch {
    fn contents(&self) -> Contents {
        match self {
            Self::Frames(contents) => *contents,
            Self::Columns(packed) => packed.listed.contents(),
        }
    }
}

impl Shelf {
    /// Everything that is kept, oldest first.
    fn stretches(&self) -> Vec<Stretch> {
        let frames = self.segments.iter().map(|contents| Stretch::Frames(*contents));
        let columns = self.files.iter().map(|packed| Stretch::Columns(Arc::clone(packed)));
        let mut all: Vec<Stretch> = columns.chain(frames).collect();
        all.sort_by_key(|stretch| stretch.contents().first_seq);
        all
    }

    /// Whose events no answer may hold.
    fn hidden(&self) -> Vec<Subject> {
        self.hidden.iter().chain(&self.erased).copied().collect()
    }
}

/// A lock whose holder panicked is taken all the same: what it guards is only changed in steps that are whole.
fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl AppendLog {
    /// Opens the log, repairing what a crash left: a torn tail is cut at the last whole record, and an entry says so.
    pub fn open(config: LogConfig, at: Timestamp) -> Result<Self, StoreError> {
        let dir = config.dir.clone();
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o750)
            .create(&dir)
            .map_err(StoreError::io("make", &dir))?;
        let lock = File::create(dir.join("lock")).map_err(StoreError::io("open the lock in", &dir))?;
        if lock.try_lock().is_err() {
            return Err(StoreError::InUse(dir));
        }
        remove_unfinished(&dir).map_err(StoreError::io("tidy", &dir))?;
        let entries_path = dir.join("entries.log");
        let (mut entries, found) =
            Entries::open(&entries_path).map_err(StoreError::io("read", &entries_path))?;
        let mut past = Past::of(&found.entries);
        let mut repairs = Vec::new();
        if found.cut_bytes + found.damaged_bytes > 0 {
            repairs.push(repaired(at, &entries_path, found.cut_bytes, found.damaged_bytes));
        }

        let settled = index::settle(&dir, config.columns.as_deref(), &past.expired)
            .map_err(StoreError::io("put in order", &dir))?;
        if settled.damaged_bytes > 0 {
            repairs.push(repaired(at, &dir.join(index::NAME), 0, settled.damaged_bytes));
        }
        if config.columns.is_none() && !settled.files.is_empty() {
            return Err(StoreError::NeedsColumns(dir));
        }
        remove_packed(&dir, &settled.files).map_err(StoreError::io("tidy", &dir))?;
        let next_seq = settled.files.last().map_or(1, index::Listed::next_seq);
        let files: Vec<Arc<Packed>> =
            settled.files.into_iter().map(|listed| Packed::open(&dir, listed)).collect();

        let mut segments = closed_segments(&dir)?;
        let mut refusals = Refusals::default();
        let mut last_segment = None;
        let (file, active) = match segments.pop() {
            None => begin(&dir, next_seq)?,
            Some(last) => {
                let path = last.path(&dir);
                let bytes = fs::read(&path).map_err(StoreError::io("read", &path))?;
                let recovered = segment::recover(&bytes, last.first_seq);
                let active = recovered.contents;
                let before = Earlier::all(&files, &segments);
                past.runs = runs::at_end(&dir, &before, &recovered, &past.lost)?;
                if found.damaged_bytes > 0 {
                    let wanted = past.unexplained();
                    past.runs.extend(runs::look_back(&dir, &before, wanted, &past.lost)?);
                }
                refusals.learn(bytes.get(..active.bytes as usize).unwrap_or_default());
                let file = File::options().read(true).write(true).open(&path);
                let file = file.map_err(StoreError::io("open", &path))?;
                if recovered.cut_bytes > 0 {
                    file.set_len(active.bytes)
                        .and_then(|()| file.sync_all())
                        .map_err(StoreError::io("cut the torn end of", &path))?;
                }
                if recovered.cut_bytes + recovered.damaged_bytes > 0 {
                    repairs.push(repaired(at, &path, recovered.cut_bytes, recovered.damaged_bytes));
                }
                last_segment = Some(recovered);
                (file, active)
            }
        };
        segments.push(active);
        past.settle();
        if let Some(recovered) = &last_segment {
            let durable = durable_of(&past.ended, &past.runs);
            repairs.extend(past.damaged.in_last(recovered, durable, &past.brought_in, at));
            past.find_damaged(recovered.contents.next_seq);
        }
        // A full disk must not keep the log from starting: what it has can still be read.
        if let Err(error) = entries.add(&repairs) {
            tracing::error!(%error, "the activity log was repaired but could not write its entry about it");
        }
        let mut writer = Writer {
            file,
            active,
            runs: past.runs,
            over: past.over,
            ended: past.ended,
            damaged: past.damaged,
            entries_damaged: found.damaged_bytes > 0,
            help: past.help,
            imports: past.imports,
            brought_in: past.brought_in,
            entries,
            staging: Vec::new(),
            fresh: Vec::new(),
        };
        if last_segment.is_some_and(|recovered| !recovered.opened) {
            writer.open_again();
            if let Some(last) = segments.last_mut() {
                *last = writer.active;
            }
        }
        Ok(Self {
            config,
            writer: Mutex::new(writer),
            shelf: Mutex::new(Shelf { segments, files, hidden: past.hidden, ..Shelf::default() }),
            changed: Condvar::new(),
            refusals: Mutex::new(refusals),
            upkeep: Mutex::new(()),
            _lock: lock,
        })
    }

    /// Its folder.
    pub fn dir(&self) -> &Path {
        &self.config.dir
    }

    /// The entries about this log, oldest first.
    pub fn entries(&self) -> Result<Vec<Entry>, StoreError> {
        let path = self.config.dir.join("entries.log");
        Entries::all(&path).map_err(StoreError::io("read", path))
    }

    /// Adds an entry that concerns no run: an alarm that is over.
    pub fn note(&self, entry: Entry) -> Result<(), StoreError> {
        held(&self.writer).add(&self.config.dir, &[entry])
    }
}

/// How many events are counted as on disk: of runs that are over and of those that go on.
fn durable_of(ended: &Ended, runs: &BTreeMap<Run, RunState>) -> u64 {
    runs.values().map(|state| state.durable).fold(ended.durable, u64::saturating_add)
}

/// The first segment of a log that has none.
fn begin(dir: &Path, first_seq: u64) -> Result<(File, Contents), StoreError> {
    let path = segment::path_of(dir, first_seq);
    let bytes = write::opening(first_seq, &BTreeMap::new());
    let file = segment::write_whole(&path, &bytes)
        .and_then(|file| segment::sync_folder(&path).map(|()| file))
        .map_err(StoreError::io("make", &path))?;
    Ok((file, Contents::empty(first_seq, bytes.len() as u64)))
}

/// Takes away segments whose events are in a file of columns: a crash came between.
fn remove_packed(dir: &Path, files: &[index::Listed]) -> io::Result<()> {
    let packed: HashSet<u64> =
        files.iter().flat_map(|listed| &listed.parts).map(|part| part.first_seq).collect();
    for first in segment::list(dir)?.into_iter().filter(|first| packed.contains(first)) {
        let path = segment::path_of(dir, first);
        fs::remove_file(&path)?;
        segment::sync_folder(&path)?;
    }
    Ok(())
}

/// The segments in a folder by their places. One that was begun while the one before it had to go on, because its
/// beginning failed, is empty and taken away.
fn closed_segments(dir: &Path) -> Result<Vec<Contents>, StoreError> {
    let mut segments = Vec::<Contents>::new();
    for first in segment::list(dir).map_err(StoreError::io("list", dir))? {
        let path = segment::path_of(dir, first);
        let contents = segment::contents_of(dir, first).map_err(StoreError::io("read", &path))?;
        if contents.is_empty() && segments.last().is_some_and(|before| before.next_seq > first) {
            fs::remove_file(&path).map_err(StoreError::io("remove", &path))?;
            continue;
        }
        segments.push(contents);
    }
    Ok(segments)
}

fn repaired(at: Timestamp, path: &Path, cut_bytes: u64, damaged_bytes: u64) -> Entry {
    let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    tracing::warn!(file, cut_bytes, damaged_bytes, "The activity log was repaired");
    Entry { at, what: What::Repaired { file, cut_bytes, damaged_bytes } }
}

/// Files that were being written when the process ended; none of them is in use.
fn remove_unfinished(dir: &Path) -> io::Result<()> {
    for file in fs::read_dir(dir)? {
        let path = file?.path();
        if path.extension().is_some_and(|extension| extension == "tmp") {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// What the entries and the last segment say of the past.
#[derive(Default)]
struct Past {
    runs: BTreeMap<Run, RunState>,
    over: HashMap<Run, u64>,
    lost: HashMap<Run, Vec<(u64, u64)>>,
    ended: Ended,
    damaged: damage::Damaged,
    help: HashMap<(Run, Option<Timestamp>), HelpCounts>,
    hidden: Vec<Subject>,
    /// Files that were deleted because of their age.
    expired: HashSet<String>,
    imports: imports::Imports,
    brought_in: Spans,
}

impl Past {
    fn of(entries: &[Entry]) -> Self {
        let mut past = Self::default();
        for entry in entries {
            imports::learn(&mut past.imports, entry);
            match &entry.what {
                What::Lost { run, numbers, .. } => past.lost.entry(*run).or_default().extend(numbers),
                &What::RunEnded { run, issued, durable, lost, exact, .. } => {
                    let settled = past.over.entry(run).or_default();
                    *settled = settled.saturating_add(issued);
                    past.ended.add(issued, durable, lost, exact);
                }
                What::Help { run, day, counts } => {
                    let published = past.help.entry((*run, *day)).or_default();
                    *published = published.and(*counts);
                }
                What::ErasureBegun { subject, .. } => past.hidden.push(*subject),
                What::ErasureDone { subject, .. } => past.hidden.retain(|hidden| hidden != subject),
                &What::Damaged { first_seq, places, events, brought_in, .. } => {
                    past.damaged.add(first_seq, places, events, brought_in);
                }
                &What::ImportTook { first_seq, events, .. } => {
                    imports::took(&mut past.brought_in, first_seq, events);
                }
                What::Expired { file, .. } => drop(past.expired.insert(file.clone())),
                &What::Imported { run, lines, events, .. } => {
                    let settled = past.over.entry(run).or_default();
                    *settled = lines.max(*settled);
                    past.ended.import(events);
                }
                // It goes on from where it stood.
                What::ImportBegun { .. } => {}
                What::DamageAcknowledged { .. }
                | What::IdentitiesOpened { .. }
                | What::Repaired { .. }
                | What::Unwritable { .. }
                | What::SealedExpired { .. } => {}
            }
        }
        past
    }

    /// Runs that lost events, and of which neither an entry nor the last segment says where they stood.
    fn unexplained(&self) -> Vec<Run> {
        let known = |run: &Run| self.over.contains_key(run) || self.runs.contains_key(run);
        self.lost.keys().filter(|run| !known(run)).copied().collect()
    }

    /// Joins what the segment says with what the entries say: they may be a step ahead of it.
    fn settle(&mut self) {
        let over: HashSet<Run> = self.over.keys().copied().collect();
        // A run that came back after its end stands in the segment with what was settled before.
        self.runs.retain(|run, state| {
            !over.contains(run) || state.settled_before >= self.over.get(run).copied().unwrap_or(0)
        });
        for (run, state) in &mut self.runs {
            let numbers = self.lost.remove(run).unwrap_or_default();
            let numbers: Vec<_> =
                numbers.into_iter().filter(|&(first, _)| first > state.settled_before).collect();
            for (first, last) in numbers {
                state.accounted.insert_span(first, last);
            }
            state.recount();
        }
        // A run may have lost events before its first became durable.
        for (run, numbers) in self.lost.drain().filter(|(run, _)| !over.contains(run)) {
            self.runs.insert(
                run,
                RunState { lost: total(&numbers), accounted: numbers.into(), ..RunState::default() },
            );
        }
    }

    /// Finds events that are counted as lost with damage, and whose numbers nothing says were durable any more: what said so
    /// was damaged too. Among the numbers that a run lacks they would count as lost once more.
    fn find_damaged(&mut self, next_seq: u64) {
        let mut forgotten = self.damaged.forgotten(durable_of(&self.ended, &self.runs), next_seq);
        for state in self.runs.values_mut().filter(|state| state.put_together) {
            let theirs = state.wanting().saturating_sub(state.damaged).min(forgotten);
            forgotten -= theirs;
            state.damaged = state.damaged.saturating_add(theirs);
            state.durable = state.durable.saturating_add(theirs);
            state.at_least |= theirs > 0;
        }
    }
}

impl Ended {
    const fn import(&mut self, events: u64) {
        self.imported = self.imported.saturating_add(events);
        self.durable = self.durable.saturating_add(events);
        self.issued = self.issued.saturating_add(events);
    }

    const fn add(&mut self, issued: u64, durable: u64, lost: u64, exact: bool) {
        self.runs += 1;
        self.issued = self.issued.saturating_add(issued);
        self.durable = self.durable.saturating_add(durable);
        self.lost = self.lost.saturating_add(lost);
        self.inexact += !exact as u64;
    }
}
