//! Carrying a request out: a plain one to its origin and back, a tunnel until it ends.

use engine::{Front, behalf};

use super::Client;
use super::decide::Way;
use crate::authority::OwnHost;
use crate::body::BadChunks;
use crate::connect;
use crate::counters::Counters;
use crate::exchange::{Done, Exchange, NoAnswer, signs_in_on_connection};
use crate::head::Parts;
use crate::io::{Ended, write};
use crate::request::Ask;
use crate::watch::{Open, Stop};
use crate::{forward, tunnel};

impl Client<'_> {
    pub(super) async fn web(
        &mut self,
        ask: &Ask,
        end: usize,
        host: &OwnHost,
        port: u16,
        target: &str,
    ) -> Result<Done, Ended> {
        if kit::path::reads_two_ways(target) {
            // Nothing that can be decided on holds every reading, and no browser sends such an address.
            let page = self.unclear(ask, host, port);
            return self.answer(&page, ask, end).await;
        }
        let canonical: Box<str> = kit::path::canonical(target).into();
        let as_sent = (*canonical != *target).then(|| target.into());
        let open = Open { as_sent, ..self.open(Front::Proxy, host.clone(), port, Some(canonical), ask) };
        let addresses = match self.decide(ask, open).await? {
            Way::To(addresses) => addresses,
            Way::Answer(page) => return self.answer(&page, ask, end).await,
        };
        let shared = &self.worker.shared;
        Counters::add(&shared.counters.forwarded, 1);
        let behalf = shared
            .portal
            .is(host, port, &addresses)
            .then(|| behalf::speak_for(shared.config.ticket_key.reveal(), self.from, shared.clock.now()));
        let safe = self.watched.open.borrow().as_ref().and_then(|open| open.leads_to.clone());
        let head = self.input.unread().get(..end).unwrap_or_default();
        let mut out = self.worker.rooms.take();
        let besides = forward::Besides {
            via: shared.config.via.as_deref(),
            behalf: behalf.as_deref(),
            safe: safe.as_ref(),
        };
        forward::request(&mut out, head, &self.parts, ask, (host, port, target), besides);
        let signs_in = self.parts.fields.iter().any(|field| {
            field.name.of(head).eq_ignore_ascii_case(b"authorization")
                && signs_in_on_connection(field.value.of(head))
        });
        self.input.consume(end);
        let exchange = Exchange {
            worker: self.worker,
            watched: self.watched,
            client: &mut self.stream,
            input: &mut self.input,
            ask,
            head: out,
            addresses: &addresses,
            port,
            own: &mut self.own,
            signs_in,
        };
        match exchange.run().await {
            Ok(done) => Ok(done),
            Err(NoAnswer::Client(other)) => {
                let Some(bad) = bad_chunks(&other) else { return Err(other) };
                let page = self.broken(bad);
                self.say(&page, ask.head, true).await?;
                Ok(Done::Close)
            }
            Err(no_answer) => {
                let page = self.no_answer(&no_answer);
                self.say(&page, ask.head, true).await?;
                Ok(Done::Close)
            }
        }
    }

    pub(super) async fn connect(
        &mut self,
        ask: &Ask,
        end: usize,
        host: OwnHost,
        port: u16,
    ) -> Result<(), Ended> {
        let shared = &self.worker.shared;
        let open = self.open(Front::Connect, host, port, None, ask);
        let addresses = match self.decide(ask, open).await? {
            Way::To(addresses) => addresses,
            Way::Answer(page) => return self.say(&page, false, true).await,
        };
        self.worker.allow(self.watched, shared.config.limits.connect);
        let mut origin = match connect::connect(self.watched, &addresses, port).await {
            Ok((origin, _)) => origin,
            Err(Ended::Stopped(Stop::TimeUp)) => {
                let page = self.no_answer(&NoAnswer::Slow);
                return self.say(&page, false, true).await;
            }
            Err(Ended::Io(_)) => {
                let page = self.no_answer(&NoAnswer::Unreachable);
                return self.say(&page, false, true).await;
            }
            Err(other) => return Err(other),
        };
        Counters::add(&shared.counters.tunnels, 1);
        if let Some(open) = self.watched.open.borrow_mut().as_mut() {
            open.sent = Some(0);
            open.tell(&*shared.sink);
        }
        write(self.watched, &mut self.stream, b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
        self.input.consume(end);
        let first = self.input.unread().to_vec();
        self.input.consume(first.len());
        self.worker.rooms.give_back(&mut self.input);
        self.parts = Parts::default();
        tunnel::carry(self.worker, self.watched, &mut self.stream, &mut origin, &first, &[]).await
    }
}

/// Whether the client's connection ended because the chunks of its body cannot be read.
fn bad_chunks(ended: &Ended) -> Option<BadChunks> {
    let Ended::Io(error) = ended else { return None };
    error.get_ref().and_then(|bad| bad.downcast_ref::<BadChunks>()).copied()
}
