//! Numbers nobody can guess, for ids, ports and spelling (RFC 5452).

/// A supply of the operating system's random bytes, fetched a page at a time.
pub struct Random {
    bytes: Box<[u8; 1024]>,
    used: usize,
}

impl Default for Random {
    fn default() -> Self {
        Self { bytes: Box::new([0; 1024]), used: 1024 }
    }
}

impl Random {
    /// Eight bytes. Without the system's random numbers there is no safe way to ask an upstream, so the caller must
    /// not: `None`.
    pub fn number(&mut self) -> Option<u64> {
        if self.used + 8 > self.bytes.len() {
            getrandom::fill(&mut *self.bytes).ok()?;
            self.used = 0;
        }
        let number = self.bytes.get(self.used..)?.first_chunk().map(|eight| u64::from_ne_bytes(*eight));
        self.used += 8;
        number
    }

    /// A number below `bound`, as good as even for small bounds.
    pub fn below(&mut self, bound: usize) -> Option<usize> {
        let product = u128::from(self.number()?) * bound as u128;
        usize::try_from(product >> 64).ok()
    }

    /// Gives every letter of an uncompressed name a random case (0x20; draft-vixie-dnsext-dns0x20): the answer must
    /// repeat it. Lengths lie below the letters and stay as they are.
    pub fn spell(&mut self, name: &mut [u8]) -> Option<()> {
        for part in name.chunks_mut(64) {
            let mut bits = self.number()?;
            for byte in part.iter_mut().filter(|byte| byte.is_ascii_alphabetic()) {
                *byte ^= if bits & 1 == 1 { 0x20 } else { 0 };
                bits >>= 1;
            }
        }
        Some(())
    }
}
