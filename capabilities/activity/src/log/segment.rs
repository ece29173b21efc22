//! Segment files: `append-<place of the first event>.log`, read back and repaired.
//!
//! A segment is frames. The first are its *openings*: JSON of where each gate run that is not over stood, so that starting
//! again reads one segment and not the whole log. A full segment ends with its *closing*: five numbers that let a
//! search pass it over unread.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use kit::Timestamp;
use serde::{Deserialize, Serialize};

use crate::batch::Stored;
use crate::bytes::Reader;
use crate::frame::{self, Kind, Piece};
use crate::page::Run;
use crate::spans::{Spans, total};

/// Where a gate run stood.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RunState {
    /// Numbers that are durable or counted as lost.
    pub accounted: Spans,
    /// How many became durable.
    pub durable: u64,
    /// How many of those are among the numbers that `accounted` lacks: what said that they are durable is damaged, and so
    /// are they, and that they are lost is counted with the damage.
    #[serde(default, skip_serializing_if = "is_none")]
    pub damaged: u64,
    /// How many are counted as lost.
    #[serde(default)]
    pub lost: u64,
    /// Numbers up to this one belong to an earlier ending of the same run and were settled with it.
    #[serde(default)]
    pub settled_before: u64,
    /// Whether what is known of its beginning is damaged, so that more may be lost than is counted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub at_least: bool,
    /// The time of its last durable event.
    pub last_at: Option<Timestamp>,
    /// Whether this was put together from older segments, since what said it is damaged: numbers may be missing from it.
    #[serde(skip)]
    pub put_together: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
const fn is_none(count: &u64) -> bool {
    *count == 0
}

impl RunState {
    /// How many numbers below the highest are not accounted for.
    pub fn wanting(&self) -> u64 {
        total(&self.accounted.gaps(self.accounted.highest()))
    }

    /// Makes the sums agree with `accounted`, to which numbers were added that are counted as lost. A number is accounted
    /// for as durable or as lost, whatever became of the entry that said so.
    pub fn recount(&mut self) {
        self.damaged = self.damaged.min(self.wanting());
        let since = self.accounted.count().saturating_sub(self.settled_before);
        self.lost = since.saturating_sub(self.durable.saturating_sub(self.damaged));
    }
}

/// A frame at the beginning of a segment. The first of them names no run, and each run stands in at least one of the
/// others. Where they were damaged they stand once more, further down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// The place of its first event.
    pub first_seq: u64,
    /// Runs that are not over.
    pub runs: Vec<(Run, RunState)>,
}

/// What a segment holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contents {
    /// The place of its first event.
    pub first_seq: u64,
    /// The place after its last event.
    pub next_seq: u64,
    /// The time of its oldest event; meaningless where there is none.
    pub oldest: Timestamp,
    /// The time of its newest event.
    pub newest: Timestamp,
    /// How many bytes of the file are whole frames.
    pub bytes: u64,
}

impl Contents {
    /// A segment without events.
    pub const fn empty(first_seq: u64, bytes: u64) -> Self {
        let (oldest, newest) = (Timestamp::from_millis(i64::MAX), Timestamp::from_millis(i64::MIN));
        Self { first_seq, next_seq: first_seq, oldest, newest, bytes }
    }

    /// Whether there are events in it.
    pub const fn is_empty(&self) -> bool {
        self.next_seq == self.first_seq
    }

    /// Counts an event in, at the next place.
    pub fn add(&mut self, at: Timestamp) {
        self.next_seq = self.next_seq.saturating_add(1);
        self.oldest = self.oldest.min(at);
        self.newest = self.newest.max(at);
    }

    /// Where the file lies.
    pub fn path(&self, dir: &Path) -> PathBuf {
        path_of(dir, self.first_seq)
    }

    /// Appends the closing frame.
    pub fn close(&self, out: &mut Vec<u8>) {
        frame::push(out, Kind::Closing, |out| {
            for number in [self.first_seq, self.next_seq] {
                out.extend_from_slice(&number.to_le_bytes());
            }
            for at in [self.oldest, self.newest] {
                out.extend_from_slice(&at.as_millis().to_le_bytes());
            }
        });
    }
}

const CLOSING_BYTES: usize = frame::HEAD + 2 + 4 * 8;

fn closing_of(body: &[u8], bytes: u64) -> Option<Contents> {
    let mut reader = Reader(body);
    let (first_seq, next_seq) = (reader.u64()?, reader.u64()?);
    let (oldest, newest) = (Timestamp::from_millis(reader.i64()?), Timestamp::from_millis(reader.i64()?));
    reader.0.is_empty().then_some(Contents { first_seq, next_seq, oldest, newest, bytes })
}

/// Where the segment whose first event has that place lies.
pub fn path_of(dir: &Path, first_seq: u64) -> PathBuf {
    dir.join(format!("append-{first_seq:020}.log"))
}

/// The first places of the segments in `dir`, rising.
pub fn list(dir: &Path) -> io::Result<Vec<u64>> {
    let mut firsts = Vec::new();
    for file in fs::read_dir(dir)? {
        let name = file?.file_name();
        let first = name.to_str().and_then(|name| name.strip_prefix("append-")?.strip_suffix(".log"));
        firsts.extend(first.and_then(|first| first.parse::<u64>().ok()));
    }
    firsts.sort_unstable();
    Ok(firsts)
}

/// What was found in the bytes of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// What it holds.
    pub contents: Contents,
    /// Where each run stood at its end.
    pub runs: Vec<(Run, RunState)>,
    /// Bytes after the last whole frame, to be cut off.
    pub cut_bytes: u64,
    /// Bytes before other whole frames that are none.
    pub damaged_bytes: u64,
    /// Places up to the last event of which there is no event: what lay in damaged bytes.
    pub missing: u64,
    /// Whether its openings are whole. Where they are not, `runs` lacks what was before it.
    pub opened: bool,
}

/// Reads a whole segment. Never fails: what is no frame is counted, and events are taken from whole frames only.
/// `first_seq` is the place that its name gives.
pub fn recover(bytes: &[u8], first_seq: u64) -> Recovered {
    let mut contents = Contents::empty(first_seq, 0);
    let mut runs = std::collections::BTreeMap::<Run, RunState>::new();
    let (mut cut_bytes, mut damaged_bytes, mut missing) = (0, 0, 0_u64);
    // The openings of a set follow each other, and events follow them: damage before the first event may be one of them.
    let (mut opened, mut among_openings) = (false, true);
    for piece in frame::pieces(bytes) {
        let frame = match piece {
            Piece::Whole(frame) => frame,
            Piece::Damage { from, to } => {
                damaged_bytes += (to - from) as u64;
                opened &= !among_openings;
                continue;
            }
            Piece::Torn { from } => {
                cut_bytes = (bytes.len() - from) as u64;
                opened &= !among_openings;
                continue;
            }
        };
        contents.bytes = frame.end as u64;
        match frame.kind {
            Kind::Opening => {
                let found = serde_json::from_slice::<Opening>(frame.body);
                match &found {
                    Ok(opening) if opening.runs.is_empty() => (opened, among_openings) = (true, true),
                    Ok(_) => {}
                    Err(_) => opened &= !among_openings,
                }
                for (run, state) in found.into_iter().flat_map(|opening| opening.runs) {
                    let known = runs.entry(run).or_default();
                    known.accounted.merge(&state.accounted);
                    known.durable = known.durable.max(state.durable);
                    known.damaged = known.damaged.max(state.damaged);
                    known.settled_before = known.settled_before.max(state.settled_before);
                    known.at_least |= state.at_least;
                    known.last_at = state.last_at;
                }
            }
            Kind::Events => {
                among_openings = false;
                if let Some(stored) = Stored::parse(frame.body) {
                    let run = runs.entry(Run(stored.run)).or_default();
                    // After damage the places go on from where the file says, not from where we counted.
                    missing = missing.saturating_add(stored.first_seq.saturating_sub(contents.next_seq));
                    contents.next_seq = contents.next_seq.max(stored.first_seq);
                    for head in stored.batch.heads() {
                        contents.add(head.at);
                        run.last_at = Some(head.at);
                        run.durable =
                            run.durable.saturating_add(u64::from(run.accounted.insert(head.number)));
                    }
                }
            }
            Kind::Closing => {
                // A whole closing says where the last event was, even where that one is damaged.
                let closing = closing_of(frame.body, 0).filter(|closing| closing.first_seq == first_seq);
                if let Some(closing) = closing {
                    missing = missing.saturating_add(closing.next_seq.saturating_sub(contents.next_seq));
                    contents.next_seq = contents.next_seq.max(closing.next_seq);
                }
            }
            Kind::Entry | Kind::SealedRecord | Kind::SealedCount => {}
        }
    }
    // Before the first segment there was nothing.
    opened |= first_seq <= 1;
    Recovered { contents, runs: runs.into_iter().collect(), cut_bytes, damaged_bytes, missing, opened }
}

/// What a full segment holds, by its closing frame or, where it has none, by reading it.
pub fn contents_of(dir: &Path, first_seq: u64) -> io::Result<Contents> {
    let path = path_of(dir, first_seq);
    let file = File::open(&path)?;
    let length = file.metadata()?.len();
    if let Some(start) = length.checked_sub(CLOSING_BYTES as u64) {
        let mut tail = [0; CLOSING_BYTES];
        std::os::unix::fs::FileExt::read_exact_at(&file, &mut tail, start)?;
        let closing = frame::at(&tail, 0).filter(|frame| frame.kind == Kind::Closing);
        if let Some(contents) = closing.and_then(|frame| closing_of(frame.body, length))
            && contents.first_seq == first_seq
        {
            return Ok(contents);
        }
    }
    Ok(recover(&fs::read(&path)?, first_seq).contents)
}

/// The whole frames of a segment: its bytes up to `contents.bytes`.
pub fn bytes_of(dir: &Path, contents: &Contents) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(usize::try_from(contents.bytes).unwrap_or(0));
    File::open(contents.path(dir))?.take(contents.bytes).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Writes a file whole or not at all: under a temporary name, durable, moved into place. The caller makes the folder
/// durable.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<File> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let temporary = path.with_extension("tmp");
    let make = || -> io::Result<File> {
        let mut file = fs::OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o640)
            .open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        Ok(file)
    };
    let made = make();
    if made.is_err() {
        // It may hold the space that is wanting.
        drop(fs::remove_file(&temporary));
    }
    made
}

/// Makes the names in the folder of `path` durable.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}
