//! Whether a request may go on, and where to.

use std::net::IpAddr;
use std::rc::Rc;

use engine::{Decision, Front, Identity, Owed};

use super::Client;
use crate::authority::OwnHost;
use crate::io::Ended;
use crate::page::Page;
use crate::request::Ask;
use crate::watch::{Facts, Open};

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
            identity: Identity::default(),
            agent: agent.map(Into::into),
            decision: Decision::undecided(),
            at: self.worker.shared.clock.now(),
            bytes: 0,
            sent: None,
            told: false,
            owed: None,
            unobserved: false,
        }
    }
}
