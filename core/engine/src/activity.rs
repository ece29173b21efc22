//! What a front tells the activity log about one request.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use kit::Timestamp;

use crate::decision::{Decision, Refusal, Verdict};
use crate::groups::GroupNo;
use crate::identity::{DeviceNo, Identity, KnownBy, PersonNo};
use crate::request::{Front, Request};
use crate::searching::Words;
use crate::step::Step;
use crate::transport::Transport;
use kit::{Host, HostName};

/// One event of the activity log as a front hands it over: borrowed, so that recording allocates nothing.
///
/// The only way to make one is [`Activity::of`], and it is there that a visit to a help site loses person, device,
/// address, agent, host and exact time: nothing behind it ever holds them.
#[derive(Debug, Clone, Copy)]
pub struct Activity<'a> {
    at: Timestamp,
    front: Front,
    client: Option<IpAddr>,
    person: Option<PersonNo>,
    device: Option<DeviceNo>,
    known_by: KnownBy,
    host: Option<Host<'a>>,
    path: Option<&'a str>,
    agent: Option<&'a str>,
    decision: Decision,
    bytes: u64,
    sent: Option<u64>,
    transport: Option<Transport>,
    sealed: Option<SealedAddress<'a>>,
    searched: Option<Words<'a>>,
}

/// What was asked for where a sealed entry spoke: for the encrypted record, and for nothing else. `Debug` doesn't show it.
#[derive(Clone, Copy)]
pub struct SealedAddress<'a> {
    /// The host asked for.
    pub host: Host<'a>,
    /// The path with its query, where one was seen.
    pub path: Option<&'a str>,
    /// The names that the host led to, where the front gave them.
    pub chain: &'a [HostName<'a>],
}

impl fmt::Debug for SealedAddress<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedAddress(private)")
    }
}

/// The least exact time kept of a visit to a help site: its day, in milliseconds.
const A_DAY_MS: i64 = 86_400_000;

impl<'a> Activity<'a> {
    /// The event of one decided request. `client` is the device's address, `agent` what the browser calls itself,
    /// `bytes` how much was sent back (0 where the front doesn't count).
    pub fn of(
        request: &Request<'a>,
        decision: &Decision,
        at: Timestamp,
        client: IpAddr,
        agent: Option<&'a str>,
        bytes: u64,
    ) -> Self {
        if decision.obligations.unobserved {
            let day = at.as_millis().div_euclid(A_DAY_MS) * A_DAY_MS;
            return Self {
                at: Timestamp::from_millis(day),
                front: request.front,
                client: None,
                person: None,
                device: None,
                known_by: KnownBy::Nothing,
                host: None,
                path: None,
                agent: None,
                decision: *decision,
                bytes: 0,
                sent: None,
                transport: None,
                sealed: None,
                searched: None,
            };
        }
        let Identity { person, device, known_by, .. } = *request.identity;
        let named = Self {
            at,
            front: request.front,
            client: Some(client),
            person,
            device,
            known_by,
            host: Some(request.host),
            path: request.path.map(without_query),
            agent,
            decision: *decision,
            bytes,
            sent: None,
            transport: None,
            sealed: None,
            searched: None,
        };
        if decision.reason.step == Step::Sealed { named.sealing(request) } else { named }
    }

    /// The same with its address kept out of the log's row, which holds the reference of an encrypted record: what becomes
    /// of every request for what is sealed, whoever decided about it.
    pub const fn sealing(self, request: &Request<'a>) -> Self {
        let address = SealedAddress { host: request.host, path: request.path, chain: request.chain };
        Self { host: None, path: None, searched: None, sealed: Some(address), ..self }
    }

    /// What is left of a request that another filter decided and whose address is sealed here, once its record has been
    /// encrypted: nothing of where it went.
    pub const fn without_address(
        decision: &Decision,
        front: Front,
        identity: &Identity,
        at: Timestamp,
        client: IpAddr,
        agent: Option<&'a str>,
        bytes: u64,
    ) -> Self {
        Self {
            at,
            front,
            client: Some(client),
            person: identity.person,
            device: identity.device,
            known_by: identity.known_by,
            host: None,
            path: None,
            agent,
            decision: *decision,
            bytes,
            sent: None,
            transport: None,
            sealed: None,
            searched: None,
        }
    }

    /// The event of a request that a front refused without knowing what it was for: who sent it, and nothing of what it
    /// said.
    pub fn refused(
        refusal: Refusal,
        front: Front,
        identity: &Identity,
        at: Timestamp,
        client: IpAddr,
    ) -> Self {
        Self {
            at,
            front,
            client: Some(client),
            person: identity.person,
            device: identity.device,
            known_by: identity.known_by,
            host: None,
            path: None,
            agent: None,
            decision: Decision::refused(refusal),
            bytes: 0,
            sent: None,
            transport: None,
            sealed: None,
            searched: None,
        }
    }

    /// The same with what was searched for by it. It stays with a host alone: nothing is kept of it where nobody is
    /// observed, nor of a sealed address.
    pub const fn searching(self, words: Option<Words<'a>>) -> Self {
        let searched = if self.host.is_some() && self.path.is_some() { words } else { None };
        Self { searched, ..self }
    }

    /// The same of a question to the name server that came so. Of a visit to a help site nothing is told of that either.
    pub fn over(self, transport: Transport) -> Self {
        Self { transport: (!self.decision.obligations.unobserved).then_some(transport), ..self }
    }

    /// The same of a request of which it is not known where it came from.
    pub const fn from_somewhere(self) -> Self {
        Self { client: None, ..self }
    }

    /// The same request's last word: a tunnel to it ended at `at`, after the device had `sent` so many bytes. A visit
    /// to a help site has no last word: nothing tells how long it was or how much was said.
    pub fn ended(self, at: Timestamp, sent: u64) -> Option<Self> {
        (!self.decision.obligations.unobserved).then_some(Self { at, sent: Some(sent), ..self })
    }

    /// When it was decided; only the day for a help site.
    pub const fn at(&self) -> Timestamp {
        self.at
    }
    /// Which front decided.
    pub const fn front(&self) -> Front {
        self.front
    }
    /// The device's address.
    pub const fn client(&self) -> Option<IpAddr> {
        self.client
    }
    /// The person.
    pub const fn person(&self) -> Option<PersonNo> {
        self.person
    }
    /// The device.
    pub const fn device(&self) -> Option<DeviceNo> {
        self.device
    }
    /// How surely they are known.
    pub const fn known_by(&self) -> KnownBy {
        self.known_by
    }
    /// The host asked for; none for a help site and for a sealed entry.
    pub const fn host(&self) -> Option<Host<'a>> {
        self.host
    }
    /// The path without its query.
    pub const fn path(&self) -> Option<&'a str> {
        self.path
    }
    /// What the browser calls itself.
    pub const fn agent(&self) -> Option<&'a str> {
        self.agent
    }
    /// What was decided.
    pub const fn verdict(&self) -> Verdict {
        self.decision.verdict
    }
    /// Why it was decided.
    pub const fn decision(&self) -> &Decision {
        &self.decision
    }
    /// The group whose cell won.
    pub const fn group(&self) -> Option<GroupNo> {
        self.decision.reason.group
    }
    /// What was asked for where a sealed entry spoke. Only whoever encrypts it may look.
    pub const fn sealed(&self) -> Option<SealedAddress<'a>> {
        self.sealed
    }
    /// What was searched for by it.
    pub const fn searched(&self) -> Option<Words<'a>> {
        self.searched
    }
    /// How much was sent back.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }
    /// How a question to the name server came.
    pub const fn transport(&self) -> Option<Transport> {
        self.transport
    }
    /// How much the device sent, in the last word of a tunnel and nowhere else.
    pub const fn sent(&self) -> Option<u64> {
        self.sent
    }
}

fn without_query(path: &str) -> &str {
    path.split_once('?').map_or(path, |(before, _)| before)
}

/// Where fronts put their events. Never waits: an event that finds no room is counted as lost, and that is all.
///
/// An event is told when its request is over, or after a while. From the moment a request begins to be carried out
/// until then its event is *owed*, so that a front that is killed meanwhile is known to have lost it; see [`Owed`].
/// A sink that counts no losses needs `record` alone.
pub trait ActivitySink: Send + Sync {
    /// Takes one event.
    fn record(&self, activity: &Activity<'_>);

    /// Takes events one after the other: what a batch of answers brings, before the batch is sent. An event taken is
    /// recorded like any other; what is saved is the way to the place where it goes. Whoever holds this keeps nobody
    /// waiting, and should not hold it longer than a batch.
    fn open(&self) -> Box<dyn Recorder + '_> {
        Box::new(self)
    }

    /// One event more is owed. Only [`Owed::new`] calls this and the two below, so that they always balance.
    fn owe(&self, _at: Timestamp) {}

    /// Takes an event that was owed.
    fn record_owed(&self, activity: &Activity<'_>) {
        self.record(activity);
    }

    /// An event that was owed will never come, and is lost from here on.
    fn write_off(&self) {}
}

/// Takes events one after the other: [`ActivitySink::open`].
pub trait Recorder {
    /// Takes one event.
    fn record(&mut self, activity: &Activity<'_>);

    /// Takes an event that was owed. Only [`Owed::pay_into`] calls this.
    fn record_owed(&mut self, activity: &Activity<'_>);
}

impl<T: ActivitySink + ?Sized> Recorder for &T {
    fn record(&mut self, activity: &Activity<'_>) {
        ActivitySink::record(*self, activity);
    }

    fn record_owed(&mut self, activity: &Activity<'_>) {
        ActivitySink::record_owed(*self, activity);
    }
}

/// One event that a front owes the activity log. It is paid with the event, or written off as lost when dropped; when
/// the process is killed instead, the log finds what was owed and counts it as lost.
#[must_use = "dropping it counts an event as lost"]
pub struct Owed {
    sink: Option<Arc<dyn ActivitySink>>,
}

impl Owed {
    /// Owes `sink` one event, for a request that begins to be carried out `at`.
    pub fn new(sink: &Arc<dyn ActivitySink>, at: Timestamp) -> Self {
        sink.owe(at);
        Self { sink: Some(Arc::clone(sink)) }
    }

    /// Tells the event: from here on it is the sink's to keep or to count.
    pub fn pay(mut self, activity: &Activity<'_>) {
        if let Some(sink) = self.sink.take() {
            sink.record_owed(activity);
        }
    }

    /// The same by way of what its sink has opened for a batch.
    pub fn pay_into(mut self, log: &mut dyn Recorder, activity: &Activity<'_>) {
        if self.sink.take().is_some() {
            log.record_owed(activity);
        }
    }
}

impl Drop for Owed {
    fn drop(&mut self) {
        if let Some(sink) = self.sink.take() {
            sink.write_off();
        }
    }
}

impl fmt::Debug for Owed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Owed")
    }
}
