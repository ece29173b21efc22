//! The side of who writes: takes notes of sealed requests without waiting, and encrypts them later. In a gate that is done by
//! the thread that talks to the log, in an import before each part of it is sent.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crossbeam_queue::ArrayQueue;
use engine::{Activity, SealedAddress};

use super::windows::{Count, Kept, Windows};
use super::{RecordRef, SealedRecord};
use crate::frame::Kind;

/// How many notes may wait to be encrypted: four minutes of as many as may be begun.
const WAITING: usize = 1_024;

/// A key that nothing can be encrypted to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a public key that sealed records can be encrypted to; one begins with age1")]
pub struct NotAKey(String);

/// To whom records are encrypted, and by which policy.
struct Addressees {
    keys: Vec<age::x25519::Recipient>,
    policy: u32,
    generation: u64,
}

/// One record that waits to be encrypted.
struct Note {
    reference: RecordRef,
    record: SealedRecord,
    to: Arc<Addressees>,
}

/// Where sealed requests are noted: a gate's refusals, and what another filter decided.
pub struct Desk {
    anybody: AtomicBool,
    to: Mutex<Option<Arc<Addressees>>>,
    windows: Mutex<Windows>,
    waiting: ArrayQueue<Note>,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("waiting", &self.waiting.len()).finish_non_exhaustive()
    }
}

fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Default for Desk {
    fn default() -> Self {
        Self {
            anybody: AtomicBool::new(false),
            to: Mutex::default(),
            windows: Mutex::default(),
            waiting: ArrayQueue::new(WAITING),
        }
    }
}

impl Desk {
    /// From now on records are encrypted to these keys, and say by which policy it was known that something is sealed.
    pub fn write_to(&self, keys: &[String], policy: u32, generation: u64) -> Result<(), NotAKey> {
        let keys = keys
            .iter()
            .map(|text| text.parse().map_err(|_| NotAKey(text.clone())))
            .collect::<Result<Vec<age::x25519::Recipient>, NotAKey>>()?;
        self.anybody.store(!keys.is_empty(), Ordering::Release);
        *held(&self.to) =
            Some(Arc::new(Addressees { keys, policy, generation })).filter(|to| !to.keys.is_empty());
        Ok(())
    }

    /// Notes one refusal; the reference for its row, where there is a record of it. Two short locks, on sealed refusals
    /// alone.
    pub fn note(
        &self,
        activity: &Activity<'_>,
        address: SealedAddress<'_>,
        now: Instant,
    ) -> Option<RecordRef> {
        self.note_as(activity, address, now, RecordRef::random)
    }

    /// The same with the reference that `make` gives, should it begin a record.
    pub fn note_as(
        &self,
        activity: &Activity<'_>,
        address: SealedAddress<'_>,
        now: Instant,
        make: impl FnOnce() -> Option<RecordRef>,
    ) -> Option<RecordRef> {
        if !self.anybody.load(Ordering::Acquire) {
            return None;
        }
        let to = held(&self.to).clone()?;
        // Of what was brought in, the device is not always known; such requests count as one device's.
        let client = activity.client().unwrap_or(Ipv4Addr::UNSPECIFIED.into());
        let host = address.host.to_string();
        match held(&self.windows).take(client, &host, activity.at(), now, make) {
            Kept::Over => None,
            Kept::Again(reference) => Some(reference),
            Kept::New(reference) => {
                let record = SealedRecord::of(activity, address, to.policy, to.generation);
                match self.waiting.push(Note { reference, record, to }) {
                    Ok(()) => Some(reference),
                    Err(_) => {
                        held(&self.windows).undo(client, &host, activity.at(), now);
                        None
                    }
                }
            }
        }
    }

    /// Everything that is to go to the log, encrypted: frames' kinds and bodies. With `now` missing, all counts are
    /// ended.
    pub fn encrypted(&self, now: Option<Instant>) -> Vec<(Kind, Vec<u8>)> {
        let mut out = Vec::new();
        while let Some(note) = self.waiting.pop() {
            // Encrypting fails where the machine has no random numbers: the row then refers to nothing.
            if let Some(encrypted) = note.record.encrypt(&note.to.keys) {
                let mut body = Vec::with_capacity(16 + encrypted.len());
                body.extend_from_slice(&note.reference.number().to_le_bytes());
                body.extend_from_slice(&note.record.at.as_millis().to_le_bytes());
                body.extend_from_slice(&encrypted);
                out.push((Kind::SealedRecord, body));
            }
        }
        out.extend(
            held(&self.windows).close(now).into_iter().map(|count| (Kind::SealedCount, body_of(count))),
        );
        out
    }
}

fn body_of(count: Count) -> Vec<u8> {
    let record = count.record.map_or(0, RecordRef::number);
    let mut body = Vec::with_capacity(32);
    body.extend_from_slice(&record.to_le_bytes());
    body.extend_from_slice(&count.last_at.as_millis().to_le_bytes());
    body.extend_from_slice(&count.hits.to_le_bytes());
    body.extend_from_slice(&count.others.to_le_bytes());
    body
}
