//! The live snapshot: overrides, who is where, focus, withheld access, and whether the filter observes only. Small, and effective within a second.

pub mod roll;

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::net::IpAddr;

use kit::Timestamp;
use kit::hash::WordHasher;
use serde::{Deserialize, Serialize};

pub use roll::{
    AddressEntry, DeviceEntry, HardwareEntry, NameEntry, PersonEntry, RangeEntry, Roll, RollIndex,
};

use crate::document::target::{Target, TargetText};
use crate::document::{Effect, Problem};
use crate::groups::GroupNo;
use crate::identity::{HardwareAddress, Identity, NameHash, PersonNo};
use crate::policy::{Audience, FilterPolicy, LIVE, covers_sealed, specificity};
use crate::sealed::COVERED;
use crate::targets::Targets;

/// The live snapshot as the hub publishes it. Groups are named by their ids, so that it holds under any policy.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct LiveDocument {
    /// Rises with every publication.
    pub version: u64,
    /// Approved exceptions with an end.
    pub overrides: Vec<Override>,
    /// Walled gardens.
    pub focus: Vec<Focus>,
    /// Persons whose access was removed.
    pub withheld: Vec<Withheld>,
    /// When the filter observes only. A gate that does not know the word refuses as ever.
    pub observing: Vec<Observing>,
    /// Who is where.
    pub roll: Roll,
}

/// An approved exception: whom it is for, what it opens or closes, and when it ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Override {
    /// Its number, stable for as long as it exists; at most 2³¹ − 1. Decisions name it by this.
    pub number: u32,
    /// The id of its record.
    #[serde(default)]
    pub id: String,
    /// Whom it is for.
    pub subject: Subject,
    /// What it does.
    #[serde(rename = "do")]
    pub effect: Effect,
    /// What it is about.
    pub target: TargetText,
    /// When it begins; at once where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begins_at: Option<Timestamp>,
    /// When it ends: it holds before this moment and not at it.
    pub ends_at: Timestamp,
    /// Why, in words that may be shown to whoever meets it.
    #[serde(default)]
    pub reason: String,
}

/// Whom an override is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// One person.
    Person(PersonNo),
    /// A group, by its id.
    Group(String),
    /// Everyone.
    Everyone,
}

/// A walled garden for a group or a room until a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Focus {
    /// Its number, stable for as long as it exists; at most 2³¹ − 1.
    pub number: u32,
    /// What people call it.
    pub name: String,
    /// The group or room.
    pub group: String,
    /// What is in it: sites and parts of sites.
    pub garden: Vec<TargetText>,
    /// When it begins; at once where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begins_at: Option<Timestamp>,
    /// When it ends.
    pub ends_at: Timestamp,
}

/// A person whose access was removed by a decision, for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Withheld {
    /// Its number, stable for as long as it exists; at most 2³¹ − 1.
    pub number: u32,
    /// The person.
    pub person: PersonNo,
    /// When it begins; at once where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begins_at: Option<Timestamp>,
    /// When it ends: it holds before this moment and not at it.
    pub ends_at: Timestamp,
}

/// A time in which the filter observes only: what would be refused is let through, and said in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Observing {
    /// Its number, stable for as long as it exists.
    pub number: u32,
    /// When it begins; at once where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begins_at: Option<Timestamp>,
    /// When it ends: it holds before this moment and not at it. There is always an end.
    pub ends_at: Timestamp,
}

impl Observing {
    /// Whether it holds at that moment.
    pub fn holds_at(&self, at: Timestamp) -> bool {
        self.begins_at.unwrap_or(ALWAYS) <= at && at < self.ends_at
    }
}

/// A kind of record that the live snapshot keeps by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kept {
    /// An approved exception.
    Override,
    /// A walled garden.
    Focus,
    /// Access taken from a person.
    Withheld,
    /// A time in which the filter observes only.
    Observing,
}

/// A record that a gate does not carry out, or not whole, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// What it is.
    pub what: Kept,
    /// Its number.
    pub number: u32,
    /// Why, as a sentence goes on after a colon.
    pub why: String,
}

impl LeftOut {
    /// Whether it is because a sealed entry would be opened. Where a live feed is loaded that is a secret.
    pub fn is_covered(&self) -> bool {
        self.why.contains(COVERED)
    }

    /// The same as a problem of no line. It names the record by its number only.
    pub fn problem(&self) -> Problem {
        let Self { number, why, .. } = self;
        let message = match self.what {
            Kept::Override => format!("override {number} was left out: {why}"),
            Kept::Focus => format!("focus {number} was not taken whole: {why}"),
            Kept::Withheld => format!("withheld access {number} was left out: {why}"),
            Kept::Observing => format!("observe-only {number} was left out: {why}"),
        };
        Problem::warning(0, message, "Correct or end it.")
    }
}

/// The live snapshot under one policy, ready to be asked.
#[derive(Debug)]
pub struct Live {
    document: LiveDocument,
    entries: Vec<LiveEntry>,
    targets: Targets,
    allows_categories: bool,
    focuses: Vec<LiveFocus>,
    withheld: HashMap<PersonNo, Vec<LiveWithheld>, BuildHasherDefault<WordHasher>>,
    roll: RollIndex,
    edges: Vec<Timestamp>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct LiveEntry {
    pub kind: LiveKind,
    pub audience: Audience,
    pub specificity: u32,
    pub number: u32,
    begins_at: Timestamp,
    ends_at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LiveKind {
    Override(Effect),
    /// In the garden of the focus at that place.
    Garden(u32),
}

impl LiveEntry {
    /// An override that nobody has given, and that always holds.
    pub(crate) const fn trial(effect: Effect, audience: Audience, specificity: u32) -> Self {
        let ends_at = Timestamp::from_millis(i64::MAX);
        Self {
            kind: LiveKind::Override(effect),
            audience,
            specificity,
            number: LIVE - 1,
            begins_at: ALWAYS,
            ends_at,
        }
    }

    pub(crate) fn holds_at(&self, at: Timestamp) -> bool {
        self.begins_at <= at && at < self.ends_at
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct LiveFocus {
    pub place: u32,
    pub number: u32,
    pub group: GroupNo,
    begins_at: Timestamp,
    ends_at: Timestamp,
}

impl LiveFocus {
    pub(crate) fn holds_at(&self, at: Timestamp) -> bool {
        self.begins_at <= at && at < self.ends_at
    }
}

#[derive(Debug, Clone, Copy)]
struct LiveWithheld {
    number: u32,
    begins_at: Timestamp,
    ends_at: Timestamp,
}

const ALWAYS: Timestamp = Timestamp::from_millis(i64::MIN);

impl Live {
    /// Nothing live: no overrides, nobody known.
    pub fn empty(policy: &FilterPolicy) -> Self {
        Self::compile(&LiveDocument::default(), policy).0
    }

    /// Compiles the snapshot under a policy. What makes no sense under it (a group it doesn't have, an override for a
    /// host that nobody may open) is left out and reported: one bad record never holds up the others.
    pub fn compile(document: &LiveDocument, policy: &FilterPolicy) -> (Self, Vec<Problem>) {
        let (live, mut problems, left_out) = Self::compile_apart(document, policy);
        problems.extend(left_out.iter().map(LeftOut::problem));
        (live, problems)
    }

    /// What of the snapshot a gate leaves out under a policy, record by record; the roll is not looked at.
    pub fn left_out(document: &LiveDocument, policy: &FilterPolicy) -> Vec<LeftOut> {
        Self::compile_apart(&LiveDocument { roll: Roll::default(), ..document.clone() }, policy).2
    }

    /// The snapshot, the complaints about the roll, and what was left out.
    fn compile_apart(document: &LiveDocument, policy: &FilterPolicy) -> (Self, Vec<Problem>, Vec<LeftOut>) {
        let (roll, complaints) = RollIndex::build(&document.roll, policy);
        let mut left_out = Vec::new();
        let mut live = Self {
            document: document.clone(),
            entries: Vec::new(),
            targets: Targets::new(*policy.index().hasher()),
            allows_categories: false,
            focuses: Vec::new(),
            withheld: HashMap::default(),
            roll,
            edges: Vec::new(),
        };
        for one in &document.overrides {
            let why = live.add_override(one, policy).err();
            left_out.extend(why.map(|why| LeftOut { what: Kept::Override, number: one.number, why }));
        }
        for (place, one) in (0u32..).zip(&document.focus) {
            let complaints = live.add_focus(place, one, policy).into_iter();
            left_out.extend(complaints.map(|why| LeftOut { what: Kept::Focus, number: one.number, why }));
        }
        for one in &document.withheld {
            let why = live.add_withheld(one).err();
            left_out.extend(why.map(|why| LeftOut { what: Kept::Withheld, number: one.number, why }));
        }
        for one in &document.observing {
            live.edges.extend(one.begins_at);
            live.edges.push(one.ends_at);
        }
        live.edges.sort_unstable();
        live.edges.dedup();
        (live, complaints, left_out)
    }

    fn add_override(&mut self, one: &Override, policy: &FilterPolicy) -> Result<(), String> {
        if one.number >= LIVE {
            return Err("its number is too large".to_owned());
        }
        let audience = match &one.subject {
            Subject::Person(_) => Audience::Person,
            Subject::Group(id) => Audience::Group(
                policy.groups().number(id).ok_or_else(|| format!("the policy has no group {id:?}"))?,
            ),
            Subject::Everyone => Audience::Group(crate::policy::groups::EVERYBODY),
        };
        let target = one.target.read().map_err(|error| error.to_string())?;
        if one.effect == Effect::Allow {
            if covers_sealed(&target, policy.sealed()) {
                return Err(format!("it {COVERED}"));
            }
            if matches!(&target, Target::Expression { on: None, .. }) {
                return Err("an expression that allows must say on which site".to_owned());
            }
        }
        self.allows_categories |= one.effect == Effect::Allow && matches!(target, Target::Category(_));
        self.put(
            &target,
            match one.subject {
                Subject::Person(person) => Some(person),
                _ => None,
            },
            LiveEntry {
                kind: LiveKind::Override(one.effect),
                audience,
                specificity: specificity(&target),
                number: one.number,
                begins_at: one.begins_at.unwrap_or(ALWAYS),
                ends_at: one.ends_at,
            },
            policy,
        )
    }

    fn add_focus(&mut self, place: u32, one: &Focus, policy: &FilterPolicy) -> Vec<String> {
        let Some(group) = policy.groups().number(&one.group) else {
            return vec![format!("the policy has no group {:?}", one.group)];
        };
        let begins_at = one.begins_at.unwrap_or(ALWAYS);
        if one.number >= LIVE {
            return vec!["its number is too large".to_owned()];
        }
        self.focuses.push(LiveFocus { place, number: one.number, group, begins_at, ends_at: one.ends_at });
        self.edges.extend(one.begins_at);
        self.edges.push(one.ends_at);
        let mut complaints = Vec::new();
        for text in &one.garden {
            let target = match text.read() {
                Ok(target @ (Target::Site(_) | Target::Address(_) | Target::Url(_))) => target,
                Ok(_) => {
                    complaints.push("a garden holds sites and parts of sites".to_owned());
                    continue;
                }
                Err(error) => {
                    complaints.push(error.to_string());
                    continue;
                }
            };
            if covers_sealed(&target, policy.sealed()) {
                complaints.push(format!("it {COVERED}"));
                continue;
            }
            let entry = LiveEntry {
                kind: LiveKind::Garden(place),
                audience: Audience::Group(group),
                specificity: specificity(&target),
                number: one.number,
                begins_at,
                ends_at: one.ends_at,
            };
            complaints.extend(self.put(&target, None, entry, policy).err());
        }
        complaints
    }

    fn add_withheld(&mut self, one: &Withheld) -> Result<(), String> {
        if one.number >= LIVE {
            return Err("its number is too large".to_owned());
        }
        self.edges.extend(one.begins_at);
        self.edges.push(one.ends_at);
        self.withheld.entry(one.person).or_default().push(LiveWithheld {
            number: one.number,
            begins_at: one.begins_at.unwrap_or(ALWAYS),
            ends_at: one.ends_at,
        });
        Ok(())
    }

    fn put(
        &mut self,
        target: &Target,
        person: Option<PersonNo>,
        entry: LiveEntry,
        policy: &FilterPolicy,
    ) -> Result<(), String> {
        let number = u32::try_from(self.entries.len()).map_err(|_| "there are too many".to_owned())?;
        self.targets
            .add(target, person, number, |id| policy.catalogue().category_no(id))
            .map_err(|unknown| format!("there is no category {:?}", unknown.0))?;
        if entry.begins_at != ALWAYS {
            self.edges.push(entry.begins_at);
        }
        self.edges.push(entry.ends_at);
        self.entries.push(entry);
        Ok(())
    }

    /// The document it was compiled from.
    pub const fn document(&self) -> &LiveDocument {
        &self.document
    }

    /// Who uses this address. About 30 ns.
    pub fn identify(&self, client: IpAddr) -> Identity {
        self.roll.identify(client)
    }

    /// Who uses this address and asked through that encrypted-DNS name.
    pub fn identify_by_name(&self, client: IpAddr, name: NameHash) -> Identity {
        self.roll.identify_by_name(client, name)
    }

    /// Who uses this address, where a router says which device it is by its hardware ([`RollIndex::identify_by_hardware`]).
    pub fn identify_by_hardware(
        &self,
        client: IpAddr,
        hardware: HardwareAddress,
        is_its_own: bool,
    ) -> Identity {
        self.roll.identify_by_hardware(client, hardware, is_its_own)
    }

    /// Whether the address is one registered device's, and the hardware another's.
    pub fn are_two_devices(&self, client: IpAddr, hardware: HardwareAddress) -> bool {
        self.roll.are_two_devices(client, hardware)
    }

    /// The person with that number, as the roll has them.
    pub fn person(&self, person: PersonNo) -> Option<Identity> {
        self.roll.person(person)
    }

    /// Somebody who asked from an address, as the roll has them now; `None` where they are not on it any more.
    pub fn identity_of(&self, person: Option<PersonNo>, client: Option<IpAddr>) -> Option<Identity> {
        let by_address = client.map(|client| self.identify(client));
        match person {
            Some(_) => by_address.filter(|known| known.person == person).or_else(|| self.person(person?)),
            None => Some(by_address.unwrap_or_default()),
        }
    }

    /// The override with that number.
    pub fn override_no(&self, number: u32) -> Option<&Override> {
        self.document.overrides.iter().find(|one| one.number == number)
    }

    /// The focus with that number.
    pub fn focus_no(&self, number: u32) -> Option<&Focus> {
        self.document.focus.iter().find(|one| one.number == number)
    }

    /// The time in which the filter observes only that `at` lies in; of several, the one that ends last.
    #[inline]
    pub fn observing(&self, at: Timestamp) -> Option<&Observing> {
        if self.document.observing.is_empty() {
            return None;
        }
        let held = self.document.observing.iter().filter(|one| one.holds_at(at));
        held.max_by_key(|one| one.ends_at)
    }

    /// How many of what holds for a time have begun or ended by `at`: it changes exactly when one begins or ends.
    pub(crate) fn edges_before(&self, at: Timestamp) -> usize {
        self.edges.partition_point(|edge| *edge <= at)
    }

    pub(crate) const fn targets(&self) -> &Targets {
        &self.targets
    }

    #[inline]
    pub(crate) fn entry(&self, number: u32) -> Option<&LiveEntry> {
        self.entries.get(number as usize)
    }

    pub(crate) fn focuses(&self) -> &[LiveFocus] {
        &self.focuses
    }

    /// The decision by which the person's access is withheld at `at`; of several, the one with the lowest number.
    #[inline]
    pub(crate) fn withheld(&self, person: Option<PersonNo>, at: Timestamp) -> Option<u32> {
        if self.withheld.is_empty() {
            return None;
        }
        let all = self.withheld.get(&person?)?.iter();
        all.filter(|one| one.begins_at <= at && at < one.ends_at).map(|one| one.number).min()
    }

    pub(crate) const fn allows_categories(&self) -> bool {
        self.allows_categories
    }
}
