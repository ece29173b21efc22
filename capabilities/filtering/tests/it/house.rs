//! A school whose people work at the portal: teachers, pupils of two years, and a gate that follows what is published.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use activity::{Client, Search};
use axum::http::StatusCode;
use engine::sealed::{Feed, SealedWriter};
use engine::{
    Activity, ActivitySink as _, Current, FilterPolicy, HostName, LiveDocument, PolicyDocument, SealedKey,
};
use filtering::own_words::OwnWords;
use filtering::portal::{NotPublished, Portal, Publishes, Soon};
use filtering::publish::records;
use kit::permit::Action;
use kit::{Permit, Timestamp};
use lists::{Entry, IndexBuilder, ListIndex, Says, Seed, Sink as _};
use people::RollFile;
use people::account::{self, Token};
use people::duty::{self, Duties, Giving, SchoolKind, Span};
use store::{Actor, Db, Tx};
use testing::{MONDAY, TestDatabase};

use crate::school::{School, catalogue, portal};
use crate::staff::Staff;

/// The machine itself: elsewhere a password would need HTTPS.
pub const HERE: &str = "127.0.0.1";
pub const MINUTE_MS: i64 = 60_000;

const POLICY: &str = r#"
form = 1
title = "A school with teachers"
version = 1
unidentified = "guests"

[calendar]
zone = "Europe/London"
[[calendar.lesson]]
id = "1"
from = "09:00"
to = "10:00"

[[group]]
id = "pupils"
name = "Pupils"
[[group]]
id = "year-5"
name = "Year 5"
within = ["pupils"]
[[group]]
id = "year-6"
name = "Year 6"
within = ["pupils"]
[[group]]
id = "staff"
name = "Staff"
[[group]]
id = "guests"
name = "Guests"

[[use]]
id = "video"
activity = "Video sites"
categories = ["video"]
cells = { pupils = "not-allowed", staff = "allowed" }
[[use]]
id = "games"
activity = "Online games"
categories = ["games"]
cells = { everyone = "not-allowed" }
[[use]]
id = "harm"
activity = "Self-harm"
categories = ["self-harm"]
cells = { everyone = "not-allowed", staff = "allowed" }
[[use]]
id = "around"
activity = "Getting around the filter"
categories = ["proxies-vpn"]
cells = { everyone = "not-allowed", staff = "allowed" }
[[use]]
id = "adult"
activity = "Pornography"
categories = ["pornography"]
cells = { everyone = "not-allowed" }
[[use]]
id = "forums"
activity = "Forums"
categories = ["forums"]
cells = { pupils = { permission = "class teacher" }, staff = "not-allowed" }
[[use]]
id = "blogs"
activity = "Blogs"
categories = ["blogs"]
cells = { pupils = { permission = "the head teacher" }, staff = "not-allowed" }

[[locked]]
set-by = "leadership"
do = "block"
site = "locked.example"
reason = "Agreed with governors."

[[rule]]
do = "block"
group = "pupils"
site = "closed.example"
reason = "Not at school."
"#;

/// Each site with the category of the one list that names it.
const LISTED: [(&str, &str); 6] = [
    ("video.example", "video"),
    ("games.example", "games"),
    ("harm.example", "self-harm"),
    ("vpn.example", "proxies-vpn"),
    ("forum.example", "forums"),
    ("blog.example", "blogs"),
];

/// Tess 1 and Sam 2 teach, Ada 3 and Bo 4 are in Year 5, Cy 5 is in Year 6, Hanna 6 leads.
pub const ROLL: &str = r#"
[[person]]
name = "Tess Example"
groups = ["staff"]
[[person]]
name = "Sam Example"
groups = ["staff"]
[[person]]
name = "Ada Example"
groups = ["year-5"]
[[person]]
name = "Bo Example"
groups = ["year-5"]
[[person]]
name = "Cy Example"
groups = ["year-6"]
[[person]]
name = "Hanna Example"
groups = ["staff"]
[[device]]
name = "Tablet 3"
person = "Ada Example"
addresses = ["10.0.0.3"]
"#;

fn index() -> ListIndex {
    let mut builder = IndexBuilder::new(Seed([3; 16]));
    for (name, category) in LISTED {
        let mut list = builder.list(head(category)).unwrap();
        list.take(Says::Listed, Entry::Below(HostName::new(name).unwrap()));
        if category == "video" {
            list.take(Says::Listed, Entry::Below(HostName::new("shared.example").unwrap()));
        }
    }
    let mut list = builder.list(head("pornography")).unwrap();
    list.take(Says::Listed, Entry::Path(HostName::new("shared.example").unwrap(), "/adult"));
    ListIndex::open(Arc::new(builder.build().unwrap())).unwrap()
}

fn head(category: &str) -> lists::ListHead {
    lists::ListHead {
        id: category.into(),
        name: category.into(),
        categories: vec![category.into()],
        ..Default::default()
    }
}

/// Commits, and has the gate follow from the records, as the program does through its files.
struct Follows {
    current: Arc<Current>,
    db: Db,
}

impl Publishes for Follows {
    fn live(&self, tx: Tx, _: LiveDocument, _: Actor, at: Timestamp) -> Soon<'_, Result<(), NotPublished>> {
        Box::pin(async move {
            tx.commit().await.map_err(|error| NotPublished::Failed(error.into()))?;
            let mut tx = self.db.read().await.unwrap();
            let live = records::live(&mut tx, at).await.unwrap();
            tx.roll_back().await.unwrap();
            assert_eq!(self.current.swap_live(&live), []);
            Ok(())
        })
    }

    fn words(&self, tx: Tx, _: OwnWords, _: Timestamp) -> Soon<'_, Result<(), NotPublished>> {
        Box::pin(async { tx.commit().await.map_err(|error| NotPublished::Failed(error.into())) })
    }
}

impl people::intake::Publishes for Follows {
    fn roll(
        &self,
        tx: Tx,
        actor: Actor,
        at: Timestamp,
    ) -> Soon<'_, Result<(), people::intake::PublishError>> {
        let published = self.live(tx, LiveDocument::default(), actor, at);
        Box::pin(async move { published.await.map_err(|error| people::intake::PublishError(error.into())) })
    }
}

fn permit<A: Action>(subject: A::Subject) -> Permit<A> {
    Duties::built_in().authority().grant(&duty::at_the_command_line(1000), subject, MONDAY).unwrap()
}

/// A running log, and the gate that tells it.
pub struct Log {
    sink: Option<activity::Sink>,
    client: Client,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<(), activity::ServiceError>>>,
}

impl Log {
    /// Waits until so many events can be found.
    pub fn has(&self, events: u64) {
        until("the events are on disk", || {
            self.client.counts(&Search::default()).is_ok_and(|counts| counts.events >= events)
        });
    }

    /// What the log says about itself.
    pub fn entries(&self) -> Vec<activity::Entry> {
        self.client.entries().unwrap()
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        if let Some(sink) = self.sink.take() {
            sink.stop();
        }
        self.stop.store(true, Ordering::SeqCst);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// Waits for something to become true.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        std::thread::yield_now();
    }
}

/// The school, and whoever signs in to its portal.
pub struct House {
    pub school: School,
    db: Db,
    folder: tempfile::TempDir,
}

impl House {
    /// With these duties given to people of the roll.
    pub async fn new(test: &TestDatabase, duties: &[(u32, &str)]) -> Self {
        let mut tx = test.db.begin().await.unwrap();
        let roll = RollFile::parse(ROLL).unwrap();
        people::import(&mut tx, &Actor::CommandLine(1000), &roll, MONDAY).await.unwrap();
        for (person, id) in duties {
            let giving = Giving {
                person: engine::PersonNo(*person),
                duty: (*id).to_owned(),
                span: Span { starts_at: MONDAY, ends_at: None },
                covers: None,
                reason: String::new(),
            };
            let permit = permit::<duty::GiveDuty>(giving.person);
            duty::give(&mut tx, &permit, giving, SchoolKind::Maintained, MONDAY).await.unwrap();
        }
        let live = records::live(&mut tx, MONDAY).await.unwrap();
        tx.commit().await.unwrap();
        let document = PolicyDocument::parse(POLICY).unwrap();
        let feed = Feed::Live { as_of: MONDAY, fresh_for_ms: 86_400_000 };
        let mut sealed = SealedWriter::new(SealedKey::new([1; 32]), feed);
        sealed.host("sealed.example").unwrap();
        let sealed = Arc::new(sealed.finish());
        let policy = FilterPolicy::compile(&document, &catalogue(), Arc::new(index()), &sealed).unwrap();
        let (current, problems) = Current::new(policy, &live);
        assert_eq!(problems, []);
        let (current, clock) = (Arc::new(current), testing::clock());
        let follows = Arc::new(Follows { current: current.clone(), db: test.db.clone() });
        let folder = tempfile::tempdir().unwrap();
        let log = Client::new(&folder.path().join("run"));
        let portal = Portal { log, ..portal(test, &current, &clock, None, follows) };
        let tries = Arc::clone(&portal.tries);
        let school = School { router: filtering::routes(portal), current, clock, tries };
        Self { school, db: test.db.clone(), folder }
    }

    /// Starts the school's activity log, and gives a gate's end of it.
    pub fn log(&self) -> Log {
        let run = self.folder.path().join("run");
        activity::make_folders(&run).unwrap();
        let config = activity::Config {
            clock: self.school.clock.clone(),
            ..activity::Config::new(&self.folder.path().join("log"), &run)
        };
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        let thread = std::thread::spawn(move || activity::service::run(config, flag));
        let client = Client::new(&run);
        until("the log answers", || client.status().is_ok());
        let sink = activity::Sink::start(&run, MONDAY).unwrap();
        Log { sink: Some(sink), client, stop, thread: Some(thread) }
    }

    /// Tells the log what a gate decides for whoever uses an address.
    pub fn visits(&self, log: &Log, client: &str, host: &str, at: Timestamp) {
        let held = self.school.current.hold(at);
        let address = client.parse().unwrap();
        let identity = held.identify(address);
        let request = engine::Request {
            host: engine::Host::Name(HostName::new(host).unwrap()),
            port: None,
            path: None,
            as_sent: None,
            chain: &[],
            addresses: &[],
            identity: &identity,
            front: engine::Front::Proxy,
        };
        let decision = held.decide(&request);
        let agent = Some("=Browser/1.0");
        log.sink.as_ref().unwrap().record(&Activity::of(&request, &decision, at, address, agent, 512));
    }

    /// Somebody of the roll, signed in.
    pub async fn sign_in(&self, person: u8) -> Staff<'_> {
        self.sign_in_on(person, MONDAY).await
    }

    /// The same at another moment, which the clock shows.
    pub async fn sign_in_on(&self, person: u8, at: Timestamp) -> Staff<'_> {
        let mut tx = self.db.begin().await.unwrap();
        let day = u8::try_from(at.as_millis() / 86_400_000 % 200).unwrap();
        let token = Token::of([if at == MONDAY { person } else { person.wrapping_add(day) }; 32]);
        let name = format!("someone{person}");
        let permit = permit::<account::Invite>(engine::PersonNo(person.into()));
        account::invite(&mut tx, &permit, Some(&name), &token, at).await.unwrap();
        tx.commit().await.unwrap();
        self.welcomed(&token).await
    }

    /// The same of somebody who has a name to sign in by.
    pub async fn sign_in_anew(&self, person: u8) -> Staff<'_> {
        let mut tx = self.db.begin().await.unwrap();
        let token = Token::of([person + 100; 32]);
        let permit = permit::<account::Invite>(engine::PersonNo(person.into()));
        account::invite(&mut tx, &permit, None, &token, MONDAY).await.unwrap();
        tx.commit().await.unwrap();
        self.welcomed(&token).await
    }

    async fn welcomed(&self, token: &Token) -> Staff<'_> {
        let form = "password=teapots+over+jupiter&repeated=teapots+over+jupiter";
        let answer = self.school.post(HERE, &format!("/welcome/{}", token.reveal()), form).await;
        assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/today"), "{}", answer.body);
        let line = answer.headers["set-cookie"].to_str().unwrap();
        Staff { school: &self.school, cookie: line.split(';').next().unwrap().to_owned().into() }
    }

    /// The same on another day, by their name and password.
    pub async fn sign_in_again(&self, person: u8) -> Staff<'_> {
        let form = format!("name=someone{person}&password=teapots+over+jupiter");
        let answer = self.school.post(HERE, "/sign-in", &form).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let line = answer.headers["set-cookie"].to_str().unwrap();
        Staff { school: &self.school, cookie: line.split(';').next().unwrap().to_owned().into() }
    }

    /// What the gate decides for whoever uses an address.
    pub fn decides(&self, client: &str, host: &str) -> (bool, engine::Step) {
        let held = self.school.current.hold(self.school.clock.now());
        let identity = held.identify(client.parse().unwrap());
        let decision = held.decide(&engine::Request {
            host: engine::Host::Name(HostName::new(host).unwrap()),
            port: None,
            path: None,
            as_sent: None,
            chain: &[],
            addresses: &[],
            identity: &identity,
            front: engine::Front::Dns,
        });
        (!decision.verdict.is_block(), decision.reason.step)
    }
}
