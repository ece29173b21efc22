//! One thread that answers: it waits for its sockets, moves datagrams in batches, and does what the resolver says.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

use front_sys::{Batch, Peer, Poll, udp};
use kit::Clock;

use crate::counters::Counting;
use crate::inbox::{Inbox, Letter};
use crate::random::Random;
use crate::resolver::{Command, Now, Outcome, Prepared, Resolver, Source};
use crate::sockets;
use crate::stream::{Order, OrderSender, Reply};
use crate::upstreams::{SLOTS, Way};
use crate::wire::write::Transport;

/// Where an answer goes.
pub enum To {
    /// Out of that listener, as a datagram.
    Datagram { listener: usize, peer: Peer },
    /// Into a stream.
    Stream(Reply),
}

/// A socket that datagrams leave through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    Listener(usize),
    Upstream(Way),
}

/// How many batches one listener may fill before the others are looked at.
const ROUNDS: usize = 8;
/// Room for any message.
const STREAM_BYTES: usize = 65_535;

const WAKE: u64 = 0;
const LISTENER: u64 = 1 << 32;
const UPSTREAM: u64 = 2 << 32;

/// One thread.
pub struct Worker {
    resolver: Resolver<To>,
    listeners: Vec<UdpSocket>,
    upstreams: Vec<(SocketAddr, Vec<Option<UdpSocket>>)>,
    inbox: Arc<Inbox>,
    streams: Option<OrderSender>,
    counting: Arc<Counting>,
    clock: Clock,
    started: Instant,
    poll: Poll,
    batch: Batch,
    /// What leaves later than in the batch that asked.
    outbox: Batch,
    /// The questions of the batch at hand, read; room for a whole one.
    prepared: Vec<Prepared>,
    /// Who sent them. Addresses are put together byte by byte, and what is read back whole a moment later waits until
    /// the bytes have reached the cache: so all are put here before the first is needed.
    peers: Vec<Option<Peer>>,
    random: Random,
    buffer: Vec<u8>,
}

impl Worker {
    /// A thread's work, with its sockets to the upstreams open.
    pub fn new(
        resolver: Resolver<To>,
        listeners: Vec<UdpSocket>,
        upstreams: &[SocketAddr],
        inbox: Arc<Inbox>,
        streams: Option<OrderSender>,
        counting: Arc<Counting>,
        clock: Clock,
    ) -> io::Result<Self> {
        let poll = Poll::new()?;
        poll.add(&*inbox, WAKE)?;
        let mut worker = Self {
            resolver,
            listeners,
            upstreams: upstreams
                .iter()
                .map(|address| (*address, (0..SLOTS).map(|_| None).collect()))
                .collect(),
            inbox,
            streams,
            counting,
            clock,
            started: Instant::now(),
            poll,
            batch: Batch::new(),
            outbox: Batch::new(),
            prepared: (0..udp::BATCH).map(|_| Prepared::default()).collect(),
            peers: vec![None; udp::BATCH],
            random: Random::default(),
            buffer: vec![0; STREAM_BYTES],
        };
        for upstream in 0..upstreams.len() {
            for slot in 0..SLOTS {
                // One that cannot be opened now is tried again when it is needed.
                worker.open(Way { upstream, slot });
            }
        }
        Ok(worker)
    }

    /// Works until the inbox says stop.
    pub fn run(mut self) {
        let mut ready = Vec::new();
        while !self.inbox.is_stopping() {
            let now_ms = self.now().ms;
            let wait =
                self.resolver.next_tick_ms().map(|at| Duration::from_millis(at.saturating_sub(now_ms)));
            // What comes after another program took the sockets over is read there.
            let leaving = self.inbox.is_leaving();
            if leaving {
                self.inbox.still_waiting(self.resolver.waiting());
            }
            let heard = if leaving { 0 } else { self.listeners.len() };
            let listeners = self.listeners.iter().take(heard).zip(LISTENER..);
            if let Err(error) = self.poll.wait(listeners, wait, &mut ready) {
                tracing::error!(%error, "The DNS front cannot wait for its sockets");
                return;
            }
            for &token in &ready {
                let index = (token & 0xffff_ffff) as usize;
                match token & !0xffff_ffff {
                    LISTENER => self.listen(index),
                    UPSTREAM => self.hear(Way { upstream: index / SLOTS, slot: index % SLOTS }),
                    _ => self.letters(),
                }
            }
            let now = self.now();
            self.resolver.tick(now);
            self.obey(now);
        }
        self.resolver.close(self.now());
    }

    fn now(&self) -> Now {
        Now { at: self.clock.now(), ms: self.started.elapsed().as_millis() as u64 }
    }

    /// Answers what devices asked at that listener.
    fn listen(&mut self, listener: usize) {
        for _ in 0..ROUNDS {
            let now = self.now();
            let Some(socket) = self.listeners.get(listener) else { return };
            let Ok(count) = self.batch.receive(socket) else { return };
            let prepared = self.prepared.get_mut(..count).unwrap_or(&mut []);
            for (index, (prepared, peer)) in prepared.iter_mut().zip(&mut self.peers).enumerate() {
                *peer = self.batch.peer(index);
                let client =
                    peer.as_ref().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.address().ip());
                let (length, buffer) = self.batch.datagram(index).unwrap_or((0, &mut []));
                let source = Source::of(client, Transport::Udp);
                self.resolver.prepare(buffer.get(..length).unwrap_or(&[]), source, prepared);
            }
            self.resolver.fetch(prepared);
            let (held, sink) = (self.resolver.hold(now), self.resolver.sink());
            let mut log = sink.open();
            let mut answers = 0;
            for (index, (prepared, peer)) in prepared.iter().zip(&self.peers).enumerate() {
                let Some(peer) = peer else { continue };
                let Some((_, buffer)) = self.batch.datagram(index) else { continue };
                let to = || To::Datagram { listener, peer: *peer };
                let log = &mut *log;
                let outcome = self.resolver.ask_prepared(prepared, buffer, to, &held, log, now);
                if let Outcome::Answer(length) = outcome {
                    self.batch.answer(index, length);
                    answers += 1;
                }
            }
            drop(log);
            let sent = self.batch.send(socket).count;
            if sent < answers {
                self.counting.dropped.many((answers - sent) as u64);
            }
            self.obey(now);
            if count < udp::BATCH {
                return;
            }
        }
    }

    /// Takes what an upstream sent. What it brings to do waits until all sockets were heard, and so leaves together.
    fn hear(&mut self, way: Way) {
        let now = self.now();
        let Some(Some(socket)) = self.upstreams.get(way.upstream).and_then(|(_, slots)| slots.get(way.slot))
        else {
            return;
        };
        match self.batch.receive(socket) {
            Ok(count) => {
                for index in 0..count {
                    if let Some((length, buffer)) = self.batch.datagram(index) {
                        self.resolver.answered(way, buffer.get(..length).unwrap_or(&[]), now);
                    }
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => self.resolver.unreachable(way, now),
        }
    }

    /// Takes what the streams handed over.
    fn letters(&mut self) {
        let now = self.now();
        for letter in self.inbox.take() {
            match letter {
                Letter::Question { bytes, source, to } => {
                    let Some(place) = self.buffer.get_mut(..bytes.len()) else { continue };
                    place.copy_from_slice(&bytes);
                    let later = to.clone();
                    let outcome =
                        self.resolver.ask(&mut self.buffer, bytes.len(), source, || To::Stream(later), now);
                    match outcome {
                        Outcome::Answer(length) => to.give(self.buffer.get(..length).unwrap_or(&[]).to_vec()),
                        Outcome::Waiting => {}
                        Outcome::Nothing => to.close(),
                    }
                }
                Letter::Answer { ticket, bytes } => {
                    self.resolver.stream_answered(ticket, bytes.as_deref(), now);
                }
            }
        }
        self.obey(now);
    }

    /// Does what the resolver wants done. Datagrams that leave through the same socket leave together.
    fn obey(&mut self, now: Now) {
        let mut door = None;
        loop {
            let command = self.resolver.command();
            let next = match &command {
                Some(Command::Reply { to: To::Datagram { listener, .. }, .. }) => {
                    Some(Door::Listener(*listener))
                }
                Some(Command::Send { way, .. }) => Some(Door::Upstream(*way)),
                _ => None,
            };
            if (next != door || self.outbox.queued() == udp::BATCH)
                && let Some(door) = door
            {
                self.flush(door, now);
            }
            door = next;
            match command {
                // What was sent may have failed and brought more to do.
                None if self.resolver.is_idle() => return,
                None => {}
                Some(Command::Reply { to: To::Stream(reply), bytes }) => reply.give(bytes),
                Some(Command::Reply { to: To::Datagram { peer, .. }, bytes }) => {
                    self.compose(Some(&peer), &bytes);
                }
                Some(Command::Send { way, bytes }) => {
                    if self.socket(way).is_none() {
                        self.open(way);
                    }
                    self.compose(None, &bytes);
                }
                Some(Command::Reopen(way)) => self.open(way),
                Some(Command::AskStream { upstream, ticket, bytes }) => {
                    let order = Order { upstream, ticket, bytes, inbox: Arc::clone(&self.inbox) };
                    let refused = self.streams.as_ref().is_none_or(|streams| streams.send(order).is_err());
                    if refused {
                        self.resolver.stream_answered(ticket, None, now);
                    }
                }
            }
        }
    }

    fn compose(&mut self, peer: Option<&Peer>, bytes: &[u8]) {
        if !self.outbox.compose(peer, bytes) {
            self.counting.dropped.one();
        }
    }

    /// Sends what was composed for that socket.
    fn flush(&mut self, door: Door, now: Now) {
        let queued = self.outbox.queued();
        match door {
            Door::Listener(listener) => {
                let sent = self.listeners.get(listener).map_or(0, |socket| self.outbox.send(socket).count);
                self.counting.dropped.many(queued.saturating_sub(sent) as u64);
            }
            Door::Upstream(way) => {
                let socket = self.upstreams.get(way.upstream).and_then(|(_, slots)| slots.get(way.slot));
                let sent = socket.and_then(Option::as_ref).map(|socket| self.outbox.send(socket));
                match sent.map(|sent| sent.error) {
                    // A full buffer is a lost datagram: the attempt's time runs out and another follows.
                    Some(None | Some(io::ErrorKind::WouldBlock)) => {}
                    Some(Some(_)) => self.resolver.unreachable(way, now),
                    None => {
                        self.outbox.forget();
                        self.resolver.unreachable(way, now);
                    }
                }
            }
        }
    }

    fn socket(&self, way: Way) -> Option<&UdpSocket> {
        self.upstreams.get(way.upstream)?.1.get(way.slot)?.as_ref()
    }

    /// Opens the socket to an upstream anew; closing the old one takes it out of the poll.
    fn open(&mut self, way: Way) {
        let Some((address, slots)) = self.upstreams.get_mut(way.upstream) else { return };
        let Some(place) = slots.get_mut(way.slot) else { return };
        let token = UPSTREAM | (way.upstream * SLOTS + way.slot) as u64;
        match sockets::upstream(*address, &mut self.random) {
            Ok(socket) => {
                if self.poll.add(&socket, token).is_ok() {
                    *place = Some(socket);
                }
            }
            Err(error) => tracing::warn!(%error, "The DNS front cannot open a socket to an upstream server"),
        }
    }
}
