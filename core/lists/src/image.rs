//! The layout of an index image, and the checks that make reading one safe.
//!
//! An image starts with 64 bytes of head, then come the sections, each on a multiple of 64 bytes, and last the
//! directory: where each section lies, its checksum, and the numbers that look-ups need, with a checksum of its own.
//! All numbers are little-endian.

use crate::hash::Seed;

pub(crate) const MAGIC: [u8; 16] = *b"fivebar lists 1\n";
pub(crate) const HEAD: usize = 64;
pub(crate) const SECTIONS: usize = 11;
/// magic, seed, four numbers, sections of (offset, length, checksum), checksum.
pub(crate) const DIRECTORY: usize = 16 + 16 + 4 * 8 + SECTIONS * 24 + 8;
pub(crate) const BUCKET: usize = 64;

/// The sections, by their place in the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Section {
    /// Buckets of names.
    Names = 0,
    /// Ranges of IPv4 addresses.
    V4 = 1,
    /// Ranges of IPv6 addresses.
    V6 = 2,
    /// Hosts that have path entries.
    PathHosts = 3,
    /// Where the hosts of each hash prefix start.
    PathStarts = 4,
    /// Path entries.
    Paths = 5,
    /// Text of hosts and paths.
    Text = 6,
    /// Sets of lists: members.
    SetMembers = 7,
    /// Sets of lists: where each ends.
    SetEnds = 8,
    /// Heads of lists, as JSON.
    Lists = 9,
    /// Expressions, as JSON.
    Expressions = 10,
}

impl Section {
    pub(crate) const ALL: [Self; SECTIONS] = [
        Self::Names,
        Self::V4,
        Self::V6,
        Self::PathHosts,
        Self::PathStarts,
        Self::Paths,
        Self::Text,
        Self::SetMembers,
        Self::SetEnds,
        Self::Lists,
        Self::Expressions,
    ];

    /// The size of the section's records.
    pub(crate) const fn unit(self) -> usize {
        match self {
            Self::Names => BUCKET,
            Self::V4 => 10,
            Self::V6 => 34,
            Self::PathHosts => 24,
            Self::PathStarts => 4,
            Self::Paths => 12,
            Self::SetMembers => 2,
            Self::SetEnds => 4,
            Self::Text | Self::Lists | Self::Expressions => 1,
        }
    }
}

/// Where a section lies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub offset: usize,
    pub len: usize,
    pub crc: u32,
}

/// The directory of an image.
#[derive(Debug, Clone)]
pub(crate) struct Directory {
    pub seed: Seed,
    /// Buckets that a hash can choose; a few more follow for what overflows at the end.
    pub home_buckets: u32,
    /// How many buckets further than its own a name can lie.
    pub reach: u32,
    /// Bit n is set where some name has n labels; bit 63 stands for 63 and more.
    pub label_counts: u64,
    /// The base-2 logarithm of how many starts of path hosts there are.
    pub path_bits: u32,
    pub places: [Place; SECTIONS],
}

/// Why an index could not be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It does not start as an index does.
    #[error(
        "this is not a Fivebar list index, or one of another version; build it again with `fivebar lists update`"
    )]
    NotAnIndex,
    /// The end is missing.
    #[error("the list index is cut short at {len} bytes; build it again with `fivebar lists update`")]
    CutShort {
        /// Its length in bytes.
        len: usize,
    },
    /// A checksum or a number is wrong.
    #[error("the list index is damaged ({what}); build it again with `fivebar lists update`")]
    Damaged {
        /// Which part.
        what: &'static str,
    },
}

pub(crate) const fn damaged(what: &'static str) -> OpenError {
    OpenError::Damaged { what }
}

/// Takes numbers off the front of a slice.
pub(crate) struct Numbers<'a>(pub &'a [u8]);

impl Numbers<'_> {
    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*first)
    }
    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }
    pub(crate) fn size(&mut self) -> Option<usize> {
        self.u64().and_then(|number| usize::try_from(number).ok())
    }
    pub(crate) fn u32_of_64(&mut self) -> Option<u32> {
        self.u64().and_then(|number| u32::try_from(number).ok())
    }
}

impl Directory {
    /// Reads the directory at the end of `image` and checks that every section lies inside.
    pub(crate) fn read(image: &[u8]) -> Result<Self, OpenError> {
        if image.first_chunk() != Some(&MAGIC) {
            return Err(OpenError::NotAnIndex);
        }
        let len = image.len();
        let cut_short = OpenError::CutShort { len };
        if len < HEAD + DIRECTORY {
            return Err(cut_short);
        }
        let (sections, directory) = image.split_at_checked(len - DIRECTORY).ok_or(cut_short.clone())?;
        let (body, crc) = directory.split_last_chunk::<8>().ok_or(cut_short.clone())?;
        if body.first_chunk() != Some(&MAGIC) {
            return Err(cut_short);
        }
        if u64::from_le_bytes(*crc) != u64::from(crc32fast::hash(body)) {
            return Err(damaged("checksum of the directory"));
        }
        Self::parse(body, sections.len()).ok_or(damaged("directory"))
    }

    fn parse(body: &[u8], sections_end: usize) -> Option<Self> {
        let mut numbers = Numbers(body);
        numbers.array::<16>()?;
        let seed = Seed(numbers.array()?);
        let home_buckets = numbers.u32_of_64()?;
        let reach = numbers.u32_of_64()?;
        let label_counts = numbers.u64()?;
        let path_bits = numbers.u32_of_64()?;
        let mut places = [Place::default(); SECTIONS];
        for (place, section) in places.iter_mut().zip(Section::ALL) {
            *place = Place { offset: numbers.size()?, len: numbers.size()?, crc: numbers.u32_of_64()? };
            let inside = place.offset.checked_add(place.len)? <= sections_end;
            let whole = place.len % section.unit() == 0;
            if !inside || !whole {
                return None;
            }
        }
        let buckets = places.first()?.len / BUCKET;
        let enough =
            usize::try_from(home_buckets).ok()?.checked_add(usize::try_from(reach).ok()?)? <= buckets;
        (enough && path_bits <= 24).then_some(Self {
            seed,
            home_buckets,
            reach,
            label_counts,
            path_bits,
            places,
        })
    }

    /// The directory as bytes.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(DIRECTORY);
        bytes.extend(MAGIC);
        bytes.extend(self.seed.0);
        for number in
            [self.home_buckets.into(), self.reach.into(), self.label_counts, u64::from(self.path_bits)]
        {
            bytes.extend(u64::to_le_bytes(number));
        }
        for place in &self.places {
            for number in [place.offset as u64, place.len as u64, u64::from(place.crc)] {
                bytes.extend(number.to_le_bytes());
            }
        }
        bytes.extend(u64::from(crc32fast::hash(&bytes)).to_le_bytes());
        bytes
    }

    pub(crate) const fn place(&self, section: Section) -> Place {
        #[expect(clippy::indexing_slicing, reason = "a section is a place in an array of as many")]
        self.places[section as usize]
    }
}
