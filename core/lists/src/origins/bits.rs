//! Sorted hashes as the differences between neighbours.
//!
//! A run of hashes is cut into blocks of [`BLOCK`]. First come the blocks' heads: the first hash, whole, and where the
//! block's differences begin. Each difference is written by Golomb and Rice: its high part as that many ones and a
//! zero, its low part as bits.

use super::{Hash, Range};

/// How many hashes a block holds.
const BLOCK: usize = 128;
/// The head of a block.
const HEAD: usize = 6 + 4;

fn number(hash: Hash) -> u64 {
    let [a, b, c, d, e, f] = hash;
    u64::from_be_bytes([0, 0, a, b, c, d, e, f])
}

const fn hash_of(number: u64) -> Hash {
    let [_, _, a, b, c, d, e, f] = number.to_be_bytes();
    [a, b, c, d, e, f]
}

/// How many low bits to write of each difference where so many hashes stand in a row.
pub(super) fn low_bits(count: usize) -> u8 {
    let mean = (1u64 << 48) / (count.max(1) as u64);
    // The mean times the natural logarithm of two is best.
    u8::try_from((mean * 69 / 100).max(1).ilog2()).unwrap_or(0).min(47)
}

/// Writes sorted hashes, each once.
pub(super) fn write(hashes: &[Hash], low: u8) -> Vec<u8> {
    let blocks = hashes.len().div_ceil(BLOCK);
    let mut heads = Vec::with_capacity(blocks * HEAD);
    let mut out =
        Writer { out: Vec::with_capacity(hashes.len() * usize::from(low + 2) / 8), held: 0, bits: 0 };
    for block in hashes.chunks(BLOCK) {
        let Some((first, rest)) = block.split_first() else { continue };
        heads.extend(first);
        heads.extend(u32::try_from(out.out.len()).unwrap_or(u32::MAX).to_le_bytes());
        let mut before = number(*first);
        for hash in rest {
            let difference = number(*hash) - before;
            out.ones(difference >> low);
            out.put(difference & ((1 << low) - 1), low.into());
            before = number(*hash);
        }
        out.end();
    }
    heads.extend(out.out);
    heads
}

/// Whether a hash is among them.
pub(super) fn holds(bytes: &[u8], count: u32, low: u8, hash: Hash) -> bool {
    let blocks = (count as usize).div_ceil(BLOCK);
    let Some((heads, _)) = bytes.split_at_checked(blocks * HEAD) else { return false };
    let (heads, _) = heads.as_chunks::<HEAD>();
    let after = heads.partition_point(|head| head.first_chunk().is_some_and(|first: &Hash| *first <= hash));
    let Some(block) = after.checked_sub(1) else { return false };
    let mut all =
        Hashes { bytes, count: count as usize, low, next: block * BLOCK, before: None, reader: None };
    all.by_ref().take(BLOCK).take_while(|found| *found <= hash).any(|found| found == hash)
}

/// All hashes, in rising order.
pub(super) const fn hashes(bytes: &[u8], count: u32, low: u8) -> Hashes<'_> {
    Hashes { bytes, count: count as usize, low, next: 0, before: None, reader: None }
}

/// All ranges.
pub(super) fn ranges(bytes: &[u8]) -> impl Iterator<Item = &[u8; Range::BYTES]> {
    bytes.as_chunks().0.iter()
}

/// Reads hashes one after the other; ends early where the bytes do, or what they say is not in order.
pub(super) struct Hashes<'b> {
    bytes: &'b [u8],
    count: usize,
    low: u8,
    next: usize,
    before: Option<u64>,
    reader: Option<Reader<'b>>,
}

impl Iterator for Hashes<'_> {
    type Item = Hash;

    fn next(&mut self) -> Option<Hash> {
        if self.next >= self.count {
            return None;
        }
        let heads = self.count.div_ceil(BLOCK) * HEAD;
        let now = if self.next.is_multiple_of(BLOCK) {
            let head = self.bytes.get(self.next / BLOCK * HEAD..)?.first_chunk::<HEAD>()?;
            let (first, at) = head.split_first_chunk::<6>()?;
            let at = u32::from_le_bytes(*at.first_chunk()?) as usize;
            self.reader = Some(Reader { bytes: self.bytes.get(heads.checked_add(at)?..)?, held: 0, bits: 0 });
            number(*first)
        } else {
            let reader = self.reader.as_mut()?;
            let high = reader.ones()?;
            let low = reader.take(self.low.into())?;
            self.before?.checked_add(high.checked_shl(self.low.into())?.checked_add(low)?)?
        };
        // What does not rise was never written so.
        if now >= 1 << 48 || self.before.is_some_and(|before| now <= before) {
            return None;
        }
        self.next += 1;
        self.before = Some(now);
        Some(hash_of(now))
    }
}

/// Puts bits behind each other, the lowest first.
struct Writer {
    out: Vec<u8>,
    held: u64,
    bits: u32,
}

impl Writer {
    /// At most 48 bits.
    fn put(&mut self, value: u64, bits: u32) {
        self.held |= value << self.bits;
        self.bits += bits;
        while self.bits >= 8 {
            self.out.push(self.held.to_le_bytes()[0]);
            self.held >>= 8;
            self.bits -= 8;
        }
    }

    /// So many ones, and a zero.
    fn ones(&mut self, mut count: u64) {
        while count >= 32 {
            self.put(u64::from(u32::MAX), 32);
            count -= 32;
        }
        self.put((1 << count) - 1, u32::try_from(count).unwrap_or(0) + 1);
    }

    fn end(&mut self) {
        if self.bits > 0 {
            self.put(0, 8 - self.bits);
        }
    }
}

/// Takes bits as they were put.
struct Reader<'b> {
    bytes: &'b [u8],
    held: u64,
    bits: u32,
}

impl Reader<'_> {
    fn fill(&mut self) {
        while self.bits <= 56
            && let Some((first, rest)) = self.bytes.split_first()
        {
            self.held |= u64::from(*first) << self.bits;
            self.bits += 8;
            self.bytes = rest;
        }
    }

    fn take(&mut self, bits: u32) -> Option<u64> {
        if self.bits < bits {
            self.fill();
        }
        let value = self.held & ((1 << bits) - 1);
        self.bits = self.bits.checked_sub(bits)?;
        self.held >>= bits;
        Some(value)
    }

    /// How many ones stand before the next zero.
    fn ones(&mut self) -> Option<u64> {
        let mut count = 0u64;
        loop {
            if self.bits == 0 {
                self.fill();
            }
            let here = self.held.trailing_ones().min(self.bits);
            count += u64::from(here);
            let ends = here < self.bits;
            let used = here + u32::from(ends);
            if used == 0 {
                return None;
            }
            self.held = self.held.checked_shr(used).unwrap_or(0);
            self.bits -= used;
            if ends {
                return Some(count);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(numbers: &[u64]) {
        let sorted: Vec<Hash> = numbers.iter().map(|number| hash_of(*number)).collect();
        let low = low_bits(sorted.len());
        let bytes = write(&sorted, low);
        let count = u32::try_from(sorted.len()).unwrap();
        assert!(hashes(&bytes, count, low).eq(sorted.iter().copied()));
        for number in numbers.iter().take(300) {
            assert!(holds(&bytes, count, low, hash_of(*number)));
            let next = number + 1;
            assert_eq!(
                holds(&bytes, count, low, hash_of(next % (1 << 48))),
                numbers.binary_search(&(next % (1 << 48))).is_ok()
            );
        }
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_back_and_found(
            spread in prop::collection::btree_set(0u64..1 << 48, 0..600),
            close in prop::collection::btree_set((1u64 << 47)..(1 << 47) + 400, 0..300),
        ) {
            let all: Vec<u64> = spread.union(&close).copied().collect();
            check(&all);
        }

        #[test]
        fn no_bytes_make_it_panic_or_go_on_for_ever(
            bytes in prop::collection::vec(any::<u8>(), 0..400), count in any::<u32>(), low in 0u8..48,
            hash in any::<[u8; 6]>(),
        ) {
            let _ = holds(&bytes, count, low, hash);
            prop_assert!(hashes(&bytes, count, low).count() <= 400 * 64);
        }
    }

    #[test]
    fn the_two_ends_are_written_too() {
        check(&[]);
        check(&[0]);
        check(&[0, (1 << 48) - 1]);
        let many: Vec<u64> = (0..1_000).map(|number| number * 3).collect();
        check(&many);
    }
}
