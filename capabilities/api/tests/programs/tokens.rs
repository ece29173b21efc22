//! What a token can do, and what it never can.

use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::http::Request;
use serde_json::json;
use store::orm::ConnectionTrait as _;
use testing::{MONDAY, databases};

use crate::house::{DAY_MS, HERE, House};

fn is(code: u16, id: &str) -> (u16, String) {
    (code, id.to_owned())
}

#[tokio::test]
async fn a_token_does_what_its_scopes_say_and_its_maker_may_and_no_more() {
    for test in databases().await {
        let house = House::new(&test, &[(1, "head"), (3, "network-manager"), (2, "school-office")]).await;
        let reference = house.request("chess.example.org").await;
        let program = house.program(3, &["requests.read"]).await;
        let list = program.get("/requests").await;
        assert_eq!(list.status, 200, "{}: {}", test.engine, list.body);
        let one = &list.json()["items"][0];
        assert_eq!((&one["reference"], &one["site"]), (&json!(reference), &json!("chess.example.org")));
        assert!(one["words"].is_null() && one["asked_by"].is_null(), "{one}");
        // Another scope, whatever its maker may.
        assert_eq!(program.get("/lists").await.problem(), is(403, "no-scope"));
        // Its scope, and not its maker's.
        let office = house.program(2, &["requests.read", "people.read", "people.names"]).await;
        assert_eq!(office.get("/requests").await.problem(), is(403, "not-yours"));
        let people = office.get("/people").await.json();
        assert_eq!(people["items"][3]["name"], "Ada Example", "{people}");
        let id = people["items"][3]["id"].as_str().unwrap();
        assert!(id.starts_with("person_") && !id.contains('4') || id.len() == 23);
        let unnamed = house.program(1, &["people.read", "requests.read", "requests.words"]).await;
        let people = unnamed.get("/people?limit=2").await.json();
        assert!(people["items"][0]["name"].is_null() && !people.to_string().contains("Example"));
        let next = people["next"].as_str().unwrap();
        let rest = unnamed.get(&format!("/people?cursor={next}")).await.json();
        assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next"]), (2, &json!(null)), "{rest}");
        assert_eq!(unnamed.get(&format!("/groups?cursor={next}")).await.problem(), is(409, "not-now"));
        let one = unnamed.get(&format!("/requests/{reference}")).await.json();
        assert_eq!((&one["words"], one["asked_by"].as_str()), (&json!("for the chess club"), Some(id)));
        // Who looks at names and words leaves a line an hour for each thing that it asks for; who sees neither leaves none.
        let mut tx = house.db.read().await.unwrap();
        let looked = store::trail::of_kind(&mut tx, "api-token", "api-token.look").await.unwrap();
        tx.roll_back().await.unwrap();
        let operations: Vec<serde_json::Value> = looked
            .iter()
            .map(|entry| {
                serde_json::from_str::<serde_json::Value>(&entry.detail).unwrap()["operation"].clone()
            })
            .collect();
        let own: std::collections::BTreeSet<String> = operations.iter().map(ToString::to_string).collect();
        assert_eq!(operations.len(), looked.len());
        assert!(own.len() >= 3 && looked.len() <= 5, "{}: {operations:?}", test.engine);
        assert!(
            looked.iter().all(|entry| !entry.detail.contains("Example") && !entry.detail.contains("chess"))
        );
    }
}

#[tokio::test]
async fn a_token_ends_with_its_time_by_its_maker_and_with_their_duty_and_leaving() {
    for test in databases().await {
        let house = House::new(&test, &[(1, "head"), (2, "dsl"), (3, "network-manager")]).await;
        let (head, nat) = (house.sign_in(1).await, house.sign_in(3).await);
        let lena = house.program(2, &["requests.read"]).await;
        let (first, second) = (nat.program(&["health.read"]).await, nat.program(&["health.read"]).await);
        assert_eq!(first.get("/token").await.json()["scopes"], json!(["health.read"]));
        // Its maker sees its beginning alone, and ends it; the head sees everybody's.
        let page = nat.get("/staff/tokens").await;
        assert!(!page.body.contains(&first.token) && page.body.contains(&first.token[..14]), "{}", page.body);
        assert!(!page.body.contains("Lena") || page.body.contains("Tokens of others"));
        let all = head.get("/staff/tokens").await;
        assert!(all.body.contains("Nat Example") && all.body.contains("Lena Example"), "{}", all.body);
        let end = page.body.split("/staff/tokens/token_").nth(2).unwrap();
        let id = format!("/staff/tokens/token_{}", end.split('"').next().unwrap());
        assert_eq!(nat.post(&id, "").await.status, 303, "{id}");
        let held = [first.get("/token").await.status, second.get("/token").await.status];
        assert!(held.contains(&axum::http::StatusCode::UNAUTHORIZED), "{held:?}");
        let left = if held[0] == 200 { &first } else { &second };
        // Their duty ends, and is given back: the token stays ended.
        house.end_duty(3).await;
        assert_eq!(left.get("/token").await.problem(), is(401, "no-token"));
        let answer = left.get("/token").await;
        assert!(answer.headers.contains_key("www-authenticate"));
        // Who left is nobody.
        assert_eq!(lena.get("/requests").await.status, 200);
        house.leaves("Lena Example").await;
        assert_eq!(lena.get("/requests").await.problem(), is(401, "no-token"), "{}", test.engine);
        // By itself.
        let short = head.program(&["health.read"]).await;
        house.clock.set(MONDAY.plus_millis(30 * DAY_MS - 1));
        assert_eq!(short.get("/token").await.status, 200);
        house.clock.set(MONDAY.plus_millis(30 * DAY_MS));
        assert_eq!(short.get("/token").await.problem(), is(401, "no-token"));
    }
}

#[tokio::test]
async fn a_token_ends_with_what_makes_an_account_safe_again_and_with_a_restore() {
    for test in databases().await {
        let house = House::new(&test, &[(1, "head"), (2, "dsl")]).await;
        let head = house.sign_in(1).await;
        let first = head.program(&["health.read"]).await;
        assert_eq!(first.get("/token").await.status, 200);
        // What was made is told to its owner, whatever the hour.
        let mut tx = test.db.read().await.unwrap();
        let told = notices::unseen(&mut tx, 1).await.unwrap();
        assert!(told.iter().any(|one| one.kind.id() == "account.token-made"), "{told:?}");
        tx.roll_back().await.unwrap();
        let password = "password=cobweb+lantern+ferry&repeated=cobweb+lantern+ferry";
        let changed = head.post("/me/password", password).await;
        assert_eq!(changed.status, 303, "{}", changed.body);
        assert_eq!(first.get("/token").await.problem(), is(401, "no-token"), "{}", test.engine);
        house.clock.set(MONDAY.plus_millis(1));
        let second = head.program(&["health.read"]).await;
        assert_eq!(second.get("/token").await.status, 200, "{}: one that was made since", test.engine);
        // A new password by an invitation, which is the ordinary remedy for one that somebody knows.
        house.clock.set(MONDAY.plus_millis(2));
        let head = house.sign_in_again(1).await;
        assert_eq!(second.get("/token").await.problem(), is(401, "no-token"), "{}", test.engine);
        house.clock.set(MONDAY.plus_millis(3));
        let third = head.program(&["health.read"]).await;
        assert_eq!(third.get("/token").await.status, 200, "{}: one that was made since", test.engine);
        // Signed out everywhere, also where somebody is signed in nowhere.
        let everywhere = || {
            let standing = people::duty::at_the_command_line(1000);
            let authority = people::duty::Duties::built_in().authority();
            let at = MONDAY.plus_millis(4);
            authority.grant::<people::account::EndSessions>(&standing, engine::PersonNo(1), at).unwrap()
        };
        let mut tx = test.db.begin().await.unwrap();
        people::account::end_everywhere(&mut tx, &everywhere(), MONDAY.plus_millis(4)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(third.get("/token").await.problem(), is(401, "no-token"), "{}", test.engine);
        house.clock.set(MONDAY.plus_millis(5));
        let last = house.sign_in_anew(1).await.program(&["health.read"]).await;
        assert_eq!(last.get("/token").await.status, 200, "{}", test.engine);
        // Records that were brought back to an earlier state.
        let mut tx = test.db.begin().await.unwrap();
        let job = store::Actor::Job("restore");
        people::account::end_all(&mut tx, &job, MONDAY.plus_millis(6)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(last.get("/token").await.problem(), is(401, "no-token"), "{}", test.engine);
    }
}

/// Forgets every session, as the records do ninety days after each.
async fn forget_sessions(house: &House) {
    let tx = house.db.begin().await.unwrap();
    tx.conn().execute_unprepared("DELETE FROM session").await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_token_ends_however_an_account_is_made_safe_though_no_session_tells_that_its_owner_ever_came() {
    for test in databases().await {
        let house = House::new(&test, &[(1, "head"), (2, "network-manager"), (3, "dsl")]).await;
        house.sign_in(3).await;
        let mut minute = 0;
        for how in ["signed out", "invited", "let in again", "lost"] {
            minute += 1;
            house.clock.set(MONDAY.plus_millis(minute * 60_000));
            let owner = house.sign_in_again(3).await;
            // Made in the very millisecond in which the account is made safe, and after the password was chosen.
            house.clock.set(MONDAY.plus_millis(minute * 60_000 + 1));
            let program = owner.program(&["health.read"]).await;
            assert_eq!(program.get("/token").await.status, 200, "{}: {how}", test.engine);
            forget_sessions(&house).await;
            let at = house.clock.now();
            match how {
                "signed out" => {
                    let standing = people::duty::at_the_command_line(1000);
                    let authority = people::duty::Duties::built_in().authority();
                    let whom = engine::PersonNo(3);
                    let permit =
                        authority.grant::<people::account::EndSessions>(&standing, whom, at).unwrap();
                    let mut tx = test.db.begin().await.unwrap();
                    people::account::end_everywhere(&mut tx, &permit, at).await.unwrap();
                    tx.commit().await.unwrap();
                }
                "invited" => {
                    house.sign_in_again(3).await;
                }
                "let in again" => {
                    let (head, nat) = (house.sign_in(1).await, house.sign_in(2).await);
                    nat.post("/staff/recoveries", "whose=someone3&reason=Fell+in+the+sea.").await;
                    let page = head.get("/staff/recoveries/3").await.body;
                    let proposal = page.split("name=\"proposal\" value=\"").nth(1).unwrap().split('"').next();
                    let form = format!("proposal={}&agreement=I+know+him.", proposal.unwrap());
                    let agreed = head.post("/staff/recoveries/3/agreement", &form).await;
                    assert_eq!(agreed.words("h1"), ["You agreed"], "{}", agreed.body);
                }
                _ => {
                    let mut tx = test.db.begin().await.unwrap();
                    let account = people::account::of(&mut tx, engine::PersonNo(3)).await.unwrap().unwrap();
                    let job = store::Actor::Job("cards");
                    let lost = people::account::Safe::Lost;
                    people::account::make_safe(&mut tx, &job, &account, lost, at).await.unwrap();
                    tx.commit().await.unwrap();
                }
            }
            assert_eq!(program.get("/token").await.problem(), is(401, "no-token"), "{}: {how}", test.engine);
        }
    }
}

#[tokio::test]
async fn what_needs_a_fresh_proof_is_never_done_by_a_token_and_nobody_agrees_to_their_own() {
    for test in databases().await {
        let house = House::new(&test, &[(1, "head"), (2, "dsl")]).await;
        let reference = house.request("chess.example.org").await;
        let scopes = ["requests.read", "requests.answer", "webhooks.write", "people.read"];
        let (head, lena) = (house.program(1, &scopes).await, house.program(2, &scopes).await);
        let proposing =
            json!({ "whom": "group:pupils", "ends_at": "2026-11-24T09:00:00Z", "risk": "None that we see" });
        let path = format!("/requests/{reference}");
        let proposed = head.post(&format!("{path}/proposal"), proposing.clone()).await;
        assert_eq!(proposed.status, 200, "{}: {}", test.engine, proposed.body);
        let proposal = proposed.json()["proposal"]["id"].clone();
        assert_eq!(proposed.json()["proposal"]["own"], true);
        assert_eq!(lena.get(&path).await.json()["proposal"]["own"], false);
        let again = lena.post(&format!("{path}/proposal"), proposing).await;
        assert_eq!(again.problem(), is(409, "not-now"));
        let agreeing = json!({ "proposal": proposal, "reason": "Yes" });
        // Neither whoever proposed nor anybody else: that is done at the portal.
        for program in [&head, &lena] {
            let agreed = program.post(&format!("{path}/agreement"), agreeing.clone()).await;
            assert_eq!(agreed.problem(), is(403, "at-the-portal"));
        }
        let refused = lena.post(&format!("{path}/refusal"), json!({ "reason": "No" })).await;
        assert_eq!(refused.problem(), is(409, "not-now"), "a second person's answer is awaited");
        assert_eq!(lena.with("POST", &format!("{path}/withdrawal"), json!(null), &[]).await.status, 409);
        assert_eq!(head.with("POST", &format!("{path}/withdrawal"), json!(null), &[]).await.status, 200);
        let refused = lena.post(&format!("{path}/refusal"), json!({ "reason": "Not now" })).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["state"]), (200, &json!("refused")));
        // The trail says by which token, and whose.
        let mut tx = house.db.read().await.unwrap();
        let entries = store::trail::newest(&mut tx, None, 3).await.unwrap();
        let verbs: Vec<&str> = entries.iter().map(|one| one.verb.as_str()).collect();
        assert_eq!(verbs[..2], ["site-request.refuse", "api-token.use"], "{verbs:?}");
        assert!(entries[..2].iter().all(|one| one.actor == "person:2"));
        assert!(entries[1].subject_id.starts_with("token_") && entries[1].detail.contains("refuse-request"));
    }
}

#[tokio::test]
async fn taking_back_by_a_token_closes_at_the_gates_what_was_opened_alone() {
    for test in databases().await {
        let house = House::new(&test, &[(1, "head"), (2, "online-safety-lead")]).await;
        let reference = house.request("chess.example.org").await;
        let lead = house.sign_in(2).await;
        let page = format!("/staff/requests/{reference}");
        lead.post(&format!("{page}/proposal"), "whom=everyone&until=month&risk=Low.").await;
        let form = lead.get(&format!("{page}/alone")).await;
        let proposal =
            form.body.split("name=\"proposal\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        let done = lead.post(&format!("{page}/alone"), &format!("proposal={proposal}&reason=Now.")).await;
        assert_eq!(done.status, 303, "{}: {}", test.engine, done.body);
        let program = lead.program(&["requests.read", "requests.answer"]).await;
        let open = || async { program.get("/overrides").await.json()["items"].as_array().unwrap().len() };
        let told = house.published.load(Ordering::Relaxed);
        assert_eq!((open().await, told > 0), (1, true), "{}", test.engine);
        let back = program.with("POST", &format!("/requests/{reference}/withdrawal"), json!(null), &[]).await;
        assert_eq!(back.status, 200, "{}", back.body);
        assert_eq!((open().await, house.published.load(Ordering::Relaxed)), (0, told + 1), "{}", test.engine);
    }
}

#[tokio::test]
async fn a_device_is_taken_from_nobody_who_stays_and_has_no_address_of_the_machine_itself() {
    for test in databases().await {
        let house = House::new(&test, &[(3, "network-manager"), (1, "school-office")]).await;
        let program = house.program(3, &["devices.read", "devices.write", "people.read"]).await;
        let people = program.get("/people").await.json();
        let (nat, ada) = (people["items"][2]["id"].clone(), people["items"][3]["id"].clone());
        let tablet = |person: &serde_json::Value| json!({ "name": "Tablet 1", "person": person, "groups": ["pupils"] });
        let made = program.post("/devices", tablet(&ada)).await;
        assert_eq!(made.status, 201, "{}: {}", test.engine, made.body);
        let path = format!("/devices/{}", made.json()["id"].as_str().unwrap());
        // Neither given to another nor made nobody's while she stays; what else is said of it may change.
        for person in [&nat, &json!(null)] {
            let taken = program.with("PUT", &path, tablet(person), &[]).await;
            assert_eq!(taken.problem(), is(409, "not-now"), "{}", test.engine);
        }
        let renamed = json!({ "name": "Tablet 2", "person": ada, "groups": [] });
        assert_eq!(program.with("PUT", &path, renamed, &[]).await.status, 200);
        for address in ["127.0.0.1", "::1", "0.0.0.0", "224.0.0.1", "::ffff:127.0.0.1"] {
            let own = program.post("/devices", json!({ "name": "Own", "addresses": [address] })).await;
            assert!(own.status.is_client_error(), "{address}: {}", own.body);
        }
        let mut tx = house.db.read().await.unwrap();
        let entries = store::trail::newest(&mut tx, None, 10).await.unwrap();
        let changed = entries.iter().find(|one| one.verb == "device.change").unwrap();
        let detail: serde_json::Value = serde_json::from_str(&changed.detail).unwrap();
        assert_eq!(
            detail,
            json!({ "from": { "person": 4, "groups": ["pupils"] }, "to": { "person": 4, "groups": [] } }),
            "{}",
            test.engine
        );
        drop(tx);
        // A scope gives nobody what their duties do not.
        let office = house.program(1, &["devices.write"]).await;
        let given = office.post("/devices", json!({ "name": "Tablet 9", "groups": ["staff"] })).await;
        assert_eq!(given.problem(), is(403, "not-yours"), "{}", test.engine);
    }
}

#[tokio::test]
async fn the_same_request_under_the_same_key_is_done_once() {
    for test in databases().await {
        let house = House::new(&test, &[(3, "network-manager")]).await;
        let program = house.program(3, &["devices.read", "devices.write"]).await;
        let laptop = json!({ "name": "Laptop 1", "addresses": ["10.4.0.27"], "groups": ["pupils"] });
        let key = [("idempotency-key", "a-1")];
        let first = program.with("POST", "/devices", laptop.clone(), &key).await;
        assert_eq!(first.status, 201, "{}: {}", test.engine, first.body);
        let second = program.with("POST", "/devices", laptop.clone(), &key).await;
        assert_eq!((second.status, &second.body), (first.status, &first.body));
        let other = json!({ "name": "Laptop 2" });
        assert_eq!(
            program.with("POST", "/devices", other.clone(), &key).await.problem(),
            is(422, "key-used")
        );
        assert_eq!(
            program.post("/devices", laptop.clone()).await.problem(),
            is(409, "not-now"),
            "the name is taken"
        );
        assert_eq!(program.get("/devices").await.json()["items"].as_array().unwrap().len(), 1);
        for wrong in ["", &"x".repeat(101), "a b"] {
            let answer = program.with("POST", "/devices", other.clone(), &[("idempotency-key", wrong)]).await;
            assert_eq!(answer.problem(), is(400, "unreadable"), "{wrong:?}");
        }
        // A day later it stands for nothing.
        house.clock.set(MONDAY.plus_millis(DAY_MS));
        assert_eq!(program.with("POST", "/devices", other, &key).await.status, 201);
        let id = first.json()["id"].as_str().unwrap().to_owned();
        let changed =
            program.with("PUT", &format!("/devices/{id}"), json!({ "name": "Laptop 1b" }), &[]).await;
        assert_eq!(changed.json()["addresses"], json!([]), "{}", changed.body);
        assert_eq!(program.with("POST", &format!("/devices/{id}/end"), json!(null), &[]).await.status, 200);
        assert_eq!(program.get(&format!("/devices/{id}")).await.problem(), is(404, "not-found"));
    }
}

#[tokio::test]
async fn no_cookie_no_form_no_address_and_no_open_line_lets_a_program_in() {
    for test in databases().await {
        let house = House::new(&test, &[(1, "head")]).await;
        let head = house.sign_in(1).await;
        let program = head.program(&["health.read"]).await;
        assert_eq!(head.get("/api/v1/health").await.problem(), is(401, "no-token"));
        let by_address =
            Request::get(format!("/api/v1/health?token={}", program.token)).body(Body::empty()).unwrap();
        assert_eq!(house.ask(HERE, by_address).await.problem(), is(401, "no-token"));
        let afar = program.request("GET", "/health").body(Body::empty()).unwrap();
        assert_eq!(house.ask("10.3.0.77", afar).await.problem(), is(403, "not-private"));
        let named = program.request("GET", "/health").header("host", "elsewhere.example").body(Body::empty());
        assert_eq!(house.ask(HERE, named.unwrap()).await.problem(), is(421, "other-name"));
        let twice = program.request("GET", "/health").header("authorization", "Bearer x").body(Body::empty());
        assert_eq!(house.ask(HERE, twice.unwrap()).await.problem(), is(401, "no-token"));
        let answer = program.get("/health").await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        for (name, value) in [("cache-control", "no-store"), ("x-content-type-options", "nosniff")] {
            assert_eq!(answer.headers[name], value);
        }
        assert!(!answer.headers.contains_key("access-control-allow-origin"));
        assert!(!answer.headers.contains_key("set-cookie"));
        // The page and the description are anybody's.
        for path in ["/api", "/api/v1/openapi.json"] {
            let open = house.ask(HERE, Request::get(path).body(Body::empty()).unwrap()).await;
            assert_eq!(open.status, 200, "{path}");
            assert!(!open.body.contains("Example"));
        }
    }
}
