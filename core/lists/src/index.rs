//! One immutable index over all lists, read in place from its image.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use kit::HostName;

use crate::hash::{NameHash, NameHasher, Seed, Suffixes};
use crate::head::ListHead;
use crate::hits::{Hits, ListNo, ListSetNo};
use crate::image::{BUCKET, Directory, OpenError, Place, Section, damaged};
use crate::{addresses, paths};

/// The bytes of an image: a file mapped into memory, or a vector.
pub type Image = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// An index over all lists. Opening costs well under a millisecond for any number of names; a look-up reads the image
/// in place and allocates nothing. Damage to the image can give wrong answers, never a panic or an endless loop; run
/// [`ListIndex::verify`] once where the image comes from outside.
pub struct ListIndex {
    image: Image,
    directory: Directory,
    hasher: NameHasher,
    lists: Vec<ListHead>,
    members: Vec<ListNo>,
    ends: Vec<u32>,
    /// What the exceptions in a set take out, for the few sets that hold any.
    exceptions: HashMap<ListSetNo, Box<[ListNo]>>,
    expressions: Vec<(ListNo, String)>,
}

/// One place where a name was met, for explaining an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Match<'a> {
    /// The listed name: the name asked for, or one above it.
    pub entry: HostName<'a>,
    /// Whether the entry stands for itself only.
    pub exact: bool,
    /// The lists it is in.
    pub set: ListSetNo,
}

impl ListIndex {
    /// Opens an image. Checked now: its two ends, the directory and its checksum, that every section lies inside, and
    /// the checksums and contents of the small sections (lists, sets, expressions). The checksums of names, addresses
    /// and paths are left to [`ListIndex::verify`], so that opening does not read the whole file.
    pub fn open(image: Image) -> Result<Self, OpenError> {
        let bytes: &[u8] = (*image).as_ref();
        let directory = Directory::read(bytes)?;
        let small = |section, what| {
            let place = directory.place(section);
            let bytes = slice(bytes, place);
            if crc32fast::hash(bytes) == place.crc { Ok(bytes) } else { Err(damaged(what)) }
        };
        let lists: Vec<ListHead> = serde_json::from_slice(small(Section::Lists, "checksum of the lists")?)
            .map_err(|_| damaged("lists"))?;
        let expressions: Vec<(ListNo, String)> =
            serde_json::from_slice(small(Section::Expressions, "checksum of the expressions")?)
                .map_err(|_| damaged("expressions"))?;
        let (members, _) = small(Section::SetMembers, "checksum of the sets")?.as_chunks::<2>();
        let members: Vec<ListNo> = members.iter().map(|bytes| ListNo(u16::from_le_bytes(*bytes))).collect();
        let (ends, _) = small(Section::SetEnds, "checksum of the sets")?.as_chunks::<4>();
        let ends: Vec<u32> = ends.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect();
        let known = |list: &ListNo| usize::from(list.0) < lists.len();
        if !members.iter().chain(expressions.iter().map(|(list, _)| list)).all(known) {
            return Err(damaged("a set names a list that is not there"));
        }
        let in_order = ends.is_sorted() && ends.last().is_none_or(|&last| last as usize == members.len());
        if !in_order || ends.first() != Some(&0) {
            return Err(damaged("sets"));
        }
        if !lists.iter().flat_map(|list| &list.excepts).all(known) {
            return Err(damaged("a list's exceptions name a list that is not there"));
        }
        let hasher = NameHasher::new(directory.seed);
        let mut index =
            Self { image, directory, hasher, lists, members, ends, exceptions: HashMap::new(), expressions };
        if index.lists.iter().any(|list| !list.excepts.is_empty()) {
            index.set_exceptions_apart();
        }
        Ok(index)
    }

    /// Takes the numbers of exceptions out of the sets: an answer names lists, and beside them what is excepted.
    fn set_exceptions_apart(&mut self) {
        let (mut members, mut ends) = (Vec::with_capacity(self.members.len()), Vec::new());
        for set in self.sets() {
            let mut taken_out: Vec<ListNo> = Vec::new();
            for list in self.set(set) {
                match self.lists.get(usize::from(list.0)) {
                    Some(head) if !head.excepts.is_empty() => taken_out.extend(&head.excepts),
                    _ => members.push(*list),
                }
            }
            ends.push(u32::try_from(members.len()).unwrap_or(u32::MAX));
            if !taken_out.is_empty() {
                taken_out.sort_unstable();
                taken_out.dedup();
                self.exceptions.insert(set, taken_out.into());
            }
        }
        (self.members, self.ends) = (members, ends);
    }

    /// Reads the whole image and compares every checksum; about 0.1 s for five million names from a cold disk.
    pub fn verify(&self) -> Result<(), OpenError> {
        for section in Section::ALL {
            let place = self.directory.place(section);
            if crc32fast::hash(slice(self.bytes(), place)) != place.crc {
                return Err(damaged("checksum of a section"));
            }
        }
        Ok(())
    }

    /// The lists, by number.
    pub fn lists(&self) -> &[ListHead] {
        &self.lists
    }

    /// How many sets of lists there are; their numbers start at 0, which is the empty set.
    pub fn set_count(&self) -> u16 {
        u16::try_from(self.ends.len()).unwrap_or(u16::MAX)
    }

    /// The numbers of all sets of lists.
    pub fn sets(&self) -> impl Iterator<Item = ListSetNo> + use<> {
        (0..self.set_count()).map(ListSetNo)
    }

    /// The lists in a set, in rising order; none where there is no such set.
    pub fn set(&self, set: ListSetNo) -> &[ListNo] {
        let end = self.ends.get(usize::from(set.0)).copied().unwrap_or(0);
        let start =
            usize::from(set.0).checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.members.get(start as usize..end as usize).unwrap_or(&[])
    }

    /// The lists that a set of lists takes a name out of, in rising order: where a name meets this set, they say nothing of
    /// it. Nearly always none.
    #[inline]
    pub fn exceptions(&self, set: ListSetNo) -> &[ListNo] {
        if self.exceptions.is_empty() {
            return &[];
        }
        self.exceptions.get(&set).map_or(&[], |lists| lists)
    }

    /// All expressions, with the list each is from, in the syntax of the `regex` crate.
    pub fn expressions(&self) -> &[(ListNo, String)] {
        &self.expressions
    }

    /// The seed the image was built with.
    pub const fn seed(&self) -> Seed {
        self.directory.seed
    }

    /// What hashes names as this index does.
    pub const fn hasher(&self) -> &NameHasher {
        &self.hasher
    }

    /// The sets of lists that know the name: as itself, or as a name above it. About 0.15 µs among five million names.
    #[inline]
    pub fn name(&self, name: HostName<'_>) -> Hits {
        self.name_of(&self.hasher.suffixes(name.as_str()))
    }

    /// [`ListIndex::name`] of a name that was hashed before, by this index's hasher.
    #[inline]
    pub fn name_of(&self, suffixes: &Suffixes) -> Hits {
        let mut hits = Hits::NONE;
        self.each_match(suffixes, |_, _, set| hits.insert(set));
        hits
    }

    /// Every entry that knows the name, for explaining; slower than [`ListIndex::name`].
    pub fn matches<'a>(&self, name: HostName<'a>) -> Vec<Match<'a>> {
        let mut all = Vec::new();
        self.each_match(&self.hasher.suffixes(name.as_str()), |start, exact, set| {
            if let Some(entry) = name.as_str().get(start..).and_then(HostName::new) {
                all.push(Match { entry, exact, set });
            }
        });
        all
    }

    /// The set of lists that know the address. An IPv4-mapped address is asked for as IPv4.
    pub fn address(&self, address: IpAddr) -> Option<ListSetNo> {
        match address.to_canonical() {
            IpAddr::V4(v4) => addresses::find_v4(self.section(Section::V4), v4.into()),
            IpAddr::V6(v6) => addresses::find_v6(self.section(Section::V6), v6.into()),
        }
    }

    /// Whether parts of this very host (with or without `www.`) are listed. About 20 ns.
    pub fn has_paths(&self, host: HostName<'_>) -> bool {
        self.path_table().host(&self.hasher.0, host.as_str()).is_some()
    }

    /// The sets of lists that know the URL by the start of its path. `path` is canonical, with its query, and starts
    /// with `/`; letter case does not matter. An address in place of a name is given as it is written.
    pub fn path(&self, host: HostName<'_>, path: &str) -> Hits {
        self.path_table().path(&self.hasher.0, host.as_str(), path)
    }

    /// Every listed part of this host: the start of a path, and the lists it is in.
    pub fn paths_on<'a>(
        &'a self,
        host: HostName<'_>,
    ) -> impl Iterator<Item = (&'a str, ListSetNo)> + use<'a> {
        self.path_table().paths_on(&self.hasher.0, host.as_str())
    }

    fn bytes(&self) -> &[u8] {
        (*self.image).as_ref()
    }

    fn section(&self, section: Section) -> &[u8] {
        slice(self.bytes(), self.directory.place(section))
    }

    fn path_table(&self) -> paths::PathTable<'_> {
        paths::PathTable {
            hosts: self.section(Section::PathHosts).as_chunks().0,
            starts: self.section(Section::PathStarts).as_chunks().0,
            paths: self.section(Section::Paths).as_chunks().0,
            text: self.section(Section::Text),
            bits: self.directory.path_bits,
        }
    }

    /// Calls `found` with the start of the entry in the name, whether it is exact, and its set.
    ///
    /// Suffixes are taken eight at a time and all their buckets are read before any answer is looked at: the reads
    /// then wait for memory together instead of one after the other.
    #[inline]
    fn each_match(&self, suffixes: &Suffixes, mut found: impl FnMut(usize, bool, ListSetNo)) {
        const AT_ONCE: usize = 8;
        let (buckets, _) = self.section(Section::Names).as_chunks::<BUCKET>();
        let home_buckets = u64::from(self.directory.home_buckets);
        let home = |hash: NameHash| ((u64::from(hash.place) * home_buckets) >> 32) as usize;
        let label_counts = self.directory.label_counts;
        for suffixes in suffixes.chunks(AT_ONCE) {
            let mut interesting = 0u32;
            for (place, suffix) in suffixes.iter().enumerate() {
                if label_counts >> suffix.labels().min(63) & 1 == 1 {
                    let bucket = buckets.get(home(suffix.hash));
                    let interest = bucket.is_some_and(|bucket| may_hold(bucket, suffix.hash.low));
                    interesting |= u32::from(interest) << place;
                }
            }
            while interesting != 0 {
                let place = interesting.trailing_zeros() as usize;
                interesting &= interesting - 1;
                if let Some(suffix) = suffixes.get(place) {
                    self.search(buckets, home(suffix.hash), suffix.hash, |exact, set| {
                        if !exact || suffix.start() == 0 {
                            found(suffix.start(), exact, set);
                        }
                    });
                }
            }
        }
    }

    /// Looks through a bucket, and through those after it as far as this one overflowed.
    fn search(
        &self,
        buckets: &[[u8; BUCKET]],
        home: usize,
        hash: NameHash,
        mut found: impl FnMut(bool, ListSetNo),
    ) {
        let reach = self.directory.reach as usize;
        for bucket in buckets.iter().skip(home).take(reach + 1) {
            // Which slots match is found without branches: where in a bucket a name lies cannot be guessed.
            let (lows, rest) = bucket.split_at(32);
            let (highs, values) = rest.split_at(16);
            let (highs, values) = (highs.as_chunks::<2>().0, values.as_chunks::<2>().0);
            let mut equal = 0u32;
            for (slot, (low, high)) in lows.as_chunks::<4>().0.iter().zip(highs).enumerate() {
                let same = (u32::from_le_bytes(*low) == hash.low) & (u16::from_le_bytes(*high) == hash.high);
                equal |= u32::from(same) << slot;
            }
            while equal != 0 {
                let slot = equal.trailing_zeros() as usize;
                equal &= equal - 1;
                if let Some(value) = values.get(slot) {
                    let value = u16::from_le_bytes(*value);
                    found(value & EXACT != 0, ListSetNo(value & !EXACT));
                }
            }
            if !overflowed(bucket) {
                return;
            }
        }
    }
}

/// The bit of a slot's value that says "this name only".
pub(crate) const EXACT: u16 = 0x8000;

/// Whether one of the bucket's low tags is the one looked for, or it overflowed. Without branches, so that the
/// compiler can make vector instructions of it.
#[inline]
fn may_hold(bucket: &[u8; BUCKET], low: u32) -> bool {
    let (lows, _) = bucket.as_chunks::<4>();
    let mut equal = 0u32;
    for bytes in lows.iter().take(8) {
        equal |= u32::from(u32::from_le_bytes(*bytes) == low);
    }
    // Not `||`: a branch here would be guessed wrongly at every listed name.
    (equal | u32::from(overflowed(bucket))) != 0
}

/// A bucket tells by the order of its first and last low tag whether names that belong in it lie further on: rising
/// means yes. An empty slot is 0 and comes last, so a bucket with room never says so.
#[inline]
fn overflowed(bucket: &[u8; BUCKET]) -> bool {
    let (lows, _) = bucket.as_chunks::<4>();
    match (lows.first(), lows.get(7)) {
        (Some(first), Some(last)) => u32::from_le_bytes(*first) < u32::from_le_bytes(*last),
        _ => false,
    }
}

fn slice(bytes: &[u8], place: Place) -> &[u8] {
    place.offset.checked_add(place.len).and_then(|end| bytes.get(place.offset..end)).unwrap_or(&[])
}

impl std::fmt::Debug for ListIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ListIndex")
            .field("lists", &self.lists.len())
            .field("sets", &self.ends.len())
            .field("bytes", &self.bytes().len())
            .finish_non_exhaustive()
    }
}
