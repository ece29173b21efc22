//! Where events wait in memory: a few buffers that threads write into, and a queue of full ones.
//!
//! Each thread has a buffer it tries first, and tries the next when another thread is in it (or panicked in it);
//! nobody waits for a lock.
//! A number is taken from the page while its buffer is held, so whoever has read the page and then held every buffer
//! once has seen every number up to that reading: sent, or dropped.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};

use crossbeam_queue::ArrayQueue;
use engine::Activity;

use crate::batch;
use crate::event::{self, LONGEST_EVENT};
use crate::page::{RunPage, Taking};
use crate::sealed::RecordRef;
use crate::wire::BATCH_HEAD;

/// The size of a buffer: some hundreds of events.
pub const CHUNK_BYTES: usize = 32 << 10;
const BUFFERS: usize = 16;
/// Empty buffers kept for the next use rather than given back.
const SPARE: usize = 32;

/// Events recorded into one buffer, as a batch with room before it for the head of its message.
#[derive(Debug, Default)]
pub struct Chunk {
    /// Empty, or room for the message head and then the batch.
    pub bytes: Vec<u8>,
    /// How many events.
    pub count: u32,
    base_number: u64,
    base_at: i64,
}

/// A buffer in one thread's hands.
pub struct Opened<'a> {
    spool: &'a Spool,
    chunk: Option<MutexGuard<'a, Chunk>>,
}

impl Opened<'_> {
    /// Numbers and keeps one event; false where there was no room, and then only its number is gone.
    pub fn put(
        &mut self,
        page: &RunPage,
        activity: &Activity<'_>,
        record: Option<RecordRef>,
        taking: Taking,
    ) -> bool {
        let at = activity.at();
        let number = page.issue(at, taking);
        let Some(chunk) = self.chunk.as_deref_mut() else { return false };
        if chunk.bytes.len() + LONGEST_EVENT > CHUNK_BYTES && !self.spool.seal(chunk) {
            return false;
        }
        if chunk.count == 0 {
            if !self.spool.begin(chunk) {
                return false;
            }
            chunk.base_number = number;
            chunk.base_at = at.as_millis();
        }
        // Times that no calendar holds side by side come from a broken clock; the first of them stands for both.
        let at_ms = at.as_millis().checked_sub(chunk.base_at).unwrap_or(0);
        let number = number - chunk.base_number;
        event::encode(&mut chunk.bytes, number, at_ms, activity, record);
        chunk.count += 1;
        true
    }
}

/// One buffer a cache line, so that threads don't slow each other down.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Buffer(Mutex<Chunk>);

/// All that waits.
#[derive(Debug)]
pub struct Spool {
    buffers: [Buffer; BUFFERS],
    full: ArrayQueue<Chunk>,
    spare: ArrayQueue<Vec<u8>>,
    /// Chunks with events in them anywhere, in the drain's hands too.
    held: AtomicUsize,
    most: usize,
}

thread_local! {
    static PLACE: Cell<usize> = const { Cell::new(usize::MAX) };
}
static NEXT_PLACE: AtomicUsize = AtomicUsize::new(0);

fn place_of_this_thread() -> usize {
    PLACE.with(|place| {
        if place.get() == usize::MAX {
            place.set(NEXT_PLACE.fetch_add(1, Ordering::Relaxed) % BUFFERS);
        }
        place.get()
    })
}

impl Spool {
    /// A spool of about `bytes`, two buffers at least.
    pub fn new(bytes: usize) -> Self {
        let most = (bytes / CHUNK_BYTES).max(2);
        Self {
            buffers: std::array::from_fn(|_| Buffer::default()),
            full: ArrayQueue::new(most),
            spare: ArrayQueue::new(SPARE),
            held: AtomicUsize::new(0),
            most,
        }
    }

    /// This thread's buffer, for as long as a batch of events takes. With every buffer in other hands there is none, and
    /// events find no room.
    pub fn open(&self) -> Opened<'_> {
        let (before, after) = self.buffers.split_at(place_of_this_thread());
        let chunk = after.iter().chain(before).find_map(|buffer| buffer.0.try_lock().ok());
        Opened { spool: self, chunk }
    }

    /// Moves a full chunk to the queue.
    fn seal(&self, chunk: &mut Chunk) -> bool {
        let mut full = std::mem::take(chunk);
        full.finish();
        match self.full.push(full) {
            Ok(()) => true,
            Err(back) => {
                *chunk = back;
                false
            }
        }
    }

    /// Makes room in an empty chunk, if the spool has any.
    fn begin(&self, chunk: &mut Chunk) -> bool {
        if self.held.fetch_add(1, Ordering::AcqRel) >= self.most {
            self.held.fetch_sub(1, Ordering::AcqRel);
            return false;
        }
        if chunk.bytes.capacity() == 0 {
            chunk.bytes = self.spare.pop().unwrap_or_else(|| Vec::with_capacity(CHUNK_BYTES));
        }
        chunk.bytes.clear();
        chunk.bytes.extend_from_slice(&[0; BATCH_HEAD]);
        batch::write_head(&mut chunk.bytes, 0, 0, 0);
        true
    }

    /// Everything that waits, in no order. Only the drain calls this.
    pub fn take_all(&self, out: &mut impl Extend<Chunk>) {
        out.extend(std::iter::from_fn(|| self.full.pop()));
        for buffer in &self.buffers {
            // The drain may wait: a holder is done within a batch of answers, some tens of microseconds.
            let taken = match buffer.0.lock() {
                Ok(mut chunk) if chunk.count > 0 => std::mem::take(&mut *chunk),
                _ => continue,
            };
            let mut taken = taken;
            taken.finish();
            out.extend(Some(taken));
        }
        out.extend(std::iter::from_fn(|| self.full.pop()));
    }

    /// Takes back a chunk whose events are durable.
    pub fn give_back(&self, chunk: Chunk) {
        self.held.fetch_sub(1, Ordering::AcqRel);
        // Beyond the spare ones, memory goes back to the machine.
        drop(self.spare.push(chunk.bytes));
    }
}

impl Chunk {
    /// Fills in the head of the batch.
    fn finish(&mut self) {
        let mut head = Vec::with_capacity(batch::HEAD);
        batch::write_head(&mut head, self.base_number, self.base_at, self.count);
        if let Some(place) = self.bytes.get_mut(BATCH_HEAD..BATCH_HEAD + batch::HEAD) {
            place.copy_from_slice(&head);
        }
    }
}
