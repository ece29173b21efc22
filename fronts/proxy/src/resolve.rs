//! The proxy's own answer to "where is this host": what it decides on and what it connects to.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use hickory_proto::rr::{Name, RData, Record, RecordType};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use kit::Zones;
use kit::host::normalise_host_name;

use crate::watch::Facts;

/// Why a host has no address here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unresolved {
    /// There is no such name, or it has no address.
    #[error("no website has that name")]
    NoSuchName,
    /// No DNS server answered.
    #[error("the school's DNS servers did not answer")]
    NoAnswer,
}

/// The longest that an answer is used without asking again, whatever it says: a name that moves is followed.
const LONGEST_MS: u64 = 300_000;
/// The shortest, so that an answer that must not be kept still serves the requests of one page.
const SHORTEST_MS: u64 = 2_000;
/// How long a failure is remembered.
const FAILED_MS: u64 = 2_000;
/// How many answers a thread keeps.
const MOST: usize = 20_000;

#[derive(Debug)]
struct Kept {
    until: u64,
    answer: Result<Rc<Facts>, Unresolved>,
}

/// Resolves for one thread, with its own memory of answers.
pub struct Resolve {
    resolver: Option<TokioResolver>,
    /// Who answers for zones of the school's own.
    zones: Zones<TokioResolver>,
    kept: RefCell<HashMap<Box<str>, Kept>>,
}

impl Resolve {
    /// Asks the servers in `upstreams`, and for each zone in `forward` those that stand with it.
    pub fn new(
        upstreams: &[SocketAddr],
        forward: &[(Vec<String>, Vec<SocketAddr>)],
        patience: Duration,
    ) -> Self {
        let mut zones = Zones::default();
        for (names, servers) in forward {
            for name in names {
                if let Some(resolver) = Self::of(servers, patience) {
                    zones.put(name, resolver);
                }
            }
        }
        Self { resolver: Self::of(upstreams, patience), zones, kept: RefCell::default() }
    }

    fn of(upstreams: &[SocketAddr], patience: Duration) -> Option<TokioResolver> {
        let servers = upstreams.iter().map(|server| {
            let with_port = |mut connection: ConnectionConfig| {
                connection.port = server.port();
                connection
            };
            let connections = vec![with_port(ConnectionConfig::udp()), with_port(ConnectionConfig::tcp())];
            NameServerConfig::new(server.ip(), true, connections)
        });
        let config = ResolverConfig::from_parts(None, Vec::new(), servers.collect());
        let mut options = ResolverOpts::default();
        options.timeout = patience;
        options.attempts = 1;
        options.use_hosts_file = ResolveHosts::Never;
        options.preserve_intermediates = true;
        // Answers are kept here, already in the shape that is decided on.
        options.cache_size = 0;
        options.ndots = 0;
        TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            .with_options(options)
            .build()
            .ok()
    }

    /// The answer, where a recent one is known.
    pub fn known(&self, host: &str, tick: u64) -> Option<Result<Rc<Facts>, Unresolved>> {
        self.kept.borrow().get(host).filter(|kept| kept.until > tick).map(|kept| kept.answer.clone())
    }

    /// Asks for both kinds of address at once and keeps the answer.
    pub async fn ask(&self, host: &str, tick: u64) -> Result<Rc<Facts>, Unresolved> {
        let (answer, life) = match self.lookup(host).await {
            Ok((facts, life)) => (Ok(Rc::new(facts)), life),
            Err(error) => (Err(error), FAILED_MS),
        };
        let mut kept = self.kept.borrow_mut();
        if kept.len() >= MOST {
            kept.retain(|_, answer| answer.until > tick);
        }
        if kept.len() >= MOST {
            kept.clear();
        }
        kept.insert(host.into(), Kept { until: tick + life, answer: answer.clone() });
        answer
    }

    /// Forgets what has run out.
    pub fn sweep(&self, tick: u64) {
        self.kept.borrow_mut().retain(|_, answer| answer.until > tick);
    }

    async fn lookup(&self, host: &str) -> Result<(Facts, u64), Unresolved> {
        let own = self.zones.of(host).or(self.resolver.as_ref());
        let resolver = own.ok_or(Unresolved::NoAnswer)?;
        let mut name = Name::from_ascii(host).map_err(|_| Unresolved::NoSuchName)?;
        name.set_fqdn(true);
        let (four, six) = tokio::join!(
            resolver.lookup(name.clone(), RecordType::A),
            resolver.lookup(name, RecordType::AAAA)
        );
        let mut facts = Facts::default();
        let mut life = LONGEST_MS;
        for answer in [&six, &four].into_iter().flatten() {
            follow(host, answer, &mut facts.chain);
            for record in answer.answers() {
                // Records of other names are nobody's answer, and nobody has judged those names.
                let owner = plain(&record.name).unwrap_or_default();
                if owner != host && !facts.chain.iter().any(|name| **name == *owner) {
                    continue;
                }
                life = life.min(u64::from(record.ttl) * 1000);
                match &record.data {
                    RData::A(address) => facts.addresses.push(IpAddr::V4(address.0)),
                    RData::AAAA(address) => facts.addresses.push(IpAddr::V6(address.0).to_canonical()),
                    _ => {}
                }
            }
        }
        if facts.addresses.is_empty() {
            return Err(if is_no_such(&four) && is_no_such(&six) {
                Unresolved::NoSuchName
            } else {
                Unresolved::NoAnswer
            });
        }
        Ok((facts, life.max(SHORTEST_MS)))
    }
}

fn is_no_such(answer: &Result<Lookup, NetError>) -> bool {
    match answer {
        Ok(_) => true,
        Err(error) => error.is_no_records_found() || error.is_nx_domain(),
    }
}

/// Adds the names that the answer goes through from `host` on, each once.
fn follow(host: &str, answer: &Lookup, chain: &mut Vec<Box<str>>) {
    let mut here = host.to_owned();
    for _ in 0..16 {
        let next = answer.answers().iter().find_map(|record: &Record| match &record.data {
            RData::CNAME(target) if plain(&record.name).as_deref() == Some(here.as_str()) => plain(&target.0),
            _ => None,
        });
        let Some(next) = next else { return };
        if !chain.iter().any(|known| **known == *next) {
            chain.push(next.clone().into_boxed_str());
        }
        here = next;
    }
}

fn plain(name: &Name) -> Option<String> {
    normalise_host_name(&name.to_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hickory_proto::op::{Message, MessageType};
    use hickory_proto::rr::rdata::{A, CNAME};

    #[tokio::test]
    async fn addresses_of_names_that_the_question_does_not_lead_to_are_not_used() {
        let server = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let at = server.local_addr().unwrap();
        // It answers for as long as the test asks: one question for each kind of address.
        std::thread::spawn(move || {
            let mut buffer = [0; 1500];
            for _ in 0..2 {
                let (length, from) = server.recv_from(&mut buffer).unwrap();
                let mut message = Message::from_vec(&buffer[..length]).unwrap();
                message.metadata.message_type = MessageType::Response;
                let name = |text: &str| Name::from_ascii(text).unwrap();
                for (owner, data) in [
                    ("games.example.", RData::A(A([192, 0, 2, 66].into()))),
                    ("site.example.", RData::CNAME(CNAME(name("cdn.example.")))),
                    ("cdn.example.", RData::A(A([192, 0, 2, 1].into()))),
                ] {
                    message.add_answer(Record::from_rdata(name(owner), 300, data));
                }
                server.send_to(&message.to_vec().unwrap(), from).unwrap();
            }
        });
        let facts = Resolve::new(&[at], &[], Duration::from_secs(5)).ask("site.example", 0).await.unwrap();
        assert!(!facts.addresses.is_empty());
        assert!(facts.addresses.iter().all(|address| *address == IpAddr::from([192, 0, 2, 1])), "{facts:?}");
        assert_eq!(facts.chain.iter().map(|name| &**name).collect::<Vec<_>>(), ["cdn.example"]);
    }
}
