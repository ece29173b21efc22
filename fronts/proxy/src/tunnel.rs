//! Bytes both ways between a client and an origin, until either is done.
//!
//! A tunnel that stands still holds two sockets and a few hundred bytes. What trickles goes through the thread's one
//! scratch buffer; what streams goes through a pipe by `splice(2)`, borrowed while it streams.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use front_sys::splice::{PIPE_BYTES, Pipe};
use tokio::io::{AsyncRead as _, AsyncWrite as _, Interest, ReadBuf};
use tokio::net::TcpStream;

use crate::counters::Counters;
use crate::io::Ended;
use crate::watch::Watched;
use crate::worker::Worker;

/// How many moves one poll makes before others get their turn.
const TURNS: u32 = 16;

/// One direction.
#[derive(Debug, Default)]
struct Way {
    /// Bytes read that the other side did not take at once.
    left: Vec<u8>,
    written: usize,
    /// The pipe while it streams, with how much is in it.
    pipe: Option<(Pipe, usize)>,
    streams: bool,
    ended: bool,
    done: bool,
    bytes: u64,
}

/// Carries bytes both ways until both sides have ended, one has failed, or the watchman ends it. `first` are bytes of
/// the client that came with its request; `back` are bytes of the origin that came with its answer.
pub async fn carry(
    worker: &Worker,
    watched: &Watched,
    client: &mut TcpStream,
    origin: &mut TcpStream,
    first: &[u8],
    back: &[u8],
) -> Result<(), Ended> {
    let mut up = Way { left: first.to_vec(), ..Way::default() };
    let mut down = Way { left: back.to_vec(), ..Way::default() };
    let idle = worker.shared.config.limits.tunnel_idle;
    worker.allow(watched, idle);
    let mut counted = 0;
    let ended = poll_fn(|cx| {
        watched.check(cx)?;
        let one = up.poll(cx, worker, client, origin, down.done)?;
        let other = down.poll(cx, worker, origin, client, up.done)?;
        let bytes = up.bytes + down.bytes;
        if bytes > counted {
            worker.allow(watched, idle);
            if let Some(open) = watched.open.borrow_mut().as_mut() {
                open.bytes = down.bytes;
                open.sent = open.sent.map(|_| up.bytes);
            }
            Counters::add(&worker.shared.counters.tunnel_bytes, bytes - counted);
            counted = bytes;
        }
        if one.is_ready() && other.is_ready() { Poll::Ready(Ok::<_, Ended>(())) } else { Poll::Pending }
    })
    .await;
    for way in [&mut up, &mut down] {
        if let Some((pipe, 0)) = way.pipe.take() {
            worker.put_pipe(pipe);
        }
    }
    ended
}

/// Moves `left` bytes from one side to the other through a pipe, fewer only where `from` ends early. Returns how many
/// it moved; nothing where the machine has no pipe to give.
pub async fn stream(
    worker: &Worker,
    watched: &Watched,
    from: &TcpStream,
    to: &TcpStream,
    left: u64,
    patience: std::time::Duration,
) -> Result<u64, Ended> {
    let Some(pipe) = worker.pipe() else { return Ok(0) };
    let (mut moved, mut held) = (0u64, 0usize);
    let ended = poll_fn(|cx| {
        watched.check(cx)?;
        for _ in 0..TURNS {
            let result = if held > 0 {
                to.try_io(Interest::WRITABLE, || pipe.drain(to, held)).map(|some| {
                    held -= some.min(held);
                    moved += some as u64;
                    Some(some)
                })
            } else if moved < left {
                let most = usize::try_from(left - moved).unwrap_or(usize::MAX).min(PIPE_BYTES);
                from.try_io(Interest::READABLE, || pipe.fill(from, most)).map(|some| {
                    held = some;
                    Some(some).filter(|&some| some > 0)
                })
            } else {
                Ok(None)
            };
            match result {
                Ok(Some(_)) => {}
                Ok(None) => return Poll::Ready(Ok::<_, Ended>(())),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    worker.allow(watched, patience);
                    if held > 0 {
                        ready!(to.poll_write_ready(cx))?;
                    } else {
                        ready!(from.poll_read_ready(cx))?;
                    }
                }
                Err(error) => return Poll::Ready(Err(error.into())),
            }
        }
        worker.allow(watched, patience);
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
    if held == 0 {
        worker.put_pipe(pipe);
    }
    ended.map(|()| moved)
}

impl Way {
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        worker: &Worker,
        from: &mut TcpStream,
        to: &mut TcpStream,
        other_is_done: bool,
    ) -> Poll<io::Result<()>> {
        if self.done {
            return Poll::Ready(Ok(()));
        }
        for _ in 0..TURNS {
            if self.pipe.as_ref().is_some_and(|(_, held)| *held > 0) {
                ready!(self.poll_drain(cx, to))?;
            } else if self.written < self.left.len() {
                ready!(crate::io::poll_write_all(cx, to, &self.left, &mut self.written))?;
                self.bytes += self.left.len() as u64;
                self.left = Vec::new();
                self.written = 0;
            } else if self.ended {
                // The last side to end needs no word of its own: both sockets close at once.
                if !other_is_done {
                    ready!(Pin::new(&mut *to).poll_shutdown(cx))?;
                }
                self.done = true;
                return Poll::Ready(Ok(()));
            } else if self.streams {
                self.fill(worker, from)?;
            } else {
                ready!(self.poll_copy(cx, worker, from, to))?;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Moves a few bytes through the scratch buffer; a full one means that more is coming, and by pipe.
    fn poll_copy(
        &mut self,
        cx: &mut Context<'_>,
        worker: &Worker,
        from: &mut TcpStream,
        to: &mut TcpStream,
    ) -> Poll<io::Result<()>> {
        let mut scratch = worker.scratch.borrow_mut();
        let mut read = ReadBuf::new(&mut scratch);
        ready!(Pin::new(from).poll_read(cx, &mut read))?;
        let full = read.remaining() == 0;
        let bytes = read.filled();
        if bytes.is_empty() {
            self.ended = true;
            return Poll::Ready(Ok(()));
        }
        self.streams = full;
        let mut written = 0;
        match crate::io::poll_write_all(cx, to, bytes, &mut written) {
            Poll::Ready(result) => {
                result?;
                self.bytes += bytes.len() as u64;
            }
            Poll::Pending => {
                self.bytes += written as u64;
                self.left = bytes.get(written..).unwrap_or_default().to_vec();
                self.written = 0;
            }
        }
        Poll::Ready(Ok(()))
    }

    fn fill(&mut self, worker: &Worker, from: &TcpStream) -> io::Result<()> {
        if self.pipe.is_none() {
            self.pipe = worker.pipe().map(|pipe| (pipe, 0));
        }
        let Some((pipe, held)) = self.pipe.as_mut() else {
            // No pipe to be had: the scratch buffer does, more slowly.
            self.streams = false;
            return Ok(());
        };
        match from.try_io(Interest::READABLE, || pipe.fill(from, PIPE_BYTES)) {
            Ok(0) => self.ended = true,
            Ok(some) => *held = some,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                // It stands still: the pipe serves others meanwhile.
                if let Some((pipe, 0)) = self.pipe.take() {
                    worker.put_pipe(pipe);
                }
                self.streams = false;
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn poll_drain(&mut self, cx: &mut Context<'_>, to: &TcpStream) -> Poll<io::Result<()>> {
        while let Some((pipe, held)) = self.pipe.as_mut().filter(|(_, held)| *held > 0) {
            match to.try_io(Interest::WRITABLE, || pipe.drain(to, *held)) {
                Ok(moved) => {
                    *held -= moved.min(*held);
                    self.bytes += moved as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => ready!(to.poll_write_ready(cx))?,
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        Poll::Ready(Ok(()))
    }
}
