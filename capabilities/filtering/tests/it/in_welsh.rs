//! The pages of whoever signs in, in Welsh: everything on them, whose choice it is, and a school's own words over them.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use store::trail;
use testing::databases;
use web::{Page, Shell};
use words::{Change, Own, Say, Words};

use crate::samples::house_samples;
use crate::school::School;
use crate::staff::{HERE, Staff, cookie, invited, welcomed};

/// What is the same in both languages: names, sites, what somebody wrote, and what the content of a school calls things.
const SAME: &str = "same.txt";
/// What is said in English still. A line goes when its page says it in Welsh; none may come.
const NOT_YET: &str = "not_yet.txt";

fn lines(file: &str) -> BTreeSet<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/in_welsh");
    let text = std::fs::read_to_string(folder.join(file)).unwrap();
    text.lines().filter(|line| !line.is_empty() && !line.starts_with("//")).map(str::to_owned).collect()
}

/// A page as a browser gets it.
async fn html(say: &Say, page: &Page) -> String {
    let response = web::speech::spoken_in(say.clone(), || {
        Shell { spoken: web::speech::shell_here(), ..Shell::default() }.respond(page)
    });
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

fn pages(say: &Say) -> Vec<(&'static str, Page)> {
    web::speech::spoken_in(say.clone(), house_samples)
}

/// A piece with each number as one sign, so that the rows of a long table are one.
fn folded(piece: &str) -> String {
    let mut folded = String::new();
    for sign in piece.chars().map(|sign| if sign.is_ascii_digit() { '#' } else { sign }) {
        if sign != '#' || !folded.ends_with('#') {
            folded.push(sign);
        }
    }
    folded
}

#[tokio::test]
async fn every_page_of_whoever_signs_in_says_in_welsh_what_it_says_in_english() {
    let words = Words::built_in();
    let (english, welsh) = (words.speak("en"), words.speak("cy"));
    let (same, not_yet) = (lines(SAME), lines(NOT_YET));
    let (mut found, mut where_it_is) = (BTreeSet::new(), Vec::new());
    for ((name, one), (_, other)) in pages(&english).into_iter().zip(pages(&welsh)) {
        let (one, other) = (html(&english, &one).await, html(&welsh, &other).await);
        assert_eq!((language(&one).as_str(), language(&other).as_str()), ("en-GB", "cy"), "{name}");
        // The pages about words show labels of one language in the other.
        if name.starts_with("staff-words") {
            continue;
        }
        for piece in web::check::alike(&one, &other).iter().map(|piece| folded(piece)) {
            if !same.contains(&piece) && !not_yet.contains(&piece) {
                where_it_is.push(format!("{name}: {piece}"));
            }
            found.insert(piece);
        }
    }
    assert!(where_it_is.is_empty(), "in English on a page in Welsh:\n{}", where_it_is.join("\n"));
    let gone: Vec<&String> = not_yet.iter().chain(&same).filter(|piece| !found.contains(*piece)).collect();
    assert!(gone.is_empty(), "on no page any more; take it out of the list: {gone:#?}");
}

/// The language that a page says it is in.
fn language(html: &str) -> String {
    let (_, html) = html.split_once("<html").unwrap();
    let (_, after) = html.split_once(" lang=\"").unwrap();
    after.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn what_somebody_chooses_is_kept_with_their_account_and_in_the_browser_for_the_pages_before() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "teacher")]).await;
        let school = School::new(&test, None);
        let with = |name: &'static str, value: &'static str| {
            let request = Request::get("/sign-in").header(name, value).body(Body::empty()).unwrap();
            school.ask(HERE, request)
        };
        // Before anybody signs in: by what the browser asks for, or chose before. No other language has these pages.
        assert_eq!(with("accept-language", "cy, en;q=0.5").await.words("h1"), ["Mewngofnodi"]);
        assert_eq!(with("cookie", "fivebar-language=cy").await.words("h1"), ["Mewngofnodi"]);
        assert_eq!(with("accept-language", "pl").await.words("h1"), ["Sign in"]);

        let hanna = welcomed(&school, &tokens[0]).await;
        assert_eq!(language(&hanna.get("/me").await.body), "en-GB");
        let menu = hanna.get("/me").await;
        assert_eq!(menu.words(".fivebar-languages li"), ["English", "Cymraeg"], "{}", menu.body);
        assert_eq!(menu.value("form[action='/me/language'] input[name=to]").as_deref(), Some("cy"));
        let chosen = hanna.post("/me/language", "to=cy&back=%2Ftasks").await;
        assert_eq!((chosen.status, chosen.location()), (StatusCode::SEE_OTHER, "/tasks"));
        assert!(chosen.headers["set-cookie"].to_str().unwrap().starts_with("fivebar-language=cy; Path=/;"));
        for (body, to) in [("to=cy&back=%2F%2Fother.example", "/today"), ("to=cy", "/today")] {
            assert_eq!(hanna.post("/me/language", body).await.location(), to, "{body}");
        }
        for other in ["pl", "xx", ""] {
            let answer = hanna.post("/me/language", &format!("to={other}")).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{other}: the pages are not there in it");
        }
        // In any browser, whatever that asks for; what is not there is said in it too.
        let elsewhere = school.post(HERE, "/sign-in", "name=hanna&password=teapots+over+jupiter").await;
        let elsewhere =
            Staff { school: &school, cookie: format!("{}; fivebar-language=en", cookie(&elsewhere)).into() };
        let me = elsewhere.get("/me").await;
        assert_eq!((language(&me.body).as_str(), me.words("h1")), ("cy", vec!["Chi".to_owned()]));
        assert!(me.body.contains("Cafodd y dudalen hon ei chyfieithu"), "a draft is called one");
        assert_eq!(elsewhere.get("/nowhere").await.status, StatusCode::NOT_FOUND);
        assert_eq!(hanna.get("/today").await.words("h1"), ["Heddiw"]);
        let mut tx = test.db.read().await.unwrap();
        let entries = trail::newest(&mut tx, None, 20).await.unwrap();
        assert!(entries.iter().any(|entry| entry.verb == "account.language" && entry.actor == "person:1"));
        tx.roll_back().await.unwrap();
    }
}

#[tokio::test]
async fn a_school_s_own_words_stand_on_the_pages_of_whoever_signs_in() {
    let mut own = Own::default();
    for (tag, key, text) in [
        ("en", "work.caption", "What the school waits for"),
        ("cy", "work.caption", "Beth mae’r ysgol yn aros amdano"),
        ("cy", "duty.head", "Prifathrawes"),
    ] {
        own.make(tag, &Change::Label { key: key.to_owned(), text: Some(text.to_owned()) });
    }
    let words = std::sync::Arc::new(Words::built_in().with(&own));
    for (tag, text) in [("en", "What the school waits for"), ("cy", "Beth mae’r ysgol yn aros amdano")] {
        let say = words.speak(tag);
        let pages = pages(&say);
        let (_, page) = pages.iter().find(|(name, _)| *name == "staff-work").unwrap();
        assert!(html(&say, page).await.contains(text), "{tag}");
    }
}

#[test]
fn the_english_of_what_the_content_names_is_the_content_s_own() {
    let words = Words::built_in();
    let english = words.language("en").unwrap();
    let label = |key: &str| english.text(key).unwrap_or_else(|| panic!("{key} is no label")).to_owned();
    assert_eq!(label("shell.no-live-list"), filtering::portal::NO_LIVE_FEED);
    for duty in people::duty::Duties::built_in().all() {
        assert_eq!(label(&format!("duty.{}", duty.id)), duty.name);
        for (kind, name) in &duty.called {
            assert_eq!(&label(&format!("duty.{}-{}", duty.id, kind.id())), name);
        }
    }
    for kind in notices::Notices::built_in().kinds() {
        for (part, text) in [("title", &kind.title), ("says", &kind.says), ("about", &kind.about)] {
            assert_eq!(&label(&people::account::notices::label(&kind.id, part)), text);
        }
    }
    for kind in register::task::Kinds::built_in().all() {
        assert_eq!(label(&format!("task.{}", kind.id)), kind.name);
        assert_eq!(label(&format!("task.{}-about", kind.id)), kind.about);
    }
    for kind in people::Kind::ALL {
        assert_eq!(label(&format!("kind.{}", kind.id())), kind.name());
    }
    for year in (-1..=13).filter_map(people::YearGroup::of_number) {
        assert_eq!(label(&format!("year.{}", year.id())), year.name());
    }
}
