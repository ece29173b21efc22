//! The writer: gathers what has arrived, makes it durable, says so.

use std::collections::HashMap;
use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::gates::Arrival;
use super::{Alarm, Service};
use crate::batch::Batch;
use crate::entry::{Entry, What};
use crate::frame::Kind;
use crate::page::Run;
use crate::sealed;
use crate::store::{LogStore as _, StoreError};
use crate::wire;

/// A sync is due at so many events …
const GROUP_EVENTS: u32 = 1_024;
/// … or so long after the first that waits.
const GROUP_TIME: Duration = Duration::from_millis(20);
/// How often ended runs are looked for, and `stop` where nothing arrives.
const LOOK_EVERY: Duration = Duration::from_millis(100);
const SETTLE_EVERY: Duration = Duration::from_millis(250);
/// How long after a failure writing is tried again.
const RETRY_AFTER: Duration = Duration::from_millis(250);

/// A connected gate.
struct Gate {
    run: Run,
    stream: Arc<UnixStream>,
    /// The last batch of it that is in the group.
    batch: u64,
}

/// What waits for the next sync.
#[derive(Default)]
struct Group {
    batches: Vec<(Run, Vec<u8>)>,
    sealed: Vec<(Kind, Vec<u8>)>,
    events: u32,
    marks: HashMap<Run, u64>,
    since: Option<Instant>,
}

impl Group {
    fn is_empty(&self) -> bool {
        self.batches.is_empty() && self.sealed.is_empty() && self.marks.is_empty()
    }
}

/// Writes until told to stop.
pub fn write(service: &Service, arrivals: &Receiver<Arrival>) {
    let mut gates = HashMap::<u64, Gate>::new();
    let mut group = Group::default();
    let mut settled_at: Option<Instant> = None;
    loop {
        let wait = group.since.map_or(LOOK_EVERY, |since| GROUP_TIME.saturating_sub(since.elapsed()));
        let mut next = match arrivals.recv_timeout(wait) {
            Ok(arrival) => Some(arrival),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => break,
        };
        while let Some(arrival) = next.take() {
            take(service, arrival, &mut gates, &mut group);
            // A full group is written before more is taken in; what waits in the channel waits there.
            if group.events < GROUP_EVENTS {
                next = arrivals.try_recv().ok();
            }
        }
        let due = group.events >= GROUP_EVENTS
            || group.since.is_some_and(|since| since.elapsed() >= GROUP_TIME)
            || service.stopping();
        if due && !group.is_empty() && !commit(service, &mut gates, &mut group) {
            wait_for_room(service, &mut gates, &mut group);
        }
        if service.stopping() {
            // What has already arrived is made durable; what has not is sent again to the next log process.
            while let Ok(arrival) = arrivals.try_recv() {
                take(service, arrival, &mut gates, &mut group);
            }
            if !group.is_empty() {
                commit(service, &mut gates, &mut group);
            }
            break;
        }
        if group.is_empty() && settled_at.is_none_or(|at| at.elapsed() >= SETTLE_EVERY) {
            settled_at = Some(Instant::now());
            settle(service, &gates);
        }
    }
    settle(service, &gates);
}

fn take(service: &Service, arrival: Arrival, gates: &mut HashMap<u64, Gate>, group: &mut Group) {
    match arrival {
        Arrival::Hello { gate, run, stream } => {
            service.log.begin_run(run);
            gates.insert(gate, Gate { run, stream, batch: 0 });
        }
        Arrival::Batch { gate, run, batch, bytes, count } => {
            group.since.get_or_insert_with(Instant::now);
            group.events = group.events.saturating_add(count);
            group.batches.push((run, bytes));
            if let Some(gate) = gates.get_mut(&gate) {
                gate.batch = batch;
            }
        }
        Arrival::Sealed { gate, batch, kind, body } => {
            group.since.get_or_insert_with(Instant::now);
            group.sealed.push((kind, body));
            if let Some(gate) = gates.get_mut(&gate) {
                gate.batch = batch;
            }
        }
        Arrival::Mark { run, number } => {
            group.since.get_or_insert_with(Instant::now);
            let mark = group.marks.entry(run).or_default();
            *mark = number.max(*mark);
        }
        Arrival::Gone { gate } => {
            // What it sent is in the group or durable; only its run's end is left to be found.
            gates.remove(&gate);
        }
    }
}

/// Makes the group durable and says so to its gates. On failure the group stays as it is.
fn commit(service: &Service, gates: &mut HashMap<u64, Gate>, group: &mut Group) -> bool {
    let began = Instant::now();
    let done = append(service, group);
    if let Err(error) = done {
        alarm(service, &error);
        return false;
    }
    if group.events > 0
        && let Ok(mut times) = service.sync_us.lock()
    {
        times.add(u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX));
    }
    *group = Group { batches: std::mem::take(&mut group.batches), ..Group::default() };
    group.batches.clear();
    for gate in gates.values_mut().filter(|gate| gate.batch > 0) {
        // A gate that doesn't hear it sends the batch again, and it is known then.
        drop((&*gate.stream).write_all(&wire::taken(gate.batch)));
        gate.batch = 0;
    }
    all_clear(service);
    true
}

fn append(service: &Service, group: &Group) -> Result<(), StoreError> {
    // First, so that a row never refers to a record that is not there.
    if !group.sealed.is_empty() {
        let path = service.config.log.dir.join(sealed::FILE);
        service.sealed.append(&group.sealed).map_err(StoreError::io("write", path))?;
    }
    if !group.batches.is_empty() {
        let batches: Vec<(Run, Batch<'_>)> =
            group.batches.iter().filter_map(|(run, bytes)| Some((*run, Batch::parse_head(bytes)?))).collect();
        service.log.append(&batches)?;
    }
    if group.marks.is_empty() {
        return Ok(());
    }
    let at = service.config.clock.now();
    for (&run, &number) in &group.marks {
        let lost = service.log.mark(run, number, at)?;
        if lost > 0 {
            tracing::warn!(%run, events = lost, "Activity was lost because a gate had no room left for it");
        }
    }
    Ok(())
}

/// Tries again until there is room or the process is to stop. What gates send meanwhile waits with them.
fn wait_for_room(service: &Service, gates: &mut HashMap<u64, Gate>, group: &mut Group) {
    while !service.stopping() {
        std::thread::sleep(RETRY_AFTER);
        if commit(service, gates, group) {
            return;
        }
    }
}

fn alarm(service: &Service, error: &StoreError) {
    let Ok(mut alarm) = service.alarm.lock() else { return };
    if alarm.is_none() {
        tracing::error!(%error, "The activity log cannot be written; gates keep what they can until it can be");
    }
    let since = alarm.as_ref().map_or_else(|| service.config.clock.now(), |alarm| alarm.since);
    *alarm = Some(Alarm { since, why: error.to_string() });
}

fn all_clear(service: &Service) {
    let Ok(mut alarm) = service.alarm.lock() else { return };
    let Some(over) = alarm.take() else { return };
    let until = service.config.clock.now();
    tracing::info!("The activity log can be written again");
    let entry =
        Entry { at: until, what: What::Unwritable { since: over.since, until, why: over.why.clone() } };
    if service.log.note(entry).is_err() {
        // The disk has filled again at once: the alarm stands, and the entry is made when it is over.
        *alarm = Some(over);
    }
}

fn settle(service: &Service, gates: &HashMap<u64, Gate>) {
    let talking = |run| gates.values().any(|gate| gate.run == run);
    if let Err(error) = service.log.settle(&service.config.run_dir, talking, service.config.clock.now()) {
        alarm(service, &error);
    } else {
        all_clear(service);
    }
}
