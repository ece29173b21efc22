//! The DNS generator: as many queries as the server takes, or a steady rate; each answer matched to its query.

use std::fmt;
use std::io;
use std::time::Instant;

use crate::batch::{BATCH, Batch, Socket};

const SOCKETS: usize = 4;
/// A query without an answer for so long is lost.
const PATIENCE_MICROS: u64 = 2_000_000;
/// At most so many queries on their way on one socket: ids must not come round.
const IN_FLIGHT: usize = 60_000;

/// Queries as they go over the wire, ready to be sent.
pub struct Stream {
    bytes: Vec<u8>,
    starts: Vec<usize>,
}

impl Stream {
    /// Reads `name type` lines, leaving out the first `skip`.
    pub fn read(path: &str, skip: usize) -> io::Result<Self> {
        let text = std::fs::read_to_string(path)?;
        let (mut bytes, mut starts) = (Vec::with_capacity(text.len() * 2), Vec::new());
        for line in text.lines().skip(skip) {
            let Some((name, kind)) = line.split_once(' ') else { continue };
            starts.push(bytes.len());
            bytes.extend([0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1]);
            for label in name.split('.') {
                bytes.push(label.len() as u8);
                bytes.extend(label.as_bytes());
            }
            bytes.push(0);
            bytes.extend(kind.parse::<u16>().unwrap_or(1).to_be_bytes());
            // Class IN, and EDNS with 1232 bytes.
            bytes.extend([0, 1, 0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]);
        }
        starts.push(bytes.len());
        if starts.len() < 2 {
            return Err(io::Error::other("no queries"));
        }
        Ok(Self { bytes, starts })
    }

    fn query(&self, turn: usize) -> &[u8] {
        let at = turn % (self.starts.len() - 1);
        &self.bytes[self.starts[at]..self.starts[at + 1]]
    }
}

/// How fast to ask.
#[derive(Clone, Copy)]
pub enum Pace {
    /// So many queries on their way at any time.
    Closed { window: usize },
    /// So many queries a second.
    Open { rate: f64 },
}

/// What came of it.
pub struct Outcome {
    sent: u64,
    answered: u64,
    lost: u64,
    seconds: f64,
    codes: [u64; 16],
    longest_gap_micros: u64,
    latency: Vec<u32>,
}

/// One connected socket and its queries on their way.
struct Lane {
    socket: Socket,
    /// When the query with that id was sent, in microseconds plus one; 0 when there is none.
    sent_at: Vec<u64>,
    next: u16,
    oldest: u16,
    waiting: usize,
}

impl Lane {
    fn open(port: u16) -> io::Result<Self> {
        let socket = Socket::open(0, Some(port))?;
        Ok(Self { socket, sent_at: vec![0; 1 << 16], next: 0, oldest: 0, waiting: 0 })
    }

    fn receive(&mut self, batch: &mut Batch, now: impl Fn() -> u64, outcome: &mut Outcome, last: &mut u64) {
        loop {
            let came = batch.receive(&self.socket, false);
            let at = now();
            for place in 0..came {
                let message = batch.datagram(place);
                let [high, low, _, flags, ..] = *message else { continue };
                let sent_at = &mut self.sent_at[usize::from(u16::from_be_bytes([high, low]))];
                if *sent_at == 0 {
                    continue;
                }
                outcome.latency[(at + 1 - *sent_at).min(PATIENCE_MICROS) as usize] += 1;
                outcome.codes[usize::from(flags & 15)] += 1;
                outcome.answered += 1;
                if outcome.answered > 1 {
                    outcome.longest_gap_micros = outcome.longest_gap_micros.max(at - *last);
                }
                (*sent_at, *last) = (0, at);
                self.waiting -= 1;
            }
            if came < BATCH {
                return;
            }
        }
    }

    /// Gives up on queries that have waited too long.
    fn give_up(&mut self, now: u64, outcome: &mut Outcome) {
        while self.oldest != self.next {
            let sent_at = &mut self.sent_at[usize::from(self.oldest)];
            if *sent_at != 0 {
                if now + 1 <= *sent_at + PATIENCE_MICROS {
                    return;
                }
                *sent_at = 0;
                self.waiting -= 1;
                outcome.lost += 1;
            }
            self.oldest = self.oldest.wrapping_add(1);
        }
    }

    fn send(&mut self, batch: &mut Batch, stream: &Stream, turn: &mut usize, mut due: usize, at: u64) -> u64 {
        due = due.min(IN_FLIGHT.saturating_sub(usize::from(self.next.wrapping_sub(self.oldest))));
        let mut sent = 0;
        while due > 0 {
            let count = due.min(BATCH);
            for place in 0..count {
                let query = stream.query(*turn + place);
                let id = self.next.wrapping_add(place as u16);
                let (buffer, _) = batch.buffer(place);
                buffer[..query.len()].copy_from_slice(query);
                buffer[..2].copy_from_slice(&id.to_be_bytes());
                batch.set_length(place, query.len());
            }
            let went = batch.send(&self.socket, count);
            for _ in 0..went {
                self.sent_at[usize::from(self.next)] = at + 1;
                self.next = self.next.wrapping_add(1);
            }
            (*turn, self.waiting, sent) = (*turn + went, self.waiting + went, sent + went as u64);
            due -= went;
            if went < count {
                break;
            }
        }
        sent
    }
}

/// Asks the server on `port` for so many seconds.
pub fn load(port: u16, stream: &Stream, pace: Pace, seconds: f64) -> Result<Outcome, String> {
    let lanes: io::Result<Vec<Lane>> = (0..SOCKETS).map(|_| Lane::open(port)).collect();
    let mut lanes = lanes.map_err(|error| format!("port {port}: {error}"))?;
    let mut outcome = Outcome {
        sent: 0,
        answered: 0,
        lost: 0,
        seconds,
        codes: [0; 16],
        longest_gap_micros: 0,
        latency: vec![0; PATIENCE_MICROS as usize + 1],
    };
    let (mut incoming, mut outgoing) = (Batch::new(true), Batch::new(true));
    let began = Instant::now();
    let micros = || began.elapsed().as_micros() as u64;
    let end = (seconds * 1e6) as u64;
    let (mut turn, mut last) = (0, 0);
    loop {
        let now = micros();
        let waiting: usize = lanes.iter().map(|lane| lane.waiting).sum();
        if now >= end && (waiting == 0 || now > end + PATIENCE_MICROS + 100_000) {
            break;
        }
        for (index, lane) in lanes.iter_mut().enumerate() {
            lane.receive(&mut incoming, micros, &mut outcome, &mut last);
            lane.give_up(now, &mut outcome);
            if now < end {
                let due = match pace {
                    Pace::Closed { window } => (window / SOCKETS).max(1).saturating_sub(lane.waiting),
                    Pace::Open { rate } => {
                        let behind = ((now as f64 * rate / 1e6) as u64).saturating_sub(outcome.sent) as usize;
                        behind.div_ceil(SOCKETS - index)
                    }
                };
                outcome.sent += lane.send(&mut outgoing, stream, &mut turn, due, micros());
            }
        }
        let sockets = lanes.iter().map(|lane| &lane.socket);
        Socket::wait(sockets, if matches!(pace, Pace::Open { .. }) { 100 } else { 1000 });
    }
    outcome.lost += lanes.iter().map(|lane| lane.waiting as u64).sum::<u64>();
    Ok(outcome)
}

impl Outcome {
    fn quantile(&self, share: f64) -> usize {
        let rank = (self.answered as f64 * share) as u64;
        let mut seen = 0;
        self.latency
            .iter()
            .position(|count| {
                seen += u64::from(*count);
                seen > rank
            })
            .unwrap_or(self.latency.len())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "sent={} answered={} lost={} rate={:.0} p50_us={} p99_us={} gap_ms={:.1} ok={} nxdomain={} refused={} servfail={}",
            self.sent,
            self.answered,
            self.lost,
            self.answered as f64 / self.seconds,
            self.quantile(0.5),
            self.quantile(0.99),
            self.longest_gap_micros as f64 / 1e3,
            self.codes[0],
            self.codes[3],
            self.codes[5],
            self.codes[2],
        )
    }
}
