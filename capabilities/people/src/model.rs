//! The roll as the records hold it, and what an import changes of it. Pure.

use std::collections::BTreeMap;
use std::net::IpAddr;

use engine::{DeviceNo, HardwareAddress, PersonNo};
use kit::{Private, Timestamp};
use serde::Serialize;

use crate::roll_file::{DeviceLine, PersonLine, RangeLine, RollFile};

/// Somebody on the roll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Their number in the gate and the activity log.
    pub number: PersonNo,
    /// What the school's own system calls them.
    pub key: Private<String>,
    /// Their name.
    pub name: Private<String>,
    /// Their groups, by id.
    pub groups: Vec<String>,
}

/// A registered device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Its number in the gate and the activity log.
    pub number: DeviceNo,
    /// What the school calls it.
    pub name: Private<String>,
    /// Its fixed addresses, in order.
    pub addresses: Vec<IpAddr>,
    /// Its hardware addresses, in order.
    pub hardware: Vec<HardwareAddress>,
    /// Whose it is, where it is one person's.
    pub person: Option<PersonNo>,
    /// Its own groups, by id.
    pub groups: Vec<String>,
    /// Since when it has been on the roll.
    pub joined_at: Timestamp,
}

/// A range of addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// The range, as in `10.4.0.0/16`.
    pub range: String,
    /// What the school calls it.
    pub name: String,
    /// The groups of whoever uses it, by id.
    pub groups: Vec<String>,
}

/// Everything on the roll.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listed {
    /// The people whom a roll file keeps.
    pub people: Vec<Person>,
    /// Those whom another source keeps: a roll file changes nothing of them, and may say which devices are theirs.
    pub elsewhere: Vec<Person>,
    /// The devices.
    pub devices: Vec<Device>,
    /// The ranges.
    pub ranges: Vec<Range>,
}

/// What an import would change, in numbers: it can be shown, kept and put into the trail, since it names nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Changes {
    /// People.
    pub people: Counts,
    /// Devices.
    pub devices: Counts,
    /// Ranges.
    pub ranges: Counts,
}

/// How many of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// Are new.
    pub added: usize,
    /// Have another name, address or group, or are another person's.
    pub changed: usize,
    /// Are not on the new roll.
    pub removed: usize,
    /// Are as they were.
    pub same: usize,
}

impl Changes {
    /// Whether the roll is as it was.
    pub const fn is_nothing(&self) -> bool {
        self.people.is_nothing() && self.devices.is_nothing() && self.ranges.is_nothing()
    }
}

impl Counts {
    const fn is_nothing(&self) -> bool {
        self.added == 0 && self.changed == 0 && self.removed == 0
    }
}

/// The difference between the roll as it is and a file, thing by thing.
pub(crate) struct Difference<'a> {
    pub people: Kind<'a, PersonLine, Person>,
    pub devices: Kind<'a, DeviceLine, Device>,
    pub ranges: Kind<'a, RangeLine, Range>,
}

/// The difference of one kind of thing.
pub(crate) struct Kind<'a, New, Old> {
    pub added: Vec<&'a New>,
    pub changed: Vec<(&'a Old, &'a New)>,
    pub removed: Vec<&'a Old>,
    same: usize,
}

impl<'a> Difference<'a> {
    pub fn between(now: &'a Listed, file: &'a RollFile) -> Self {
        let all = now.people.iter().chain(&now.elsewhere);
        let key_of: BTreeMap<PersonNo, &str> =
            all.map(|person| (person.number, person.key.reveal().as_str())).collect();
        let elsewhere = |line: &&PersonLine| now.elsewhere.iter().any(|one| *one.key.reveal() == line.key);
        Self {
            people: Kind::between(
                &now.people,
                file.people.iter().filter(|line| !elsewhere(line)),
                |old| old.key.reveal(),
                |new| &new.key,
                |old, new| *old.name.reveal() == new.name && old.groups == new.groups,
            ),
            devices: Kind::between(
                &now.devices,
                &file.devices,
                |old| old.name.reveal(),
                |new| &new.name,
                |old, new| {
                    old.addresses == new.addresses
                        && old.hardware == new.hardware
                        && old.groups == new.groups
                        && old.person.and_then(|person| key_of.get(&person).copied()) == new.person.as_deref()
                },
            ),
            ranges: Kind::between(
                &now.ranges,
                &file.ranges,
                |old| &old.range,
                |new| &new.range,
                |old, new| old.name == new.name && old.groups == new.groups,
            ),
        }
    }

    pub fn changes(&self) -> Changes {
        Changes { people: self.people.counts(), devices: self.devices.counts(), ranges: self.ranges.counts() }
    }
}

impl<'a, New, Old> Kind<'a, New, Old> {
    fn between(
        old: &'a [Old],
        new: impl IntoIterator<Item = &'a New>,
        old_key: impl Fn(&'a Old) -> &'a str,
        new_key: impl Fn(&'a New) -> &'a str,
        same: impl Fn(&Old, &New) -> bool,
    ) -> Self {
        let mut waiting: BTreeMap<&str, &'a Old> = old.iter().map(|old| (old_key(old), old)).collect();
        let mut kind = Self { added: Vec::new(), changed: Vec::new(), removed: Vec::new(), same: 0 };
        for new in new {
            match waiting.remove(new_key(new)) {
                None => kind.added.push(new),
                Some(old) if same(old, new) => kind.same += 1,
                Some(old) => kind.changed.push((old, new)),
            }
        }
        kind.removed.extend(waiting.into_values());
        kind
    }

    fn counts(&self) -> Counts {
        Counts {
            added: self.added.len(),
            changed: self.changed.len(),
            removed: self.removed.len(),
            same: self.same,
        }
    }
}
