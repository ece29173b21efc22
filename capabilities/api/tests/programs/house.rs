//! A school with a portal and its API, and a program with a token.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use api::Api;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode};
use engine::{Catalogue, Current, FilterPolicy, Identity, LiveDocument, PersonNo, PolicyDocument, Sealed};
use filtering::asker::Asker;
use filtering::errand::{CarriesOut, Errand};
use filtering::health::GateHealth;
use filtering::own_words::OwnWords;
use filtering::portal::{
    Gate, GateHas, LogUnavailable, NotPublished, Portal, Publishes, RecentBlocks, Refusal, Soon,
};
use filtering::site::Site;
use filtering::site_request::{Ask, HowLong, actions};
use http_body_util::BodyExt as _;
use kit::permit::Action;
use kit::{Clock, Permit, Private, Timestamp, Zone};
use lists::{IndexBuilder, ListIndex, Seed};
use people::RollFile;
use people::account::{self, Counts, Hashing, Token};
use people::duty::{self, Duties, Giving, SchoolKind, Span};
use people::intake::PublishError;
use serde_json::Value;
use store::{Actor, Db, Tx};
use testing::{MONDAY, TestDatabase};
use tower::ServiceExt as _;

pub const HERE: &str = "127.0.0.1";
pub const DAY_MS: i64 = 86_400_000;
const KEY: [u8; 32] = [7; 32];

const POLICY: &str = r#"
form = 1
title = "A village primary"
version = 1

[[group]]
id = "pupils"
name = "Pupils"
[[group]]
id = "staff"
name = "Staff"
"#;

/// Hanna is 1, Lena 2, Nat 3, Ada 4.
const ROLL: &str = r#"
[[person]]
name = "Hanna Example"
groups = ["staff"]
[[person]]
name = "Lena Example"
groups = ["staff"]
[[person]]
name = "Nat Example"
groups = ["staff"]
[[person]]
name = "Ada Example"
groups = ["pupils"]
"#;

fn current() -> Arc<Current> {
    let index = ListIndex::open(Arc::new(IndexBuilder::new(Seed([1; 16])).build().unwrap())).unwrap();
    let (document, catalogue) =
        (PolicyDocument::parse(POLICY).unwrap(), Arc::new(Catalogue::built_in().unwrap()));
    let sealed = Arc::new(Sealed::never_configured());
    let policy = FilterPolicy::compile(&document, &catalogue, Arc::new(index), &sealed).unwrap();
    let (current, problems) = Current::new(policy, &LiveDocument::default());
    assert_eq!(problems, []);
    Arc::new(current)
}

struct Nobody;

impl RecentBlocks for Nobody {
    fn last(&self, _: IpAddr) -> Soon<'_, Result<Vec<Refusal>, LogUnavailable>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

impl Gate for Nobody {
    fn has_newest(&self) -> Soon<'_, GateHas> {
        Box::pin(async { GateHas::It })
    }

    fn health(&self) -> Option<GateHealth> {
        None
    }
}

impl CarriesOut for Nobody {
    fn carry_out(&self, _: Errand, _: Actor, _: Timestamp) -> Soon<'static, Result<(), String>> {
        Box::pin(async { Err("no hub runs here".to_owned()) })
    }
}

/// Commits, and counts what the gates would be told: that it is published is for the program's own journeys.
#[derive(Clone, Default)]
struct Commits {
    live: Arc<AtomicUsize>,
}

impl Publishes for Commits {
    fn live(&self, tx: Tx, _: LiveDocument, _: Actor, _: Timestamp) -> Soon<'_, Result<(), NotPublished>> {
        self.live.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move { tx.commit().await.map_err(|error| NotPublished::Failed(error.into())) })
    }

    fn words(&self, tx: Tx, _: OwnWords, _: Timestamp) -> Soon<'_, Result<(), NotPublished>> {
        Box::pin(async move { tx.commit().await.map_err(|error| NotPublished::Failed(error.into())) })
    }

    fn lists(&self, tx: Tx, _: Timestamp) -> Soon<'_, Result<(), NotPublished>> {
        Box::pin(async move { tx.commit().await.map_err(|error| NotPublished::Failed(error.into())) })
    }
}

impl people::intake::Publishes for Commits {
    fn roll(&self, tx: Tx, _: Actor, _: Timestamp) -> Soon<'_, Result<(), PublishError>> {
        Box::pin(async move { tx.commit().await.map_err(|error| PublishError(error.into())) })
    }
}

pub fn permit<A: Action>(subject: A::Subject) -> Permit<A> {
    Duties::built_in().authority().grant(&duty::at_the_command_line(1000), subject, MONDAY).unwrap()
}

pub struct House {
    pub db: Db,
    pub clock: Clock,
    pub api: Api,
    /// How often the gates were told what is open or closed just now.
    pub published: Arc<AtomicUsize>,
    router: Router,
}

impl House {
    pub async fn new(test: &TestDatabase, duties: &[(u32, &str)]) -> Self {
        Self::with(test, duties, None).await
    }

    pub async fn with(test: &TestDatabase, duties: &[(u32, &str)], a_minute: Option<u32>) -> Self {
        let mut tx = test.db.begin().await.unwrap();
        let roll = RollFile::parse(ROLL).unwrap();
        people::import(&mut tx, &Actor::CommandLine(1000), &roll, MONDAY).await.unwrap();
        for (person, id) in duties {
            let span = Span { starts_at: MONDAY, ends_at: None };
            let (person, duty) = (PersonNo(*person), (*id).to_owned());
            let giving = Giving { person, duty, span, covers: None, reason: String::new() };
            let permit = permit::<duty::GiveDuty>(giving.person);
            duty::give(&mut tx, &permit, giving, SchoolKind::Maintained, MONDAY).await.unwrap();
        }
        tx.commit().await.unwrap();
        let (clock, commits) = (testing::clock(), Commits::default());
        let portal = Portal {
            db: test.db.clone(),
            clock: clock.clone(),
            zone: Zone::named("Europe/London").unwrap(),
            service: "Fivebar at a village primary".into(),
            help: Vec::new().into(),
            filter: current(),
            ticket_key: Private::new(KEY),
            is_gate: Arc::new(|_| false),
            own: web::OwnAddress { url: "http://portal.example".into(), is_own: Arc::new(|_| false) },
            recent: Arc::new(Nobody),
            named: Arc::new(|_| Vec::new()),
            notices: Arc::new(Vec::new),
            publishes: Arc::new(commits.clone()),
            log: activity::Client::new(std::path::Path::new("/nowhere")),
            pseudonyms: people::Pseudonyms::new(KEY),
            keep_days: 90,
            gate: Arc::new(Nobody),
            back_ups: backups::Watching::default(),
            errands: Arc::default(),
            hub: Arc::new(Nobody),
            kind: SchoolKind::Maintained,
            telling: people::account::notices::Telling::default(),
            hashing: Hashing::new(),
            ways: people::account::Ways::since(MONDAY),
            tries: Arc::new(Counts::default()),
        };
        let api = Api::beside(portal, a_minute);
        Self { db: test.db.clone(), clock, router: api::routes(api.clone()), api, published: commits.live }
    }

    pub async fn ask(&self, from: &str, mut request: Request<Body>) -> Answer {
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(from.parse().unwrap(), 50_000)));
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        // Documents are no text, and no test here reads one.
        let body = String::from_utf8_lossy(&bytes).into_owned();
        if body.starts_with("<!DOCTYPE") {
            assert_eq!(web::check::page(&body), Vec::<String>::new(), "{body}");
        }
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// Somebody of the roll, signed in: what their browser sends.
    pub async fn sign_in(&self, person: u8) -> Staff<'_> {
        let mut tx = self.db.begin().await.unwrap();
        let token = Token::of([person; 32]);
        let permit = permit::<account::Invite>(PersonNo(person.into()));
        let name = format!("someone{person}");
        account::invite(&mut tx, &permit, Some(&name), &token, MONDAY).await.unwrap();
        tx.commit().await.unwrap();
        self.welcome(&token).await
    }

    async fn welcome(&self, token: &Token) -> Staff<'_> {
        let form = "password=teapots+over+jupiter&repeated=teapots+over+jupiter";
        let request = Request::post(format!("/welcome/{}", token.reveal()))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin");
        let answer = self.ask(HERE, request.body(Body::from(form)).unwrap()).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let line = answer.headers["set-cookie"].to_str().unwrap();
        Staff { house: self, cookie: line.split(';').next().unwrap().to_owned() }
    }

    /// The same who signed in before: their invitation is spent, so they are given another.
    pub async fn sign_in_again(&self, person: u8) -> Staff<'_> {
        let mut tx = self.db.begin().await.unwrap();
        static TURN: AtomicU8 = AtomicU8::new(100);
        let token = Token::of([TURN.fetch_add(1, Ordering::Relaxed); 32]);
        let permit = permit::<account::Invite>(PersonNo(person.into()));
        account::invite(&mut tx, &permit, None, &token, self.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
        self.welcome(&token).await
    }

    /// And once more.
    pub async fn sign_in_anew(&self, person: u8) -> Staff<'_> {
        let mut tx = self.db.begin().await.unwrap();
        let token = Token::of([person + 150; 32]);
        let permit = permit::<account::Invite>(PersonNo(person.into()));
        account::invite(&mut tx, &permit, None, &token, self.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
        // A moment later, so that what is made next is made after.
        let staff = self.welcome(&token).await;
        self.clock.set(self.clock.now().plus_millis(1));
        staff
    }

    /// A token of somebody's.
    pub async fn program(&self, person: u8, scopes: &[&str]) -> Program<'_> {
        self.sign_in(person).await.program(scopes).await
    }

    /// Ends a duty of somebody's.
    pub async fn end_duty(&self, person: u32) {
        let mut tx = self.db.begin().await.unwrap();
        let all = duty::all(&mut tx, &permit::<duty::ReadDuties>(())).await.unwrap();
        for one in all.into_iter().filter(|one| one.given.person == PersonNo(person) && one.ended.is_none()) {
            duty::end(&mut tx, &permit::<duty::EndDuty>(one.id), self.clock.now()).await.unwrap();
        }
        tx.commit().await.unwrap();
    }

    /// Takes somebody off the roll.
    pub async fn leaves(&self, name: &str) {
        let mut tx = self.db.begin().await.unwrap();
        let left: String = ROLL
            .split("[[person]]")
            .filter(|one| !one.contains(name) && one.contains("name"))
            .map(|one| format!("[[person]]{one}"))
            .collect();
        let roll = RollFile::parse(&left).unwrap();
        people::import(&mut tx, &Actor::CommandLine(1000), &roll, self.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Somebody asks for a site.
    pub async fn request(&self, site: &str) -> String {
        let mut tx = self.db.begin().await.unwrap();
        let ask = Ask {
            site: Site::typed(site).unwrap(),
            words: Private::new("for the chess club".into()),
            how_long: HowLong::Day,
            asker: Asker::at(
                [10, 0, 0, 1].into(),
                &Identity { person: Some(PersonNo(4)), ..Identity::default() },
            ),
        };
        let made = actions::raise(&mut tx, &Actor::Person(4), ask, self.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
        made.reference.to_string()
    }
}

pub struct Staff<'a> {
    pub house: &'a House,
    pub cookie: String,
}

impl<'a> Staff<'a> {
    pub async fn get(&self, path: &str) -> Answer {
        let request = Request::get(path).header("cookie", &self.cookie).body(Body::empty()).unwrap();
        self.house.ask(HERE, request).await
    }

    pub async fn post(&self, path: &str, body: &str) -> Answer {
        let request = Request::post(path)
            .header("cookie", &self.cookie)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin");
        self.house.ask(HERE, request.body(Body::from(body.to_owned())).unwrap()).await
    }

    pub async fn program(&self, scopes: &[&str]) -> Program<'a> {
        let ticked: String =
            scopes.iter().map(|scope| format!("&{}=yes", api::token::views::field(scope))).collect();
        let made = self.post("/staff/tokens/new", &format!("name=A+program&days=30{ticked}")).await;
        assert_eq!(made.status, StatusCode::OK, "{}", made.body);
        let token = made.words("code").into_iter().find(|words| words.starts_with("fivebar_")).unwrap();
        Program { house: self.house, token }
    }
}

/// A program with a token.
pub struct Program<'a> {
    pub house: &'a House,
    pub token: String,
}

impl Program<'_> {
    pub fn request(&self, method: &str, path: &str) -> axum::http::request::Builder {
        Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header("authorization", format!("Bearer {}", self.token))
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.house.ask(HERE, self.request("GET", path).body(Body::empty()).unwrap()).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.with("POST", path, body, &[]).await
    }

    pub async fn with(&self, method: &str, path: &str, body: Value, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.request(method, path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if body.is_null() {
            return self.house.ask(HERE, request.body(Body::empty()).unwrap()).await;
        }
        let request = request.header("content-type", "application/json");
        self.house.ask(HERE, request.body(Body::from(body.to_string())).unwrap()).await
    }
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| Value::String(self.body.clone()))
    }

    /// The status, and the end of the problem's type.
    pub fn problem(&self) -> (u16, String) {
        assert_eq!(self.headers["content-type"], "application/problem+json", "{}", self.body);
        let json = self.json();
        assert_eq!(json["status"], self.status.as_u16());
        assert!(json["detail"].as_str().unwrap().len() > 10, "{json}");
        (self.status.as_u16(), json["type"].as_str().unwrap().replace("/api#", ""))
    }

    pub fn words(&self, selector: &str) -> Vec<String> {
        let tree = scraper::Html::parse_document(&self.body);
        web::check::all(&tree, selector).into_iter().map(web::check::words).collect()
    }
}
