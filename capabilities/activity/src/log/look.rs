//! What of a log is damaged, as whoever may read its folders sees it, and what somebody has said of it. Nothing is taken
//! away: what was seen once and acknowledged is told as before, and is no news.

use std::fs;
use std::io;
use std::path::Path;

use kit::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AppendLog, held, index, segment};
use crate::entry::{Entries, Entry, What};
use crate::frame::{self, Piece};
use crate::store::StoreError;
use crate::{page, sealed};

/// Damaged bytes that lie together in one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Damage {
    /// The file's name.
    pub file: String,
    /// Where they begin.
    pub from: u64,
    /// Where they end.
    pub to: u64,
    /// The checksum of what lies there now: other bytes in the same place are other damage.
    pub crc: u32,
}

impl Damage {
    fn of(file: &str, bytes: &[u8], from: usize, to: usize) -> Self {
        let crc = crc32fast::hash(bytes.get(from..to).unwrap_or_default());
        Self { file: file.to_owned(), from: from as u64, to: to as u64, crc }
    }

    /// How many bytes.
    pub const fn bytes(&self) -> u64 {
        self.to.saturating_sub(self.from)
    }
}

/// Events that were on disk and are not any more, as the log found when it started or looked: whatever became of the bytes, which
/// may be gone with the end of a file, it is written down and stays so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Loss {
    /// When it was found.
    pub found: Timestamp,
    /// The file they were in, as it was called.
    pub file: String,
    /// How many.
    pub events: u64,
    /// How many of them were brought in from another filter's log.
    pub brought_in: u64,
    /// Bytes of the file that were no records when it was found. Where there were none, the bytes themselves were gone.
    pub damaged_bytes: u64,
}

impl Loss {
    fn of(entry: &Entry) -> Option<Self> {
        let What::Damaged { first_seq, places, events, brought_in, damaged_bytes } = entry.what else {
            return None;
        };
        let file = name_of(&segment::path_of(Path::new(""), first_seq));
        let (events, found) = (events.max(places), entry.at);
        Some(Self { found, file, events, brought_in, damaged_bytes })
    }

    /// What is acknowledged where somebody has seen it: no bytes of its file, for what is gone has none.
    pub fn as_damage(&self) -> Damage {
        Damage { file: self.file.clone(), from: 0, to: 0, crc: 0 }
    }
}

/// That somebody has seen damage, and why it needs nobody's attention any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    /// When.
    pub at: Timestamp,
    /// What they said.
    pub reason: String,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Look {
    /// How many files were read, the sealed records not among them.
    pub files: usize,
    /// What is damaged, by file and place, and what was said of it. The sealed records are among it.
    pub damaged: Vec<(Damage, Option<Acknowledged>)>,
    /// What was lost of it, oldest first, and what was said of that.
    pub lost: Vec<(Loss, Option<Acknowledged>)>,
}

/// Reads every file of frames in a log's folder and every page in `run_dir`. While a log is running, a half-written frame
/// at the end of its newest files is no damage; after it has ended it is.
pub fn look(dir: &Path, run_dir: &Path) -> io::Result<Look> {
    let mut look = Look::default();
    let running = match fs::File::open(dir.join("lock")) {
        Ok(lock) => lock.try_lock_shared().is_err(),
        Err(_) => false,
    };
    let mut found = Vec::new();
    let firsts = segment::list(dir)?;
    let newest = firsts.last().map(|first| segment::path_of(dir, *first));
    let (entries, records) = (dir.join("entries.log"), dir.join(sealed::FILE));
    let paths = firsts.iter().map(|first| segment::path_of(dir, *first));
    for path in paths.chain([entries.clone(), records.clone()]) {
        let bytes = match fs::read(&path) {
            // Retention may just have taken it; a log that never ran has no entries.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            read => read?,
        };
        look.files += usize::from(path != records);
        let name = name_of(&path);
        let grows = running && (path == entries || path == records || newest.as_ref() == Some(&path));
        found.extend(frame::pieces(&bytes).filter_map(|piece| match piece {
            Piece::Whole(_) => None,
            Piece::Damage { from, to } => Some(Damage::of(&name, &bytes, from, to)),
            Piece::Torn { .. } if grows => None,
            Piece::Torn { from } => Some(Damage::of(&name, &bytes, from, bytes.len())),
        }));
    }
    let (files, damaged) = index::damage(dir)?;
    look.files += files;
    found.extend(damaged);
    let (pages, bad_pages) = page::damaged_in(run_dir)?;
    look.files += pages;
    for name in bad_pages {
        let bytes = fs::read(crate::pages_folder(run_dir).join(&name))?;
        found.push(Damage::of(&name, &bytes, 0, bytes.len()));
    }
    let said = match Entries::all(&entries) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        read => read?,
    };
    look.lost = losses(&said);
    let said: Vec<_> = (said.into_iter())
        .filter_map(|entry| match entry.what {
            What::DamageAcknowledged { damage, reason } => {
                Some((damage, Acknowledged { at: entry.at, reason }))
            }
            _ => None,
        })
        .collect();
    look.damaged = (found.into_iter())
        .map(|damage| {
            let of_it = said.iter().rev().find(|(seen, _)| *seen == damage);
            let acknowledged = of_it.map(|(_, acknowledged)| acknowledged.clone());
            (damage, acknowledged)
        })
        .collect();
    Ok(look)
}

/// What was lost, each with what was said of it: after it was found, or before of the bytes that it was then found to have
/// lain in.
fn losses(entries: &[Entry]) -> Vec<(Loss, Option<Acknowledged>)> {
    let said = |from: usize| {
        entries.iter().skip(from).filter_map(|entry| match &entry.what {
            What::DamageAcknowledged { damage, reason } => {
                Some((damage, Acknowledged { at: entry.at, reason: reason.clone() }))
            }
            _ => None,
        })
    };
    let of = |(place, entry): (usize, &Entry)| {
        let loss = Loss::of(entry)?;
        let its_bytes = || said(0).filter(|(damage, _)| damage.file == loss.file && damage.bytes() > 0);
        let all_seen = its_bytes().map(|(damage, _)| damage.bytes()).sum::<u64>() >= loss.damaged_bytes;
        let of_bytes = its_bytes().next_back().filter(|_| loss.damaged_bytes > 0 && all_seen);
        let of_itself = said(place).find(|(damage, _)| **damage == loss.as_damage());
        let acknowledged = of_itself.or(of_bytes).map(|(_, acknowledged)| acknowledged);
        Some((loss, acknowledged))
    };
    entries.iter().enumerate().filter_map(of).collect()
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

impl AppendLog {
    /// Writes down that this damage was seen. The bytes stay as they are.
    pub fn acknowledge(&self, damage: &[Damage], reason: &str, at: Timestamp) -> Result<(), StoreError> {
        let entry = |damage: &Damage| {
            let what = What::DamageAcknowledged { damage: damage.clone(), reason: reason.to_owned() };
            Entry { at, what }
        };
        let entries: Vec<Entry> = damage.iter().map(entry).collect();
        held(&self.writer).add(&self.config.dir, &entries)
    }
}
