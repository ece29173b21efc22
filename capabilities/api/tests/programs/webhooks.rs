//! What is told to whom, signed how, and where nothing is sent.

use std::net::IpAddr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};

use api::webhook::sending::{Answer, Sending};
use jobs::Outbox;
use kit::Clock;
use serde_json::{Value, json};
use testing::{MONDAY, databases};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::house::{DAY_MS, House};

/// What was heard: heads by name, and the body.
type Heard = Arc<Mutex<Vec<(Vec<(String, String)>, String)>>>;

/// A server that hears webhooks.
struct Hears {
    port: u16,
    heard: Heard,
    says: Arc<Mutex<&'static str>>,
    sending: Sending,
}

impl Hears {
    async fn start() -> Self {
        let made = rcgen::generate_simple_self_signed(["hooks.example.org".to_owned()]).unwrap();
        let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let tls = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let says = Arc::new(Mutex::new("204 No Content"));
        let (hears, answer) = (Arc::clone(&heard), Arc::clone(&says));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = tls.accept(stream).await else { continue };
                let mut text = String::new();
                while !is_whole(&text) {
                    let mut piece = [0; 4096];
                    let read = stream.read(&mut piece).await.unwrap();
                    assert!(read > 0, "{text}");
                    text.push_str(std::str::from_utf8(&piece[..read]).unwrap());
                }
                let (head, body) = text.split_once("\r\n\r\n").unwrap();
                let lines = head.lines().skip(1).filter_map(|line| line.split_once(": "));
                let headers = lines.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
                hears.lock().unwrap().push((headers, body.to_owned()));
                let says = *answer.lock().unwrap();
                let more = if says.starts_with('3') { "location: https://127.0.0.1/\r\n" } else { "" };
                let answer = format!("HTTP/1.1 {says}\r\n{more}content-length: 0\r\n\r\n");
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        let sending = Sending {
            look_up: Arc::new(|_, _| Box::pin(async { Ok(vec![IpAddr::from([127, 0, 0, 1])]) })),
            may: |_| true,
            roots: Some(vec![made.cert.der().clone()]),
        };
        Self { port, heard, says, sending }
    }

    fn url(&self) -> String {
        format!("https://hooks.example.org:{}/fivebar", self.port)
    }

    fn heard(&self) -> Vec<(Vec<(String, String)>, String)> {
        std::mem::take(&mut self.heard.lock().unwrap())
    }
}

fn is_whole(text: &str) -> bool {
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head
        .to_lowercase()
        .split("content-length: ")
        .nth(1)
        .and_then(|rest| rest.lines().next()?.parse().ok());
    body.len() >= length.unwrap_or(0)
}

fn outbox(house: &House, sending: &Sending) -> Outbox {
    Outbox {
        records: house.db.clone(),
        clock: house.clock.clone(),
        carriers: api::carriers(&house.api, sending.clone()),
    }
}

fn header(headers: &[(String, String)], name: &str) -> String {
    headers.iter().find(|(known, _)| known == name).unwrap().1.clone()
}

async fn add(house: &House, url: &str, events: &str) -> (crate::house::Answer, String) {
    let head = house.sign_in(1).await;
    let made = head.post("/staff/webhooks/new", &format!("url={url}&{events}")).await;
    let secret = made.words("code").into_iter().find(|words| words.starts_with("whsec_")).unwrap_or_default();
    (made, secret)
}

#[tokio::test]
async fn an_event_is_told_once_by_ids_alone_and_the_standard_s_own_library_verifies_it() {
    for test in databases().await {
        let house = House::new(&test, &[(1, "head")]).await;
        // Whoever verifies holds the time against their own clock.
        house.clock.set(MONDAY);
        let hears = Hears::start().await;
        let (made, secret) = add(&house, &hears.url(), "event-request-made=yes").await;
        assert!(secret.starts_with("whsec_"), "{}", made.body);
        let outbox = outbox(&house, &hears.sending);
        house.clock.set(Clock::System.now());
        let reference = house.request("chess.example.org").await;
        for _ in 0..3 {
            outbox.round().await.unwrap();
        }
        let heard = hears.heard();
        assert_eq!(heard.len(), 1, "{}: {heard:?}", test.engine);
        let (headers, body) = &heard[0];
        let said: Value = serde_json::from_str(body).unwrap();
        assert_eq!(
            (&said["type"], &said["data"]["subject"]["id"]),
            (&json!("request.made"), &json!(reference))
        );
        assert!(!body.contains("chess") && !body.contains("Ada"), "{body}");
        // By PyPI's standardwebhooks, where `scripts/set-up.sh test` has put it.
        let python = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../journeys/api/venv/bin/python");
        if !python.is_file() {
            println!("standardwebhooks is not installed; `scripts/set-up.sh test` installs it");
            continue;
        }
        let script = "import sys, json; from standardwebhooks.webhooks import Webhook; \
                      secret, body, headers = sys.argv[1:]; Webhook(secret).verify(body, json.loads(headers)); print('right')";
        let named: serde_json::Map<String, Value> = ["webhook-id", "webhook-timestamp", "webhook-signature"]
            .map(|name| (name.to_owned(), json!(header(headers, name))))
            .into_iter()
            .collect();
        let verify = |body: &str| {
            Command::new(&python)
                .args(["-c", script, &secret, body, &json!(named).to_string()])
                .output()
                .unwrap()
        };
        let right = verify(body);
        assert!(right.status.success(), "{}", String::from_utf8_lossy(&right.stderr));
        assert!(!verify(&body.replace("made", "fade")).status.success(), "an altered one is not verified");
    }
}

#[tokio::test]
async fn one_that_fails_is_tried_under_the_same_id_paused_after_five_days_and_sent_again_by_a_person() {
    for test in databases().await {
        let house = House::new(&test, &[(1, "head")]).await;
        let hears = Hears::start().await;
        let (made, _) = add(&house, &hears.url(), "event-request-made=yes&event-override-opened=yes").await;
        let id = made.body.split("/staff/webhooks/webhook_").nth(1).unwrap()[..32].to_owned();
        let page = format!("/staff/webhooks/webhook_{id}");
        let outbox = outbox(&house, &hears.sending);
        *hears.says.lock().unwrap() = "500 Problem";
        house.request("chess.example.org").await;
        outbox.round().await.unwrap();
        outbox.round().await.unwrap();
        house.clock.set(MONDAY.plus_millis(60_000));
        outbox.round().await.unwrap();
        let heard = hears.heard();
        assert_eq!(heard.len(), 2, "{}", test.engine);
        assert_eq!(header(&heard[0].0, "webhook-id"), header(&heard[1].0, "webhook-id"));
        // A redirect is not followed, and after five days nobody is told more.
        *hears.says.lock().unwrap() = "302 Found";
        house.clock.set(MONDAY.plus_millis(5 * DAY_MS + 60_000));
        outbox.round().await.unwrap();
        assert_eq!(hears.heard().len(), 1);
        let head = house.sign_in_again(1).await;
        let shown = head.get(&page).await;
        assert!(shown.body.contains("Paused") && shown.body.contains("sends on elsewhere"), "{}", shown.body);
        house.request("go.example.org").await;
        outbox.round().await.unwrap();
        outbox.round().await.unwrap();
        assert_eq!(hears.heard().len(), 0, "nothing is sent to one that is paused");
        *hears.says.lock().unwrap() = "200 OK";
        assert_eq!(head.post(&format!("{page}/resume"), "").await.status, 303);
        let again = head.get(&page).await.body;
        let again = again.split("/deliveries/").nth(1).unwrap().split('"').next().unwrap().to_owned();
        head.post(&format!("{page}/deliveries/{again}"), "").await;
        head.post(&format!("{page}/test"), "").await;
        // Two secrets sign while the one is changed for the other.
        let renewed = head.post(&format!("{page}/secret"), "").await;
        assert!(renewed.body.contains("whsec_"), "{}", renewed.body);
        outbox.round().await.unwrap();
        let heard = hears.heard();
        assert_eq!(heard.len(), 2, "{}", test.engine);
        assert!(
            heard.iter().any(
                |(headers, _)| header(headers, "webhook-id").as_str() == again.split('/').next().unwrap()
            )
        );
        assert!(
            heard.iter().all(|(headers, _)| header(headers, "webhook-signature").matches("v1,").count() == 2)
        );
        assert!(heard.iter().any(|(_, body)| body.contains("webhook.test")));
    }
}

#[tokio::test]
async fn whoever_may_no_more_has_nothing_told_elsewhere_and_neither_do_records_that_were_brought_back() {
    for test in databases().await {
        let house = House::new(&test, &[(1, "head"), (2, "head"), (3, "network-manager")]).await;
        let hears = Hears::start().await;
        let nat = house.sign_in(3).await;
        nat.post("/staff/webhooks/new", &format!("url={}&event-request-made=yes", hears.url())).await;
        let made = house.sign_in(2).await;
        made.post("/staff/webhooks/new", &format!("url={}&event-request-made=yes", hears.url())).await;
        let head = house.sign_in(1).await;
        let paused = || async { head.get("/staff/webhooks").await.body.matches("Paused").count() };
        let outbox = outbox(&house, &hears.sending);
        let rounds = async |times: usize| {
            for _ in 0..times {
                outbox.round().await.unwrap();
            }
        };
        house.request("chess.example.org").await;
        rounds(2).await;
        assert_eq!((hears.heard().len(), paused().await), (2, 0), "{}", test.engine);
        house.end_duty(3).await;
        rounds(2).await;
        assert_eq!(paused().await, 1, "{}: the duty ended", test.engine);
        house.leaves("Lena Example").await;
        rounds(2).await;
        assert_eq!(paused().await, 2, "{}: she left", test.engine);
        house.request("go.example.org").await;
        rounds(3).await;
        assert_eq!(hears.heard().len(), 0, "{}", test.engine);
        // Brought back: one that was ended since stands in the records again, so that a person looks at each.
        let page = head.get("/staff/webhooks").await.body;
        for one in page.split("/staff/webhooks/webhook_").skip(1) {
            let id = one.split(['"', '/']).next().unwrap();
            assert_eq!(head.post(&format!("/staff/webhooks/webhook_{id}/resume"), "").await.status, 303);
        }
        assert_eq!(paused().await, 0, "{}", test.engine);
        let mut tx = test.db.begin().await.unwrap();
        api::webhook::pause_all(&mut tx, &store::Actor::Job("restore"), MONDAY).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(paused().await, 2, "{}", test.engine);
    }
}

#[tokio::test]
async fn an_address_that_does_not_answer_holds_up_no_other_and_what_waits_for_a_paused_one_arrives_later() {
    for test in databases().await {
        let house = House::new(&test, &[(1, "head")]).await;
        let (broken, well) = (Hears::start().await, Hears::start().await);
        let page = |made: &crate::house::Answer| {
            let id = made.body.split("/staff/webhooks/webhook_").nth(1).unwrap()[..32].to_owned();
            format!("/staff/webhooks/webhook_{id}")
        };
        let head = house.sign_in(1).await;
        let add = async |url: String| {
            head.post("/staff/webhooks/new", &format!("url={url}&event-request-made=yes")).await
        };
        let (first, other) = (page(&add(broken.url()).await), page(&add(well.url()).await));
        let roots = [&broken, &well].iter().flat_map(|one| one.sending.roots.clone().unwrap()).collect();
        let outbox = outbox(&house, &Sending { roots: Some(roots), ..well.sending.clone() });
        *broken.says.lock().unwrap() = "500 Problem";
        for _ in 0..12 {
            assert_eq!(head.post(&format!("{first}/test"), "").await.status, 303);
        }
        head.post(&format!("{other}/test"), "").await;
        for _ in 0..4 {
            outbox.round().await.unwrap();
        }
        assert_eq!(well.heard().len(), 1, "{}", test.engine);
        let heard = broken.heard().len();
        assert!(
            (1..=8).contains(&heard),
            "{}: those that were on their way together, and none after: {heard}",
            test.engine
        );
        // A minute later one of them tries, for all. The address says that it wants no more, and the webhook is paused.
        *broken.says.lock().unwrap() = "410 Gone";
        house.clock.set(MONDAY.plus_millis(60_000));
        for _ in 0..4 {
            outbox.round().await.unwrap();
        }
        assert_eq!(broken.heard().len(), 1, "{}", test.engine);
        *broken.says.lock().unwrap() = "200 OK";
        house.clock.set(MONDAY.plus_millis(3_600_000));
        for _ in 0..4 {
            outbox.round().await.unwrap();
        }
        assert_eq!(broken.heard().len(), 0, "it is paused");
        // Whoever may lets it go on: nothing that was on its way is lost.
        let head = house.sign_in_again(1).await;
        assert_eq!(head.post(&format!("{first}/resume"), "").await.status, 303);
        house.clock.set(MONDAY.plus_millis(2 * 3_600_000));
        for _ in 0..4 {
            outbox.round().await.unwrap();
        }
        assert_eq!(broken.heard().len(), 11, "{}", test.engine);
    }
}

#[tokio::test]
async fn nothing_is_sent_inside_a_network_whatever_a_name_leads_to() {
    let hears = Hears::start().await;
    for inside in [
        vec!["127.0.0.1"],
        vec!["10.1.2.3"],
        vec!["169.254.169.254"],
        vec!["::1"],
        vec!["::ffff:192.168.0.1"],
        vec!["fd00::1"],
        vec!["93.184.215.14", "192.168.0.1"],
        vec![],
    ] {
        let places: Vec<IpAddr> = inside.iter().map(|text| text.parse().unwrap()).collect();
        let look_up: api::webhook::sending::LooksUp = Arc::new(move |_, _| {
            let places = places.clone();
            Box::pin(async move { Ok(places) })
        });
        let sending = Sending { look_up, roots: hears.sending.roots.clone(), ..Sending::default() };
        let answer = sending.send(&hears.url(), ("delivery_1", 1, "v1,x"), "{}").await;
        assert_eq!(
            answer,
            Answer::No("its name leads inside a network, where nothing is sent"),
            "{inside:?}"
        );
    }
    let plain = Sending::default().send("http://hooks.example.org/", ("a", 1, "v1,x"), "{}").await;
    assert_eq!(plain, Answer::No("its address is no https"));
    let literal = Sending::default().send("https://127.0.0.1/", ("a", 1, "v1,x"), "{}").await;
    assert_eq!(literal, Answer::No("its name leads inside a network, where nothing is sent"));
    assert_eq!(hears.heard().len(), 0);
    // A server that cannot prove who it is hears nothing.
    let untrusting = Sending { roots: Some(Vec::new()), ..hears.sending.clone() };
    assert_eq!(
        untrusting.send(&hears.url(), ("a", 1, "v1,x"), "{}").await,
        Answer::No("this machine has no certificates to trust")
    );
}

#[tokio::test]
async fn who_may_not_change_webhooks_does_not_and_a_secret_is_told_once() {
    for test in databases().await {
        let house =
            House::new(&test, &[(1, "head"), (2, "data-protection-officer"), (3, "network-manager")]).await;
        let nat = house.sign_in(3).await;
        let program = nat.program(&["webhooks.read", "webhooks.write"]).await;
        // What somebody adds with a token that they took would outlive it: so nobody adds one by a token.
        let adding = json!({ "url": "https://hooks.example.org/a", "events": ["list.held"] });
        assert_eq!(program.post("/webhooks", adding).await.problem(), (403, "at-the-portal".into()));
        let form = "url=https%3A%2F%2Fhooks.example.org%2Fa&event-list-held=yes";
        let made = nat.post("/staff/webhooks/new", form).await;
        assert!(made.body.contains("whsec_"), "{}: {}", test.engine, made.body);
        let all = program.get("/webhooks").await.json();
        let id = all["items"][0]["id"].as_str().unwrap().to_owned();
        assert!(
            !all.to_string().contains("whsec_")
                && !nat.get(&format!("/staff/webhooks/{id}")).await.body.contains("whsec_")
        );
        let renewed = program.with("POST", &format!("/webhooks/{id}/secret"), json!(null), &[]).await;
        assert_eq!(renewed.problem(), (403, "at-the-portal".into()));
        for url in ["https://localhost/", "https://127.0.0.1/", "https://10.0.0.1/x"] {
            let inside = nat.post("/staff/webhooks/new", &format!("url={url}&event-list-held=yes")).await;
            assert_eq!(inside.status, 422, "{url}: {}", inside.body);
        }
        // A session that was left open does not add one either.
        house.clock.set(MONDAY.plus_millis(11 * 60_000));
        let stale = nat.get("/staff/webhooks/new").await;
        assert!(
            stale.headers["location"].to_str().unwrap().starts_with("/sign-in/again"),
            "{}",
            stale.status
        );
        house.clock.set(MONDAY);
        let officer = house.sign_in(2).await;
        let page = officer.get(&format!("/staff/webhooks/{id}")).await;
        assert!(page.status == 200 && !page.body.contains("End it"), "{}", page.body);
        assert_eq!(officer.post(&format!("/staff/webhooks/{id}/end"), "").await.status, 404);
        assert_eq!(program.with("POST", &format!("/webhooks/{id}/end"), json!(null), &[]).await.status, 200);
        assert_eq!(program.get(&format!("/webhooks/{id}")).await.problem(), (404, "not-found".into()));
    }
}
