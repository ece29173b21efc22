//! Push messages through a service on this machine, opened by what others wrote.

use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jobs::{Outbox, Round};
use kit::{Clock, Private, Timestamp};
use notices::push::{self, Offered, Push, Reach, Roots, Vapid};
use p256::SecretKey;
use testing::{MONDAY, TestDatabase, databases};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::telling::{KEY, tell};
use crate::tls;

const AUTH: [u8; 16] = [5; 16];

/// A browser's own key.
fn browser() -> SecretKey {
    SecretKey::from_slice(&[9; 32]).unwrap()
}

/// What a push service was sent: each head in lower case with its body.
type Heard = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// A push service: what it answers, and what it heard.
struct Service {
    port: u16,
    certificate: String,
    says: Arc<Mutex<String>>,
    heard: Heard,
}

impl Service {
    async fn start() -> Self {
        let (certificate, _, acceptor) = tls::made();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (says, heard) =
            (Arc::new(Mutex::new("201 Created".to_owned())), Arc::new(Mutex::new(Vec::new())));
        let (answers, hears) = (Arc::clone(&says), Arc::clone(&heard));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, answers, hears) = (acceptor.clone(), Arc::clone(&answers), Arc::clone(&hears));
                tokio::spawn(async move {
                    let mut stream = acceptor.accept(stream).await.ok()?;
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        head.push(stream.read_u8().await.ok()?);
                    }
                    let head = String::from_utf8(head).ok()?;
                    let length = head
                        .to_lowercase()
                        .split("content-length: ")
                        .nth(1)?
                        .split("\r\n")
                        .next()?
                        .parse()
                        .ok()?;
                    let mut body = vec![0; length];
                    stream.read_exact(&mut body).await.ok()?;
                    hears.lock().unwrap().push((head, body));
                    let line = answers.lock().unwrap().clone();
                    let answer = format!("HTTP/1.1 {line}\r\ncontent-length: 0\r\n\r\n");
                    stream.write_all(answer.as_bytes()).await.ok()?;
                    stream.shutdown().await.ok()
                });
            }
        });
        Self { port, certificate, says, heard }
    }

    fn outbox(&self, test: &TestDatabase, reach: Reach, at: Timestamp) -> Outbox {
        let push = Push {
            records: test.db.clone(),
            key: Vapid::of(&Private::new(KEY)).unwrap(),
            portal: "https://portal.example".into(),
            reach,
            roots: Roots::of_pem(self.certificate.as_bytes()),
        };
        Outbox { records: test.db.clone(), clock: Clock::set_at(at), carriers: vec![Arc::new(push)] }
    }

    /// The browser of somebody, whose messages this service takes under that name.
    async fn subscribe(&self, test: &TestDatabase, person: u32, host: &str) {
        let endpoint = format!("https://{host}:{}/for/this/browser?and=more", self.port);
        let mut tx = test.db.begin().await.unwrap();
        let key = p256::ecdsa::VerifyingKey::from(p256::ecdsa::SigningKey::from(browser()));
        let key = URL_SAFE_NO_PAD.encode(key.to_encoded_point(false).as_bytes());
        let auth = URL_SAFE_NO_PAD.encode(AUTH);
        let offered = Offered { endpoint: &endpoint, key: &key, auth: &auth, called: "Phone" };
        push::subscribe(&mut tx, person, &offered, Reach::AlsoLocal, MONDAY).await.unwrap();
        tx.commit().await.unwrap();
    }
}

async fn browsers(test: &TestDatabase, person: u32) -> usize {
    let mut tx = test.db.read().await.unwrap();
    let count = push::of(&mut tx, person).await.unwrap().len();
    tx.roll_back().await.unwrap();
    count
}

#[tokio::test]
async fn a_browser_opens_what_it_was_sent_and_its_maker_cannot() {
    for test in databases().await {
        let service = Service::start().await;
        service.subscribe(&test, 1, "localhost").await;
        tell(&test.db, 1, "request.waiting", MONDAY).await;
        let round = service.outbox(&test, Reach::AlsoLocal, MONDAY).round().await.unwrap();
        assert_eq!(round, Round { carried: 1, ..Round::default() }, "{}", test.engine);
        let (head, body) = service.heard.lock().unwrap().pop().unwrap();
        let lower = head.to_lowercase();
        assert!(head.starts_with("POST /for/this/browser?and=more HTTP/1.1\r\n"), "{head}");
        for line in
            ["content-encoding: aes128gcm", "ttl: 86400", "urgency: normal", "authorization: vapid t="]
        {
            assert!(lower.contains(line), "{line}: {head}");
        }
        let origin = format!("https://localhost:{}", service.port);
        let token = head.split("t=").nth(1).unwrap().split(',').next().unwrap();
        let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(claims["aud"], origin.as_str());

        let said = br#"{"path":"/staff/requests","title":"A request waits"}"#;
        assert!(!body.windows(7).any(|part| part == b"request"), "nothing of it can be read on the way");
        let opened = web_push_native::decrypt(body.clone(), &browser(), &AUTH.into()).unwrap();
        assert_eq!(opened, said);
        opened_by_others(&body, said);
        let mut wrong = AUTH;
        wrong[0] ^= 1;
        assert!(web_push_native::decrypt(body, &browser(), &wrong.into()).is_err());
    }
}

/// The same by http_ece, in Python.
#[expect(clippy::print_stdout, reason = "a test that is skipped says so")]
fn opened_by_others(body: &[u8], said: &[u8]) {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/judges");
    let python = here.join("venv/bin/python");
    if !python.is_file() {
        println!("skipped: http_ece is not installed; `scripts/set-up.sh test` installs it");
        return;
    }
    let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let opened = Command::new(python)
        .arg(here.join("open.py"))
        .args([text(&browser().to_bytes()), text(&AUTH), text(body)])
        .output()
        .unwrap();
    assert_eq!(opened.stdout, said, "{}", String::from_utf8_lossy(&opened.stderr));
}

#[tokio::test]
async fn a_browser_that_is_gone_is_forgotten_and_what_may_pass_is_tried_again() {
    for test in databases().await {
        let service = Service::start().await;
        for (number, (says, expected, left)) in [
            ("500 Oops", Round { again: 1, ..Round::default() }, 1),
            ("429 Too Many Requests", Round { again: 1, ..Round::default() }, 1),
            ("413 Too Large", Round { given_up: 1, ..Round::default() }, 1),
            ("403 Forbidden", Round { given_up: 1, ..Round::default() }, 1),
            (
                "307 Temporary Redirect\r\nlocation: https://127.0.0.1/inside",
                Round { given_up: 1, ..Round::default() },
                1,
            ),
            ("404 Not Found", Round { carried: 1, ..Round::default() }, 0),
            ("410 Gone", Round { carried: 1, ..Round::default() }, 0),
        ]
        .into_iter()
        .enumerate()
        {
            let person = u32::try_from(number).unwrap() + 1;
            service.subscribe(&test, person, "localhost").await;
            *service.says.lock().unwrap() = says.to_owned();
            tell(&test.db, person, "account.new-sign-in", MONDAY).await;
            let round = service.outbox(&test, Reach::AlsoLocal, MONDAY).round().await.unwrap();
            assert_eq!(round, expected, "{}: {says}", test.engine);
            assert_eq!(browsers(&test, person).await, left, "{}: {says}", test.engine);
            assert_eq!(service.heard.lock().unwrap().drain(..).count(), 1, "{says}: led on nowhere");
        }
    }
}

#[tokio::test]
async fn a_name_that_leads_inside_is_sent_nothing_whatever_it_led_to_before() {
    for test in databases().await {
        let service = Service::start().await;
        // As of a subscription that was taken while tests were allowed to, or whose name leads elsewhere now.
        for host in ["localhost", "127.0.0.1"] {
            service.subscribe(&test, 1, host).await;
        }
        tell(&test.db, 1, "account.new-sign-in", MONDAY).await;
        let round = service.outbox(&test, Reach::Public, MONDAY).round().await.unwrap();
        assert_eq!(round, Round { given_up: 2, ..Round::default() }, "{}", test.engine);
        assert_eq!(service.heard.lock().unwrap().len(), 0);
    }
}

#[tokio::test]
async fn a_service_that_nobody_trusts_is_sent_nothing() {
    for test in databases().await {
        let service = Service::start().await;
        service.subscribe(&test, 1, "localhost").await;
        tell(&test.db, 1, "account.new-sign-in", MONDAY).await;
        let other = Service { certificate: tls::made().0, ..Service::start().await };
        let round = other.outbox(&test, Reach::AlsoLocal, MONDAY).round().await.unwrap();
        assert_eq!(round, Round { again: 1, ..Round::default() }, "{}", test.engine);
        assert_eq!(service.heard.lock().unwrap().len(), 0);
    }
}
