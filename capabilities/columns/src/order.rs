//! The order of a file: by person, device and address, then by time. What has none of one comes before what has.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::net::IpAddr;

use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::{interleave_record_batch, take_record_batch};

use crate::told;
use crate::view::{View, number, text};

/// Whose an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Who {
    person: u64,
    device: u64,
    client: (u8, u128),
}

impl Who {
    /// Of these, each of which may be missing.
    pub fn of(person: Option<u32>, device: Option<u32>, client: Option<IpAddr>) -> Self {
        let place = |number: Option<u32>| number.map_or(0, |number| u64::from(number) + 1);
        let client = match client {
            None => (0, 0),
            Some(IpAddr::V4(address)) => (1, u128::from(u32::from(address))),
            Some(IpAddr::V6(address)) => (2, u128::from(address)),
        };
        Self { person: place(person), device: place(device), client }
    }
}

/// Where an event stands in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Whose it is.
    pub who: Who,
    /// When it was.
    pub at: i64,
    /// Its place in the log.
    pub seq: u64,
}

/// The keys of a batch.
pub fn keys_of(batch: &RecordBatch) -> Option<Vec<Key>> {
    let view = View::of(batch);
    let (persons, devices, clients) = (view.persons()?, view.devices()?, view.clients()?);
    let (moments, places) = (view.moments()?, view.places()?);
    let key = |row| {
        let client = text(clients, row).and_then(|text| text.parse().ok());
        let who = Who::of(number(persons, row), number(devices, row), client);
        Some(Key { who, at: number(moments, row)?, seq: number(places, row)? })
    };
    (0..batch.num_rows()).map(key).collect()
}

/// Puts a batch in order, in pieces of so many rows.
pub fn sorted(
    keys: &[Key],
    batch: &RecordBatch,
    rows: usize,
    mut each: impl FnMut(&RecordBatch) -> io::Result<()>,
) -> io::Result<()> {
    let mut order: Vec<u32> = (0..u32::try_from(batch.num_rows()).map_err(told)?).collect();
    order.sort_unstable_by_key(|&row| keys.get(row as usize));
    for piece in order.chunks(rows) {
        each(&take_record_batch(batch, &UInt32Array::from(piece.to_vec())).map_err(told)?)?;
    }
    Ok(())
}

/// Batches in order, one after the other.
pub type Batches = Box<dyn Iterator<Item = io::Result<RecordBatch>>>;

/// One of several sources, and how far it has got.
struct Source {
    batches: Batches,
    batch: RecordBatch,
    keys: Vec<Key>,
    row: usize,
}

impl Source {
    fn next_batch(batches: &mut Batches) -> io::Result<Option<(RecordBatch, Vec<Key>)>> {
        for batch in batches {
            let batch = batch?;
            if batch.num_rows() > 0 {
                let keys = keys_of(&batch).ok_or(io::ErrorKind::InvalidData)?;
                return Ok(Some((batch, keys)));
            }
        }
        Ok(None)
    }

    fn key(&self) -> Option<Key> {
        self.keys.get(self.row).copied()
    }
}

/// Merges sources that are each in order; hands over batches of so many rows. Each source has one batch in memory.
pub fn merge(
    sources: Vec<Batches>,
    rows: usize,
    mut each: impl FnMut(&RecordBatch) -> io::Result<()>,
) -> io::Result<()> {
    let mut open = Vec::new();
    for mut batches in sources {
        if let Some((batch, keys)) = Source::next_batch(&mut batches)? {
            open.push(Source { batches, batch, keys, row: 0 });
        }
    }
    let mut next: BinaryHeap<Reverse<(Key, usize)>> = BinaryHeap::new();
    for (index, source) in open.iter().enumerate() {
        next.extend(source.key().map(|key| Reverse((key, index))));
    }
    // Rows that are taken and not yet handed over, by source and row.
    let mut taken: Vec<(usize, usize)> = Vec::with_capacity(rows);
    while let Some(Reverse((_, index))) = next.pop() {
        let Some(source) = open.get_mut(index) else { continue };
        taken.push((index, source.row));
        source.row += 1;
        let used_up = source.row == source.keys.len();
        if used_up || taken.len() == rows {
            hand_over(&open, &mut taken, &mut each)?;
        }
        let Some(source) = open.get_mut(index) else { continue };
        if used_up {
            (source.batch, source.keys) = Source::next_batch(&mut source.batches)?
                .unwrap_or_else(|| (RecordBatch::new_empty(source.batch.schema()), Vec::new()));
            source.row = 0;
        }
        next.extend(source.key().map(|key| Reverse((key, index))));
    }
    hand_over(&open, &mut taken, &mut each)
}

fn hand_over(
    open: &[Source],
    taken: &mut Vec<(usize, usize)>,
    each: &mut impl FnMut(&RecordBatch) -> io::Result<()>,
) -> io::Result<()> {
    if taken.is_empty() {
        return Ok(());
    }
    let batches: Vec<&RecordBatch> = open.iter().map(|source| &source.batch).collect();
    each(&interleave_record_batch(&batches, taken).map_err(told)?)?;
    taken.clear();
    Ok(())
}
