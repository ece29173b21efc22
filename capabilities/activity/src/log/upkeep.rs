//! Retention and erasure: the only two ways anything leaves the log, each with its own entry.

use std::sync::Arc;

use kit::Timestamp;

use super::index::Packed;
use super::read::events_in;
use super::segment::{self, Contents};
use super::{AppendLog, Stretch, held};
use crate::batch::Fate;
use crate::batch::Stored;
use crate::entry::{Entry, What};
use crate::frame::{self, Kind, Piece};
use crate::page::Run;
use crate::search::Subject;
use crate::store::StoreError;

const A_DAY_MS: i64 = 86_400_000;

impl AppendLog {
    /// Deletes every closed segment whose newest event is older than the log is kept, oldest first, the entry before
    /// the file. How many.
    pub fn expire(&self, at: Timestamp) -> Result<usize, StoreError> {
        let _upkeep = held(&self.upkeep);
        let dir = &self.config.dir;
        let keep_days = self.config.keep_days;
        let oldest_kept = at.plus_millis(-i64::from(keep_days).saturating_mul(A_DAY_MS));
        let mut stretches = held(&self.shelf).stretches();
        stretches.pop();
        let mut deleted = 0;
        for stretch in stretches {
            let contents = stretch.contents();
            if contents.is_empty() || contents.newest >= oldest_kept {
                continue;
            }
            let path = match &stretch {
                Stretch::Frames(contents) => contents.path(dir),
                Stretch::Columns(packed) => packed.file.path().to_owned(),
            };
            let what = What::Expired {
                file: path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
                first_seq: contents.first_seq,
                last_seq: contents.next_seq - 1,
                oldest: contents.oldest,
                newest: contents.newest,
                kept_days: keep_days,
            };
            self.note(Entry { at, what })?;
            match stretch {
                Stretch::Columns(packed) => self.replace(&[packed], None, None)?,
                Stretch::Frames(_) => {
                    let mut shelf = held(&self.shelf);
                    shelf.segments.retain(|kept| kept.first_seq != contents.first_seq);
                    shelf.left_as_frames.remove(&contents.first_seq);
                    drop(shelf);
                    std::fs::remove_file(&path)
                        .and_then(|()| segment::sync_folder(&path))
                        .map_err(StoreError::io("delete", &path))?;
                }
            }
            deleted += 1;
        }
        Ok(deleted)
    }

    /// Goes on with erasures that an earlier process began and did not finish.
    pub fn finish_erasures(&self, at: Timestamp) -> Result<(), StoreError> {
        let hidden = held(&self.shelf).hidden.clone();
        for subject in hidden {
            self.erase_physically(subject, at)?;
        }
        Ok(())
    }

    /// Erases somebody's events as [`crate::LogStore::erase`] does, and writes down why with it.
    pub fn erase_for(&self, subject: Subject, reason: &str, at: Timestamp) -> Result<u64, StoreError> {
        self.erase_everywhere(subject, Some(reason.to_owned()), at)
    }

    pub(super) fn erase_everywhere(
        &self,
        mut subject: Subject,
        reason: Option<String>,
        at: Timestamp,
    ) -> Result<u64, StoreError> {
        // What is decided after the asking is not what was asked about.
        subject.time.to = Some(subject.time.to.map_or(at, |to| to.min(at)));
        self.note(Entry { at, what: What::ErasureBegun { subject, reason } })?;
        held(&self.shelf).hidden.push(subject);
        held(&self.refusals).forget(&subject);
        self.erase_physically(subject, at)
    }

    fn erase_physically(&self, subject: Subject, at: Timestamp) -> Result<u64, StoreError> {
        let _upkeep = held(&self.upkeep);
        {
            let mut writer = held(&self.writer);
            if !writer.active.is_empty() {
                self.rotate(&mut writer)?;
            }
        }
        let mut erased = 0;
        for contents in self.closed() {
            erased += self.erase_in(&contents, &subject)?;
        }
        let files = held(&self.shelf).files.clone();
        for packed in files {
            erased += self.erase_in_columns(&packed, &subject)?;
        }
        let done = Entry { at, what: What::ErasureDone { subject, events: erased } };
        self.note(done.clone())?;
        super::imports::learn(&mut held(&self.writer).imports, &done);
        let mut shelf = held(&self.shelf);
        shelf.hidden.retain(|hidden| *hidden != subject);
        shelf.erased.push(subject);
        Ok(erased)
    }

    /// Writes a file of columns again without the subject's events, if there are any. What is damaged, which may hold some,
    /// goes too.
    fn erase_in_columns(&self, packed: &Arc<Packed>, subject: &Subject) -> Result<u64, StoreError> {
        let Some(columns) = self.config.columns.clone() else { return Ok(0) };
        let contents = packed.listed.contents();
        if !subject.time.meets(contents.oldest, contents.newest) && packed.file.damaged_rows() == 0 {
            return Ok(0);
        }
        let mut listed = packed.listed.clone();
        listed.lose(packed.file.damaged_rows());
        let generation = listed.generation().saturating_add(1);
        let mut erased = 0;
        let written = self.add_file_if(listed.parts, generation, |path, about| {
            let written = columns.without(&packed.file, subject, contents.oldest, path, about)?;
            Ok(written.map(|(written, events)| {
                erased = events;
                written
            }))
        })?;
        if let Some(listed) = written {
            self.replace(std::slice::from_ref(packed), Some(listed), None)?;
        }
        Ok(erased)
    }

    /// Writes a segment again without the subject's events, if there are any. Damaged bytes, which may hold some, go too.
    fn erase_in(&self, contents: &Contents, subject: &Subject) -> Result<u64, StoreError> {
        let Some(bytes) = self.bytes_of(contents)? else { return Ok(0) };
        let (frames, damaged) = events_in(&bytes);
        let covered = |stored: &Stored<'_>| {
            let run = Run(stored.run);
            stored.batch.events().filter(|event| subject.covers(run, event)).count() as u64
        };
        let erased: u64 = frames.iter().map(covered).sum();
        if erased == 0 && damaged == 0 {
            return Ok(0);
        }
        let mut out = Vec::with_capacity(bytes.len());
        for piece in frame::pieces(&bytes) {
            let Piece::Whole(frame) = piece else { continue };
            let stored = if frame.kind == Kind::Events { Stored::parse(frame.body) } else { None };
            frame::push(&mut out, frame.kind, |out| match stored {
                None => out.extend_from_slice(frame.body),
                Some(stored) => {
                    out.extend_from_slice(&stored.first_seq.to_le_bytes());
                    out.extend_from_slice(&stored.run.to_le_bytes());
                    let run = Run(stored.run);
                    stored.batch.rewrite(out, |event| {
                        if subject.covers(run, event) { Fate::Erased } else { Fate::Kept }
                    });
                }
            });
        }
        let path = contents.path(&self.config.dir);
        // A reader that still holds the old length reads to the new file's end: no frame is cut by it.
        let bytes = out.len() as u64;
        segment::write_whole(&path, &out)
            .and_then(|_| segment::sync_folder(&path))
            .map_err(StoreError::io("rewrite", &path))?;
        let mut shelf = held(&self.shelf);
        shelf.left_as_frames.remove(&contents.first_seq);
        if let Some(kept) = shelf.segments.iter_mut().find(|kept| kept.first_seq == contents.first_seq) {
            kept.bytes = bytes;
        }
        Ok(erased)
    }
}
