//! What both sides say, each host and situation decided once.

use std::hash::BuildHasher as _;
use std::net::IpAddr;

use hashbrown::HashTable;
use kit::Host;
use kit::hash::Seeded;

use super::{HashMap, Past};
use crate::calendar::Moment;
use crate::decision::Decision;
use crate::identity::Identity;
use crate::live::Live;
use crate::policy::{FilterPolicy, Memo, decide_in, tells_paths_apart};
use crate::request::{Front, Request};
use crate::step::Step;

/// So many hosts are known at once, about a hundred bytes each; then they begin anew, with the answers.
const MOST_HOSTS: usize = 1 << 18;
/// So many answers are kept at once, some tens of bytes each; then they begin anew.
const MOST_KEPT: usize = 1 << 20;
/// What the two sides keep of a host is all of one time: neither policy nor roll changes during a replay.
const SNAPSHOT: u64 = 1;

/// The policy in force and the draft, with what they said so far.
pub(super) struct Answers<'p> {
    pub sides: [Side<'p>; 2],
    /// A class of askers and the named times that hold on both sides: a number that stands for them.
    situation_of: HashMap<(u32, u32), u32>,
    /// The last of them that was asked for.
    last: ((u32, u32), u32),
    /// Places in `hosts`, by the host.
    table: HashTable<u32>,
    hosts: Vec<HostSeen>,
    /// What both sides say in a situation about a host on which no path is told from another.
    known: HashMap<(u32, u32), [Said; 2]>,
    /// The same, by situation, about every host of which neither side knows anything.
    of_nothing: Vec<Option<[Said; 2]>>,
    /// And about a host and its path.
    of_paths: HashTable<OfPath>,
    seed: Seeded,
}

pub(super) struct Side<'p> {
    pub policy: &'p FilterPolicy,
    pub live: Live,
}

/// What one side says of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Said {
    pub blocks: bool,
    /// The step that spoke.
    pub step: Step,
    /// The list that is the ground.
    pub list: Option<u16>,
}

/// A host that was asked for.
struct HostSeen {
    name: HostKey,
    hash: u64,
    /// Whether either side may say different things of different paths.
    tells_paths_apart: bool,
    memos: [Memo; 2],
    /// Whose answers hold for it. None before it was decided about.
    alike: Option<Alike>,
    /// What was said last, and in which situation.
    last: Option<(u32, [Said; 2])>,
}

/// Whose answers hold for a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Alike {
    /// Those for every host of which neither side knows anything, nor of a part of it: most hosts, of which a situation says
    /// one thing.
    Nothing,
    /// Its own.
    Itself,
}

#[derive(PartialEq, Eq)]
enum HostKey {
    Name(Box<str>),
    Address(IpAddr),
}

impl HostKey {
    fn is(&self, host: Host<'_>) -> bool {
        match (self, host) {
            (Self::Name(name), Host::Name(asked)) => **name == *asked.as_str(),
            (Self::Address(address), Host::Address(asked)) => *address == asked,
            _ => false,
        }
    }
}

/// What both sides say in a situation about a host and one path.
struct OfPath {
    situation: u32,
    host: u32,
    path: Option<Box<str>>,
    both: [Said; 2],
    hash: u64,
}

impl From<Decision> for Said {
    fn from(decision: Decision) -> Self {
        Self { blocks: decision.verdict.is_block(), step: decision.reason.step, list: decision.reason.list }
    }
}

impl<'p> Answers<'p> {
    pub fn new(sides: [Side<'p>; 2], seed: Seeded) -> Self {
        Self {
            sides,
            situation_of: HashMap::with_hasher(seed),
            last: ((u32::MAX, u32::MAX), 0),
            table: HashTable::new(),
            hosts: Vec::new(),
            known: HashMap::with_hasher(seed),
            of_nothing: Vec::new(),
            of_paths: HashTable::new(),
            seed,
        }
    }

    /// Both policies.
    pub fn policies(&self) -> [&'p FilterPolicy; 2] {
        self.sides.each_ref().map(|side| side.policy)
    }

    /// Makes room for so many hosts more, whose places then hold until room is made again.
    pub fn make_room(&mut self, hosts: usize) {
        if self.hosts.len().saturating_add(hosts) > MOST_HOSTS {
            self.table.clear();
            self.hosts.clear();
            self.known.clear();
            self.of_paths.clear();
        }
    }

    /// The hash of a host, whenever it is asked for.
    pub fn hash_of(&self, place: u32) -> u64 {
        self.hosts.get(place as usize).map_or(0, |seen| seen.hash)
    }

    /// The place of a host among those that were asked for; there must be room.
    pub fn host(&mut self, host: Host<'_>) -> u32 {
        let hash = match host {
            Host::Name(name) => self.seed.hash_one(name.as_str()),
            Host::Address(address) => self.seed.hash_one(address),
        };
        let hosts = &self.hosts;
        let is_it = |place: &u32| {
            hosts.get(*place as usize).is_some_and(|seen| seen.hash == hash && seen.name.is(host))
        };
        if let Some(place) = self.table.find(hash, is_it) {
            return *place;
        }
        let place = u32::try_from(self.hosts.len()).unwrap_or(u32::MAX);
        let name = match host {
            Host::Name(name) => HostKey::Name(name.as_str().into()),
            Host::Address(address) => HostKey::Address(address),
        };
        let tells_paths_apart =
            self.sides.iter().any(|side| tells_paths_apart(side.policy, &side.live, host));
        let memos = Default::default();
        self.hosts.push(HostSeen { name, hash, tells_paths_apart, memos, alike: None, last: None });
        let hosts = &self.hosts;
        self.table.insert_unique(hash, place, |place| hosts.get(*place as usize).map_or(0, |seen| seen.hash));
        place
    }

    /// The number of a class of askers at some named times.
    fn situation(&mut self, class: u32, times: u32) -> u32 {
        if self.last.0 == (class, times) {
            return self.last.1;
        }
        let next = u32::try_from(self.situation_of.len()).unwrap_or(u32::MAX);
        let number = *self.situation_of.entry((class, times)).or_insert(next);
        self.last = ((class, times), number);
        number
    }

    /// What both sides say.
    pub fn said(
        &mut self,
        (class, identities): (u32, &[Identity; 2]),
        (times, moments): (u32, &[Moment; 2]),
        (host, place): (Host<'_>, u32),
        past: &Past<'_>,
    ) -> [Said; 2] {
        let situation = self.situation(class, times);
        let nothing = [Said { blocks: false, step: Step::Unknown, list: None }; 2];
        let Some(seen) = self.hosts.get_mut(place as usize) else { return nothing };
        if let Some((before, both)) = seen.last
            && before == situation
        {
            return both;
        }
        let sides = self.sides.iter().zip(identities).zip(moments);
        if !seen.tells_paths_apart {
            let known = match seen.alike {
                None => None,
                Some(Alike::Nothing) => self.of_nothing.get(situation as usize).copied().flatten(),
                Some(Alike::Itself) => self.known.get(&(situation, place)).copied(),
            };
            if let Some(both) = known {
                seen.last = Some((situation, both));
                return both;
            }
            let mut both = nothing;
            for ((said, memo), ((side, identity), moment)) in both.iter_mut().zip(&mut seen.memos).zip(sides)
            {
                let request = request(host, None, past.front, identity);
                let kept = memo.recall(SNAPSHOT, side.policy, &side.live, &request, moment);
                *said = kept
                    .unwrap_or_else(|| memo.renew(SNAPSHOT, side.policy, &side.live, &request, moment))
                    .into();
            }
            let nothing_known = seen.memos.iter().all(Memo::is_nothing);
            let alike = *seen.alike.get_or_insert(if nothing_known { Alike::Nothing } else { Alike::Itself });
            seen.last = Some((situation, both));
            match alike {
                Alike::Nothing => {
                    let place = situation as usize;
                    if self.of_nothing.len() <= place {
                        self.of_nothing.resize(place + 1, None);
                    }
                    if let Some(said) = self.of_nothing.get_mut(place) {
                        *said = Some(both);
                    }
                }
                Alike::Itself => {
                    if self.known.len() >= MOST_KEPT {
                        self.known.clear();
                    }
                    self.known.insert((situation, place), both);
                }
            }
            return both;
        }
        let hash = self.seed.hash_one((situation, place, past.path));
        let is_it = |known: &OfPath| {
            (known.situation, known.host) == (situation, place) && known.path.as_deref() == past.path
        };
        if let Some(known) = self.of_paths.find(hash, is_it) {
            return known.both;
        }
        let mut both = nothing;
        for (said, ((side, identity), moment)) in both.iter_mut().zip(sides) {
            let request = request(host, past.path, past.front, identity);
            *said = decide_in(side.policy, &side.live, &request, moment).into();
        }
        if self.of_paths.len() >= MOST_KEPT {
            self.of_paths.clear();
        }
        let path = past.path.map(Box::from);
        let known = OfPath { situation, host: place, path, both, hash };
        self.of_paths.insert_unique(hash, known, |known| known.hash);
        both
    }
}

pub(super) const fn request<'a>(
    host: Host<'a>,
    path: Option<&'a str>,
    front: Front,
    identity: &'a Identity,
) -> Request<'a> {
    Request { host, port: None, path, as_sent: None, chain: &[], addresses: &[], identity, front }
}
