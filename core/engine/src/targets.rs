//! Finding the rules whose targets match a request, among any number of them.

use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasherDefault;
use std::net::IpAddr;

use hashbrown::HashTable;
use kit::hash::WordHasher;
use lists::{NameHasher, Suffixes};
use regex::{Regex, RegexBuilder};
use regex_syntax::hir::{Look, LookSet};

use crate::document::target::{Target, UrlPrefix, url_host};
use crate::identity::PersonNo;
use crate::sealed::suffixes;

/// Rules by their targets. The numbers it holds are the caller's. A rule may belong to one person: it is then found
/// only for them.
///
/// Sites and parts of sites lie in one table under the hash of their name that the list index computes anyway, so that
/// a request's name is hashed once for everything.
#[derive(Debug)]
pub(crate) struct Targets {
    hasher: NameHasher,
    /// Places in `names`, by [`Name::key`].
    table: HashTable<u32>,
    names: Vec<Name>,
    /// Bit n is set where a site has n labels: other suffixes need not be looked up.
    label_counts: u64,
    /// Whether any rule is for a part of a site.
    has_parts: bool,
    /// Who has rules of their own.
    owners: HashSet<PersonNo, BuildHasherDefault<WordHasher>>,
    addresses: HashMap<(IpAddr, Owner), Vec<u32>>,
    expressions: Vec<Expression>,
    categories: HashMap<(u16, Owner), Vec<u32>, BuildHasherDefault<WordHasher>>,
}

/// Whom a rule belongs to: one person, or all that its audience says.
pub(crate) type Owner = Option<PersonNo>;

/// A name that rules are about.
#[derive(Debug)]
struct Name {
    key: u64,
    owner: Owner,
    text: Box<str>,
    /// The rules for the site.
    sites: Vec<u32>,
    /// The rules for parts of this very host.
    parts: Vec<Part>,
}

/// A rule for a part of a host.
#[derive(Debug)]
pub(crate) struct Part {
    pub url: UrlPrefix,
    pub number: u32,
    /// The widest reading of the path, where that is another.
    wide: Option<Box<str>>,
}

/// A compiled expression.
#[derive(Debug)]
pub(crate) struct Expression {
    regex: Regex,
    on: Option<Box<str>>,
    /// Whether nothing in it looks at what follows, so that a match of `host/` is a match of every URL on the host.
    counts_for_host: bool,
    number: u32,
    owner: Owner,
}

/// The target names a category that the catalogue does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnknownCategory(pub String);

/// A host as the tables are asked for it: its text, and its suffixes as soon as one table needs them.
pub(crate) struct Hashed<'a> {
    pub text: &'a str,
    hasher: &'a NameHasher,
    suffixes: OnceCell<Suffixes>,
}

impl<'a> Hashed<'a> {
    #[inline]
    pub(crate) const fn new(text: &'a str, hasher: &'a NameHasher) -> Self {
        Self { text, hasher, suffixes: OnceCell::new() }
    }

    /// Every suffix, hashed the first time it is asked for.
    #[inline]
    pub(crate) fn suffixes(&self) -> &Suffixes {
        self.suffixes.get_or_init(|| self.hasher.suffixes(self.text))
    }

    /// The host as parts of sites are kept, and its key.
    #[inline]
    fn of_parts(&self) -> Option<(&'a str, u64)> {
        let text = url_host(self.text);
        let start = self.text.len() - text.len();
        let suffix = self.suffixes().iter().rev().find(|suffix| suffix.start() == start)?;
        Some((text, suffix.key()))
    }
}

impl Targets {
    /// No rules yet; names will be asked for with this hasher's suffixes.
    pub(crate) fn new(hasher: NameHasher) -> Self {
        Self {
            hasher,
            table: HashTable::new(),
            names: Vec::new(),
            label_counts: 0,
            has_parts: false,
            owners: HashSet::default(),
            addresses: HashMap::new(),
            expressions: Vec::new(),
            categories: HashMap::default(),
        }
    }

    /// Files a rule under its target.
    pub(crate) fn add(
        &mut self,
        target: &Target,
        owner: Owner,
        number: u32,
        category_no: impl Fn(&str) -> Option<u16>,
    ) -> Result<(), UnknownCategory> {
        match target {
            Target::Site(name) => {
                self.label_counts |= 1 << name.split('.').count().min(63);
                self.name(name, owner, |name| name.sites.push(number));
            }
            Target::Address(address) => self.addresses.entry((*address, owner)).or_default().push(number),
            Target::Url(url) => {
                self.has_parts = true;
                let wide = kit::path::widest(&url.path);
                let wide = (*wide != url.path).then(|| wide.as_ref().into());
                self.name(&url.host, owner, |name| name.parts.push(Part { url: url.clone(), number, wide }));
            }
            Target::Expression { pattern, on } => {
                // The document's check compiled the same expression before.
                if let Ok(regex) = RegexBuilder::new(pattern).case_insensitive(true).build() {
                    self.expressions.push(Expression {
                        counts_for_host: !looks_ahead(pattern),
                        regex,
                        on: on.as_deref().map(Box::from),
                        number,
                        owner,
                    });
                }
            }
            Target::Category(id) => {
                let category = category_no(id).ok_or_else(|| UnknownCategory(id.clone()))?;
                self.categories.entry((category, owner)).or_default().push(number);
            }
        }
        self.owners.extend(owner);
        Ok(())
    }

    /// Finds or makes the record of a name.
    fn name(&mut self, text: &str, owner: Owner, change: impl FnOnce(&mut Name)) {
        let key = owned_key(self.hasher.key(text), owner);
        let names = &mut self.names;
        let found = self.table.entry(
            key,
            |place| names.get(*place as usize).is_some_and(|name| name.is(text, owner)),
            |place| names.get(*place as usize).map_or(0, |name| name.key),
        );
        let place = *found
            .or_insert_with(|| {
                let (sites, parts) = (Vec::new(), Vec::new());
                self.names.push(Name { key, owner, text: text.into(), sites, parts });
                u32::try_from(self.names.len() - 1).unwrap_or(u32::MAX)
            })
            .get();
        if let Some(name) = self.names.get_mut(place as usize) {
            change(name);
        }
    }

    /// `person`, if they have rules of their own: what the other functions are then to be asked for besides `None`.
    #[inline]
    pub(crate) fn owner(&self, person: Option<PersonNo>) -> Owner {
        if self.owners.is_empty() { None } else { person.filter(|person| self.owners.contains(person)) }
    }

    #[inline]
    fn find(&self, text: &str, key: u64, owner: Owner) -> Option<&Name> {
        let key = owned_key(key, owner);
        let place = self.table.find(key, |place| {
            // The key tells nearly all that are not it, without going for their text.
            self.names.get(*place as usize).is_some_and(|name| name.key == key && name.is(text, owner))
        })?;
        self.names.get(*place as usize)
    }

    /// The rules of this owner for a site that this name is or lies below.
    #[inline]
    pub(crate) fn sites(&self, name: &Hashed<'_>, owner: Owner, mut found: impl FnMut(u32)) {
        if self.label_counts == 0 {
            return;
        }
        for suffix in &**name.suffixes() {
            if self.label_counts >> suffix.labels().min(63) & 1 == 1 {
                let text = name.text.get(suffix.start()..).unwrap_or("");
                for number in self.find(text, suffix.key(), owner).into_iter().flat_map(|name| &name.sites) {
                    found(*number);
                }
            }
        }
    }

    /// The rules of this owner for this very address.
    pub(crate) fn address(&self, address: IpAddr, owner: Owner, mut found: impl FnMut(u32)) {
        if !self.addresses.is_empty() {
            for number in self.addresses.get(&(address.to_canonical(), owner)).into_iter().flatten() {
                found(*number);
            }
        }
    }

    /// The rules of this owner for parts of this host that hold the path, and whether they do so as it stands: if not,
    /// they hold one of its `others`, its other readings, and may only block.
    pub(crate) fn urls(
        &self,
        host: &Hashed<'_>,
        path: &str,
        others: &[String],
        owner: Owner,
        mut found: impl FnMut(u32, bool),
    ) {
        let readings = || std::iter::once(path).chain(others.iter().map(String::as_str));
        for part in self.parts_of(host, owner) {
            let as_it_stands = covers(&part.url.path, path);
            let known = part.wide.as_deref().unwrap_or(&part.url.path);
            if as_it_stands || readings().any(|reading| covers(known, reading)) {
                found(part.number, as_it_stands);
            }
        }
    }

    /// All rules of this owner for parts of this host, in the order they were added.
    #[inline]
    pub(crate) fn parts_of(&self, host: &Hashed<'_>, owner: Owner) -> &[Part] {
        if !self.has_parts {
            return &[];
        }
        let name = host.of_parts().and_then(|(text, key)| self.find(text, key, owner));
        name.map_or(&[], |name| name.parts.as_slice())
    }

    /// Whether what is said of this host may depend on a path, whoever asks.
    pub(crate) fn tells_paths_apart(&self, host: &Hashed<'_>) -> bool {
        // Parts that are somebody's own are not looked for one by one.
        (self.has_parts && (!self.owners.is_empty() || !self.parts_of(host, None).is_empty()))
            || self.expressions.iter().any(|expression| expression.holds_on(host.text))
    }

    /// The expressions of this owner that match the URL. `path` is `None` where none is seen: then those alone count
    /// that match every URL on the host. With `beginning`, `path` is the beginning of what may follow.
    pub(crate) fn expressions(
        &self,
        host: &str,
        path: Option<&str>,
        beginning: bool,
        owner: Owner,
        mut found: impl FnMut(u32),
    ) {
        if self.expressions.is_empty() {
            return;
        }
        with_text(host, path.unwrap_or("/"), |text| {
            for expression in &self.expressions {
                if (expression.counts_for_host || (path.is_some() && !beginning))
                    && expression.owner == owner
                    && expression.holds_on(host)
                    && expression.regex.is_match(text)
                {
                    found(expression.number);
                }
            }
        });
    }

    /// The expressions of this owner that name a site this host is or lies below: some URL on it may match each.
    pub(crate) fn expressions_on<'t>(
        &'t self,
        host: &'t str,
        owner: Owner,
    ) -> impl Iterator<Item = u32> + 't {
        self.expressions
            .iter()
            .filter(move |one| one.on.is_some() && one.owner == owner && one.holds_on(host))
            .map(|expression| expression.number)
    }

    /// The rules of this owner for this category.
    #[inline]
    pub(crate) fn category(&self, category: u16, owner: Owner) -> &[u32] {
        if self.categories.is_empty() {
            return &[];
        }
        self.categories.get(&(category, owner)).map_or(&[], Vec::as_slice)
    }
}

/// The key of a name in the table of one who has rules of their own.
#[inline]
fn owned_key(key: u64, owner: Owner) -> u64 {
    owner.map_or(key, |person| key ^ (u64::from(person.0) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

impl Name {
    #[inline]
    fn is(&self, text: &str, owner: Owner) -> bool {
        self.owner == owner && *self.text == *text
    }
}

impl Expression {
    fn holds_on(&self, host: &str) -> bool {
        self.on.as_deref().is_none_or(|site| suffixes(host).any(|name| name == site))
    }
}

/// Calls `read` with `host` and `path` as one text, in a buffer that is kept for the next time.
pub(crate) fn with_text<T>(host: &str, path: &str, read: impl FnOnce(&str) -> T) -> T {
    thread_local! {
        static BUFFER: RefCell<String> = const { RefCell::new(String::new()) };
    }
    BUFFER.with(|buffer| match buffer.try_borrow_mut() {
        Ok(mut buffer) => {
            buffer.clear();
            buffer.push_str(host);
            buffer.push_str(path);
            read(&buffer)
        }
        Err(_) => read(&format!("{host}{path}")),
    })
}

/// Whether a prefix covers the path, letter case ignored.
pub(crate) fn covers(prefix: &str, path: &str) -> bool {
    let (prefix, path) = (prefix.as_bytes(), path.as_bytes());
    path.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        && match (path.get(prefix.len()), prefix.last()) {
            (None, _) => true,
            (Some(next), last) => b"/?&".contains(next) || last.is_some_and(|last| b"/?&=".contains(last)),
        }
}

/// Whether an expression looks at what follows a match (`$`, `\z`, a word's edge): it may then match `host/` and not
/// `host/page`.
pub(crate) fn looks_ahead(pattern: &str) -> bool {
    let only_back = LookSet::singleton(Look::Start).insert(Look::StartLF).insert(Look::StartCRLF);
    match regex_syntax::parse(pattern) {
        Ok(hir) => {
            let looks = hir.properties().look_set();
            looks.union(only_back) != only_back
        }
        Err(_) => true,
    }
}

/// Whether an expression matches whatever it is asked about.
pub(crate) fn matches_everything(pattern: &str) -> bool {
    let only_start = LookSet::singleton(Look::Start).insert(Look::StartLF).insert(Look::StartCRLF);
    regex_syntax::parse(pattern).is_ok_and(|hir| {
        let properties = hir.properties();
        properties.minimum_len() == Some(0) && properties.look_set().union(only_start) == only_start
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_that_looks_ahead_says_nothing_of_the_host() {
        for (pattern, looks) in [
            ("games", false),
            ("^games\\.example/", false),
            ("example/$", true),
            ("(a|b$)", true),
            ("\\bgames\\b", true),
            ("example/\\z", true),
        ] {
            assert_eq!(looks_ahead(pattern), looks, "{pattern}");
        }
    }

    #[test]
    fn an_expression_that_may_match_nothing_at_the_beginning_matches_everything() {
        for (pattern, everything) in [
            ("^", true),
            (".*", true),
            ("^.*", true),
            ("x*", true),
            ("^$", false),
            (".+", false),
            ("a", false),
        ] {
            assert_eq!(matches_everything(pattern), everything, "{pattern}");
        }
    }
}
