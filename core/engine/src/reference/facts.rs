//! What a request's facts match.

use kit::Host;

use super::{Asking, Match, PlainEntry, PlainSealed, Url, below};
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
            Target::Address(address) => {
                let host = (self.request.host == Host::Address(*address)).then_some(Fact::Host);
                let rest = self.request.addresses.iter().enumerate().filter(|(_, other)| *other == address);
                host.into_iter().chain(rest.map(|(place, _)| Fact::Address(place as u8))).map(whole).collect()
            }
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
                } else if self.wide(url).is_some_and(|path| under(&path)) {
                    vec![(Fact::Path, None, None, false)]
                } else {
                    Vec::new()
                }
            }
            Target::Expression { pattern, on } => {
                let on_site = on.as_ref().is_none_or(|site| below(&self.host, site));
                let given = rule.is_some_and(|rule| *url == Url::Matching(rule));
                let mut all: Vec<Match> =
                    self.expression(pattern, url).filter(|_| on_site).map(whole).into_iter().collect();
                if on_site && self.wide(url).is_some_and(|path| self.is_match(pattern, &path)) {
                    all.push((Fact::Path, None, None, false));
                }
                if given {
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

    pub(super) fn is_match(&self, pattern: &str, path: &str) -> bool {
        let text = format!("{}{path}", self.host);
        regex::RegexBuilder::new(pattern).case_insensitive(true).build().unwrap().is_match(&text)
    }

    pub(super) fn expression(&self, pattern: &str, url: &Url) -> Option<Fact> {
        match url {
            Url::Whole(path) => self.is_match(pattern, path).then_some(Fact::Path),
            Url::Beginning(path) => {
                (!looks_ahead(pattern) && self.is_match(pattern, path)).then_some(Fact::Path)
            }
            Url::Fresh | Url::Matching(_) => {
                (!looks_ahead(pattern) && self.is_match(pattern, "/")).then_some(Fact::Host)
            }
        }
    }

    /// The categories of every fact, with the list, and whether they may open.
    pub(super) fn categories(&self, url: &Url) -> Vec<(Fact, u16, u16, bool)> {
        let mut all = Vec::new();
        for (number, list) in self.world.lists.iter().enumerate() {
            let mut facts: Vec<(Fact, bool)> = Vec::new();
            for entry in &list.entries {
                match entry {
                    PlainEntry::Below(name) | PlainEntry::Exact(name) => {
                        let exact = matches!(entry, PlainEntry::Exact(_));
                        let known = self
                            .names()
                            .into_iter()
                            .filter(|(text, _)| if exact { text == name } else { below(text, name) });
                        facts.extend(known.map(|(_, fact)| (fact, fact == Fact::Host)));
                    }
                    PlainEntry::Address(address) => {
                        if self.request.host == Host::Address(*address) {
                            facts.push((Fact::Host, true));
                        }
                        let rest =
                            self.request.addresses.iter().enumerate().filter(|(_, other)| *other == address);
                        facts.extend(rest.map(|(place, _)| (Fact::Address(place as u8), false)));
                    }
                    PlainEntry::Path(host, start) => {
                        let known = url_host(host) == url_host(&self.host)
                            && self.path(url).is_some_and(|path| path.to_lowercase().starts_with(start));
                        facts.extend(known.then_some((Fact::Path, true)));
                        let widely = url_host(host) == url_host(&self.host)
                            && self.wide(url).is_some_and(|path| path.to_lowercase().starts_with(start));
                        facts.extend(widely.then_some((Fact::Path, false)));
                    }
                    PlainEntry::Expression(pattern) => {
                        facts.extend(self.expression(pattern, url).map(|fact| (fact, false)));
                        let widely = self.wide(url).is_some_and(|path| self.is_match(pattern, &path));
                        facts.extend(widely.then_some((Fact::Path, false)));
                    }
                }
            }
            for id in &list.categories {
                let category = self.world.catalogue.category_no(id).unwrap();
                all.extend(facts.iter().map(|(fact, opens)| (*fact, category, number as u16, *opens)));
            }
        }
        all
    }

    /// The host and the names of the chain.
    pub(super) fn names(&self) -> Vec<(String, Fact)> {
        let chain = self.request.chain.iter().enumerate();
        let chain = chain.map(|(place, name)| (name.as_str().to_owned(), Fact::Chain(place as u8)));
        std::iter::once((self.host.clone(), Fact::Host)).chain(chain).collect()
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
            Target::Address(address) => address.to_string(),
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
