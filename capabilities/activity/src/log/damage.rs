//! Events that were on disk and were damaged there.
//!
//! Every event has a place, and the places of a log have no gaps: a place between two whole frames that neither has is
//! an event that lay in damaged bytes. Such an event counts as lost from then on. Of a gate run that is not over, the
//! numbers that are missing from the last segment are found missing when the run is settled and counted as lost there,
//! so they are not counted here a second time.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::Path;

use kit::Timestamp;

use super::segment::{self, Recovered, RunState};
use super::{AppendLog, held};
use crate::entry::{Entry, What};
use crate::frame::{self, Piece};
use crate::page::Run;
use crate::spans::total;
use crate::store::StoreError;

/// What is known to be damaged in one segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Known {
    /// Places of which there is no event.
    places: u64,
    /// Events that had been counted as on disk and count as lost instead.
    recounted: u64,
}

/// What is known to be damaged, by the first place of its segment.
#[derive(Debug, Default)]
pub(super) struct Damaged(BTreeMap<u64, Known>);

impl Damaged {
    /// Takes in what an entry says.
    pub fn add(&mut self, first_seq: u64, places: u64, recounted: u64) {
        let known = self.0.entry(first_seq).or_default();
        known.places = known.places.saturating_add(places);
        known.recounted = known.recounted.saturating_add(recounted);
    }

    fn of(&self, first_seq: u64) -> Known {
        self.0.get(&first_seq).copied().unwrap_or_default()
    }

    /// How many events count as lost because of damage.
    pub fn recounted(&self) -> u64 {
        self.0.values().fold(0, |sum, known| sum.saturating_add(known.recounted))
    }

    /// The entry about what is new.
    fn entry(first_seq: u64, new: Known, damaged_bytes: u64, at: Timestamp) -> Entry {
        let Known { places, recounted: events } = new;
        tracing::warn!(
            first_seq,
            places,
            events,
            damaged_bytes,
            "Events of the activity log were damaged on disk; they are counted as lost"
        );
        Entry { at, what: What::Damaged { first_seq, places, events, damaged_bytes } }
    }
}

/// What is newly found missing from the last segment, of runs that are over: what they had when they ended against what
/// is there, or the places that no run which goes on can account for.
pub(super) fn of_last(
    known: &Damaged,
    recovered: &Recovered,
    durable: &HashMap<Run, u64>,
    open: &BTreeMap<Run, RunState>,
    lost: &HashMap<Run, Vec<(u64, u64)>>,
    at: Timestamp,
) -> Option<(Entry, u64, u64, u64)> {
    let first_seq = recovered.contents.first_seq;
    let before = known.of(first_seq);
    let places = recovered.missing.saturating_sub(before.places);
    let from_its_first = |run: &Run, state: &RunState| {
        let had_first = |spans: &Vec<(u64, u64)>| spans.iter().any(|&(first, _)| first == 1);
        state.settled_before == 0 && (state.accounted.contains(1) || lost.get(run).is_some_and(had_first))
    };
    let short: u64 = recovered
        .runs
        .iter()
        .filter(|(run, state)| !open.contains_key(run) && from_its_first(run, state))
        .map(|(run, state)| durable.get(run).map_or(0, |had| had.saturating_sub(state.durable)))
        .fold(0, u64::saturating_add);
    let short = short.saturating_sub(before.recounted);
    let open_gaps = open
        .values()
        .map(|state| total(&state.accounted.gaps(state.accounted.highest())))
        .fold(0, u64::saturating_add);
    let recounted = short.max(places.saturating_sub(open_gaps));
    let new = Known { places, recounted };
    (new != Known::default())
        .then(|| (Damaged::entry(first_seq, new, recovered.damaged_bytes, at), first_seq, places, recounted))
}

impl AppendLog {
    /// Reads every full segment and counts what is damaged in it. How many events that had been counted as on disk.
    pub fn look_for_damage(&self, at: Timestamp, stop: impl Fn() -> bool) -> Result<u64, StoreError> {
        let _upkeep = held(&self.upkeep);
        let dir = &self.config.dir;
        let segments = self.segments();
        let mut sum = 0;
        for pair in segments.windows(2) {
            let [contents, next] = pair else { continue };
            if stop() {
                break;
            }
            let path = contents.path(dir);
            let bytes = match fs::read(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                read => read.map_err(StoreError::io("read", &path))?,
            };
            let found = segment::recover(&bytes, contents.first_seq);
            // The places of the next segment say where this one ended, whatever became of its end.
            let missing = found.missing + next.first_seq.saturating_sub(found.contents.next_seq);
            let mut writer = held(&self.writer);
            let places = missing.saturating_sub(writer.damaged.of(contents.first_seq).places);
            if places == 0 {
                continue;
            }
            let new = Known { places, recounted: places };
            let bad_bytes = found.damaged_bytes + found.cut_bytes;
            writer.add(dir, &[Damaged::entry(contents.first_seq, new, bad_bytes, at)])?;
            writer.damaged.add(contents.first_seq, places, places);
            sum += places;
        }
        Ok(sum)
    }
}

/// What of a log is damaged, as whoever may read its folder sees it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Look {
    /// How many files were read.
    pub files: usize,
    /// Names of files that are damaged, with how many bytes of them.
    pub damaged: Vec<(String, u64)>,
}

/// Reads every file of frames in a log's folder but the sealed records, which have their own. While a log is running, a
/// half-written frame at the end of its newest files is no damage; after it has ended it is.
pub fn look(dir: &Path) -> io::Result<Look> {
    let mut look = Look::default();
    let running = match fs::File::open(dir.join("lock")) {
        Ok(lock) => lock.try_lock_shared().is_err(),
        Err(_) => false,
    };
    let firsts = segment::list(dir)?;
    let newest = firsts.last().map(|first| segment::path_of(dir, *first));
    let entries = dir.join("entries.log");
    let paths = firsts.iter().map(|first| segment::path_of(dir, *first)).chain(Some(entries.clone()));
    for path in paths {
        let bytes = match fs::read(&path) {
            // Retention may just have taken it; a log that never ran has no entries.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            read => read?,
        };
        look.files += 1;
        let grows = running && (path == entries || newest.as_ref() == Some(&path));
        let damaged: usize = frame::pieces(&bytes)
            .map(|piece| match piece {
                Piece::Whole(_) => 0,
                Piece::Damage { from, to } => to - from,
                Piece::Torn { .. } if grows => 0,
                Piece::Torn { from } => bytes.len() - from,
            })
            .sum();
        if damaged > 0 {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            look.damaged.push((name, damaged as u64));
        }
    }
    Ok(look)
}
