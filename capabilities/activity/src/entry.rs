//! What the log says about itself: losses, deletions, repairs. Kept in `log/entries.log`, which no retention touches.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use engine::Origin;
use kit::Timestamp;
use serde::{Deserialize, Serialize};

use crate::event::moment;
use crate::frame::{self, Kind, Piece};
use crate::log::{Damage, Known};
use crate::page::{HelpCounts, Run};
use crate::search::Subject;

/// Why events were lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The gate had no room left for them: the log was away, or its disk full, for too long.
    NoRoom,
    /// The gate ended before it could hand them over.
    GateEnded,
    /// The gate ended while it carried their requests out, so that there was no event yet. Each began a few seconds
    /// before at most: what takes longer is told while it is open.
    InFlight,
}

/// One entry: when it was made, and what happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When it was made.
    #[serde(with = "moment")]
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "kebab-case")]
pub enum What {
    /// Events that a gate numbered and that never became durable.
    Lost {
        /// The gate run.
        run: Run,
        /// Their numbers: first and last of each span.
        numbers: Vec<(u64, u64)>,
        /// How many.
        events: u64,
        /// The time of the last durable event before them, where there is one.
        #[serde(default, with = "moment::maybe", skip_serializing_if = "Option::is_none")]
        since: Option<Timestamp>,
        /// The time of the last event the loss may include.
        #[serde(default, with = "moment::maybe", skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
        /// Why.
        cause: Cause,
    },
    /// A gate run is over and wholly accounted for: `issued = durable + lost`.
    RunEnded {
        /// The gate run.
        run: Run,
        /// Numbers issued.
        issued: u64,
        /// Events made durable.
        durable: u64,
        /// Events counted as lost.
        lost: u64,
        /// False after a power loss or a missing page: further events, between `since` and `until`, may be missing
        /// that nobody can count.
        exact: bool,
        /// The time of the last event known of the run.
        #[serde(default, with = "moment::maybe", skip_serializing_if = "Option::is_none")]
        since: Option<Timestamp>,
        /// When it was found ended.
        #[serde(with = "moment")]
        until: Timestamp,
    },
    /// A file was found torn or damaged when the log started.
    Repaired {
        /// The file's name.
        file: String,
        /// Bytes after the last whole record, cut off.
        cut_bytes: u64,
        /// Bytes before other whole records that are no records; left in place and passed over.
        damaged_bytes: u64,
    },
    /// Events that were on disk lay in bytes that are damaged.
    Damaged {
        /// The first place of the file they were in: it is in its name.
        first_seq: u64,
        /// Places of which there is no event any more.
        places: u64,
        /// How many events that had been counted as on disk count as lost instead. The others are of gate runs that
        /// were not over, and are counted as lost with those.
        events: u64,
        /// How many of these no gate had given out: they were brought in from another filter's log.
        #[serde(default)]
        brought_in: u64,
        /// Bytes of the file that are no records.
        damaged_bytes: u64,
    },
    /// Somebody has seen damage that nothing can mend. It stays where it is, is told as before, and fails no check again.
    DamageAcknowledged {
        /// Which.
        #[serde(flatten)]
        damage: Damage,
        /// Why it needs nobody's attention any more.
        reason: String,
    },
    /// Somebody was shown who persons and devices are.
    IdentitiesOpened {
        /// Why.
        reason: String,
    },
    /// The log could not write; gates kept what they could.
    Unwritable {
        /// When it began.
        #[serde(with = "moment")]
        since: Timestamp,
        /// When it was over.
        #[serde(with = "moment")]
        until: Timestamp,
        /// What the machine said.
        why: String,
    },
    /// A file was deleted because everything in it was older than the log is kept.
    Expired {
        /// The file's name.
        file: String,
        /// The first place in it.
        first_seq: u64,
        /// The last place in it.
        last_seq: u64,
        /// The time of its oldest event.
        #[serde(with = "moment")]
        oldest: Timestamp,
        /// The time of its newest event.
        #[serde(with = "moment")]
        newest: Timestamp,
        /// How long the log is kept.
        kept_days: u32,
    },
    /// Encrypted records of sealed addresses were deleted because they were older than those are kept.
    SealedExpired {
        /// How many.
        records: u64,
        /// The time of the newest of them.
        #[serde(with = "moment")]
        newest: Timestamp,
        /// How long they are kept.
        kept_days: u32,
    },
    /// Somebody's events are to be erased: hidden from every answer from now on.
    ErasureBegun {
        /// Whose, and from when to when.
        subject: Subject,
        /// Why, where somebody said so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// They are gone from every file.
    ErasureDone {
        /// Whose.
        subject: Subject,
        /// How many events.
        events: u64,
    },
    /// Another filter's log is being brought in.
    ImportBegun {
        /// The run that its lines are numbered in.
        run: Run,
        /// What kind of log it is.
        origin: Origin,
        /// The file.
        file: Known,
    },
    /// Some of it is on disk, in places beside each other that hold nothing else.
    ImportTook {
        /// The run.
        run: Run,
        /// The first of its places.
        first_seq: u64,
        /// How many.
        events: u64,
    },
    /// It has been brought in to its end. Where its file had grown since it was before, there is an entry for each time.
    Imported {
        /// The run.
        run: Run,
        /// What kind of log it is.
        origin: Origin,
        /// How many lines the file has.
        lines: u64,
        /// How many events came of those that were new.
        events: u64,
        /// The file.
        file: Known,
    },
    /// Visits to help sites on one finished day: that the gate answered, nothing more.
    Help {
        /// The gate run that counted them.
        run: Run,
        /// The day, as its first moment in UTC; missing where it could not be kept.
        #[serde(default, with = "moment::maybe", skip_serializing_if = "Option::is_none")]
        day: Option<Timestamp>,
        /// How many, by front. Several entries of one run and day add up.
        counts: HelpCounts,
    },
}

/// The file of entries. Every write is durable when it returns.
#[derive(Debug)]
pub struct Entries {
    file: File,
    durable_len: u64,
}

/// What was found in the file.
#[derive(Debug, Default)]
pub struct Found {
    /// The entries in order.
    pub entries: Vec<Entry>,
    /// Bytes cut from its end.
    pub cut_bytes: u64,
    /// Bytes passed over.
    pub damaged_bytes: u64,
}

/// The entries in `bytes`, and where whole frames end.
fn read(bytes: &[u8]) -> (Found, u64) {
    let mut found = Found::default();
    let mut whole = 0;
    for piece in frame::pieces(bytes) {
        match piece {
            Piece::Whole(frame) => {
                whole = frame.end as u64;
                match serde_json::from_slice(frame.body) {
                    Ok(entry) if frame.kind == Kind::Entry => found.entries.push(entry),
                    _ => found.damaged_bytes += (frame.end - frame.offset) as u64,
                }
            }
            Piece::Damage { from, to } => found.damaged_bytes += (to - from) as u64,
            Piece::Torn { from } => found.cut_bytes = (bytes.len() - from) as u64,
        }
    }
    (found, whole)
}

impl Entries {
    /// Opens the file, making it if need be, reads it and cuts a torn end off.
    pub fn open(path: &Path) -> io::Result<(Self, Found)> {
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o640).open(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let (found, whole) = read(&bytes);
        if found.cut_bytes > 0 {
            file.set_len(whole)?;
            file.sync_all()?;
        }
        // The file may be new; its name must be as durable as what is written to it.
        crate::log::segment::sync_folder(path)?;
        Ok((Self { file, durable_len: whole }, found))
    }

    /// Adds entries, all or none of them.
    pub fn add(&mut self, entries: &[Entry]) -> io::Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        let mut bytes = Vec::new();
        for entry in entries {
            let text = serde_json::to_vec(entry)?;
            frame::push(&mut bytes, Kind::Entry, |out| out.extend_from_slice(&text));
        }
        let written = self.write(&bytes);
        match written {
            Ok(()) => self.durable_len += bytes.len() as u64,
            // What was half-written must not stand in front of the next entry. If this fails too, the next write
            // begins at the same place, and the next start cuts what is left.
            Err(_) => drop(self.file.set_len(self.durable_len)),
        }
        written
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.durable_len))?;
        self.file.write_all(bytes)?;
        self.file.sync_data()
    }

    /// Reads the entries of a log that may be running.
    pub fn all(path: &Path) -> io::Result<Vec<Entry>> {
        Ok(read(&std::fs::read(path)?).0.entries)
    }
}
