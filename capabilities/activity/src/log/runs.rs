//! Where gate runs stood, found again where the frames or the entries that say it are damaged.
//!
//! The openings of a segment say where each run stood when it began; so do the events of the segment before, after its
//! openings, and so on back. Which numbers are lost only the entries say.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::index::{Packed, Part};
use super::segment::{self, Contents, Recovered, RunState};
use crate::page::Run;
use crate::spans::{Spans, total};
use crate::store::StoreError;

/// Numbers counted as lost, by run.
pub(super) type Lost = HashMap<Run, Vec<(u64, u64)>>;

/// A segment before the last, as it lies now.
#[derive(Debug, Clone)]
pub(super) enum Earlier<'a> {
    /// As it was written.
    Frames(Contents),
    /// In a file of columns.
    Packed(&'a Part),
}

impl<'a> Earlier<'a> {
    /// All of them, oldest first.
    pub fn all(files: &'a [Arc<Packed>], segments: &[Contents]) -> Vec<Self> {
        let parts = files.iter().flat_map(|packed| &packed.listed.parts).map(Self::Packed);
        let mut all: Vec<Self> = parts.chain(segments.iter().copied().map(Self::Frames)).collect();
        all.sort_by_key(|earlier| match earlier {
            Self::Frames(contents) => contents.first_seq,
            Self::Packed(part) => part.first_seq,
        });
        all
    }
}

/// Where each run stood at the end of the last segment. `before` are the segments before it, oldest first; one of them
/// is read only where the openings of the one after it are damaged.
pub(super) fn at_end(
    dir: &Path,
    before: &[Earlier<'_>],
    last: &Recovered,
    lost: &Lost,
) -> Result<BTreeMap<Run, RunState>, StoreError> {
    let mut parts = vec![last.clone()];
    for contents in before.iter().rev() {
        if parts.last().is_none_or(|part| part.opened) {
            break;
        }
        parts.push(read(dir, contents)?);
    }
    let mut parts = parts.into_iter().rev();
    let Some(first) = parts.next() else { return Ok(BTreeMap::new()) };
    let mut runs: BTreeMap<Run, RunState> = first.runs.into_iter().collect();
    if !first.opened {
        // Nothing is kept that says what was before.
        for (run, state) in &mut runs {
            begin_unseen(state, lost.get(run).map_or(&[], Vec::as_slice));
        }
    }
    for (run, later) in parts.flat_map(|part| part.runs) {
        let state = runs.entry(run).or_default();
        go_on(state, &later, lost.get(&run).map_or(&[], Vec::as_slice));
    }
    // Where the last segment says all of a run, nothing of it was taken from those before.
    let told: BTreeMap<Run, u64> =
        last.runs.iter().map(|(run, state)| (*run, state.accounted.count())).collect();
    for (run, state) in &mut runs {
        state.put_together = told.get(run) != Some(&state.accounted.count());
    }
    Ok(runs)
}

/// Where runs stood that no segment's end speaks of because they were over by then, and whose end no entry tells any
/// more: from the newest segments that hold events of theirs.
pub(super) fn look_back(
    dir: &Path,
    before: &[Earlier<'_>],
    mut wanted: Vec<Run>,
    lost: &Lost,
) -> Result<BTreeMap<Run, RunState>, StoreError> {
    let mut found = BTreeMap::new();
    for (index, contents) in before.iter().enumerate().rev() {
        if wanted.is_empty() {
            break;
        }
        let here = read(dir, contents)?;
        if !here.runs.iter().any(|(run, _)| wanted.contains(run)) {
            continue;
        }
        let runs = at_end(dir, before.get(..index).unwrap_or_default(), &here, lost)?;
        wanted.retain(|run| match runs.get(run) {
            Some(state) => found.insert(*run, RunState { put_together: true, ..state.clone() }).is_some(),
            None => true,
        });
    }
    Ok(found)
}

fn read(dir: &Path, earlier: &Earlier<'_>) -> Result<Recovered, StoreError> {
    let contents = match earlier {
        Earlier::Packed(part) => return Ok(part.recovered()),
        Earlier::Frames(contents) => contents,
    };
    let path = contents.path(dir);
    let bytes = fs::read(&path).map_err(StoreError::io("read", &path))?;
    Ok(segment::recover(&bytes, contents.first_seq))
}

/// The numbers before the first that is seen were given out, and those that were not lost became durable in segments
/// that are no longer kept.
fn begin_unseen(state: &mut RunState, lost: &[(u64, u64)]) {
    let Some(&(1, last)) = state.accounted.gaps(state.accounted.highest()).first() else { return };
    let lost: Vec<_> =
        lost.iter().filter(|(first, _)| *first <= last).map(|&(first, to)| (first, to.min(last))).collect();
    state.accounted.insert_span(1, last);
    state.durable = state.durable.saturating_add(last.saturating_sub(total(&lost)));
    state.at_least = true;
}

/// Adds what a segment without whole openings has of a run to where the run stood before it.
fn go_on(state: &mut RunState, later: &RunState, lost: &[(u64, u64)]) {
    let mut known: Spans = state.accounted.clone();
    lost.iter().for_each(|&(first, last)| known.insert_span(first, last));
    let before = known.count();
    known.merge(&later.accounted);
    let fresh = known.count().saturating_sub(before);
    state.durable = state.durable.saturating_add(fresh).max(later.durable);
    state.damaged = state.damaged.max(later.damaged);
    state.accounted.merge(&later.accounted);
    state.settled_before = state.settled_before.max(later.settled_before);
    state.at_least |= later.at_least;
    state.last_at = later.last_at.or(state.last_at);
}
