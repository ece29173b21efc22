//! How much one address may ask, in datagrams and over streams.
//!
//! A datagram says of itself whom it is from. Whoever forges that can make the gate send answers to somebody else, and whoever
//! floods it takes the time of all others. So each address (of IPv6, its network) may ask so many questions a second, and some
//! at once; what is beyond gets no answer, or a short one that says to ask over a stream, which cannot be forged and where a
//! device waits for its turn: over streams the same is counted in a table of its own, and what is beyond is taken later. Nothing
//! more is read meanwhile of that connection, so that whoever floods a stream stops itself.
//!
//! The table is of a fixed size, shared by all threads and locked by none: eight places in one cache line for each group of
//! addresses, each a mark that tells the address and the moment at which its debt is paid off. Whoever has no debt has no place.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use kit::network::Network;

use crate::resolver::Hashing;

/// How many addresses are told apart at one moment; others take the place of whoever owes least.
const PLACES: usize = 16_384;
/// How many seconds' worth of questions may come at once.
const AT_ONCE_S: u64 = 2;

/// How much one address may ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    /// Questions a second, over any second or two.
    pub per_second: u32,
    /// Addresses that may ask as much as they like: a resolver of the school's own that asks for many devices.
    pub except: Vec<Network>,
}

/// The table.
pub struct Rates {
    buckets: Box<[Bucket]>,
    hashing: Hashing,
    /// Microseconds that a question costs.
    cost: u64,
    /// How far a debt may reach into the future.
    credit: u64,
    except: Vec<Network>,
}

impl std::fmt::Debug for Rates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rates").field("cost", &self.cost).finish_non_exhaustive()
    }
}

#[repr(align(64))]
#[derive(Default)]
struct Bucket([AtomicU64; 8]);

/// A place: above, a mark of the address; below, the microsecond at which its debt is paid off.
const MARK_BITS: u32 = 16;
const MOMENT: u64 = u64::MAX >> MARK_BITS;

impl Rates {
    /// An empty table; `None` where there is no bound.
    pub fn new(rate: &Rate) -> Option<Self> {
        let per_second = u64::from(rate.per_second);
        let cost = 1_000_000u64.checked_div(per_second)?.max(1);
        Some(Self {
            buckets: (0..PLACES / 8).map(|_| Bucket::default()).collect(),
            hashing: Hashing::new(),
            cost,
            credit: AT_ONCE_S * 1_000_000,
            except: rate.except.clone(),
        })
    }

    /// Counts a question of that address; whether it is beyond what the address may ask. `now_ms` never goes back by more than
    /// a few milliseconds, from whichever thread.
    #[inline]
    pub fn is_beyond(&self, client: IpAddr, now_ms: u64) -> bool {
        self.count(client, now_ms, 0).is_some_and(|_| !self.is_excepted(client))
    }

    /// Counts a question of that address that can wait; for how many microseconds it must. One that would have to wait for longer
    /// than `most` is not counted, and there is no telling.
    pub fn wait_us(&self, client: IpAddr, now_ms: u64, most: Duration) -> Option<u64> {
        if self.is_excepted(client) {
            return Some(0);
        }
        let most = u64::try_from(most.as_micros()).unwrap_or(u64::MAX);
        match self.count(client, now_ms, most) {
            None => Some(0),
            Some(over) => (over <= most).then_some(over),
        }
    }

    /// Counts a question where the address's debt is over its credit by `most` microseconds at the most; by how many it is over,
    /// if it is.
    #[inline]
    fn count(&self, client: IpAddr, now_ms: u64, most: u64) -> Option<u64> {
        let hash = match client {
            IpAddr::V4(address) => self.hashing.of(&address.octets()),
            // A device of IPv6 has a whole network of addresses.
            IpAddr::V6(address) => self.hashing.of(&(address.to_bits() >> 64).to_ne_bytes()),
        };
        let bucket = self.buckets.get(hash as usize % self.buckets.len())?;
        let mark = hash >> (u64::BITS - MARK_BITS) << (u64::BITS - MARK_BITS);
        let now = now_ms.saturating_mul(1_000) & MOMENT;
        let place = Self::place_of(bucket, mark);
        let seen = place.load(Ordering::Relaxed);
        let debt_ends = if seen & !MOMENT == mark { (seen & MOMENT).max(now) } else { now };
        let over = (debt_ends - now).checked_sub(self.credit).filter(|over| *over > 0);
        if over.is_some_and(|over| over > most) {
            return over;
        }
        // Where another thread was first, one question is not counted.
        let new = mark | (debt_ends + self.cost) & MOMENT;
        let _ = place.compare_exchange(seen, new, Ordering::Relaxed, Ordering::Relaxed);
        over
    }

    /// The address's place or, where it has none, that of whoever owes least.
    fn place_of(bucket: &Bucket, mark: u64) -> &AtomicU64 {
        let [first, ..] = &bucket.0;
        let mut least = (u64::MAX, first);
        for place in &bucket.0 {
            let seen = place.load(Ordering::Relaxed);
            if seen & !MOMENT == mark && seen != 0 {
                return place;
            }
            if seen & MOMENT < least.0 {
                least = (seen & MOMENT, place);
            }
        }
        least.1
    }

    fn is_excepted(&self, client: IpAddr) -> bool {
        self.except.iter().any(|network| network.contains(client))
    }
}

/// What holds streams to the bound: shared by all their threads.
#[derive(Debug, Clone)]
pub struct Pace(Option<Arc<Paced>>);

#[derive(Debug)]
struct Paced {
    rates: Rates,
    started: Instant,
    slowed: AtomicU64,
}

/// So long a question over a stream may wait for its turn; devices give up on it after some five seconds.
const LONGEST_WAIT: Duration = Duration::from_secs(4);

impl Pace {
    /// The pace of a bound; `trusted` may ask as much as they like.
    pub fn new(rate: Option<&Rate>, trusted: &[IpAddr]) -> Self {
        let rates = rate.and_then(|rate| {
            let trusted = trusted.iter().map(|address| Network::one(address.to_canonical()));
            Rates::new(&Rate { except: rate.except.iter().copied().chain(trusted).collect(), ..*rate })
        });
        Self(rates.map(|rates| Arc::new(Paced { rates, started: Instant::now(), slowed: AtomicU64::new(0) })))
    }

    /// Counts a question of that address, and waits until it is its turn. False where that is too far away.
    pub async fn turn(&self, client: IpAddr) -> bool {
        let Some(paced) = &self.0 else { return true };
        let now_ms = u64::try_from(paced.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let wait = paced.rates.wait_us(client, now_ms, LONGEST_WAIT);
        if wait == Some(0) {
            return true;
        }
        paced.slowed.fetch_add(1, Ordering::Relaxed);
        let Some(wait) = wait else { return false };
        tokio::time::sleep(Duration::from_micros(wait)).await;
        true
    }

    /// How many questions had to wait, or were not taken.
    pub fn slowed(&self) -> u64 {
        self.0.as_ref().map_or(0, |paced| paced.slowed.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(per_second: u32, except: &[&str]) -> Rates {
        let except = except.iter().map(|text| text.parse().unwrap()).collect();
        Rates::new(&Rate { per_second, except }).unwrap()
    }

    /// How many of so many questions at one moment are within the bound.
    fn within(rates: &Rates, client: &str, questions: u32, now_ms: u64) -> u32 {
        let client = client.parse().unwrap();
        (0..questions).map(|_| u32::from(!rates.is_beyond(client, now_ms))).sum()
    }

    #[test]
    fn an_address_may_ask_so_many_at_once_and_so_many_each_second_after() {
        let rates = rates(100, &[]);
        assert_eq!(within(&rates, "192.0.2.1", 1_000, 5_000), 201);
        assert_eq!(within(&rates, "192.0.2.1", 1_000, 6_000), 100);
        assert_eq!(within(&rates, "192.0.2.1", 1_000, 6_010), 1);
        assert_eq!(within(&rates, "192.0.2.1", 1_000, 60_000), 201, "what was not asked is not saved up");
        assert_eq!(within(&rates, "192.0.2.2", 50, 60_000), 50, "another address is counted by itself");
        // A device of IPv6 has a whole network.
        let six = within(&rates, "2001:db8::1", 150, 60_000) + within(&rates, "2001:db8::2", 150, 60_000);
        assert_eq!(six, 201);
        assert_eq!(within(&rates, "2001:db8:0:1::1", 150, 60_000), 150);
    }

    #[test]
    fn what_is_excepted_is_never_beyond_and_no_bound_is_none() {
        let rates = rates(10, &["192.0.2.0/28", "2001:db8::/64"]);
        for client in ["192.0.2.1", "2001:db8::7"] {
            assert_eq!(within(&rates, client, 5_000, 9), 5_000);
        }
        assert_eq!(within(&rates, "192.0.2.16", 5_000, 9), 21);
        assert!(Rates::new(&Rate { per_second: 0, except: Vec::new() }).is_none());
    }

    #[test]
    fn over_a_stream_what_is_beyond_waits_for_its_turn_and_no_longer_than_it_may() {
        let rates = rates(100, &["192.0.2.9"]);
        let most = Duration::from_secs(1);
        let client = "192.0.2.1".parse().unwrap();
        let waits: Vec<_> = (0..400).map(|_| rates.wait_us(client, 5_000, most)).collect();
        assert!(waits[..201].iter().all(|wait| *wait == Some(0)));
        // Each waits for ten milliseconds more than the one before it.
        assert_eq!(waits[201..204], [Some(10_000), Some(20_000), Some(30_000)]);
        assert_eq!(waits[300], Some(1_000_000));
        assert!(waits[301..].iter().all(Option::is_none), "what would come too late is not counted");
        assert_eq!(
            rates.wait_us(client, 6_000, most),
            Some(10_000),
            "a second later a hundred have had their turn"
        );
        assert_eq!(rates.wait_us("192.0.2.9".parse().unwrap(), 5_000, most), Some(0));
        assert_eq!(rates.wait_us("192.0.2.2".parse().unwrap(), 5_000, most), Some(0));
    }

    #[test]
    fn a_flood_from_everywhere_takes_no_more_memory_and_keeps_nobody_out() {
        let rates = rates(1_000, &[]);
        let before = rates.buckets.len();
        for number in 0..200_000u32 {
            let client = IpAddr::from((0x0a00_0000 | number).to_be_bytes());
            assert!(!rates.is_beyond(client, u64::from(number / 500)));
        }
        assert_eq!(rates.buckets.len(), before);
        assert_eq!(within(&rates, "192.0.2.1", 100, 400), 100);
    }
}
