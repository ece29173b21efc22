//! What is counted of the requests that a draft decides otherwise.

use hashbrown::{HashTable, hash_table};
use kit::Host;
use kit::hash::Seeded;

use super::{Asker, HashMap, Past};
use crate::calendar::Moment;
use crate::request::Front;
use crate::step::Step;

type HashSet<K> = hashbrown::HashSet<K, Seeded>;

/// So many sites are told apart on each side; requests to further ones are counted together.
const MOST_SITES: usize = 100_000;
/// So many people are told apart for a list; more are counted as so many.
const MOST_PEOPLE: usize = 10_000;
/// So many visits are told apart, eight bytes each; further ones are counted as if they had been seen.
const MOST_VISITS: usize = 1 << 24;

/// The visits so far: each asker and site once, by a hash of both, with which ways it was decided otherwise.
#[derive(Default)]
pub(super) struct Visits(HashTable<u64>);

/// The bits of a hash that hold the ways.
const WAYS: u64 = 3;

/// The bit of a way.
fn way_bit(way: Option<usize>) -> u64 {
    way.map_or(0, |way| 1 << (way & 1))
}

impl Visits {
    /// Takes a request of a visit that was decided otherwise that way. Whether the visit is new, and whether it is that way.
    pub fn see(&mut self, hash: u64, way: Option<usize>) -> [bool; 2] {
        let key = hash & !WAYS;
        let bit = way_bit(way);
        let is_full = self.0.len() >= MOST_VISITS;
        match self.0.entry(key, |one| one & !WAYS == key, |one| one & !WAYS) {
            hash_table::Entry::Occupied(mut seen) => {
                let is_new = *seen.get() & bit != bit;
                *seen.get_mut() |= bit;
                [false, is_new]
            }
            hash_table::Entry::Vacant(_) if is_full => [false; 2],
            hash_table::Entry::Vacant(free) => {
                free.insert(key | bit);
                [true, bit != 0]
            }
        }
    }
}

/// Who of a batch asked for a host last, and which ways that was decided otherwise.
#[derive(Default)]
pub(super) struct Met {
    /// Counted from 1.
    asker: u32,
    ways: u64,
}

impl Met {
    /// Whether the same asker has been seen here that way just before; remembers that it has.
    #[inline]
    pub fn again(&mut self, asker: u32, way: Option<usize>) -> bool {
        let bit = way_bit(way);
        let again = self.asker == asker && self.ways & bit == bit;
        let before = if self.asker == asker { self.ways } else { 0 };
        *self = Self { asker, ways: before | bit };
        again
    }
}

pub(super) struct Tally {
    pub seed: Seeded,
    pub requests: u64,
    pub more: u64,
    /// Requests by class of askers.
    pub classes: HashMap<u32, u64>,
    /// By the list that is the draft's ground.
    pub lists: HashMap<u16, ListTally>,
    /// By the host's hash.
    pub sites: HashMap<u64, SiteTally>,
}

pub(super) struct ListTally {
    pub requests: u64,
    pub visits: u64,
    pub people: HashSet<Asker>,
}

pub(super) struct SiteTally {
    pub host: String,
    pub requests: u64,
    pub people: usize,
    pub class: u32,
    pub moments: [Moment; 2],
    pub path: Option<String>,
    pub front: Front,
    /// The step of the exception that decided the first of them.
    pub excepted: Option<Step>,
}

/// A request that was decided otherwise.
pub(super) struct Differs<'a> {
    pub asker: Asker,
    pub class: u32,
    pub moments: [Moment; 2],
    pub host: Host<'a>,
    pub host_hash: u64,
    /// Whether it is the first of its visit.
    pub is_new: bool,
    /// The step of the exception that decided it.
    pub excepted: Option<Step>,
    /// The list that is the draft's ground.
    pub list: Option<u16>,
}

impl ListTally {
    fn new(seed: Seeded) -> Self {
        Self { requests: 0, visits: 0, people: HashSet::with_hasher(seed) }
    }
}

impl Tally {
    pub fn new(seed: Seeded) -> Self {
        Self {
            seed,
            requests: 0,
            more: 0,
            classes: HashMap::with_hasher(seed),
            lists: HashMap::with_hasher(seed),
            sites: HashMap::with_hasher(seed),
        }
    }

    pub fn take(&mut self, differs: &Differs<'_>, past: &Past<'_>) {
        self.requests += 1;
        *self.classes.entry(differs.class).or_default() += 1;
        if let Some(list) = differs.list {
            let of = self.lists.entry(list).or_insert_with(|| ListTally::new(self.seed));
            of.requests += 1;
            if differs.is_new {
                of.visits += 1;
                if of.people.len() < MOST_PEOPLE {
                    of.people.insert(somebody(differs.asker));
                }
            }
        }
        if self.sites.len() >= MOST_SITES && !self.sites.contains_key(&differs.host_hash) {
            self.more += 1;
            return;
        }
        let site = self.sites.entry(differs.host_hash).or_insert_with(|| SiteTally {
            host: match differs.host {
                Host::Name(name) => name.as_str().to_owned(),
                Host::Address(address) => address.to_canonical().to_string(),
            },
            requests: 0,
            people: 0,
            class: differs.class,
            moments: differs.moments,
            path: past.path.map(str::to_owned),
            front: past.front,
            excepted: differs.excepted,
        });
        site.requests += 1;
        site.people += usize::from(differs.is_new);
    }
}

/// The first part of a path, at most so long that a line holds it.
pub(super) fn first_part(path: &str) -> &str {
    let end = path.char_indices().skip(1).find(|(place, letter)| *letter == '/' || *place >= 60);
    end.and_then(|(place, _)| path.get(..place)).unwrap_or(path)
}

/// A person counts once, whatever the device.
pub(super) fn somebody((person, client): Asker) -> Asker {
    (person, client.filter(|_| person.is_none()))
}
