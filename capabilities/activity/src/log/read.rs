//! Reading: searches, scans and following.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::net::IpAddr;
use std::time::Duration;

use kit::Timestamp;

use super::segment::{self, Contents};
use super::{AppendLog, held};
use crate::batch::Stored;
use crate::event::{Encoded, Event};
use crate::frame::{self, Kind, Piece};
use crate::search::{Filter, Search, Subject, TimeRange};
use crate::store::{Answered, Appended, Each, LogStore, StoreError};
use crate::{batch::Batch, page::Run};

impl LogStore for AppendLog {
    fn append(&self, batches: &[(Run, Batch<'_>)]) -> Result<Appended, StoreError> {
        self.append_durably(batches)
    }

    fn query(&self, search: &Search, each: &mut Each<'_>) -> Result<Answered, StoreError> {
        let filter = Filter::new(search)?;
        let (segments, hidden) = self.snapshot();
        let mut answered = Answered::default();
        for contents in segments.iter().rev() {
            if contents.is_empty() || !filter.time().meets(contents.oldest, contents.newest) {
                continue;
            }
            let Some(bytes) = self.bytes_of(contents)? else { continue };
            let (frames, damaged) = events_in(&bytes);
            answered.damaged_bytes += damaged;
            for stored in frames.into_iter().rev() {
                for (seq, event) in stored.events().rev() {
                    if filter.limit().is_some_and(|limit| answered.events >= limit) {
                        return Ok(answered);
                    }
                    if let Some(event) = shown(seq, &event, &filter, &hidden) {
                        answered.events += 1;
                        if each(event).is_break() {
                            return Ok(answered);
                        }
                    }
                }
            }
        }
        Ok(answered)
    }

    fn scan(&self, time: TimeRange, each: &mut Each<'_>) -> Result<Answered, StoreError> {
        let filter = Filter::new(&Search { time, ..Search::default() })?;
        let (segments, hidden) = self.snapshot();
        let mut answered = Answered::default();
        for contents in &segments {
            if contents.is_empty() || !time.meets(contents.oldest, contents.newest) {
                continue;
            }
            let Some(bytes) = self.bytes_of(contents)? else { continue };
            let (frames, damaged) = events_in(&bytes);
            answered.damaged_bytes += damaged;
            for (seq, event) in frames.iter().flat_map(Stored::events) {
                if let Some(event) = shown(seq, &event, &filter, &hidden) {
                    answered.events += 1;
                    if each(event).is_break() {
                        return Ok(answered);
                    }
                }
            }
        }
        Ok(answered)
    }

    fn erase(&self, subject: Subject, at: Timestamp) -> Result<u64, StoreError> {
        self.erase_everywhere(subject, at)
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

fn shown(seq: u64, event: &Encoded<'_>, filter: &Filter, hidden: &[Subject]) -> Option<Event> {
    let kept = event.kept.as_ref().filter(|kept| filter.matches(event.at, kept))?;
    if hidden.iter().any(|subject| subject.covers(event)) {
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
    fn snapshot(&self) -> (Vec<Contents>, Vec<Subject>) {
        let shelf = held(&self.shelf);
        (shelf.segments.clone(), shelf.hidden.clone())
    }

    /// A segment's bytes; `None` where retention has just taken it.
    pub(super) fn bytes_of(&self, contents: &Contents) -> Result<Option<Vec<u8>>, StoreError> {
        match segment::bytes_of(&self.config.dir, contents) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::io("read", contents.path(&self.config.dir))(error)),
        }
    }

    /// The segments, oldest first.
    pub fn segments(&self) -> Vec<Contents> {
        held(&self.shelf).segments.clone()
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
        let (segments, hidden) = (shelf.segments.clone(), shelf.hidden.clone());
        drop(shelf);
        let last_first = segments.last().map_or(0, |last| last.first_seq);
        for contents in segments.iter().filter(|contents| contents.next_seq > next_seq) {
            let from = match follow.place {
                Some((first, offset)) if first == contents.first_seq => offset,
                _ => 0,
            };
            let Some(bytes) = self.bytes_from(contents, from)? else { continue };
            for stored in events_in(&bytes).0 {
                for (seq, event) in stored.events() {
                    if seq < follow.next_seq {
                        continue;
                    }
                    follow.next_seq = seq + 1;
                    if let Some(event) = shown(seq, &event, &follow.filter, &hidden)
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
