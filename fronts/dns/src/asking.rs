//! Questions that wait for an upstream: each once, however many devices ask it.

use std::collections::{HashMap, VecDeque};

use engine::Owed;

use crate::cache::Want;
use crate::resolver::Source;
use crate::upstreams::{Servers, Way};
use crate::wire::query::Edns;

/// What is asked upstream for a device: its own question, or that of the name its host leads to.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The question in lower case.
    pub question: &'a [u8],
    /// Its hash.
    pub hash: u64,
    /// Which variant.
    pub want: Want,
    /// Who may be asked.
    pub servers: Servers,
    /// Whether it is the question of the name that the device's own host leads to.
    pub led: bool,
}

/// A device that waits for an answer.
#[derive(Debug)]
pub struct Waiter<R> {
    /// The header and question as the device sent them.
    pub head: Box<[u8]>,
    /// What EDNS said.
    pub edns: Option<Edns>,
    /// Whether its own question is another: the one that waits is of the name that its host leads to.
    pub led: bool,
    /// The device, and how the answer travels.
    pub source: Source,
    /// Where the answer goes.
    pub to: R,
    /// What the activity log is owed until then; nothing where no event will come.
    pub owed: Option<Owed>,
}

/// One attempt at an upstream.
#[derive(Debug)]
pub struct Attempt {
    /// Where it went; `None` over a stream.
    pub way: Option<Way>,
    /// Which upstream.
    pub upstream: usize,
    /// Its id.
    pub id: u16,
    /// The message as sent.
    pub message: Vec<u8>,
    /// When it was sent.
    pub sent_ms: u64,
    /// Until when it is waited for.
    pub until_ms: u64,
}

impl Attempt {
    /// Whether it flies on that socket with that id.
    pub fn is(&self, way: Way, id: u16) -> bool {
        self.way == Some(way) && self.id == id
    }
}

/// One question that waits.
#[derive(Debug)]
pub struct Asking<R> {
    /// The question in lower case.
    pub question: Box<[u8]>,
    /// Its hash.
    pub hash: u64,
    /// Which variant.
    pub want: Want,
    /// Who waits.
    pub waiters: Vec<Waiter<R>>,
    /// What is under way.
    pub attempt: Option<Attempt>,
    /// Datagrams that were waited for long enough and may be answered yet: whichever answer comes first counts.
    pub late: Vec<Attempt>,
    /// Who may be asked.
    pub servers: Servers,
    /// The upstreams tried.
    pub tried: Servers,
    /// How many attempts there were.
    pub attempts: u32,
    /// Whether some upstream was reached at all.
    pub reached: bool,
    /// Ask without EDNS: the last upstream did not know it.
    pub plain: bool,
    /// When the first device asked.
    pub since_ms: u64,
    /// Tells this question from an earlier one in the same place.
    pub serial: u64,
}

/// The waiting questions of one thread, at most so many.
#[derive(Debug)]
pub struct Askings<R> {
    places: Vec<Option<Asking<R>>>,
    free: Vec<usize>,
    by_question: HashMap<(Box<[u8]>, Want), usize>,
    by_flight: HashMap<(Way, u16), usize>,
    /// In the order of their arrival, with those long answered still among them.
    order: VecDeque<(usize, u64)>,
    serial: u64,
    limit: usize,
    /// How many devices wait, over all questions.
    crowd: usize,
}

/// How many devices may wait for one question; more than a school has.
const MOST_WAITERS: usize = 2_048;
/// How many devices may wait for each question on average.
const USUAL_WAITERS: usize = 4;

impl<R> Askings<R> {
    /// Room for `limit` questions.
    pub fn new(limit: usize) -> Self {
        Self {
            places: Vec::new(),
            free: Vec::new(),
            by_question: HashMap::new(),
            by_flight: HashMap::new(),
            order: VecDeque::new(),
            serial: 0,
            limit: limit.max(1),
            crowd: 0,
        }
    }

    /// How many wait.
    pub fn count(&self) -> usize {
        self.by_question.len()
    }

    /// Whether one more needs another to go first.
    pub fn is_full(&self) -> bool {
        self.count() >= self.limit
    }

    /// Whether one more device may wait for the question at a place.
    pub fn admits(&mut self, place: usize) -> bool {
        self.crowd < (self.limit * USUAL_WAITERS).max(MOST_WAITERS)
            && self.get_mut(place).is_some_and(|asking| asking.waiters.len() < MOST_WAITERS)
    }

    /// Lets one more device wait for the question at a place.
    pub fn join(&mut self, place: usize, waiter: Waiter<R>) {
        if let Some(asking) = self.places.get_mut(place).and_then(Option::as_mut) {
            asking.waiters.push(waiter);
            self.crowd += 1;
        }
    }

    /// The place of a question that waits already.
    pub fn find(&self, question: &[u8], want: Want) -> Option<usize> {
        // A boxed key cannot be borrowed inside a pair; this is the slow path.
        self.by_question.get(&(question.into(), want)).copied()
    }

    /// Adds a question; returns its place.
    pub fn add(&mut self, mut asking: Asking<R>) -> usize {
        self.serial += 1;
        asking.serial = self.serial;
        self.crowd += asking.waiters.len();
        let key = (asking.question.clone(), asking.want);
        let place = match self.free.pop() {
            Some(place) => place,
            None => {
                self.places.push(None);
                self.places.len() - 1
            }
        };
        self.by_question.insert(key, place);
        self.order.push_back((place, self.serial));
        if let Some(slot) = self.places.get_mut(place) {
            *slot = Some(asking);
        }
        // Answered ones are swept out of the order before they outweigh the others.
        if self.order.len() > 2 * self.limit + 64 {
            let places = &self.places;
            self.order.retain(|(place, serial)| {
                places.get(*place).and_then(Option::as_ref).is_some_and(|asking| asking.serial == *serial)
            });
        }
        place
    }

    /// The question at a place.
    pub fn get_mut(&mut self, place: usize) -> Option<&mut Asking<R>> {
        self.places.get_mut(place)?.as_mut()
    }

    /// The question at a place, if it is still the one of that serial.
    pub fn get_serial(&mut self, place: usize, serial: u64) -> Option<&mut Asking<R>> {
        self.get_mut(place).filter(|asking| asking.serial == serial)
    }

    /// Where the question of that id on that socket waits.
    pub fn in_flight(&self, way: Way, id: u16) -> Option<usize> {
        self.by_flight.get(&(way, id)).copied()
    }

    /// Notes that the question flies with that id; false if another does already.
    pub fn fly(&mut self, way: Way, id: u16, place: usize) -> bool {
        match self.by_flight.entry((way, id)) {
            std::collections::hash_map::Entry::Occupied(_) => false,
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert(place);
                true
            }
        }
    }

    /// The question flies no more.
    pub fn land(&mut self, way: Way, id: u16) {
        self.by_flight.remove(&(way, id));
    }

    /// Takes a question out.
    pub fn remove(&mut self, place: usize) -> Option<Asking<R>> {
        let asking = self.places.get_mut(place)?.take()?;
        self.by_question.remove(&(asking.question.clone(), asking.want));
        self.free.push(place);
        self.crowd = self.crowd.saturating_sub(asking.waiters.len());
        Some(asking)
    }

    /// The place of the question that waits longest.
    pub fn oldest(&mut self) -> Option<usize> {
        while let Some((place, serial)) = self.order.pop_front() {
            if self.get_serial(place, serial).is_some() {
                return Some(place);
            }
        }
        None
    }

    /// The places of all questions that wait.
    pub fn all(&self) -> Vec<usize> {
        self.matching(|_| true)
    }

    /// The places of the questions whose attempt has run out of time, or which have none.
    pub fn overdue(&self, now_ms: u64) -> Vec<usize> {
        self.matching(|asking| asking.attempt.as_ref().is_none_or(|attempt| attempt.until_ms <= now_ms))
    }

    /// The places of the questions in flight on that socket.
    pub fn flying_on(&self, way: Way) -> Vec<usize> {
        self.matching(|asking| asking.attempt.as_ref().is_some_and(|attempt| attempt.way == Some(way)))
    }

    fn matching(&self, which: impl Fn(&Asking<R>) -> bool) -> Vec<usize> {
        let places = self.places.iter().enumerate();
        places.filter(|(_, asking)| asking.as_ref().is_some_and(&which)).map(|(place, _)| place).collect()
    }
}
