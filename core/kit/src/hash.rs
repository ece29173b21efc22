//! Hashing small numbers and short texts quickly.

use std::hash::{BuildHasher, Hasher, RandomState};

/// A hasher for small numbers and short texts: words of eight bytes, multiplied and folded. By itself for tables that are
/// filled by the school's own documents, so that nobody outside can make entries collide; otherwise by way of [`Seeded`].
#[derive(Debug, Default)]
pub struct WordHasher(u64);

/// Makes hashers that begin with a number of their own, for tables that outsiders fill too.
#[derive(Debug, Clone, Copy)]
pub struct Seeded(u64);

impl Seeded {
    /// With a random number.
    pub fn random() -> Self {
        Self(RandomState::new().build_hasher().finish())
    }
}

impl Default for Seeded {
    fn default() -> Self {
        Self::random()
    }
}

impl BuildHasher for Seeded {
    type Hasher = WordHasher;
    #[inline]
    fn build_hasher(&self) -> WordHasher {
        WordHasher(self.0)
    }
}

impl WordHasher {
    #[inline]
    fn mix(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word) * 0x9e37_79b9_7f4a_7c15;
        self.0 = (product as u64) ^ (product >> 64) as u64 ^ word.rotate_left(29);
    }
}

impl Hasher for WordHasher {
    #[inline]
    fn finish(&self) -> u64 {
        let mixed = (self.0 ^ self.0 >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed ^ mixed >> 29
    }
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.mix(u64::from_le_bytes(*word));
        }
        let last = rest.iter().fold(rest.len() as u64, |word, byte| word << 8 | u64::from(*byte));
        self.mix(last);
    }
    #[inline]
    fn write_u8(&mut self, byte: u8) {
        self.mix(u64::from(byte));
    }
    #[inline]
    fn write_u16(&mut self, value: u16) {
        self.mix(u64::from(value));
    }
    #[inline]
    fn write_u32(&mut self, value: u32) {
        self.mix(u64::from(value));
    }
    #[inline]
    fn write_u64(&mut self, value: u64) {
        self.mix(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_with_different_numbers_put_the_same_things_in_different_places() {
        let names = ["a.example", "b.example", "www.a.example", "", "aaaaaaaa"];
        let hashes = |seed: &Seeded| names.map(|name| seed.hash_one(name));
        let (one, other) = (Seeded::random(), Seeded::random());
        let again = one;
        assert_eq!(hashes(&one), hashes(&again));
        assert_ne!(hashes(&one), hashes(&other));
        let mut all = hashes(&one).to_vec();
        all.dedup();
        assert_eq!(all.len(), names.len());
    }
}
