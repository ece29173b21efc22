//! The questions on `run/questions/log.sock` and their answers: one JSON line each way, events as a line each.
//!
//! `{"search":{"person":7,"verdict":"block","limit":20}}` is answered by lines `{"event":{…}}` and a last line
//! `{"done":{"events":20,"damaged_bytes":0}}`; anything that goes wrong by `{"error":"…"}`. Empty lines mean nothing. Requests for a
//! replay come in parcels: a line `{"parcel":{"bytes":700000}}`, and then so many bytes ([`crate::past`]).

use std::collections::BTreeMap;
use std::net::IpAddr;

use engine::{Origin, Transport};
use serde::{Deserialize, Serialize};

use crate::columns::Table;
use crate::entry::Entry;
use crate::event::Event;
use crate::import::Imported;
use crate::log::{Damage, Import, Known};
use crate::page::Run;
use crate::past::Asked;
use crate::report::Report;
use crate::sealed::Handed;
use crate::search::{Search, Subject, TimeRange};
use crate::service::Status;
use crate::store::{Answered, Appended};

/// A question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ask {
    /// The events a search finds, newest first.
    Search(Search),
    /// Every event of a time, oldest first.
    Scan(TimeRange),
    /// Every request of a time in parcels, for a replay: see [`crate::past`].
    Past(Asked),
    /// How many events a search finds, by verdict, step, front and transport.
    Counts(Search),
    /// A report over everything that is kept.
    Report(Report),
    /// What a search finds from now on, or from a place on, until the asker goes away.
    Tail {
        /// What to look for. Its limit is not looked at.
        #[serde(default)]
        search: Search,
        /// The first place wanted; from now on where missing.
        #[serde(default)]
        from_seq: Option<u64>,
    },
    /// The last refusals of an address, newest first.
    Refusals {
        /// The address.
        address: IpAddr,
        /// At most so many; sixteen are kept.
        limit: usize,
    },
    /// How the log fares, and what it lost.
    Status,
    /// What the log says about itself, oldest first.
    Entries,
    /// Erase somebody's events. Whoever asks has checked that it may be asked and left their own entry in the trail.
    Erase(Subject),
    /// The same, with why: that stands in the log as long as the log.
    EraseFor {
        /// Whose.
        subject: Subject,
        /// Why.
        reason: String,
    },
    /// What was brought in from other filters' logs, oldest first.
    Imports,
    /// Begin to bring a log in, or go on with one.
    BeginImport {
        /// Its run.
        run: Run,
        /// What kind of log it is.
        origin: Origin,
        /// The file.
        file: Known,
    },
    /// Take requests of the import that this conversation has begun. They may wait for more before they are durable.
    Import {
        /// The requests.
        rows: Vec<Imported>,
        /// Up to which line all is told.
        told: u64,
        /// Encrypted records of those whose address is sealed, and counts: durable before any of the rows is.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        sealed: Vec<Handed>,
    },
    /// Make durable what of the import that this conversation has begun still waits. It goes on, or is left broken off.
    FlushImport,
    /// The import that this conversation has begun is at its end: answered when all of it is durable.
    EndImport {
        /// The file.
        file: Known,
        /// How many lines it has.
        lines: u64,
    },
    /// Write down that identities are opened. Whoever asks has left their own entry in the trail.
    OpenIdentities {
        /// Why.
        reason: String,
    },
    /// Write down that this damage was seen. Whoever asks has left their own entry in the trail.
    AcknowledgeDamage {
        /// Which.
        damage: Vec<Damage>,
        /// Why it needs nobody's attention any more.
        reason: String,
    },
}

/// A line of an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// One event; more follow.
    Event(Box<Event>),
    /// A parcel of requests of the past follows: that many bytes, and then further lines.
    Parcel {
        /// How long it is.
        bytes: u64,
    },
    /// That was all.
    Done(Answered),
    /// Counts.
    Counts(Counts),
    /// A report.
    Table(Table),
    /// Refusals.
    Refusals(Vec<Event>),
    /// How the log fares.
    Status(Box<Status>),
    /// Entries.
    Entries(Vec<Entry>),
    /// An erasure is complete.
    Erased {
        /// How many events.
        events: u64,
    },
    /// What was brought in.
    Imports(Vec<Import>),
    /// How many requests of an import were new, and how many the log had already, since it last said so.
    Taken(Appended),
    /// It is written down.
    Acknowledged,
    /// It could not be answered.
    Error(String),
}

/// How many events a search finds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// All of them.
    pub events: u64,
    /// By verdict.
    pub by_verdict: BTreeMap<String, u64>,
    /// By step.
    pub by_step: BTreeMap<String, u64>,
    /// By front.
    pub by_front: BTreeMap<String, u64>,
    /// By how they came, of questions to the name server of which that is kept.
    #[serde(default)]
    pub by_transport: BTreeMap<String, u64>,
}

impl Counts {
    /// Counts one in.
    pub fn add(&mut self, event: &Event) {
        self.events += 1;
        for (counts, word) in [
            (&mut self.by_verdict, Some(event.verdict.id())),
            (&mut self.by_step, Some(event.step.id())),
            (&mut self.by_front, Some(event.front.as_str())),
            (&mut self.by_transport, event.transport.map(Transport::id)),
        ] {
            let Some(word) = word else { continue };
            match counts.get_mut(word) {
                Some(count) => *count += 1,
                None => drop(counts.insert(word.to_owned(), 1)),
            }
        }
    }
}
