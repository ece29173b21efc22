//! Since when each list has held each of its entries, and under which licence it may be used.
//!
//! This is cold: it is written after an index has gone into use, lies in a file of its own, and is read only to explain an
//! answer. An entry is kept as 48 bits of a keyed hash. Those of a list with the same dates are one [`Group`], sorted and
//! written as the differences between neighbours, about four bytes each; dates cost nothing for each entry. A list that has
//! not changed is carried over as it lies.

mod bits;
mod merge;
mod renew;

use std::net::IpAddr;

use kit::{HostName, Timestamp, Zone};
use regex::RegexBuilder;
use serde::{Deserialize, Serialize};

use crate::entry::{Entry, Says};
use crate::hash::{Keys, Seed};
use crate::index::{Image, ListIndex};
use crate::paths::without_www;
pub use renew::{Changed, InUse, MOST_OF_A_LIST, Renewed, Taking, renew};

/// A day in UTC, counted from 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Day(u32);

const DAY_MS: i64 = 86_400_000;

impl Day {
    /// The day of a moment.
    pub fn of(at: Timestamp) -> Self {
        Self(u32::try_from(at.as_millis().div_euclid(DAY_MS)).unwrap_or(0))
    }

    /// How many days it comes after another; 0 where it does not.
    pub const fn since(self, other: Self) -> u32 {
        self.0.saturating_sub(other.0)
    }
}

/// As in `2026-11-23`.
impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = Timestamp::from_millis(i64::from(self.0) * DAY_MS);
        write!(f, "{}", Zone::utc().local(at).date())
    }
}

/// When an entry came into its list, and went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Seen {
    /// When it was there for the first time.
    pub first: Day,
    /// Since when it is there, or was before it went: later than `first` where it had gone and came back.
    pub since: Day,
    /// When it was found gone for the last time, where it ever was.
    pub left: Option<Day>,
    /// Whether it is gone now.
    pub gone: bool,
}

impl Seen {
    /// An entry that is new on that day.
    pub const fn new(day: Day) -> Self {
        Self { first: day, since: day, left: None, gone: false }
    }

    const fn goes(self, day: Day) -> Self {
        if self.gone { self } else { Self { left: Some(day), gone: true, ..self } }
    }

    const fn stays_or_returns(self, day: Day) -> Self {
        if self.gone { Self { since: day, gone: false, ..self } } else { self }
    }
}

/// How the entries of a group are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Kind {
    /// Hashes of names, paths and expressions.
    Hashed,
    /// Ranges of addresses, as they are.
    Ranges,
}

/// Entries of one list with the same dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "GroupTuple", into = "GroupTuple")]
struct Group {
    kind: Kind,
    seen: Seen,
    count: u32,
    /// How many low bits of each difference are written as they are.
    bits: u8,
    offset: u64,
    len: u64,
    sum: u32,
}

/// A group as it is written: there may be thousands.
type GroupTuple = (u8, Day, Day, Option<Day>, bool, u32, u8, u64, u64, u32);

impl From<GroupTuple> for Group {
    fn from((kind, first, since, left, gone, count, bits, offset, len, sum): GroupTuple) -> Self {
        let kind = if kind == 1 { Kind::Ranges } else { Kind::Hashed };
        Self { kind, seen: Seen { first, since, left, gone }, count, bits: bits.min(47), offset, len, sum }
    }
}

impl From<Group> for GroupTuple {
    fn from(group: Group) -> Self {
        let Seen { first, since, left, gone } = group.seen;
        let kind = u8::from(group.kind == Kind::Ranges);
        (kind, first, since, left, gone, group.count, group.bits, group.offset, group.len, group.sum)
    }
}

/// One list, as it is known here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OriginList {
    /// Its id.
    pub id: String,
    /// The version that was read last.
    pub version: u32,
    /// What its maker or the school says of its licence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// Since when it is in use, or was.
    pub since: Day,
    /// When it was found out of use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out: Option<Day>,
    /// Whether it has more entries than are kept here.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub too_long: bool,
    /// Days that are the latest possible ones: what was known of the list before each was lost, or never written down, so
    /// that what came in that time has this day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unsure: Vec<Day>,
    groups: Vec<Group>,
}

impl OriginList {
    /// Whether what it says of that day happened then or earlier, and nobody knows when.
    pub fn is_latest_possible(&self, day: Day) -> bool {
        self.unsure.contains(&day)
    }

    /// How many entries are in it now.
    pub fn entries(&self) -> u64 {
        self.groups.iter().filter(|group| !group.seen.gone).map(|group| u64::from(group.count)).sum()
    }
}

/// What stands at the end of the file.
#[derive(Debug, Serialize, Deserialize)]
struct Directory {
    key: [u8; 16],
    generation: u64,
    lists: Vec<OriginList>,
}

const MAGIC: [u8; 16] = *b"fivebar origins\n";
/// Where the directory lies, how long it is and its checksum, and the magic again.
const TAIL: usize = 8 + 8 + 4 + 16;

/// The file is damaged, or none of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what is kept of when lists took in their entries is damaged")]
pub struct OriginsDamaged;

/// The file, opened. Damage is found where it is read: of the directory now, of a group when it is asked.
pub struct Origins {
    image: Image,
    keys: OriginKeys,
    directory: Directory,
}

/// One entry that names, or named, what was asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin<'o, 'a> {
    /// The list.
    pub list: &'o OriginList,
    /// What it says.
    pub says: Says,
    /// The entry.
    pub entry: Entry<'a>,
    /// Since when.
    pub seen: Seen,
}

/// One expression may take so much once compiled.
const EXPRESSION_BYTES: usize = 4 << 20;

/// What to look for: entries of lists that would name one site.
#[derive(Debug, Clone, Default)]
pub struct Sought<'a> {
    entries: Vec<Entry<'a>>,
    addresses: Vec<IpAddr>,
}

impl<'a> Sought<'a> {
    /// Entries that name the host: itself, and each name above it.
    #[must_use]
    pub fn host(mut self, host: HostName<'a>) -> Self {
        let text = host.as_str();
        let starts = std::iter::once(0).chain(text.match_indices('.').map(|(at, _)| at + 1));
        let above = starts.filter_map(|start| text.get(start..).and_then(HostName::new));
        self.entries.push(Entry::Exact(host));
        self.entries.extend(above.map(Entry::Below));
        self
    }

    /// Entries that name the host with its path, as far as the index has them: parts of it, and expressions on all of it.
    #[must_use]
    pub fn known_to(mut self, index: &'a ListIndex, host: HostName<'a>, path: Option<&str>) -> Self {
        let whole = path.unwrap_or("/");
        let asked = whole.to_ascii_lowercase();
        let parts = index.paths_on(host).filter(|(part, _)| path.is_none() || asked.starts_with(part));
        self.entries.extend(parts.map(|(part, _)| Entry::Path(host, part)));
        let text = format!("{}{whole}", host.as_str());
        let mut seen = std::collections::BTreeSet::new();
        for (_, pattern) in index.expressions() {
            let matches = || {
                let mut regex = RegexBuilder::new(pattern);
                let regex = regex.case_insensitive(true).size_limit(EXPRESSION_BYTES).build();
                regex.is_ok_and(|regex| regex.is_match(&text))
            };
            if seen.insert(pattern) && matches() {
                self.entries.push(Entry::Expression(pattern));
            }
        }
        self
    }

    /// Ranges that hold the address.
    #[must_use]
    pub fn address(mut self, address: IpAddr) -> Self {
        self.addresses.push(address.to_canonical());
        self
    }

    /// This very entry.
    #[must_use]
    pub fn entry(mut self, entry: Entry<'a>) -> Self {
        self.entries.push(entry);
        self
    }
}

impl Origins {
    /// Opens the file. Checked now: its two ends and the directory.
    pub fn open(image: Image) -> Result<Self, OriginsDamaged> {
        let bytes: &[u8] = (*image).as_ref();
        let directory = directory(bytes).ok_or(OriginsDamaged)?;
        let keys = OriginKeys::new(Seed(directory.key));
        Ok(Self { image, keys, directory })
    }

    /// Reads all of it and compares every checksum.
    pub fn verify(&self) -> Result<(), OriginsDamaged> {
        self.lists().iter().flat_map(|list| &list.groups).try_for_each(|group| self.bytes(group).map(drop))
    }

    /// Which publication it was written after.
    pub const fn generation(&self) -> u64 {
        self.directory.generation
    }

    /// The lists, those out of use among them.
    pub fn lists(&self) -> &[OriginList] {
        &self.directory.lists
    }

    /// One list.
    pub fn list(&self, id: &str) -> Option<&OriginList> {
        self.lists().iter().find(|list| list.id == id)
    }

    /// Which entries of these lists name, or named, what is sought. Costs a few microseconds for each group of a list, and
    /// reads all that is kept of it to compare its checksum.
    pub fn find<'o, 'a>(
        &'o self,
        lists: impl IntoIterator<Item = &'o OriginList>,
        sought: &Sought<'a>,
    ) -> Result<Vec<Origin<'o, 'a>>, OriginsDamaged> {
        let hashes: Vec<(Says, Entry<'a>, Hash)> = Says::ALL
            .into_iter()
            .flat_map(|says| sought.entries.iter().map(move |entry| (says, *entry)))
            .filter_map(|(says, entry)| Some((says, entry, self.keys.hash(says, entry)?)))
            .collect();
        let mut found = Vec::new();
        for list in lists {
            for group in &list.groups {
                match group.kind {
                    Kind::Hashed if hashes.is_empty() => {}
                    Kind::Hashed => {
                        let bytes = self.bytes(group)?;
                        for (says, entry, hash) in &hashes {
                            if bits::holds(bytes, group.count, group.bits, *hash) {
                                found.push(Origin { list, says: *says, entry: *entry, seen: group.seen });
                            }
                        }
                    }
                    Kind::Ranges if sought.addresses.is_empty() => {}
                    Kind::Ranges => {
                        let bytes = self.bytes(group)?;
                        for range in bits::ranges(bytes).filter_map(Range::read) {
                            if sought.addresses.iter().any(|address| range.holds(*address)) {
                                let entry = Entry::Range(range.first, range.last);
                                found.push(Origin { list, says: range.says, entry, seen: group.seen });
                            }
                        }
                    }
                }
            }
        }
        Ok(found)
    }

    fn bytes(&self, group: &Group) -> Result<&[u8], OriginsDamaged> {
        let image: &[u8] = (*self.image).as_ref();
        let range = usize::try_from(group.offset).ok().zip(usize::try_from(group.len).ok());
        let bytes = range.and_then(|(at, len)| image.get(at..at.checked_add(len)?));
        bytes.filter(|bytes| crc32fast::hash(bytes) == group.sum).ok_or(OriginsDamaged)
    }
}

impl std::fmt::Debug for Origins {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Origins").field("lists", &self.lists().len()).finish_non_exhaustive()
    }
}

fn directory(bytes: &[u8]) -> Option<Directory> {
    let (body, tail) = bytes.split_at_checked(bytes.len().checked_sub(TAIL)?)?;
    let (offset, rest) = tail.split_first_chunk::<8>()?;
    let (len, rest) = rest.split_first_chunk::<8>()?;
    let (sum, magic) = rest.split_first_chunk::<4>()?;
    let offset = usize::try_from(u64::from_le_bytes(*offset)).ok()?;
    let len = usize::try_from(u64::from_le_bytes(*len)).ok()?;
    let text = body.get(offset..offset.checked_add(len)?)?;
    let is_whole = magic == MAGIC
        && body.starts_with(&MAGIC)
        && offset + len == body.len()
        && crc32fast::hash(text) == u32::from_le_bytes(*sum);
    if is_whole { serde_json::from_slice(text).ok() } else { None }
}

/// 48 bits of a keyed hash, the uppermost byte first, so that they sort as they are.
type Hash = [u8; 6];

/// Hashes entries under the key of one file. What a list says and of what kind the entry is goes into the key.
struct OriginKeys(Vec<Keys>);

/// Exact, below, path, expression.
const ENTRY_KINDS: usize = 4;

impl OriginKeys {
    fn new(seed: Seed) -> Self {
        let each = (0u8..).take(Says::ALL.len() * ENTRY_KINDS).map(|number| {
            let [first, rest @ ..] = seed.0;
            let mut own = [0; 16];
            for (place, byte) in own.iter_mut().zip(std::iter::once(first ^ number).chain(rest)) {
                *place = byte;
            }
            Keys::new(Seed(own))
        });
        Self(each.collect())
    }

    /// `None` for ranges, which are kept as they are.
    fn hash(&self, says: Says, entry: Entry<'_>) -> Option<Hash> {
        let keys = |kind: usize| self.0.get(says as usize * ENTRY_KINDS + kind);
        let (_, hash) = match entry {
            Entry::Exact(name) => keys(0)?.whole(name.as_str().as_bytes()),
            Entry::Below(name) => keys(1)?.whole(name.as_str().as_bytes()),
            Entry::Path(host, path) => {
                let path = path.to_ascii_lowercase();
                keys(2)?.whole([without_www(host.as_str()), &path].concat().as_bytes())
            }
            Entry::Expression(text) => keys(3)?.whole(text.as_bytes()),
            Entry::Range(..) => return None,
        };
        let [a, b, c, d] = hash.place.to_be_bytes();
        let [e, f] = hash.high.to_be_bytes();
        Some([a, b, c, d, e, f])
    }
}

/// A range of addresses as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Range {
    first: IpAddr,
    last: IpAddr,
    says: Says,
}

impl Range {
    /// What it says, whether it is IPv6, and the two ends.
    const BYTES: usize = 2 + 16 + 16;

    fn holds(&self, address: IpAddr) -> bool {
        self.first.is_ipv4() == address.is_ipv4() && self.first <= address && address <= self.last
    }

    fn write(&self, out: &mut Vec<u8>) {
        let wide = |address: IpAddr| match address {
            IpAddr::V4(v4) => u128::from(u32::from(v4)),
            IpAddr::V6(v6) => v6.into(),
        };
        out.push(self.says as u8);
        out.push(u8::from(self.first.is_ipv6()));
        out.extend(wide(self.first).to_be_bytes());
        out.extend(wide(self.last).to_be_bytes());
    }

    fn read(bytes: &[u8; Self::BYTES]) -> Option<Self> {
        let ([says, six], ends) = bytes.split_first_chunk::<2>()?;
        let (first, last) = ends.split_first_chunk::<16>()?;
        let address = |bytes: &[u8; 16]| {
            let wide = u128::from_be_bytes(*bytes);
            if *six == 1 {
                Some(IpAddr::V6(wide.into()))
            } else {
                Some(IpAddr::V4(u32::try_from(wide).ok()?.into()))
            }
        };
        let says = *Says::ALL.get(usize::from(*says))?;
        Some(Self { first: address(first)?, last: address(last.first_chunk()?)?, says })
    }
}
