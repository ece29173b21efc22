//! Taking in sealed entries. Their text is hashed at once and kept nowhere.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};

use kit::address::literal;
use kit::host::normalise_host_name;

use super::{Feed, Form, Sealed, SealedKey, suffixes};
use crate::document::target::url_host;

/// A line that could not be taken. It doesn't say what the line held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the entry is neither a host nor a URL")]
pub struct SealedEntryError;

/// Hashes sealed entries under a school's key.
#[derive(Debug)]
pub struct SealedWriter {
    sealed: Sealed,
    hashes: BTreeSet<u128>,
    shared: HashSet<u128>,
}

impl SealedWriter {
    /// A writer for one feed.
    pub fn new(key: SealedKey, feed: Feed) -> Self {
        Self {
            sealed: Sealed::from_hashes(key, feed, 0, []),
            hashes: BTreeSet::new(),
            shared: HashSet::new(),
        }
    }

    /// Takes a host: it and everything below it is sealed.
    pub fn host(&mut self, text: &str) -> Result<(), SealedEntryError> {
        let host = host_text(text.trim()).ok_or(SealedEntryError)?;
        self.put(Form::Host, &[host.as_bytes()]);
        self.above(&host);
        Ok(())
    }

    /// Takes a line of a feed: a host, or a URL, as [`plain_line`] has it. A URL with a query is taken exactly, any other
    /// with all that lies below it: that seals more and never less.
    pub fn line(&mut self, text: &str) -> Result<(), SealedEntryError> {
        let text = &*plain_line(text)?;
        let bare = text.split_once("://").map_or(text, |(_, rest)| rest);
        match bare.split_once(['/', '?']) {
            None if bare == text => self.host(text),
            Some((_, path)) if text.contains('?') && !path.is_empty() => self.exact(text),
            None | Some(_) => self.prefix(text),
        }
    }

    /// Takes the beginning of a URL: everything below it is sealed. One without a path seals the host.
    pub fn prefix(&mut self, text: &str) -> Result<(), SealedEntryError> {
        let (host, path) = split(text).ok_or(SealedEntryError)?;
        let path = path.split('?').next().unwrap_or_default();
        let bare = path.trim_end_matches('/');
        if bare.is_empty() {
            return self.host(&host);
        }
        self.part(Form::Prefix, &host, bare);
        // As the other reading of what is asked for is.
        let wide = kit::path::widest(path).to_ascii_lowercase();
        let wide = wide.trim_end_matches('/');
        if !wide.is_empty() && wide != bare {
            self.part(Form::Prefix, &host, wide);
        }
        Ok(())
    }

    /// Takes one exact URL.
    pub fn exact(&mut self, text: &str) -> Result<(), SealedEntryError> {
        let (host, path) = split(text).ok_or(SealedEntryError)?;
        self.part(Form::Exact, &host, &path);
        let wide = kit::path::widest(&path).to_ascii_lowercase();
        if wide != path {
            self.part(Form::Exact, &host, &wide);
        }
        Ok(())
    }

    /// The entries, ready to be asked.
    pub fn finish(self) -> Sealed {
        let shared = u32::try_from(self.shared.len()).unwrap_or(u32::MAX);
        Sealed::from_hashes(self.sealed.key.clone(), self.sealed.feed, shared, self.hashes)
    }

    /// The same with every entry of an earlier version kept, whether this one holds it or not. Both under one key.
    pub fn finish_with(mut self, earlier: &Sealed) -> Sealed {
        let known = self.shared.iter().filter(|hash| earlier.contains(**hash)).count();
        let kept = (earlier.shared_hosts as usize).saturating_sub(known);
        let shared = u32::try_from(self.shared.len() + kept).unwrap_or(u32::MAX);
        self.hashes.extend(earlier.all());
        Sealed::from_hashes(self.sealed.key.clone(), self.sealed.feed, shared, self.hashes)
    }

    /// How many entries of an earlier version this one does not hold.
    pub fn lacks(&self, earlier: &Sealed) -> usize {
        earlier.all().filter(|hash| !self.hashes.contains(hash)).count()
    }

    fn part(&mut self, form: Form, host: &str, path: &str) {
        let host = url_host(host);
        self.put(form, &[host.as_bytes(), path.as_bytes()]);
        let shared = self.put(Form::Shared, &[host.as_bytes()]);
        self.shared.insert(shared);
        self.above(host);
    }

    fn above(&mut self, host: &str) {
        if literal(host).is_none() {
            for name in suffixes(host).skip(1) {
                self.put(Form::Above, &[name.as_bytes()]);
            }
        }
    }

    fn put(&mut self, form: Form, parts: &[&[u8]]) -> u128 {
        let [first, second] = self.sealed.lanes;
        let hash =
            u128::from(first.hash(form as u8, parts)) << 64 | u128::from(second.hash(form as u8, parts));
        self.hashes.insert(hash);
        hash
    }
}

/// A line of a feed as an entry is read from it: without the fragment, which no request carries, and without `*.` before
/// the host, since a host is taken with all below it. Any other `*` is refused: it would seal nothing that is meant. A
/// path that really has one is written with `%2A`. A port after a host alone is left out, which seals more.
pub fn plain_line(text: &str) -> Result<Cow<'_, str>, SealedEntryError> {
    let text = text.split_once('#').map_or(text, |(before, _)| before).trim();
    let (scheme, bare) = match text.find("://") {
        Some(at) => text.split_at(at + 3),
        None => ("", text),
    };
    let plain = bare.strip_prefix("*.").unwrap_or(bare);
    if plain.contains('*') || (plain.len() < bare.len() && plain.contains(['/', '?', '@'])) {
        return Err(SealedEntryError);
    }
    if scheme.is_empty() && !plain.contains(['/', '?', '@']) && literal(plain).is_none() {
        return Ok(Cow::Borrowed(without_port(plain)));
    }
    Ok(if plain.len() < bare.len() { Cow::Owned(format!("{scheme}{plain}")) } else { Cow::Borrowed(text) })
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// The host's canonical text: a name, or an address as it is written.
fn host_text(text: &str) -> Option<String> {
    literal(text).map(|address| address.to_string()).or_else(|| normalise_host_name(text))
}

/// Host and canonical, lower-case path of a URL with or without its scheme.
fn split(text: &str) -> Option<(String, String)> {
    let text = text.trim();
    let bare = text.split_once("://").map_or(text, |(_, rest)| rest);
    let (host, path) = match bare.find(['/', '?']) {
        Some(at) => bare.split_at(at),
        None => (bare, "/"),
    };
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let host = without_port(host);
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    Some((host_text(host)?, kit::path::canonical(&path).to_ascii_lowercase()))
}
