//! A listener whose connections end by themselves: so many at once, and none that says nothing or goes on for ever.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};

/// How long connections live.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Without anything coming or going.
    pub idle: Duration,
    /// At all.
    pub whole: Duration,
    /// How many at once; whoever comes then waits.
    pub at_once: usize,
}

/// Takes connections that end.
pub struct Ending {
    listener: TcpListener,
    limits: Limits,
    room: Arc<Semaphore>,
}

impl Ending {
    pub fn new(listener: TcpListener, limits: Limits) -> Self {
        Self { listener, limits, room: Arc::new(Semaphore::new(limits.at_once)) }
    }
}

impl axum::serve::Listener for Ending {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        // Nobody closes the semaphore; a connection without a place in it ends like any other.
        let place = Arc::clone(&self.room).acquire_owned().await.ok();
        let (stream, peer) = axum::serve::Listener::accept(&mut self.listener).await;
        (Connection::new(stream, self.limits, place), peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// One of them.
pub struct Connection {
    stream: TcpStream,
    idle: Duration,
    silent: Pin<Box<Sleep>>,
    over: Pin<Box<Sleep>>,
    _place: Option<OwnedSemaphorePermit>,
}

impl Connection {
    fn new(stream: TcpStream, limits: Limits, place: Option<OwnedSemaphorePermit>) -> Self {
        let (silent, over) = (Box::pin(sleep(limits.idle)), Box::pin(sleep(limits.whole)));
        Self { stream, idle: limits.idle, silent, over, _place: place }
    }

    /// What the stream says; an error where it has been still for too long, or is there for too long.
    fn unless_over<T>(
        &mut self,
        context: &mut Context<'_>,
        polled: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if self.over.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        if polled.is_ready() {
            self.silent.as_mut().reset(Instant::now() + self.idle);
            return polled;
        }
        ready!(self.silent.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.unless_over(context, polled)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.unless_over(context, polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::serve::Listener as _;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::time::timeout;

    const DEADLINE: Duration = Duration::from_secs(20);

    async fn listener(idle: u64, whole: u64, at_once: usize) -> (Ending, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let limits =
            Limits { idle: Duration::from_millis(idle), whole: Duration::from_millis(whole), at_once };
        let ending = Ending::new(listener, limits);
        let address = ending.local_addr().unwrap();
        (ending, address)
    }

    #[tokio::test]
    async fn a_connection_that_says_nothing_ends() {
        let (mut ending, address) = listener(30, 60_000, 4).await;
        let mut client = TcpStream::connect(address).await.unwrap();
        let (mut served, _) = ending.accept().await;
        client.write_all(b"a").await.unwrap();
        let mut byte = [0; 1];
        assert_eq!(served.read(&mut byte).await.unwrap(), 1);
        let still = timeout(DEADLINE, served.read(&mut byte)).await.unwrap();
        assert_eq!(still.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn one_that_never_stops_ends_too_and_one_more_than_there_is_room_for_waits() {
        let (mut ending, address) = listener(60_000, 100, 1).await;
        let clients =
            [TcpStream::connect(address).await.unwrap(), TcpStream::connect(address).await.unwrap()];
        let (mut served, _) = ending.accept().await;
        assert!(timeout(Duration::from_millis(20), ending.accept()).await.is_err(), "there is no room");
        let [mut talks, _waits] = clients;
        let talking = tokio::spawn(async move {
            while talks.write_all(b"a").await.is_ok() {
                tokio::task::yield_now().await;
            }
        });
        let mut byte = [0; 1];
        let ended = timeout(DEADLINE, async {
            loop {
                if let Err(error) = served.read(&mut byte).await {
                    return error.kind();
                }
            }
        });
        assert_eq!(ended.await.unwrap(), io::ErrorKind::TimedOut);
        drop(served);
        talking.await.unwrap();
        timeout(DEADLINE, ending.accept()).await.unwrap();
    }
}
