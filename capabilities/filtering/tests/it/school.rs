//! A small school: its policy, its roll and its portal.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode};
use engine::catalogue::OpenSite;
use engine::live::{DeviceEntry, LiveDocument, PersonEntry, Roll};
use engine::ticket::Ticket;
use engine::{
    Catalogue, Current, DeviceNo, FilterPolicy, Front, Host, HostName, PersonNo, PolicyDocument, Sealed,
};
use filtering::errand::{CarriesOut, Errand};
use filtering::health::GateHealth;
use filtering::own_words::OwnWords;
use filtering::portal::{
    Gate, GateHas, LogUnavailable, NamedBy, NotPublished, Portal, Publishes, RecentBlocks, Refusal, Soon,
};
use http_body_util::BodyExt as _;
use kit::{Clock, Private, Timestamp, Zone};
use lists::{IndexBuilder, ListIndex, Seed};
use people::account::{Counts, Hashing};
use people::duty::SchoolKind;
use people::intake::PublishError;
use store::{Actor, Tx};
use testing::{MONDAY, TestDatabase};
use tokio::sync::Semaphore;
use tower::ServiceExt as _;

pub const POLICY: &str = r#"
form = 1
title = "A village primary"
version = 1

[[group]]
id = "pupils"
name = "Pupils"

[[rule]]
do = "block"
site = "games.example"
reason = "Games are for home."

[[rule]]
do = "block"
category = "self-harm"

[[rule]]
do = "block"
category = "games"
"#;

pub const KEY: [u8; 32] = [7; 32];

/// The tablet of person 12, registered.
pub const TABLET: &str = "10.0.0.12";
/// A device that nothing is known of.
pub const UNKNOWN: &str = "10.0.0.99";

/// The gate's own address, from which it speaks for any device. Somebody is registered at it all the same.
pub const GATE: &str = "10.0.0.2";

/// The help sites of the content that comes with the program.
pub fn help() -> Vec<OpenSite> {
    catalogue().help.iter().filter(|site| !site.confirm_first).cloned().collect()
}

pub fn catalogue() -> Arc<Catalogue> {
    Arc::new(Catalogue::built_in().unwrap())
}

/// An index with one list about self-harm and one of games.
pub fn index() -> ListIndex {
    let mut builder = IndexBuilder::new(Seed([1; 16]));
    for (id, category, name) in
        [("harm", "self-harm", "harm.example\n"), ("games", "games", "play.example\n")]
    {
        let head = lists::ListHead {
            id: id.into(),
            name: id.into(),
            categories: vec![category.into()],
            ..Default::default()
        };
        let mut list = builder.list(head).unwrap();
        lists::read(name.as_bytes(), lists::Format::Domains, &mut list);
    }
    ListIndex::open(std::sync::Arc::new(builder.build().unwrap())).unwrap()
}

pub fn roll() -> Roll {
    Roll {
        people: [12, 13]
            .map(|person| PersonEntry { person: PersonNo(person), groups: vec!["pupils".into()] })
            .into(),
        devices: [(4, 12, TABLET), (5, 13, GATE)]
            .map(|(device, person, address)| DeviceEntry {
                device: DeviceNo(device),
                person: Some(PersonNo(person)),
                groups: Vec::new(),
                addresses: vec![address.parse().unwrap()],
            })
            .into(),
        ..Roll::default()
    }
}

pub fn current() -> Arc<Current> {
    let document = PolicyDocument::parse(POLICY).unwrap();
    let sealed = Arc::new(Sealed::never_configured());
    let policy = FilterPolicy::compile(&document, &catalogue(), Arc::new(index()), &sealed).unwrap();
    let (current, problems) = Current::new(policy, &LiveDocument { roll: roll(), ..LiveDocument::default() });
    assert_eq!(problems, []);
    Arc::new(current)
}

/// Stands where the program asks its log process: gives what it was told.
struct Told(Option<Vec<Refusal>>);

impl RecentBlocks for Told {
    fn last(&self, client: IpAddr) -> Soon<'_, Result<Vec<Refusal>, LogUnavailable>> {
        assert_ne!(client.to_string(), GATE, "what the gate's own address was refused is nobody's to see");
        Box::pin(async { self.0.clone().ok_or_else(|| LogUnavailable("the log process is starting".into())) })
    }
}

/// Keeps what a page has changed: that it is published is for the program's own journeys, which have gates.
struct CommitsOnly;

impl Publishes for CommitsOnly {
    fn live(&self, tx: Tx, new: LiveDocument, _: Actor, _: Timestamp) -> Soon<'_, Result<(), NotPublished>> {
        assert!(new.overrides.len() == 1 || new == LiveDocument::default(), "what is new goes with it");
        Box::pin(async move { tx.commit().await.map_err(|error| NotPublished::Failed(error.into())) })
    }

    fn words(&self, tx: Tx, _: OwnWords, _: Timestamp) -> Soon<'_, Result<(), NotPublished>> {
        Box::pin(async move { tx.commit().await.map_err(|error| NotPublished::Failed(error.into())) })
    }

    fn lists(&self, tx: Tx, _: Timestamp) -> Soon<'_, Result<(), NotPublished>> {
        Box::pin(async move { tx.commit().await.map_err(|error| NotPublished::Failed(error.into())) })
    }
}

impl people::intake::Publishes for CommitsOnly {
    fn roll(&self, tx: Tx, _: Actor, _: Timestamp) -> Soon<'_, Result<(), PublishError>> {
        Box::pin(async move { tx.commit().await.map_err(|error| PublishError(error.into())) })
    }
}

pub struct School {
    pub current: Arc<Current>,
    pub clock: Clock,
    pub router: Router,
    pub tries: Arc<Counts>,
}

/// Does what it is sent for once a test lets it, by what the test says comes of it.
#[derive(Clone)]
pub struct Waits {
    asked: Arc<Mutex<Vec<(Errand, Actor)>>>,
    /// One may end for each permit that is added.
    pub may_end: Arc<Semaphore>,
    /// Why it cannot be done.
    pub why_not: Arc<Mutex<Option<String>>>,
}

impl Default for Waits {
    fn default() -> Self {
        Self { asked: Arc::default(), may_end: Arc::new(Semaphore::new(0)), why_not: Arc::default() }
    }
}

impl Waits {
    /// What it was sent for, by whom.
    pub fn asked(&self) -> Vec<(Errand, Actor)> {
        self.asked.lock().unwrap().clone()
    }
}

impl CarriesOut for Waits {
    fn carry_out(&self, errand: Errand, actor: Actor, _: Timestamp) -> Soon<'static, Result<(), String>> {
        self.asked.lock().unwrap().push((errand, actor));
        let this = self.clone();
        Box::pin(async move {
            this.may_end.acquire().await.unwrap().forget();
            this.why_not.lock().unwrap().clone().map_or(Ok(()), Err)
        })
    }
}

/// Says that the gate goes by whatever was published.
struct GateIsQuick;

impl Gate for GateIsQuick {
    fn has_newest(&self) -> Soon<'_, GateHas> {
        Box::pin(async { GateHas::It })
    }

    fn health(&self) -> Option<GateHealth> {
        None
    }
}

/// A portal over these records and this filter.
pub fn portal(
    database: &TestDatabase,
    current: &Arc<Current>,
    clock: &Clock,
    recent: Option<Vec<Refusal>>,
    publishes: Arc<dyn Publishes>,
) -> Portal {
    Portal {
        db: database.db.clone(),
        clock: clock.clone(),
        zone: Zone::named("Europe/London").unwrap(),
        service: "Fivebar at a village primary".into(),
        help: help().into(),
        filter: current.clone(),
        ticket_key: Private::new(KEY),
        is_gate: Arc::new(|peer| peer.to_string() == GATE),
        own: web::OwnAddress {
            url: "http://portal.example".into(),
            is_own: Arc::new(|address| address.to_string() == GATE),
        },
        recent: Arc::new(Told(recent)),
        named: Arc::new(|_| {
            ["games", "harm"]
                .map(|list| NamedBy {
                    list: list.into(),
                    licence: Some("MIT".into()),
                    first_seen: "2026-11-23".into(),
                })
                .into()
        }),
        notices: Arc::new(Vec::new),
        publishes,
        // Nobody answers there: pages say so, unless a test starts a log.
        log: activity::Client::new(std::path::Path::new("/nowhere")),
        pseudonyms: people::Pseudonyms::new(KEY),
        keep_days: 90,
        gate: Arc::new(GateIsQuick),
        back_ups: backups::Watching::default(),
        errands: Arc::default(),
        hub: Arc::new(Waits::default()),
        kind: SchoolKind::Maintained,
        hashing: Hashing::new(),
        ways: people::account::Ways::since(MONDAY),
        telling: people::account::notices::Telling::default(),
        tries: Arc::new(Counts::default()),
    }
}

impl School {
    pub fn new(database: &TestDatabase, recent: Option<Vec<Refusal>>) -> Self {
        Self::at("http://portal.example", database, recent)
    }

    /// The same with a server before it that has the school's certificate.
    pub fn by_https(database: &TestDatabase) -> Self {
        Self::at("https://portal.example", database, None)
    }

    /// Where people sign in by other ways too.
    pub fn with_ways(database: &TestDatabase, ways: people::account::Ways) -> Self {
        Self::made("http://portal.example", database, None, ways)
    }

    /// Where people are told by mail and by browsers too.
    pub fn told(database: &TestDatabase, telling: people::account::notices::Telling) -> Self {
        let (current, clock) = (current(), testing::clock());
        let portal = portal(database, &current, &clock, None, Arc::new(CommitsOnly));
        let tries = Arc::clone(&portal.tries);
        let router = filtering::routes(Portal { telling, ..portal });
        Self { router, current, clock, tries }
    }

    fn at(url: &str, database: &TestDatabase, recent: Option<Vec<Refusal>>) -> Self {
        Self::made(url, database, recent, people::account::Ways::since(MONDAY))
    }

    fn made(
        url: &str,
        database: &TestDatabase,
        recent: Option<Vec<Refusal>>,
        ways: people::account::Ways,
    ) -> Self {
        let (current, clock) = (current(), testing::clock());
        let portal = portal(database, &current, &clock, recent, Arc::new(CommitsOnly));
        let portal = Portal { ways, ..portal };
        let tries = Arc::clone(&portal.tries);
        let own = web::OwnAddress { url: url.into(), ..portal.own.clone() };
        let router = filtering::routes(Portal { own, ..portal });
        Self { router, current, clock, tries }
    }

    /// The ticket that a block page of the proxy carries.
    pub fn ticket(&self, host: &str, client: &str) -> String {
        let client = client.parse().unwrap();
        let held = self.current.hold(MONDAY);
        let identity = held.identify(client);
        let request = engine::Request {
            host: Host::Name(HostName::new(host).unwrap()),
            port: None,
            path: Some("/play"),
            as_sent: None,
            chain: &[],
            addresses: &[],
            identity: &identity,
            front: Front::Proxy,
        };
        let decision = held.decide(&request);
        assert!(decision.verdict.is_block(), "{host} is open: {decision:?}");
        let who = (identity.person, identity.device, client);
        Ticket::of(&decision, (host, Some("/play")), who, MONDAY, MONDAY.plus_millis(3_600_000))
            .seal(&KEY, [3; 12])
    }

    pub async fn get(&self, from: &str, path: &str) -> Answer {
        self.ask(from, Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub async fn post(&self, from: &str, path: &str, body: &str) -> Answer {
        let request = Request::post(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin");
        self.ask(from, request.body(Body::from(body.to_owned())).unwrap()).await
    }

    pub async fn ask(&self, from: &str, mut request: Request<Body>) -> Answer {
        let address = SocketAddr::new(from.parse().unwrap(), 50_000);
        request.extensions_mut().insert(ConnectInfo(address));
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        // A document is no text.
        let body = String::from_utf8(bytes.to_vec()).unwrap_or_default();
        if body.starts_with("<!DOCTYPE") {
            assert_eq!(web::check::page(&body), Vec::<String>::new(), "{body}");
        }
        Answer { status: parts.status, headers: parts.headers, body, bytes }
    }
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
    pub bytes: axum::body::Bytes,
}

impl Answer {
    /// Where the answer leads.
    pub fn location(&self) -> &str {
        self.headers["location"].to_str().unwrap()
    }

    /// The words of everything that matches.
    pub fn words(&self, selector: &str) -> Vec<String> {
        let tree = scraper::Html::parse_document(&self.body);
        web::check::all(&tree, selector).into_iter().map(web::check::words).collect()
    }

    /// The value of one field.
    pub fn value(&self, selector: &str) -> Option<String> {
        let tree = scraper::Html::parse_document(&self.body);
        let field = web::check::all(&tree, selector).into_iter().next()?;
        Some(field.attr("value").map_or_else(|| field.text().collect(), str::to_owned))
    }
}
