//! Replay: what another policy would do to requests that were decided before.
//!
//! Both policies, the one in force and the draft, decide each past request anew, so that what differs is the draft's doing
//! and not that of lists or rules which changed since. Who somebody is comes from the roll of today. Left out, and counted,
//! is what a policy has no say in or what cannot be known again: [`LeftOut`].
//!
//! A draft sees no override, no focus and no withheld access, and no sealed entry: whoever replays learns nothing of what
//! is sealed, for what is sealed stays so under any policy.

use std::borrow::Cow;
use std::hash::BuildHasher as _;
use std::net::IpAddr;

use hashbrown::{HashTable, hash_table};
use kit::{Host, Timestamp};
use serde::Serialize;

use crate::calendar::{Moment, TimeSet};
use crate::decision::{Decision, Fact, Verdict};
use crate::explain::{Trace, trace_in};
use crate::groups::GroupSet;
use crate::identity::{Identity, KnownBy, PersonNo};
use crate::live::{Live, LiveDocument, Roll};
use crate::policy::{FilterPolicy, Memo, decide_in, tells_paths_apart};
use crate::request::{Front, Request};
use crate::step::Step;
use crate::targets::Seeded;

type HashMap<K, V> = hashbrown::HashMap<K, V, Seeded>;
type HashSet<K> = hashbrown::HashSet<K, Seeded>;

/// So many sites are told apart on each side; requests to further ones are counted together.
const MOST_SITES: usize = 100_000;
/// So many hosts are known at once, about a hundred bytes each; then they begin anew, with the answers.
const MOST_HOSTS: usize = 1 << 18;
/// So many answers are kept at once, some tens of bytes each; then they begin anew.
const MOST_KEPT: usize = 1 << 20;
/// What the two sides keep of a host is all of one time: neither policy nor roll changes during a replay.
const SNAPSHOT: u64 = 1;
/// So many people are told apart for a site; more are counted as so many.
const MOST_PEOPLE: usize = 10_000;

/// Who asked, by person and address.
type Asker = (Option<PersonNo>, Option<IpAddr>);

/// One request of the past, as the activity log keeps it.
#[derive(Debug, Clone, Copy)]
pub struct Past<'a> {
    /// When it was decided.
    pub at: Timestamp,
    /// Which front decided.
    pub front: Front,
    /// The person, where one was known.
    pub person: Option<PersonNo>,
    /// How surely.
    pub known_by: KnownBy,
    /// The device's address.
    pub client: Option<IpAddr>,
    /// The host; none where it was not kept.
    pub host: Option<Host<'a>>,
    /// The path without its query, where one was seen.
    pub path: Option<&'a str>,
    /// What was decided.
    pub verdict: Verdict,
    /// The step that spoke.
    pub step: Step,
    /// The fact that it spoke about.
    pub fact: Fact,
}

/// Requests that were not compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct LeftOut {
    /// Sealed, refused by a front itself, or without a host.
    pub not_the_policys: u64,
    /// Decided by a name or an address that the host led to: the log does not keep those.
    pub led_elsewhere: u64,
    /// Decided by an override, a focus or withheld access, which stand before what the draft says.
    pub exceptions: u64,
    /// Of somebody who is not on the roll any more.
    pub gone: u64,
    /// Asked by the school's own test of its filter.
    pub tests: u64,
}

impl LeftOut {
    /// All of them.
    pub const fn all(&self) -> u64 {
        self.not_the_policys + self.led_elsewhere + self.exceptions + self.gone + self.tests
    }
}

/// What a replay found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Replayed {
    /// Requests that both policies decided.
    pub compared: u64,
    /// How many visits those were: each asker and site once.
    pub visits: u64,
    /// Requests that were not compared.
    pub left_out: LeftOut,
    /// Of those compared, what the policy in force would decide otherwise today than was decided then: lists, roll or policy
    /// have changed since.
    pub otherwise_then: u64,
    /// What was open and would be blocked.
    pub newly_blocked: Differing,
    /// What was blocked and would be open.
    pub newly_open: Differing,
}

/// The requests that the draft decides otherwise, one way.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Differing {
    /// How many requests.
    pub requests: u64,
    /// To how many sites; [`Self::more`] stands for further ones.
    pub sites: usize,
    /// Requests to sites beyond those that are told apart.
    pub more: u64,
    /// By the list that the draft's reason names, most requests first; requests that no list is the ground of are in none.
    pub lists: Vec<OfList>,
    /// By group of the draft, most requests first. Whoever is in several groups counts in each.
    pub groups: Vec<OfGroup>,
    /// The sites asked for most, most first.
    pub examples: Vec<Example>,
}

/// How many requests of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OfGroup {
    /// The group's id.
    pub id: String,
    /// What the school calls it.
    pub name: String,
    /// How many requests.
    pub requests: u64,
}

/// How many requests a list is the ground of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OfList {
    /// The list's id.
    pub id: String,
    /// How many requests.
    pub requests: u64,
    /// How many visits: each asker and site once, so that a machine which asks again and again counts as one.
    pub visits: u64,
    /// How many people, and devices of nobody known.
    pub people: usize,
}

/// A site that the draft decides otherwise about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Example {
    /// The site.
    pub host: String,
    /// The beginning of a path, where the difference is about one and not about the whole site.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// How many requests.
    pub requests: u64,
    /// How many people, and devices of nobody known.
    pub people: usize,
    /// Why the policy in force decides as it does, about the first of them.
    pub in_force: String,
    /// Why the draft would.
    pub draft: String,
}

/// Two policies side by side, taking one past request after the other, in any order.
pub struct Replay<'p> {
    sides: [Side<'p>; 2],
    /// Who asked, by person and address: a number that stands for the groups on both sides.
    askers: HashMap<Asker, Option<u32>>,
    classes: Vec<[Identity; 2]>,
    class_of: HashMap<[GroupSet; 2], u32>,
    /// The last minute that was worked out.
    minute: (i64, [Moment; 2]),
    /// A class of askers and the named times that hold on both sides: a number that stands for them.
    situation_of: HashMap<(u32, [TimeSet; 2]), u32>,
    /// Places in `hosts`, by the host.
    table: HashTable<u32>,
    hosts: Vec<HostSeen>,
    /// What both sides say in a situation about a host on which no path is told from another.
    known: HashMap<(u32, u32), [Said; 2]>,
    /// And about a host and its path.
    of_paths: HashTable<OfPath>,
    seed: Seeded,
    /// Hashes of each asker and site.
    visits: HashTable<u64>,
    found: Replayed,
    differing: [Tally; 2],
}

/// What one side says of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Said {
    blocks: bool,
    /// The step that spoke.
    step: Step,
    /// The list that is the ground.
    list: Option<u16>,
}

/// A host that was asked for.
struct HostSeen {
    name: HostKey,
    hash: u64,
    /// Whether either side may say different things of different paths.
    tells_paths_apart: bool,
    memos: [Memo; 2],
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

struct Side<'p> {
    policy: &'p FilterPolicy,
    live: Live,
}

struct Tally {
    seed: Seeded,
    requests: u64,
    more: u64,
    /// Requests by class of askers.
    classes: HashMap<u32, u64>,
    /// By the list that is the draft's ground.
    lists: HashMap<u16, ListTally>,
    visits: HashTable<u64>,
    sites: HashMap<String, SiteTally>,
}

struct ListTally {
    requests: u64,
    visits: u64,
    people: HashSet<Asker>,
}

struct SiteTally {
    requests: u64,
    people: HashSet<Asker>,
    class: u32,
    moments: [Moment; 2],
    path: Option<String>,
    front: Front,
    /// The step of the exception that decided the first of them.
    excepted: Option<Step>,
}

impl<'p> Replay<'p> {
    /// Begins with the policy in force, a draft, and who is on the roll. Both policies have the same lists, and neither has
    /// sealed entries.
    pub fn new(in_force: &'p FilterPolicy, draft: &'p FilterPolicy, roll: &Roll) -> Self {
        let alone = LiveDocument { roll: roll.clone(), ..LiveDocument::default() };
        let side = |policy: &'p FilterPolicy| Side { policy, live: Live::compile(&alone, policy).0 };
        let never = Timestamp::from_millis(i64::MIN);
        let moment = Moment { at: never, times: Default::default() };
        let seed = Seeded::random();
        Self {
            sides: [side(in_force), side(draft)],
            askers: HashMap::with_hasher(seed),
            classes: Vec::new(),
            class_of: HashMap::with_hasher(seed),
            minute: (i64::MIN, [moment; 2]),
            situation_of: HashMap::with_hasher(seed),
            table: HashTable::new(),
            hosts: Vec::new(),
            known: HashMap::with_hasher(seed),
            of_paths: HashTable::new(),
            seed,
            visits: HashTable::new(),
            found: Replayed::default(),
            differing: [Tally::new(seed), Tally::new(seed)],
        }
    }

    /// Takes one request. What the same groups asked for at the same school time is decided once.
    pub fn take(&mut self, past: &Past<'_>) {
        if past.known_by == KnownBy::FilterTest {
            self.found.left_out.tests += 1;
            return;
        }
        let Some(host) = past.host.filter(|_| !matches!(past.step, Step::Sealed | Step::Front)) else {
            self.found.left_out.not_the_policys += 1;
            return;
        };
        if matches!(past.fact, Fact::Chain(_) | Fact::Address(_)) {
            self.found.left_out.led_elsewhere += 1;
            return;
        }
        let asker = (past.person, past.client);
        let Some(class) = self.class(asker) else {
            self.found.left_out.gone += 1;
            return;
        };
        let moments = self.moments(past.at);
        let place = self.host(host);
        let [mut before, after] = self.said(class, moments, (host, place), past);
        let mut excepted = None;
        if matches!(past.step, Step::Override | Step::Focus | Step::Withheld) {
            // The exception would speak again, unless the draft speaks at a step before it.
            if after.step >= past.step {
                self.found.left_out.exceptions += 1;
                return;
            }
            if before.step > past.step {
                before.blocks = past.verdict.is_block();
                excepted = Some(past.step);
            }
        }
        let visit = self.visit(asker, place);
        self.found.compared += 1;
        self.found.visits += u64::from(insert(&mut self.visits, visit));
        self.found.otherwise_then += u64::from(before.blocks != past.verdict.is_block());
        if before.blocks != after.blocks {
            let way = usize::from(before.blocks);
            if let Some(tally) = self.differing.get_mut(way) {
                tally.take((asker, class, excepted), moments, host, past);
                if let Some(list) = after.list {
                    let is_new = insert(&mut tally.visits, visit);
                    let of = tally.lists.entry(list).or_insert_with(|| ListTally::new(tally.seed));
                    of.requests += 1;
                    of.visits += u64::from(is_new);
                    if of.people.len() < MOST_PEOPLE {
                        of.people.insert(somebody(asker));
                    }
                }
            }
        }
    }

    /// The class of whoever asked; `None` where they are not on the roll any more.
    fn class(&mut self, asker: Asker) -> Option<u32> {
        if let Some(known) = self.askers.get(&asker) {
            return *known;
        }
        let identities = self.sides.each_ref().map(|side| side.live.identity_of(asker.0, asker.1));
        let class = if let [Some(before), Some(after)] = identities {
            let next = u32::try_from(self.classes.len()).unwrap_or(u32::MAX);
            let class = *self.class_of.entry([before.groups, after.groups]).or_insert(next);
            if class == next {
                self.classes.push([before, after]);
            }
            Some(class)
        } else {
            None
        };
        self.askers.insert(asker, class);
        class
    }

    fn moments(&mut self, at: Timestamp) -> [Moment; 2] {
        let minute = at.as_millis().div_euclid(60_000);
        if self.minute.0 != minute {
            let start = Timestamp::from_millis(minute.saturating_mul(60_000));
            // Nothing here ends at a moment, so all minutes of the same times are one.
            let never = Timestamp::from_millis(i64::MIN);
            let moments =
                self.sides.each_ref().map(|side| Moment { at: never, ..side.policy.moment_at(start) });
            self.minute = (minute, moments);
        }
        self.minute.1
    }

    /// The place of a host among those that were asked for.
    fn host(&mut self, host: Host<'_>) -> u32 {
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
        if self.hosts.len() >= MOST_HOSTS {
            self.table.clear();
            self.hosts.clear();
            self.known.clear();
            self.of_paths.clear();
        }
        let place = u32::try_from(self.hosts.len()).unwrap_or(u32::MAX);
        let name = match host {
            Host::Name(name) => HostKey::Name(name.as_str().into()),
            Host::Address(address) => HostKey::Address(address),
        };
        let tells_paths_apart =
            self.sides.iter().any(|side| tells_paths_apart(side.policy, &side.live, host));
        self.hosts.push(HostSeen { name, hash, tells_paths_apart, memos: Default::default() });
        let hosts = &self.hosts;
        self.table.insert_unique(hash, place, |place| hosts.get(*place as usize).map_or(0, |seen| seen.hash));
        place
    }

    /// What both sides say.
    fn said(
        &mut self,
        class: u32,
        moments: [Moment; 2],
        (host, place): (Host<'_>, u32),
        past: &Past<'_>,
    ) -> [Said; 2] {
        let times = moments.map(|moment| moment.times);
        let next = u32::try_from(self.situation_of.len()).unwrap_or(u32::MAX);
        let situation = *self.situation_of.entry((class, times)).or_insert(next);
        let nothing = [Said { blocks: false, step: Step::Unknown, list: None }; 2];
        let (Some(identities), Some(seen)) =
            (self.classes.get(class as usize), self.hosts.get_mut(place as usize))
        else {
            return nothing;
        };
        let sides = self.sides.iter().zip(identities).zip(&moments);
        if !seen.tells_paths_apart {
            if let Some(both) = self.known.get(&(situation, place)) {
                return *both;
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
            if self.known.len() >= MOST_KEPT {
                self.known.clear();
            }
            self.known.insert((situation, place), both);
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

    /// One asker and one site, whoever is asked for in between.
    fn visit(&self, asker: Asker, place: u32) -> u64 {
        let host = self.hosts.get(place as usize).map_or(0, |seen| seen.hash);
        self.seed.hash_one((somebody(asker), host))
    }

    /// What was found, with at most so many examples each way.
    pub fn end(mut self, examples: usize) -> Replayed {
        let [blocked, open] =
            std::mem::replace(&mut self.differing, [Tally::new(self.seed), Tally::new(self.seed)])
                .map(|tally| self.told(tally, examples));
        self.found.newly_blocked = blocked;
        self.found.newly_open = open;
        self.found
    }

    /// How far it is: requests taken so far.
    pub const fn taken(&self) -> u64 {
        self.found.compared + self.found.left_out.all()
    }

    fn told(&self, tally: Tally, examples: usize) -> Differing {
        let [_, draft] = &self.sides;
        let mut groups: HashMap<u16, u64> = HashMap::with_hasher(self.seed);
        for (class, requests) in &tally.classes {
            let Some([_, identity]) = self.classes.get(*class as usize) else { continue };
            for group in identity.groups.iter() {
                *groups.entry(group.0).or_default() += requests;
            }
        }
        let table = draft.policy.groups();
        let mut groups: Vec<OfGroup> = (table.all())
            .filter_map(|(number, id, name)| {
                let requests = *groups.get(&number.0)?;
                Some(OfGroup { id: id.to_owned(), name: name.to_owned(), requests })
            })
            .filter(|group| group.id != crate::document::EVERYONE)
            .collect();
        groups.sort_by(|one, other| (other.requests, &one.id).cmp(&(one.requests, &other.id)));
        let named =
            |list: u16| draft.policy.index().lists().get(usize::from(list)).map(|head| head.id.clone());
        let mut lists: Vec<OfList> = (tally.lists.iter())
            .filter_map(|(list, of)| {
                let (requests, visits, people) = (of.requests, of.visits, of.people.len());
                Some(OfList { id: named(*list)?, requests, visits, people })
            })
            .collect();
        lists.sort_by(|one, other| (other.requests, &one.id).cmp(&(one.requests, &other.id)));
        let sites = tally.sites.len();
        let mut hosts: Vec<(String, SiteTally)> = tally.sites.into_iter().collect();
        hosts.sort_by(|(one, its), (other, others)| (others.requests, one).cmp(&(its.requests, other)));
        hosts.truncate(examples);
        let examples = hosts.into_iter().filter_map(|(host, site)| self.example(host, site)).collect();
        Differing { requests: tally.requests, sites, more: tally.more, lists, groups, examples }
    }

    fn example(&self, host: String, site: SiteTally) -> Option<Example> {
        let identities = self.classes.get(site.class as usize)?;
        let target = match kit::address::literal(&host) {
            Some(address) => Host::Address(address),
            None => Host::Name(kit::HostName::new(&host)?),
        };
        let trace = |side: usize, path: Option<&str>| {
            let (one, identity, moment) =
                (self.sides.get(side)?, identities.get(side)?, site.moments.get(side)?);
            Some(trace_in(one.policy, &one.live, &request(target, path, site.front, identity), moment))
        };
        // A path says what one person read: it is told only where without it nothing would differ.
        let both = |path: Option<&str>| Some([trace(0, path)?, trace(1, path)?]);
        let of_site = both(None)?;
        let differs = |both: &[Trace; 2]| both[0].verdict.is_block() != both[1].verdict.is_block();
        let path = site.path.as_deref().filter(|_| !differs(&of_site) && site.excepted.is_none());
        let [before, after] = if path.is_some() { both(path)? } else { of_site };
        let in_force = match site.excepted {
            Some(step) => format!("decided by an exception for a time ({step})."),
            None => before.reason,
        };
        let (path, draft) = (path.map(|path| first_part(path).to_owned()), after.reason);
        Some(Example {
            path: path.filter(|path| path != "/"),
            requests: site.requests,
            people: site.people.len(),
            in_force,
            draft,
            host,
        })
    }
}

impl ListTally {
    fn new(seed: Seeded) -> Self {
        Self { requests: 0, visits: 0, people: HashSet::with_hasher(seed) }
    }
}

impl Tally {
    fn new(seed: Seeded) -> Self {
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

    fn take(
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
fn first_part(path: &str) -> &str {
    let end = path.char_indices().skip(1).find(|(place, letter)| *letter == '/' || *place >= 60);
    end.and_then(|(place, _)| path.get(..place)).unwrap_or(path)
}

/// A person counts once, whatever the device.
fn somebody((person, client): Asker) -> Asker {
    (person, client.filter(|_| person.is_none()))
}

/// Adds a hash to those that are there; whether it is new.
fn insert(hashes: &mut HashTable<u64>, hash: u64) -> bool {
    match hashes.entry(hash, |one| *one == hash, |one| *one) {
        hash_table::Entry::Occupied(_) => false,
        hash_table::Entry::Vacant(free) => {
            free.insert(hash);
            true
        }
    }
}

const fn request<'a>(
    host: Host<'a>,
    path: Option<&'a str>,
    front: Front,
    identity: &'a Identity,
) -> Request<'a> {
    Request { host, port: None, path, as_sent: None, chain: &[], addresses: &[], identity, front }
}
