//! One client's connection: request after request, each decided, then carried out or answered with a page.

mod answers;
mod carry;
mod decide;

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::Ordering;

use engine::Refusal;
use tokio::net::TcpStream;

use crate::buffer::Buffer;
use crate::exchange::Done;
use crate::head::{HeadError, Kind, Parts, Scan, read as read_head, scan};
use crate::io::{Ended, read, readable};
use crate::page;
use crate::request::{Refused, Target, understand};
use crate::watch::{Place, Stop, Watched};
use crate::worker::{Mine, Worker};

/// Serves one connection to its end.
pub async fn serve(worker: Mine, stream: TcpStream, from: SocketAddr) {
    let place = Place::take(worker.clone());
    let mut client = Client {
        worker: &worker,
        watched: &place.watched,
        stream,
        from: from.ip().to_canonical(),
        input: Buffer::default(),
        parts: Parts::default(),
        own: None,
    };
    // Whatever ended it is the client's own doing or counted by the watchman.
    let _ = client.serve().await;
    client.settle();
}

struct Client<'a> {
    worker: &'a Worker,
    watched: &'a Watched,
    stream: TcpStream,
    from: IpAddr,
    input: Buffer,
    parts: Parts,
    own: Option<(SocketAddr, TcpStream)>,
}

impl Client<'_> {
    async fn serve(&mut self) -> Result<(), Ended> {
        loop {
            let end = match self.head().await? {
                Ok(Some(end)) => end,
                Ok(None) => return Ok(()),
                Err(bad) => return self.refuse(Refused::Head(bad)).await,
            };
            let head = self.input.unread().get(..end).unwrap_or_default();
            let asked = read_head(head, Kind::Request, &mut self.parts)
                .map_err(Refused::Head)
                .and_then(|()| understand(head, &self.parts));
            let mut ask = match asked {
                Ok(ask) => ask,
                Err(refused) => return self.refuse(refused).await,
            };
            if let Some(own) = &self.worker.shared.config.dns_name {
                ask.target.keep_secrets(own);
            }
            // The answer says so, and the client asks whoever takes connections now.
            ask.close |= self.worker.shared.leaving.load(Ordering::Relaxed);
            let done = match &ask.target {
                Target::Connect { host, port } => {
                    let (host, port) = (host.clone(), *port);
                    return self.connect(&ask, end, host, port).await;
                }
                Target::Own { path } => {
                    let page = self.own_page(path);
                    self.answer(&page, &ask, end).await?
                }
                Target::Web { host, port, path } => self.web(&ask, end, host, *port, path).await?,
            };
            self.settle();
            match done {
                Done::Again => {}
                Done::Close => return Ok(()),
                Done::BreakOff => {
                    // A reset: an orderly end would be the end of an answer that only its end delimits. Should this
                    // fail, the connection is gone already.
                    let _ = self.stream.set_zero_linger();
                    return Ok(());
                }
            }
        }
    }

    /// Ends what was open: the log hears of it, and the connection holds nothing.
    fn settle(&mut self) {
        if let Some(open) = self.watched.open.borrow_mut().take() {
            let shared = &self.worker.shared;
            open.close(&*shared.sink, shared.clock.now());
        }
        self.worker.rooms.give_back(&mut self.input);
    }

    /// Waits for a whole head. `None` where the client has nothing more to ask.
    async fn head(&mut self) -> Result<Result<Option<usize>, HeadError>, Ended> {
        let limits = &self.worker.shared.config.limits;
        self.worker.allow(self.watched, limits.idle);
        let mut seen = 0;
        let mut begun = false;
        loop {
            if !begun && self.input.unread().starts_with(b"\r\n") {
                // One empty line before a request is allowed (RFC 9112, 2.2).
                self.input.consume(2);
            }
            if !self.input.is_empty() {
                if !begun {
                    begun = true;
                    self.worker.allow(self.watched, limits.head);
                }
                match scan(self.input.unread(), &mut seen) {
                    Ok(Scan::Ends(end)) => return Ok(Ok(Some(end))),
                    Ok(Scan::More) => {}
                    Err(bad) => return Ok(Err(bad)),
                }
            } else {
                readable(self.watched, &self.stream).await?;
            }
            self.worker.rooms.lend(&mut self.input);
            match read(self.watched, &mut self.stream, &mut self.input, 1024).await {
                Ok(0) => return Ok(Ok(None)),
                Ok(_) => {}
                Err(Ended::Stopped(Stop::TimeUp)) if begun => {
                    self.note(Refusal::TooSlow);
                    let sentence = "The request did not arrive in time.";
                    let page =
                        page::trouble(408, "The request was too slow", sentence, Some("http_request_error"));
                    self.say(&page, false, true).await?;
                    return Err(Stop::TimeUp.into());
                }
                Err(other) => return Err(other),
            }
        }
    }
}
