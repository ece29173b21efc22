//! The log's side: one file of frames, appended to and synced before the rows that refer to it.

use std::collections::{BTreeMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use kit::Timestamp;

use super::{FILE, RecordRef};
use crate::bytes::Reader;
use crate::frame::{self, Frame, Kind, Piece};
use crate::log::segment::sync_folder;

/// The file grows no further: three hundred thousand records. What comes then is dropped, said and counted.
pub const MOST_BYTES: u64 = 256 << 20;
/// No encrypted record is longer.
const LONGEST: usize = 32 << 10;
const A_DAY_MS: i64 = 86_400_000;

/// One record as anybody who may read the log's folder sees it: that there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// Its reference.
    pub reference: RecordRef,
    /// When the first request was.
    pub at: Timestamp,
    /// When the last one was.
    pub last_at: Timestamp,
    /// How many requests it stands for.
    pub hits: u64,
    /// How many of them were for other hosts of which there is no record.
    pub others: u64,
}

/// What the file shows without a key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shown {
    /// Records, oldest first.
    pub records: Vec<Listed>,
    /// Requests of which there is no record, because too many were begun at once.
    pub not_kept: u64,
    /// Bytes that are no frames.
    pub damaged_bytes: u64,
    /// The length of the file.
    pub bytes: u64,
}

/// The file as the log process holds it.
#[derive(Debug)]
pub struct Shelf {
    path: PathBuf,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    file: File,
    length: u64,
    known: HashSet<(Kind, u64, i64)>,
    oldest: Option<Timestamp>,
    full: bool,
}

/// What went because it was too old.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expired {
    /// How many records.
    pub records: u64,
    /// The time of the newest of them.
    pub newest: Timestamp,
}

/// The parts of a body that can be read without a key: reference, time, rest.
fn head(kind: Kind, body: &[u8]) -> Option<(u64, i64, &[u8])> {
    let mut reader = Reader(body);
    let (reference, at) = (reader.u64()?, reader.i64()?);
    let sound = match kind {
        Kind::SealedRecord => {
            RecordRef::from_number(reference).is_some() && (1..=LONGEST).contains(&reader.0.len())
        }
        Kind::SealedCount => reader.0.len() == 16,
        _ => false,
    };
    sound.then_some((reference, at, reader.0))
}

/// Whether a gate may hand this over.
pub fn is_sound(kind: Kind, body: &[u8]) -> bool {
    head(kind, body).is_some()
}

fn frames(bytes: &[u8]) -> impl Iterator<Item = (Frame<'_>, u64, i64, &[u8])> {
    frame::pieces(bytes).filter_map(|piece| match piece {
        Piece::Whole(frame) => {
            head(frame.kind, frame.body).map(|(reference, at, rest)| (frame, reference, at, rest))
        }
        Piece::Damage { .. } | Piece::Torn { .. } => None,
    })
}

impl Shelf {
    /// Opens the file in the log's folder, making it if need be; a torn end is cut off. The log's lock is held.
    pub fn open(dir: &Path) -> io::Result<Self> {
        let path = dir.join(FILE);
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let torn = frame::pieces(&bytes).find_map(|piece| match piece {
            Piece::Torn { from } => Some(from),
            _ => None,
        });
        if let Some(from) = torn {
            tracing::warn!(
                cut_bytes = bytes.len() - from,
                "The sealed records were torn at their end and were cut there"
            );
            file.set_len(from as u64)?;
            file.sync_all()?;
            bytes.truncate(from);
        }
        sync_folder(&path)?;
        let known = frames(&bytes).map(|(frame, reference, at, _)| (frame.kind, reference, at)).collect();
        let oldest = oldest_of(&bytes);
        let inner = Inner { file, length: bytes.len() as u64, known, oldest, full: false };
        Ok(Self { path, inner: Mutex::new(inner) })
    }

    /// Makes what gates hand over durable, all or none of it; what it has already is passed over.
    pub fn append(&self, what: &[(Kind, Vec<u8>)]) -> io::Result<()> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bytes = Vec::new();
        let mut fresh = HashSet::new();
        let mut oldest = inner.oldest;
        for (kind, body) in what {
            let Some((reference, at, _)) = head(*kind, body) else { continue };
            let key = (*kind, reference, at);
            if inner.known.contains(&key) || fresh.contains(&key) {
                continue;
            }
            if inner.length + (bytes.len() + body.len() + frame::HEAD + 2) as u64 > MOST_BYTES {
                if !inner.full {
                    tracing::error!(
                        "The file of sealed records is full: further addresses are not kept. Hand the records over, and let old ones go with `keep-sealed-days`"
                    );
                }
                inner.full = true;
                continue;
            }
            fresh.insert(key);
            let at = Timestamp::from_millis(at);
            oldest = Some(oldest.map_or(at, |oldest| oldest.min(at)));
            frame::push(&mut bytes, *kind, |out| out.extend_from_slice(body));
        }
        if bytes.is_empty() {
            return Ok(());
        }
        let length = inner.length;
        let written = (|| {
            inner.file.seek(SeekFrom::Start(length))?;
            inner.file.write_all(&bytes)?;
            inner.file.sync_data()
        })();
        match written {
            Ok(()) => {
                inner.length += bytes.len() as u64;
                inner.known.extend(fresh);
                inner.oldest = oldest;
            }
            // What was half-written must not stand before the next frame.
            Err(_) => drop(inner.file.set_len(length)),
        }
        written
    }

    /// What would go because it is older than `keep_days`; `None` while nothing is a whole day older, so that the file is
    /// written again once a day at most.
    pub fn due(&self, at: Timestamp, keep_days: u32) -> io::Result<Option<Expired>> {
        let kept_from = at.plus_millis(-i64::from(keep_days).saturating_mul(A_DAY_MS));
        let oldest = self.inner.lock().unwrap_or_else(PoisonError::into_inner).oldest;
        if oldest.is_none_or(|oldest| oldest.plus_millis(A_DAY_MS) > kept_from) {
            return Ok(None);
        }
        let old: Vec<i64> = frames(&std::fs::read(&self.path)?)
            .filter(|(frame, _, at, _)| frame.kind == Kind::SealedRecord && *at < kept_from.as_millis())
            .map(|(_, _, at, _)| at)
            .collect();
        Ok(old
            .iter()
            .max()
            .map(|newest| Expired { records: old.len() as u64, newest: Timestamp::from_millis(*newest) }))
    }

    /// Writes the file again without what is older than `keep_days`.
    pub fn expire(&self, at: Timestamp, keep_days: u32) -> io::Result<()> {
        let kept_from = at.plus_millis(-i64::from(keep_days).saturating_mul(A_DAY_MS)).as_millis();
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = std::fs::read(&self.path)?;
        let mut kept = Vec::with_capacity(bytes.len());
        for (frame, ..) in frames(&bytes).filter(|(_, _, at, _)| *at >= kept_from) {
            kept.extend_from_slice(bytes.get(frame.offset..frame.end).unwrap_or_default());
        }
        let beside = self.path.with_extension("tmp");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&beside)?;
        file.write_all(&kept)?;
        file.sync_all()?;
        std::fs::rename(&beside, &self.path)?;
        sync_folder(&self.path)?;
        inner.known = frames(&kept).map(|(frame, reference, at, _)| (frame.kind, reference, at)).collect();
        inner.oldest = oldest_of(&kept);
        (inner.file, inner.length, inner.full) = (file, kept.len() as u64, false);
        Ok(())
    }

    /// What the file in a log's folder shows without a key. The log may be running.
    pub fn look(dir: &Path) -> io::Result<Shown> {
        let bytes = read(dir)?;
        let mut records = BTreeMap::<(i64, u64), Listed>::new();
        let mut times = BTreeMap::<u64, i64>::new();
        let mut shown = Shown { bytes: bytes.len() as u64, ..Shown::default() };
        let mut sound = 0;
        for (frame, reference, at, rest) in frames(&bytes) {
            sound += (frame.end - frame.offset) as u64;
            let moment = Timestamp::from_millis(at);
            if frame.kind == Kind::SealedRecord {
                let Some(reference) = RecordRef::from_number(reference) else { continue };
                let one = Listed { reference, at: moment, last_at: moment, hits: 1, others: 0 };
                records.insert((at, reference.number()), one);
                times.insert(reference.number(), at);
                continue;
            }
            let mut rest = Reader(rest);
            let (Some(hits), Some(others)) = (rest.u64(), rest.u64()) else { continue };
            match times.get(&reference).and_then(|first| records.get_mut(&(*first, reference))) {
                Some(one) => (one.last_at, one.hits, one.others) = (moment, hits, others),
                None if reference == 0 => shown.not_kept += hits,
                None => {}
            }
        }
        shown.damaged_bytes = shown.bytes - sound;
        shown.records = records.into_values().collect();
        Ok(shown)
    }

    /// The encrypted bytes of one record.
    pub fn find(dir: &Path, wanted: RecordRef) -> io::Result<Option<Vec<u8>>> {
        let bytes = read(dir)?;
        let found = frames(&bytes)
            .find(|(frame, reference, ..)| frame.kind == Kind::SealedRecord && *reference == wanted.number());
        Ok(found.map(|(.., encrypted)| encrypted.to_vec()))
    }
}

fn oldest_of(bytes: &[u8]) -> Option<Timestamp> {
    frames(bytes).map(|(_, _, at, _)| at).min().map(Timestamp::from_millis)
}

fn read(dir: &Path) -> io::Result<Vec<u8>> {
    match std::fs::read(dir.join(FILE)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        read => read,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(number: u64, at: i64) -> (Kind, Vec<u8>) {
        let mut body = number.to_le_bytes().to_vec();
        body.extend_from_slice(&at.to_le_bytes());
        body.extend_from_slice(b"encrypted");
        (Kind::SealedRecord, body)
    }

    fn count(number: u64, at: i64, hits: u64) -> (Kind, Vec<u8>) {
        let mut body = number.to_le_bytes().to_vec();
        for part in [at as u64, hits, 0] {
            body.extend_from_slice(&part.to_le_bytes());
        }
        (Kind::SealedCount, body)
    }

    #[test]
    fn what_is_sent_twice_is_kept_once_and_counts_find_their_record() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::open(folder.path()).unwrap();
        shelf.append(&[record(7, 1_000), record(8, 2_000), record(7, 1_000)]).unwrap();
        shelf.append(&[record(7, 1_000), count(7, 5_000, 40), count(0, 5_000, 3)]).unwrap();
        drop(shelf);
        let path = folder.path().join(FILE);
        let whole = std::fs::metadata(&path).unwrap().len();
        // A crash in the middle of a write: the end is cut, and what is sent again is known.
        let mut file = File::options().append(true).open(&path).unwrap();
        file.write_all(&[9; 21]).unwrap();
        let shelf = Shelf::open(folder.path()).unwrap();
        shelf.append(&[record(8, 2_000), count(7, 5_000, 40)]).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().len(), whole);
        let shown = Shelf::look(folder.path()).unwrap();
        let lines: Vec<_> = shown.records.iter().map(|one| (one.reference.number(), one.hits)).collect();
        assert_eq!((lines, shown.not_kept, shown.damaged_bytes), (vec![(7, 40), (8, 1)], 3, 0));
        let found = Shelf::find(folder.path(), RecordRef::from_number(8).unwrap()).unwrap();
        assert_eq!(found.as_deref(), Some(&b"encrypted"[..]));
        assert_eq!(Shelf::find(folder.path(), RecordRef::from_number(9).unwrap()).unwrap(), None);
    }

    #[test]
    fn old_records_go_with_their_counts_and_the_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::open(folder.path()).unwrap();
        let day = |days: i64| days * A_DAY_MS;
        shelf.append(&[record(7, day(1)), count(7, day(1) + 9, 2), record(8, day(40))]).unwrap();
        let at = |days| Timestamp::from_millis(day(days));
        assert_eq!(shelf.due(at(31), 30).unwrap(), None, "not for less than a day's worth");
        let expired = Expired { records: 1, newest: at(1) };
        assert_eq!(shelf.due(at(33), 30).unwrap(), Some(expired));
        shelf.expire(at(33), 30).unwrap();
        assert_eq!(shelf.due(at(33), 30).unwrap(), None);
        shelf.append(&[record(9, day(41))]).unwrap();
        let left: Vec<_> =
            Shelf::look(folder.path()).unwrap().records.iter().map(|one| one.reference.number()).collect();
        assert_eq!(left, [8, 9]);
    }
}
