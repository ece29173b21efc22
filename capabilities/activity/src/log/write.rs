//! Appending.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::segment::{self, Contents, Opening, RunState};
use super::{AppendLog, Writer, held};
use crate::batch::{Batch, Fate};
use crate::entry::Entry;
use crate::frame::{self, Kind};
use crate::page::Run;
use crate::spans::Spans;
use crate::store::{Appended, StoreError};

/// An opening names at most so many spans of a run; more make further openings, so that no frame grows too long.
const SPANS_AN_OPENING: usize = 20_000;

/// The bytes a segment begins with.
pub(super) fn opening(first_seq: u64, runs: &BTreeMap<Run, RunState>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut push = |runs: Vec<(Run, RunState)>| {
        // Plain numbers and texts always have a JSON form.
        let text = serde_json::to_vec(&Opening { first_seq, runs }).unwrap_or_default();
        frame::push(&mut out, Kind::Opening, |out| out.extend_from_slice(&text));
    };
    push(Vec::new());
    for (run, state) in runs {
        let spans: Vec<(u64, u64)> = state.accounted.clone().into();
        if spans.is_empty() {
            push(vec![(*run, state.clone())]);
        }
        for spans in spans.chunks(SPANS_AN_OPENING) {
            push(vec![(*run, RunState { accounted: spans.to_vec().into(), ..state.clone() })]);
        }
    }
    out
}

impl AppendLog {
    /// Appends batches and makes them durable: all or none.
    pub(super) fn append_durably(&self, batches: &[(Run, Batch<'_>)]) -> Result<Appended, StoreError> {
        let mut writer = held(&self.writer);
        if writer.active.bytes >= self.config.segment_bytes && !writer.active.is_empty() {
            self.rotate(&mut writer)?;
        }
        self.append_held(&mut writer, batches)
    }

    /// The same to the segment as it is, for whoever holds the writer.
    pub(super) fn append_held(
        &self,
        writer: &mut Writer,
        batches: &[(Run, Batch<'_>)],
    ) -> Result<Appended, StoreError> {
        let dir = &self.config.dir;
        let staged = writer.stage(batches);
        if staged.appended.events == 0 {
            return Ok(staged.appended);
        }
        let path = staged.contents.path(dir);
        writer.write_staging().map_err(StoreError::io("append to", path))?;
        writer.accept(&staged);
        held(&self.refusals).learn(&writer.staging);
        self.publish(staged.contents);
        Ok(staged.appended)
    }

    /// Shows readers how far the last segment goes.
    fn publish(&self, contents: Contents) {
        if let Some(last) = held(&self.shelf).segments.last_mut() {
            *last = contents;
        }
        self.changed.notify_all();
    }

    /// Begins the next segment and closes this one. The next is made first: if there is no room for it, nothing has
    /// changed. The closing is a convenience that may be missing.
    pub(super) fn rotate(&self, writer: &mut Writer) -> Result<(), StoreError> {
        let dir = &self.config.dir;
        let first_seq = writer.active.next_seq;
        let bytes = opening(first_seq, &writer.runs);
        let path = segment::path_of(dir, first_seq);
        let file = segment::write_whole(&path, &bytes).map_err(StoreError::io("make", &path))?;
        if let Err(error) = segment::sync_folder(&path) {
            // This segment goes on. An empty one that stayed behind it would be passed over at the next start.
            drop(std::fs::remove_file(&path));
            return Err(StoreError::io("make durable", path)(error));
        }
        writer.staging.clear();
        writer.active.close(&mut writer.staging);
        if writer.write_staging().is_ok() {
            writer.active.bytes += writer.staging.len() as u64;
        }
        self.publish(writer.active);
        writer.file = file;
        writer.active = Contents::empty(first_seq, bytes.len() as u64);
        held(&self.shelf).segments.push(writer.active);
        Ok(())
    }
}

/// What staged bytes would make true.
struct Staged {
    contents: Contents,
    numbers: BTreeMap<Run, Spans>,
    last_at: BTreeMap<Run, kit::Timestamp>,
    counts: BTreeMap<Run, u64>,
    appended: Appended,
}

impl Writer {
    /// Writes the frames of what is new into the staging buffer; changes nothing else.
    fn stage(&mut self, batches: &[(Run, Batch<'_>)]) -> Staged {
        let Self { staging, fresh, runs, active, .. } = self;
        let mut staged = Staged {
            contents: *active,
            numbers: BTreeMap::new(),
            last_at: BTreeMap::new(),
            counts: BTreeMap::new(),
            appended: Appended::default(),
        };
        staging.clear();
        for (run, batch) in batches {
            let known = runs.get(run).map(|state| &state.accounted);
            let numbers = staged.numbers.entry(*run).or_default();
            let first_seq = staged.contents.next_seq;
            fresh.clear();
            for head in batch.heads() {
                let new =
                    !known.is_some_and(|known| known.contains(head.number)) && numbers.insert(head.number);
                fresh.push(new);
                if new {
                    staged.contents.add(head.at);
                    staged.last_at.insert(*run, head.at);
                }
            }
            let count = staged.contents.next_seq - first_seq;
            staged.appended.events += count;
            staged.appended.repeated += fresh.len() as u64 - count;
            *staged.counts.entry(*run).or_default() += count;
            if count == 0 {
                continue;
            }
            frame::push(staging, Kind::Events, |out| {
                out.extend_from_slice(&first_seq.to_le_bytes());
                out.extend_from_slice(&run.0.to_le_bytes());
                if count == fresh.len() as u64 {
                    batch.write(out);
                } else {
                    let mut fresh = fresh.iter();
                    batch.rewrite(
                        out,
                        |_| if fresh.next() == Some(&true) { Fate::Kept } else { Fate::LeftOut },
                    );
                }
            });
        }
        staged.contents.bytes += staging.len() as u64;
        staged
    }

    /// Writes the staging buffer behind what is durable, durably. On failure the file ends where it did.
    fn write_staging(&mut self) -> io::Result<()> {
        let from = self.active.bytes;
        let written = self.file.write_all_at(&self.staging, from).and_then(|()| self.file.sync_data());
        if written.is_err() {
            // If this fails too, the next write begins at the same place, and the next start cuts what is left.
            drop(self.file.set_len(from));
        }
        written
    }

    /// Writes the openings of the last segment once more, behind what is durable, for those at its beginning are damaged.
    /// A convenience that may be missing: until then each start reads the segment before.
    pub(super) fn open_again(&mut self) {
        self.staging.clear();
        self.staging.extend(opening(self.active.first_seq, &self.runs));
        match self.write_staging() {
            Ok(()) => self.active.bytes += self.staging.len() as u64,
            Err(error) => {
                tracing::error!(%error, "the openings of the activity log could not be written again")
            }
        }
    }

    /// A run that is an import is over: all its lines up to the last are known.
    pub(super) fn end_import(&mut self, run: Run, lines: u64, events: u64) {
        self.runs.remove(&run);
        let settled = self.over.entry(run).or_default();
        *settled = lines.max(*settled);
        self.ended.import(events);
    }

    fn accept(&mut self, staged: &Staged) {
        self.active = staged.contents;
        for (run, numbers) in &staged.numbers {
            let state = self.runs.entry(*run).or_default();
            state.accounted.merge(numbers);
            state.durable += staged.counts.get(run).copied().unwrap_or(0);
            if let Some(&at) = staged.last_at.get(run) {
                state.last_at = Some(at);
            }
        }
    }

    /// Adds entries, durably.
    pub(super) fn add(&mut self, dir: &Path, entries: &[Entry]) -> Result<(), StoreError> {
        self.entries.add(entries).map_err(StoreError::io("write", dir.join("entries.log")))
    }
}
