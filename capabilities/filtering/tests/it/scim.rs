//! What another system tells over SCIM, and what comes of it on the roll.

use std::pin::Pin;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use kit::{Timestamp, Zone};
use people::intake::PublishError;
use people::scim;
use serde_json::{Value, json};
use store::{Actor, Tx};
use testing::{MONDAY, TestDatabase, databases};

use crate::school::{Answer, School};
use crate::staff::{HERE, Staff, invited, welcomed};

/// Commits: that it is published is for the program's own journeys.
struct Commits;

impl people::intake::Publishes for Commits {
    fn roll(
        &self,
        tx: Tx,
        _: Actor,
        _: Timestamp,
    ) -> Pin<Box<dyn Future<Output = Result<(), PublishError>> + Send + '_>> {
        Box::pin(async move { tx.commit().await.map_err(|error| PublishError(error.into())) })
    }
}

/// A system with a token.
struct System<'a> {
    school: &'a School,
    token: String,
}

impl System<'_> {
    async fn ask(&self, method: &str, path: &str, body: Option<Value>, headers: &[(&str, &str)]) -> Answer {
        self.ask_from(HERE, method, path, body, headers).await
    }

    async fn ask_from(
        &self,
        from: &str,
        method: &str,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/scim/v2/{path}"))
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/scim+json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.school.ask(from, request.body(body).unwrap()).await
    }

    async fn told(&self, method: &str, path: &str, body: Value) -> Value {
        let answer = self.ask(method, path, Some(body), &[]).await;
        assert!(answer.status.is_success(), "{method} {path}: {}: {}", answer.status, answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }
}

fn json_of(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap()
}

async fn let_in<'a>(staff: &Staff<'a>, name: &str) -> System<'a> {
    let made = staff.post("/staff/roll/scim", &format!("name={name}")).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.body);
    System { school: staff.school, token: made.words("code").pop().unwrap() }
}

async fn settle(test: &TestDatabase) -> usize {
    settle_at(test, MONDAY).await
}

async fn settle_at(test: &TestDatabase, at: Timestamp) -> usize {
    let zone = Zone::named("Europe/London").unwrap();
    let groups = ["pupils", "staff"].map(str::to_owned).into();
    scim::settle(&test.db, &Commits, Some(&groups), &zone, at).await.unwrap()
}

fn user(name: &str, kind: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name, "displayName": format!("{name} Example"), "userType": kind,
        "emails": [{ "value": "somebody@school.example" }],
    })
}

#[tokio::test]
async fn what_a_system_tells_is_one_difference_that_can_be_undone() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head")]).await;
        let school = School::new(&test, None);
        let head = welcomed(&school, &tokens[0]).await;
        let system = let_in(&head, "entra").await;
        let ada = system.told("POST", "Users", user("Ada", "student")).await;
        let cy = system.told("POST", "Users", user("Cy", "teacher")).await;
        let (ada, cy) = (ada["id"].as_str().unwrap(), cy["id"].as_str().unwrap());
        let members = json!({ "displayName": "7B", "members": [{ "value": ada }, { "value": cy }] });
        let class = system.told("POST", "Groups", members).await;
        assert!(class["members"][0]["$ref"].as_str().unwrap().ends_with(ada), "{class}");
        assert!(!head.post("/staff/roll", "words=ada").await.body.contains("Ada Example"), "not yet");
        assert_eq!(settle(&test).await, 1, "{}", test.engine);
        assert_eq!(settle(&test).await, 0, "nothing was told since");
        let found = head.post("/staff/roll", "words=example&kind=staff").await;
        assert!(found.body.contains("Cy Example"), "{}", found.body);
        let page = head.get("/staff/roll/4").await;
        assert!(
            page.body.contains("7B") && page.body.contains("scim-entra"),
            "{}: {}",
            test.engine,
            page.body
        );
        let import = head.get("/staff/roll/imports/1").await;
        assert!(
            import.body.contains("SCIM 2.0, source scim-entra") && import.body.contains("Applied"),
            "{}",
            import.body
        );

        // Not active, she has left in that moment.
        let patch = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{ "op": "replace", "path": "active", "value": false }] });
        system.told("PATCH", &format!("Users/{ada}"), patch).await;
        assert_eq!(settle(&test).await, 1);
        assert!(head.get("/staff/roll/4").await.body.contains("They have left"), "{}", test.engine);
        let undone = head.post("/staff/roll/imports/2/undoing", "").await;
        head.post(&format!("{}/application", undone.location()), "").await;
        assert!(!head.get("/staff/roll/4").await.body.contains("They have left"), "{}", test.engine);
        assert_eq!(settle(&test).await, 0, "it stays undone until the system tells something new");

        // A file cannot come in a system's name.
        let file = crate::roll::sent(&head, "a.csv", b"id,name\n1,Ada\n", &[("source", "scim-entra")]).await;
        assert_eq!(file.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}

#[tokio::test]
async fn whoever_is_forgotten_leaves_an_entry_for_each_group_that_they_were_in() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head")]).await;
        let school = School::new(&test, None);
        let head = welcomed(&school, &tokens[0]).await;
        let system = let_in(&head, "entra").await;
        let ada = system.told("POST", "Users", user("Ada", "student")).await;
        let ada = ada["id"].as_str().unwrap();
        let mut groups = Vec::new();
        for (name, members) in
            [("7B", json!([{ "value": ada }])), ("Chess", json!([{ "value": ada }])), ("8A", json!([]))]
        {
            let made =
                system.told("POST", "Groups", json!({ "displayName": name, "members": members })).await;
            groups.push(made["id"].as_str().unwrap().to_owned());
        }
        let gone = system.ask("DELETE", &format!("Users/{ada}"), None, &[]).await;
        assert_eq!(gone.status, StatusCode::NO_CONTENT, "{}", gone.body);
        let mut tx = test.db.read().await.unwrap();
        let entries = store::trail::newest(&mut tx, None, 20).await.unwrap();
        let said = |verb: &str| {
            let mut ids: Vec<String> =
                entries.iter().filter(|one| one.verb == verb).map(|one| one.subject_id.clone()).collect();
            ids.sort();
            ids
        };
        groups.truncate(2);
        groups.sort();
        assert_eq!(said("scim.change"), groups, "{}", test.engine);
        assert_eq!(said("scim.delete"), [ada]);
    }
}

#[tokio::test]
async fn many_leavers_wait_for_a_person_and_a_token_opens_what_it_told_alone() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head"), (2, "teacher")]).await;
        let school = School::new(&test, None);
        let head = welcomed(&school, &tokens[0]).await;
        let (entra, okta) = (let_in(&head, "entra").await, let_in(&head, "okta").await);
        let mut ids = Vec::new();
        for number in 0..12 {
            let made = entra.told("POST", "Users", user(&format!("u{number}"), "student")).await;
            ids.push(made["id"].as_str().unwrap().to_owned());
        }
        settle(&test).await;
        for id in &ids[..8] {
            let gone = entra.ask("DELETE", &format!("Users/{id}"), None, &[]).await;
            assert_eq!(gone.status, StatusCode::NO_CONTENT);
        }
        assert_eq!(settle(&test).await, 1);
        let waiting = head.get("/staff/roll/imports/2").await;
        assert!(waiting.body.contains("8 people would leave"), "{}: {}", test.engine, waiting.body);
        assert!(!head.get("/staff/roll/4").await.body.contains("They have left"));
        let held = head.post("/staff/roll/imports/2/application", "").await;
        assert!(held.body.contains("Enter how many people leave"), "{}", held.body);
        head.post("/staff/roll/imports/2/application", "leavers=8").await;
        assert!(head.get("/staff/roll/4").await.body.contains("They have left"), "{}", test.engine);

        // Another system sees nothing of it, and can have the same names.
        let none = json_of(&okta.ask("GET", "Users", None, &[]).await);
        assert_eq!(none["totalResults"], 0);
        assert_eq!(
            okta.ask("GET", &format!("Users/{}", ids[9]), None, &[]).await.status,
            StatusCode::NOT_FOUND
        );
        okta.told("POST", "Users", user("u9", "student")).await;
        // Over a line that others can read, and with no token or an ended one, nothing.
        let afar = entra.ask_from("10.3.0.77", "GET", "Users", None, &[]).await;
        assert_eq!(afar.status, StatusCode::FORBIDDEN, "{}", afar.body);
        let ended = head.post("/staff/roll/scim/entra/end", "").await;
        assert_eq!(ended.location(), "/staff/roll/scim");
        let nobody = entra.ask("GET", "Users", None, &[]).await;
        assert_eq!(nobody.status, StatusCode::UNAUTHORIZED, "{}", test.engine);
        assert!(nobody.headers.contains_key("www-authenticate"));
        let guessed = System { school: &school, token: "A".repeat(43) };
        assert_eq!(
            guessed.ask("GET", "ServiceProviderConfig", None, &[]).await.status,
            StatusCode::UNAUTHORIZED
        );
        assert!(!head.get("/staff/roll/scim").await.body.contains(&entra.token), "shown once");
        let mut tx = test.db.read().await.unwrap();
        let entries = store::trail::newest(&mut tx, None, 200).await.unwrap();
        assert!(
            entries.iter().all(|one| !one.detail.contains("Example") && !one.detail.contains(&entra.token))
        );
        drop(tx);
        let teacher = welcomed(&school, &tokens[1]).await;
        assert_eq!(teacher.post("/staff/roll/scim", "name=mine").await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_few_leavers_at_a_time_come_to_as_many_and_no_child_grows_up_by_a_directory_alone() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head")]).await;
        let school = School::new(&test, None);
        let head = welcomed(&school, &tokens[0]).await;
        let entra = let_in(&head, "entra").await;
        let mut ids = Vec::new();
        for number in 0..12 {
            let made = entra.told("POST", "Users", user(&format!("u{number}"), "student")).await;
            ids.push(made["id"].as_str().unwrap().to_owned());
        }
        settle(&test).await;
        let gone = async |person: usize| {
            head.get(&format!("/staff/roll/{}", person + 4)).await.body.contains("They have left")
        };
        // Five never wait, and five more of the same week do.
        for round in [0..5, 5..10] {
            for id in &ids[round] {
                entra.ask("DELETE", &format!("Users/{id}"), None, &[]).await;
            }
            assert_eq!(settle(&test).await, 1);
        }
        assert!(gone(0).await && !gone(5).await, "{}", test.engine);
        assert!(head.get("/staff/roll/imports/3").await.body.contains("5 people would leave"));

        // One child who would be staff waits too.
        entra.told("PUT", &format!("Users/{}", ids[11]), user("u11", "staff")).await;
        assert_eq!(settle(&test).await, 1);
        let waiting = head.get("/staff/roll/imports/4").await;
        assert!(
            waiting.body.contains("6 people would leave, be pupils no more, or go up"),
            "{}",
            waiting.body
        );
        assert!(!gone(5).await, "{}", test.engine);

        // Records that were brought back to an earlier state let no system in.
        let mut tx = test.db.begin().await.unwrap();
        people::account::end_all(&mut tx, &Actor::Job("restore"), MONDAY).await.unwrap();
        tx.commit().await.unwrap();
        let answer = entra.ask("GET", "Users", None, &[]).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{}", test.engine);
    }
}

/// A pupil of a year.
fn pupil(name: &str, year: &str) -> Value {
    let mut one = user(name, "student");
    one["urn:fivebar:params:scim:schemas:extension:1.0:Person"] = json!({ "year": year });
    one
}

#[tokio::test]
async fn no_child_goes_up_the_years_by_a_directory_alone_but_by_one_in_the_summer() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head")]).await;
        let school = School::new(&test, None);
        let head = welcomed(&school, &tokens[0]).await;
        let entra = let_in(&head, "entra").await;
        let mut ids = Vec::new();
        for number in 0..8 {
            let made = entra.told("POST", "Users", pupil(&format!("u{number}"), "5")).await;
            ids.push(made["id"].as_str().unwrap().to_owned());
        }
        settle(&test).await;
        let year = async |person: usize| {
            let page = head.get(&format!("/staff/roll/{}", person + 4)).await;
            page.words(".govuk-summary-list__value")
                .iter()
                .find_map(|value| value.split_once(", Key stage"))
                .map(|(year, _)| year.to_owned())
        };
        let put = async |number: usize, year: &str| {
            entra.told("PUT", &format!("Users/{}", ids[number]), pupil(&format!("u{number}"), year)).await
        };
        assert_eq!(year(0).await.as_deref(), Some("Year 5"), "{}", test.engine);
        // One year up in November waits, and so do eight at once.
        put(0, "6").await;
        assert_eq!(settle(&test).await, 1);
        let waiting = head.get("/staff/roll/imports/2").await;
        assert!(
            waiting.body.contains("1 people would leave, be pupils no more, or go up"),
            "{}",
            waiting.body
        );
        for number in 0..8 {
            put(number, "13").await;
        }
        assert_eq!(settle(&test).await, 1);
        let waiting = head.get("/staff/roll/imports/3").await;
        assert!(
            waiting.body.contains("8 people would leave, be pupils no more, or go up"),
            "{}",
            waiting.body
        );
        assert_eq!(year(0).await.as_deref(), Some("Year 5"), "{}", test.engine);
        // In the summer everybody goes up by one, and nobody by two or twice. A lower year opens nothing.
        let september = Timestamp::parse("2027-09-02T08:00:00Z").unwrap();
        for number in 0..8 {
            put(number, "6").await;
        }
        assert_eq!(settle_at(&test, september).await, 1);
        assert_eq!(year(7).await.as_deref(), Some("Year 6"), "{}", test.engine);
        put(7, "7").await;
        assert_eq!(settle_at(&test, september.plus_millis(60_000)).await, 1);
        assert_eq!(year(7).await.as_deref(), Some("Year 6"), "{}", test.engine);
        put(7, "6").await;
        put(6, "8").await;
        assert_eq!(settle_at(&test, september.plus_millis(120_000)).await, 1);
        assert_eq!(year(6).await.as_deref(), Some("Year 6"), "{}", test.engine);
        put(6, "4").await;
        assert_eq!(settle_at(&test, september.plus_millis(180_000)).await, 1);
        assert_eq!(year(6).await.as_deref(), Some("Year 4"), "{}", test.engine);
    }
}

#[tokio::test]
async fn a_year_that_waits_holds_up_nothing_else_that_a_system_tells() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head"), (2, "dsl")]).await;
        let school = School::new(&test, None);
        let (head, dsl) = (welcomed(&school, &tokens[0]).await, welcomed(&school, &tokens[1]).await);
        let entra = let_in(&head, "entra").await;
        let mut ids = Vec::new();
        for number in 0..8 {
            let made = entra.told("POST", "Users", pupil(&format!("u{number}"), "5")).await;
            ids.push(made["id"].as_str().unwrap().to_owned());
        }
        settle(&test).await;
        let page = async |person: usize| head.get(&format!("/staff/roll/{}", person + 4)).await.body;
        let leaves = async |person: usize| {
            let gone = entra.ask("DELETE", &format!("Users/{}", ids[person]), None, &[]).await;
            assert_eq!(gone.status, StatusCode::NO_CONTENT, "{}", gone.body);
        };
        // In one breath: a year out of turn and another name of one, one who leaves, one who comes, and a pupil who would be staff.
        let mut told = pupil("u0", "13");
        told["displayName"] = json!("Una Otter");
        entra.told("PUT", &format!("Users/{}", ids[0]), told).await;
        entra.told("PUT", &format!("Users/{}", ids[7]), user("u7", "staff")).await;
        leaves(1).await;
        entra.told("POST", "Users", pupil("u8", "5")).await;
        assert_eq!(settle(&test).await, 1, "{}", test.engine);
        assert!(
            page(1).await.contains("They have left"),
            "{}: whoever leaves waits for nothing",
            test.engine
        );
        assert!(page(8).await.contains("u8 Example"), "{}", test.engine);
        let una = page(0).await;
        assert!(una.contains("Una Otter") && una.contains("Year 5, Key stage 2"), "{}: {una}", test.engine);
        assert!(una.contains("waits until somebody agrees to it"), "{una}");
        assert!(
            una.contains("Year: Year 5 becomes Year 13") && una.contains("/staff/roll/imports/3"),
            "{una}"
        );
        assert!(page(7).await.contains("What they are: Pupil becomes Staff"), "{}", test.engine);
        assert!(!page(2).await.contains("waits until somebody agrees"));
        // Whoever reads the roll sees that it waits, and who can look at it.
        let read = dsl.get("/staff/roll/4").await.body;
        assert!(read.contains("Year 5 becomes Year 13") && !read.contains("/staff/roll/imports/"), "{read}");
        let waiting = head.get("/staff/roll/imports/3").await;
        for words in [
            "2 people would leave, be pupils no more, or go up",
            "Una Otter",
            "All else that scim-entra told has been done",
        ] {
            assert!(waiting.body.contains(words), "{}: {words}: {}", test.engine, waiting.body);
        }
        let tasks = async || {
            let mut tx = test.db.begin().await.unwrap();
            filtering::desk::keep_up(&mut tx, MONDAY).await.unwrap();
            let open = register::task::open(&mut tx).await.unwrap();
            tx.commit().await.unwrap();
            open.into_iter()
                .filter(|task| task.kind == "roll-waits")
                .map(|task| task.path)
                .collect::<Vec<_>>()
        };
        assert_eq!(tasks().await, ["/staff/roll/imports/3"], "{}: it is somebody's to look at", test.engine);
        // More is told: it is done, and whoever looks at what waits goes on with the same.
        leaves(2).await;
        assert_eq!(settle(&test).await, 1, "{}", test.engine);
        assert!(page(2).await.contains("They have left"), "{}", test.engine);
        assert!(
            head.get("/staff/roll/imports/3").await.body.contains("Waits for somebody to apply"),
            "{}",
            test.engine
        );

        // Refused, they stay as they are, until the system tells the next thing.
        head.post("/staff/roll/imports/3/drop", "").await;
        assert!(!page(0).await.contains("waits until somebody agrees"), "{}", test.engine);
        assert!(tasks().await.is_empty(), "{}: looked at", test.engine);
        leaves(3).await;
        assert_eq!(settle(&test).await, 1);
        assert!(
            page(3).await.contains("They have left") && page(0).await.contains("/staff/roll/imports/6"),
            "{}",
            test.engine
        );
        let applied = head.post("/staff/roll/imports/6/application", "leavers=2").await;
        assert_eq!(applied.status, StatusCode::SEE_OTHER, "{}", applied.body);
        assert!(page(0).await.contains("Year 13, Key stage 5"), "{}", test.engine);
        assert!(!page(0).await.contains("waits until somebody agrees"));
        // What a system takes back waits no more.
        entra.told("PUT", &format!("Users/{}", ids[4]), pupil("u4", "12")).await;
        settle(&test).await;
        assert!(page(4).await.contains("Year 5 becomes Year 12"), "{}", test.engine);
        entra.told("PUT", &format!("Users/{}", ids[4]), pupil("u4", "5")).await;
        assert_eq!(settle(&test).await, 0);
        assert!(!page(4).await.contains("waits until somebody agrees"), "{}", test.engine);
    }
}

#[tokio::test]
async fn lists_are_paged_and_filtered_and_a_change_is_refused_to_whoever_has_not_seen_the_last() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head")]).await;
        let school = School::new(&test, None);
        let head = welcomed(&school, &tokens[0]).await;
        let system = let_in(&head, "entra").await;
        for name in ["a", "b", "c", "d", "e"] {
            system.told("POST", "Users", user(name, "student")).await;
        }
        let list =
            json_of(&system.ask("GET", "Users?startIndex=2&count=2&attributes=userName", None, &[]).await);
        assert_eq!(
            (&list["totalResults"], &list["itemsPerPage"], &list["startIndex"]),
            (&json!(5), &json!(2), &json!(2))
        );
        assert_eq!(list["Resources"][0]["userName"], "b", "{}: {list}", test.engine);
        assert!(list["Resources"][0].get("displayName").is_none(), "{list}");
        let one = json_of(
            &system
                .ask("GET", "Users?filter=userName%20eq%20%22C%22%20and%20active%20ne%20false", None, &[])
                .await,
        );
        assert_eq!((&one["totalResults"], &one["Resources"][0]["userName"]), (&json!(1), &json!("c")));
        assert!(
            !one.to_string().contains("somebody@school.example"),
            "what the roll has no use for is not kept"
        );
        for (path, kind) in
            [("Users?filter=userName", "invalidFilter"), ("Users?startIndex=x", "invalidValue")]
        {
            let wrong = system.ask("GET", path, None, &[]).await;
            assert_eq!((wrong.status, &json_of(&wrong)["scimType"]), (StatusCode::BAD_REQUEST, &json!(kind)));
        }
        let taken = system.ask("POST", "Users", Some(user("A", "student")), &[]).await;
        assert_eq!(
            (taken.status, &json_of(&taken)["scimType"]),
            (StatusCode::CONFLICT, &json!("uniqueness"))
        );

        let path = format!("Users/{}", one["Resources"][0]["id"].as_str().unwrap());
        let got = system.ask("GET", &path, None, &[]).await;
        let tag = got.headers["etag"].to_str().unwrap().to_owned();
        assert_eq!(
            system.ask("GET", &path, None, &[("if-none-match", &tag)]).await.status,
            StatusCode::NOT_MODIFIED
        );
        let changed = system.ask("PUT", &path, Some(user("c", "teacher")), &[("if-match", &tag)]).await;
        assert_eq!(changed.status, StatusCode::OK, "{}", changed.body);
        for method in ["PUT", "DELETE"] {
            let late = system.ask(method, &path, Some(user("c", "pupil")), &[("if-match", &tag)]).await;
            assert_eq!(late.status, StatusCode::PRECONDITION_FAILED, "{}: {method}", test.engine);
        }
        for (method, path, status) in [
            ("GET", "Nothing", StatusCode::NOT_FOUND),
            ("GET", "Users/x", StatusCode::NOT_FOUND),
            ("GET", "Users/x/y", StatusCode::NOT_FOUND),
            ("POST", "Schemas", StatusCode::METHOD_NOT_ALLOWED),
            ("POST", "Users", StatusCode::BAD_REQUEST),
        ] {
            let answer = system.ask(method, path, None, &[]).await;
            assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
            assert_eq!(json_of(&answer)["status"], status.as_u16().to_string(), "{method} {path}");
        }
    }
}
