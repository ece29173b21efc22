//! Frames on disk: `[length u32][crc32 u32][payload]`, and finding them again after a crash.
//!
//! The checksum covers the four bytes of the length and the payload. A payload is at least two bytes (kind and
//! version): otherwise eight zero bytes, which is what a file system may leave after a power loss, would be a frame.

/// The bytes before each payload.
pub const HEAD: usize = 8;
/// The longest payload; a longer length is damage, not a frame.
pub const LONGEST: usize = 1 << 20;
const SHORTEST: usize = 2;

/// What a frame holds; the first byte of its payload. The second is the version of that kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// Events of one gate run: see [`crate::batch`].
    Events = 1,
    /// What was known when the segment began: see [`crate::log`].
    Opening = 2,
    /// The last frame of a full segment: what it holds.
    Closing = 3,
    /// An entry of `entries.log`: see [`crate::entry`].
    Entry = 4,
    /// An encrypted record of a sealed address: see [`crate::sealed`]. In `sealed.log` alone.
    SealedRecord = 5,
    /// How often a record's device asked. In `sealed.log` alone.
    SealedCount = 6,
}

/// The version of every kind but events.
pub const VERSION: u8 = 1;
/// The version of events. The first had no [`engine::Step::Front`], the second neither what was searched for nor what another
/// filter decided; what they wrote reads the same.
const EVENTS: u8 = 3;
const SECOND: u8 = 2;

impl Kind {
    const fn version(self) -> u8 {
        match self {
            Self::Events => EVENTS,
            _ => VERSION,
        }
    }

    const fn of(payload: &[u8]) -> Option<Self> {
        match payload {
            [1, VERSION | SECOND | EVENTS, ..] => Some(Self::Events),
            [2, VERSION, ..] => Some(Self::Opening),
            [3, VERSION, ..] => Some(Self::Closing),
            [4, VERSION, ..] => Some(Self::Entry),
            [5, VERSION, ..] => Some(Self::SealedRecord),
            [6, VERSION, ..] => Some(Self::SealedCount),
            _ => None,
        }
    }
}

/// Appends one frame whose payload is kind, version and what `body` writes. The body must stay under [`LONGEST`].
pub fn push(out: &mut Vec<u8>, kind: Kind, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; HEAD]);
    out.extend_from_slice(&[kind as u8, kind.version()]);
    body(out);
    let length = (out.len() - start - HEAD) as u32;
    let Some(frame) = out.get_mut(start..) else { return };
    let Some((head, payload)) = frame.split_at_mut_checked(HEAD) else { return };
    let crc = checksum(length, payload);
    for (to, from) in head.iter_mut().zip(length.to_le_bytes().into_iter().chain(crc.to_le_bytes())) {
        *to = from;
    }
}

fn checksum(length: u32, payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&length.to_le_bytes());
    hasher.update(payload);
    hasher.finalize()
}

/// One whole frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Where it begins.
    pub offset: usize,
    /// Where the next one begins.
    pub end: usize,
    /// What it holds.
    pub kind: Kind,
    /// What follows kind and version.
    pub body: &'a [u8],
}

/// The frame that begins exactly at `offset`, if a whole and undamaged one does.
pub fn at(bytes: &[u8], offset: usize) -> Option<Frame<'_>> {
    let (head, rest) = bytes.get(offset..)?.split_first_chunk::<HEAD>()?;
    let [l0, l1, l2, l3, c0, c1, c2, c3] = *head;
    let length = u32::from_le_bytes([l0, l1, l2, l3]);
    let size = usize::try_from(length).ok()?;
    if !(SHORTEST..=LONGEST).contains(&size) {
        return None;
    }
    let payload = rest.get(..size)?;
    let kind = Kind::of(payload)?;
    if checksum(length, payload) != u32::from_le_bytes([c0, c1, c2, c3]) {
        return None;
    }
    Some(Frame { offset, end: offset + HEAD + size, kind, body: payload.get(SHORTEST..)? })
}

/// A piece of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// A whole frame.
    Whole(Frame<'a>),
    /// Bytes that are no frame, with whole frames after them: damage, which is said and passed over.
    Damage {
        /// Where it begins.
        from: usize,
        /// Where the next whole frame begins.
        to: usize,
    },
    /// Bytes at the end that are no frame: what a crash left half-written.
    Torn {
        /// Where it begins.
        from: usize,
    },
}

/// Every piece of `bytes` in order, covering it without gap or overlap. Linear where frames are whole; after damage
/// each further byte is tried as the beginning of a frame.
pub fn pieces(bytes: &[u8]) -> impl Iterator<Item = Piece<'_>> {
    let mut offset = 0;
    let mut found: Option<Frame<'_>> = None;
    std::iter::from_fn(move || {
        if let Some(frame) = found.take().or_else(|| at(bytes, offset)) {
            offset = frame.end;
            return Some(Piece::Whole(frame));
        }
        if offset >= bytes.len() {
            return None;
        }
        let from = offset;
        found = (from + 1..bytes.len()).find_map(|next| at(bytes, next));
        offset = found.map_or(bytes.len(), |frame| frame.offset);
        Some(found.map_or(Piece::Torn { from }, |frame| Piece::Damage { from, to: frame.offset }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn three() -> Vec<u8> {
        let mut out = Vec::new();
        for body in [&b"first"[..], b"", b"the third, rather longer"] {
            push(&mut out, Kind::Entry, |out| out.extend_from_slice(body));
        }
        out
    }

    fn bodies(bytes: &[u8]) -> Vec<Vec<u8>> {
        pieces(bytes)
            .filter_map(|piece| match piece {
                Piece::Whole(frame) => Some(frame.body.to_vec()),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn events_of_the_version_before_are_read_and_those_of_a_later_one_are_not() {
        for (version, known) in [(0, false), (1, true), (2, true), (3, true), (4, false)] {
            let mut bytes = Vec::new();
            push(&mut bytes, Kind::Events, |out| out.extend_from_slice(b"events"));
            assert_eq!(bytes[HEAD..HEAD + 2], [1, 3]);
            bytes[HEAD + 1] = version;
            let length = (bytes.len() - HEAD) as u32;
            let crc = checksum(length, &bytes[HEAD..]).to_le_bytes();
            bytes[4..HEAD].copy_from_slice(&crc);
            assert_eq!(at(&bytes, 0).is_some(), known, "version {version}");
        }
    }

    #[test]
    fn a_tail_torn_at_any_byte_is_cut_at_the_last_whole_frame() {
        let whole = three();
        let ends: Vec<usize> = pieces(&whole)
            .map(|piece| match piece {
                Piece::Whole(frame) => frame.end,
                other => panic!("{other:?}"),
            })
            .collect();
        for cut in 0..whole.len() {
            let last = ends.iter().rev().find(|&&end| end <= cut).copied().unwrap_or(0);
            let torn = pieces(&whole[..cut]).last();
            match torn {
                Some(Piece::Torn { from }) => assert_eq!(from, last, "cut at {cut}"),
                _ => assert_eq!(cut, last, "cut at {cut}"),
            }
        }
    }

    #[test]
    fn a_flipped_byte_costs_its_own_frame_only() {
        let whole = three();
        for place in 0..whole.len() {
            let mut bent = whole.clone();
            bent[place] ^= 0x20;
            let left = bodies(&bent);
            assert_eq!(left.len(), 2, "flipped at {place}");
            assert!(left.iter().all(|body| bodies(&whole).contains(body)));
        }
    }

    #[test]
    fn zeros_are_no_frames() {
        assert_eq!(pieces(&[0; 100]).collect::<Vec<_>>(), [Piece::Torn { from: 0 }]);
    }

    proptest! {
        #[test]
        fn pieces_cover_any_bytes_once(bytes in proptest::collection::vec(0u8..6, 0..200)) {
            let mut next = 0;
            for piece in pieces(&bytes) {
                let (from, to) = match piece {
                    Piece::Whole(frame) => (frame.offset, frame.end),
                    Piece::Damage { from, to } => (from, to),
                    Piece::Torn { from } => (from, bytes.len()),
                };
                prop_assert!(from == next && to > from);
                next = to;
            }
            prop_assert_eq!(next, bytes.len());
        }
    }
}
