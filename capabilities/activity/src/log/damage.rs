//! Events that were on disk and were damaged there.
//!
//! Every event has a place, and the places of a log have no gaps: a place between two whole frames that neither has is
//! an event that lay in damaged bytes. Such an event counts as lost from then on. So there are as many events on disk as
//! there are places without those, and whatever is counted beyond that is counted as lost instead. Of a gate run that is
//! not over, the numbers that are missing from the last segment are found missing when the run is settled and counted as
//! lost there: they are not counted as on disk, and so are not counted here a second time.

use std::collections::BTreeMap;
use std::fs;
use std::io;

use kit::Timestamp;

use super::index::Packed;
use super::segment::{self, Recovered};
use super::{AppendLog, Stretch, durable_of, held};
use crate::entry::{Entry, What};
use crate::spans::Spans;
use crate::store::StoreError;

/// What is known to be damaged in one segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Known {
    /// Places of which there is no event.
    places: u64,
    /// Events that had been counted as on disk and count as lost instead.
    recounted: u64,
    /// Those of them that were brought in from another filter's log, and that no gate lost.
    brought_in: u64,
}

/// What is known to be damaged, by the first place of its segment.
#[derive(Debug, Clone, Default)]
pub(super) struct Damaged(BTreeMap<u64, Known>);

impl Damaged {
    /// Takes in what an entry says.
    pub fn add(&mut self, first_seq: u64, places: u64, recounted: u64, brought_in: u64) {
        let known = self.0.entry(first_seq).or_default();
        known.places = known.places.saturating_add(places);
        known.recounted = known.recounted.saturating_add(recounted);
        known.brought_in = known.brought_in.saturating_add(brought_in);
    }

    /// What is known of everything from one place to before another.
    fn within(&self, first_seq: u64, next_seq: u64) -> u64 {
        let end = next_seq.max(first_seq.saturating_add(1));
        self.0.range(first_seq..end).fold(0, |sum, (_, known)| sum.saturating_add(known.places))
    }

    /// How many events count as lost because of damage.
    pub fn recounted(&self) -> u64 {
        self.0.values().fold(0, |sum, known| sum.saturating_add(known.recounted))
    }

    /// How many of those were brought in.
    pub fn brought_in(&self) -> u64 {
        self.0.values().fold(0, |sum, known| sum.saturating_add(known.brought_in))
    }

    /// How many of so many events that are counted as on disk have no place up to `next_seq` that is whole: those that
    /// are still to be counted as lost. Negative where there are more places than events are counted.
    fn excess(&self, durable: u64, next_seq: u64) -> i128 {
        let places = self.0.values().fold(0, |sum: u64, known| sum.saturating_add(known.places));
        let there = i128::from(next_seq.saturating_sub(1)) - i128::from(places);
        i128::from(durable) - i128::from(self.recounted()) - there
    }

    /// How many events on disk nobody counts: of runs whose end no entry tells any more, because it is damaged.
    pub fn forgotten(&self, durable: u64, next_seq: u64) -> u64 {
        u64::try_from(-self.excess(durable, next_seq)).unwrap_or(0)
    }

    /// Takes in what is newly found damaged in a segment, and gives the entry about it.
    fn found(
        &mut self,
        Lies { first_seq, end, is_brought_in }: Lies,
        missing: u64,
        damaged_bytes: u64,
        (durable, next_seq): (u64, u64),
        at: Timestamp,
    ) -> Option<(Entry, u64)> {
        let places = missing.saturating_sub(self.within(first_seq, end));
        self.add(first_seq, places, 0, 0);
        let events = u64::try_from(self.excess(durable, next_seq)).unwrap_or(0);
        let brought_in = if is_brought_in { events } else { 0 };
        self.add(first_seq, 0, events, brought_in);
        if places == 0 && events == 0 {
            return None;
        }
        tracing::warn!(
            first_seq,
            places,
            events,
            brought_in,
            damaged_bytes,
            "Events of the activity log were damaged on disk; they are counted as lost"
        );
        Some((
            Entry { at, what: What::Damaged { first_seq, places, events, brought_in, damaged_bytes } },
            events,
        ))
    }

    /// What is newly found missing from the last segment, its end included, which may have been cut off: of a log that
    /// counts so many events as durable.
    pub fn in_last(
        &mut self,
        recovered: &Recovered,
        durable: u64,
        brought_in: &Spans,
        at: Timestamp,
    ) -> Option<Entry> {
        let Recovered { contents, missing, damaged_bytes, .. } = recovered;
        let counted = (durable, contents.next_seq);
        let lies = Lies::of(contents.first_seq, contents.next_seq, brought_in);
        self.found(lies, *missing, *damaged_bytes, counted, at).map(|(entry, _)| entry)
    }
}

/// Where something lies: from one place to before another, and whether all that lay there was brought in.
#[derive(Debug, Clone, Copy)]
struct Lies {
    first_seq: u64,
    end: u64,
    is_brought_in: bool,
}

impl Lies {
    /// Where a file holds both, as one of a whole day may, damage counts as a gate's: no loss of a gate is hidden.
    fn of(first_seq: u64, end: u64, brought_in: &Spans) -> Self {
        let is_brought_in = end > first_seq && brought_in.holds_all(first_seq, end - 1);
        Self { first_seq, end, is_brought_in }
    }
}

impl AppendLog {
    /// Reads every full segment and counts what is damaged in it. How many events that had been counted as on disk.
    pub fn look_for_damage(&self, at: Timestamp, stop: impl Fn() -> bool) -> Result<u64, StoreError> {
        let _upkeep = held(&self.upkeep);
        let dir = &self.config.dir;
        let stretches = held(&self.shelf).stretches();
        let mut sum = 0;
        for pair in stretches.windows(2) {
            let [stretch, next] = pair else { continue };
            if stop() {
                break;
            }
            let (contents, next) = (stretch.contents(), next.contents());
            let found = match stretch {
                Stretch::Columns(packed) => of_columns(packed),
                Stretch::Frames(_) => {
                    let path = contents.path(dir);
                    let bytes = match fs::read(&path) {
                        Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                        read => read.map_err(StoreError::io("read", &path))?,
                    };
                    segment::recover(&bytes, contents.first_seq)
                }
            };
            // The places of the next segment say where this one ended, whatever became of its end.
            let missing = found.missing + next.first_seq.saturating_sub(found.contents.next_seq);
            let mut writer = held(&self.writer);
            if missing <= writer.damaged.within(contents.first_seq, contents.next_seq) {
                continue;
            }
            let bad_bytes = found.damaged_bytes + found.cut_bytes;
            let counted = (durable_of(&writer.ended, &writer.runs), writer.active.next_seq);
            let mut damaged = writer.damaged.clone();
            // Where its end is damaged too, the next one says where it was.
            let end = contents.next_seq.max(next.first_seq);
            let lies =
                Lies { end: contents.next_seq, ..Lies::of(contents.first_seq, end, &writer.brought_in) };
            if let Some((entry, events)) = damaged.found(lies, missing, bad_bytes, counted, at) {
                writer.add(dir, &[entry])?;
                writer.damaged = damaged;
                sum += events;
            }
        }
        Ok(sum)
    }
}

/// What reading a file of columns finds, as if it were a segment.
fn of_columns(packed: &Packed) -> Recovered {
    Recovered {
        contents: packed.listed.contents(),
        runs: Vec::new(),
        cut_bytes: 0,
        damaged_bytes: packed.file.damaged_bytes(),
        missing: packed.listed.missing().saturating_add(packed.file.damaged_rows()),
        opened: true,
    }
}
