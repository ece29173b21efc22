//! What the tests stand on: a school with the real engine, a sink that keeps events, upstreams, and the front between.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use engine::live::roll::{RangeEntry, Roll};
use engine::{
    Activity, ActivitySink, Catalogue, Current, Fact, FilterPolicy, LiveDocument, PolicyDocument, Sealed,
    Verdict,
};
use front_dns::counters::Counting;
use front_dns::resolver::{Command, Now, Outcome, Resolver, Settings, Source};
use front_dns::upstreams::{Routes, Way};
use front_dns::wire::write::Transport;
use front_dns::{Config, Counters, Forward, Running};
use kit::{Clock, Timestamp};

/// Policy that every school of these tests has. Devices at 127.0.0.1 and ::1 are pupils', 127.0.0.20 is staff's.
const POLICY: &str = r#"
form = 1
title = "A school"
version = 1

[safe-search]
search = { staff = "off" }
youtube = { staff = "moderate" }

[[group]]
id = "pupils"
name = "Pupils"

[[group]]
id = "staff"
name = "Staff"

[[rule]]
do = "block"
group = "pupils"
site = "games.example"
reason = "Games wait until after school."

[[rule]]
do = "block"
site = "tracker.example"

[[rule]]
do = "block"
site = "198.51.100.66"

[[rule]]
do = "block"
site = "2001:db8::66"
"#;

const CONTENT: &str = r#"
[[help]]
id = "line"
name = "A helpline"
domains = ["help.example"]

[[engine]]
id = "seek"
name = "Seek"
domains = ["seek.example"]
target = "safe.seek.example"

[[engine]]
id = "films"
name = "Films"
hosts = ["www.films.example"]
target = "strict.films.example"
moderate = "moderate.films.example"
"#;

/// A school's policy with more rules, compiled.
pub fn policy(more: &str) -> FilterPolicy {
    policy_with(str::to_owned, more)
}

/// The same with its text changed.
pub fn policy_with(change: impl FnOnce(&str) -> String, more: &str) -> FilterPolicy {
    let document = PolicyDocument::parse(&format!("{}{more}", change(POLICY))).unwrap();
    let catalogue = Arc::new(Catalogue::parse([("content", CONTENT)]).unwrap());
    let image = lists::IndexBuilder::new(lists::Seed([3; 16])).build().unwrap();
    let index = Arc::new(lists::ListIndex::open(Arc::new(image)).unwrap());
    FilterPolicy::compile(&document, &catalogue, index, &Arc::new(Sealed::never_configured())).unwrap()
}

/// A school that decides by the real engine.
pub fn school() -> Arc<Current> {
    let range = |range: &str, group: &str| RangeEntry {
        range: range.to_owned(),
        groups: vec![group.to_owned()],
        person: None,
    };
    let ranges =
        vec![range("127.0.0.1/32", "pupils"), range("::1/128", "pupils"), range("127.0.0.20/32", "staff")];
    let live = LiveDocument { roll: Roll { ranges, ..Roll::default() }, ..LiveDocument::default() };
    let (current, problems) = Current::new(policy(""), &live);
    assert!(problems.is_empty(), "{problems:?}");
    Arc::new(current)
}

/// What a sink was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub client: Option<IpAddr>,
    pub host: Option<String>,
    pub verdict: Verdict,
    pub fact: Fact,
    pub transport: Option<Transport>,
}

/// Keeps every event.
#[derive(Default)]
pub struct Events {
    told: Mutex<Vec<Told>>,
    owed: AtomicI64,
    written_off: AtomicI64,
}

impl Events {
    pub fn all(&self) -> Vec<Told> {
        self.told.lock().unwrap().clone()
    }

    /// How many events are owed now, and how many will never come.
    pub fn owed(&self) -> (i64, i64) {
        (self.owed.load(Ordering::SeqCst), self.written_off.load(Ordering::SeqCst))
    }
}

impl ActivitySink for Events {
    fn record(&self, activity: &Activity<'_>) {
        self.told.lock().unwrap().push(Told {
            client: activity.client(),
            host: activity.host().map(|host| host.to_string()),
            verdict: activity.verdict(),
            fact: activity.decision().reason.fact,
            transport: activity.transport(),
        });
    }

    fn owe(&self, _: Timestamp) {
        self.owed.fetch_add(1, Ordering::SeqCst);
    }

    fn record_owed(&self, activity: &Activity<'_>) {
        self.record(activity);
        self.owed.fetch_sub(1, Ordering::SeqCst);
    }

    fn write_off(&self) {
        self.owed.fetch_sub(1, Ordering::SeqCst);
        self.written_off.fetch_add(1, Ordering::SeqCst);
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
pub fn front(upstreams: &[SocketAddr], filter: Arc<Current>, sink: Arc<dyn ActivitySink>) -> Running {
    front_of(2, upstreams, filter, sink)
}

/// The front with that many threads.
pub fn front_of(
    threads: usize,
    upstreams: &[SocketAddr],
    filter: Arc<Current>,
    sink: Arc<dyn ActivitySink>,
) -> Running {
    let config = Config {
        listen: vec!["127.0.0.1:0".parse().unwrap(), "[::1]:0".parse().unwrap()],
        upstreams: upstreams.to_vec(),
        threads,
        ..Config::default()
    };
    front_dns::start(config, filter, sink, Clock::System).unwrap()
}

/// A question with recursion desired.
pub fn question(name: &str, kind: u16) -> Vec<u8> {
    let mut message = vec![0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    message.extend(wire(name));
    message.extend(kind.to_be_bytes());
    message.extend([0, 1]);
    message
}

/// The same with EDNS: that much room, and signatures wanted or not.
pub fn with_edns(mut message: Vec<u8>, size: u16, dnssec: bool) -> Vec<u8> {
    message[11] += 1;
    message.extend([0, 0, 41]);
    message.extend(size.to_be_bytes());
    message.extend([0, 0, if dnssec { 0x80 } else { 0 }, 0, 0, 0]);
    message
}

/// What an answer says, as far as the tests ask; read by hickory, so that our writing is judged by other eyes.
pub fn read(message: &[u8]) -> hickory_proto::op::Message {
    hickory_proto::op::Message::from_vec(message).unwrap_or_else(|error| panic!("{error}: {message:02x?}"))
}

/// The resolver of one thread without sockets, at a time that the test sets.
pub struct Bench {
    pub resolver: Resolver<u32>,
    pub school: Arc<Current>,
    pub events: Arc<Events>,
    counting: Arc<Counting>,
    pub now: Now,
    /// What was sent upstream and not answered yet.
    pub sent: Vec<(Way, Vec<u8>)>,
    /// What was asked over a stream.
    pub streamed: Vec<(front_dns::resolver::Ticket, Vec<u8>)>,
    /// Late answers, by the number of their question.
    pub replies: Vec<(u32, Vec<u8>)>,
    number: u32,
}

pub const PUPIL: &str = "127.0.0.1";
pub const STAFF: &str = "127.0.0.20";
/// The name that devices know the gate by.
pub const OWN_NAME: &str = "dns.school.example";

impl Bench {
    pub fn new() -> Self {
        Self::with(1, 64)
    }

    /// With that many upstreams, and room for that many waiting questions.
    pub fn with(upstreams: u8, waiting: usize) -> Self {
        Self::forwarding(upstreams, waiting, &[])
    }

    /// Where each address may ask so many questions a second.
    pub fn limited(per_second: u32, except: &[&str]) -> Self {
        let except = except.iter().map(|text| text.parse().unwrap()).collect();
        let rates = front_dns::rate::Rates::new(&front_dns::Rate { per_second, except });
        Self::made(1, 64, &[], &[], rates.map(Arc::new))
    }

    /// The same with zones of the school's own; what leads inside is then refused.
    pub fn forwarding(upstreams: u8, waiting: usize, forward: &[Forward]) -> Self {
        Self::made(upstreams, waiting, forward, &[], None)
    }

    /// With routers that tell which device asks.
    pub fn behind(routers: &[&str]) -> Self {
        Self::made(1, 64, &[], routers, None)
    }

    fn made(
        upstreams: u8,
        waiting: usize,
        forward: &[Forward],
        routers: &[&str],
        rates: Option<Arc<front_dns::rate::Rates>>,
    ) -> Self {
        let servers: Vec<_> =
            (1..=upstreams).map(|number| SocketAddr::from(([192, 0, 2, number], 53))).collect();
        let (school, events, counting) =
            (school(), Arc::new(Events::default()), Arc::new(Counting::default()));
        let settings = Settings {
            routes: Routes::new(&servers, forward),
            own: Some(Settings::own(OWN_NAME)),
            refuse_inside: !forward.is_empty(),
            routers: routers.iter().map(|router| router.parse().unwrap()).collect(),
            rates,
            cache_bytes: 1 << 20,
            waiting,
            longest_life_s: 60,
            blocked_life_s: 30,
            passes: Some(Arc::new(engine::test_pass::Passes::new(kit::Private::new([7; 32])))),
        };
        let resolver = Resolver::new(settings, school.clone(), events.clone(), counting.clone());
        let now = Now { at: Timestamp::from_millis(1_790_000_000_000), ms: 1_000_000 };
        let (sent, streamed, replies) = (Vec::new(), Vec::new(), Vec::new());
        Self { resolver, school, events, counting, now, sent, streamed, replies, number: 0 }
    }

    /// Has the school's filter observe only for so long from now on.
    pub fn observe(&self, for_ms: i64) {
        let mut live = self.school.live().document().clone();
        live.observing = vec![engine::live::Observing {
            number: 1,
            begins_at: None,
            ends_at: self.now.at.plus_millis(for_ms),
        }];
        assert!(self.school.swap_live(&live).is_empty());
    }

    pub fn counters(&self) -> Counters {
        self.counting.now()
    }

    /// Moves time on and lets the resolver notice.
    pub fn pass_ms(&mut self, ms: u64) {
        self.now.ms += ms;
        self.now.at = self.now.at.plus_millis(ms as i64);
        self.resolver.tick(self.now);
        self.collect();
    }

    pub fn collect(&mut self) {
        while let Some(command) = self.resolver.command() {
            match command {
                Command::Reply { to, bytes } => self.replies.push((to, bytes)),
                Command::Reopen(_) => {}
                Command::Send { way, bytes } => self.sent.push((way, bytes)),
                Command::AskStream { ticket, bytes, .. } => self.streamed.push((ticket, bytes)),
            }
        }
    }

    /// Asks as that device; the answer, if there is one at once.
    pub fn ask_as(&mut self, client: &str, transport: Transport, message: &[u8]) -> Option<Vec<u8>> {
        let mut buffer = vec![0; 65_535];
        buffer[..message.len()].copy_from_slice(message);
        let source = Source::of(client.parse().unwrap(), transport);
        self.number += 1;
        let number = self.number;
        let outcome = self.resolver.ask(&mut buffer, message.len(), source, || number, self.now);
        self.collect();
        match outcome {
            Outcome::Answer(length) => Some(buffer[..length].to_vec()),
            Outcome::Waiting | Outcome::Nothing => None,
        }
    }

    /// Asks as a pupil over UDP.
    pub fn ask(&mut self, message: &[u8]) -> Option<Vec<u8>> {
        self.ask_as(PUPIL, Transport::Udp, message)
    }

    /// Answers the oldest question sent upstream.
    pub fn upstream(&mut self, how: impl FnOnce(&[u8]) -> Vec<u8>) {
        let (way, sent) = self.sent.remove(0);
        self.resolver.answered(way, &how(&sent), self.now);
        self.collect();
    }

    /// Asks as a pupil, lets the upstream answer with those records, and returns the answer.
    pub fn resolve(&mut self, message: &[u8], rcode: u8, records: &[Vec<u8>]) -> Vec<u8> {
        assert_eq!(self.ask(message), None);
        self.upstream(|question| respond(question, rcode, records));
        let (number, answer) = self.replies.pop().expect("an answer");
        assert_eq!(number, self.number);
        answer
    }
}
