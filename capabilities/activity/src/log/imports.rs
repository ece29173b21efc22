//! What is brought in from another filter's log. It stands in segments of its own, so that old events keep no new ones and are
//! kept no longer than they should be, and in a run of its own, so that it can be told and taken out again.
//!
//! A line is known by its run and its number, and counts once however often its file is brought in. The run is over with the
//! file: from then on all lines up to the last one are known.

use std::collections::BTreeMap;

use engine::{Activity, Front, Identity, Origin, Request};
use kit::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AppendLog, Writer, held};
use crate::batch::{self, Batch};
use crate::entry::{Entry, What};
use crate::event::{encode, moment};
use crate::import::{Imported, SealedRow, host_of};
use crate::page::Run;
use crate::sealed::RecordRef;
use crate::search::Whose;
use crate::spans::Spans;
use crate::store::{Appended, StoreError};

/// Events of one frame, and bytes of them at most, which leaves it well below the longest that is read back.
const A_BATCH: usize = 1_024;
const A_BATCH_BYTES: usize = crate::frame::LONGEST / 2;

/// A file as it is known again: how long it is, and the SHA-256 of all of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// Bytes.
    pub bytes: u64,
    /// As hexadecimal digits.
    pub digest: String,
}

/// One import, as the entries tell it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// Its run, which is its name.
    pub run: Run,
    /// What kind of log it was.
    pub origin: Origin,
    /// When it was brought in first.
    #[serde(with = "moment")]
    pub at: Timestamp,
    /// The file, as it was brought in last.
    pub file: Known,
    /// How many lines it had; 0 where it was never brought in to its end.
    pub lines: u64,
    /// How many events of it have come in, those of one that was broken off among them.
    pub events: u64,
    /// Whether it was brought in to its end the last time it was begun.
    pub whole: bool,
    /// Whether somebody is bringing it in now.
    #[serde(default)]
    pub going_on: bool,
    /// Whether it has been taken out again.
    pub undone: bool,
}

/// Imports by their runs.
pub(super) type Imports = BTreeMap<Run, Import>;

/// Takes in what an entry says of imports.
pub(super) fn learn(imports: &mut Imports, entry: &Entry) {
    match &entry.what {
        What::ImportBegun { run, origin, file } => {
            let import = imports.entry(*run).or_insert_with(|| Import {
                run: *run,
                origin: *origin,
                at: entry.at,
                file: file.clone(),
                lines: 0,
                events: 0,
                whole: false,
                going_on: false,
                undone: false,
            });
            import.whole = false;
            if import.lines == 0 {
                import.file = file.clone();
            }
        }
        What::Imported { run, lines, events, file, .. } => {
            if let Some(import) = imports.get_mut(run) {
                import.file = file.clone();
                import.lines = import.lines.max(*lines);
                import.events = import.events.saturating_add(*events);
                import.whole = true;
            }
        }
        What::ErasureDone { subject, .. } => {
            if let Whose::Import(run) = subject.whose
                && let Some(import) = imports.get_mut(&run)
            {
                import.undone = true;
            }
        }
        _ => {}
    }
}

/// Takes in which places something was brought in to.
pub(super) fn took(places: &mut Spans, first_seq: u64, events: u64) {
    if events > 0 {
        places.insert_span(first_seq, first_seq.saturating_add(events - 1));
    }
}

impl AppendLog {
    /// What was brought in, oldest first.
    pub fn imports(&self) -> Vec<Import> {
        let writer = held(&self.writer);
        let as_it_is = |import: &Import| {
            // What has come in of one that is not at its end, no entry counts yet.
            let more = writer.runs.get(&import.run).map_or(0, |state| state.durable);
            Import { events: import.events.saturating_add(more), ..import.clone() }
        };
        let mut imports: Vec<Import> = writer.imports.values().map(as_it_is).collect();
        drop(writer);
        imports.sort_by_key(|import| (import.at, import.run));
        imports
    }

    /// Begins an import, or goes on with one whose file has grown or that was broken off.
    pub fn begin_import(
        &self,
        run: Run,
        origin: Origin,
        file: Known,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut writer = held(&self.writer);
        writer.refuse_undone(run)?;
        let entry = Entry { at, what: What::ImportBegun { run, origin, file } };
        writer.add(&self.config.dir, std::slice::from_ref(&entry))?;
        learn(&mut writer.imports, &entry);
        drop(writer);
        self.begin_run(run);
        Ok(())
    }

    /// Takes requests of an import, up to the line `told`: durable when this returns, in a segment of their own.
    pub fn import(
        &self,
        run: Run,
        rows: &[Imported],
        told: u64,
        at: Timestamp,
    ) -> Result<Appended, StoreError> {
        let Some(origin) = held(&self.writer).imports.get(&run).map(|import| import.origin) else {
            return Err(StoreError::UnknownImport(run));
        };
        let batches: Vec<Vec<u8>> = frames_of(rows).map(|rows| batch_of(origin, rows)).collect();
        let batches: Vec<_> = batches.iter().filter_map(|bytes| Some((run, Batch::parse(bytes)?))).collect();
        let mut writer = held(&self.writer);
        writer.refuse_undone(run)?;
        if !writer.active.is_empty() {
            self.rotate(&mut writer)?;
        }
        let first_seq = writer.active.next_seq;
        let appended = self.append_held(&mut writer, &batches)?;
        if let Some(state) = writer.runs.get_mut(&run).filter(|_| told > 0) {
            // Lines that told nothing are not missing.
            state.accounted.insert_span(1, told);
        }
        if !writer.active.is_empty() {
            self.rotate(&mut writer)?;
        }
        if appended.events > 0 {
            // So that damage there is known to be no gate's loss, even where it takes every event.
            let what = What::ImportTook { run, first_seq, events: appended.events };
            writer.add(&self.config.dir, &[Entry { at, what }])?;
            took(&mut writer.brought_in, first_seq, appended.events);
        }
        Ok(appended)
    }

    /// The import is at its end; `lines` are all that its file has.
    pub fn end_import(&self, run: Run, file: Known, lines: u64, at: Timestamp) -> Result<Import, StoreError> {
        let mut writer = held(&self.writer);
        writer.refuse_undone(run)?;
        let Some(import) = writer.imports.get(&run).cloned() else {
            return Err(StoreError::UnknownImport(run));
        };
        let events = writer.runs.get(&run).map_or(0, |state| state.durable);
        let what = What::Imported { run, origin: import.origin, lines, events, file };
        let entry = Entry { at, what };
        writer.add(&self.config.dir, std::slice::from_ref(&entry))?;
        learn(&mut writer.imports, &entry);
        writer.end_import(run, lines, events);
        Ok(writer.imports.get(&run).cloned().unwrap_or(import))
    }
}

impl Writer {
    /// An error where an import has been taken out: nothing more comes into it.
    fn refuse_undone(&self, run: Run) -> Result<(), StoreError> {
        let undone = self.imports.get(&run).is_some_and(|import| import.undone);
        if undone { Err(StoreError::ImportUndone(run)) } else { Ok(()) }
    }
}

/// The requests in runs that each fit into a frame.
fn frames_of(rows: &[Imported]) -> impl Iterator<Item = &[Imported]> {
    let mut rest = rows;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = |row: &&Imported| {
            bytes += row.bytes_at_most();
            bytes <= A_BATCH_BYTES
        };
        // One is always taken: none is longer than a frame.
        let many = rest.iter().take(A_BATCH).take_while(fits).count().max(1);
        let (now, later) = rest.split_at_checked(many)?;
        rest = later;
        Some(now)
    })
}

/// Requests as a batch, by rising lines. What cannot be written is left out: its host was checked by whoever read it.
fn batch_of(origin: Origin, rows: &[Imported]) -> Vec<u8> {
    let mut rows: Vec<&Imported> = rows.iter().collect();
    rows.sort_by_key(|row| row.line);
    let (first, base_at) = rows.first().map_or((1, 0), |row| (row.line, row.at.as_millis()));
    let mut out = Vec::new();
    batch::write_head(&mut out, first, base_at, 0);
    let mut count = 0;
    for row in rows {
        let identity = Identity {
            person: row.person,
            device: row.device,
            known_by: row.known_by,
            ..Identity::default()
        };
        let Some((activity, record)) = activity_of(origin, row, &identity) else { continue };
        let after = row.at.as_millis().saturating_sub(base_at);
        encode(&mut out, row.line - first, after, &activity, record);
        count += 1;
    }
    batch::fill_count(&mut out, 0, count);
    out
}

/// A request as an event, with the record of its address where that is sealed.
fn activity_of<'a>(
    origin: Origin,
    row: &'a Imported,
    identity: &'a Identity,
) -> Option<(Activity<'a>, Option<RecordRef>)> {
    let front = Front::from_id(&row.front).unwrap_or(Front::Dns);
    let client = row.client.unwrap_or_else(|| std::net::Ipv4Addr::UNSPECIFIED.into());
    let agent = row.agent.as_deref();
    let mut decision = origin.decision(row.verdict);
    let (activity, record) = match (row.sealed, &row.host) {
        (Some(SealedRow { fact, record }), _) => {
            decision.reason.fact = fact;
            let left =
                Activity::without_address(&decision, front, identity, row.at, client, agent, row.bytes);
            (left, record)
        }
        (None, Some(host)) => {
            let request = Request {
                host: host_of(host)?,
                port: None,
                path: row.path.as_deref(),
                as_sent: None,
                chain: &[],
                addresses: &[],
                identity,
                front,
            };
            let activity = Activity::of(&request, &decision, row.at, client, agent, row.bytes)
                .searching(row.searched.as_deref().and_then(engine::searching::Words::new));
            (activity, None)
        }
        (None, None) => return None,
    };
    Some((if row.client.is_none() { activity.from_somewhere() } else { activity }, record))
}
