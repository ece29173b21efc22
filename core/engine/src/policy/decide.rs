//! Deciding one request: gather what its facts match, then ask the steps in their order.

use kit::address::ipv4_inside;
use kit::{Host, HostName, LocalTime};

use super::contest::Audience;
use super::gather::{Case, Found};
use super::groups::EVERYBODY;
use super::matches::Matches;
use super::{FilterPolicy, covers_sealed, specificity};
use crate::calendar::Moment;
use crate::decision::Decision;
use crate::document::Effect;
use crate::document::target::Target;
use crate::groups::GroupNo;
use crate::live::{Live, LiveEntry};
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
    let host = Hashed::new(text.as_str(), policy.index().hasher());
    let matches = Matches::of(policy, live, request, &host);
    case(policy, live, request, moment, &host).decide(&matches)
}

/// What would be decided with one more override: of the request's host, for its person or, where none is known, for
/// a group. As quick as [`decide_in`]. `None` where such an override would be refused.
pub(crate) fn decide_with_override(
    policy: &FilterPolicy,
    live: &Live,
    request: &Request<'_>,
    moment: &Moment,
    effect: Effect,
    group: GroupNo,
) -> Option<Decision> {
    let text = HostText::of(request.host);
    let target = match request.host {
        Host::Name(name) => Target::Site(name.as_str().to_owned()),
        Host::Address(address) => Target::Address(address),
    };
    if effect == Effect::Allow && covers_sealed(&target, policy.sealed()) {
        return None;
    }
    let host = Hashed::new(text.as_str(), policy.index().hasher());
    let matches = Matches::of(policy, live, request, &host);
    let audience = request.identity.person.map_or(Audience::Group(group), |_| Audience::Person);
    let trial = LiveEntry::trial(effect, audience, specificity(&target));
    Some(Case { trial: Some(trial), ..case(policy, live, request, moment, &host) }.decide(&matches))
}

/// Whether what is decided about this host may depend on a path: if not, one decision without a path stands for all.
pub(crate) fn tells_paths_apart(policy: &FilterPolicy, live: &Live, host: Host<'_>) -> bool {
    let text = HostText::of(host);
    let hashed = Hashed::new(text.as_str(), policy.index().hasher());
    let is_listed = |name: HostName<'_>| policy.index.paths_on(name).next().is_some();
    !policy.sealed.is_empty()
        || !policy.list_expressions.whole.is_empty()
        || policy.targets.tells_paths_apart(&hashed)
        || live.targets().tells_paths_apart(&hashed)
        || HostName::new(text.as_str()).is_some_and(is_listed)
        // What is known of the addresses inside is asked for by path as well.
        || matches!(host, Host::Address(address) if ipv4_inside(address).next().is_some())
}

fn case<'a>(
    policy: &'a FilterPolicy,
    live: &'a Live,
    request: &'a Request<'a>,
    moment: &'a Moment,
    host: &'a Hashed<'a>,
) -> Case<'a> {
    let mut groups = request.identity.groups;
    groups.insert(EVERYBODY);
    let person = request.identity.person;
    let own = live.targets().owner(person);
    Case { policy, live, moment, person, own, groups, host, request, found: Found::default(), trial: None }
}

/// What one host, its chain and its addresses match, kept beside them by whoever is asked about them again. It holds
/// for one policy and one live snapshot; under any other it is made anew, so that it can never be out of date.
///
/// It is about facts alone, never about who asked, when, or what was decided.
#[derive(Debug, Default)]
pub struct Memo {
    /// The number of the snapshot it was made under; 0 is none.
    snapshot: u64,
    /// What was matched; none where nothing was.
    matches: Option<Box<Matches>>,
}

impl Memo {
    /// What it takes beside itself, in bytes.
    pub fn more_bytes(&self) -> usize {
        if self.matches.is_some() { size_of::<Matches>() } else { 0 }
    }

    /// Whether it is known that nothing matches: then the host itself has no part in what is decided.
    pub(crate) const fn is_nothing(&self) -> bool {
        self.snapshot != 0 && self.matches.is_none()
    }

    /// Decides a request without a path by what is kept, if that holds and nothing else must be asked: chain and
    /// addresses of the request are not looked at. About 50 ns for a name that nothing matches.
    #[inline]
    pub(crate) fn recall(
        &self,
        snapshot: u64,
        policy: &FilterPolicy,
        live: &Live,
        request: &Request<'_>,
        moment: &Moment,
    ) -> Option<Decision> {
        let own = live.targets().owner(request.identity.person);
        if self.snapshot != snapshot || own.is_some() || request.path.is_some() {
            return None;
        }
        let text = HostText::of(request.host);
        let host = Hashed::new(text.as_str(), policy.index().hasher());
        let mut case = case(policy, live, request, moment, &host);
        Some(match &self.matches {
            Some(matches) => case.decide(matches),
            None => case.decide(&Matches::default()),
        })
    }

    /// Decides a request with all its facts, and keeps what they match.
    pub(crate) fn renew(
        &mut self,
        snapshot: u64,
        policy: &FilterPolicy,
        live: &Live,
        request: &Request<'_>,
        moment: &Moment,
    ) -> Decision {
        let text = HostText::of(request.host);
        let host = Hashed::new(text.as_str(), policy.index().hasher());
        let matches = Matches::of(policy, live, request, &host);
        let decision = case(policy, live, request, moment, &host).decide(&matches);
        if request.path.is_none() {
            self.snapshot = snapshot;
            self.matches = Some(matches).filter(|matches| !matches.is_nothing()).map(Box::new);
        }
        decision
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
