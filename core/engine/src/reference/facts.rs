//! What a request's facts match.

use std::net::IpAddr;

use kit::Host;
use kit::address::ipv4_inside;
use lists::Says;

use super::{Asking, Match, PlainEntry, PlainList, PlainSealed, Url, below};
use crate::decision::{Fact, RuleRef};
use crate::document::target::{Target, url_host};
use crate::targets::looks_ahead;

impl Asking<'_> {
    /// Every way in which the target matches the URL and the other facts.
    pub(super) fn matches(&self, target: &Target, url: &Url, rule: Option<RuleRef>) -> Vec<Match> {
        let whole = |fact| (fact, None, None, true);
        match target {
            Target::Site(site) => self
                .names()
                .into_iter()
                .filter(|(text, _)| below(text, site))
                .map(|(_, fact)| whole(fact))
                .collect(),
            Target::Address(address) => self
                .addresses()
                .into_iter()
                .filter(|(other, _)| other == address)
                .map(|(_, fact)| whole(fact))
                .collect(),
            Target::Url(prefix) => {
                let under = |path: &str| {
                    let (path, start) = (path.to_lowercase(), prefix.path.to_lowercase());
                    let open_end = start.ends_with(['/', '?', '&', '=']);
                    path == start
                        || path
                            .strip_prefix(&start)
                            .is_some_and(|rest| open_end || rest.starts_with(['/', '?', '&']))
                };
                if prefix.host != url_host(&self.host) {
                    Vec::new()
                } else if self.path(url).is_some_and(under) {
                    vec![whole(Fact::Path)]
                } else if self.others(url).iter().any(|path| under(path)) {
                    vec![(Fact::Path, None, None, false)]
                } else {
                    Vec::new()
                }
            }
            Target::Expression { pattern, on } => {
                let matched = self.expression(pattern, on.as_deref(), url);
                let mut all: Vec<Match> =
                    matched.into_iter().map(|(fact, opens)| (fact, None, None, opens)).collect();
                if rule.is_some_and(|rule| *url == Url::Matching(rule)) {
                    all.push(whole(Fact::Path));
                }
                all
            }
            Target::Category(id) => self
                .categories(url)
                .into_iter()
                .filter(|(_, category, ..)| self.world.catalogue.categories[usize::from(*category)].id == *id)
                .map(|(fact, category, list, opens)| (fact, Some(category), Some(list), opens))
                .collect(),
        }
    }

    /// The facts by which an expression matches, and whether it may open by each. Where more may follow what is read, it
    /// must not look at what does.
    fn expression(&self, pattern: &str, on: Option<&str>, url: &Url) -> Vec<(Fact, bool)> {
        let regex = regex::RegexBuilder::new(pattern).case_insensitive(true).build().unwrap();
        if !matches!(url, Url::Whole(_)) && looks_ahead(pattern) {
            return Vec::new();
        }
        self.readings(url)
            .into_iter()
            .chain(self.as_sent(url))
            .filter(|reading| on.is_none_or(|site| below(&reading.host, site)))
            .filter(|reading| regex.is_match(&format!("{}{}", reading.host, reading.path)))
            .map(|reading| (reading.fact, reading.opens))
            .collect()
    }

    /// The categories of every fact, with the list, and whether they may open.
    pub(super) fn categories(&self, url: &Url) -> Vec<(Fact, u16, u16, bool)> {
        let mut all = Vec::new();
        for (list, numbers) in self.world.lists.iter().zip(PlainList::numbers(&self.world.lists)) {
            let known: Vec<(Says, Fact, bool)> = list
                .entries
                .iter()
                .flat_map(|(says, entry)| {
                    self.known_by(entry, url).into_iter().map(|(fact, opens)| (*says, fact, opens))
                })
                .collect();
            // An exception of the host itself covers where the host leads.
            let excepted = |says: Says, fact: Fact| {
                known.iter().any(|(other, of, _)| {
                    other.excepts().contains(&says) && (*of == fact || *of == Fact::Host)
                })
            };
            for id in &list.categories {
                let category = self.world.catalogue.category_no(id).unwrap();
                all.extend(
                    known
                        .iter()
                        .filter(|(says, fact, _)| says.excepts().is_empty() && !excepted(*says, *fact))
                        .map(|(says, fact, opens)| (*fact, category, numbers[says], *opens)),
                );
            }
        }
        all
    }

    /// The facts by which an entry of a list is met, and whether it may open by each.
    fn known_by(&self, entry: &PlainEntry, url: &Url) -> Vec<(Fact, bool)> {
        match entry {
            PlainEntry::Below(name) | PlainEntry::Exact(name) => {
                let exact = matches!(entry, PlainEntry::Exact(_));
                let names = self.names().into_iter();
                names
                    .filter(|(text, _)| if exact { text == name } else { below(text, name) })
                    .map(|(_, fact)| (fact, fact == Fact::Host))
                    .collect()
            }
            PlainEntry::Address(address) => {
                let known = self.addresses().into_iter().filter(|(other, _)| other == address);
                known.map(|(_, fact)| (fact, fact == Fact::Host)).collect()
            }
            PlainEntry::Path(host, start) => {
                let known = self.readings(url).into_iter().filter(|reading| {
                    reading.fact == Fact::Path
                        && url_host(host) == url_host(&reading.host)
                        && reading.path.to_lowercase().starts_with(start)
                });
                known.map(|reading| (Fact::Path, reading.opens)).collect()
            }
            PlainEntry::Expression(pattern) => {
                let matched = self.expression(pattern, None, url);
                matched.into_iter().map(|(fact, _)| (fact, false)).collect()
            }
        }
    }

    /// The host and the names of the chain.
    pub(super) fn names(&self) -> Vec<(String, Fact)> {
        let chain = self.request.chain.iter().enumerate();
        let chain = chain.map(|(place, name)| (name.as_str().to_owned(), Fact::Chain(place as u8)));
        std::iter::once((self.host.clone(), Fact::Host)).chain(chain).collect()
    }

    /// Every address that the host is or has, each followed by the IPv4 address it leads to: that one is a fact of the
    /// answer, also where the host itself is the address.
    pub(super) fn addresses(&self) -> Vec<(IpAddr, Fact)> {
        let mut all = Vec::new();
        if let Host::Address(address) = self.request.host {
            all.push((address, Fact::Host));
            all.extend(self.inside().into_iter().map(|inside| (inside, Fact::Address(0))));
        }
        for (place, address) in self.request.addresses.iter().enumerate() {
            let fact = Fact::Address(place as u8);
            all.push((*address, fact));
            all.extend(ipv4_inside(*address).map(|inside| (inside.into(), fact)));
        }
        all
    }

    /// The IPv4 addresses that a host leads to which is an IPv6 address.
    pub(super) fn inside(&self) -> Vec<IpAddr> {
        match self.request.host {
            Host::Address(address) => ipv4_inside(address).map(IpAddr::V4).collect(),
            Host::Name(_) => Vec::new(),
        }
    }

    /// Whether an exemption for the target would cover a host with sealed entries: at it, above or below.
    pub(super) fn covers_sealed(&self, target: &Target) -> bool {
        let site = match target {
            Target::Site(site) => site.clone(),
            Target::Url(url) => {
                return self.world.sealed.iter().any(|entry| match entry {
                    PlainSealed::Host(host) => below(&url.host, host),
                    PlainSealed::Prefix(host, _) | PlainSealed::Exact(host, _) => url_host(host) == url.host,
                });
            }
            Target::Expression { on: Some(site), .. } => site.clone(),
            Target::Address(address) => {
                let insides = ipv4_inside(*address).map(IpAddr::V4);
                return std::iter::once(*address).chain(insides).map(|address| address.to_string()).any(
                    |address| {
                        self.world.sealed.iter().any(|entry| match entry {
                            PlainSealed::Host(host)
                            | PlainSealed::Prefix(host, _)
                            | PlainSealed::Exact(host, _) => *host == address,
                        })
                    },
                );
            }
            Target::Expression { on: None, .. } | Target::Category(_) => return false,
        };
        self.world.sealed.iter().any(|entry| match entry {
            PlainSealed::Host(host) => below(&site, host) || below(host, &site),
            PlainSealed::Prefix(host, _) | PlainSealed::Exact(host, _) => {
                url_host(host) == url_host(&site) || below(url_host(host), &site)
            }
        })
    }
}
