//! What is counted of the requests that a draft decides otherwise.

use std::borrow::Cow;

use hashbrown::{HashTable, hash_table};
use kit::Host;

use super::{Asker, HashMap, Past};
use crate::calendar::Moment;
use crate::request::Front;
use crate::step::Step;
use crate::targets::Seeded;

type HashSet<K> = hashbrown::HashSet<K, Seeded>;

/// So many sites are told apart on each side; requests to further ones are counted together.
const MOST_SITES: usize = 100_000;
/// So many people are told apart for a site; more are counted as so many.
const MOST_PEOPLE: usize = 10_000;

pub(super) struct Tally {
    pub seed: Seeded,
    pub requests: u64,
    pub more: u64,
    /// Requests by class of askers.
    pub classes: HashMap<u32, u64>,
    /// By the list that is the draft's ground.
    pub lists: HashMap<u16, ListTally>,
    pub visits: HashTable<u64>,
    pub sites: HashMap<String, SiteTally>,
}

pub(super) struct ListTally {
    pub requests: u64,
    pub visits: u64,
    pub people: HashSet<Asker>,
}

pub(super) struct SiteTally {
    pub requests: u64,
    pub people: HashSet<Asker>,
    pub class: u32,
    pub moments: [Moment; 2],
    pub path: Option<String>,
    pub front: Front,
    /// The step of the exception that decided the first of them.
    pub excepted: Option<Step>,
}

impl ListTally {
    pub fn new(seed: Seeded) -> Self {
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
            visits: HashTable::new(),
            sites: HashMap::with_hasher(seed),
        }
    }

    /// Takes a request that a list is the ground of.
    pub fn take_of_list(&mut self, list: u16, visit: u64, asker: Asker) {
        let is_new = insert(&mut self.visits, visit);
        let of = self.lists.entry(list).or_insert_with(|| ListTally::new(self.seed));
        of.requests += 1;
        of.visits += u64::from(is_new);
        if of.people.len() < MOST_PEOPLE {
            of.people.insert(somebody(asker));
        }
    }

    pub fn take(
        &mut self,
        (asker, class, excepted): (Asker, u32, Option<Step>),
        moments: [Moment; 2],
        host: Host<'_>,
        past: &Past<'_>,
    ) {
        self.requests += 1;
        *self.classes.entry(class).or_default() += 1;
        let text = match host {
            Host::Name(name) => Cow::Borrowed(name.as_str()),
            Host::Address(address) => Cow::Owned(address.to_canonical().to_string()),
        };
        if self.sites.len() >= MOST_SITES && !self.sites.contains_key(&*text) {
            self.more += 1;
            return;
        }
        let site = self.sites.entry_ref(&*text).or_insert_with(|| SiteTally {
            requests: 0,
            people: HashSet::with_hasher(self.seed),
            class,
            moments,
            path: past.path.map(str::to_owned),
            front: past.front,
            excepted,
        });
        site.requests += 1;
        if site.people.len() < MOST_PEOPLE {
            site.people.insert(somebody(asker));
        }
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

/// Adds a hash to those that are there; whether it is new.
pub(super) fn insert(hashes: &mut HashTable<u64>, hash: u64) -> bool {
    match hashes.entry(hash, |one| *one == hash, |one| *one) {
        hash_table::Entry::Occupied(_) => false,
        hash_table::Entry::Vacant(free) => {
            free.insert(hash);
            true
        }
    }
}
