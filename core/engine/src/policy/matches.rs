//! What the facts of a request match whoever asks and whenever: the part of deciding that can be kept beside them.

use std::net::IpAddr;

use kit::Host;
use kit::address::ipv4_inside;
use lists::{Hits, ListSetNo};
use smallvec::SmallVec;

use super::FilterPolicy;
use super::contest::fact_order;
use super::decide::HostText;
use crate::decision::Fact;
use crate::document::SharedHosts;
use crate::live::Live;
use crate::request::Request;
use crate::targets::{Hashed, with_text};

/// What a host, its chain and its addresses match under one policy and one live snapshot: sealed entries, sets of lists,
/// and the rules and live entries that are nobody's own. Whom a rule is for and when it holds is not yet asked.
#[derive(Debug, Default)]
pub(super) struct Matches {
    pub sealed: Option<Fact>,
    pub sets: SmallVec<[(ListSetNo, Fact); 4]>,
    /// The lists that take a name out of themselves, each with the fact of which they then say nothing. What a list takes
    /// the host itself out of, it takes the whole request out of: where the host leads is the host's affair.
    pub excepted: Vec<(u16, Fact)>,
    pub rules: SmallVec<[(u32, Fact); 4]>,
    pub live: SmallVec<[(u32, Fact); 4]>,
    pub wide: Wide,
}

/// The expressions that match every URL on the host, by their rules, their live entries and their lists. They count only
/// where no path is seen: with one, expressions are asked again.
#[derive(Debug, Default)]
pub(super) struct Wide {
    pub rules: SmallVec<[(u32, Fact); 2]>,
    pub live: SmallVec<[(u32, Fact); 2]>,
    pub lists: SmallVec<[(u16, Fact); 2]>,
}

/// The fact by which a host that is an IPv6 address matches what is said of the IPv4 address it leads to: as a name does
/// by the first address of its answer, it can so be blocked and not opened.
pub(super) const LEADS_TO: Fact = Fact::Address(0);

impl Matches {
    /// Asks every table about the request's facts. `host` is the request's.
    pub(super) fn of(policy: &FilterPolicy, live: &Live, request: &Request<'_>, host: &Hashed<'_>) -> Self {
        let mut matches = Self::default();
        matches.name(policy, live, host, matches!(request.host, Host::Name(_)), Fact::Host);
        if let Host::Address(address) = request.host {
            matches.address(policy, live, address, Fact::Host);
            for inside in ipv4_inside(address) {
                let text = HostText::of(Host::Address(inside.into()));
                matches.address(policy, live, inside.into(), LEADS_TO);
                matches.sealed_name(policy, text.as_str(), LEADS_TO);
                if request.path.is_none() {
                    matches.wide(policy, live, text.as_str(), LEADS_TO);
                }
            }
        }
        for (place, name) in request.chain.iter().enumerate() {
            let fact = Fact::Chain(u8::try_from(place).unwrap_or(u8::MAX));
            matches.name(policy, live, &Hashed::new(name.as_str(), policy.index.hasher()), true, fact);
        }
        for (place, address) in request.addresses.iter().enumerate() {
            let fact = Fact::Address(u8::try_from(place).unwrap_or(u8::MAX));
            for address in std::iter::once(*address).chain(ipv4_inside(*address).map(IpAddr::V4)) {
                matches.address(policy, live, address, fact);
                if !policy.sealed.is_empty()
                    && policy.sealed.holds_host(HostText::of(Host::Address(address)).as_str())
                {
                    matches.seal(fact);
                }
            }
        }
        if request.path.is_none() {
            matches.wide(policy, live, host.text, Fact::Host);
        }
        matches
    }

    /// Whether nothing matches at all, as for most names.
    pub(super) fn is_nothing(&self) -> bool {
        let Self { sealed, sets, excepted, rules, live, wide } = self;
        sealed.is_none()
            && sets.is_empty()
            && excepted.is_empty()
            && rules.is_empty()
            && live.is_empty()
            && wide.rules.is_empty()
            && wide.live.is_empty()
            && wide.lists.is_empty()
    }

    fn name(&mut self, policy: &FilterPolicy, live: &Live, name: &Hashed<'_>, listed: bool, fact: Fact) {
        // The index is asked first: its answer waits for memory while the other tables are looked through.
        let hits = if listed { policy.index.name_of(name.suffixes()) } else { Hits::NONE };
        self.sealed_name(policy, name.text, fact);
        policy.targets.sites(name, None, |entry| {
            if policy.stands_for(entry, name.text) {
                self.rules.push((entry, fact));
            }
        });
        live.targets().sites(name, None, |entry| self.live.push((entry, fact)));
        self.sets.extend(hits.iter().map(|set| (*set, fact)));
        for set in &hits {
            self.excepted.extend(policy.index.exceptions(*set).iter().map(|list| (list.0, fact)));
        }
    }

    /// Seals a host of which the whole is sealed, or a part where the policy then refuses the whole.
    fn sealed_name(&mut self, policy: &FilterPolicy, name: &str, fact: Fact) {
        let sealed = &policy.sealed;
        if sealed.holds_host(name)
            || (policy.document.sealed.shared_hosts == SharedHosts::Refuse && sealed.holds_part_of(name))
        {
            self.seal(fact);
        }
    }

    fn address(&mut self, policy: &FilterPolicy, live: &Live, address: IpAddr, fact: Fact) {
        policy.targets.address(address, None, |entry| self.rules.push((entry, fact)));
        live.targets().address(address, None, |entry| self.live.push((entry, fact)));
        self.sets.extend(policy.index.address(address.to_canonical()).map(|set| (set, fact)));
    }

    fn wide(&mut self, policy: &FilterPolicy, live: &Live, host: &str, fact: Fact) {
        let Wide { rules, live: entries, lists } = &mut self.wide;
        policy.targets.expressions(host, None, false, None, |entry| rules.push((entry, fact)));
        live.targets().expressions(host, None, false, None, |entry| entries.push((entry, fact)));
        lists_that_match(policy, host, None, false, |list| lists.push((list, fact)));
    }

    fn seal(&mut self, fact: Fact) {
        if self.sealed.is_none_or(|earlier| fact_order(fact) < fact_order(earlier)) {
            self.sealed = Some(fact);
        }
    }
}

/// The lists an expression of which matches: any for a whole path, else those that say something of every URL.
pub(super) fn lists_that_match(
    policy: &FilterPolicy,
    host: &str,
    path: Option<&str>,
    beginning: bool,
    mut found: impl FnMut(u16),
) {
    let all = &policy.list_expressions;
    let (set, from) = if path.is_some() && !beginning {
        (&all.whole, &all.whole_lists)
    } else {
        (&all.host, &all.host_lists)
    };
    if !set.is_empty() {
        with_text(host, path.unwrap_or("/"), |text| {
            // Finding out which of them match allocates; whether any does, doesn't.
            if set.is_match(text) {
                set.matches(text).iter().filter_map(|place| from.get(place)).for_each(|list| found(*list));
            }
        });
    }
}
