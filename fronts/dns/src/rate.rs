//! How much one address may ask in datagrams.
//!
//! A datagram says of itself whom it is from. Whoever forges that can make the gate send answers to somebody else, and whoever
//! floods it takes the time of all others. So each address (of IPv6, its network) may ask so many questions a second, and some
//! at once; what is beyond gets no answer, or a short one that says to ask over a stream, which cannot be forged and where a
//! device waits for its turn.
//!
//! The table is of a fixed size, shared by all threads and locked by none: eight places in one cache line for each group of
//! addresses, each a mark that tells the address and the moment at which its debt is paid off. Whoever has no debt has no place.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

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
    pub fn is_beyond(&self, client: IpAddr, now_ms: u64) -> bool {
        let hash = match client {
            IpAddr::V4(address) => self.hashing.of(&address.octets()),
            // A device of IPv6 has a whole network of addresses.
            IpAddr::V6(address) => self.hashing.of(&(address.to_bits() >> 64).to_ne_bytes()),
        };
        let Some(bucket) = self.buckets.get(hash as usize % self.buckets.len()) else { return false };
        let mark = hash >> (u64::BITS - MARK_BITS) << (u64::BITS - MARK_BITS);
        let now = now_ms.saturating_mul(1_000) & MOMENT;
        let place = Self::place_of(bucket, mark);
        let seen = place.load(Ordering::Relaxed);
        let debt_ends = if seen & !MOMENT == mark { (seen & MOMENT).max(now) } else { now };
        if debt_ends - now > self.credit {
            return !self.is_excepted(client);
        }
        // Where another thread was first, one question is not counted.
        let new = mark | (debt_ends + self.cost) & MOMENT;
        let _ = place.compare_exchange(seen, new, Ordering::Relaxed, Ordering::Relaxed);
        false
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
