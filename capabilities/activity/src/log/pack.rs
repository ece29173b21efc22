//! Packing: what is closed moves into files of columns, and the files of a day that is over become one.
//!
//! Each step leaves every event in at least one place that a start finds, and in one that counts: the new file is durable
//! before it has its name, named before the index tells of it, in the index before what it replaces is taken away.

use std::path::Path;
use std::sync::Arc;

use kit::Timestamp;

use super::index::{self, Listed, Packed, Part};
use super::read::events_in;
use super::segment::{self, Contents};
use super::{AppendLog, held};
use crate::batch::Stored;
use crate::columns::{Columns, Side, Written};
use crate::store::StoreError;

const A_DAY_MS: i64 = 86_400_000;
/// How long after midnight (UTC) a day is taken to be over.
const AND_A_BIT_MS: i64 = 3_600_000;
/// A day with more events stays in several files.
const MOST_ROWS: u64 = 8_000_000;

impl AppendLog {
    /// Packs every closed segment that is whole, oldest first; how many. One with damaged bytes stays as it is: somebody
    /// may want to look at them.
    pub fn pack(&self, stop: impl Fn() -> bool) -> Result<usize, StoreError> {
        let Some(columns) = self.config.columns.clone() else { return Ok(0) };
        let _upkeep = held(&self.upkeep);
        let mut packed = 0;
        for contents in self.closed() {
            if stop() {
                break;
            }
            if held(&self.shelf).left_as_frames.contains(&contents.first_seq) {
                continue;
            }
            packed += usize::from(self.pack_one(&*columns, &contents)?);
        }
        Ok(packed)
    }

    /// Closes the segment that is being written if its newest event was on a day that is over, so that it can be packed.
    pub fn close_day(&self, at: Timestamp) -> Result<(), StoreError> {
        if self.config.columns.is_none() {
            return Ok(());
        }
        let mut writer = held(&self.writer);
        if writer.active.is_empty() || !is_over(day_of(writer.active.newest), at) {
            return Ok(());
        }
        self.rotate(&mut writer)
    }

    /// The segments that nothing is added to any more, oldest first.
    pub(super) fn closed(&self) -> Vec<Contents> {
        let mut segments = self.segments();
        segments.pop();
        segments
    }

    /// Whether [`Self::pack`] would find anything to do.
    pub fn has_closed(&self) -> bool {
        let shelf = held(&self.shelf);
        self.config.columns.is_some() && shelf.segments.len() > shelf.left_as_frames.len() + 1
    }

    fn pack_one(&self, columns: &dyn Columns, contents: &Contents) -> Result<bool, StoreError> {
        let Some(bytes) = self.bytes_of(contents)? else { return Ok(false) };
        let dir = &self.config.dir;
        let recovered = segment::recover(&bytes, contents.first_seq);
        let whole = recovered.damaged_bytes + recovered.cut_bytes == 0;
        if !whole || recovered.contents.is_empty() || recovered.contents.next_seq != contents.next_seq {
            held(&self.shelf).left_as_frames.insert(contents.first_seq);
            return Ok(false);
        }
        let (frames, _) = events_in(&bytes);
        let mut rows = frames.iter().flat_map(Stored::rows);
        let parts = vec![Part::of(&recovered)];
        let listed =
            self.add_file_if(parts, 0, |path, about| columns.write(path, about, &mut rows).map(Some))?;
        self.replace(&[], listed, Some(contents.first_seq))?;
        let path = contents.path(dir);
        std::fs::remove_file(&path)
            .and_then(|()| segment::sync_folder(&path))
            .map_err(StoreError::io("delete", &path))?;
        Ok(true)
    }

    /// Makes one file of those of each day that is over; how many were made.
    pub fn merge_days(&self, at: Timestamp, stop: impl Fn() -> bool) -> Result<usize, StoreError> {
        let Some(columns) = self.config.columns.clone() else { return Ok(0) };
        let _upkeep = held(&self.upkeep);
        let mut made = 0;
        for files in self.whole_days(at) {
            if stop() {
                break;
            }
            let parts: Vec<Part> = files.iter().flat_map(|packed| packed.listed.parts.clone()).collect();
            let whole: Vec<_> = files.iter().map(|packed| &packed.file).collect();
            let listed =
                self.add_file_if(parts, 0, |path, about| columns.merge(&whole, path, about).map(Some))?;
            self.replace(&files, listed, None)?;
            made += 1;
        }
        Ok(made)
    }

    /// Files of one day each that lie beside each other and are whole.
    fn whole_days(&self, at: Timestamp) -> Vec<Vec<Arc<Packed>>> {
        let (files, frames) = {
            let shelf = held(&self.shelf);
            (shelf.files.clone(), shelf.segments.clone())
        };
        let mut days: Vec<(i64, u64, Vec<Arc<Packed>>)> = Vec::new();
        for packed in files {
            let contents = packed.listed.contents();
            let (day, rows) = (day_of(contents.newest), packed.file.rows());
            if !is_over(day, at) {
                continue;
            }
            match days.last_mut() {
                Some((same, sum, group))
                    if *same == day
                        && sum.saturating_add(rows) <= MOST_ROWS
                        && group.last().is_some_and(|before| {
                            let from = before.listed.next_seq();
                            let between = from..contents.first_seq;
                            !frames.iter().any(|frames| between.contains(&frames.first_seq))
                        }) =>
                {
                    *sum += rows;
                    group.push(packed);
                }
                _ => days.push((day, rows, vec![packed])),
            }
        }
        let several = days.into_iter().map(|(_, _, group)| group).filter(|group| group.len() > 1);
        several.filter(|group| group.iter().all(|packed| packed.file.damaged_rows() == 0)).collect()
    }

    /// Writes a file under a name that says nothing yet, and then gives it its own. None where there is nothing to write.
    pub(super) fn add_file_if(
        &self,
        parts: Vec<Part>,
        generation: u32,
        write: impl FnOnce(&Path, &str) -> std::io::Result<Option<Written>>,
    ) -> Result<Option<Listed>, StoreError> {
        let path = self.config.dir.join(index::name_of(&parts, generation));
        let temporary = path.with_extension("tmp");
        let written = write(&temporary, &index::about(&parts));
        if written.is_err() {
            // They may hold the space that is wanting.
            drop(std::fs::remove_file(&temporary));
            for side in Side::ALL {
                drop(std::fs::remove_file(side.of(&temporary)));
            }
        }
        let Some(written) = written.map_err(StoreError::io("write", &path))? else { return Ok(None) };
        let name_sides = || {
            let mut written_ones = Side::ALL.into_iter().filter(|side| written.sides.get(*side).is_some());
            written_ones.try_for_each(|side| std::fs::rename(side.of(&temporary), side.of(&path)))
        };
        name_sides()
            .and_then(|()| std::fs::rename(&temporary, &path))
            .and_then(|()| segment::sync_folder(&path))
            .map_err(StoreError::io("name", &path))?;
        Ok(Some(Listed::new(parts, generation, written)))
    }

    /// Puts one file in the place of others, or of a segment, or of nothing: in the index, for readers, and on the disk.
    pub(super) fn replace(
        &self,
        old: &[Arc<Packed>],
        new: Option<Listed>,
        segment: Option<u64>,
    ) -> Result<(), StoreError> {
        let dir = &self.config.dir;
        let is_old = |kept: &Arc<Packed>| old.iter().any(|old| old.listed.name == kept.listed.name);
        let mut files: Vec<_> =
            held(&self.shelf).files.iter().filter(|kept| !is_old(kept)).cloned().collect();
        files.extend(new.map(|listed| Packed::open(dir, listed)));
        files.sort_by_key(|packed| packed.listed.first_seq());
        index::save(dir, files.iter().map(|packed| &packed.listed))
            .map_err(StoreError::io("write", dir.join(index::NAME)))?;
        {
            let mut shelf = held(&self.shelf);
            shelf.files = files;
            shelf.segments.retain(|kept| Some(kept.first_seq) != segment);
        }
        for packed in old {
            let path = packed.file.path();
            for side in Side::ALL.into_iter().filter(|side| packed.listed.sides.get(*side).is_some()) {
                // One that is gone already is no loss.
                drop(std::fs::remove_file(side.of(path)));
            }
            std::fs::remove_file(path)
                .and_then(|()| segment::sync_folder(path))
                .map_err(StoreError::io("delete", path))?;
        }
        Ok(())
    }
}

/// The day in UTC.
const fn day_of(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(A_DAY_MS)
}

const fn is_over(day: i64, at: Timestamp) -> bool {
    at.as_millis() >= day.saturating_add(1).saturating_mul(A_DAY_MS).saturating_add(AND_A_BIT_MS)
}
