//! One request of a plain page: to its origin, and the answer back, streaming both ways.

use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::task::Poll;

use tokio::io::AsyncWrite as _;
use tokio::net::TcpStream;

use crate::body::{Follow, Framing};
use crate::buffer::Buffer;
use crate::counters::Counters;
use crate::head::{Kind, Parts, Scan, Version, read, scan};
use crate::io::{Ended, poll_read, poll_write_all};
use crate::request::Ask;
use crate::response::{Answer, BadAnswer, understand};
use crate::watch::{Stop, Watched};
use crate::worker::Worker;
use crate::{connect, forward, tunnel};

/// How an exchange ended.
#[derive(Debug)]
pub enum Done {
    /// The client may ask again.
    Again,
    /// The client's connection ends.
    Close,
    /// The client's connection breaks off: the answer it was given is not whole, and nothing in it says so.
    BreakOff,
}

/// Why there was no answer to pass on, while the client has been told nothing yet.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// The origin cannot be reached.
    #[error("the website cannot be reached")]
    Unreachable,
    /// The origin went away.
    #[error("the website closed the connection without an answer")]
    Gone,
    /// The origin took too long.
    #[error("the website did not answer in time")]
    Slow,
    /// The answer was not proper HTTP.
    #[error(transparent)]
    Bad(#[from] BadAnswer),
    /// The client's connection or body failed, or the watchman ended it: nothing more can be said.
    #[error(transparent)]
    Client(#[from] Ended),
}

/// One exchange: the two ends and what lies between them.
pub struct Exchange<'a> {
    /// The thread.
    pub worker: &'a Worker,
    /// The connection, as watched.
    pub watched: &'a Watched,
    /// The client.
    pub client: &'a mut TcpStream,
    /// What the client has sent beyond the head.
    pub input: &'a mut Buffer,
    /// The request.
    pub ask: &'a Ask,
    /// The head as it goes to the origin.
    pub head: Vec<u8>,
    /// Where it may go.
    pub addresses: &'a [IpAddr],
    /// The port.
    pub port: u16,
    /// A connection to an origin that only this client may use, because it signed in on it.
    pub own: &'a mut Option<(SocketAddr, TcpStream)>,
    /// Whether this exchange signs in on its connection.
    pub signs_in: bool,
}

/// The request's body on its way up.
struct Upload {
    follow: Follow,
    /// How many unread bytes of the client belong to the body and may be written.
    allowed: usize,
    failed: bool,
}

impl Upload {
    fn is_done(&self) -> bool {
        self.allowed == 0 && self.follow.is_done()
    }
}

struct Origin {
    stream: TcpStream,
    to: SocketAddr,
    used: bool,
}

impl Exchange<'_> {
    /// Runs it. An error means that the client has been told nothing.
    pub async fn run(mut self) -> Result<Done, NoAnswer> {
        let mut from = Buffer::default();
        let result = self.with(&mut from).await;
        self.worker.rooms.give_back(&mut from);
        self.worker.rooms.put(std::mem::take(&mut self.head));
        result
    }

    async fn with(&mut self, from: &mut Buffer) -> Result<Done, NoAnswer> {
        let mut origin = self.origin(true).await?;
        let mut upload = Upload { follow: Follow::new(self.ask.framing), allowed: 0, failed: false };
        let mut parts = Parts::default();
        let first = loop {
            match self.send(&mut origin, &mut upload, from).await {
                Ok(first) => break first,
                // A kept connection that the origin closed meanwhile: once more, on a new one (RFC 9110, 9.2.2).
                Err(NoAnswer::Gone) if origin.used && self.ask.repeatable => {
                    *from = Buffer::default();
                    origin = self.origin(false).await?;
                }
                Err(other) => return Err(other),
            }
        };
        let mut end = first;
        loop {
            let head = from.unread().get(..end).unwrap_or_default();
            let answer = read(head, Kind::Response, &mut parts)
                .map_err(BadAnswer::from)
                .and_then(|()| understand(head, &parts, self.ask.head))?;
            if answer.status == 101 {
                if !self.ask.websocket {
                    return Err(BadAnswer::Unasked.into());
                }
                return self.upgraded(origin, from, end, &parts, &answer).await;
            }
            if answer.status >= 200 {
                return self.answer(origin, upload, from, end, &parts, &answer).await;
            }
            // 100 and 103 go before the answer; a client of HTTP/1.0 knows neither.
            if self.ask.version == Version::Http11 {
                let mut out = self.worker.rooms.take();
                forward::answer(&mut out, head, &parts, &answer, false, self.via());
                self.write_client(&mut origin, &mut upload, &out).await?;
                self.worker.rooms.put(out);
            }
            from.consume(end);
            end = self.next_head(&mut origin, &mut upload, from).await?;
        }
    }

    fn via(&self) -> Option<&str> {
        self.worker.shared.config.via.as_deref()
    }

    async fn origin(&mut self, kept: bool) -> Result<Origin, NoAnswer> {
        let limits = &self.worker.shared.config.limits;
        if let Some((to, stream)) = self.own.take() {
            let here = to.port() == self.port && self.addresses.contains(&to.ip());
            let quiet =
                matches!(stream.try_read(&mut [0]), Err(error) if error.kind() == io::ErrorKind::WouldBlock);
            if kept && here && quiet {
                self.signs_in = true;
                return Ok(Origin { stream, to, used: true });
            }
        }
        if kept && self.ask.repeatable && !self.signs_in {
            for address in self.addresses {
                let to = SocketAddr::new(*address, self.port);
                if let Some(stream) = self.worker.pool.take(to) {
                    return Ok(Origin { stream, to, used: true });
                }
            }
        }
        self.worker.allow(self.watched, limits.connect);
        match connect::connect(self.watched, self.addresses, self.port).await {
            Ok((stream, to)) => Ok(Origin { stream, to, used: false }),
            Err(Ended::Stopped(Stop::TimeUp)) => Err(NoAnswer::Slow),
            Err(Ended::Io(_)) => Err(NoAnswer::Unreachable),
            Err(other) => Err(other.into()),
        }
    }

    /// Sends the head and waits for the answer's.
    async fn send(
        &mut self,
        origin: &mut Origin,
        upload: &mut Upload,
        from: &mut Buffer,
    ) -> Result<usize, NoAnswer> {
        self.worker.allow(self.watched, self.worker.shared.config.limits.origin);
        let mut written = 0;
        let head = std::mem::take(&mut self.head);
        let sent = poll_fn(|cx| {
            self.watched.check(cx)?;
            poll_write_all(cx, &mut origin.stream, &head, &mut written).map_err(Ended::Io)
        })
        .await;
        self.head = head;
        match sent {
            Ok(()) => {}
            Err(Ended::Io(_)) => return Err(NoAnswer::Gone),
            Err(Ended::Stopped(Stop::TimeUp)) => return Err(NoAnswer::Slow),
            Err(other) => return Err(other.into()),
        }
        self.next_head(origin, upload, from).await
    }

    async fn next_head(
        &mut self,
        origin: &mut Origin,
        upload: &mut Upload,
        from: &mut Buffer,
    ) -> Result<usize, NoAnswer> {
        let mut seen = 0;
        loop {
            match scan(from.unread(), &mut seen).map_err(BadAnswer::from)? {
                Scan::Ends(end) => return Ok(end),
                Scan::More => {}
            }
            self.worker.rooms.lend(from);
            match self.read_origin(origin, upload, from).await {
                Ok(0) => return Err(NoAnswer::Gone),
                Ok(_) => {}
                Err(Ended::Io(_)) if !upload.failed => return Err(NoAnswer::Gone),
                Err(Ended::Stopped(Stop::TimeUp)) => return Err(NoAnswer::Slow),
                Err(other) => return Err(other.into()),
            }
        }
    }

    /// Reads from the origin while the body goes up.
    async fn read_origin(
        &mut self,
        origin: &mut Origin,
        upload: &mut Upload,
        from: &mut Buffer,
    ) -> Result<usize, Ended> {
        poll_fn(|cx| {
            self.watched.check(cx)?;
            if !upload.is_done() {
                self.poll_upload(cx, origin, upload)?;
            }
            poll_read(cx, &mut origin.stream, from, 1024).map_err(Ended::Io)
        })
        .await
    }

    /// Writes to the client while the body goes up.
    async fn write_client(
        &mut self,
        origin: &mut Origin,
        upload: &mut Upload,
        bytes: &[u8],
    ) -> Result<(), Ended> {
        let mut written = 0;
        poll_fn(|cx| {
            self.watched.check(cx)?;
            if !upload.is_done() {
                self.poll_upload(cx, origin, upload)?;
            }
            poll_write_all(cx, self.client, bytes, &mut written).map_err(Ended::Io)
        })
        .await
    }

    /// Moves what there is of the request's body. An origin that takes no more of it may still answer, so only the
    /// client's failures are errors.
    fn poll_upload(
        &mut self,
        cx: &mut std::task::Context<'_>,
        origin: &mut Origin,
        upload: &mut Upload,
    ) -> Result<(), Ended> {
        let limits = &self.worker.shared.config.limits;
        while !upload.failed && !upload.is_done() {
            if upload.allowed > 0 {
                let bytes = self.input.unread().get(..upload.allowed).unwrap_or_default();
                match std::pin::Pin::new(&mut origin.stream).poll_write(cx, bytes) {
                    Poll::Ready(Ok(some)) => {
                        self.input.consume(some);
                        upload.allowed -= some;
                        self.worker.allow(self.watched, limits.origin);
                    }
                    Poll::Ready(Err(_)) => upload.failed = true,
                    Poll::Pending => return Ok(()),
                }
                continue;
            }
            if self.input.is_empty() {
                self.worker.rooms.lend(self.input);
                match poll_read(cx, self.client, self.input, 1024) {
                    Poll::Ready(Ok(0)) => {
                        upload.failed = true;
                        return Err(Ended::Io(io::ErrorKind::UnexpectedEof.into()));
                    }
                    Poll::Ready(Ok(_)) => {}
                    Poll::Ready(Err(error)) => {
                        upload.failed = true;
                        return Err(Ended::Io(error));
                    }
                    Poll::Pending => return Ok(()),
                }
            }
            upload.allowed = upload.follow.take(self.input.unread()).map_err(|bad| {
                upload.failed = true;
                Ended::Io(io::Error::other(bad))
            })?;
        }
        Ok(())
    }

    /// Passes the answer on.
    async fn answer(
        &mut self,
        mut origin: Origin,
        mut upload: Upload,
        from: &mut Buffer,
        end: usize,
        parts: &Parts,
        answer: &Answer,
    ) -> Result<Done, NoAnswer> {
        let head = from.unread().get(..end).unwrap_or_default();
        let signs_in = self.signs_in || asks_to_sign_in(head, parts);
        let close = self.ask.close || answer.framing == Framing::UntilClose || !upload.is_done();
        let mut out = self.worker.rooms.take();
        forward::answer(&mut out, head, parts, answer, close, self.via());
        from.consume(end);
        let mut follow = Follow::new(answer.framing);
        let mut bytes = 0u64;
        let mut whole = true;
        let mut passed = pass(&mut follow, from)?;
        out.extend_from_slice(from.unread().get(..passed).unwrap_or_default());
        let limits = &self.worker.shared.config.limits;
        let mut failed = self.write_client(&mut origin, &mut upload, &out).await.is_err();
        self.worker.rooms.put(out);
        loop {
            from.consume(passed);
            bytes += passed as u64;
            if failed || follow.is_done() {
                break;
            }
            self.worker.allow(self.watched, limits.origin);
            if let Some(open) = self.watched.open.borrow_mut().as_mut() {
                open.bytes = bytes;
            }
            if let (true, Some(left)) = (from.is_empty() && upload.is_done(), follow.left_to_stream()) {
                match self.stream(&origin, left).await {
                    Ok(0) => {}
                    Ok(moved) => {
                        bytes += moved;
                        passed = 0;
                        follow = Follow::Left(left - moved);
                        whole = moved == left;
                        if whole { continue } else { break }
                    }
                    Err(_) => {
                        failed = true;
                        break;
                    }
                }
            }
            match self.read_origin(&mut origin, &mut upload, from).await {
                Ok(0) => {
                    whole = matches!(follow, Follow::UntilClose);
                    break;
                }
                Ok(_) => {}
                Err(_) => {
                    failed = true;
                    break;
                }
            }
            match follow.take(from.unread()) {
                Ok(some) => passed = some,
                Err(_) => {
                    failed = true;
                    break;
                }
            }
            let sending = std::mem::take(from);
            let body = sending.unread().get(..passed).unwrap_or_default();
            failed = self.write_client(&mut origin, &mut upload, body).await.is_err();
            *from = sending;
        }
        Counters::add(&self.worker.shared.counters.answer_bytes, bytes);
        if let Some(open) = self.watched.open.borrow_mut().as_mut() {
            open.bytes = bytes;
        }
        let complete = whole && !failed && upload.is_done();
        // Anything beyond the answer's end would be taken for the answer to somebody else's request.
        if complete
            && !answer.close
            && self.ask.version == Version::Http11
            && follow.is_done()
            && from.is_empty()
        {
            if signs_in {
                *self.own = Some((origin.to, origin.stream));
            } else {
                self.worker.pool.put(origin.to, origin.stream, self.worker.tick.get());
            }
        }
        // Where a length was announced, whatever is short of it is known to be; and what was sent is worth having, for
        // a download that goes on where it stopped. A reset could take it back.
        let tells = matches!(answer.framing, Framing::None | Framing::Length(_));
        Ok(match (whole && !failed, complete && !close) {
            (false, _) if !tells => Done::BreakOff,
            (true, true) => Done::Again,
            _ => Done::Close,
        })
    }

    async fn stream(&self, origin: &Origin, left: u64) -> Result<u64, Ended> {
        let patience = self.worker.shared.config.limits.origin;
        tunnel::stream(self.worker, self.watched, &origin.stream, self.client, left, patience).await
    }

    /// Goes on as a WebSocket.
    async fn upgraded(
        &mut self,
        mut origin: Origin,
        from: &mut Buffer,
        end: usize,
        parts: &Parts,
        answer: &Answer,
    ) -> Result<Done, NoAnswer> {
        let mut out = self.worker.rooms.take();
        let head = from.unread().get(..end).unwrap_or_default();
        forward::answer(&mut out, head, parts, answer, false, self.via());
        crate::io::write(self.watched, self.client, &out).await?;
        self.worker.rooms.put(out);
        from.consume(end);
        let (first, back) = (self.input.unread().to_vec(), from.unread().to_vec());
        *self.input = Buffer::default();
        *from = Buffer::default();
        // However it ends, the client has had its answer.
        let _ =
            tunnel::carry(self.worker, self.watched, self.client, &mut origin.stream, &first, &back).await;
        Ok(Done::Close)
    }
}

fn pass(follow: &mut Follow, from: &Buffer) -> Result<usize, NoAnswer> {
    follow.take(from.unread()).map_err(|_| NoAnswer::Bad(BadAnswer::Framing))
}

/// Whether the origin wants a sign-in that belongs to the connection and not to the request (NTLM, Negotiate): such
/// a connection is never lent to another client.
fn asks_to_sign_in(head: &[u8], parts: &Parts) -> bool {
    parts.fields.iter().any(|field| {
        field.name.of(head).eq_ignore_ascii_case(b"www-authenticate")
            && signs_in_on_connection(field.value.of(head))
    })
}

/// Whether a challenge or its answer is of a kind that signs a whole connection in.
pub fn signs_in_on_connection(value: &[u8]) -> bool {
    let starts = |word: &[u8]| value.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    starts(b"ntlm") || starts(b"negotiate")
}
