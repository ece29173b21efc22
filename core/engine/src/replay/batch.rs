//! Requests of the past beside each other.

use std::net::IpAddr;

use kit::{Host, Timestamp};

use crate::decision::{Fact, Verdict};
use crate::identity::{KnownBy, PersonNo};
use crate::request::Front;
use crate::step::Step;

/// Who asked, by person and address.
pub type Asker = (Option<PersonNo>, Option<IpAddr>);

/// One request of the past, as the activity log keeps it.
#[derive(Debug, Clone, Copy)]
pub struct Past<'a> {
    /// When it was decided.
    pub at: Timestamp,
    /// Which front decided.
    pub front: Front,
    /// The person, where one was known.
    pub person: Option<PersonNo>,
    /// How surely.
    pub known_by: KnownBy,
    /// The device's address.
    pub client: Option<IpAddr>,
    /// The host; none where it was not kept.
    pub host: Option<Host<'a>>,
    /// The path without its query, where one was seen.
    pub path: Option<&'a str>,
    /// What was decided.
    pub verdict: Verdict,
    /// The step that spoke.
    pub step: Step,
    /// The fact that it spoke about.
    pub fact: Fact,
}

/// Many of them. Whoever asked and what was asked for are said once, and each request names them by their places.
#[derive(Debug, Clone, Default)]
pub struct Batch<'a> {
    /// Whoever asked.
    pub askers: Vec<Asker>,
    /// What was asked for.
    pub hosts: Vec<Host<'a>>,
    /// The requests, in any order.
    pub rows: Vec<Row<'a>>,
}

/// One of many.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// When it was decided.
    pub at: Timestamp,
    /// The place of whoever asked.
    pub asker: u32,
    /// The place of the host; none where it was not kept.
    pub host: Option<u32>,
    /// The path without its query, where one was seen.
    pub path: Option<&'a str>,
    /// Which front decided.
    pub front: Front,
    /// How surely it was known who asked.
    pub known_by: KnownBy,
    /// What was decided.
    pub verdict: Verdict,
    /// The step that spoke.
    pub step: Step,
    /// The fact that it spoke about.
    pub fact: Fact,
}

impl<'a> Batch<'a> {
    /// A request with whom and what it names; none where it names a place that is not there.
    pub(super) fn whole(&self, row: &Row<'a>) -> Option<Past<'a>> {
        let &(person, client) = self.askers.get(row.asker as usize)?;
        let host = match row.host {
            Some(place) => Some(*self.hosts.get(place as usize)?),
            None => None,
        };
        let Row { at, front, known_by, path, verdict, step, fact, .. } = *row;
        Some(Past { at, front, person, known_by, client, host, path, verdict, step, fact })
    }
}
