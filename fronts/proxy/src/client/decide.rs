//! Whether a request may go on, and where to.

use std::net::IpAddr;
use std::rc::Rc;

use engine::test_pass::{Asked, TestGroup, of_text};
use engine::{Decision, Front, Identity, Owed};
use kit::Timestamp;

use super::Client;
use crate::authority::OwnHost;
use crate::io::Ended;
use crate::page::Page;
use crate::request::Ask;
use crate::resolve::Unresolved;
use crate::watch::{Facts, Open};

/// How often a request is led elsewhere because the policy changed while it was.
const MOST_LEADS: u32 = 3;

/// What is decided on, before and after the host is resolved.
pub enum Way {
    /// Go on, to one of these addresses.
    To(Vec<IpAddr>),
    /// Answered with a page.
    Answer(Page),
}

impl Client<'_> {
    /// Decides by name, resolves, decides again on everything known, and says where it may go. What is decided is in
    /// the connection's `open`.
    pub(super) async fn decide(&mut self, ask: &Ask, mut open: Open) -> Result<Way, Ended> {
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
        if matches!(open.host, OwnHost::Name(_)) {
            for _ in 0..MOST_LEADS {
                match self.resolve(&mut open).await {
                    Ok(facts) => open.facts = facts,
                    Err(error) => return Ok(Way::Answer(self.unresolved(open, error))),
                }
                if open.decide(&shared.filter, open.at) {
                    return Ok(Way::Answer(self.blocked(ask, open)));
                }
                // The policy may have changed meanwhile.
                if !open.is_astray() {
                    break;
                }
            }
            if open.is_astray() {
                return Ok(Way::Answer(self.unresolved(open, Unresolved::NoAnswer)));
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

    /// Where the host is or, where it is led elsewhere, where that is: the names and addresses of its answer. Never where the
    /// host itself is, if it is to be led.
    async fn resolve(&self, open: &mut Open) -> Result<Rc<Facts>, Unresolved> {
        open.led_to = open.leads_to.as_ref().map(|target| target.name.clone());
        let asked = match (&open.led_to, &open.host) {
            (Some(led_to), _) => led_to,
            (None, OwnHost::Name(name)) => name,
            (None, OwnHost::Address(_)) => return Ok(Rc::clone(&open.facts)),
        };
        let tick = self.worker.tick.get();
        let known = match self.worker.resolve.known(asked, tick) {
            Some(known) => known,
            None => {
                // The resolver keeps its own time.
                self.watched.until(0);
                let answer = self.worker.resolve.ask(asked, tick).await;
                // A lesson may have ended meanwhile, and the watchman's last round did not see this request.
                open.at = self.worker.shared.clock.now();
                answer
            }
        };
        let facts = known?;
        let Some(led_to) = open.led_to.clone() else { return Ok(facts) };
        let chain = std::iter::once(led_to).chain(facts.chain.iter().cloned()).collect();
        Ok(Rc::new(Facts { chain, addresses: facts.addresses.clone() }))
    }

    /// The group that a pass of the school's own test lets ask, if there is one and it is good.
    fn test_group(
        &self,
        pass: &[u8],
        (front, host, port, path): (Front, &OwnHost, u16, Option<&str>),
        at: Timestamp,
    ) -> Option<TestGroup> {
        if pass.is_empty() {
            return None;
        }
        let passes = self.worker.shared.config.passes.as_ref()?;
        let host = host.to_string();
        let asked = match (front, path) {
            (Front::Connect, _) => Asked::Tunnel { host: &host, port },
            (_, path) => Asked::Page { host: &host, port, path: path? },
        };
        passes.take(&of_text(pass)?, self.from, asked, at)
    }

    pub(super) fn open(
        &self,
        front: Front,
        host: OwnHost,
        port: u16,
        path: Option<Box<str>>,
        ask: &Ask,
    ) -> Open {
        let head = self.input.unread();
        let agent = std::str::from_utf8(ask.agent.of(head)).ok().filter(|agent| !agent.is_empty());
        let at = self.worker.shared.clock.now();
        let test = self.test_group(ask.pass.of(head), (front, &host, port, path.as_deref()), at);
        let addresses = match &host {
            OwnHost::Address(address) => vec![*address],
            OwnHost::Name(_) => Vec::new(),
        };
        Open {
            at_portal: self.worker.shared.portal.is(&host, port, &addresses),
            host,
            port,
            path,
            as_sent: None,
            facts: Rc::new(Facts { chain: Vec::new(), addresses }),
            front,
            client: self.from,
            test,
            identity: Identity::default(),
            agent: agent.map(Into::into),
            decision: Decision::undecided(),
            leads_to: None,
            led_to: None,
            at,
            bytes: 0,
            sent: None,
            told: false,
            owed: None,
            unobserved: false,
        }
    }
}
