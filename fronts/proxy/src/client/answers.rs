//! What the proxy answers itself: refusals, and what went wrong.

use engine::ticket::Ticket;
use engine::{Front, Refusal, Step};

use super::Client;
use crate::authority::OwnHost;
use crate::body::{BadChunks, Framing};
use crate::buffer::Buffer;
use crate::counters::Counters;
use crate::exchange::{Done, NoAnswer};
use crate::io::{Ended, read, write};
use crate::pac;
use crate::page::{self, Blocked, Page, Wanted};
use crate::request::{Ask, Refused};
use crate::resolve::Unresolved;
use crate::watch::Open;

impl Client<'_> {
    /// A page of the proxy's own: the PAC file, or a word on what this place is.
    pub(super) fn own_page(&self, path: &str) -> Page {
        match path.split('?').next() {
            Some("/proxy.pac" | "/wpad.dat") => match self.stream.local_addr() {
                Ok(here) => {
                    let body = pac::file(&self.worker.shared.config, here);
                    Page { status: 200, kind: pac::KIND, body, error: None }
                }
                Err(_) => page::trouble(503, "Not now", "The proxy does not know its own address.", None),
            },
            _ => {
                self.note(Refusal::NotOffered);
                page::trouble(
                    400,
                    "This is the school's web proxy",
                    "It answers browsers that are set up to use it. Only /proxy.pac can be opened here directly.",
                    None,
                )
            }
        }
    }

    /// Counts and tells that a request was refused of which no more is known than who sent it.
    pub(super) fn note(&self, refusal: Refusal) {
        let shared = &self.worker.shared;
        let tunnel = self.input.unread().starts_with(b"CONNECT ");
        let front = if tunnel { Front::Connect } else { Front::Proxy };
        Counters::add(&shared.counters.refused, 1);
        shared.note(refusal, front, self.from);
    }

    pub(super) async fn refuse(&mut self, refused: Refused) -> Result<(), Ended> {
        self.note(refused.refusal());
        let page = not_understood(refused.status(), &refused.to_string());
        self.say(&page, false, true).await
    }

    /// The page for a body that breaks off in what cannot be read, before any answer was passed on. What was decided of
    /// its request is refused after all.
    pub(super) fn broken(&self, bad: BadChunks) -> Page {
        let shared = &self.worker.shared;
        Counters::add(&shared.counters.refused, 1);
        if let Some(mut open) = self.watched.open.borrow_mut().take() {
            // The log may have heard that it was let through: what became of it is told besides.
            open.told = open.told && open.unobserved;
            open.refuse(Refusal::NotHttp, &*shared.sink);
        }
        not_understood(400, &bad.to_string())
    }

    /// Answers a request with a page. Its body, if it has one, is not waited for.
    pub(super) async fn answer(&mut self, page: &Page, ask: &Ask, end: usize) -> Result<Done, Ended> {
        let close = ask.close || !matches!(ask.framing, Framing::None | Framing::Length(0));
        self.input.consume(end);
        self.say(page, ask.head, close).await?;
        Ok(if close { Done::Close } else { Done::Again })
    }

    pub(super) async fn say(&mut self, page: &Page, head: bool, close: bool) -> Result<(), Ended> {
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
    pub(super) async fn linger(&mut self) {
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

    pub(super) fn blocked(&self, ask: &Ask, mut open: Open) -> Page {
        let shared = &self.worker.shared;
        Counters::add(&shared.counters.blocked, 1);
        open.tell(&*shared.sink);
        let saying = shared.filter.say(&open.decision);
        let sealed = open.decision.reason.step == Step::Sealed;
        let host = if sealed { String::new() } else { open.host.to_string() };
        let ticket = self.ticket(&open);
        let config = &shared.config;
        let languages = std::str::from_utf8(ask.languages.of(self.input.unread())).unwrap_or_default();
        let say = shared.filter.policy().words().speak_to(None, languages);
        let about = Blocked {
            say: &say,
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

    pub(super) fn ticket(&self, open: &Open) -> String {
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

    pub(super) fn unresolved(&self, mut open: Open, error: Unresolved) -> Page {
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
    pub(super) fn closed(&self, open: Open) -> Page {
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
    pub(super) fn inside(&self, open: Open) -> Page {
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
    pub(super) fn unclear(&self, ask: &Ask, host: &OwnHost, port: u16) -> Page {
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

    pub(super) fn no_answer(&self, error: &NoAnswer) -> Page {
        Counters::add(&self.worker.shared.counters.unreachable, 1);
        let (status, word) = match error {
            NoAnswer::Slow => (504, "http_response_timeout"),
            NoAnswer::Unreachable => (502, "connection_refused"),
            NoAnswer::Gone => (502, "http_response_incomplete"),
            NoAnswer::Bad(_) | NoAnswer::Client(_) => (502, "http_protocol_error"),
        };
        page::trouble(status, "The website did not answer", &sentence(&error.to_string()), Some(word))
    }
}

fn not_understood(status: u16, why: &str) -> Page {
    let title = "The request could not be understood";
    page::trouble(status, title, &sentence(why), Some("http_request_error"))
}

/// An error's words as a sentence.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}
