//! Every connection of a thread, as the thread's one watchman sees it: when its time is up, and what it has open, so
//! that a change of the policy reaches it. A connection carries no timer of its own.

use std::cell::{Cell, RefCell};
use std::net::IpAddr;
use std::rc::Rc;
use std::task::{Context, Waker};

use engine::searching::{Words, words_of};
use engine::test_pass::TestGroup;
use engine::{
    Activity, ActivitySink, Current, Decision, Front, HostName, Identity, Owed, Refusal, Request, SafeTarget,
    Step,
};
use kit::Timestamp;

use crate::authority::OwnHost;

/// Why the watchman ends what a connection waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// Its time is up.
    #[error("too slow")]
    TimeUp,
    /// What it has open is blocked now.
    #[error("the policy changed")]
    Blocked,
    /// The proxy stops.
    #[error("the proxy stops")]
    Closing,
}

/// What a name was resolved to, kept for as long as something is open to it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The names that the answer went through, nearest first.
    pub chain: Vec<Box<str>>,
    /// The addresses.
    pub addresses: Vec<IpAddr>,
}

/// One decided request or tunnel that is open.
#[derive(Debug)]
pub struct Open {
    /// Whom it asks.
    pub host: OwnHost,
    /// On which port.
    pub port: u16,
    /// The canonical path, where one is seen.
    pub path: Option<Box<str>>,
    /// The path as it was sent, where that is another.
    pub as_sent: Option<Box<str>>,
    /// What the host was resolved to.
    pub facts: Rc<Facts>,
    /// Which front.
    pub front: Front,
    /// Whose device.
    pub client: IpAddr,
    /// The group that the school's own test asks as, where it is that.
    pub test: Option<TestGroup>,
    /// Who it was when it was decided.
    pub identity: Identity,
    /// What the browser calls itself.
    pub agent: Option<Box<str>>,
    /// What was decided.
    pub decision: Decision,
    /// Where that leads its host, which is a search engine's or YouTube's.
    pub leads_to: Option<SafeTarget>,
    /// The name that it was led to when it was resolved.
    pub led_to: Option<Box<str>>,
    /// When.
    pub at: Timestamp,
    /// Bytes sent back so far.
    pub bytes: u64,
    /// Bytes that the device sent so far, where it is a tunnel.
    pub sent: Option<u64>,
    /// Whether the activity log has been told.
    pub told: bool,
    /// What it is owed until then.
    pub owed: Option<Owed>,
    /// Whether it can only reach the school's own portal, where nobody is observed.
    pub at_portal: bool,
    /// Whether it was told as a visit to a help site, which has no last word.
    pub unobserved: bool,
}

impl Open {
    /// Hands the request, as the engine reads it, to `use_it`.
    pub fn with_request<T>(&self, identity: &Identity, use_it: impl FnOnce(&Request<'_>) -> T) -> Option<T> {
        let host = self.host.host()?;
        let mut few = [HostName::new("x")?; 8];
        let many: Vec<HostName<'_>>;
        let names = self.facts.chain.iter().filter_map(|name| HostName::new(name));
        let chain = if self.facts.chain.len() <= few.len() {
            let mut count = 0;
            for (place, name) in few.iter_mut().zip(names) {
                *place = name;
                count += 1;
            }
            few.get(..count).unwrap_or_default()
        } else {
            many = names.collect();
            &many
        };
        Some(use_it(&Request {
            host,
            port: Some(self.port),
            path: self.path.as_deref(),
            as_sent: self.as_sent.as_deref(),
            chain,
            addresses: &self.facts.addresses,
            identity,
            front: self.front,
        }))
    }

    /// Decides it under the policy and identity of `at`, and keeps the answer. `true` where it is blocked. What the
    /// engine cannot read is blocked.
    pub fn decide(&mut self, filter: &Current, at: Timestamp) -> bool {
        let held = filter.hold(at);
        let identity = held.identify_or_test(self.client, None, self.test);
        let Some(decision) = self.with_request(&identity, |request| held.decide(request)) else {
            return true;
        };
        self.leads_to = held.safe_target(&decision).cloned();
        self.identity = identity;
        self.decision = decision;
        // The engine opens the portal's address and cannot tell what else is served there; here the port is known.
        if self.at_portal && decision.reason.step == Step::Essential {
            self.decision.obligations.unobserved = true;
        }
        decision.verdict.is_block()
    }

    /// Whether it goes elsewhere than it must by what was decided last. One that need not be led stays where it is.
    pub fn is_astray(&self) -> bool {
        self.leads_to.as_ref().is_some_and(|target| self.led_to.as_deref() != Some(&*target.name))
    }

    /// Tells the activity log, once.
    pub fn tell(&mut self, sink: &dyn ActivitySink) {
        if !self.told {
            self.told = true;
            self.unobserved = self.decision.obligations.unobserved;
            let owed = self.owed.take();
            self.with_request(&self.identity, |request| {
                let words = request.path.and_then(|path| words_of(request.host, path));
                let activity = Activity::of(
                    request,
                    &self.decision,
                    self.at,
                    self.client,
                    self.agent.as_deref(),
                    self.bytes,
                )
                .searching(words.as_deref().and_then(Words::new));
                match owed {
                    Some(owed) => owed.pay(&activity),
                    None => sink.record(&activity),
                }
            });
        }
    }

    /// The proxy refuses it itself. The log hears why, but for a help site, which is counted as any visit to one is.
    pub fn refuse(mut self, refusal: Refusal, sink: &dyn ActivitySink) {
        if !self.decision.obligations.unobserved {
            self.decision = Decision::refused(refusal);
        }
        self.tell(sink);
    }

    /// Tells it of what is over: once of the request, and of a tunnel's end besides.
    pub fn close(mut self, sink: &dyn ActivitySink, at: Timestamp) {
        self.tell(sink);
        self.tell_end(sink, at);
    }

    /// Tells it of a tunnel's end: how many bytes went each way.
    fn tell_end(&mut self, sink: &dyn ActivitySink, at: Timestamp) {
        let Some(sent) = self.sent.take().filter(|_| self.told && !self.unobserved) else { return };
        self.with_request(&self.identity, |request| {
            let agent = self.agent.as_deref();
            let opened = Activity::of(request, &self.decision, self.at, self.client, agent, self.bytes);
            if let Some(last) = opened.ended(at, sent) {
                sink.record(&last);
            }
        });
    }
}

/// One connection.
#[derive(Debug, Default)]
pub struct Watched {
    stop: Cell<Option<Stop>>,
    waker: RefCell<Option<Waker>>,
    /// The tick at which its time is up; 0 for never.
    deadline: Cell<u64>,
    /// What it has open.
    pub open: RefCell<Option<Open>>,
}

impl Watched {
    /// Whether the connection is to end what it waits for. It is woken when that changes.
    pub fn check(&self, cx: &Context<'_>) -> Result<(), Stop> {
        if let Some(stop) = self.stop.get() {
            return Err(stop);
        }
        let mut waker = self.waker.borrow_mut();
        if !waker.as_ref().is_some_and(|known| known.will_wake(cx.waker())) {
            *waker = Some(cx.waker().clone());
        }
        Ok(())
    }

    /// Sets when its time is up: a tick, or 0 for never.
    pub fn until(&self, tick: u64) {
        self.deadline.set(tick);
    }

    /// Goes on after [`Stop::TimeUp`], to say so on a page.
    pub fn go_on(&self) {
        if self.stop.get() == Some(Stop::TimeUp) {
            self.stop.set(None);
        }
    }

    fn end(&self, stop: Stop) {
        self.deadline.set(0);
        self.stop.set(Some(stop));
        if let Some(waker) = self.waker.borrow_mut().take() {
            waker.wake();
        }
    }
}

/// All connections of a thread.
#[derive(Debug, Default)]
pub struct Watch {
    all: RefCell<Vec<Option<Rc<Watched>>>>,
    free: RefCell<Vec<usize>>,
    generation: Cell<Option<u64>>,
}

/// A place among the watched, given up when dropped.
#[derive(Debug)]
pub struct Place<W: AsRef<Watch>> {
    watch: W,
    index: usize,
    /// The connection in it.
    pub watched: Rc<Watched>,
}

impl<W: AsRef<Watch>> Place<W> {
    /// Takes a place.
    pub fn take(watch: W) -> Self {
        let watched = Rc::new(Watched::default());
        let index = {
            let list = watch.as_ref();
            let mut all = list.all.borrow_mut();
            let index = list.free.borrow_mut().pop().unwrap_or(all.len());
            match all.get_mut(index) {
                Some(place) => *place = Some(Rc::clone(&watched)),
                None => all.push(Some(Rc::clone(&watched))),
            }
            index
        };
        Self { watch, index, watched }
    }
}

impl<W: AsRef<Watch>> Drop for Place<W> {
    fn drop(&mut self) {
        let list = self.watch.as_ref();
        if let Some(place) = list.all.borrow_mut().get_mut(self.index) {
            *place = None;
            list.free.borrow_mut().push(self.index);
        }
    }
}

/// What a round found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Round {
    /// Connections whose time was up.
    pub timed_out: u64,
    /// Open requests and tunnels that a change blocked.
    pub blocked: u64,
}

impl Watch {
    /// One round: ends what is too slow, decides everything open again if `generation` is new, and tells the log of
    /// what has been open for a while. About 10 ns a connection, and one decision each after a change.
    pub fn round(&self, tick: u64, at: Timestamp, filter: &Current, sink: &dyn ActivitySink) -> Round {
        let generation = filter.generation(at);
        let changed = self.generation.replace(Some(generation)) != Some(generation);
        let mut round = Round::default();
        for watched in self.all.borrow().iter().flatten() {
            let due = watched.deadline.get();
            if due != 0 && tick >= due {
                watched.end(Stop::TimeUp);
                round.timed_out += 1;
            }
            let mut open = watched.open.borrow_mut();
            let Some(open) = open.as_mut() else { continue };
            if !open.told && at.as_millis() - open.at.as_millis() > 2_000 {
                open.tell(sink);
            }
            if changed && (open.decide(filter, at) || open.is_astray()) {
                watched.end(Stop::Blocked);
                round.blocked += 1;
            }
        }
        round
    }

    /// Tells the log of everything that is still open: the proxy is at its end.
    pub fn close_all(&self, at: Timestamp, sink: &dyn ActivitySink) {
        for watched in self.all.borrow().iter().flatten() {
            if let Some(open) = watched.open.borrow_mut().take() {
                open.close(sink, at);
            }
        }
    }

    /// Ends everything.
    pub fn end_all(&self) {
        for watched in self.all.borrow().iter().flatten() {
            watched.end(Stop::Closing);
        }
    }
}
