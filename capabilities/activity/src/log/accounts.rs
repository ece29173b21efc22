//! Accounting for every number that a gate issued: durable, or lost and said so.

use std::collections::BTreeMap;
use std::path::Path;

use kit::Timestamp;
use serde::{Deserialize, Serialize};

use super::segment::RunState;
use super::{AppendLog, durable_of, held};
use crate::entry::{Cause, Entry, What};
use crate::event::moment;
use crate::page::{self, HelpCounts, Reading, Run};
use crate::service::HelpDay;
use crate::spans::total;
use crate::store::StoreError;

/// An entry names at most so many spans of lost numbers; more make further entries.
const SPANS_AN_ENTRY: usize = 2_000;
/// How long after a day its help visits are published: a visit just before midnight may be recorded just after.
const DAY_AND_A_BIT_MS: i64 = 25 * 3_600_000;

/// A gate run that is not over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenRun {
    /// Which.
    pub run: Run,
    /// Numbers issued so far, as its page says.
    pub issued: u64,
    /// Events owed, as its page says: of requests that are being carried out. They have no number yet, and will be
    /// lost and counted should the gate be killed now.
    #[serde(default)]
    pub owed: u64,
    /// Events made durable.
    pub durable: u64,
    /// Events counted as lost.
    pub lost: u64,
    /// The time of its last durable event.
    #[serde(default, with = "moment::maybe", skip_serializing_if = "Option::is_none")]
    pub last_at: Option<Timestamp>,
}

/// All accounts. For runs that are over, `issued = durable + lost`, exactly unless `inexact` says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Accounts {
    /// How many runs are over.
    pub ended_runs: u64,
    /// Of those, how many ended with a power loss or without a page, so that more may be missing than was counted.
    pub inexact_runs: u64,
    /// Numbers that runs now over had issued.
    pub issued: u64,
    /// Events of theirs that are durable.
    pub durable: u64,
    /// Events of theirs counted as lost.
    pub lost: u64,
    /// Events counted as durable above or below that were found damaged on disk since: they are lost, and not durable.
    #[serde(default)]
    pub damaged: u64,
    /// Events that were brought in and found damaged on disk since. No gate lost them, and they are not in `imported`.
    #[serde(default)]
    pub imported_damaged: u64,
    /// Whether more may have been lost than is counted: runs ended inexactly, or what says how many were lost is damaged.
    /// What is on disk is exact all the same.
    #[serde(default)]
    pub at_least: bool,
    /// Events brought in from other filters' logs, which are in none of the sums above.
    #[serde(default)]
    pub imported: u64,
    /// Runs that are not over.
    pub open: Vec<OpenRun>,
}

impl AppendLog {
    /// Makes a run known, so that it stands in the accounts before its first event.
    pub fn begin_run(&self, run: Run) {
        let mut writer = held(&self.writer);
        let settled_before = writer.over.get(&run).copied().unwrap_or(0);
        writer.runs.entry(run).or_insert_with(|| RunState {
            accounted: vec![(1, settled_before)].into(),
            settled_before,
            ..RunState::default()
        });
    }

    /// Counts as lost every number of the run up to `number` that is not durable: the gate has said that none of them
    /// is still on its way.
    pub fn mark(&self, run: Run, number: u64, at: Timestamp) -> Result<u64, StoreError> {
        let mut writer = held(&self.writer);
        let Some(state) = writer.runs.get(&run) else { return Ok(0) };
        let gaps = state.accounted.gaps(number);
        if gaps.is_empty() {
            return Ok(0);
        }
        let entries = losses(run, state, &gaps, at, Some(at), Cause::NoRoom);
        writer.add(&self.config.dir, &entries)?;
        let lost = total(&gaps);
        if let Some(state) = writer.runs.get_mut(&run) {
            gaps.iter().for_each(|&(first, last)| state.accounted.insert_span(first, last));
            state.recount();
        }
        Ok(lost)
    }

    /// Settles every run that is over: those in `run_dir` whose gate is gone, and those the log knows that have no
    /// page. `still_talking` tells runs whose gate has a connection open; they are left alone. Also publishes the help
    /// visits of days that are over, and removes pages that have told everything.
    pub fn settle(
        &self,
        run_dir: &Path,
        still_talking: impl Fn(Run) -> bool,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut runs = page::runs_in(run_dir).map_err(StoreError::io("list", run_dir))?;
        {
            let writer = held(&self.writer);
            // An import is over with its file, and until then it waits for whoever brings it in.
            runs.extend(writer.runs.keys().filter(|run| !writer.imports.contains_key(*run)));
        }
        runs.sort_unstable();
        runs.dedup();
        for run in runs {
            let path = page::path_of(run_dir, run);
            let reading = Reading::take(run_dir, run).map_err(StoreError::io("read", &path))?;
            let alive = still_talking(run) || reading.as_ref().is_some_and(|page| page.alive);
            if !alive {
                self.end_run(run, reading.as_ref(), at)?;
            }
            let Some(page) = reading else { continue };
            if self.publish_help(run, &page, at)? && !alive {
                std::fs::remove_file(&path).map_err(StoreError::io("remove", &path))?;
            }
        }
        Ok(())
    }

    fn end_run(&self, run: Run, page: Option<&Reading>, at: Timestamp) -> Result<(), StoreError> {
        let mut writer = held(&self.writer);
        if writer.over.contains_key(&run) && !writer.runs.contains_key(&run) {
            return Ok(());
        }
        let state = writer.runs.get(&run).cloned().unwrap_or_default();
        let numbered = state.accounted.highest().max(page.map_or(0, |page| page.issued));
        // What is owed is never paid now: it takes the numbers that would have come next, all of them lost.
        let owed = page.map_or(0, |page| page.owed);
        let highest = numbered.saturating_add(owed);
        let gaps = state.accounted.gaps(numbered);
        let last_at =
            page.filter(|page| page.issued > 0 || page.owed > 0).map(|page| page.last_at).or(state.last_at);
        let mut entries = losses(run, &state, &gaps, at, last_at, Cause::GateEnded);
        if highest > numbered {
            // Any of them may have begun before the last durable event did.
            let begun = RunState { last_at: None, ..RunState::default() };
            let numbers = [(numbered + 1, highest)];
            entries.extend(losses(run, &begun, &numbers, at, last_at, Cause::InFlight));
        }
        let issued = highest.saturating_sub(state.settled_before);
        let gone = total(&gaps).saturating_sub(state.damaged);
        let lost = state.lost.saturating_add(gone).saturating_add(highest - numbered);
        let exact = page.is_some_and(|page| page.exact && page.issued >= state.accounted.highest())
            && !state.at_least;
        let durable = state.durable;
        let what = What::RunEnded { run, issued, durable, lost, exact, since: last_at, until: at };
        entries.push(Entry { at, what });
        writer.add(&self.config.dir, &entries)?;
        writer.runs.remove(&run);
        writer.over.insert(run, highest);
        writer.ended.add(issued, durable, lost, exact);
        Ok(())
    }

    /// Publishes the help visits of days that are over; tells whether the page has nothing left to say.
    fn publish_help(&self, run: Run, page: &Reading, at: Timestamp) -> Result<bool, StoreError> {
        let unplaced = HelpCounts { dns: page.help_unplaced, ..HelpCounts::default() };
        let days = page.help.iter().map(|&(day, counts)| (Some(day), counts)).chain(Some((None, unplaced)));
        let mut writer = held(&self.writer);
        let mut all_said = true;
        for (day, counts) in days {
            if day.is_some_and(|day| at < day.plus_millis(DAY_AND_A_BIT_MS)) {
                all_said = false;
                continue;
            }
            let new = counts.beyond(writer.help.get(&(run, day)).copied().unwrap_or_default());
            if new.is_none() {
                continue;
            }
            writer.add(&self.config.dir, &[Entry { at, what: What::Help { run, day, counts: new } }])?;
            writer.help.insert((run, day), counts);
        }
        Ok(all_said)
    }

    /// Help visits published so far, by rising day, over all runs.
    pub fn help_days(&self) -> Vec<HelpDay> {
        let mut days = BTreeMap::<Option<Timestamp>, HelpCounts>::new();
        for (&(_, day), &counts) in &held(&self.writer).help {
            let sum = days.entry(day).or_default();
            *sum = sum.and(counts);
        }
        days.into_iter().map(|(day, counts)| HelpDay { day, counts }).collect()
    }

    /// The accounts, with what the pages in `run_dir` say of open runs.
    pub fn accounts(&self, run_dir: &Path) -> Accounts {
        let writer = held(&self.writer);
        let (ended, imported_damaged) = (writer.ended, writer.damaged.brought_in());
        let damaged = writer.damaged.recounted().saturating_sub(imported_damaged);
        // Of runs whose end no entry tells, what is on disk was given out and became durable.
        let durable = durable_of(&ended, &writer.runs);
        let forgotten = writer.damaged.forgotten(durable, writer.active.next_seq);
        let at_least = writer.entries_damaged
            || forgotten > 0
            || ended.inexact > 0
            || writer.runs.iter().any(|(run, state)| state.at_least && !writer.imports.contains_key(run));
        let mut open: Vec<OpenRun> = writer
            .runs
            .iter()
            .filter(|(run, _)| !writer.imports.contains_key(*run))
            .map(|(&run, state)| OpenRun {
                run,
                issued: state.accounted.highest(),
                owed: 0,
                durable: state.durable,
                lost: state.lost,
                last_at: state.last_at,
            })
            .collect();
        let going_on = writer.imports.keys().filter_map(|run| writer.runs.get(run));
        let imported = going_on.map(|state| state.durable).fold(ended.imported, u64::saturating_add);
        drop(writer);
        for run in &mut open {
            if let Ok(Some(page)) = Reading::take(run_dir, run.run) {
                run.issued = run.issued.max(page.issued);
                run.owed = page.owed;
            }
        }
        Accounts {
            ended_runs: ended.runs,
            inexact_runs: ended.inexact,
            issued: ended.issued.saturating_sub(ended.imported).saturating_add(forgotten),
            durable: ended.durable.saturating_sub(ended.imported).saturating_add(forgotten),
            lost: ended.lost,
            damaged,
            imported_damaged,
            at_least,
            imported: imported.saturating_sub(imported_damaged),
            open,
        }
    }
}

fn losses(
    run: Run,
    state: &RunState,
    gaps: &[(u64, u64)],
    at: Timestamp,
    until: Option<Timestamp>,
    cause: Cause,
) -> Vec<Entry> {
    let entry = |numbers: &[(u64, u64)]| Entry {
        at,
        what: What::Lost {
            run,
            numbers: numbers.to_vec(),
            events: total(numbers),
            since: state.last_at,
            until,
            cause,
        },
    };
    gaps.chunks(SPANS_AN_ENTRY).map(entry).collect()
}
