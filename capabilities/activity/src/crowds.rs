//! One address that is many devices: a router that hides what is behind it, another proxy, a server that asks for all. Whoever is behind
//! it is filtered as one, so it is noticed as events come in, and told.
//!
//! What is kept of an address is what a day tells of it: which makers' devices asked, how many different agents there were, and
//! how many questions. No site, no person, no agent: a bit for a maker, a few bits of a hash for an agent. It is in memory alone, of
//! so many addresses, and gone after the day.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::sync::LazyLock;

use engine::{Front, Host, KnownBy};
use kit::Timestamp;
use serde::{Deserialize, Serialize};

use crate::event::{Encoded, Kept, moment};

/// `content/many-devices.toml`.
const BUILT_IN: &str = include_str!("../../../content/many-devices.toml");

/// So many addresses are looked at; of more, those that were seen longest ago are forgotten.
const MOST: usize = 8_192;
/// So many are told.
const MOST_TOLD: usize = 50;
const A_DAY_MS: i64 = 86_400_000;
/// Different agents are counted by the bits that their hashes fall on.
const AGENT_BITS: usize = 512;

/// What tells one kind of device from another.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kind {
    name: String,
    sites: Vec<String>,
    agents: Vec<String>,
}

/// From when an address is taken for many devices.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct From {
    kinds: u32,
    agents: u32,
    questions: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    #[expect(dead_code, reason = "whoever reads the file wants to know how old it is")]
    version: String,
    #[expect(dead_code, reason = "whoever reads the file wants to know where it comes from")]
    source: String,
    from: From,
    #[serde(rename = "kind")]
    kinds: Vec<Kind>,
}

/// Made ready to be looked up: the longest name of a check is found by its last labels.
#[derive(Debug)]
struct Signs {
    from: From,
    names: Vec<String>,
    /// The kind that a site is of, as a bit.
    sites: HashMap<String, u16>,
    agents: Vec<(String, u16)>,
}

static SIGNS: LazyLock<Option<Signs>> = LazyLock::new(|| Signs::read(BUILT_IN));

impl Signs {
    fn read(text: &str) -> Option<Self> {
        let content: Content = toml::from_str(text).ok()?;
        let mut signs =
            Self { from: content.from, names: Vec::new(), sites: HashMap::new(), agents: Vec::new() };
        for (place, kind) in content.kinds.into_iter().enumerate() {
            let bit = 1u16.checked_shl(u32::try_from(place).ok()?)?;
            signs.sites.extend(kind.sites.into_iter().map(|site| (site, bit)));
            signs.agents.extend(kind.agents.into_iter().map(|agent| (agent, bit)));
            signs.names.push(kind.name);
        }
        Some(signs)
    }

    /// The kinds that the event tells of: a bit each.
    fn kinds(&self, kept: &Kept<'_>) -> u16 {
        let by_site = match kept.host {
            Some(Host::Name(name)) => self.of_site(name.as_str()),
            _ => 0,
        };
        let by_agent = kept.agent.map_or(0, |agent| {
            let named = self.agents.iter().filter(|(piece, _)| agent.contains(piece.as_str()));
            // An agent names many systems, as Android's does Linux: the last in the order of the file is the one it is about.
            named.map(|(_, bit)| *bit).max().unwrap_or(0)
        });
        by_site | by_agent
    }

    fn of_site(&self, name: &str) -> u16 {
        // Nearly no name is one of them.
        let mut rest = name;
        loop {
            if let Some(bit) = self.sites.get(rest) {
                return *bit;
            }
            match rest.split_once('.') {
                Some((_, above)) if above.contains('.') => rest = above,
                _ => return 0,
            }
        }
    }
}

/// What a day has told of one address.
#[derive(Debug, Clone)]
struct Seen {
    kinds: u16,
    agents: Box<[u64; AGENT_BITS / 64]>,
    questions: u64,
    since: Timestamp,
    last: Timestamp,
}

/// What the addresses were that asked lately.
#[derive(Debug)]
pub struct Crowds {
    seen: HashMap<IpAddr, Seen>,
    /// Addresses that are known to be many devices, and say which.
    known: Vec<IpAddr>,
    seed: RandomState,
}

/// An address that is many devices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crowd {
    /// The address.
    pub address: IpAddr,
    /// What kinds of devices asked from it.
    pub kinds: Vec<String>,
    /// About how many different agents there were.
    pub agents: u32,
    /// How many questions and requests.
    pub questions: u64,
    /// Since when it was looked at: a day at most.
    #[serde(with = "moment")]
    pub since: Timestamp,
}

impl Crowds {
    /// Nothing seen yet. Of the addresses in `known` nothing needs to be told: they are routers that say which device asks.
    pub fn new(known: Vec<IpAddr>) -> Self {
        let known = known.into_iter().map(|address| address.to_canonical()).collect();
        Self { seen: HashMap::new(), known, seed: RandomState::new() }
    }

    /// Looks at one event. About 50 ns.
    pub fn look(&mut self, event: &Encoded<'_>) {
        let (Some(kept), Some(signs)) = (&event.kept, &*SIGNS) else { return };
        let (Some(client), false) = (kept.client, kept.known_by == KnownBy::FilterTest) else { return };
        // Who asked through a name of their own says by it who they are, wherever the question came from.
        if kept.known_by == KnownBy::EncryptedDnsName || kept.sent.is_some() {
            return;
        }
        let at = event.at;
        if !self.seen.contains_key(&client) && self.seen.len() >= MOST {
            self.make_room();
        }
        let seen = self.seen.entry(client).or_insert_with(|| Seen::new(at));
        if at.as_millis().saturating_sub(seen.since.as_millis()) >= A_DAY_MS {
            *seen = Seen::new(at);
        }
        seen.last = seen.last.max(at);
        seen.kinds |= signs.kinds(kept);
        seen.questions += u64::from(kept.front == Front::Dns);
        if let Some(agent) = kept.agent {
            let bit = self.seed.hash_one(agent) as usize % AGENT_BITS;
            if let Some(word) = seen.agents.get_mut(bit / 64) {
                *word |= 1 << (bit % 64);
            }
        }
    }

    /// Forgets the half that was seen longest ago.
    fn make_room(&mut self) {
        let mut moments: Vec<Timestamp> = self.seen.values().map(|seen| seen.last).collect();
        let middle = moments.len() / 2;
        let (_, median, _) = moments.select_nth_unstable(middle);
        let median = *median;
        self.seen.retain(|_, seen| seen.last > median);
        if self.seen.len() >= MOST {
            self.seen.clear();
        }
    }

    /// The addresses that are many devices, as far as the day before `at` tells; those with most kinds first.
    pub fn told(&self, at: Timestamp) -> Vec<Crowd> {
        let Some(signs) = &*SIGNS else { return Vec::new() };
        let lately = |seen: &Seen| at.as_millis().saturating_sub(seen.last.as_millis()) < A_DAY_MS;
        let many = |seen: &Seen| {
            seen.kinds.count_ones() >= signs.from.kinds
                || seen.agents() >= signs.from.agents
                || seen.questions >= signs.from.questions
        };
        let all = self
            .seen
            .iter()
            .filter(|(address, seen)| lately(seen) && many(seen) && !self.known.contains(address));
        let mut told: Vec<Crowd> = all
            .map(|(address, seen)| Crowd {
                address: *address,
                kinds: signs
                    .names
                    .iter()
                    .enumerate()
                    .filter(|(place, _)| seen.kinds >> place & 1 == 1)
                    .map(|(_, name)| name.clone())
                    .collect(),
                agents: seen.agents(),
                questions: seen.questions,
                since: seen.since,
            })
            .collect();
        told.sort_by_key(|crowd| (std::cmp::Reverse((crowd.kinds.len(), crowd.questions)), crowd.address));
        told.truncate(MOST_TOLD);
        told
    }
}

impl Seen {
    fn new(at: Timestamp) -> Self {
        Self { kinds: 0, agents: Box::new([0; AGENT_BITS / 64]), questions: 0, since: at, last: at }
    }

    /// About how many different agents there were: of so many bits so many are set, and some by two (linear counting).
    fn agents(&self) -> u32 {
        let set: u32 = self.agents.iter().map(|word| word.count_ones()).sum();
        let all = AGENT_BITS as f64;
        let free = (all - f64::from(set)).max(1.0);
        (-all * (free / all).ln()).round() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::Reader;
    use crate::event::{decode, encode};
    use engine::{Activity, Decision, HostName, Identity, Request};

    const START: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    struct Ask<'a> {
        from: &'a str,
        host: &'a str,
        agent: Option<&'a str>,
        known_by: KnownBy,
        at: Timestamp,
    }

    fn look(crowds: &mut Crowds, ask: &Ask<'_>) {
        let identity = Identity { known_by: ask.known_by, ..Identity::default() };
        let request = Request {
            host: Host::Name(HostName::new(ask.host).unwrap()),
            port: None,
            path: None,
            as_sent: None,
            chain: &[],
            addresses: &[],
            identity: &identity,
            front: if ask.agent.is_some() { Front::Proxy } else { Front::Dns },
        };
        let client = ask.from.parse().unwrap();
        let activity = Activity::of(&request, &Decision::undecided(), ask.at, client, ask.agent, 0);
        let mut bytes = Vec::new();
        encode(&mut bytes, 1, 0, &activity, None);
        let encoded = decode(&mut Reader(&bytes), 0, ask.at.as_millis()).unwrap();
        crowds.look(&encoded);
    }

    fn dns<'a>(from: &'a str, host: &'a str) -> Ask<'a> {
        Ask { from, host, agent: None, known_by: KnownBy::Nothing, at: START }
    }

    fn proxy<'a>(from: &'a str, agent: &'a str) -> Ask<'a> {
        Ask { agent: Some(agent), ..dns(from, "www.example.org") }
    }

    #[test]
    fn three_makers_devices_behind_one_address_are_told_and_two_are_not() {
        let mut crowds = Crowds::new(vec!["10.0.0.2".parse().unwrap()]);
        for from in ["10.0.0.1", "10.0.0.2", "10.0.0.3"] {
            look(&mut crowds, &dns(from, "www.msftconnecttest.com"));
            look(&mut crowds, &dns(from, "captive.apple.com"));
            look(&mut crowds, &dns(from, "www.example.org"));
        }
        assert_eq!(crowds.told(START), [], "a house with a laptop and a telephone has an address each");
        for from in ["10.0.0.1", "10.0.0.2"] {
            look(&mut crowds, &dns(from, "connectivitycheck.gstatic.com"));
        }
        let told = crowds.told(START);
        assert_eq!(told.len(), 1, "a router that says which device asks needs no word: {told:?}");
        assert_eq!(told[0].address, "10.0.0.1".parse::<IpAddr>().unwrap());
        assert_eq!(told[0].kinds, ["Windows", "Apple", "Android, ChromeOS or Fire OS"]);
        assert_eq!(told[0].questions, 4);
        // A day without a word, and it is forgotten.
        assert_eq!(crowds.told(START.plus_millis(A_DAY_MS)), []);
    }

    #[test]
    fn agents_tell_of_systems_and_many_different_ones_of_many_devices() {
        let mut crowds = Crowds::new(Vec::new());
        let agents = [
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36",
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15",
            "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36",
        ];
        for agent in agents {
            look(&mut crowds, &proxy("10.0.0.1", agent));
        }
        assert_eq!(crowds.told(START).len(), 1);
        // One kind alone, and many of them.
        for number in 0..80 {
            let agent = format!("Mozilla/5.0 (X11; CrOS x86_64 145{number}.0.0)");
            look(&mut crowds, &proxy("10.0.0.9", &agent));
        }
        let told = crowds.told(START);
        let school =
            told.iter().find(|crowd| crowd.address == "10.0.0.9".parse::<IpAddr>().unwrap()).unwrap();
        assert!((60..=100).contains(&school.agents), "{school:?}");
        assert_eq!(school.kinds, ["Android, ChromeOS or Fire OS"]);
        // A browser with a few tabs is one device.
        for _ in 0..500 {
            look(&mut crowds, &proxy("10.0.0.5", agents[0]));
        }
        assert_eq!(crowds.told(START).len(), 2);
    }

    #[test]
    fn a_test_and_whoever_says_who_they_are_make_no_crowd() {
        let mut crowds = Crowds::new(Vec::new());
        for known_by in [KnownBy::FilterTest, KnownBy::EncryptedDnsName] {
            for host in ["www.msftconnecttest.com", "captive.apple.com", "connectivitycheck.gstatic.com"] {
                look(&mut crowds, &Ask { known_by, ..dns("10.0.0.1", host) });
            }
        }
        assert_eq!(crowds.told(START), []);
    }

    #[test]
    fn a_flood_of_addresses_takes_so_much_memory_and_no_more() {
        let mut crowds = Crowds::new(Vec::new());
        for number in 0..3 * MOST as u32 {
            let from = IpAddr::from((0x0a00_0000 | number).to_be_bytes()).to_string();
            let at = START.plus_millis(i64::from(number));
            look(&mut crowds, &Ask { at, ..dns(&from, "www.example.org") });
            assert!(crowds.seen.len() <= MOST);
        }
        for host in ["www.msftconnecttest.com", "captive.apple.com", "nmcheck.gnome.org"] {
            look(&mut crowds, &Ask { at: START.plus_millis(100_000), ..dns("10.0.0.1", host) });
        }
        assert_eq!(crowds.told(START.plus_millis(100_000)).len(), 1);
    }

    #[test]
    fn every_kind_has_a_bit_and_every_site_is_a_name() {
        let signs = SIGNS.as_ref().unwrap();
        assert!(signs.names.len() <= 16);
        for site in signs.sites.keys() {
            assert_eq!(kit::host::normalise_host_name(site).as_ref(), Some(site));
        }
    }
}
