//! The one thread of a sink that talks to the log.

use std::collections::VecDeque;
use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use super::Shared;
use super::spool::Chunk;
use crate::frame::Kind;
use crate::wire::{self, Message};

/// How long events gather before they are sent. With the log's own 20 ms, an event is durable within about 35 ms.
const TICK: Duration = Duration::from_millis(10);
/// The same when nothing has happened for a while.
const IDLE_TICK: Duration = Duration::from_millis(50);
const RECONNECT_EVERY: Duration = Duration::from_millis(100);
/// How much may be on its way without being durable. The log always reads this much, so a write never waits long.
const WINDOW_BYTES: usize = 1 << 20;
/// A log that reads nothing for this long is treated as gone.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the end of a run waits for the log.
const LINGER: Duration = Duration::from_secs(2);

/// What is sent, with its number on the wire.
struct Parcel {
    batch: u64,
    load: Load,
}

enum Load {
    /// Events.
    Chunk(Chunk),
    /// A whole message about a sealed record.
    Sealed(Vec<u8>),
}

impl Load {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Chunk(chunk) => &chunk.bytes,
            Self::Sealed(message) => message,
        }
    }
}

/// How many sealed records may wait for the log: some megabytes, a quarter of an hour of as many as may be begun. Beyond
/// them the oldest is dropped; the rows that refer to it stay.
const MOST_SEALED: usize = 4_096;

pub struct Drain {
    shared: Arc<Shared>,
    socket: PathBuf,
    link: Option<Link>,
    tried_at: Option<Instant>,
    /// Encrypted, not yet numbered.
    sealed: VecDeque<(Kind, Vec<u8>)>,
    unsent: VecDeque<Parcel>,
    /// Sent, not yet durable, in the order sent.
    unanswered: VecDeque<Parcel>,
    unanswered_bytes: usize,
    batches: u64,
    /// Every number up to this one is in a parcel, or was dropped.
    mark: u64,
}

struct Link {
    stream: UnixStream,
    inbox: Vec<u8>,
    mark_sent: u64,
}

impl Drain {
    pub fn new(shared: Arc<Shared>, socket: PathBuf) -> Self {
        Self {
            shared,
            socket,
            link: None,
            tried_at: None,
            sealed: VecDeque::new(),
            unsent: VecDeque::new(),
            unanswered: VecDeque::new(),
            unanswered_bytes: 0,
            batches: 0,
            mark: 0,
        }
    }

    pub fn run(mut self) {
        let mut quiet = 0u32;
        let mut stop_by: Option<Instant> = None;
        loop {
            let stopping = self.shared.stop.load(Ordering::SeqCst);
            if stopping && stop_by.is_none() {
                stop_by = Some(Instant::now() + LINGER);
            }
            let mark = self.mark;
            self.seal(stopping);
            self.connect();
            if self.link.is_some() {
                let sent = self.send();
                self.settle(sent);
            }
            let given = self.link.is_some() || self.shared.page.issued() == self.mark;
            let done =
                given && self.sealed.is_empty() && self.unsent.is_empty() && self.unanswered.is_empty();
            if stop_by.is_some_and(|by| done || Instant::now() >= by) {
                break;
            }
            quiet = if self.mark == mark && self.unanswered.is_empty() { quiet.saturating_add(1) } else { 0 };
            let tick = if quiet > 100 && !stopping { IDLE_TICK } else { TICK };
            let heard = self.listen(Instant::now() + tick);
            self.settle(heard);
        }
        // Without this the log would take a later restart of the machine for a loss that it cannot count.
        drop(self.shared.page.end());
    }

    /// Lets go of the log when talking to it failed. What it has not said is durable is sent again to the next one.
    fn settle(&mut self, outcome: io::Result<()>) {
        if outcome.is_err() {
            self.link = None;
            self.shared.connected.store(false, Ordering::Relaxed);
        }
    }

    fn connect(&mut self) {
        if self.link.is_some() || self.tried_at.is_some_and(|at| at.elapsed() < RECONNECT_EVERY) {
            return;
        }
        self.tried_at = Some(Instant::now());
        let Ok(link) = self.greet() else { return };
        self.link = Some(link);
        self.shared.connected.store(true, Ordering::Relaxed);
        self.unanswered_bytes = 0;
        while let Some(parcel) = self.unanswered.pop_back() {
            self.unsent.push_front(parcel);
        }
    }

    fn greet(&self) -> io::Result<Link> {
        let mut stream = UnixStream::connect(&self.socket)?;
        stream.set_write_timeout(Some(WRITE_TIMEOUT))?;
        stream.write_all(&wire::hello(self.shared.page.run().0))?;
        Ok(Link { stream, inbox: Vec::new(), mark_sent: 0 })
    }

    /// Sends what waits, as far as the window lets it, and then how far that is.
    fn send(&mut self) -> io::Result<()> {
        if self.unsent.is_empty() {
            self.gather();
        }
        let Some(link) = &mut self.link else { return Ok(()) };
        while self.unanswered_bytes < WINDOW_BYTES {
            let Some(parcel) = self.unsent.front() else { break };
            link.stream.write_all(parcel.load.bytes())?;
            self.unanswered_bytes += parcel.load.bytes().len();
            self.unanswered.extend(self.unsent.pop_front());
        }
        if self.unsent.is_empty() && link.mark_sent < self.mark {
            link.stream.write_all(&wire::mark(self.mark))?;
            link.mark_sent = self.mark;
        }
        Ok(())
    }

    /// Encrypts what was noted, whether the log is there or not: what a device asked for waits in the clear for
    /// milliseconds only.
    fn seal(&mut self, all: bool) {
        let now = if all { None } else { Some(Instant::now()) };
        self.sealed.extend(self.shared.desk.encrypted(now));
        if self.sealed.len() > MOST_SEALED {
            tracing::error!("Sealed records find no room while the log is away; the oldest were dropped");
            self.sealed.drain(..self.sealed.len() - MOST_SEALED);
        }
    }

    /// Takes everything recorded so far. The page is read first: see the spool. Sealed records go before the rows that
    /// refer to them.
    fn gather(&mut self) {
        let mark = self.shared.page.issued();
        let mut chunks = Vec::new();
        if mark != self.mark {
            self.shared.spool.take_all(&mut chunks);
            self.seal(false);
        }
        for (kind, body) in std::mem::take(&mut self.sealed) {
            self.batches += 1;
            let load = Load::Sealed(wire::sealed(self.batches, kind, &body));
            self.unsent.push_back(Parcel { batch: self.batches, load });
        }
        for mut chunk in chunks {
            self.batches += 1;
            let head = wire::batch_head(self.batches, chunk.bytes.len() - wire::BATCH_HEAD);
            if let Some(place) = chunk.bytes.first_chunk_mut() {
                *place = head;
            }
            self.unsent.push_back(Parcel { batch: self.batches, load: Load::Chunk(chunk) });
        }
        self.mark = mark;
    }

    /// Hears what has become durable, until `until`; sooner when the window has opened again.
    fn listen(&mut self, until: Instant) -> io::Result<()> {
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            let Some(link) = &mut self.link else {
                thread::park_timeout(left);
                return Ok(());
            };
            link.stream.set_read_timeout(Some(left))?;
            let mut heard = [0; 512];
            match link.stream.read(&mut heard) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(length) => link.inbox.extend_from_slice(heard.get(..length).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
            self.hear()?;
            if !self.unsent.is_empty() || self.shared.stop.load(Ordering::Relaxed) {
                return Ok(());
            }
        }
    }

    fn hear(&mut self) -> io::Result<()> {
        let Some(link) = &mut self.link else { return Ok(()) };
        let mut used = 0;
        let mut durable = 0;
        while let Some((message, length)) =
            wire::read(link.inbox.get(used..).unwrap_or_default()).map_err(io::Error::other)?
        {
            if let Message::Taken { batch } = message {
                durable = batch;
            }
            used += length;
        }
        link.inbox.drain(..used);
        while self.unanswered.front().is_some_and(|parcel| parcel.batch <= durable) {
            let Some(Parcel { load, .. }) = self.unanswered.pop_front() else { break };
            self.unanswered_bytes = self.unanswered_bytes.saturating_sub(load.bytes().len());
            let Load::Chunk(chunk) = load else { continue };
            self.shared.taken.fetch_add(u64::from(chunk.count), Ordering::AcqRel);
            self.shared.spool.give_back(chunk);
        }
        Ok(())
    }
}
