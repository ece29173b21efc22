//! A batch: the events that one thread of a gate recorded in one go, encoded, with what they count from.
//!
//! `[base number u64][base time i64 ms][count u32]` and then the events (see [`crate::event`]). On the socket a batch
//! travels as it was recorded; on disk a frame holds `[first place u64][gate run u64]` and then the batch, with the
//! events that the log already had left out.

use kit::Timestamp;

use crate::bytes::Reader;
use crate::columns::Row;
use crate::event::{self, Encoded};
use crate::page::Run;

/// The bytes before the events of a batch.
pub const HEAD: usize = 20;

/// No log gets as far as this place; a file that says so is wrong.
const LAST_PLACE: u64 = u64::MAX / 2;

/// A batch whose every event has been checked.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    base_number: u64,
    base_at: i64,
    count: u32,
    events: &'a [u8],
}

impl<'a> Batch<'a> {
    /// The batch that `bytes` are, if they are exactly one: every event whole and well-formed, as many as it says.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        Self::parse_each(bytes, |_| {})
    }

    /// The same for whoever looks at each event on the way. Of bytes that turn out to be no batch some may have been looked at.
    pub fn parse_each(bytes: &'a [u8], mut look: impl FnMut(&Encoded<'a>)) -> Option<Self> {
        let batch = Self::parse_head(bytes)?;
        let mut reader = Reader(batch.events);
        for _ in 0..batch.count {
            look(&event::decode(&mut reader, batch.base_number, batch.base_at)?);
        }
        reader.0.is_empty().then_some(batch)
    }

    /// The batch that `bytes` are, its events unchecked: for bytes that a checksum has just vouched for.
    pub fn parse_head(bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        let (base_number, base_at, count) = (reader.u64()?, reader.i64()?, reader.u32()?);
        Some(Self { base_number, base_at, count, events: reader.0 })
    }

    /// How many events it holds.
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// Its events in order; ends early where one is malformed.
    pub fn events(&self) -> impl Iterator<Item = Encoded<'a>> + use<'a> {
        let (mut reader, base_number, base_at) = (Reader(self.events), self.base_number, self.base_at);
        (0..self.count).map_while(move |_| event::decode(&mut reader, base_number, base_at))
    }

    /// Appends the whole batch as it is.
    pub fn write(&self, out: &mut Vec<u8>) {
        write_head(out, self.base_number, self.base_at, self.count);
        out.extend_from_slice(self.events);
    }

    /// Appends the batch with each event kept whole, erased, or left out; tells how many were written.
    pub fn rewrite(&self, out: &mut Vec<u8>, mut fate: impl FnMut(&Encoded<'a>) -> Fate) -> u32 {
        let start = out.len();
        write_head(out, self.base_number, self.base_at, 0);
        let mut count = 0;
        for event in self.events() {
            let number = event.number.wrapping_sub(self.base_number);
            let at = event.at.as_millis().wrapping_sub(self.base_at);
            match fate(&event) {
                Fate::LeftOut => continue,
                // Its own moment goes with it; what is left says only that there was one in this batch.
                Fate::Erased => event::encode_erased(out, number, 0),
                Fate::Kept => event::write_again(out, number, at, event.rest),
            }
            count += 1;
        }
        fill_count(out, start, count);
        count
    }
}

/// What becomes of an event when its batch is written again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is written as it was.
    Kept,
    /// Only that there was one is written.
    Erased,
    /// Nothing is written.
    LeftOut,
}

/// Appends the head of a batch; `count` can be set afterwards with [`fill_count`].
pub fn write_head(out: &mut Vec<u8>, base_number: u64, base_at: i64, count: u32) {
    out.extend_from_slice(&base_number.to_le_bytes());
    out.extend_from_slice(&base_at.to_le_bytes());
    out.extend_from_slice(&count.to_le_bytes());
}

/// Sets the count of the batch whose head begins at `start`.
pub fn fill_count(out: &mut [u8], start: usize, count: u32) {
    if let Some(place) = out.get_mut(start + 16..).and_then(<[u8]>::first_chunk_mut::<4>) {
        *place = count.to_le_bytes();
    }
}

/// A batch on disk: the frame's body after kind and version.
#[derive(Debug, Clone, Copy)]
pub struct Stored<'a> {
    /// The place in the log of its first event; the others follow without a gap.
    pub first_seq: u64,
    /// The gate run its events are numbered in.
    pub run: u64,
    /// The events.
    pub batch: Batch<'a>,
}

impl<'a> Stored<'a> {
    /// Reads the body of a frame of [`crate::frame::Kind::Events`].
    pub fn parse(body: &'a [u8]) -> Option<Self> {
        let mut reader = Reader(body);
        let (first_seq, run) = (reader.u64()?, reader.u64()?);
        if first_seq > LAST_PLACE {
            return None;
        }
        Some(Self { first_seq, run, batch: Batch::parse_head(reader.0)? })
    }

    /// Its events with their places.
    pub fn events(&self) -> impl DoubleEndedIterator<Item = (u64, Encoded<'a>)> + use<'a> {
        let events: Vec<_> = (self.first_seq..).zip(self.batch.events()).collect();
        events.into_iter()
    }

    /// The same on their way into columns, read as they are asked for.
    pub fn rows(&self) -> impl Iterator<Item = Row<'a>> + use<'a> {
        let run = Run(self.run);
        (self.first_seq..).zip(self.batch.events()).map(move |(seq, event)| Row { seq, run, event })
    }

    /// The time of its events' base, near enough to tell when it was.
    pub const fn about(&self) -> Timestamp {
        Timestamp::from_millis(self.batch.base_at)
    }
}

/// What can be seen of an event without reading it all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventHead {
    /// Its number in its gate run.
    pub number: u64,
    /// When it was decided.
    pub at: Timestamp,
}

impl<'a> Batch<'a> {
    /// Its refusals in their places: for each event itself, or `None` where it was let through. Only refusals are
    /// read whole.
    pub fn refusals(&self) -> impl Iterator<Item = Option<Encoded<'a>>> + use<'a> {
        let (mut reader, base_number, base_at) = (Reader(self.events), self.base_number, self.base_at);
        (0..self.count).map_while(move |_| {
            let mut whole = reader;
            let length = reader.u16()?;
            let mut body = Reader(reader.take(usize::from(length))?);
            body.varint()?;
            body.signed()?;
            let refused = event::is_refusal(body.byte()?);
            Some(if refused { event::decode(&mut whole, base_number, base_at) } else { None })
        })
    }

    /// The heads of its events in order. About 10 ns each.
    pub fn heads(&self) -> impl Iterator<Item = EventHead> + use<'a> {
        let (mut reader, base_number, base_at) = (Reader(self.events), self.base_number, self.base_at);
        (0..self.count).map_while(move |_| {
            let length = reader.u16()?;
            let mut body = Reader(reader.take(usize::from(length))?);
            let number = base_number.checked_add(body.varint()?)?;
            Some(EventHead { number, at: Timestamp::from_millis(base_at.checked_add(body.signed()?)?) })
        })
    }
}
