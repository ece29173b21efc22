//! Connections to origins that wait for another request.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::SocketAddr;

use tokio::net::TcpStream;

/// How long an unused connection is kept: shorter than most origins keep theirs, so that few are found closed.
const KEPT_MS: u64 = 30_000;
/// How many are kept for one address and port.
const MOST_EACH: usize = 64;

#[derive(Debug)]
struct Idle {
    stream: TcpStream,
    since: u64,
}

/// One thread's unused connections. The newest is used first, so that the others run out.
#[derive(Debug, Default)]
pub struct Pool {
    idle: RefCell<HashMap<SocketAddr, Vec<Idle>>>,
    most: usize,
}

impl Pool {
    /// A pool that keeps `most` connections.
    pub fn new(most: usize) -> Self {
        Self { idle: RefCell::default(), most }
    }

    /// A connection on which nothing has arrived since it was kept: an end or an unasked answer spoils it.
    pub fn take(&self, to: SocketAddr) -> Option<TcpStream> {
        let mut idle = self.idle.borrow_mut();
        let kept = idle.get_mut(&to)?;
        while let Some(Idle { stream, .. }) = kept.pop() {
            let quiet = matches!(stream.try_read(&mut [0]), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock);
            if quiet {
                return Some(stream);
            }
        }
        None
    }

    /// Keeps a connection whose last answer has been read to its end.
    pub fn put(&self, to: SocketAddr, stream: TcpStream, tick: u64) {
        let mut idle = self.idle.borrow_mut();
        if idle.len() >= self.most && !idle.contains_key(&to) {
            return;
        }
        let kept = idle.entry(to).or_default();
        if kept.len() < MOST_EACH {
            kept.push(Idle { stream, since: tick });
        }
    }

    /// Closes what has waited too long or was closed by its origin.
    pub fn sweep(&self, tick: u64) {
        let mut idle = self.idle.borrow_mut();
        let mut left = self.most;
        idle.retain(|_, kept| {
            kept.retain(|idle| {
                let quiet = matches!(idle.stream.try_read(&mut [0]), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock);
                let keep = quiet && tick < idle.since + KEPT_MS && left > 0;
                left -= usize::from(keep);
                keep
            });
            !kept.is_empty()
        });
    }
}
