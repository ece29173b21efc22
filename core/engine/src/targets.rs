//! Finding the rules whose targets match a request, among any number of them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::net::IpAddr;

use regex::{Regex, RegexBuilder};
use regex_syntax::hir::{Look, LookSet};

use crate::document::target::{Target, UrlPrefix, url_host};
use crate::sealed::suffixes;

/// Rules by their targets. The numbers it holds are the caller's.
#[derive(Debug, Default)]
pub(crate) struct Targets {
    sites: HashMap<Box<str>, Vec<u32>, BuildHasherDefault<WordHasher>>,
    /// The most labels a site has: longer suffixes need not be looked up.
    deepest: usize,
    addresses: HashMap<IpAddr, Vec<u32>>,
    urls: HashMap<Box<str>, Vec<(UrlPrefix, u32)>, BuildHasherDefault<WordHasher>>,
    expressions: Vec<Expression>,
    categories: HashMap<u16, Vec<u32>>,
}

/// A compiled expression.
#[derive(Debug)]
pub(crate) struct Expression {
    regex: Regex,
    on: Option<Box<str>>,
    /// Whether nothing in it looks at what follows, so that a match of `host/` is a match of every URL on the host.
    counts_for_host: bool,
    number: u32,
}

/// The target names a category that the catalogue does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnknownCategory(pub String);

impl Targets {
    /// Files a rule under its target.
    pub(crate) fn add(
        &mut self,
        target: &Target,
        number: u32,
        category_no: impl Fn(&str) -> Option<u16>,
    ) -> Result<(), UnknownCategory> {
        match target {
            Target::Site(name) => {
                self.deepest = self.deepest.max(name.split('.').count());
                self.sites.entry(name.as_str().into()).or_default().push(number);
            }
            Target::Address(address) => self.addresses.entry(*address).or_default().push(number),
            Target::Url(url) => {
                self.urls.entry(url.host.as_str().into()).or_default().push((url.clone(), number));
            }
            Target::Expression { pattern, on } => {
                // The document's check compiled the same expression before.
                if let Ok(regex) = RegexBuilder::new(pattern).case_insensitive(true).build() {
                    self.expressions.push(Expression {
                        counts_for_host: !looks_ahead(pattern),
                        regex,
                        on: on.as_deref().map(Box::from),
                        number,
                    });
                }
            }
            Target::Category(id) => {
                let category = category_no(id).ok_or_else(|| UnknownCategory(id.clone()))?;
                self.categories.entry(category).or_default().push(number);
            }
        }
        Ok(())
    }

    /// The rules for a site that this name is or lies below.
    #[inline]
    pub(crate) fn sites(&self, name: &str, mut found: impl FnMut(u32)) {
        if self.sites.is_empty() {
            return;
        }
        let labels = 1 + name.bytes().filter(|&byte| byte == b'.').count();
        for suffix in suffixes(name).skip(labels.saturating_sub(self.deepest)) {
            for number in self.sites.get(suffix).into_iter().flatten() {
                found(*number);
            }
        }
    }

    /// The rules for this very address.
    pub(crate) fn address(&self, address: IpAddr, mut found: impl FnMut(u32)) {
        if !self.addresses.is_empty() {
            for number in self.addresses.get(&address.to_canonical()).into_iter().flatten() {
                found(*number);
            }
        }
    }

    /// The rules for parts of this host that hold the path.
    pub(crate) fn urls(&self, host: &str, path: &str, mut found: impl FnMut(u32)) {
        for (url, number) in self.parts_of(host) {
            if covers(&url.path, path) {
                found(*number);
            }
        }
    }

    /// All rules for parts of this host, in the order they were added.
    #[inline]
    pub(crate) fn parts_of(&self, host: &str) -> &[(UrlPrefix, u32)] {
        if self.urls.is_empty() {
            return &[];
        }
        self.urls.get(url_host(host)).map_or(&[], Vec::as_slice)
    }

    /// The expressions that match the URL. `path` is `None` where none is seen: then those alone count that match
    /// every URL on the host. With `beginning`, `path` is the beginning of what may follow.
    pub(crate) fn expressions(
        &self,
        host: &str,
        path: Option<&str>,
        beginning: bool,
        mut found: impl FnMut(u32),
    ) {
        if self.expressions.is_empty() {
            return;
        }
        with_text(host, path.unwrap_or("/"), |text| {
            for expression in &self.expressions {
                if (expression.counts_for_host || (path.is_some() && !beginning))
                    && expression.holds_on(host)
                    && expression.regex.is_match(text)
                {
                    found(expression.number);
                }
            }
        });
    }

    /// The expressions that name a site this host is or lies below: some URL on it may match each.
    pub(crate) fn expressions_on<'t>(&'t self, host: &'t str) -> impl Iterator<Item = u32> + 't {
        self.expressions
            .iter()
            .filter(move |expression| expression.on.is_some() && expression.holds_on(host))
            .map(|expression| expression.number)
    }

    /// The rules for this category.
    #[inline]
    pub(crate) fn category(&self, category: u16) -> &[u32] {
        if self.categories.is_empty() {
            return &[];
        }
        self.categories.get(&category).map_or(&[], Vec::as_slice)
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

/// A hasher for host names: words of eight bytes, multiplied and folded. The tables are filled by the school's own
/// documents, and every hit compares the whole name, so nothing is gained by making names collide.
#[derive(Default)]
pub(crate) struct WordHasher(u64);

impl WordHasher {
    #[inline]
    fn mix(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word) * 0x9e37_79b9_7f4a_7c15;
        self.0 = (product as u64) ^ (product >> 64) as u64 ^ word.rotate_left(29);
    }
}

impl Hasher for WordHasher {
    #[inline]
    fn finish(&self) -> u64 {
        let mixed = (self.0 ^ self.0 >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed ^ mixed >> 29
    }
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.mix(u64::from_le_bytes(*word));
        }
        let last = rest.iter().fold(rest.len() as u64, |word, byte| word << 8 | u64::from(*byte));
        self.mix(last);
    }
    #[inline]
    fn write_u8(&mut self, byte: u8) {
        self.mix(u64::from(byte));
    }
    #[inline]
    fn write_u32(&mut self, value: u32) {
        self.mix(u64::from(value));
    }
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
}
