//! Every page of the portal, as the holder of every duty: it asks for the permit that the reviewed table names, and whoever may not is told
//! that there is nothing here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{Request, StatusCode};
use engine::PersonNo;
use people::duty::{self, Duties, Giving, SchoolKind, Span};
use serde::Deserialize;
use testing::{MONDAY, databases};
use tracing::field::{Field, Visit};
use tracing::span;

use crate::house::{Answer, HERE, House, Staff, permit};

const TABLE: &str = include_str!("../../../../content/portal.toml");

#[derive(Deserialize)]
struct Table {
    route: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    path: String,
    get: Option<Vec<String>>,
    post: Option<Vec<String>>,
    open: Option<String>,
    own: Option<String>,
    token: Option<String>,
}

/// One way to come to a page that needs a permit.
struct Way {
    method: &'static str,
    path: String,
    needs: Vec<String>,
}

fn table() -> Table {
    toml::from_str(TABLE).unwrap()
}

/// The ways to the pages that need a permit, with something that is really there in the place of each number.
fn ways(reference: &str) -> Vec<Way> {
    let mut ways = Vec::new();
    for row in table().route {
        let path = filled(&row.path, reference);
        for (method, needs) in [("GET", row.get), ("POST", row.post)] {
            let needs = needs.unwrap_or_default();
            if !needs.is_empty() {
                ways.push(Way { method, path: path.clone(), needs });
            }
        }
    }
    ways
}

fn filled(path: &str, reference: &str) -> String {
    // An id of no record: a page that looks it up before it asks who is there would be found by having asked for nothing.
    let id = |kind: &str| format!("{kind}_0190163d8694739baea5966c26f8ad91");
    let device = format!("{}/leaving/devices/{{device}}", "/staff/roll/{person}");
    let ids = match path {
        _ if path.starts_with("/staff/guests") => id("guest"),
        _ if path.starts_with("/staff/tokens") => id("token"),
        _ if path.starts_with("/staff/webhooks") => id("webhook"),
        _ if path.starts_with("/staff/worries") => id("account-worry"),
        _ if path.starts_with("/staff/accounts/rules") => "adults".to_owned(),
        _ => id("task"),
    };
    path.replace(&device, "/staff/roll/4/leaving/devices/1")
        .replace("{device}", "1")
        .replace("{proposal}", &id("approval"))
        .replace("{*list}", "ut1/games")
        .replace("{reference}", reference)
        .replace("{id}", &ids)
        .replace("{guest}", &id("guest"))
        .replace("{delivery}", &id("delivery"))
        .replace("{assignment}", &id("duty"))
        .replace("{duty}", "teacher")
        .replace("{of}", "pupils")
        .replace("{kind}", "opening")
        .replace("{language}", "cy")
        .replace("{label}", "block.title")
        .replace("{name}", "1")
        .replace("{number}", "1")
        .replace("{before}", "1")
        .replace("{person}", "4")
        .replace("{pupil}", "4")
        .replace("{adult}", "3")
}

/// Hears what pages ask for.
#[derive(Clone, Default)]
struct Ears(Arc<Mutex<BTreeMap<String, bool>>>);

impl Ears {
    fn heard(&self) -> BTreeMap<String, bool> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

#[derive(Default)]
struct Asked {
    action: String,
    theirs: bool,
}

impl Visit for Asked {
    fn record_bool(&mut self, field: &Field, value: bool) {
        if field.name() == "theirs" {
            self.theirs = value;
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "action" {
            value.clone_into(&mut self.action);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

impl tracing::Subscriber for Ears {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == "permit"
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut asked = Asked::default();
        event.record(&mut asked);
        self.0.lock().unwrap().insert(asked.action, asked.theirs);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

async fn come(who: &Staff<'_>, way: &Way) -> Answer {
    if way.method == "GET" { who.get(&way.path).await } else { who.post(&way.path, "").await }
}

async fn hold(house: &House, duty: &str) {
    let mut tx = house.db.begin().await.unwrap();
    let span = Span { starts_at: MONDAY, ends_at: None };
    let kinds = [SchoolKind::Maintained, SchoolKind::AcademyTrust, SchoolKind::SoleProprietor];
    let known = Duties::built_in().named(duty).unwrap();
    let kind = kinds.into_iter().find(|kind| known.is_in(*kind)).unwrap();
    let (person, duty) = (PersonNo(2), duty.to_owned());
    let giving = Giving { person, duty, span, covers: None, reason: String::new() };
    duty::give(&mut tx, &permit::<duty::GiveDuty>(person), giving, kind, MONDAY)
        .await
        .unwrap_or_else(|error| panic!("{error:?}"));
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn every_page_asks_for_its_permit_and_whoever_has_none_of_its_duties_finds_nothing() {
    let duties = Duties::built_in();
    let given: Vec<&str> =
        duties.all().iter().filter(|duty| !duty.relation).map(|duty| duty.id.as_str()).collect();
    assert!(given.len() > 12, "{given:?}");
    let test = databases().await.into_iter().next().unwrap();
    let house = House::new(&test, &[]).await;
    let reference = house.request("chess.example").await;
    let ways = ways(&reference);
    assert!(ways.len() > 90, "{}", ways.len());
    let ears = Ears::default();
    let _listening = tracing::subscriber::set_default(ears.clone());
    let mut complaints = Vec::new();
    // Somebody who is on the roll and holds nothing, then the holder of each duty.
    for (turn, duty) in std::iter::once(None).chain(given.iter().copied().map(Some)).enumerate() {
        if let Some(duty) = duty {
            hold(&house, duty).await;
        }
        let who = match turn {
            0 => house.sign_in(2).await,
            _ => house.sign_in_again(2).await,
        };
        let held: BTreeSet<String> = duty.map(str::to_owned).into_iter().collect();
        let may: BTreeSet<&str> = duties
            .table()
            .filter(|(_, _, by, _)| !by.is_disjoint(&held))
            .map(|(action, ..)| action)
            .collect();
        for way in &ways {
            ears.heard();
            let answer = come(&who, way).await;
            let heard = ears.heard();
            let said =
                || format!("{} {} as {duty:?}: {} after {heard:?}", way.method, way.path, answer.status);
            let needed: Vec<&String> =
                way.needs.iter().filter(|action| heard.contains_key(*action)).collect();
            if needed.is_empty() {
                complaints.push(format!("{}, and asked for none of {:?}", said(), way.needs));
            }
            for (action, theirs) in &heard {
                if *theirs != may.contains(action.as_str()) {
                    complaints.push(format!("{}, against the table of duties in {action}", said()));
                }
            }
            let theirs = way.needs.iter().any(|action| may.contains(action.as_str()));
            if !theirs && answer.status != StatusCode::NOT_FOUND {
                complaints.push(format!("{}, though {:?} is not theirs", said(), way.needs));
            }
            // There is no activity log in this house.
            if theirs && answer.status.is_server_error() && !way.path.starts_with("/staff/activity") {
                complaints.push(said());
            }
        }
        if duty.is_some() {
            house.end_duty(2).await;
        }
    }
    assert!(complaints.is_empty(), "{}\n{}", complaints.len(), complaints.join("\n"));
}

#[tokio::test]
async fn whoever_is_not_signed_in_is_shown_the_door_by_every_page_that_is_not_open() {
    let test = databases().await.into_iter().next().unwrap();
    let house = House::new(&test, &[]).await;
    let reference = house.request("chess.example").await;
    let mut complaints = Vec::new();
    for row in table().route {
        let path = filled(&row.path, &reference);
        for method in
            [row.get.as_ref().map(|_| "GET"), row.post.as_ref().map(|_| "POST")].into_iter().flatten()
        {
            let request = Request::builder()
                .method(method)
                .uri(&path)
                .header("content-type", "application/x-www-form-urlencoded")
                .header("sec-fetch-site", "same-origin");
            let answer = house.ask(HERE, request.body(Body::empty()).unwrap()).await;
            let to = answer.headers.get("location").and_then(|to| to.to_str().ok()).unwrap_or_default();
            let door = to.starts_with("/sign-in?") || to == "/sign-in";
            let closed =
                answer.status == StatusCode::UNAUTHORIZED || (answer.status == StatusCode::SEE_OTHER && door);
            let fits = if row.open.is_some() { answer.status != StatusCode::UNAUTHORIZED } else { closed };
            if !fits && row.token.is_none() {
                complaints.push(format!(
                    "{method} {path} (own: {}): {} {to}",
                    row.own.is_some(),
                    answer.status
                ));
            }
            if row.token.is_some() && answer.status.is_success() && !row.path.contains("Config") {
                complaints.push(format!("{method} {path} is told without a token: {}", answer.status));
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
