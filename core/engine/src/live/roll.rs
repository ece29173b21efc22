//! Who is where: the roll as the hub publishes it, and the table that finds an identity by an address.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::document::Problem;
use crate::groups::GroupSet;
use crate::identity::{DeviceNo, HardwareAddress, Identity, KnownBy, NameHash, PersonNo};
use crate::policy::FilterPolicy;
use crate::policy::groups::EVERYBODY;

/// The roll: people, devices, addresses and ranges, by number and group id. No names.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Roll {
    /// People and their groups.
    pub people: Vec<PersonEntry>,
    /// The device register.
    pub devices: Vec<DeviceEntry>,
    /// Single addresses that are known to be a person's, and how.
    pub addresses: Vec<AddressEntry>,
    /// Ranges of addresses that belong to a room, a network or a group.
    pub ranges: Vec<RangeEntry>,
    /// Encrypted-DNS names that are a person's or a device's own.
    pub names: Vec<NameEntry>,
    /// Hardware addresses of registered devices, as routers tell them.
    pub hardware: Vec<HardwareEntry>,
}

/// A hardware address of a registered device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct HardwareEntry {
    /// The address.
    pub address: HardwareAddress,
    /// The device.
    pub device: DeviceNo,
}

/// An encrypted-DNS name of somebody's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NameEntry {
    /// The name, hashed.
    pub name: NameHash,
    /// The person it was given to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonNo>,
    /// The device it was given to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceNo>,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PersonEntry {
    /// Their number.
    pub person: PersonNo,
    /// Their groups, by id.
    pub groups: Vec<String>,
}

/// A registered device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DeviceEntry {
    /// Its number.
    pub device: DeviceNo,
    /// Whose it is, where it is one person's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonNo>,
    /// Its own groups (kinds of device), by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Its fixed addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<IpAddr>,
}

/// An address that is a person's for now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AddressEntry {
    /// The address.
    pub address: IpAddr,
    /// Whose it is.
    pub person: PersonNo,
    /// How that is known.
    pub known_by: KnownBy,
}

/// A range of addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RangeEntry {
    /// The range, as in `10.3.0.0/16` or `fd00:3::/48`.
    pub range: String,
    /// The groups of whoever uses it, by id.
    pub groups: Vec<String>,
    /// The person, where the range is one person's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonNo>,
}

/// Identities by address: disjoint ranges in rising order over 128 bits, IPv4 mapped into them, so that IPv6 is equal
/// to IPv4 and a look-up is one binary search.
#[derive(Debug, Clone)]
pub struct RollIndex {
    starts: Vec<u128>,
    /// One for each start: who uses the addresses from there up to the next start.
    owners: Vec<u32>,
    identities: Vec<Identity>,
    /// One for each start: the groups of the place (rooms, networks, shared devices), whoever sits there.
    places: Vec<u32>,
    place_groups: Vec<GroupSet>,
    people: HashMap<PersonNo, Identity>,
    names: HashMap<NameHash, Identity>,
    hardware: HashMap<HardwareAddress, Identity>,
}

/// An entry on its way into the table.
struct Span {
    from: u128,
    to: u128,
    identity: Identity,
}

impl RollIndex {
    /// Builds the table under a policy. An entry that makes no sense under it is reported and left out; a group that
    /// the policy doesn't have is reported and the rest of the entry holds. Whoever is in no group of the policy is
    /// treated as somebody unidentified.
    pub fn build(roll: &Roll, policy: &FilterPolicy) -> (Self, Vec<Problem>) {
        let mut strangers: BTreeSet<&str> = BTreeSet::new();
        let mut problems = Vec::new();
        let people: HashMap<PersonNo, Identity> = roll
            .people
            .iter()
            .map(|entry| {
                let ids = entry.groups.iter().map(String::as_str);
                let groups = policy.groups().closure(ids, |id| {
                    strangers.insert(id);
                });
                let groups = or_unidentified(groups, policy);
                let known_by = KnownBy::Nothing;
                (entry.person, Identity { person: Some(entry.person), device: None, groups, known_by })
            })
            .collect();
        let groups_of =
            |person: Option<PersonNo>| person.and_then(|person| people.get(&person)).map(|one| one.groups);
        let mut spans = Vec::new();
        for entry in &roll.ranges {
            let Some((from, to)) = read_range(&entry.range) else {
                problems.push(Problem::warning(
                    0,
                    format!("{:?} is no range of addresses", entry.range),
                    "Write it as in 10.3.0.0/16.",
                ));
                continue;
            };
            let own = policy.groups().closure(entry.groups.iter().map(String::as_str), |id| {
                strangers.insert(id);
            });
            let groups = own.union(&groups_of(entry.person).unwrap_or(GroupSet::EMPTY));
            let known_by = KnownBy::AddressRange;
            spans.push(Span {
                from,
                to,
                identity: Identity { person: entry.person, device: None, groups, known_by },
            });
        }
        let mut devices: HashMap<DeviceNo, Identity> = HashMap::new();
        for entry in &roll.devices {
            let own = policy.groups().closure(entry.groups.iter().map(String::as_str), |id| {
                strangers.insert(id);
            });
            let groups = own.union(&groups_of(entry.person).unwrap_or(GroupSet::EMPTY));
            let known_by = KnownBy::DeviceRegister;
            let identity = Identity { person: entry.person, device: Some(entry.device), groups, known_by };
            devices.insert(entry.device, identity);
            spans.extend(entry.addresses.iter().map(|address| {
                let at = wide(*address);
                Span { from: at, to: at, identity }
            }));
        }
        for entry in &roll.addresses {
            let at = wide(entry.address);
            let groups = policy
                .groups()
                .closure([], |_| {})
                .union(&groups_of(Some(entry.person)).unwrap_or(GroupSet::EMPTY));
            let identity =
                Identity { person: Some(entry.person), device: None, groups, known_by: entry.known_by };
            spans.push(Span { from: at, to: at, identity });
        }
        problems.extend(strangers.into_iter().map(|id| {
            Problem::warning(
                0,
                format!("the roll names the group {id:?}, which the policy does not have"),
                "Add the group to the policy, or correct the roll.",
            )
        }));
        let names = roll.names.iter().filter_map(|entry| {
            // A name whose owner has left the roll is nobody's.
            let (person, device) = (entry.person, entry.device);
            let of_device =
                device.map_or(Some(Identity::default()), |device| devices.get(&device).copied())?;
            let of_person =
                person.map_or(Some(Identity::default()), |person| people.get(&person).copied())?;
            (person.is_some() || device.is_some()).then_some(())?;
            let groups = or_unidentified(of_device.groups.union(&of_person.groups), policy);
            let person = person.or(of_device.person);
            Some((entry.name, Identity { person, device, groups, known_by: KnownBy::EncryptedDnsName }))
        });
        let names = names.collect();
        let hardware = roll.hardware.iter().filter_map(|entry| {
            let mut identity = *devices.get(&entry.device)?;
            identity.groups = or_unidentified(identity.groups, policy);
            Some((entry.address, identity))
        });
        let hardware = hardware.collect();
        let Table { starts, owners, mut identities, places, place_groups } =
            flatten(spans, policy.unidentified());
        for identity in &mut identities {
            identity.groups = or_unidentified(identity.groups, policy);
        }
        (Self { starts, owners, identities, places, place_groups, people, names, hardware }, problems)
    }

    /// Who uses the address.
    #[inline]
    pub fn identify(&self, client: IpAddr) -> Identity {
        let place = self.starts.partition_point(|start| *start <= wide(client));
        place
            .checked_sub(1)
            .and_then(|place| self.owners.get(place))
            .and_then(|owner| self.identities.get(*owner as usize))
            .copied()
            .unwrap_or_default()
    }

    /// Who uses the address and asked through that name. A name that is nobody's (any more) says nothing, and one says
    /// less than a sign-in at the address: the surest counts. The groups of the place hold for whoever sits there.
    pub fn identify_by_name(&self, client: IpAddr, name: NameHash) -> Identity {
        let by_address = self.identify(client);
        let Some(named) = self.names.get(&name).filter(|named| named.known_by > by_address.known_by) else {
            return by_address;
        };
        let mut identity = *named;
        identity.groups = identity.groups.union(self.of_place(client));
        if by_address.known_by == KnownBy::DeviceRegister {
            identity.device = identity.device.or(by_address.device);
        }
        if by_address.person == identity.person && identity.person.is_some() {
            identity.groups = identity.groups.union(&by_address.groups);
        }
        identity
    }

    /// Who uses the address, where a router says which device it is by its hardware. A device that is not on the roll says
    /// nothing; one that is says more than the address does, which another device may have had yesterday, and less than a
    /// sign-in there. `is_its_own` says whether the address is the device's and not the router's: then the groups of the place
    /// hold for it too.
    pub fn identify_by_hardware(
        &self,
        client: IpAddr,
        hardware: HardwareAddress,
        is_its_own: bool,
    ) -> Identity {
        let by_address = self.identify(client);
        let is_surer = is_its_own && by_address.known_by > KnownBy::DeviceRegister;
        let Some(found) = self.hardware.get(&hardware).filter(|_| !is_surer) else { return by_address };
        let mut identity = *found;
        if is_its_own {
            identity.groups = identity.groups.union(self.of_place(client));
        }
        identity
    }

    /// Whether the address is one registered device's, and the hardware another's.
    pub fn are_two_devices(&self, client: IpAddr, hardware: HardwareAddress) -> bool {
        let told = self.hardware.get(&hardware).and_then(|found| found.device);
        let here = self.identify(client).device;
        told.is_some() && here.is_some() && told != here
    }

    /// The groups of the place, whoever sits there.
    fn of_place(&self, client: IpAddr) -> &GroupSet {
        let place = self.starts.partition_point(|start| *start <= wide(client));
        let of_place = place
            .checked_sub(1)
            .and_then(|place| self.places.get(place))
            .and_then(|place| self.place_groups.get(*place as usize));
        of_place.unwrap_or(&GroupSet::EMPTY)
    }

    /// The person's groups, known by nothing.
    pub fn person(&self, person: PersonNo) -> Option<Identity> {
        self.people.get(&person).copied()
    }
}

/// The groups, or those of somebody unidentified where the policy has none of them: a pupil whose year group was
/// misspelt or dropped from the policy must not meet less of a filter than a stranger.
fn or_unidentified(groups: GroupSet, policy: &FilterPolicy) -> GroupSet {
    if groups == policy.groups().up(EVERYBODY) { groups.union(&policy.unidentified().groups) } else { groups }
}

/// Cuts overlapping spans into disjoint ones. In each piece the groups of all spans over it are joined (a device in a
/// room is in the room's groups too); person, device and how they are known come from the surest, and among equals
/// from the narrowest.
fn flatten(mut spans: Vec<Span>, unidentified: &Identity) -> Table {
    let mut cuts: BTreeSet<u128> = BTreeSet::from([0]);
    for span in &spans {
        cuts.insert(span.from);
        if let Some(after) = span.to.checked_add(1) {
            cuts.insert(after);
        }
    }
    // Widest first, so that what lies over a piece can be kept on a stack of those still open.
    spans.sort_by_key(|span| (span.from, std::cmp::Reverse(span.to)));
    let mut open: Vec<&Span> = Vec::new();
    let mut waiting = spans.iter().peekable();
    let mut numbers: HashMap<Identity, u32> = HashMap::new();
    let mut known_places: HashMap<GroupSet, u32> = HashMap::new();
    let mut table = Table::default();
    for cut in cuts {
        open.retain(|span| span.to >= cut);
        while let Some(span) = waiting.next_if(|span| span.from <= cut) {
            open.push(span);
        }
        let identity = open
            .iter()
            .max_by_key(|span| (span.identity.known_by, std::cmp::Reverse(span.to - span.from)))
            .map_or(*unidentified, |surest| Identity {
                person: surest.identity.person,
                device: open.iter().find_map(|span| span.identity.device).filter(|_| {
                    // A sign-in at a registered device keeps the device.
                    surest.identity.known_by >= KnownBy::DeviceRegister
                }),
                known_by: surest.identity.known_by,
                groups: open
                    .iter()
                    .filter(|span| {
                        // Whoever signed in replaces the device's usual person, whose groups then don't count.
                        span.identity.person.is_none() || span.identity.person == surest.identity.person
                    })
                    .fold(GroupSet::EMPTY, |all, span| all.union(&span.identity.groups)),
            });
        let number = *numbers.entry(identity).or_insert_with(|| {
            table.identities.push(identity);
            u32::try_from(table.identities.len() - 1).unwrap_or(u32::MAX)
        });
        let of_place = open
            .iter()
            .filter(|span| span.identity.person.is_none())
            .fold(GroupSet::EMPTY, |all, span| all.union(&span.identity.groups));
        let place = *known_places.entry(of_place).or_insert_with(|| {
            table.place_groups.push(of_place);
            u32::try_from(table.place_groups.len() - 1).unwrap_or(u32::MAX)
        });
        if (table.owners.last(), table.places.last()) != (Some(&number), Some(&place)) {
            table.starts.push(cut);
            table.owners.push(number);
            table.places.push(place);
        }
    }
    table
}

/// What is under each stretch of addresses.
#[derive(Default)]
struct Table {
    starts: Vec<u128>,
    owners: Vec<u32>,
    identities: Vec<Identity>,
    places: Vec<u32>,
    place_groups: Vec<GroupSet>,
}

/// An address among all 128-bit ones; IPv4 lies where IPv6 maps it.
fn wide(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().into(),
        IpAddr::V6(v6) => v6.into(),
    }
}

/// The first and last address of a range.
fn read_range(text: &str) -> Option<(u128, u128)> {
    let (address, bits) = match text.trim().split_once('/') {
        Some((address, bits)) => (address, Some(bits.parse::<u32>().ok()?)),
        None => (text.trim(), None),
    };
    let address: IpAddr = address.parse().ok()?;
    let width = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.unwrap_or(width);
    if bits > width {
        return None;
    }
    let free = width - bits;
    let mask = if free == 128 { u128::MAX } else { (1u128 << free) - 1 };
    Some((wide(address) & !mask, wide(address) | mask))
}
