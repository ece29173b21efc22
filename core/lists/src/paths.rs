//! Parts of hosts: for each host the starts of paths that lists know, sorted, each pointing to the longest shorter
//! start of it that is listed too.

use crate::hash::Keys;
use crate::hits::{Hits, ListSetNo};

/// A host's record: offset of its text, its length, first path, count of paths, hash.
pub(crate) const HOST: usize = 24;
/// A path's record: offset of its text, its length, its set, and the record of its listed start plus 1.
pub(crate) const PATH: usize = 12;

/// The sections that hold paths.
#[derive(Clone, Copy)]
pub(crate) struct PathTable<'a> {
    pub hosts: &'a [[u8; HOST]],
    pub starts: &'a [[u8; 4]],
    pub paths: &'a [[u8; PATH]],
    pub text: &'a [u8],
    pub bits: u32,
}

/// The paths of one host.
#[derive(Clone, Copy)]
pub(crate) struct HostPaths<'a> {
    first: u32,
    paths: &'a [[u8; PATH]],
    text: &'a [u8],
}

/// A host as path entries hold it: what serves a site as `www.` or `www2.` serves the same paths.
pub(crate) fn without_www(host: &str) -> &str {
    host.strip_prefix("www")
        .map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()))
        .and_then(|rest| rest.strip_prefix('.'))
        .filter(|rest| rest.contains('.'))
        .unwrap_or(host)
}

fn number(record: &[u8], at: usize) -> Option<u32> {
    record.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

fn short(record: &[u8], at: usize) -> Option<u16> {
    record.get(at..)?.first_chunk().map(|bytes| u16::from_le_bytes(*bytes))
}

impl<'a> PathTable<'a> {
    fn text_at(&self, offset: u32, len: u16) -> Option<&'a [u8]> {
        self.text.get(offset as usize..)?.get(..usize::from(len))
    }

    /// The paths of this host.
    pub(crate) fn host(&self, keys: &Keys, host: &str) -> Option<HostPaths<'a>> {
        if self.hosts.is_empty() {
            return None;
        }
        let host = without_www(host);
        let (_, hash) = keys.whole(host.as_bytes());
        let group = u64::from(hash.place).checked_shr(32 - self.bits)? as usize;
        let start = u32::from_le_bytes(*self.starts.get(group)?) as usize;
        let end = u32::from_le_bytes(*self.starts.get(group + 1)?) as usize;
        for record in self.hosts.get(start..end)? {
            if number(record, 16) == Some(hash.place)
                && number(record, 20) == Some(hash.low)
                && self.text_at(number(record, 0)?, short(record, 4)?) == Some(host.as_bytes())
            {
                let first = number(record, 8)?;
                let count = number(record, 12)? as usize;
                let paths = self.paths.get(first as usize..)?.get(..count)?;
                return Some(HostPaths { first, paths, text: self.text });
            }
        }
        None
    }

    /// The sets that know the URL.
    pub(crate) fn path(&self, keys: &Keys, host: &str, path: &str) -> Hits {
        let mut hits = Hits::NONE;
        let Some(host) = self.host(keys, host) else { return hits };
        // The listed starts of `path` are all starts of the last entry that does not come after it.
        let after = host.paths.partition_point(|record| {
            host.text(record).is_some_and(|entry| !comes_after(entry, path.as_bytes()))
        });
        let mut at = after;
        while let Some(record) = at.checked_sub(1).and_then(|place| host.paths.get(place)) {
            if host.text(record).is_some_and(|entry| starts_with(path.as_bytes(), entry))
                && let Some(set) = short(record, 6)
            {
                hits.insert(ListSetNo(set));
            }
            // Every step goes to an earlier record, whatever the image holds.
            let parent = number(record, 8).unwrap_or(0).saturating_sub(host.first) as usize;
            at = parent.min(at - 1);
        }
        hits
    }

    /// Every listed start of a path on this host.
    pub(crate) fn paths_on(
        &self,
        keys: &Keys,
        host: &str,
    ) -> impl Iterator<Item = (&'a str, ListSetNo)> + use<'a> {
        let found = self.host(keys, host);
        found.into_iter().flat_map(|host| {
            host.paths.iter().filter_map(move |record| {
                let text = std::str::from_utf8(host.text(record)?).ok()?;
                Some((text, ListSetNo(short(record, 6)?)))
            })
        })
    }
}

impl<'a> HostPaths<'a> {
    fn text(&self, record: &[u8; PATH]) -> Option<&'a [u8]> {
        self.text.get(number(record, 0)? as usize..)?.get(..usize::from(short(record, 4)?))
    }
}

/// Whether `entry`, in lower case, comes after `path` in lower case.
fn comes_after(entry: &[u8], path: &[u8]) -> bool {
    entry.iter().copied().gt(path.iter().map(u8::to_ascii_lowercase))
}

/// Whether `path`, in lower case, starts with `entry`.
fn starts_with(path: &[u8], entry: &[u8]) -> bool {
    path.get(..entry.len()).is_some_and(|start| start.eq_ignore_ascii_case(entry))
}
