//! Requests of the past in parcels, for a replay.

use std::sync::Arc;

use super::read::events_in;
use super::{AppendLog, Stretch, held};
use crate::page::Run;
use crate::past::{Asked, EachParcel, Parcels, Wanted};
use crate::search::Subject;
use crate::store::{Answered, StoreError};

impl AppendLog {
    /// Hands over every request of a time: one file after the other, the oldest first, and what is in one in its order, which
    /// is by person and time once it is packed.
    pub fn past(&self, asked: &Asked, each: &mut EachParcel<'_>) -> Result<Answered, StoreError> {
        let mut answered = Answered::default();
        let mut parcels = Parcels::new(each);
        for stretch in &self.stretches(asked.time) {
            if parcels.room(0).is_break() {
                break;
            }
            let hidden = held(&self.shelf).hidden();
            let (packed, places) = match stretch {
                Stretch::Columns(packed) => (Arc::clone(packed), None),
                Stretch::Frames(contents) => match self.bytes_of(contents)? {
                    Some(bytes) => {
                        answered.damaged_bytes += in_frames(&bytes, asked, &hidden, &mut parcels);
                        continue;
                    }
                    None => match self.packed_since(contents) {
                        Some(packed) => (packed, Some((contents.first_seq, contents.next_seq))),
                        None => continue,
                    },
                },
            };
            let Some(columns) = &self.config.columns else { continue };
            answered.damaged_bytes += packed.file.damaged_bytes();
            let wanted = Wanted { asked: *asked, hidden: &hidden, places };
            columns
                .past(&packed.file, &wanted, &mut parcels)
                .map_err(StoreError::io("read", packed.file.path()))?;
        }
        answered.events = parcels.end();
        Ok(answered)
    }
}

/// Takes what is asked for of the events in a segment's bytes; how many bytes are damaged.
fn in_frames(bytes: &[u8], asked: &Asked, hidden: &[Subject], parcels: &mut Parcels<'_>) -> u64 {
    let (frames, damaged) = events_in(bytes);
    for stored in frames {
        for event in stored.batch.events() {
            let Some(kept) = &event.kept else { continue };
            let is_hidden = || hidden.iter().any(|subject| subject.covers(Run(stored.run), &event));
            if !asked.takes(kept.step) || !asked.time.contains(event.at) || is_hidden() {
                continue;
            }
            if parcels.room(1).is_break() {
                return damaged;
            }
            parcels.gathered().add_event(event.at, kept);
        }
    }
    damaged
}
