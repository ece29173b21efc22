//! The last refusals of each address, in memory: what "why was I blocked?" asks for.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use engine::Step;

use crate::batch::Stored;
use crate::event::Event;
use crate::frame::{self, Kind, Piece};
use crate::search::Subject;

const AN_ADDRESS: usize = 16;
const ADDRESSES: usize = 10_000;

/// At most sixteen of each of at most ten thousand addresses; a newcomer beyond that pushes out the address that was
/// refused least lately.
#[derive(Debug, Default)]
pub struct Refusals {
    by_address: HashMap<IpAddr, VecDeque<Event>>,
}

impl Refusals {
    /// Takes in the refusals among the events in some frames.
    pub fn learn(&mut self, frames: &[u8]) {
        for piece in frame::pieces(frames) {
            let Piece::Whole(frame) = piece else { continue };
            if frame.kind != Kind::Events {
                continue;
            }
            let Some(stored) = Stored::parse(frame.body) else { continue };
            for (seq, event) in (stored.first_seq..).zip(stored.batch.refusals()) {
                let Some((at, kept)) = event.and_then(|event| Some((event.at, event.kept?))) else {
                    continue;
                };
                // What nobody could read is no site that anyone would ask about, and what another filter refused is not ours.
                let asked_for_something = kept.host.is_some() || kept.step != Step::Front;
                let is_ours = kept.step != Step::Elsewhere;
                if let Some(client) = kept.client.filter(|_| asked_for_something && is_ours) {
                    self.add(client, Event::of(seq, at, &kept));
                }
            }
        }
    }

    fn add(&mut self, client: IpAddr, event: Event) {
        if self.by_address.len() >= ADDRESSES && !self.by_address.contains_key(&client) {
            let oldest = self
                .by_address
                .iter()
                .min_by_key(|(_, events)| events.back().map_or(0, |event| event.seq))
                .map(|(address, _)| *address);
            if let Some(oldest) = oldest {
                self.by_address.remove(&oldest);
            }
        }
        let events = self.by_address.entry(client).or_default();
        if events.len() == AN_ADDRESS {
            events.pop_front();
        }
        events.push_back(event);
    }

    /// The refusals of an address, newest first.
    pub fn of(&self, client: IpAddr, limit: usize) -> Vec<Event> {
        let events = self.by_address.get(&client);
        events.map(|events| events.iter().rev().take(limit).cloned().collect()).unwrap_or_default()
    }

    /// Forgets somebody's.
    pub fn forget(&mut self, subject: &Subject) {
        self.by_address.retain(|_, events| {
            events.retain(|event| !subject.covers_event(event));
            !events.is_empty()
        });
    }
}
