//! Writing the file anew from the one before and the lists in use.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::merge::{FORGET_DAYS, merge};
use super::{
    Day, Directory, Group, Hash, Kind, MAGIC, OriginKeys, OriginList, Origins, OriginsDamaged, Range, Seen,
    bits,
};
use crate::entry::{Entry, Says, Sink};
use crate::hash::Seed;

pub use super::merge::Changed;

/// A list as it is in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InUse {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: u32,
    /// What is said of its licence.
    pub licence: Option<String>,
    /// When this version was read.
    pub day: Day,
}

/// Of a list with more entries nothing is kept but that it has them: 200 MB of memory while it is written.
pub const MOST_OF_A_LIST: usize = 20_000_000;

/// What a renewal came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Renewed {
    /// What came and went, by list; only those that have changed.
    pub changed: Vec<(String, Changed)>,
    /// Lists that could not be read, which stay as they were known before.
    pub behind: Vec<String>,
    /// Lists of which what was known before is damaged: of all their entries the day of this version is the latest possible.
    pub lost: Vec<String>,
    /// Lists of which versions between were never taken down, or all before this: of what came with them, the day of this
    /// version is the latest possible.
    pub unsure: Vec<String>,
}

/// Takes the entries of one list.
pub struct Taking<'k> {
    keys: &'k OriginKeys,
    hashes: Vec<Hash>,
    ranges: BTreeSet<Range>,
    most: usize,
}

impl Sink for Taking<'_> {
    fn take(&mut self, says: Says, entry: Entry<'_>) {
        if let Entry::Range(first, last) = entry {
            self.ranges.insert(Range { first, last, says });
        } else if let Some(hash) = self.keys.hash(says, entry) {
            self.hashes.push(hash);
        }
    }

    fn is_full(&self) -> bool {
        self.hashes.len() + self.ranges.len() > self.most
    }
}

impl Origins {
    /// Whether it is of these very lists, so that there is nothing to write.
    pub fn is_of(&self, in_use: &[InUse]) -> bool {
        let mut known = self.lists().iter().filter(|list| list.out.is_none());
        let same = in_use.iter().all(|one| {
            known.next().is_some_and(|list| {
                list.id == one.id && list.version == one.version && list.licence == one.licence
            })
        });
        same && known.next().is_none()
    }
}

/// Writes the file anew: what is known of `before`, and what `read` gives of each list in use that has another version by
/// now. `read` says whether it could read all of it. Where there is no file before, entries are hashed under `key`. Memory is
/// that of the longest list: twelve bytes an entry.
pub fn renew(
    before: Option<&Origins>,
    in_use: &[InUse],
    (key, generation, today): (Seed, u64, Day),
    read: &mut dyn FnMut(&InUse, &mut Taking<'_>) -> bool,
    out: &mut dyn Write,
) -> io::Result<Renewed> {
    let key = before.map_or(key, |before| Seed(before.directory.key));
    let keys = OriginKeys::new(key);
    let mut directory = Directory { key: key.0, generation, lists: Vec::new() };
    let mut writer = GroupWriter { out, at: 0 };
    writer.write(&MAGIC)?;
    let mut renewed = Renewed::default();
    for one in in_use {
        let known = before.and_then(|before| Some((before, before.list(&one.id)?)));
        let mut groups = Vec::new();
        if let Some((before, list)) = known {
            for group in &list.groups {
                match before.bytes(group) {
                    Ok(bytes) => groups.push((*group, bytes)),
                    Err(OriginsDamaged) => {
                        renewed.lost.push(one.id.clone());
                        groups.clear();
                        break;
                    }
                }
            }
        }
        let is_lost = renewed.lost.last() == Some(&one.id);
        let known = known.map(|(_, list)| list);
        let mut list = OriginList {
            id: one.id.clone(),
            version: one.version,
            licence: one.licence.clone(),
            since: known.filter(|list| list.out.is_none()).map_or(one.day, |list| list.since),
            out: None,
            too_long: false,
            unsure: known.filter(|_| !is_lost).map_or_else(Vec::new, |list| list.unsure.clone()),
            groups: Vec::new(),
        };
        let taken_down = known.filter(|_| !is_lost).map_or(0, |list| list.version);
        let is_same = known.is_some_and(|list| list.version == one.version && list.out.is_none());
        if is_same && !is_lost {
            list.too_long = known.is_some_and(|list| list.too_long);
            list.groups = writer.carry(&groups, |seen| seen)?;
            directory.lists.push(list);
            continue;
        }
        let mut taking =
            Taking { keys: &keys, hashes: Vec::new(), ranges: BTreeSet::new(), most: MOST_OF_A_LIST };
        let is_read = read(one, &mut taking);
        if taking.is_full() {
            list.too_long = true;
        } else if is_read {
            let mut changed = Changed::default();
            list.groups = writer.merged(&groups, taking, one.day, &mut changed)?;
            renewed.changed.push((one.id.clone(), changed));
            if taken_down.saturating_add(1) < one.version && !list.unsure.contains(&one.day) {
                list.unsure.push(one.day);
                renewed.unsure.push(one.id.clone());
            }
        } else {
            renewed.behind.push(one.id.clone());
            // A version that is never in use, so that it is read again next time.
            list.version = known.map_or(0, |list| list.version);
            list.groups = writer.carry(&groups, |seen| seen)?;
        }
        directory.lists.push(list);
    }
    let out_of_use =
        before.into_iter().flat_map(|before| before.lists().iter().map(move |list| (before, list)));
    for (before, list) in out_of_use.filter(|(_, list)| in_use.iter().all(|one| one.id != list.id)) {
        let since = list.out.unwrap_or(today);
        if today.since(since) > FORGET_DAYS {
            continue;
        }
        let groups: Result<Vec<(Group, &[u8])>, OriginsDamaged> =
            list.groups.iter().map(|group| Ok((*group, before.bytes(group)?))).collect();
        let Ok(groups) = groups else {
            // Should it come back, nothing is known of it, and that is said then.
            renewed.lost.push(list.id.clone());
            continue;
        };
        let groups = writer.carry(&groups, |seen| seen.goes(since))?;
        directory.lists.push(OriginList { out: Some(since), groups, ..list.clone() });
    }
    let text = serde_json::to_vec(&directory)?;
    let at = writer.at;
    writer.write(&text)?;
    writer.write(&at.to_le_bytes())?;
    writer.write(&(text.len() as u64).to_le_bytes())?;
    writer.write(&crc32fast::hash(&text).to_le_bytes())?;
    writer.write(&MAGIC)?;
    Ok(renewed)
}

struct GroupWriter<'w> {
    out: &'w mut dyn Write,
    at: u64,
}

impl GroupWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.at += bytes.len() as u64;
        self.out.write_all(bytes)
    }

    fn group(&mut self, group: Group, bytes: &[u8]) -> io::Result<Group> {
        let offset = self.at;
        self.write(bytes)?;
        Ok(Group { offset, len: bytes.len() as u64, sum: crc32fast::hash(bytes), ..group })
    }

    /// Writes groups as they lie, with the dates that they now have.
    fn carry(&mut self, groups: &[(Group, &[u8])], now: impl Fn(Seen) -> Seen) -> io::Result<Vec<Group>> {
        groups
            .iter()
            .map(|(group, bytes)| self.group(Group { seen: now(group.seen), ..*group }, bytes))
            .collect()
    }

    /// Writes what a list held and holds.
    fn merged(
        &mut self,
        before: &[(Group, &[u8])],
        taking: Taking<'_>,
        day: Day,
        changed: &mut Changed,
    ) -> io::Result<Vec<Group>> {
        let Taking { mut hashes, ranges, .. } = taking;
        hashes.sort_unstable();
        hashes.dedup();
        let of = |kind: Kind| before.iter().filter(move |(group, _)| group.kind == kind);
        let mut groups = Vec::new();
        let hashed = of(Kind::Hashed).map(|(group, bytes)| {
            let all = bits::hashes(bytes, group.count, group.bits);
            (group.seen, Box::new(all) as Box<dyn Iterator<Item = Hash>>)
        });
        for (seen, hashes) in merge(hashed.collect(), hashes, day, changed) {
            let low = bits::low_bits(hashes.len());
            let bytes = bits::write(&hashes, low);
            groups.push(self.group(Group::new(Kind::Hashed, seen, hashes.len(), low), &bytes)?);
        }
        let ranged = of(Kind::Ranges).map(|(group, bytes)| {
            let all = bits::ranges(bytes).filter_map(Range::read);
            (group.seen, Box::new(all) as Box<dyn Iterator<Item = Range>>)
        });
        for (seen, ranges) in merge(ranged.collect(), ranges, day, changed) {
            let mut bytes = Vec::with_capacity(ranges.len() * Range::BYTES);
            for range in &ranges {
                range.write(&mut bytes);
            }
            groups.push(self.group(Group::new(Kind::Ranges, seen, ranges.len(), 0), &bytes)?);
        }
        Ok(groups)
    }
}

impl Group {
    fn new(kind: Kind, seen: Seen, count: usize, bits: u8) -> Self {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        Self { kind, seen, count, bits, offset: 0, len: 0, sum: 0 }
    }
}
