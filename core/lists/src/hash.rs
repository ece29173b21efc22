//! Keyed hashes of a name's suffixes, all in one pass from its right end.
//!
//! Each label is taken in words of eight bytes, so that a usual name costs a dozen multiplications. Two independent
//! lanes are kept: one chooses the bucket, the other is the tag, so that together they are as wide as 80 bits.

use smallvec::SmallVec;

/// The secret of one build. Two builds of the same lists with the same seed are the same bytes; a fresh seed makes
/// sure that nobody outside can construct names that collide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seed(pub [u8; 16]);

/// The keys that a seed unfolds into.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keys {
    start: [u64; 2],
    word: [u64; 2],
    end: [u64; 2],
}

/// One suffix of a name, hashed under the seed of one index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Suffix {
    pub(crate) hash: NameHash,
    /// Where it starts in the name.
    start: u16,
    labels: u16,
}

impl Suffix {
    /// Where it starts in the name, in bytes.
    #[inline]
    pub const fn start(&self) -> usize {
        self.start as usize
    }

    /// How many labels it has, at least 1.
    #[inline]
    pub const fn labels(&self) -> u32 {
        self.labels as u32
    }

    /// Its hash, for tables beside the index that are asked with the same name. Whoever finds an entry by it compares
    /// the text.
    #[inline]
    pub const fn key(&self) -> u64 {
        (self.hash.place as u64) << 32 | self.hash.low as u64
    }
}

/// Every suffix of one name that starts at a label, shortest first: hashed once, asked of many tables.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Suffixes(SmallVec<[Suffix; 8]>);

impl std::ops::Deref for Suffixes {
    type Target = [Suffix];
    #[inline]
    fn deref(&self) -> &[Suffix] {
        &self.0
    }
}

/// Hashes names as one index does. A plain value: what is made with it holds for every index of the same seed.
#[derive(Debug, Clone, Copy)]
pub struct NameHasher(pub(crate) Keys);

impl NameHasher {
    /// The hasher of indexes built with that seed.
    pub fn new(seed: Seed) -> Self {
        Self(Keys::new(seed))
    }

    /// Hashes every suffix of the name: about 10 ns a label. Allocates only for a name of more than eight labels.
    #[inline]
    pub fn suffixes(&self, name: &str) -> Suffixes {
        let mut all = Suffixes::default();
        self.suffixes_into(name, &mut all);
        all
    }

    /// [`NameHasher::suffixes`] where they are to lie; what was there is gone.
    #[inline]
    pub fn suffixes_into(&self, name: &str, all: &mut Suffixes) {
        all.0.clear();
        self.0.suffixes(name.as_bytes(), |labels, start, hash| {
            // No name is longer than 255 bytes; what is not a name may be, and then stands for none of its suffixes.
            if let (Ok(start), Ok(labels)) = (u16::try_from(start), u16::try_from(labels)) {
                all.0.push(Suffix { hash, start, labels });
            }
            true
        });
    }

    /// The key of the whole name: that of its longest suffix.
    pub fn key(&self, name: &str) -> u64 {
        let (_, hash) = self.0.whole(name.as_bytes());
        Suffix { hash, start: 0, labels: 1 }.key()
    }
}

/// The hash of one suffix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct NameHash {
    /// Chooses the bucket.
    pub place: u32,
    /// The tag's low part; never 0, which means an empty slot.
    pub low: u32,
    /// The tag's high part.
    pub high: u16,
}

impl Keys {
    pub(crate) fn new(seed: Seed) -> Self {
        let [low, high] = seed.halves();
        let mut state = low ^ high.rotate_left(32) ^ 0x9e37_79b9_7f4a_7c15;
        // SplitMix64, the usual way to unfold a short seed.
        let mut next = |salt: u64| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15) ^ salt.rotate_left(17);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        };
        Self {
            start: [next(low), next(high)],
            word: [next(low) | 1, next(high) | 1],
            end: [next(low) | 1, next(high) | 1],
        }
    }

    /// Hashes every suffix of `name` that starts at a label, shortest first, and gives each to `take` with its number
    /// of labels and the place in `name` where it starts. `take` answers whether to go on.
    #[inline]
    pub(crate) fn suffixes(&self, name: &[u8], mut take: impl FnMut(u32, usize, NameHash) -> bool) {
        // The bytes before the name are zero, so that a word can always be read whole.
        let mut head = [0u8; 16];
        for (place, byte) in head.iter_mut().skip(8).zip(name) {
            *place = *byte;
        }
        let [mut place, mut tag] = self.start;
        let mut end = name.len();
        let mut labels = 0u32;
        loop {
            let word = word_before(name, &head, end);
            let dots = dots_in(word);
            if dots == 0 && end > 8 {
                place = fold(place ^ word, self.word[0]);
                tag = fold(tag ^ word, self.word[1]);
                end -= 8;
                continue;
            }
            // The label ends in this word: at a dot, or at the start of the name.
            let kept = if dots == 0 { end } else { (dots.leading_zeros() / 8) as usize };
            let part = match kept {
                0 => 0,
                8 => {
                    place = fold(place ^ word, self.word[0]);
                    tag = fold(tag ^ word, self.word[1]);
                    0
                }
                _ => word >> (64 - 8 * kept) | (kept as u64) << 56,
            };
            place = fold(place ^ part, self.end[0]);
            tag = fold(tag ^ part, self.end[1]);
            labels += 1;
            end -= kept;
            let hash =
                NameHash { place: (place >> 32) as u32, low: (tag as u32).max(1), high: (tag >> 32) as u16 };
            if !take(labels, end, hash) || end == 0 {
                return;
            }
            end -= 1;
        }
    }

    /// The hash of the whole name, and how many labels it has.
    #[inline]
    pub(crate) fn whole(&self, name: &[u8]) -> (u32, NameHash) {
        let mut last = (0, NameHash::default());
        self.suffixes(name, |labels, _, hash| {
            last = (labels, hash);
            true
        });
        last
    }
}

impl Seed {
    const fn halves(self) -> [u64; 2] {
        let both = u128::from_le_bytes(self.0);
        [both as u64, (both >> 64) as u64]
    }
}

/// The eight bytes that end before `end`, the last of them uppermost; zero where the name has not begun.
#[inline]
fn word_before(name: &[u8], head: &[u8; 16], end: usize) -> u64 {
    let bytes = match end.checked_sub(8) {
        Some(start) => name.get(start..end),
        None => head.get(end..end + 8),
    };
    bytes.and_then(|bytes| bytes.first_chunk()).map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

/// The top bit of every byte that is a dot.
#[inline]
const fn dots_in(word: u64) -> u64 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let zero_at_dots = word ^ 0x2e2e_2e2e_2e2e_2e2e;
    !(((zero_at_dots & LOW) + LOW) | zero_at_dots | LOW)
}

/// Multiplies into 128 bits and folds the halves.
#[inline]
const fn fold(a: u64, b: u64) -> u64 {
    let product = (a as u128) * (b as u128);
    (product as u64) ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn suffixes(name: &str) -> Vec<(u32, String, NameHash)> {
        let mut all = Vec::new();
        Keys::new(Seed([7; 16])).suffixes(name.as_bytes(), |labels, start, hash| {
            all.push((labels, name[start..].to_owned(), hash));
            true
        });
        all
    }

    proptest! {
        #[test]
        fn every_suffix_is_met_once_and_hashes_like_the_name_it_spells(
            name in "[a-z0-9_-]{1,20}(\\.[a-z0-9_-]{1,20}){0,6}"
        ) {
            let all = suffixes(&name);
            let mut expected: Vec<&str> = name.match_indices('.').map(|(at, _)| &name[at + 1..]).collect();
            expected.insert(0, &name);
            expected.reverse();
            prop_assert_eq!(all.iter().map(|suffix| suffix.1.as_str()).collect::<Vec<_>>(), expected);
            for (labels, text, hash) in all {
                prop_assert_eq!(Keys::new(Seed([7; 16])).whole(text.as_bytes()), (labels, hash));
            }
        }
    }

    #[test]
    fn nearly_equal_names_hash_apart() {
        let names =
            ["ab.c", "a.bc", "abc", "a.b.c", "aaaaaaaa", "aaaaaaaaa", "aaaaaaaa.a", "a.aaaaaaaa", "b", "a"];
        let mut seen = std::collections::HashSet::new();
        for name in names {
            let hash = Keys::new(Seed([1; 16])).whole(name.as_bytes()).1;
            assert!(seen.insert((hash.place, hash.low, hash.high)), "{name}");
            assert_ne!(hash, Keys::new(Seed([2; 16])).whole(name.as_bytes()).1, "{name}");
        }
    }
}
