//! Gathering names by their hashes and laying them out in buckets.

use std::io;

use smallvec::SmallVec;

use crate::build::{BuildError, ImageWriter, Sets, count};
use crate::hash::Keys;
use crate::head::ListHead;
use crate::hits::ListNo;
use crate::image::BUCKET;
use crate::index::EXACT;

/// Names are gathered in this many parts by the top bits of their place, so that each sorts in the cache and is given
/// back once written.
const PARTS: usize = 512;
const SLOTS: usize = 8;
/// How full the buckets are made: 64 bytes for 8 × 0.72 names.
const FILL_PERCENT: u64 = 72;

/// A name in a list, as its hash. `list` carries [`EXACT`] in its top bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Record {
    place: u32,
    low: u32,
    high: u16,
    list: u16,
}

impl Record {
    /// By hash, then by list.
    #[inline]
    fn order(&self) -> (u64, u32) {
        (u64::from(self.place) << 32 | u64::from(self.low), u32::from(self.high) << 16 | u32::from(self.list))
    }
}

/// The bytes that each takes.
pub(crate) const EACH: usize = size_of::<Record>();

/// The names of all lists.
#[derive(Default)]
pub(crate) struct Names {
    parts: Vec<Vec<Record>>,
    label_counts: u64,
}

/// What a look-up needs to know of the written buckets.
pub(crate) struct Written {
    pub home_buckets: u32,
    pub reach: u32,
}

impl Names {
    pub(crate) const fn label_counts(&self) -> u64 {
        self.label_counts
    }

    #[inline]
    pub(crate) fn push(&mut self, keys: &Keys, name: &str, list: ListNo, exact: bool) {
        let (labels, hash) = keys.whole(name.as_bytes());
        self.label_counts |= 1 << labels.min(63);
        if self.parts.is_empty() {
            self.parts.resize_with(PARTS, Vec::new);
        }
        let list = if exact { list.0 | EXACT } else { list.0 };
        if let Some(part) = self.parts.get_mut(hash.place as usize / ((1 << 32) / PARTS)) {
            part.push(Record { place: hash.place, low: hash.low, high: hash.high, list });
        }
    }

    /// How many bytes of memory they take.
    pub(crate) fn held_bytes(&self) -> usize {
        self.parts.iter().map(Vec::len).sum::<usize>() * EACH
    }

    /// Makes room for about so many names, so that they are not moved about while they are gathered. Room that is not
    /// used costs nothing.
    pub(crate) fn reserve(&mut self, names: usize) {
        if self.parts.is_empty() {
            self.parts.resize_with(PARTS, Vec::new);
        }
        // The parts are even by the hash; four deviations of a part's count more, and none is too small.
        let each = names / PARTS;
        for part in &mut self.parts {
            part.reserve(each + 4 * each.isqrt());
        }
    }

    /// Takes over the names of one list that were gathered by themselves, as those of the list `list`.
    pub(crate) fn append(&mut self, other: Self, list: ListNo) {
        self.label_counts |= other.label_counts;
        if self.parts.is_empty() {
            self.parts.resize_with(PARTS, Vec::new);
        }
        for (part, mut given) in self.parts.iter_mut().zip(other.parts) {
            for record in &mut given {
                record.list = (record.list & EXACT) | list.0;
            }
            if part.is_empty() {
                *part = given;
            } else {
                part.append(&mut given);
            }
        }
    }

    /// Writes the buckets and adds what each list holds to its tally.
    pub(crate) fn write(
        mut self,
        lists: &mut [ListHead],
        sets: &mut Sets,
        image: &mut ImageWriter<'_>,
    ) -> Result<Written, BuildError> {
        let mut slots = 0u64;
        let mut sorter = Sorter::default();
        for part in &mut self.parts {
            sorter.sort(part);
            part.dedup_by(|again, kept| {
                let same = again == kept;
                if same {
                    count(lists, ListNo(kept.list & !EXACT), |tally| tally.duplicates += 1);
                }
                same
            });
            for record in part.iter() {
                count(lists, ListNo(record.list & !EXACT), |tally| tally.names += 1);
            }
            slots += part.chunk_by(same_slot).count() as u64;
        }
        let home_buckets = u32::try_from(slots.saturating_mul(100).div_ceil(SLOTS as u64 * FILL_PERCENT))
            .map_err(|_| BuildError::TooMuch { what: "names" })?;
        let mut buckets = Buckets { image, next: 0, waiting: Vec::new(), reach: 0 };
        let (mut members, mut set) = (Vec::new(), 0);
        for part in self.parts {
            for group in part.chunk_by(same_slot) {
                let Some(record) = group.first() else { continue };
                // Neighbours are often in the same lists.
                if !group.iter().map(|record| ListNo(record.list & !EXACT)).eq(members.iter().copied()) {
                    members.clear();
                    members.extend(group.iter().map(|record| ListNo(record.list & !EXACT)));
                    set = sets.number(&members)?;
                }
                let value = set | (record.list & EXACT);
                let home = ((u64::from(record.place) * u64::from(home_buckets)) >> 32) as u32;
                buckets.push(Slot { home, low: record.low, high: record.high, value })?;
            }
        }
        let reach = buckets.finish(home_buckets)?;
        Ok(Written { home_buckets, reach })
    }
}

/// Sorts the records of a part. Their places are as even as the hash, so that they are dealt out to small heaps first, and
/// each heap is put in order by itself: a quarter of what comparing all with all would cost.
#[derive(Default)]
struct Sorter {
    ends: Vec<u32>,
    dealt: Vec<Record>,
}

impl Sorter {
    /// How many records a heap holds as a rule.
    const HEAP: usize = 4;
    /// A heap of more is not even at all, as where many lists hold one name, and is sorted as anything is.
    const LARGE: usize = 24;

    fn sort(&mut self, part: &mut [Record]) {
        let heaps = (part.len() / Self::HEAP).next_power_of_two();
        let bits = heaps.trailing_zeros();
        // The bits above these are the same in the whole part.
        let heap = |record: &Record| {
            let below = record.place << PARTS.trailing_zeros();
            below.checked_shr(32 - bits).unwrap_or(0) as usize
        };
        self.ends.clear();
        self.ends.resize(heaps, 0);
        for record in part.iter() {
            if let Some(count) = self.ends.get_mut(heap(record)) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for end in &mut self.ends {
            // For now where each heap begins; dealing moves it to its end.
            (*end, sum) = (sum, sum + *end);
        }
        self.dealt.clear();
        self.dealt.resize(part.len(), Record { place: 0, low: 0, high: 0, list: 0 });
        for record in part.iter() {
            let Some(next) = self.ends.get_mut(heap(record)) else { continue };
            if let Some(place) = self.dealt.get_mut(*next as usize) {
                *place = *record;
            }
            *next += 1;
        }
        let mut start = 0;
        for end in &self.ends {
            if let Some(heap) = self.dealt.get_mut(start..*end as usize) {
                if heap.len() > Self::LARGE {
                    heap.sort_unstable_by_key(Record::order);
                } else {
                    insertion_sort(heap);
                }
            }
            start = *end as usize;
        }
        part.copy_from_slice(&self.dealt);
    }
}

fn insertion_sort(heap: &mut [Record]) {
    for end in 1..heap.len() {
        let mut at = end;
        while at > 0
            && let (Some(before), Some(this)) = (heap.get(at - 1), heap.get(at))
            && before.order() > this.order()
        {
            heap.swap(at - 1, at);
            at -= 1;
        }
    }
}

/// Whether two sorted records go into one slot: the same name, both exact or both not.
fn same_slot(a: &Record, b: &Record) -> bool {
    (a.place, a.low, a.high, a.list & EXACT) == (b.place, b.low, b.high, b.list & EXACT)
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    home: u32,
    low: u32,
    high: u16,
    value: u16,
}

/// Writes buckets in rising order; what does not fit waits for the next.
struct Buckets<'i, 'w> {
    image: &'i mut ImageWriter<'w>,
    next: u32,
    waiting: Vec<Slot>,
    reach: u32,
}

impl Buckets<'_, '_> {
    fn push(&mut self, slot: Slot) -> Result<(), BuildError> {
        while self.next < slot.home {
            self.flush()?;
        }
        self.waiting.push(slot);
        Ok(())
    }

    fn finish(mut self, home_buckets: u32) -> Result<u32, BuildError> {
        while self.next < home_buckets || !self.waiting.is_empty() {
            self.flush()?;
        }
        // A bucket may be looked for as far as the reach beyond the last home.
        let end = home_buckets.saturating_add(self.reach);
        while self.next < end {
            self.flush()?;
        }
        Ok(self.reach)
    }

    /// Writes the next bucket: low tags, high tags, values. See `overflowed` for what their order says.
    fn flush(&mut self) -> Result<(), BuildError> {
        let take = self.waiting.len().min(SLOTS);
        let overflows = self.waiting.len() > SLOTS;
        let mut slots: SmallVec<[Slot; SLOTS]> = self.waiting.drain(..take).collect();
        slots.sort_unstable_by_key(|slot| (slot.low, slot.high, slot.value));
        if !overflows {
            slots.reverse();
        } else if slots.first().map(|slot| slot.low) == slots.last().map(|slot| slot.low) {
            return Err(BuildError::Seed);
        }
        let mut bucket = [0u8; BUCKET];
        let (lows, rest) = bucket.split_at_mut(32);
        let (highs, values) = rest.split_at_mut(16);
        let places = lows
            .as_chunks_mut::<4>()
            .0
            .iter_mut()
            .zip(highs.as_chunks_mut::<2>().0)
            .zip(values.as_chunks_mut::<2>().0);
        for (((low, high), value), slot) in places.zip(slots) {
            *low = slot.low.to_le_bytes();
            *high = slot.high.to_le_bytes();
            *value = slot.value.to_le_bytes();
            self.reach = self.reach.max(self.next.saturating_sub(slot.home));
        }
        self.next = self.next.saturating_add(1);
        let written: io::Result<()> = self.image.write(&bucket);
        Ok(written?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_part_is_sorted_as_anything_is(
            mut records in prop::collection::vec((0u32..1 << 23, 0u32..3, 0u16..2, 0u16..4), 0..400),
            same in prop::collection::vec((7u32..9, 0u32..2, 0u16..2, 0u16..0xffff), 0..100),
            part in 0u32..512,
        ) {
            records.extend(same);
            let mut records: Vec<Record> = records
                .into_iter()
                .map(|(place, low, high, list)| Record { place: part << 23 | place, low, high, list })
                .collect();
            let mut sorted = records.clone();
            sorted.sort_by_key(Record::order);
            Sorter::default().sort(&mut records);
            prop_assert_eq!(records, sorted);
        }
    }
}
