//! Sealed entries: child abuse and unlawful terrorist content.
//!
//! Nothing here can say what an entry is. Entries are kept as hashes under a key that only the school holds, so that a
//! stolen policy file tells nothing; no text, error or debug line ever holds one.
//!
//! The hash is two lanes of SipHash-2-4 under keys derived from the school's key by SHA-256: 128 bits, of which the
//! first lane is looked up and the second confirms. HMAC-SHA256 would cost about a microsecond for each name of a
//! request before anything else is decided; SipHash is a keyed function made for this, costs about 25 ns, and without
//! the key its values are as useless for guessing names.

mod entries;
mod recipients;
mod siphash;

use std::collections::HashMap;
use std::fmt;

use hmac::{Hmac, Mac};
use kit::{HostName, Private, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use entries::{SealedEntryError, SealedWriter, plain_line};
pub use recipients::Recipients;
use siphash::SipKey;

use crate::document::target::url_host;

/// What is said of an exemption that would cover a host with sealed entries. Whoever reads it knows that there are some.
pub const COVERED: &str = "would open a host that nobody may open";

/// What every page and command shows while no live feed is loaded.
pub const NO_LIVE_LIST: &str = "No live IWF or police terrorist list. Do not use this as your only filter.";

/// The key under which a school's sealed entries are hashed.
#[derive(Clone)]
pub struct SealedKey(Private<[u8; 32]>);

impl SealedKey {
    /// The key made of 32 random bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(Private::new(bytes))
    }

    fn derive(&self, purpose: &str) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.0.reveal());
        hash.update(purpose.as_bytes());
        hash.finalize().into()
    }

    fn lanes(&self) -> [SipKey; 2] {
        let bytes = self.derive("sealed entry lanes");
        let word = |at: usize| {
            bytes
                .get(at..at + 8)
                .and_then(|part| part.first_chunk())
                .map_or(0, |part| u64::from_le_bytes(*part))
        };
        [SipKey([word(0), word(8)]), SipKey([word(16), word(24)])]
    }
}

impl fmt::Debug for SealedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedKey(private)")
    }
}

/// Where the entries come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Feed {
    /// Nothing was ever loaded.
    #[default]
    Never,
    /// Entries for testing the tier; none of them is real.
    Test,
    /// A live feed, as it was at `as_of`, to be trusted for `fresh_for_ms`.
    Live {
        /// When the feed was taken.
        as_of: Timestamp,
        /// How long it counts as fresh.
        fresh_for_ms: i64,
    },
}

/// How well the tier stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SealedState {
    /// Nothing was ever loaded.
    NeverConfigured,
    /// Only entries for testing are loaded.
    TestEntries,
    /// A live feed is loaded and fresh.
    Live,
    /// A live feed is loaded and old. It keeps blocking, and somebody must be told.
    Stale,
    /// Entries are there and cannot be trusted. The gate does not start with them.
    Unverifiable,
}

impl SealedState {
    /// The notice that is shown for as long as this holds.
    pub const fn notice(self) -> Option<&'static str> {
        match self {
            Self::NeverConfigured | Self::TestEntries => Some(NO_LIVE_LIST),
            Self::Live => None,
            Self::Stale => Some(
                "The IWF and police terrorist lists are out of date. They still block what they held; ask for an update now.",
            ),
            Self::Unverifiable => Some(
                "The sealed lists cannot be verified. The gate does not start without them: load them again.",
            ),
        }
    }

    /// Whether a gate may serve in this state.
    pub const fn may_serve(self) -> bool {
        !matches!(self, Self::Unverifiable)
    }
}

/// The sealed entries as the hub publishes them: hashes, and a seal over them all.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SealedHashes {
    /// Where they come from.
    pub feed: Feed,
    /// The hashes, rising, as 32 hexadecimal digits each.
    pub hashes: Vec<String>,
    /// How many hosts are sealed only in part.
    pub shared_hosts: u32,
    /// HMAC-SHA256 over all of it under the school's key, in hexadecimal; empty where nothing was ever loaded.
    pub seal: String,
}

impl fmt::Debug for SealedHashes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedHashes").field("feed", &self.feed).finish_non_exhaustive()
    }
}

/// The published entries and the key do not belong together, or the file was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sealed lists cannot be verified with this school's key; load them again from their source")]
pub struct Unverifiable;

/// What kind of thing a hash stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A host sealed whole, with everything below it.
    Host = 1,
    /// A host of which something is sealed.
    Shared = 2,
    /// A name above a host of which something is sealed.
    Above = 3,
    /// The beginning of a path on a host.
    Prefix = 4,
    /// One exact path with its query on a host.
    Exact = 5,
}

/// The sealed entries, ready to be asked. `Debug` shows the state alone.
#[derive(Clone)]
pub struct Sealed {
    key: SealedKey,
    lanes: [SipKey; 2],
    feed: Feed,
    shared_hosts: u32,
    hashes: HashMap<u64, u64, std::hash::BuildHasherDefault<AsIs>>,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealed").field("feed", &self.feed).finish_non_exhaustive()
    }
}

impl Sealed {
    /// No entries: nothing was ever loaded.
    pub fn never_configured() -> Self {
        Self::from_hashes(SealedKey::new([0; 32]), Feed::Never, 0, [])
    }

    /// Opens published entries; refuses those that were not sealed under this key.
    pub fn open(key: SealedKey, published: &SealedHashes) -> Result<Self, Unverifiable> {
        if published.feed == Feed::Never && published.hashes.is_empty() {
            return Ok(Self::from_hashes(key, Feed::Never, 0, []));
        }
        let seal = from_hex(&published.seal).ok_or(Unverifiable)?;
        let mut mac = mac(&key, published.feed, published.shared_hosts)?;
        let mut all = Vec::with_capacity(published.hashes.len());
        for text in &published.hashes {
            let bytes = from_hex(text).ok_or(Unverifiable)?;
            let hash = <[u8; 16]>::try_from(bytes).map_err(|_| Unverifiable)?;
            mac.update(&hash);
            all.push(u128::from_be_bytes(hash));
        }
        mac.verify_slice(&seal).map_err(|_| Unverifiable)?;
        Ok(Self::from_hashes(key, published.feed, published.shared_hosts, all))
    }

    pub(crate) fn from_hashes(
        key: SealedKey,
        feed: Feed,
        shared_hosts: u32,
        all: impl IntoIterator<Item = u128>,
    ) -> Self {
        let lanes = key.lanes();
        let hashes = all.into_iter().map(|hash| ((hash >> 64) as u64, hash as u64)).collect();
        Self { key, lanes, feed, shared_hosts, hashes }
    }

    /// The entries as they are published.
    pub fn publish(&self) -> SealedHashes {
        if self.feed == Feed::Never && self.hashes.is_empty() {
            return SealedHashes::default();
        }
        let mut all: Vec<u128> = self.all().collect();
        all.sort_unstable();
        let seal = mac(&self.key, self.feed, self.shared_hosts).map(|mut mac| {
            for hash in &all {
                mac.update(&hash.to_be_bytes());
            }
            to_hex(&mac.finalize().into_bytes())
        });
        SealedHashes {
            feed: self.feed,
            hashes: all.iter().map(|hash| format!("{hash:032x}")).collect(),
            shared_hosts: self.shared_hosts,
            seal: seal.unwrap_or_default(),
        }
    }

    /// Vouches for public keys under the same key as for the entries.
    pub fn vouch_for(&self, keys: Vec<String>) -> Recipients {
        Recipients::seal(&self.key, keys)
    }

    /// How well the tier stands at `at`.
    pub fn state(&self, at: Timestamp) -> SealedState {
        match self.feed {
            Feed::Never => SealedState::NeverConfigured,
            Feed::Test => SealedState::TestEntries,
            Feed::Live { as_of, fresh_for_ms } if at > as_of.plus_millis(fresh_for_ms) => SealedState::Stale,
            Feed::Live { .. } => SealedState::Live,
        }
    }

    /// Where the entries come from.
    pub const fn feed(&self) -> Feed {
        self.feed
    }

    /// How many hashes there are. A host is one and one more for each name above it, so this counts no sites.
    pub fn len(&self) -> usize {
        self.hashes.len()
    }

    fn all(&self) -> impl Iterator<Item = u128> + '_ {
        self.hashes.iter().map(|(first, second)| u128::from(*first) << 64 | u128::from(*second))
    }

    fn contains(&self, hash: u128) -> bool {
        self.hashes.get(&((hash >> 64) as u64)).is_some_and(|second| *second == hash as u64)
    }

    /// Whether there are no entries at all.
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// How many hosts are sealed only in part: a gap wherever no more than the name is seen.
    pub const fn shared_hosts(&self) -> u32 {
        self.shared_hosts
    }

    /// Whether the host, or one above it, is sealed whole.
    pub fn holds_host(&self, host: &str) -> bool {
        !self.is_empty() && suffixes(host).any(|name| self.has(Form::Host, &[name.as_bytes()]))
    }

    /// Whether a part of this very host is sealed.
    pub fn holds_part_of(&self, host: &str) -> bool {
        !self.is_empty() && self.has(Form::Shared, &[url_host(host).as_bytes()])
    }

    /// Whether the path on this host is sealed, by a prefix or exactly, as it stands or in another reading. `path` is
    /// canonical with its query. Letter case is ignored. Both seal more and never less.
    pub fn holds_path(&self, host: &str, path: &str) -> bool {
        self.holds_part_of(host)
            && (self.holds_spelling(host, path)
                || kit::path::other_readings(path).iter().any(|other| self.holds_spelling(host, other)))
    }

    /// Whether every path on this host that begins so is sealed. One may go on so that other readings of it differ.
    pub(crate) fn holds_beginning(&self, host: &str, path: &str) -> bool {
        self.holds_part_of(host) && self.holds_spelling(host, path)
    }

    fn holds_spelling(&self, host: &str, path: &str) -> bool {
        let host = url_host(host).as_bytes();
        let path = path.to_ascii_lowercase();
        let ends = path.match_indices(['/', '?', '&']).map(|(end, _)| end).filter(|end| *end > 0);
        ends.chain([path.len()]).any(|end| {
            path.get(..end).is_some_and(|start| {
                let start = start.trim_end_matches('/');
                self.has(Form::Prefix, &[host, start.as_bytes()])
            })
        }) || self.has(Form::Exact, &[host, path.as_bytes()])
    }

    /// Whether an exemption for this site, or for a part of it, would cover a host with sealed entries: one at, above
    /// or below the site.
    pub fn is_covered_by(&self, site: HostName<'_>) -> bool {
        let name = site.as_str();
        self.holds_host(name) || self.holds_part_of(name) || self.has(Form::Above, &[name.as_bytes()])
    }

    #[inline]
    fn has(&self, form: Form, parts: &[&[u8]]) -> bool {
        let [first, second] = self.lanes;
        self.hashes
            .get(&first.hash(form as u8, parts))
            .is_some_and(|confirm| *confirm == second.hash(form as u8, parts))
    }
}

/// The name and every name above it.
pub(crate) fn suffixes(host: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(host), |name| name.split_once('.').map(|(_, above)| above))
}

fn mac(key: &SealedKey, feed: Feed, shared_hosts: u32) -> Result<Hmac<Sha256>, Unverifiable> {
    let mut mac =
        <Hmac<Sha256> as Mac>::new_from_slice(&key.derive("sealed entry seal")).map_err(|_| Unverifiable)?;
    mac.update(&serde_json::to_vec(&feed).map_err(|_| Unverifiable)?);
    mac.update(&shared_hosts.to_be_bytes());
    Ok(mac)
}

fn to_hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// The keys of the table are hashes already.
#[derive(Default)]
struct AsIs(u64);

impl std::hash::Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

#[cfg(test)]
mod tests;
