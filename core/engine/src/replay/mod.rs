//! Replay: what another policy would do to requests that were decided before.
//!
//! Both policies, the one in force and the draft, decide each past request anew, so that what differs is the draft's doing
//! and not that of lists or rules which changed since. Who somebody is comes from the roll of today. Left out, and counted,
//! is what a policy has no say in or what cannot be known again: [`LeftOut`].
//!
//! A draft sees no override, no focus and no withheld access, and no sealed entry: whoever replays learns nothing of what
//! is sealed, for what is sealed stays so under any policy.

mod answers;
mod batch;
mod found;
mod tally;
mod times;

use std::hash::BuildHasher as _;

use kit::Host;
use kit::hash::Seeded;

use self::answers::{Answers, Side, request};
pub use self::batch::{Asker, Batch, Past, Row};
pub use self::found::{Differing, Example, LeftOut, OfGroup, OfList, Replayed};
use self::tally::{Differs, Met, SiteTally, Tally, Visits, first_part, somebody};
use self::times::Times;
use crate::decision::Fact;
use crate::explain::{Trace, trace_in};
use crate::groups::GroupSet;
use crate::identity::{Identity, KnownBy};
use crate::live::{Live, LiveDocument, Roll};
use crate::policy::FilterPolicy;
use crate::step::Step;

type HashMap<K, V> = hashbrown::HashMap<K, V, Seeded>;

/// Two policies side by side, taking one past request after the other, in any order.
pub struct Replay<'p> {
    answers: Answers<'p>,
    /// Who asked, by person and address: a number that stands for the groups on both sides.
    askers: HashMap<Asker, Option<u32>>,
    classes: Vec<[Identity; 2]>,
    class_of: HashMap<[GroupSet; 2], u32>,
    times: Times,
    seed: Seeded,
    visits: Visits,
    found: Replayed,
    differing: [Tally; 2],
}

/// Whoever asked.
struct Who {
    asker: Asker,
    /// Which of a batch's askers, counted from 1.
    number: u32,
    /// None where they are not on the roll any more.
    class: Option<u32>,
    /// The hash of who that is, whatever the device.
    hash: u64,
}

impl<'p> Replay<'p> {
    /// Begins with the policy in force, a draft, and who is on the roll. Both policies have the same lists, and neither has
    /// sealed entries.
    pub fn new(in_force: &'p FilterPolicy, draft: &'p FilterPolicy, roll: &Roll) -> Self {
        let alone = LiveDocument { roll: roll.clone(), ..LiveDocument::default() };
        let side = |policy: &'p FilterPolicy| Side { policy, live: Live::compile(&alone, policy).0 };
        let seed = Seeded::random();
        Self {
            answers: Answers::new([side(in_force), side(draft)], seed),
            askers: HashMap::with_hasher(seed),
            classes: Vec::new(),
            class_of: HashMap::with_hasher(seed),
            times: Times::new(seed),
            seed,
            visits: Visits::default(),
            found: Replayed::default(),
            differing: [Tally::new(seed), Tally::new(seed)],
        }
    }

    /// Takes one request. What the same groups asked for at the same school time is decided once.
    pub fn take(&mut self, past: &Past<'_>) {
        let who = self.who((past.person, past.client), 1);
        self.answers.make_room(1);
        let place = past.host.map(|host| self.answers.host(host));
        self.one(past, &who, place, &mut Met::default());
    }

    /// Takes many requests: whoever asked and what was asked for are looked up once for all of them. One that names a place
    /// which is not there is passed over.
    pub fn take_all(&mut self, batch: &Batch<'_>) {
        let askers: Vec<Who> =
            (1..).zip(&batch.askers).map(|(number, asker)| self.who(*asker, number)).collect();
        self.answers.make_room(batch.hosts.len());
        let mut hosts: Vec<(u32, Met)> =
            batch.hosts.iter().map(|host| (self.answers.host(*host), Met::default())).collect();
        let mut nowhere = Met::default();
        for row in &batch.rows {
            let (Some(past), Some(who)) = (batch.whole(row), askers.get(row.asker as usize)) else {
                continue;
            };
            match row.host.and_then(|host| hosts.get_mut(host as usize)) {
                Some((place, met)) => self.one(&past, who, Some(*place), met),
                None => self.one(&past, who, None, &mut nowhere),
            }
        }
    }

    fn one(&mut self, past: &Past<'_>, who: &Who, place: Option<u32>, met: &mut Met) {
        if past.known_by == KnownBy::FilterTest {
            self.found.left_out.tests += 1;
            return;
        }
        if past.step == Step::Elsewhere && past.host.is_none() {
            // Another filter met what is sealed here. How often is for those to learn who may open the records.
            return;
        }
        let is_the_policys = !matches!(past.step, Step::Sealed | Step::Front);
        let Some((host, place)) = past.host.zip(place).filter(|_| is_the_policys) else {
            self.found.left_out.not_the_policys += 1;
            return;
        };
        if matches!(past.fact, Fact::Chain(_) | Fact::Address(_)) {
            self.found.left_out.led_elsewhere += 1;
            return;
        }
        let Some(class) = who.class else {
            self.found.left_out.gone += 1;
            return;
        };
        let times = self.times.at(past.at, self.answers.policies());
        let Some(moments) = self.times.moments(times) else { return };
        let Some(identities) = self.classes.get(class as usize) else { return };
        let [mut before, after] =
            self.answers.said((class, identities), (times, &moments), (host, place), past);
        let mut excepted = None;
        if matches!(past.step, Step::Override | Step::Focus | Step::Withheld) {
            // The exception would speak again, unless the draft speaks at a step before it.
            if after.step >= past.step {
                self.found.left_out.exceptions += 1;
                return;
            }
            if before.step > past.step {
                before.blocks = past.verdict.closes();
                excepted = Some(past.step);
            }
        }
        let host_hash = self.answers.hash_of(place);
        let way = (before.blocks != after.blocks).then_some(usize::from(before.blocks));
        let [is_new, is_new_this_way] = if met.again(who.number, way) {
            [false; 2]
        } else {
            self.visits.see(self.seed.hash_one([who.hash, host_hash]), way)
        };
        self.found.compared += 1;
        self.found.visits += u64::from(is_new);
        self.found.otherwise_then += u64::from(before.blocks != past.verdict.closes());
        if let Some(tally) = way.and_then(|way| self.differing.get_mut(way)) {
            let (asker, is_new, list) = (who.asker, is_new_this_way, after.list);
            tally.take(&Differs { asker, class, moments, host, host_hash, is_new, excepted, list }, past);
        }
    }

    fn who(&mut self, asker: Asker, number: u32) -> Who {
        Who { asker, number, class: self.class(asker), hash: self.seed.hash_one(somebody(asker)) }
    }

    /// The class of whoever asked; `None` where they are not on the roll any more.
    fn class(&mut self, asker: Asker) -> Option<u32> {
        if let Some(known) = self.askers.get(&asker) {
            return *known;
        }
        let identities = self.answers.sides.each_ref().map(|side| side.live.identity_of(asker.0, asker.1));
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
        let [_, draft] = &self.answers.sides;
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
        let mut hosts: Vec<SiteTally> = tally.sites.into_values().collect();
        hosts.sort_by(|one, other| (other.requests, &one.host).cmp(&(one.requests, &other.host)));
        hosts.truncate(examples);
        let examples = hosts.into_iter().filter_map(|site| self.example(site)).collect();
        Differing { requests: tally.requests, sites, more: tally.more, lists, groups, examples }
    }

    fn example(&self, site: SiteTally) -> Option<Example> {
        let identities = self.classes.get(site.class as usize)?;
        let target = match kit::address::literal(&site.host) {
            Some(address) => Host::Address(address),
            None => Host::Name(kit::HostName::new(&site.host)?),
        };
        let trace = |side: usize, path: Option<&str>| {
            let (one, identity, moment) =
                (self.answers.sides.get(side)?, identities.get(side)?, site.moments.get(side)?);
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
            people: site.people,
            in_force,
            draft,
            host: site.host,
        })
    }
}
