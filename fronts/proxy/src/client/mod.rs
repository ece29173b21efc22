//! One client's connection: request after request, each decided, then carried out or answered with a page.

use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

use engine::behalf;
use engine::ticket::Ticket;
use engine::{
    Activity, Decision, Fact, Front, Identity, Obligations, Owed, Reason, Refusal, RuleRef, Step, Verdict,
};
use tokio::net::TcpStream;

use crate::authority::OwnHost;
use crate::body::Framing;
use crate::buffer::Buffer;
use crate::counters::Counters;
use crate::exchange::{Done, Exchange, NoAnswer, signs_in_on_connection};
use crate::head::{HeadError, Kind, Parts, Scan, read as read_head, scan};
use crate::io::{Ended, read, readable, write};
use crate::page::{self, Blocked, Page, Wanted};
use crate::request::{Ask, Refused, Target, understand};
use crate::resolve::Unresolved;
use crate::watch::{Facts, Open, Place, Stop, Watched};
use crate::worker::{Mine, Worker};
use crate::{connect, forward, pac, tunnel};

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

/// What is decided on, before and after the host is resolved.
enum Way {
    /// Go on, to one of these addresses.
    To(Vec<IpAddr>),
    /// Answered with a page.
    Answer(Page),
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
            let ask = match asked {
                Ok(ask) => ask,
                Err(refused) => return self.refuse(refused).await,
            };
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

    /// A page of the proxy's own: the PAC file, or a word on what this place is.
    fn own_page(&self, path: &str) -> Page {
        match path.split('?').next() {
            Some("/proxy.pac" | "/wpad.dat") => match self.stream.local_addr() {
                Ok(here) => {
                    let body = pac::file(&self.worker.shared.config, here);
                    Page { status: 200, kind: pac::KIND, body, error: None }
                }
                Err(_) => page::trouble(503, "Not now", "The proxy does not know its own address.", None),
            },
            _ => page::trouble(
                400,
                "This is the school's web proxy",
                "It answers browsers that are set up to use it. Only /proxy.pac can be opened here directly.",
                None,
            ),
        }
    }

    async fn refuse(&mut self, refused: Refused) -> Result<(), Ended> {
        let shared = &self.worker.shared;
        Counters::add(&shared.counters.refused, 1);
        let at = shared.clock.now();
        let identity = shared.filter.hold(at).identify(self.from);
        let tunnel = self.input.unread().starts_with(b"CONNECT ");
        let front = if tunnel { Front::Connect } else { Front::Proxy };
        shared.sink.record(&Activity::refused(refused.refusal(), front, &identity, at, self.from));
        let sentence = sentence(&refused.to_string());
        let title = "The request could not be understood";
        let page = page::trouble(refused.status(), title, &sentence, Some("http_request_error"));
        self.say(&page, false, true).await
    }

    /// Answers a request with a page. Its body, if it has one, is not waited for.
    async fn answer(&mut self, page: &Page, ask: &Ask, end: usize) -> Result<Done, Ended> {
        let close = ask.close || !matches!(ask.framing, Framing::None | Framing::Length(0));
        self.input.consume(end);
        self.say(page, ask.head, close).await?;
        Ok(if close { Done::Close } else { Done::Again })
    }

    async fn say(&mut self, page: &Page, head: bool, close: bool) -> Result<(), Ended> {
        self.watched.go_on();
        self.worker.allow(self.watched, self.worker.shared.config.limits.head);
        let mut out = self.worker.rooms.take();
        page.write(&mut out, head, close);
        let written = write(self.watched, &mut self.stream, &out).await;
        self.worker.rooms.put(out);
        written?;
        if close {
            self.linger().await;
        }
        Ok(())
    }

    /// Says that nothing more comes and reads away what the client still sends for a moment: a connection closed on
    /// unread bytes would take the page away from the client with it.
    async fn linger(&mut self) {
        use tokio::io::AsyncWriteExt as _;
        let _ = self.stream.shutdown().await;
        let mut rest = Buffer::default();
        self.worker.rooms.lend(&mut rest);
        self.worker.allow(self.watched, std::time::Duration::from_secs(1));
        let mut budget = 1usize << 20;
        while let Ok(some) = read(self.watched, &mut self.stream, &mut rest, 1024).await {
            if some == 0 || some >= budget {
                break;
            }
            budget -= some;
            rest.consume(some);
        }
        rest.consume(usize::MAX / 2);
        self.worker.rooms.give_back(&mut rest);
    }

    /// Decides by name, resolves, decides again on everything known, and says where it may go. What is decided is in
    /// the connection's `open`.
    async fn decide(&mut self, ask: &Ask, mut open: Open) -> Result<Way, Ended> {
        let shared = &self.worker.shared;
        if open.decide(&shared.filter, open.at) {
            return Ok(Way::Answer(self.blocked(ask, open)));
        }
        let port = open.port;
        let tunnel = open.front == Front::Connect;
        let ports = if tunnel { &shared.config.connect_ports } else { &shared.config.web_ports };
        let closed = !ports.contains(port);
        if closed && (tunnel || !shared.reach.names_port(port)) {
            return Ok(Way::Answer(self.closed(open)));
        }
        if !open.decision.obligations.unobserved {
            open.owed = Some(Owed::new(&shared.sink, open.at));
        }
        if let OwnHost::Name(name) = &open.host {
            let tick = self.worker.tick.get();
            let known = match self.worker.resolve.known(name, tick) {
                Some(known) => known,
                None => {
                    // The resolver keeps its own time.
                    self.watched.until(0);
                    let answer = self.worker.resolve.ask(name, tick).await;
                    // A lesson may have ended meanwhile, and the watchman's last round did not see this request.
                    open.at = shared.clock.now();
                    answer
                }
            };
            match known {
                Ok(facts) => open.facts = facts,
                Err(error) => return Ok(Way::Answer(self.unresolved(open, error))),
            }
            if open.decide(&shared.filter, open.at) {
                return Ok(Way::Answer(self.blocked(ask, open)));
            }
        }
        let reach = &shared.reach;
        let may = |&address: &IpAddr| reach.may(address, port) && (!closed || reach.names(address, port));
        let may: Vec<IpAddr> = open.facts.addresses.iter().copied().filter(may).collect();
        if may.is_empty() {
            return Ok(Way::Answer(if closed { self.closed(open) } else { self.inside(open) }));
        }
        if open.decision.obligations.unobserved {
            // Nothing more will be known of it that may be told.
            open.tell(&*shared.sink);
        }
        *self.watched.open.borrow_mut() = Some(open);
        Ok(Way::To(may))
    }

    fn open(&self, front: Front, host: OwnHost, port: u16, path: Option<Box<str>>, ask: &Ask) -> Open {
        let head = self.input.unread();
        let agent = std::str::from_utf8(ask.agent.of(head)).ok().filter(|agent| !agent.is_empty());
        let addresses = match &host {
            OwnHost::Address(address) => vec![*address],
            OwnHost::Name(_) => Vec::new(),
        };
        Open {
            host,
            port,
            path,
            facts: Rc::new(Facts { chain: Vec::new(), addresses }),
            front,
            client: self.from,
            identity: Identity::default(),
            agent: agent.map(Into::into),
            decision: undecided(),
            at: self.worker.shared.clock.now(),
            bytes: 0,
            sent: None,
            told: false,
            owed: None,
            unobserved: false,
        }
    }

    fn blocked(&self, ask: &Ask, mut open: Open) -> Page {
        let shared = &self.worker.shared;
        Counters::add(&shared.counters.blocked, 1);
        open.tell(&*shared.sink);
        let saying = shared.filter.say(&open.decision);
        let sealed = open.decision.reason.step == Step::Sealed;
        let host = if sealed { String::new() } else { open.host.to_string() };
        let ticket = self.ticket(&open);
        let config = &shared.config;
        let about = Blocked {
            host: &host,
            saying: &saying,
            help: &config.help,
            portal: &config.portal,
            ticket: &ticket,
        };
        let accept = ask.accept.of(self.input.unread());
        let wanted = match (&open.path, open.front) {
            (Some(path), Front::Proxy) => page::wanted(accept, path),
            _ => Wanted::Page,
        };
        page::blocked(&about, wanted)
    }

    fn ticket(&self, open: &Open) -> String {
        let config = &self.worker.shared.config;
        let mut nonce = [0; 12];
        if getrandom::fill(&mut nonce).is_err() {
            // Without randomness there is no safe ticket; the portal answers for the device without one.
            return String::new();
        }
        let ends_at = open.at.plus_millis(i64::try_from(config.ticket_life.as_millis()).unwrap_or(i64::MAX));
        let host = open.host.to_string();
        let who = (open.identity.person, open.identity.device, open.client);
        Ticket::of(&open.decision, (&host, open.path.as_deref()), who, open.at, ends_at)
            .seal(config.ticket_key.reveal(), nonce)
    }

    fn unresolved(&self, mut open: Open, error: Unresolved) -> Page {
        let shared = &self.worker.shared;
        Counters::add(&shared.counters.unreachable, 1);
        open.tell(&*shared.sink);
        let (status, word) = match error {
            Unresolved::NoSuchName => (502, "dns_error"),
            Unresolved::NoAnswer => (504, "dns_timeout"),
        };
        page::trouble(status, "The website was not found", &sentence(&error.to_string()), Some(word))
    }

    /// The page for a port that is not opened.
    fn closed(&self, open: Open) -> Page {
        let shared = &self.worker.shared;
        Counters::add(&shared.counters.refused, 1);
        let sentence = format!(
            "The school's filter opens websites on their usual ports only, and {} is not one of them.",
            open.port
        );
        open.refuse(Refusal::Port, &*shared.sink);
        page::trouble(403, "This port is closed", &sentence, Some("http_request_denied"))
    }

    /// The page for an address inside the school.
    fn inside(&self, open: Open) -> Page {
        let shared = &self.worker.shared;
        Counters::add(&shared.counters.private, 1);
        open.refuse(Refusal::Inside, &*shared.sink);
        page::trouble(
            403,
            "This address is not on the internet",
            "The name or address belongs to a private network, and the school's own services are not reached through \
             the filter.",
            Some("destination_ip_prohibited"),
        )
    }

    /// The page for a path that has no one reading. Its host is decided on all the same: who asks for a blocked site is
    /// told so, and who asks for a help site is not observed.
    fn unclear(&self, ask: &Ask, host: &OwnHost, port: u16) -> Page {
        let shared = &self.worker.shared;
        let mut open = self.open(Front::Proxy, host.clone(), port, None, ask);
        if open.decide(&shared.filter, open.at) {
            return self.blocked(ask, open);
        }
        Counters::add(&shared.counters.refused, 1);
        open.refuse(Refusal::TwoWays, &*shared.sink);
        let sentence =
            "The address goes back over an empty part of its path, which servers read differently.";
        page::trouble(400, "The address is unclear", sentence, Some("http_request_error"))
    }

    async fn web(
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
        let canonical = kit::path::canonical(target).into();
        let open = self.open(Front::Proxy, host.clone(), port, Some(canonical), ask);
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
        let head = self.input.unread().get(..end).unwrap_or_default();
        let mut out = self.worker.rooms.take();
        forward::request(
            &mut out,
            head,
            &self.parts,
            ask,
            (host, port, target),
            shared.config.via.as_deref(),
            behalf.as_deref(),
        );
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
            Err(NoAnswer::Client(other)) => Err(other),
            Err(no_answer) => {
                let page = self.no_answer(&no_answer);
                self.say(&page, ask.head, true).await?;
                Ok(Done::Close)
            }
        }
    }

    fn no_answer(&self, error: &NoAnswer) -> Page {
        Counters::add(&self.worker.shared.counters.unreachable, 1);
        let (status, word) = match error {
            NoAnswer::Slow => (504, "http_response_timeout"),
            NoAnswer::Unreachable => (502, "connection_refused"),
            NoAnswer::Gone => (502, "http_response_incomplete"),
            NoAnswer::Bad(_) | NoAnswer::Client(_) => (502, "http_protocol_error"),
        };
        page::trouble(status, "The website did not answer", &sentence(&error.to_string()), Some(word))
    }

    async fn connect(&mut self, ask: &Ask, end: usize, host: OwnHost, port: u16) -> Result<(), Ended> {
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

/// What stands in for a decision until there is one: blocked, so that a mistake here opens nothing.
const fn undecided() -> Decision {
    Decision {
        verdict: Verdict::Block,
        reason: Reason {
            step: Step::Unknown,
            rule: RuleRef(0),
            fact: Fact::None,
            category: None,
            list: None,
            group: None,
            beside: None,
        },
        obligations: Obligations {
            unobserved: false,
            scan: false,
            inspect: false,
            safe_search: false,
            headers: 0,
            sign_in: false,
        },
    }
}

/// An error's words as a sentence.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}
