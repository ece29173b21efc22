//! The pages of tokens, webhooks and the API in every state. Checked for structure here; where `FIVEBAR_SAMPLES` names a folder they are also
//! written there, for a browser to judge.

use api::content::Content;
use api::token::views::{self as tokens, Line, Shown};
use api::token::{ApiToken, Secret};
use api::webhook::views::{self as webhooks, One};
use api::webhook::{Delivery, State, Webhook, WebhookSecret};
use axum::http::header::CONTENT_SECURITY_POLICY;
use engine::PersonNo;
use http_body_util::BodyExt as _;
use kit::{Ids, Private, Zone};
use testing::MONDAY;
use web::{Mistakes, Page, Shell, Submitted};

use crate::house::DAY_MS;

const LONG: &str = "The display in the corridor by the office that shows today all";

fn token(scopes: usize, ended: bool, ends_in: i64) -> ApiToken {
    let all = Content::built_in().scopes().iter().map(|scope| scope.id.clone());
    ApiToken {
        id: Ids::default().make(MONDAY),
        person: PersonNo(3),
        name: LONG.chars().take(60).collect(),
        prefix: "fivebar_BwcHBw".into(),
        scopes: all.take(scopes).collect(),
        several: true,
        made_at: MONDAY,
        used_at: (scopes > 1).then_some(MONDAY),
        ends_at: MONDAY.plus_millis(ends_in),
        ended: ended.then(|| (MONDAY, "person:3".into())),
    }
}

fn line(token: ApiToken, by: Option<&str>) -> Line {
    Line { token, by: by.map(|by| Private::new(by.into())) }
}

fn webhook(state: State, failing: bool, old: bool) -> Webhook {
    Webhook {
        id: Ids::default().make(MONDAY),
        url: format!("https://{}.{}.example/{}", "a".repeat(63), "b".repeat(63), "c".repeat(90)),
        events: Content::built_in().events().iter().map(|event| event.id.clone()).collect(),
        state,
        made: ("person:3".into(), MONDAY),
        failing_since: failing.then_some(MONDAY),
        old_until: old.then(|| MONDAY.plus_millis(DAY_MS)),
    }
}

fn delivery(webhook: &Webhook, state: &str, says: Option<&str>, tries: u32) -> Delivery {
    Delivery {
        id: Ids::default().make(MONDAY),
        webhook: webhook.id,
        event: "filter-test.failed".into(),
        body: "{}".into(),
        made_at: MONDAY,
        state: state.into(),
        tries,
        tried_at: says.map(|_| MONDAY),
        says: says.map(str::to_owned),
    }
}

fn wrong(fields: &[(&'static str, &str)]) -> Mistakes {
    let mut mistakes = Mistakes::default();
    for (field, say) in fields {
        mistakes.add(field, *say);
    }
    mistakes
}

fn samples() -> Vec<(&'static str, Page)> {
    let zone = Zone::named("Europe/London").unwrap();
    let url = "https://portal.example/api/v1".to_owned();
    let shown = |own, others| Shown { own, others, at: MONDAY, url: url.clone() };
    let secret = Secret::of([7; Secret::BYTES]);
    let mine = token(17, false, DAY_MS);
    let full = shown(
        vec![line(mine.clone(), None), line(token(1, true, DAY_MS), None), line(token(2, false, -1), None)],
        Some(vec![
            line(token(3, false, DAY_MS), Some("Adelaide-Marguerite Longest-Name-Thereis")),
            line(token(1, true, DAY_MS), None),
        ]),
    );
    let (hook, paused) = (webhook(State::Active, true, true), webhook(State::Paused, false, false));
    let calm = Webhook { url: "https://hooks.example.org/".into(), ..webhook(State::Active, false, false) };
    let deliveries = [
        delivery(&hook, "waiting", None, 0),
        delivery(&hook, "waiting", Some("it answered that it has a problem"), 3),
        delivery(&hook, "arrived", Some("it arrived"), 1),
        delivery(&hook, "given-up", Some("its name leads inside a network, where nothing is sent"), 7),
    ];
    let made = WebhookSecret::of(&[7; 32]);
    let one =
        |webhook, deliveries, secret, may_change| One { webhook, deliveries, secret, may_change, at: MONDAY };
    let none = Mistakes::default();
    vec![
        ("api", api::page::begin(&url)),
        ("staff-tokens-none", tokens::all(&shown(Vec::new(), None), None, &zone)),
        ("staff-tokens", tokens::all(&full, None, &zone)),
        ("staff-tokens-made", tokens::all(&full, Some((&mine, &secret)), &zone)),
        ("staff-token-form", tokens::form(&Submitted::default(), &none)),
        (
            "staff-token-form-wrong",
            tokens::form(
                &Submitted::of([("name", LONG), ("days", "7"), ("scope-health-read", "yes")]),
                &wrong(&[
                    ("name", "Enter which program uses it"),
                    ("scopes", "Select at least one"),
                    ("days", "Choose"),
                ]),
            ),
        ),
        ("staff-webhooks-none", webhooks::all(&[], true, &zone)),
        ("staff-webhooks", webhooks::all(&[hook.clone(), paused.clone(), calm.clone()], true, &zone)),
        ("staff-webhook", webhooks::one(&one(&hook, &deliveries, None, true), &none, &zone)),
        ("staff-webhook-made", webhooks::one(&one(&calm, &[], Some(&made), true), &none, &zone)),
        ("staff-webhook-only-seen", webhooks::one(&one(&calm, &deliveries, None, false), &none, &zone)),
        (
            "staff-webhook-paused",
            webhooks::one(
                &one(&paused, &[], None, true),
                &wrong(&[("", "This webhook is paused. Let it go on first")]),
                &zone,
            ),
        ),
        ("staff-webhook-form", webhooks::form(&Submitted::default(), &none)),
        (
            "staff-webhook-form-wrong",
            webhooks::form(
                &Submitted::of([("url", "http://inside"), ("event-list-held", "yes")]),
                &wrong(&[("url", "Enter an address"), ("events", "Select at least one event")]),
            ),
        ),
    ]
}

#[tokio::test]
async fn every_page_of_programs_in_every_state_is_well_made() {
    let shell = Shell {
        service: "Fivebar at a village primary".into(),
        links: vec![("Get help".into(), "/help".into())],
        ..Shell::default()
    };
    let folder = std::env::var_os("FIVEBAR_SAMPLES").map(std::path::PathBuf::from);
    for (name, page) in samples() {
        let signed_in = name.starts_with("staff").then(|| web::page::SignedIn {
            name: Private::new("A. Name-That Is-Longer Than-Most-Names-Are".into()),
            links: vec![("Today".into(), "/today".into())],
        });
        let response = Shell { signed_in, ..shell.clone() }.respond(&page);
        let policy = response.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        assert_eq!(web::check::page(&text), Vec::<String>::new(), "{name}");
        if let Some(folder) = &folder {
            std::fs::create_dir_all(folder).unwrap();
            std::fs::write(folder.join(format!("{name}.html")), text).unwrap();
            std::fs::write(folder.join(format!("{name}.csp")), policy).unwrap();
        }
    }
}
