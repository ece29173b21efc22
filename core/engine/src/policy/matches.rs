//! What the facts of a request match whoever asks and whenever: the part of deciding that can be kept beside them.

use std::net::IpAddr;

use kit::Host;
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
    pub rules: SmallVec<[(u32, Fact); 4]>,
    pub live: SmallVec<[(u32, Fact); 4]>,
    pub wide: Wide,
}

/// The expressions that match every URL on the host, by their rules, their live entries and their lists. They count only
/// where no path is seen: with one, expressions are asked again.
#[derive(Debug, Default)]
pub(super) struct Wide {
    pub rules: SmallVec<[u32; 2]>,
    pub live: SmallVec<[u32; 2]>,
    pub lists: SmallVec<[u16; 2]>,
}

impl Matches {
    /// Asks every table about the request's facts. `host` is the request's.
    pub(super) fn of(policy: &FilterPolicy, live: &Live, request: &Request<'_>, host: &Hashed<'_>) -> Self {
        let mut matches = Self::default();
        matches.name(policy, live, host, matches!(request.host, Host::Name(_)), Fact::Host);
        if let Host::Address(address) = request.host {
            matches.address(policy, live, address, Fact::Host);
        }
        for (place, name) in request.chain.iter().enumerate() {
            let fact = Fact::Chain(u8::try_from(place).unwrap_or(u8::MAX));
            matches.name(policy, live, &Hashed::new(name.as_str(), policy.index.hasher()), true, fact);
        }
        for (place, address) in request.addresses.iter().enumerate() {
            let fact = Fact::Address(u8::try_from(place).unwrap_or(u8::MAX));
            matches.address(policy, live, *address, fact);
            if !policy.sealed.is_empty()
                && policy.sealed.holds_host(HostText::of(Host::Address(*address)).as_str())
            {
                matches.seal(fact);
            }
        }
        if request.path.is_none() {
            matches.wide(policy, live, host.text);
        }
        matches
    }

    /// Whether nothing matches at all, as for most names.
    pub(super) fn is_nothing(&self) -> bool {
        let Self { sealed, sets, rules, live, wide } = self;
        sealed.is_none()
            && sets.is_empty()
            && rules.is_empty()
            && live.is_empty()
            && wide.rules.is_empty()
            && wide.live.is_empty()
            && wide.lists.is_empty()
    }

    fn name(&mut self, policy: &FilterPolicy, live: &Live, name: &Hashed<'_>, listed: bool, fact: Fact) {
        // The index is asked first: its answer waits for memory while the other tables are looked through.
        let hits = if listed { policy.index.name_of(name.suffixes()) } else { Hits::NONE };
        let sealed = &policy.sealed;
        if sealed.holds_host(name.text)
            || (policy.document.sealed.shared_hosts == SharedHosts::Refuse && sealed.holds_part_of(name.text))
        {
            self.seal(fact);
        }
        policy.targets.sites(name, None, |entry| self.rules.push((entry, fact)));
        live.targets().sites(name, None, |entry| self.live.push((entry, fact)));
        self.sets.extend(hits.iter().map(|set| (*set, fact)));
    }

    fn address(&mut self, policy: &FilterPolicy, live: &Live, address: IpAddr, fact: Fact) {
        policy.targets.address(address, None, |entry| self.rules.push((entry, fact)));
        live.targets().address(address, None, |entry| self.live.push((entry, fact)));
        self.sets.extend(policy.index.address(address.to_canonical()).map(|set| (set, fact)));
    }

    fn wide(&mut self, policy: &FilterPolicy, live: &Live, host: &str) {
        let Wide { rules, live: entries, lists } = &mut self.wide;
        policy.targets.expressions(host, None, false, None, |entry| rules.push(entry));
        live.targets().expressions(host, None, false, None, |entry| entries.push(entry));
        lists_that_match(policy, host, None, false, |list| lists.push(list));
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
