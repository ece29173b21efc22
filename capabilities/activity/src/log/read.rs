//! Reading: searches, scans and following.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::net::IpAddr;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use kit::Timestamp;

use super::index::Packed;
use super::segment::{self, Contents};
use super::{AppendLog, Stretch, held};
use crate::ask::Counts;
use crate::batch::Stored;
use crate::columns::{Reported, Table, Wanted};
use crate::event::{Encoded, Event};
use crate::frame::{self, Kind, Piece};
use crate::report::Report;
use crate::search::{Filter, Search, Subject, TimeRange};
use crate::store::{Answered, Appended, Each, LogStore, StoreError};
use crate::{batch::Batch, page::Run};

impl LogStore for AppendLog {
    fn append(&self, batches: &[(Run, Batch<'_>)]) -> Result<Appended, StoreError> {
        self.append_durably(batches)
    }

    fn query(&self, search: &Search, each: &mut Each<'_>) -> Result<Answered, StoreError> {
        let filter = Filter::new(search)?;
        let mut answered = Answered::default();
        for stretch in self.stretches(filter.time()).iter().rev() {
            let left = filter.limit().map(|limit| limit.saturating_sub(answered.events));
            if left == Some(0) || self.read(stretch, &filter, (true, left), &mut answered, each)?.is_break() {
                break;
            }
        }
        Ok(answered)
    }

    fn scan(&self, time: TimeRange, each: &mut Each<'_>) -> Result<Answered, StoreError> {
        let filter = Filter::new(&Search { time, ..Search::default() })?;
        let mut answered = Answered::default();
        for stretch in &self.stretches(time) {
            if self.read(stretch, &filter, (false, None), &mut answered, each)?.is_break() {
                break;
            }
        }
        Ok(answered)
    }

    fn erase(&self, subject: Subject, at: Timestamp) -> Result<u64, StoreError> {
        self.erase_everywhere(subject, None, at)
    }
}

/// The batches in a segment's bytes, and how many bytes are damaged.
pub(super) fn events_in(bytes: &[u8]) -> (Vec<Stored<'_>>, u64) {
    let mut damaged = 0;
    let mut frames = Vec::new();
    for piece in frame::pieces(bytes) {
        match piece {
            Piece::Whole(frame) if frame.kind == Kind::Events => frames.extend(Stored::parse(frame.body)),
            Piece::Whole(_) => {}
            Piece::Damage { from, to } => damaged += (to - from) as u64,
            Piece::Torn { from } => damaged += (bytes.len() - from) as u64,
        }
    }
    (frames, damaged)
}

/// Hands over what a filter finds among the events in a segment's bytes.
fn in_frames(
    bytes: &[u8],
    filter: &Filter,
    hidden: &[Subject],
    (newest_first, at_most): (bool, Option<u64>),
    answered: &mut Answered,
    each: &mut Each<'_>,
) -> ControlFlow<()> {
    let (mut frames, damaged) = events_in(bytes);
    answered.damaged_bytes += damaged;
    if newest_first {
        frames.reverse();
    }
    let mut left = at_most;
    for stored in frames {
        let run = Run(stored.run);
        let mut events: Vec<_> = stored.events().collect();
        if newest_first {
            events.reverse();
        }
        for (seq, event) in events {
            if left == Some(0) {
                return ControlFlow::Continue(());
            }
            if let Some(event) = shown(run, seq, &event, filter, hidden) {
                left = left.map(|left| left - 1);
                answered.events += 1;
                each(event)?;
            }
        }
    }
    ControlFlow::Continue(())
}

fn shown(run: Run, seq: u64, event: &Encoded<'_>, filter: &Filter, hidden: &[Subject]) -> Option<Event> {
    let kept = event.kept.as_ref().filter(|kept| filter.matches(event.at, kept))?;
    if hidden.iter().any(|subject| subject.covers(run, event)) {
        return None;
    }
    Some(Event::of(seq, event.at, kept))
}

/// Where somebody who follows the log has got to.
#[derive(Debug)]
pub struct Follow {
    filter: Filter,
    next_seq: u64,
    /// How far into the last segment, by its first place.
    place: Option<(u64, u64)>,
}

impl AppendLog {
    /// What holds events that could be of a time, oldest first.
    pub(super) fn stretches(&self, time: TimeRange) -> Vec<Stretch> {
        let mut all = held(&self.shelf).stretches();
        all.retain(|stretch| {
            let contents = stretch.contents();
            !contents.is_empty() && time.meets(contents.oldest, contents.newest)
        });
        all
    }

    /// Hands over what a filter finds in a stretch, by falling or rising place, at most so many.
    fn read(
        &self,
        stretch: &Stretch,
        filter: &Filter,
        (newest_first, at_most): (bool, Option<u64>),
        answered: &mut Answered,
        each: &mut Each<'_>,
    ) -> Result<ControlFlow<()>, StoreError> {
        let contents = stretch.contents();
        let packed = match stretch {
            Stretch::Columns(packed) => Arc::clone(packed),
            Stretch::Frames(contents) => {
                let hidden = held(&self.shelf).hidden();
                match self.bytes_of(contents)? {
                    Some(bytes) => {
                        return Ok(in_frames(
                            &bytes,
                            filter,
                            &hidden,
                            (newest_first, at_most),
                            answered,
                            each,
                        ));
                    }
                    None => match self.packed_since(contents) {
                        Some(packed) => packed,
                        None => return Ok(ControlFlow::Continue(())),
                    },
                }
            }
        };
        answered.damaged_bytes += packed.file.damaged_bytes();
        let places = (contents.first_seq, contents.next_seq);
        let mut flow = ControlFlow::Continue(());
        answered.events +=
            self.in_columns(&packed, filter, places, (newest_first, at_most), &mut |event| {
                flow = each(event);
                flow
            })?;
        Ok(flow)
    }

    /// Reads places of a file of columns.
    fn in_columns(
        &self,
        packed: &Packed,
        filter: &Filter,
        (first_seq, next_seq): (u64, u64),
        (newest_first, at_most): (bool, Option<u64>),
        each: &mut Each<'_>,
    ) -> Result<u64, StoreError> {
        let Some(columns) = &self.config.columns else { return Ok(0) };
        let hidden = held(&self.shelf).hidden();
        let wanted = Wanted { filter, hidden: &hidden, first_seq, next_seq, newest_first, at_most };
        columns.read(&packed.file, &wanted, each).map_err(StoreError::io("read", packed.file.path()))
    }

    /// The file that a segment has been packed into, if it is not there any more because of that.
    pub(super) fn packed_since(&self, contents: &Contents) -> Option<Arc<Packed>> {
        let shelf = held(&self.shelf);
        let of_it = |packed: &&Arc<Packed>| {
            (packed.listed.first_seq()..packed.listed.next_seq()).contains(&contents.first_seq)
        };
        shelf.files.iter().find(of_it).cloned()
    }

    /// How many events a search finds, by verdict, step and front.
    pub fn counts(&self, search: &Search) -> Result<Counts, StoreError> {
        let filter = Filter::new(search)?;
        let mut counts = Counts::default();
        if filter.limit().is_some() {
            self.query(search, &mut |event| {
                counts.add(&event);
                ControlFlow::Continue(())
            })?;
            return Ok(counts);
        }
        for stretch in &self.stretches(filter.time()) {
            match (stretch, &self.config.columns) {
                (Stretch::Columns(packed), Some(columns)) => {
                    let hidden = held(&self.shelf).hidden();
                    let (first_seq, next_seq) = (packed.listed.first_seq(), packed.listed.next_seq());
                    let (newest_first, at_most) = (false, None);
                    let wanted = Wanted {
                        filter: &filter,
                        hidden: &hidden,
                        first_seq,
                        next_seq,
                        newest_first,
                        at_most,
                    };
                    columns
                        .count(&packed.file, &wanted, &mut counts)
                        .map_err(StoreError::io("read", packed.file.path()))?;
                }
                _ => {
                    let each = &mut |event: Event| {
                        counts.add(&event);
                        ControlFlow::Continue(())
                    };
                    let _ = self.read(stretch, &filter, (false, None), &mut Answered::default(), each)?;
                }
            }
        }
        Ok(counts)
    }

    /// A segment's bytes; `None` where retention has just taken it.
    pub(super) fn bytes_of(&self, contents: &Contents) -> Result<Option<Vec<u8>>, StoreError> {
        match segment::bytes_of(&self.config.dir, contents) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::io("read", contents.path(&self.config.dir))(error)),
        }
    }

    /// The segments that are not packed, oldest first.
    pub fn segments(&self) -> Vec<Contents> {
        held(&self.shelf).segments.clone()
    }

    /// Makes a report over everything that is kept.
    pub fn report(&self, report: &Report) -> Result<Table, StoreError> {
        report.sql()?;
        let Some(columns) = &self.config.columns else {
            return Err(StoreError::NeedsColumns(self.config.dir.clone()));
        };
        let (stretches, hidden) = {
            let shelf = held(&self.shelf);
            (shelf.stretches(), shelf.hidden.clone())
        };
        let time = report.whole_time()?;
        let (mut files, mut frames) = (Vec::new(), Vec::new());
        let mut within = Contents::empty(0, 0);
        for stretch in &stretches {
            let contents = stretch.contents();
            if contents.is_empty() || !time.meets(contents.oldest, contents.newest) {
                continue;
            }
            within.oldest = within.oldest.min(contents.oldest);
            within.newest = within.newest.max(contents.newest);
            match stretch {
                Stretch::Columns(packed) => files.push(Arc::clone(packed)),
                Stretch::Frames(contents) => match self.bytes_of(contents)? {
                    Some(bytes) => frames.push(bytes),
                    // All of it is in the file, and what is packed with it is in no other.
                    None => files.extend(self.packed_since(contents)),
                },
            }
        }
        files.sort_by_key(|packed| packed.listed.first_seq());
        files.dedup_by_key(|packed| packed.listed.first_seq());
        let files: Vec<_> = files.iter().map(|packed| &packed.file).collect();
        let mut tail = frames.iter().flat_map(|bytes| {
            let (frames, _) = events_in(bytes);
            frames.into_iter().flat_map(|stored| stored.rows())
        });
        let asked = Reported { report, oldest: within.oldest, newest: within.newest, hidden: &hidden };
        columns.report(&files, &mut tail, asked).map_err(StoreError::io("read", &self.config.dir))
    }

    /// What is kept: how many files, their bytes, and what they hold.
    pub fn kept(&self) -> (u64, Contents) {
        let stretches = held(&self.shelf).stretches();
        let mut all = Contents::empty(stretches.first().map_or(1, |first| first.contents().first_seq), 0);
        for contents in stretches.iter().map(Stretch::contents) {
            all.bytes = all.bytes.saturating_add(contents.bytes);
            all.next_seq = contents.next_seq;
            all.oldest = all.oldest.min(contents.oldest);
            all.newest = all.newest.max(contents.newest);
        }
        (stretches.len() as u64, all)
    }

    /// The last refusals of an address, newest first, sixteen at most. A few microseconds.
    pub fn recent_refusals(&self, client: IpAddr, limit: usize) -> Vec<Event> {
        held(&self.refusals).of(client, limit)
    }

    /// Begins to follow what a search finds, from now on or from a place on.
    pub fn follow(&self, search: &Search, from_seq: Option<u64>) -> Result<Follow, StoreError> {
        let filter = Filter::new(search)?;
        let next = held(&self.shelf).segments.last().map_or(1, |last| last.next_seq);
        Ok(Follow { filter, next_seq: from_seq.unwrap_or(next), place: None })
    }

    /// Waits at most `patience` for something new and hands over what was asked for of it, oldest first.
    pub fn next(
        &self,
        follow: &mut Follow,
        patience: Duration,
        each: &mut Each<'_>,
    ) -> Result<(), StoreError> {
        let next_seq = follow.next_seq;
        let nothing_new =
            |shelf: &mut super::Shelf| shelf.segments.last().is_none_or(|last| last.next_seq <= next_seq);
        let (shelf, _) = self
            .changed
            .wait_timeout_while(held(&self.shelf), patience, nothing_new)
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let (stretches, hidden) = (shelf.stretches(), shelf.hidden());
        let last_first = shelf.segments.last().map_or(0, |last| last.first_seq);
        drop(shelf);
        for stretch in stretches {
            let contents = stretch.contents();
            if contents.next_seq <= next_seq {
                continue;
            }
            let from = match follow.place {
                Some((first, offset)) if first == contents.first_seq => offset,
                _ => 0,
            };
            let (bytes, packed) = match &stretch {
                Stretch::Columns(packed) => (None, Some(Arc::clone(packed))),
                Stretch::Frames(contents) => match self.bytes_from(contents, from)? {
                    Some(bytes) => (Some(bytes), None),
                    None => (None, self.packed_since(contents)),
                },
            };
            if let Some(packed) = packed {
                let places = (follow.next_seq.max(contents.first_seq), contents.next_seq);
                let mut flow = ControlFlow::Continue(());
                let Follow { filter, next_seq, .. } = follow;
                self.in_columns(&packed, filter, places, (false, None), &mut |event| {
                    *next_seq = event.seq + 1;
                    flow = each(event);
                    flow
                })?;
                if flow.is_break() {
                    return Ok(());
                }
            }
            for stored in events_in(&bytes.unwrap_or_default()).0 {
                for (seq, event) in stored.events() {
                    if seq < follow.next_seq {
                        continue;
                    }
                    follow.next_seq = seq + 1;
                    if let Some(event) = shown(Run(stored.run), seq, &event, &follow.filter, &hidden)
                        && each(event).is_break()
                    {
                        return Ok(());
                    }
                }
            }
            follow.next_seq = follow.next_seq.max(contents.next_seq);
            // Only the last segment grows; one that is closed may be rewritten by an erasure.
            follow.place = (contents.first_seq == last_first).then_some((contents.first_seq, contents.bytes));
        }
        Ok(())
    }

    fn bytes_from(&self, contents: &Contents, from: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let path = contents.path(&self.config.dir);
        let read = || {
            let mut file = File::open(&path)?;
            file.seek(SeekFrom::Start(from))?;
            let mut bytes = Vec::new();
            file.take(contents.bytes.saturating_sub(from)).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        match read() {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if io::Error::kind(&error) == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::io("read", path)(error)),
        }
    }
}
