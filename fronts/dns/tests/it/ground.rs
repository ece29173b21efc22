//! What the tests stand on: a decider, a sink that keeps events, upstreams, and the front between them.

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use engine::{
    Activity, ActivitySink, Decider, Decision, Fact, Host, Identity, KnownBy, Obligations, Reason, Request,
    RuleRef, Saying, Step, Verdict,
};
use front_dns::{Config, Running};
use kit::{Clock, Timestamp};

/// Decides by plain sets: names with everything below them, and addresses.
#[derive(Default)]
pub struct Table {
    pub blocked: HashSet<String>,
    pub addresses: HashSet<IpAddr>,
    pub help: HashSet<String>,
}

/// A decider whose table can be changed while it runs.
#[derive(Default)]
pub struct School(Mutex<Table>);

impl School {
    pub fn blocking(names: &[&str]) -> Arc<Self> {
        let school = Self::default();
        school.change(|table| table.blocked.extend(names.iter().map(|name| (*name).to_owned())));
        Arc::new(school)
    }

    pub fn change(&self, how: impl FnOnce(&mut Table)) {
        how(&mut self.0.lock().unwrap());
    }
}

fn listed(set: &HashSet<String>, name: &str) -> bool {
    std::iter::successors(Some(name), |name| name.split_once('.').map(|(_, rest)| rest))
        .any(|name| set.contains(name))
}

impl Decider for School {
    fn identify(&self, _client: IpAddr) -> Identity {
        Identity { known_by: KnownBy::AddressRange, ..Identity::default() }
    }

    fn decide(&self, request: &Request<'_>, _at: Timestamp) -> Decision {
        let table = self.0.lock().unwrap();
        let Host::Name(host) = request.host else { panic!("a DNS question is about a name") };
        let fact = if listed(&table.blocked, host.as_str()) {
            Some(Fact::Host)
        } else if let Some(at) = request.chain.iter().position(|name| listed(&table.blocked, name.as_str())) {
            Some(Fact::Chain(at as u8))
        } else {
            request
                .addresses
                .iter()
                .position(|address| table.addresses.contains(address))
                .map(|at| Fact::Address(at as u8))
        };
        let help = listed(&table.help, host.as_str());
        let (verdict, step) = match fact {
            _ if help => (Verdict::Allow, Step::Help),
            Some(_) => (Verdict::Block, Step::School),
            None => (Verdict::Allow, Step::Unknown),
        };
        let reason = Reason {
            step,
            rule: RuleRef(0),
            fact: fact.unwrap_or(Fact::None),
            category: None,
            list: None,
            group: None,
            beside: None,
        };
        Decision { verdict, reason, obligations: Obligations { unobserved: help, ..Obligations::default() } }
    }

    fn say(&self, _decision: &Decision) -> Saying {
        Saying { reason: "The school blocks this site.".to_owned(), may_ask: true, ..Saying::default() }
    }

    fn generation(&self, _at: Timestamp) -> u64 {
        0
    }
}

/// What a sink was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub client: Option<IpAddr>,
    pub host: Option<String>,
    pub verdict: Verdict,
    pub fact: Fact,
}

/// Keeps every event.
#[derive(Default)]
pub struct Events(Mutex<Vec<Told>>);

impl Events {
    pub fn all(&self) -> Vec<Told> {
        self.0.lock().unwrap().clone()
    }
}

impl ActivitySink for Events {
    fn record(&self, activity: &Activity<'_>) {
        self.0.lock().unwrap().push(Told {
            client: activity.client(),
            host: activity.host().map(|host| host.to_string()),
            verdict: activity.verdict(),
            fact: activity.decision().reason.fact,
        });
    }
}

/// An upstream on loopback whose answers the test writes: a function from a question to what is sent back.
pub struct Upstream {
    pub address: SocketAddr,
    questions: Arc<Mutex<Vec<Vec<u8>>>>,
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Upstream {
    pub fn answering(mut how: impl FnMut(&[u8]) -> Vec<Vec<u8>> + Send + 'static) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        let address = socket.local_addr().unwrap();
        let (questions, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (heard, stopping) = (Arc::clone(&questions), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while !stopping.load(Ordering::Acquire) {
                let Ok((length, sender)) = socket.recv_from(&mut buffer) else { continue };
                heard.lock().unwrap().push(buffer[..length].to_vec());
                for answer in how(&buffer[..length]) {
                    let _ = socket.send_to(&answer, sender);
                }
            }
        });
        Self { address, questions, stop, thread: Some(thread) }
    }

    /// The questions that reached it.
    pub fn questions(&self) -> Vec<Vec<u8>> {
        self.questions.lock().unwrap().clone()
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

/// Where a message's question ends.
pub fn question_end(message: &[u8]) -> usize {
    let mut at = 12;
    while message[at] != 0 {
        at += 1 + usize::from(message[at]);
    }
    at + 5
}

/// A response to `question` with those records in the answer section.
pub fn respond(question: &[u8], rcode: u8, records: &[Vec<u8>]) -> Vec<u8> {
    let mut answer = question[..question_end(question)].to_vec();
    answer[2] = 0x81;
    answer[3] = 0x80 | rcode;
    answer[6..8].copy_from_slice(&(records.len() as u16).to_be_bytes());
    answer[8..12].fill(0);
    answer.extend(records.iter().flatten());
    answer
}

/// A record with that owner in wire form.
pub fn record(owner: &[u8], kind: u16, life_s: u32, data: &[u8]) -> Vec<u8> {
    let mut record = owner.to_vec();
    record.extend(kind.to_be_bytes());
    record.extend([0, 1]);
    record.extend(life_s.to_be_bytes());
    record.extend((data.len() as u16).to_be_bytes());
    record.extend(data);
    record
}

/// An uncompressed name.
pub fn wire(name: &str) -> Vec<u8> {
    let mut wire = Vec::new();
    for label in name.split('.').filter(|label| !label.is_empty()) {
        wire.push(label.len() as u8);
        wire.extend(label.as_bytes());
    }
    wire.push(0);
    wire
}

/// A pointer to the question's name.
pub const HERE: &[u8] = &[0xc0, 12];

/// The front, started on loopback.
pub fn front(upstreams: &[SocketAddr], decider: Arc<dyn Decider>, sink: Arc<dyn ActivitySink>) -> Running {
    let config = Config {
        listen: vec!["127.0.0.1:0".parse().unwrap(), "[::1]:0".parse().unwrap()],
        upstreams: upstreams.to_vec(),
        threads: 2,
        ..Config::default()
    };
    front_dns::start(config, decider, sink, Clock::System).unwrap()
}
