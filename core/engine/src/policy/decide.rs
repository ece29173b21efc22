//! Deciding one request: gather what its facts match, then ask the steps in their order.

use kit::{Host, LocalTime};
use lists::Suffixes;

use super::FilterPolicy;
use super::gather::{Case, Found, Path};
use super::groups::EVERYBODY;
use crate::calendar::Moment;
use crate::decision::Decision;
use crate::live::Live;
use crate::request::Request;
use crate::targets::Hashed;

/// Decides one request under one compiled policy and one live snapshot. Pure; allocates nothing for an ordinary
/// request; cost is O(labels in the host). `at` is school-local: schedules are written in lesson times.
pub fn decide(policy: &FilterPolicy, live: &Live, request: &Request<'_>, at: LocalTime) -> Decision {
    decide_in(policy, live, request, &policy.moment(at))
}

/// [`decide`] for a moment that was worked out before.
pub fn decide_in(policy: &FilterPolicy, live: &Live, request: &Request<'_>, moment: &Moment) -> Decision {
    let text = HostText::of(request.host);
    let mut suffixes = Suffixes::default();
    let host = Hashed::new(text.as_str(), policy.index().hasher(), &mut suffixes);
    let mut groups = request.identity.groups;
    groups.insert(EVERYBODY);
    let person = request.identity.person;
    let mut case = Case {
        policy,
        live,
        moment,
        person,
        own: live.targets().owner(person),
        groups,
        host,
        request,
        found: Found::default(),
    };
    case.gather_host();
    match request.path {
        Some(path) => {
            case.gather_path(path, Path::Whole);
            case.speak()
        }
        None => case.whole_host(),
    }
}

/// The host's text, with an address written on the stack.
pub(super) enum HostText<'a> {
    Name(&'a str),
    Address([u8; 48], usize),
}

impl<'a> HostText<'a> {
    pub(super) fn of(host: Host<'a>) -> Self {
        match host {
            Host::Name(name) => Self::Name(name.as_str()),
            Host::Address(address) => {
                use std::io::Write as _;
                let mut buffer = [0u8; 48];
                let mut rest = buffer.as_mut_slice();
                let _ = write!(rest, "{}", address.to_canonical());
                let left = rest.len();
                Self::Address(buffer, buffer.len() - left)
            }
        }
    }

    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Name(name) => name,
            Self::Address(buffer, len) => {
                buffer.get(..*len).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or("")
            }
        }
    }
}
