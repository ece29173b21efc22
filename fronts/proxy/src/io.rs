//! Reading and writing that the watchman can end.

use std::future::{Future as _, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncReadExt as _, AsyncWrite as _};
use tokio::net::TcpStream;

use crate::buffer::Buffer;
use crate::watch::{Stop, Watched};

/// Why a wait ended without what was waited for.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
    /// The watchman ended it.
    #[error(transparent)]
    Stopped(#[from] Stop),
    /// The connection failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Reads what is there into the buffer, at least `room` bytes of it free; 0 at the end.
pub fn poll_read(
    cx: &mut Context<'_>,
    stream: &mut TcpStream,
    buffer: &mut Buffer,
    room: usize,
) -> Poll<io::Result<usize>> {
    pin!(stream.read_buf(buffer.more(room))).poll(cx)
}

/// Waits for bytes and reads them; 0 at the end.
pub async fn read(
    watched: &Watched,
    stream: &mut TcpStream,
    buffer: &mut Buffer,
    room: usize,
) -> Result<usize, Ended> {
    poll_fn(|cx| {
        watched.check(cx)?;
        poll_read(cx, stream, buffer, room).map_err(Ended::Io)
    })
    .await
}

/// Waits until there is something to read, holding no room meanwhile.
pub async fn readable(watched: &Watched, stream: &TcpStream) -> Result<(), Ended> {
    poll_fn(|cx| {
        watched.check(cx)?;
        stream.poll_read_ready(cx).map_err(Ended::Io)
    })
    .await
}

/// Writes all of `bytes`, from `written` on, which says how far it has come.
pub fn poll_write_all(
    cx: &mut Context<'_>,
    stream: &mut TcpStream,
    bytes: &[u8],
    written: &mut usize,
) -> Poll<io::Result<()>> {
    while let Some(rest) = bytes.get(*written..).filter(|rest| !rest.is_empty()) {
        match ready!(Pin::new(&mut *stream).poll_write(cx, rest))? {
            0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            some => *written += some,
        }
    }
    Poll::Ready(Ok(()))
}

/// Writes all of `bytes`.
pub async fn write(watched: &Watched, stream: &mut TcpStream, bytes: &[u8]) -> Result<(), Ended> {
    let mut written = 0;
    poll_fn(|cx| {
        watched.check(cx)?;
        poll_write_all(cx, stream, bytes, &mut written).map_err(Ended::Io)
    })
    .await
}
