//! The upstreams: which to ask next, through which of its sockets, and how each fares.

use std::net::SocketAddr;

use kit::Zones;

use crate::Forward;
use crate::random::Random;

/// The most upstreams: each has its bit in a set.
pub const MOST: usize = 64;

/// How many sockets, each with its own random port, an upstream is asked through.
pub const SLOTS: usize = 16;
/// After how many questions a socket is replaced by one with a new port.
const USES: u32 = 256;
/// How many failures in a row make an upstream count as down.
const STRIKES: u32 = 3;
/// How long a downed upstream rests, at first and at most; it doubles in between.
const FIRST_REST_MS: u64 = 500;
const LONGEST_REST_MS: u64 = 16_000;
/// How many questions of one moment share a socket.
const TOGETHER: u32 = 64;
/// The bounds of one attempt's patience.
const LEAST_PATIENCE_MS: u64 = 150;
const MOST_PATIENCE_MS: u64 = 1_500;
/// One question in so many goes to an upstream that is not the fastest, so that its time is known.
const EXPLORE: usize = 64;

#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    uses: u32,
    waiting: u32,
}

#[derive(Debug)]
struct Upstream {
    address: SocketAddr,
    slots: [Slot; SLOTS],
    /// The smoothed time of an answer, in milliseconds.
    time_ms: f32,
    strikes: u32,
    rests_until_ms: u64,
    /// The socket of the questions of this very moment: those of one batch share it, so that they can be sent and
    /// answered in one call; the next moment brings another.
    moment: Option<(u64, usize, u32)>,
}

/// All upstreams, in the order of the configuration.
#[derive(Debug)]
pub struct Upstreams(Vec<Upstream>);

/// A set of upstreams, a bit each.
pub type Servers = u64;

/// Which upstreams answer for which names.
#[derive(Debug, Clone, Default)]
pub struct Routes {
    servers: Vec<SocketAddr>,
    internet: Servers,
    zones: Zones<Servers>,
}

impl Routes {
    /// The servers for the internet, and those for zones of the school's own. What is beyond [`MOST`] is never asked.
    pub fn new(internet: &[SocketAddr], forward: &[Forward]) -> Self {
        let mut routes = Self::default();
        routes.internet = routes.add(internet);
        for one in forward {
            let servers = routes.add(&one.upstreams);
            for zone in &one.zones {
                routes.zones.put(zone, servers);
            }
        }
        routes
    }

    fn add(&mut self, addresses: &[SocketAddr]) -> Servers {
        let mut set = 0;
        for address in addresses {
            set |= 1u64.checked_shl(self.servers.len() as u32).unwrap_or(0);
            self.servers.push(*address);
        }
        set
    }

    /// All servers, each at the place of its bit.
    pub fn servers(&self) -> &[SocketAddr] {
        &self.servers
    }

    /// Who answers for a name in lower case.
    pub fn of(&self, name: &str) -> Servers {
        self.zones.of(name).copied().unwrap_or(self.internet)
    }

    /// Whether those answer for the internet.
    pub const fn is_internet(&self, servers: Servers) -> bool {
        servers == self.internet
    }
}

/// Where a question goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Way {
    /// Which upstream.
    pub upstream: usize,
    /// Which of its sockets.
    pub slot: usize,
}

impl Upstreams {
    /// Upstreams of which nothing is known yet.
    pub fn new(addresses: &[SocketAddr]) -> Self {
        Self(
            addresses
                .iter()
                .map(|&address| Upstream {
                    address,
                    slots: [Slot::default(); SLOTS],
                    time_ms: 0.0,
                    strikes: 0,
                    rests_until_ms: 0,
                    moment: None,
                })
                .collect(),
        )
    }

    /// The upstream's address.
    pub fn address(&self, upstream: usize) -> Option<SocketAddr> {
        self.0.get(upstream).map(|upstream| upstream.address)
    }

    /// The upstream to ask next, of those not in `others`: the fastest that is up, now and then another;
    /// when all are down, the one that has rested longest. `None` where there is none.
    pub fn choose(&self, others: Servers, now_ms: u64, random: &mut Random) -> Option<usize> {
        let open =
            || self.0.iter().enumerate().filter(move |(index, _)| *index < MOST && others >> *index & 1 == 0);
        let up = || open().filter(move |(_, upstream)| upstream.rests_until_ms <= now_ms);
        let count = up().count();
        if count == 0 {
            return open().min_by_key(|(_, upstream)| upstream.rests_until_ms).map(|(index, _)| index);
        }
        if count > 1 && random.below(EXPLORE) == Some(0) {
            let pick = random.below(count)?;
            return up().nth(pick).map(|(index, _)| index);
        }
        up().min_by(|(_, a), (_, b)| a.time_ms.total_cmp(&b.time_ms)).map(|(index, _)| index)
    }

    /// Takes a socket of the upstream for one question: at random, or the one that the questions of this moment share.
    /// The second value says that the socket must be opened anew first: it has served its time and nothing waits on
    /// it.
    pub fn take_slot(&mut self, upstream: usize, now_ms: u64, random: &mut Random) -> Option<(Way, bool)> {
        let own = self.0.get_mut(upstream)?;
        if let Some((moment, slot, left)) = own.moment.as_mut()
            && *moment == now_ms
            && *left > 0
            && let Some(place) = own.slots.get_mut(*slot)
        {
            *left -= 1;
            place.uses = place.uses.saturating_add(1);
            place.waiting += 1;
            return Some((Way { upstream, slot: *slot }, false));
        }
        let start = random.below(SLOTS)?;
        let mut order = (0..SLOTS).map(|step| (start + step) % SLOTS);
        let fresh = |slot: &Slot| slot.uses < USES || slot.waiting == 0;
        let slot = order.find(|slot| own.slots.get(*slot).is_some_and(fresh)).unwrap_or(start);
        own.moment = Some((now_ms, slot, TOGETHER - 1));
        let place = own.slots.get_mut(slot)?;
        let reopen = place.uses >= USES && place.waiting == 0;
        place.uses = if reopen { 1 } else { place.uses.saturating_add(1) };
        place.waiting += 1;
        Some((Way { upstream, slot }, reopen))
    }

    /// Nothing waits any more for that question on the socket.
    pub fn release(&mut self, way: Way) {
        if let Some(slot) = self.0.get_mut(way.upstream).and_then(|upstream| upstream.slots.get_mut(way.slot))
        {
            slot.waiting = slot.waiting.saturating_sub(1);
        }
    }

    /// How long to wait for this upstream: three times its usual time and some more.
    pub fn patience_ms(&self, upstream: usize) -> u64 {
        let usual = self.0.get(upstream).map_or(0.0, |upstream| upstream.time_ms);
        ((usual * 3.0) as u64 + LEAST_PATIENCE_MS).min(MOST_PATIENCE_MS)
    }

    /// The upstream answered after so long.
    pub fn answered(&mut self, upstream: usize, after_ms: u64) {
        if let Some(upstream) = self.0.get_mut(upstream) {
            let after = after_ms as f32;
            upstream.time_ms = if upstream.time_ms == 0.0 {
                after.max(0.5)
            } else {
                upstream.time_ms * 0.875 + after * 0.125
            };
            upstream.strikes = 0;
            upstream.rests_until_ms = 0;
        }
    }

    /// The upstream did not answer in time, or could not be reached.
    pub fn failed(&mut self, upstream: usize, now_ms: u64) {
        if let Some(upstream) = self.0.get_mut(upstream) {
            upstream.strikes = upstream.strikes.saturating_add(1);
            upstream.time_ms = (upstream.time_ms * 2.0).clamp(100.0, 1_000.0);
            if upstream.strikes >= STRIKES {
                let doubled = FIRST_REST_MS << (upstream.strikes - STRIKES).min(5);
                upstream.rests_until_ms = now_ms + doubled.min(LONGEST_REST_MS);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> Upstreams {
        let addresses: Vec<SocketAddr> =
            ["192.0.2.1:53", "192.0.2.2:53", "[2001:db8::1]:53"].map(|text| text.parse().unwrap()).into();
        Upstreams::new(&addresses)
    }

    /// Enough questions that one asked now and then is asked for certain.
    const MANY: usize = 20_000;

    /// How often each is chosen in so many questions.
    fn choices(upstreams: &Upstreams, tried: u64, now_ms: u64) -> [usize; 3] {
        let mut random = Random::default();
        let mut counts = [0; 3];
        for _ in 0..MANY {
            counts[upstreams.choose(tried, now_ms, &mut random).unwrap()] += 1;
        }
        counts
    }

    #[test]
    fn the_fastest_that_is_up_is_asked_and_the_others_now_and_then() {
        let mut upstreams = three();
        for (upstream, time) in [(0, 30), (1, 10), (2, 50)] {
            upstreams.answered(upstream, time);
        }
        let [first, second, third] = choices(&upstreams, 0, 0);
        assert!(second > MANY * 8 / 10 && first > 0 && third > 0, "{first} {second} {third}");
        assert_eq!(choices(&upstreams, 0b110, 0), [MANY, 0, 0]);
        assert_eq!(upstreams.choose(0b111, 0, &mut Random::default()), None);
    }

    #[test]
    fn three_failures_in_a_row_rest_an_upstream_and_an_answer_ends_it() {
        let mut upstreams = three();
        for (upstream, time) in [(0, 10), (1, 30), (2, 300)] {
            upstreams.answered(upstream, time);
        }
        for _ in 0..3 {
            upstreams.failed(0, 1_000);
        }
        assert_eq!(choices(&upstreams, 0, 1_001)[0], 0);
        assert!(choices(&upstreams, 0, 1_500)[0] > 0, "after its rest it is tried again");
        for upstream in [1, 2] {
            for _ in 0..3 {
                upstreams.failed(upstream, 1_200);
            }
        }
        assert_eq!(choices(&upstreams, 0, 1_201), [MANY, 0, 0], "all rest: the one that has rested longest");
        upstreams.answered(2, 1);
        assert_eq!(choices(&upstreams, 0, 1_201), [0, 0, MANY]);
    }

    #[test]
    fn rfc5452_a_socket_is_replaced_after_its_questions_and_never_under_one_that_waits() {
        let mut upstreams = three();
        let mut random = Random::default();
        let mut reopened = 0;
        for now_ms in 0..u64::from(SLOTS as u32 * USES * 4) {
            let (way, reopen) = upstreams.take_slot(0, now_ms, &mut random).unwrap();
            reopened += usize::from(reopen);
            upstreams.release(way);
        }
        assert!(reopened >= SLOTS * 2, "{reopened}");
        let mut upstreams = three();
        for now_ms in 0..u64::from(SLOTS as u32 * USES * 4) {
            let (_, reopen) = upstreams.take_slot(0, now_ms, &mut random).unwrap();
            assert!(!reopen);
        }
    }

    #[test]
    fn rfc5452_questions_of_one_moment_share_a_socket_and_the_next_moment_brings_another() {
        let mut upstreams = three();
        let mut random = Random::default();
        let mut seen = [0; SLOTS];
        for now_ms in 0..640 {
            let slots = [(); 3].map(|()| upstreams.take_slot(0, now_ms, &mut random).unwrap().0.slot);
            assert!(slots.iter().all(|slot| *slot == slots[0]));
            seen[slots[0]] += 1;
        }
        assert!(seen.iter().all(|times| (10..90).contains(times)), "{seen:?}");
    }
}
