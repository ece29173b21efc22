//! What can be asked of the log.

use std::net::IpAddr;

use engine::{DeviceNo, Front, GroupNo, PersonNo, Step, Transport, Verdict};
use kit::host::normalise_host_name;
use kit::{Host, HostName, Timestamp};
use serde::{Deserialize, Serialize};

use crate::event::{Encoded, Event, Kept, moment};
use crate::page::Run;

/// From one moment to before another; an end that is missing is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TimeRange {
    /// The first moment in it.
    #[serde(with = "moment::maybe", skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// The first moment after it.
    #[serde(with = "moment::maybe", skip_serializing_if = "Option::is_none")]
    pub to: Option<Timestamp>,
}

impl TimeRange {
    /// Whether `at` is in it.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| at >= from) && self.to.is_none_or(|to| at < to)
    }

    /// Whether any moment from `oldest` to `newest` could be in it.
    pub fn meets(&self, oldest: Timestamp, newest: Timestamp) -> bool {
        self.from.is_none_or(|from| newest >= from) && self.to.is_none_or(|to| oldest < to)
    }
}

/// A search: every field that is set must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Search {
    /// The person's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonNo>,
    /// The device's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceNo>,
    /// The device's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<IpAddr>,
    /// The group whose cell or rule won, or stood beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupNo>,
    /// People who are in that group, by number, rising: what they asked for is found too, whosever cell or rule won. What is
    /// decided for everyone has no group of its own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<PersonNo>,
    /// Devices of nobody that are in it, likewise.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub member_devices: Vec<DeviceNo>,
    /// A host and everything below it, or an address asked for in place of a host. As typed: capitals, a dot at the
    /// end and international names are taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// What was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// The step that spoke.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<Step>,
    /// The category's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<u16>,
    /// The list's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list: Option<u16>,
    /// The front: `dns`, `proxy`, `connect`, `explain`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub front: Option<String>,
    /// How the question came; questions to the name server alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transport: Option<Transport>,
    /// When.
    pub time: TimeRange,
    /// At most so many, the newest. All where missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}

/// Why a search cannot be run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSearch {
    /// The site is no host.
    #[error("{0:?} is no host name or address; give one such as example.org")]
    Site(String),
    /// There is no such front.
    #[error("there is no front called {0:?}; the fronts are dns, proxy, connect and explain")]
    Front(String),
}

/// A search made ready to test events.
#[derive(Debug, Clone)]
pub struct Filter {
    search: Search,
    site: Option<Site>,
    front: Option<Front>,
}

/// A site that is searched for.
#[derive(Debug, Clone)]
pub enum Site {
    /// A host and everything below it, in its one form.
    Name(String),
    /// An address asked for in place of a host.
    Address(IpAddr),
}

impl Filter {
    /// Makes a search ready.
    pub fn new(search: &Search) -> Result<Self, BadSearch> {
        let site = match &search.site {
            None => None,
            Some(text) => Some(match kit::address::literal(text) {
                Some(address) => Site::Address(address),
                None => Site::Name(normalise_host_name(text).ok_or_else(|| BadSearch::Site(text.clone()))?),
            }),
        };
        let front = match &search.front {
            None => None,
            Some(word) => Some(
                (0..4)
                    .filter_map(Front::from_number)
                    .find(|front| front.id() == word)
                    .ok_or_else(|| BadSearch::Front(word.clone()))?,
            ),
        };
        let client = search.client.map(|client| client.to_canonical());
        let mut search = Search { client, ..search.clone() };
        search.members.sort_unstable();
        search.member_devices.sort_unstable();
        Ok(Self { search, site, front })
    }

    /// What was asked, the address in its one form.
    pub const fn search(&self) -> &Search {
        &self.search
    }

    /// The site asked for.
    pub const fn site(&self) -> Option<&Site> {
        self.site.as_ref()
    }

    /// The front asked for.
    pub const fn front(&self) -> Option<Front> {
        self.front
    }

    /// When the search is about.
    pub const fn time(&self) -> TimeRange {
        self.search.time
    }

    /// At most so many.
    pub const fn limit(&self) -> Option<u64> {
        self.search.limit
    }

    /// Whether a group's cell or rule won or stood beside it, or somebody of the group asked.
    fn is_of(&self, group: GroupNo, kept: &Kept<'_>) -> bool {
        let Search { members, member_devices, .. } = &self.search;
        kept.group == Some(group)
            || kept.beside == Some(group)
            || kept.person.is_some_and(|person| members.binary_search(&person).is_ok())
            || kept.device.is_some_and(|device| member_devices.binary_search(&device).is_ok())
    }

    /// Whether the event is one of those asked for.
    pub fn matches(&self, at: Timestamp, kept: &Kept<'_>) -> bool {
        let search = &self.search;
        search.time.contains(at)
            && search.person.is_none_or(|person| kept.person == Some(person))
            && search.device.is_none_or(|device| kept.device == Some(device))
            && search.client.is_none_or(|client| kept.client == Some(client))
            && search.group.is_none_or(|group| self.is_of(group, kept))
            && search.verdict.is_none_or(|verdict| kept.verdict == verdict)
            && search.step.is_none_or(|step| kept.step == step)
            && search.category.is_none_or(|category| kept.category == Some(category))
            && search.list.is_none_or(|list| kept.list == Some(list))
            && search.transport.is_none_or(|transport| kept.transport == Some(transport))
            && self.front.is_none_or(|front| kept.front == front)
            && self.site.as_ref().is_none_or(|site| site.holds(kept.host))
    }
}

impl Site {
    fn holds(&self, host: Option<Host<'_>>) -> bool {
        match (self, host) {
            (Self::Name(site), Some(Host::Name(name))) => {
                HostName::new(site).is_some_and(|site| name.is_within(site))
            }
            (Self::Address(site), Some(Host::Address(address))) => *site == address,
            _ => false,
        }
    }
}

/// Whose events are to be erased, and which of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// Whose.
    pub whose: Whose,
    /// Of which time.
    #[serde(default)]
    pub time: TimeRange,
}

/// Somebody in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Whose {
    /// Everything of a person.
    Person(PersonNo),
    /// Everything of a device.
    Device(DeviceNo),
    /// Everything of an address.
    Client(IpAddr),
    /// Everything that one import brought in.
    Import(Run),
}

impl Subject {
    /// Whether the event is one of theirs.
    pub fn covers(&self, in_run: Run, event: &Encoded<'_>) -> bool {
        let theirs = |kept: &Kept<'_>| match self.whose {
            Whose::Person(person) => kept.person == Some(person),
            Whose::Device(device) => kept.device == Some(device),
            Whose::Client(client) => kept.client == Some(client),
            Whose::Import(run) => run == in_run,
        };
        self.time.contains(event.at) && event.kept.as_ref().is_some_and(theirs)
    }

    /// The same of an event of a gate as it is shown.
    pub fn covers_event(&self, event: &Event) -> bool {
        let theirs = match self.whose {
            Whose::Person(person) => event.person == Some(person),
            Whose::Device(device) => event.device == Some(device),
            Whose::Client(client) => event.client == Some(client),
            Whose::Import(_) => false,
        };
        self.time.contains(event.at) && theirs
    }
}
