//! Answers kept for a while, as they will be written.
//!
//! What is kept is what the upstream said, the facts in it and what they match, never what was decided: the policy is
//! asked again for every answer, so a new block works at once.

use std::net::IpAddr;

use engine::Memo;
use front_sys::{advise_huge, prefetch};

use crate::wire::HEADER;
use crate::wire::answer::Answer;

/// Which variant of an answer: devices that ask for signatures or switch checking off get their own, and so do those whom the
/// policy leads elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Want(pub u8);

impl Want {
    /// Signatures (DO).
    pub const DNSSEC: u8 = 1;
    /// No checking (CD).
    pub const UNCHECKED: u8 = 2;
    /// Led to where a search engine answers safely.
    pub const LED: u8 = 4;
    /// Led to where it leaves out less.
    pub const LED_MODERATE: u8 = 8;
}

/// What of an answer stands within its place in the slab: most answers of one record, whose reading then waits for
/// memory once.
const SHORT: usize = 84;

/// An answer's bytes.
#[derive(Debug, Clone)]
enum Piece {
    Short { length: u8, bytes: [u8; SHORT] },
    Long(Box<[u8]>),
}

impl Piece {
    fn of(bytes: Vec<u8>) -> Self {
        let mut short = [0; SHORT];
        match (short.get_mut(..bytes.len()), u8::try_from(bytes.len())) {
            (Some(place), Ok(length)) => {
                place.copy_from_slice(&bytes);
                Self::Short { length, bytes: short }
            }
            _ => Self::Long(bytes.into()),
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Short { length, bytes } => bytes.get(..usize::from(*length)).unwrap_or(&[]),
            Self::Long(bytes) => bytes,
        }
    }
}

/// One answer with its facts, in one piece of memory:
/// the message, then where its lives stand (two bytes each), the addresses (length and bytes), the names (likewise).
///
/// Two cache lines, of which the first says whether it is the one that is looked for.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Stored {
    hash: u64,
    stored_s: u32,
    ends_s: u32,
    image: u16,
    lives: u16,
    addresses: u16,
    names: u8,
    /// The variant, [`USED`] and [`INSIDE`].
    want: u8,
    piece: Piece,
    /// What the question's name, the names and the addresses match.
    pub memo: Memo,
}

/// Marks an answer that was used since the hand last passed.
const USED: u8 = 0x80;
/// Marks an answer of the internet's that leads inside.
const INSIDE: u8 = 0x40;

const _: () = assert!(size_of::<Stored>() == 128, "an answer's place is two cache lines");

impl Default for Stored {
    /// A place where no answer is.
    fn default() -> Self {
        Self {
            hash: 0,
            stored_s: 0,
            ends_s: 0,
            image: 0,
            lives: 0,
            addresses: 0,
            names: 0,
            want: 0,
            piece: Piece::Short { length: 0, bytes: [0; SHORT] },
            memo: Memo::default(),
        }
    }
}

impl Stored {
    /// Puts an answer into its kept form. `None` if it is too large for a message.
    pub fn new(hash: u64, want: Want, answer: &Answer, now_s: u32) -> Option<Self> {
        let mut piece = Vec::with_capacity(answer.image.len() + 64);
        piece.extend_from_slice(&answer.image);
        for at in &answer.lives_at {
            piece.extend_from_slice(&at.to_ne_bytes());
        }
        for address in &answer.addresses {
            match address {
                IpAddr::V4(v4) => {
                    piece.push(4);
                    piece.extend_from_slice(&v4.octets());
                }
                IpAddr::V6(v6) => {
                    piece.push(16);
                    piece.extend_from_slice(&v6.octets());
                }
            }
        }
        for name in &answer.chain {
            piece.push(u8::try_from(name.len()).ok()?);
            piece.extend_from_slice(name);
        }
        Some(Self {
            hash,
            piece: Piece::of(piece),
            stored_s: now_s,
            ends_s: now_s.saturating_add(answer.life_s),
            image: u16::try_from(answer.image.len()).ok()?,
            lives: u16::try_from(answer.lives_at.len()).ok()?,
            addresses: u16::try_from(answer.addresses.len()).ok()?,
            names: u8::try_from(answer.chain.len()).ok()?,
            want: want.0,
            memo: Memo::default(),
        })
    }

    /// Notes that it leads inside, and nobody of the school's own said so.
    pub fn mark_inside(&mut self) {
        self.want |= INSIDE;
    }

    /// Whether that was noted.
    pub const fn leads_inside(&self) -> bool {
        self.want & INSIDE != 0
    }

    /// The message.
    pub fn image(&self) -> &[u8] {
        self.piece.bytes().get(..usize::from(self.image)).unwrap_or(&[])
    }

    /// Where the remaining seconds stand.
    pub fn lives_at(&self) -> impl Iterator<Item = usize> + '_ {
        let start = usize::from(self.image);
        let places = self.piece.bytes().get(start..start + 2 * usize::from(self.lives)).unwrap_or(&[]);
        places.as_chunks::<2>().0.iter().map(|place| usize::from(u16::from_ne_bytes(*place)))
    }

    /// Whether the answer goes through other names or gives addresses.
    pub const fn has_facts(&self) -> bool {
        self.addresses > 0 || self.names > 0
    }

    /// Puts the addresses into `addresses` and returns the names.
    pub fn facts(&self, addresses: &mut Vec<IpAddr>) -> impl Iterator<Item = &[u8]> {
        addresses.clear();
        let mut rest =
            self.piece.bytes().get(usize::from(self.image) + 2 * usize::from(self.lives)..).unwrap_or(&[]);
        for _ in 0..self.addresses {
            if let Some((octets, after)) = rest.get(1..).and_then(<[u8]>::split_first_chunk::<4>)
                && rest.first() == Some(&4)
            {
                addresses.push(IpAddr::from(*octets));
                rest = after;
            } else if let Some((octets, after)) = rest.get(1..).and_then(<[u8]>::split_first_chunk::<16>) {
                addresses.push(IpAddr::from(*octets));
                rest = after;
            }
        }
        (0..self.names).map_while(move |_| {
            let (length, after) = rest.split_first()?;
            let (name, after) = after.split_at_checked(usize::from(*length))?;
            rest = after;
            Some(name)
        })
    }

    /// When it came, in seconds.
    pub const fn stored_s(&self) -> u32 {
        self.stored_s
    }

    /// For how long it was good when it came.
    pub const fn life_s(&self) -> u32 {
        self.ends_s - self.stored_s
    }

    /// How many seconds ago it came.
    pub const fn age_s(&self, now_s: u32) -> u32 {
        now_s.saturating_sub(self.stored_s)
    }

    /// The same answer, of whose matches nothing is known.
    fn copy(&self) -> Self {
        Self { piece: self.piece.clone(), memo: Memo::default(), ..*self }
    }

    /// Whether it answers that question.
    fn is(&self, hash: u64, question: &[u8], want: u8) -> bool {
        self.hash == hash
            && self.want & !(USED | INSIDE) == want
            && self.image().get(HEADER..HEADER + question.len()) == Some(question)
    }

    /// Whether its time is over. One without a life is for those who waited for it, and fresh to them.
    pub const fn is_stale(&self, now_s: u32) -> bool {
        now_s >= self.ends_s && now_s > self.stored_s
    }

    /// Whether it may be kept at all.
    pub const fn is_lasting(&self) -> bool {
        self.ends_s > self.stored_s
    }

    /// What it costs to keep: its place in the slab and in the index, and what stands outside of it with the allocator's
    /// own. What its facts match is not counted: few answers match anything, and those that do match little.
    const fn bytes(&self) -> usize {
        let outside = match &self.piece {
            Piece::Short { .. } => 0,
            Piece::Long(bytes) => bytes.len() + 16,
        };
        LEAST_BYTES + outside
    }
}

/// What a short answer costs: its place in the slab, and about two in the index.
const LEAST_BYTES: usize = size_of::<Stored>() + 16;

/// How long after its end an answer may stand in for one that cannot be had (RFC 8767 §4 suggests one to three days).
const STALEST_S: u32 = 86_400;

/// Eight places in one cache line: the upper half of the hash, and one more than the place in the slab; 0 is free.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Bucket([u64; 8]);

/// The cache of one thread, bounded in bytes.
pub struct Cache {
    buckets: Vec<Bucket>,
    slab: Vec<Stored>,
    free: Vec<u32>,
    bytes: usize,
    limit: usize,
    /// Where the search for something to drop goes on: each is passed once after its last use before it goes.
    hand: usize,
}

impl Cache {
    /// A cache that holds at most `limit` bytes. Memory is taken as it fills.
    pub fn new(limit: usize) -> Self {
        // Two to four short answers to a bucket of eight when full.
        let count = (limit / (4 * LEAST_BYTES)).next_power_of_two().max(16);
        let mut buckets = Vec::with_capacity(count);
        advise_huge(buckets.spare_capacity_mut());
        buckets.resize(count, Bucket([0; 8]));
        // Room for as many as there can be, of which only what is used becomes memory: a slab that grew by moving would
        // make questions wait.
        let mut slab = Vec::with_capacity(limit / LEAST_BYTES);
        advise_huge(slab.spare_capacity_mut());
        Self { buckets, slab, free: Vec::new(), bytes: 0, limit, hand: 0 }
    }

    fn bucket(&self, hash: u64) -> usize {
        hash as usize & (self.buckets.len() - 1)
    }

    /// Has the processor fetch where a question would be found: first of two steps, each of which waits for memory.
    pub fn fetch_bucket(&self, hash: u64) {
        if let Some(bucket) = self.buckets.get(self.bucket(hash)) {
            prefetch(bucket);
        }
    }

    /// The second step: the answer's place in the slab, both its lines.
    pub fn fetch_place(&self, hash: u64) {
        if let Some(stored) = self.likely(hash) {
            prefetch(stored);
            prefetch(&stored.memo);
        }
    }

    /// A third for the few whose bytes stand elsewhere.
    pub fn fetch_piece(&self, hash: u64) {
        if let Some(Piece::Long(bytes)) = self.likely(hash).map(|stored| &stored.piece)
            && let Some(first) = bytes.first()
        {
            prefetch(first);
        }
    }

    /// The first answer whose hash begins like that.
    fn likely(&self, hash: u64) -> Option<&Stored> {
        let bucket = self.buckets.get(self.bucket(hash))?;
        let place = bucket.0.iter().find(|place| **place >> 32 == hash >> 32 && **place as u32 != 0)?;
        self.slab.get((*place as u32 - 1) as usize)
    }

    /// The answer to a question in lower case, if there is one that lives.
    pub fn get(&mut self, hash: u64, question: &[u8], want: Want, now_s: u32) -> Option<&mut Stored> {
        self.find(hash, question, want, |stored| now_s < stored.ends_s)
    }

    /// A copy of an answer whose time may be over, by [`STALEST_S`] at most: for when no upstream gives a newer one.
    pub fn stale(&mut self, hash: u64, question: &[u8], want: Want, now_s: u32) -> Option<Stored> {
        let recent = |stored: &Stored| now_s < stored.ends_s.saturating_add(STALEST_S);
        self.find(hash, question, want, recent).map(|stored| stored.copy())
    }

    fn find(
        &mut self,
        hash: u64,
        question: &[u8],
        want: Want,
        holds: impl Fn(&Stored) -> bool,
    ) -> Option<&mut Stored> {
        let bucket = self.buckets.get(self.bucket(hash))?;
        let tag = hash >> 32;
        for place in bucket.0 {
            if place >> 32 != tag || place as u32 == 0 {
                continue;
            }
            let index = (place as u32 - 1) as usize;
            let stored = self.slab.get(index)?;
            if stored.is(hash, question, want.0) && holds(stored) {
                let stored = self.slab.get_mut(index)?;
                stored.want |= USED;
                return Some(stored);
            }
        }
        None
    }

    /// Keeps an answer in place of an older one to the same question.
    pub fn insert(&mut self, stored: Stored, question: &[u8]) {
        let (hash, want) = (stored.hash, stored.want & !(USED | INSIDE));
        let cost = stored.bytes();
        if !stored.is_lasting() || cost > self.limit / 4 {
            return;
        }
        let bucket_at = self.bucket(hash);
        let places = self.buckets.get(bucket_at).map_or([0; 8], |bucket| bucket.0);
        // The same question, or else in a full bucket the one that ends first.
        let mut victim: Option<(u32, usize)> = None;
        for place in places.into_iter().filter(|place| *place as u32 != 0) {
            let index = (place as u32 - 1) as usize;
            let Some(old) = self.slab.get(index) else { continue };
            if old.is(hash, question, want) {
                victim = Some((0, index));
                break;
            }
            if !places.contains(&0) && victim.is_none_or(|(ends, _)| old.ends_s < ends) {
                victim = Some((old.ends_s, index));
            }
        }
        if let Some((_, index)) = victim {
            self.remove(index);
        }
        self.make_room(cost, stored.stored_s);
        let index = match self.free.pop() {
            Some(index) => index,
            None => {
                self.slab.push(Stored::default());
                (self.slab.len() - 1) as u32
            }
        };
        self.bytes += cost;
        if let Some(place) = self.slab.get_mut(index as usize) {
            *place = stored;
        }
        if let Some(bucket) = self.buckets.get_mut(bucket_at)
            && let Some(place) = bucket.0.iter_mut().find(|place| **place == 0)
        {
            *place = hash >> 32 << 32 | u64::from(index + 1);
        }
    }

    /// Drops answers until `cost` more bytes fit.
    fn make_room(&mut self, cost: usize, now_s: u32) {
        // Two rounds at most: the first takes every mark away.
        let mut steps = self.slab.len() * 2;
        while self.bytes + cost > self.limit && steps > 0 {
            steps -= 1;
            self.hand = if self.hand + 1 < self.slab.len() { self.hand + 1 } else { 0 };
            let Some(stored) = self.slab.get_mut(self.hand) else { return };
            if stored.image == 0 {
                continue;
            }
            if stored.want & USED != 0 && now_s < stored.ends_s {
                stored.want &= !USED;
            } else {
                self.remove(self.hand);
            }
        }
    }

    fn remove(&mut self, index: usize) {
        let Some(stored) = self.slab.get_mut(index) else { return };
        let stored = std::mem::take(stored);
        let bucket_at = self.bucket(stored.hash);
        if let Some(bucket) = self.buckets.get_mut(bucket_at) {
            for place in bucket.0.iter_mut().filter(|place| **place as u32 == index as u32 + 1) {
                *place = 0;
            }
        }
        self.bytes = self.bytes.saturating_sub(stored.bytes());
        self.free.push(index as u32);
    }

    /// How many bytes are held.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(question: &[u8], life_s: u32, extra: usize) -> Answer {
        let mut image = vec![0; 12];
        image.extend_from_slice(question);
        image.resize(image.len() + extra, 7);
        Answer {
            image,
            lives_at: vec![30, 40],
            life_s,
            chain: vec![b"cdn.example".to_vec().into()],
            addresses: vec!["192.0.2.1".parse().unwrap(), "2001:db8::1".parse().unwrap()],
        }
    }

    fn question(number: u32) -> Vec<u8> {
        format!("\u{8}{number:08}\0\0\u{1}\0\u{1}").into_bytes()
    }

    #[test]
    fn an_answer_is_kept_until_it_ends_with_its_facts() {
        let mut cache = Cache::new(100_000);
        let asked = question(1);
        cache.insert(Stored::new(9, Want(0), &answer(&asked, 10, 20), 100).unwrap(), &asked);
        let stored = cache.get(9, &asked, Want(0), 109).unwrap();
        assert_eq!(stored.lives_at().collect::<Vec<_>>(), [30, 40]);
        let mut addresses = Vec::new();
        let names: Vec<_> = stored.facts(&mut addresses).map(<[u8]>::to_vec).collect();
        assert_eq!((names, addresses.len(), stored.age_s(109)), (vec![b"cdn.example".to_vec()], 2, 9));
        assert!(cache.get(9, &asked, Want(0), 110).is_none(), "it has ended");
        assert!(cache.get(9, &asked, Want(Want::DNSSEC), 100).is_none(), "another variant");
        assert!(cache.get(9, &question(2), Want(0), 100).is_none(), "another question of the same hash");
    }

    #[test]
    fn the_cache_stays_within_its_bytes_and_keeps_what_is_used() {
        let mut cache = Cache::new(200_000);
        let hash = |number: u32| u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let favourite = question(0);
        for number in 0..10_000 {
            let asked = question(number);
            cache.insert(Stored::new(hash(number), Want(0), &answer(&asked, 300, 100), 5).unwrap(), &asked);
            assert!(cache.bytes() <= 200_000);
            assert!(cache.get(hash(0), &favourite, Want(0), 6).is_some(), "after {number}");
        }
        let kept = (0..10_000).filter(|n| cache.get(hash(*n), &question(*n), Want(0), 6).is_some()).count();
        assert!((500..1500).contains(&kept), "{kept}");
    }

    #[test]
    fn rfc2181_8_an_answer_without_a_life_is_not_kept() {
        let mut cache = Cache::new(100_000);
        cache.insert(Stored::new(9, Want(0), &answer(&question(1), 0, 20), 100).unwrap(), &question(1));
        assert!(cache.get(9, &question(1), Want(0), 100).is_none());
    }
}
