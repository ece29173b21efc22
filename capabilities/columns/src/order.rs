//! The order of a file: by person, device and address, then by time. What has none of one comes before what has.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::io;
use std::net::IpAddr;

use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::{interleave_record_batch, take_record_batch};
use kit::hash::Seeded;

use crate::texts::Once;
use crate::told;
use crate::view::{View, number};

/// Whose an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
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
    let mut clients = Once::of(clients);
    let key = |row| {
        let client = clients.at(row, |text| text.parse().ok()).flatten();
        let who = Who::of(number(persons, row), number(devices, row), client);
        Some(Key { who, at: number(moments, row)?, seq: number(places, row)? })
    };
    (0..batch.num_rows()).map(key).collect()
}

/// Where rows stand in order. They come by time, or nearly so, and from few people and devices: those are put in order first,
/// rows are dealt out to them, and then each one's are put right.
fn in_order(keys: &[Key]) -> Vec<u32> {
    let (of_rows, first_rows) = dealt(keys);
    let mut rows: Vec<(i64, u64, u32)> = vec![(0, 0, 0); keys.len()];
    let mut next = first_rows.clone();
    for ((key, who), row) in keys.iter().zip(&of_rows).zip(0..) {
        if let Some(next) = next.get_mut(*who as usize) {
            if let Some(place) = rows.get_mut(*next) {
                *place = (key.at, key.seq, row);
            }
            *next += 1;
        }
    }
    let ends = first_rows.iter().skip(1).copied().chain([keys.len()]);
    for (first, end) in first_rows.iter().zip(ends) {
        let theirs = rows.get_mut(*first..end).unwrap_or_default();
        if !theirs.is_sorted() {
            theirs.sort();
        }
    }
    rows.into_iter().map(|(_, _, row)| row).collect()
}

/// Whose each row is, as a number in their order, and where the rows of each of them begin.
fn dealt(keys: &[Key]) -> (Vec<u32>, Vec<usize>) {
    let mut numbers: HashMap<Who, u32, Seeded> = HashMap::default();
    let mut met: Vec<(Who, u32, usize)> = Vec::new();
    let mut of_rows: Vec<u32> = Vec::with_capacity(keys.len());
    for key in keys {
        let next = u32::try_from(met.len()).unwrap_or(u32::MAX);
        let number = *numbers.entry(key.who).or_insert(next);
        if number == next {
            met.push((key.who, number, 0));
        }
        if let Some((_, _, count)) = met.get_mut(number as usize) {
            *count += 1;
        }
        of_rows.push(number);
    }
    met.sort_unstable_by_key(|(who, ..)| *who);
    let mut places = vec![0; met.len()];
    let mut firsts = Vec::with_capacity(met.len());
    let mut first = 0;
    for ((_, number, count), place) in met.iter().zip(0..) {
        if let Some(slot) = places.get_mut(*number as usize) {
            *slot = place;
        }
        firsts.push(first);
        first += count;
    }
    for number in &mut of_rows {
        *number = places.get(*number as usize).copied().unwrap_or(0);
    }
    (of_rows, firsts)
}

/// Puts a batch in order, in pieces of so many rows.
pub fn sorted(
    keys: &[Key],
    batch: &RecordBatch,
    rows: usize,
    mut each: impl FnMut(&RecordBatch) -> io::Result<()>,
) -> io::Result<()> {
    for piece in in_order(keys).chunks(rows) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rows_are_dealt_out_in_the_order_of_their_keys(
            keys in proptest::collection::vec(
                (0u32..4, 0u32..3, any::<bool>(), prop_oneof![0i64..50, any::<i64>()], prop_oneof![0u64..50, any::<u64>()]),
                0..40,
            )
        ) {
            let key = |(person, device, client, at, seq): (u32, u32, bool, i64, u64)| {
                let client = client.then(|| [10, 0, 0, device as u8].into());
                Key { who: Who::of(Some(person).filter(|person| *person > 0), Some(device), client), at, seq }
            };
            let keys: Vec<Key> = keys.into_iter().map(key).collect();
            let sorted: Vec<Key> = in_order(&keys).iter().map(|&row| keys[row as usize]).collect();
            let mut wanted = keys.clone();
            wanted.sort_unstable();
            prop_assert_eq!(sorted, wanted);
        }
    }
}
