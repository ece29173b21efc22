//! Building an index image.

use std::collections::HashMap;
use std::io::{self, Write};
use std::net::IpAddr;

use crate::entry::{Entry, Says, Sink};
use crate::hash::{Keys, Seed};
use crate::head::ListHead;
use crate::hits::ListNo;
use crate::image::{BUCKET, Directory, HEAD, MAGIC, Place, SECTIONS, Section};
use crate::{addresses, build_names, build_paths};

/// Why an index could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// More lists than numbers.
    #[error("one index holds at most 32767 lists; leave some out")]
    TooManyLists,
    /// More sets of lists than numbers.
    #[error(
        "the lists overlap in more than 32767 different ways; leave out lists that repeat others, or join lists of the same category"
    )]
    TooManySets,
    /// More than the image's numbers can say.
    #[error("there are too many {what} for one index; leave out some lists")]
    TooMuch {
        /// What there is too much of.
        what: &'static str,
    },
    /// The seed puts eight names on one tag: as good as impossible.
    #[error("the seed does not suit these lists; build again with another")]
    Seed,
    /// A list was gathered for another index.
    #[error("a list was read for an index of another seed; read it again")]
    OtherSeed,
    /// The image could not be written.
    #[error("the list index could not be written: {0}")]
    Write(#[from] io::Error),
}

/// Sets of lists, each kept once.
#[derive(Default)]
pub(crate) struct Sets {
    numbers: HashMap<Box<[ListNo]>, u16>,
    in_order: Vec<Box<[ListNo]>>,
}

impl Sets {
    fn new() -> Self {
        let mut sets = Self::default();
        sets.numbers.insert(Box::default(), 0);
        sets.in_order.push(Box::default());
        sets
    }

    /// The number of a set given in rising order.
    pub(crate) fn number(&mut self, lists: &[ListNo]) -> Result<u16, BuildError> {
        if let Some(number) = self.numbers.get(lists) {
            return Ok(*number);
        }
        let number = u16::try_from(self.in_order.len())
            .ok()
            .filter(|number| *number < 0x8000)
            .ok_or(BuildError::TooManySets)?;
        self.numbers.insert(lists.into(), number);
        self.in_order.push(lists.into());
        Ok(number)
    }
}

/// Gathers lists and writes one image of them all. Names are kept as 12 bytes each until the image is written and
/// given back as it grows, so that building needs little more memory than the image itself.
pub struct IndexBuilder {
    seed: Seed,
    keys: Keys,
    lists: Vec<ListHead>,
    entries: Entries,
    /// What lists say beside that something is listed: the list, what, and the number that is kept under.
    parts: Vec<(ListNo, Says, ListNo)>,
    /// Whether there was no number left for a list's exceptions.
    too_many: bool,
}

/// Entries in the form that the image is made of.
#[derive(Default)]
struct Entries {
    names: build_names::Names,
    v4: Vec<(u128, u128, ListNo)>,
    v6: Vec<(u128, u128, ListNo)>,
    paths: build_paths::Paths,
    expressions: Vec<(ListNo, String)>,
    /// The length of all of them.
    expression_bytes: usize,
}

/// The entries of one list, read before it is known which index they go into: reading is the greater part of the work, and
/// need not be done once to look at a list and once more to put it to use.
pub struct Gathered {
    seed: Seed,
    keys: Keys,
    entries: Entries,
    /// What the list says otherwise than that it is listed, in the order of [`Says`]. Most lists say nothing more.
    others: [Option<Box<Entries>>; OTHERS],
    room: usize,
}

impl Gathered {
    /// Nothing yet, for an index of that seed. It is full once what it holds needs more memory than `room`, in bytes.
    pub fn new(seed: Seed, room: usize) -> Self {
        let (keys, entries) = (Keys::new(seed), Entries::default());
        Self { seed, keys, entries, others: [const { None }; OTHERS], room }
    }

    /// Makes room for the names of a text so long. What is not used is given back as it was, untouched.
    pub fn reserve_for_text(&mut self, bytes: u64) {
        // A line of a list of names is 18 bytes long as a rule; where they are shorter, room is made as it is needed.
        let names = usize::try_from(bytes / 16).unwrap_or(usize::MAX);
        self.entries.names.reserve(names.min(self.room / build_names::EACH));
    }

    /// How many bytes of memory what is held takes.
    pub fn held_bytes(&self) -> usize {
        let others = self.others.iter().flatten().map(|other| other.held_bytes());
        self.entries.held_bytes() + others.sum::<usize>()
    }
}

impl Sink for Gathered {
    #[inline]
    fn take(&mut self, says: Says, entry: Entry<'_>) {
        let entries = match (says as usize).checked_sub(1).and_then(|place| self.others.get_mut(place)) {
            None => &mut self.entries,
            Some(other) => other.get_or_insert_default(),
        };
        entries.take(&self.keys, entry, ListNo(0));
    }

    fn is_full(&self) -> bool {
        self.held_bytes() > self.room
    }
}

/// Takes the entries of one list.
pub struct ListWriter<'b> {
    builder: &'b mut IndexBuilder,
    list: ListNo,
    numbers: Numbers,
}

/// How many things a list may say beside that it is listed.
const OTHERS: usize = Says::ALL.len() - 1;

/// The number that each of those has got.
type Numbers = [Option<ListNo>; OTHERS];

impl IndexBuilder {
    /// An empty builder. The seed should be fresh for each build that is published; a fixed one makes a build
    /// repeatable.
    pub fn new(seed: Seed) -> Self {
        Self {
            seed,
            keys: Keys::new(seed),
            lists: Vec::new(),
            entries: Entries::default(),
            parts: Vec::new(),
            too_many: false,
        }
    }

    /// The seed of the build.
    pub const fn seed(&self) -> Seed {
        self.seed
    }

    /// Starts a list. Its number rises with these calls; the exceptions of a list have numbers of their own.
    pub fn list(&mut self, head: ListHead) -> Result<ListWriter<'_>, BuildError> {
        let list = self.number(head)?;
        Ok(ListWriter { builder: self, list, numbers: [None; OTHERS] })
    }

    /// Adds a list whose entries were gathered before, for an index of this seed.
    pub fn add(&mut self, head: ListHead, gathered: Gathered) -> Result<ListNo, BuildError> {
        if gathered.seed != self.seed {
            return Err(BuildError::OtherSeed);
        }
        let list = self.number(head)?;
        self.entries.append(gathered.entries, list);
        let mut numbers = [None; OTHERS];
        for (says, entries) in Says::ALL.into_iter().skip(1).zip(gathered.others) {
            if let Some(entries) = entries {
                let number = self.beside(list, says, &mut numbers)?;
                self.entries.append(*entries, number);
            }
        }
        Ok(list)
    }

    /// The number under which what else the list says is kept: given out the first time.
    fn beside(&mut self, list: ListNo, says: Says, numbers: &mut Numbers) -> Result<ListNo, BuildError> {
        let place = (says as usize).checked_sub(1).and_then(|place| numbers.get_mut(place));
        let Some(place) = place else { return Ok(list) };
        if let Some(number) = *place {
            return Ok(number);
        }
        let mut head = self.lists.get(usize::from(list.0)).cloned().unwrap_or_default();
        if !says.excepts().is_empty() {
            head.categories.clear();
        }
        let number = self.number(head)?;
        self.parts.push((list, says, number));
        *place = Some(number);
        Ok(number)
    }

    /// Says of every part with exceptions which other parts of its list they take names out of.
    fn connect(&mut self) {
        for (list, says, number) in &self.parts {
            let mut from = Vec::new();
            for excepted in says.excepts() {
                if *excepted == Says::Listed {
                    from.push(*list);
                }
                let same = self.parts.iter().filter(|(of, says, _)| of == list && says == excepted);
                from.extend(same.map(|(_, _, number)| *number));
            }
            if let Some(head) = self.lists.get_mut(usize::from(number.0)) {
                head.excepts = from;
            }
        }
    }

    fn number(&mut self, mut head: ListHead) -> Result<ListNo, BuildError> {
        let number = u16::try_from(self.lists.len()).ok().filter(|number| *number < 0x7fff);
        let list = ListNo(number.ok_or(BuildError::TooManyLists)?);
        head.excepts.clear();
        self.lists.push(head);
        Ok(list)
    }

    /// The image, in memory.
    pub fn build(self) -> Result<Vec<u8>, BuildError> {
        let mut image = Vec::new();
        self.write_to(&mut image)?;
        Ok(image)
    }

    /// Writes the image. Nothing is read back or rewritten, so any stream will do.
    pub fn write_to(mut self, out: &mut dyn Write) -> Result<(), BuildError> {
        if self.too_many {
            return Err(BuildError::TooManyLists);
        }
        self.connect();
        for list in &mut self.lists {
            list.tally = Default::default();
        }
        let mut image = ImageWriter::new(out)?;
        let mut sets = Sets::new();
        let mut directory = Directory {
            seed: self.seed,
            home_buckets: 0,
            reach: 0,
            label_counts: self.entries.names.label_counts(),
            path_bits: 0,
            places: [Place::default(); SECTIONS],
        };
        let lists = &mut self.lists;

        image.begin();
        let names = std::mem::take(&mut self.entries.names).write(lists, &mut sets, &mut image)?;
        directory.home_buckets = names.home_buckets;
        directory.reach = names.reach;
        image.end(&mut directory, Section::Names)?;

        for (ranges, section) in [(&mut self.entries.v4, Section::V4), (&mut self.entries.v6, Section::V6)] {
            image.begin();
            for &(_, _, list) in ranges.iter() {
                count(lists, list, |tally| tally.ranges += 1);
            }
            let flat = addresses::flatten(ranges, |list| {
                count(lists, list, |tally| {
                    tally.ranges = tally.ranges.saturating_sub(1);
                    tally.duplicates += 1;
                });
            });
            for (first, last, members) in flat {
                let set = sets.number(&members)?.to_le_bytes();
                let wide = [first.to_le_bytes(), last.to_le_bytes()];
                let keep = if section == Section::V4 { 4 } else { 16 };
                for number in wide {
                    image.write(number.get(..keep).unwrap_or(&[]))?;
                }
                image.write(&set)?;
            }
            image.end(&mut directory, section)?;
        }

        let paths = std::mem::take(&mut self.entries.paths).build(&self.keys, lists, &mut sets)?;
        directory.path_bits = paths.bits;
        for (bytes, section) in [
            (&paths.hosts, Section::PathHosts),
            (&paths.starts, Section::PathStarts),
            (&paths.paths, Section::Paths),
            (&paths.text, Section::Text),
        ] {
            image.section(&mut directory, section, bytes)?;
        }

        self.entries.expressions.sort();
        let given = self.entries.expressions.clone();
        self.entries.expressions.dedup();
        for (list, _) in &given {
            count(lists, *list, |tally| tally.duplicates += 1);
        }
        for (list, _) in &self.entries.expressions {
            count(lists, *list, |tally| {
                tally.expressions += 1;
                tally.duplicates = tally.duplicates.saturating_sub(1);
            });
        }

        let mut members = Vec::new();
        let mut ends = Vec::new();
        for set in &sets.in_order {
            members.extend(set.iter().flat_map(|list| list.0.to_le_bytes()));
            let end = u32::try_from(members.len() / 2).map_err(|_| BuildError::TooMuch { what: "sets" })?;
            ends.extend(end.to_le_bytes());
        }
        image.section(&mut directory, Section::SetMembers, &members)?;
        image.section(&mut directory, Section::SetEnds, &ends)?;
        let json = |result: serde_json::Result<Vec<u8>>| result.map_err(io::Error::from);
        image.section(&mut directory, Section::Lists, &json(serde_json::to_vec(lists))?)?;
        image.section(
            &mut directory,
            Section::Expressions,
            &json(serde_json::to_vec(&self.entries.expressions))?,
        )?;
        image.write(&directory.to_bytes())?;
        Ok(())
    }
}

/// Changes the tally of one list.
pub(crate) fn count(lists: &mut [ListHead], list: ListNo, change: impl FnOnce(&mut crate::Tally)) {
    if let Some(head) = lists.get_mut(usize::from(list.0)) {
        change(&mut head.tally);
    }
}

impl ListWriter<'_> {
    /// The number of this list.
    pub const fn number(&self) -> ListNo {
        self.list
    }
}

impl Sink for ListWriter<'_> {
    #[inline]
    fn take(&mut self, says: Says, entry: Entry<'_>) {
        let Self { builder, list, numbers } = self;
        let number = match says {
            Says::Listed => *list,
            // Beyond the last number nothing more is taken, and the build fails when it is written.
            says => match builder.beside(*list, says, numbers) {
                Ok(number) => number,
                Err(_) => {
                    builder.too_many = true;
                    return;
                }
            },
        };
        builder.entries.take(&builder.keys, entry, number);
    }
}

impl Entries {
    #[inline]
    fn take(&mut self, keys: &Keys, entry: Entry<'_>, list: ListNo) {
        match entry {
            Entry::Below(name) => self.names.push(keys, name.as_str(), list, false),
            Entry::Exact(name) => self.names.push(keys, name.as_str(), list, true),
            Entry::Range(IpAddr::V4(first), IpAddr::V4(last)) => {
                self.v4.push((u32::from(first).into(), u32::from(last).into(), list));
            }
            Entry::Range(IpAddr::V6(first), IpAddr::V6(last)) => {
                self.v6.push((first.into(), last.into(), list));
            }
            // A range between the families covers nothing.
            Entry::Range(..) => {}
            Entry::Path(host, path) => self.paths.push(host.as_str(), path, list),
            Entry::Expression(text) => {
                self.expression_bytes += text.len();
                self.expressions.push((list, text.to_owned()));
            }
        }
    }

    fn held_bytes(&self) -> usize {
        let ranges = (self.v4.len() + self.v6.len()) * size_of::<(u128, u128, ListNo)>();
        let expressions = self.expression_bytes + self.expressions.len() * size_of::<(ListNo, String)>();
        self.names.held_bytes() + ranges + self.paths.held_bytes() + expressions
    }

    /// Takes over what was gathered for one list, as that of the list `list`.
    fn append(&mut self, other: Self, list: ListNo) {
        self.names.append(other.names, list);
        self.v4.extend(other.v4.into_iter().map(|(first, last, _)| (first, last, list)));
        self.v6.extend(other.v6.into_iter().map(|(first, last, _)| (first, last, list)));
        self.paths.append(other.paths, list);
        self.expressions.extend(other.expressions.into_iter().map(|(_, text)| (list, text)));
        self.expression_bytes += other.expression_bytes;
    }
}

/// Writes sections one after the other and remembers where each lies.
pub(crate) struct ImageWriter<'w> {
    out: &'w mut dyn Write,
    at: usize,
    start: usize,
    crc: crc32fast::Hasher,
}

impl<'w> ImageWriter<'w> {
    fn new(out: &'w mut dyn Write) -> io::Result<Self> {
        let mut head = [0u8; HEAD];
        for (place, byte) in head.iter_mut().zip(MAGIC) {
            *place = byte;
        }
        out.write_all(&head)?;
        Ok(Self { out, at: HEAD, start: HEAD, crc: crc32fast::Hasher::new() })
    }

    fn begin(&mut self) {
        self.start = self.at;
        self.crc = crc32fast::Hasher::new();
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.at += bytes.len();
        self.crc.update(bytes);
        self.out.write_all(bytes)
    }

    fn end(&mut self, directory: &mut Directory, section: Section) -> io::Result<()> {
        let crc = self.crc.clone().finalize();
        if let Some(place) = directory.places.get_mut(section as usize) {
            *place = Place { offset: self.start, len: self.at - self.start, crc };
        }
        let padding = self.at.next_multiple_of(BUCKET) - self.at;
        self.write([0; BUCKET].get(..padding).unwrap_or(&[]))
    }

    fn section(&mut self, directory: &mut Directory, section: Section, bytes: &[u8]) -> io::Result<()> {
        self.begin();
        self.write(bytes)?;
        self.end(directory, section)
    }
}
