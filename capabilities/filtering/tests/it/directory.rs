//! Signing in by the school's directory: Debian's slapd.

use std::sync::Arc;

use axum::http::StatusCode;
use kit::Private;
use people::RollFile;
use people::account::directory::{Directory, Settings};
use people::account::{Means, Trust, Ways};
use store::orm::ConnectionTrait as _;
use store::{Actor, trail};
use testing::{MONDAY, TestDatabase, databases};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

use crate::school::{Answer, School};
use crate::slapd::{READER, SERVICE, SERVICE_PASSWORD, Slapd, person};
use crate::staff::{HERE, MINUTE_MS, PASSWORD, Staff, cookie, invited, welcomed};

const NOT_RIGHT: &str = "The name or the password is not right";
const WORDS: &str = "words of the directory";

fn settings(url: &str) -> Settings {
    Settings {
        url: url.to_owned(),
        certificates: None,
        base: "dc=school,dc=example".into(),
        name: "uid".into(),
        filter: Some("(objectClass=inetOrgPerson)".into()),
        service: Some(SERVICE.into()),
        secret: Some("directory.secret".into()),
        template: None,
        person: None,
        means: None,
        start_tls: None,
    }
}

/// A school that asks the directory so.
fn school(test: &TestDatabase, settings: Settings, trust: Trust) -> School {
    assert_eq!(settings.problems(), []);
    let secret = Private::new(SERVICE_PASSWORD.to_owned());
    School::with_ways(test, Ways::since(MONDAY).with_directory(Directory::new(settings, secret, trust)))
}

/// Over a plain connection on this machine.
fn plainly(test: &TestDatabase, slapd: &Slapd) -> School {
    school(test, settings(&format!("ldap://localhost:{}", slapd.port)), Trust::of_pem(b""))
}

async fn sign_in(school: &School, name: &str, password: &str) -> Answer {
    let words = |text: &str| text.replace(' ', "+");
    let body = format!("name={}&password={}&back=%2Fme", words(name), words(password));
    school.post(HERE, "/sign-in", &body).await
}

fn refused(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.body);
    assert!(answer.body.contains(NOT_RIGHT), "{}", answer.body);
    assert!(!answer.headers.contains_key("set-cookie"));
}

async fn how(test: &TestDatabase) -> String {
    let mut tx = test.db.read().await.unwrap();
    let entries = trail::newest(&mut tx, None, 20).await.unwrap();
    entries.iter().find(|one| one.verb == "session.begin").unwrap().detail.clone()
}

#[tokio::test]
async fn whoever_is_in_the_directory_signs_in_by_the_password_that_they_have_there() {
    let people =
        [person("hanna", WORDS, ""), person("stranger", WORDS, ""), person("theo", WORDS, "uid: also\n")];
    let Some(slapd) = Slapd::start(&people) else { return };
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head"), (2, "head")]).await;
        let school = plainly(&test, &slapd);
        let done = sign_in(&school, "Hanna", WORDS).await;
        assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, "/me"), "{}", done.body);
        assert_eq!(how(&test).await, "{\"how\":\"directory\"}", "{}", test.engine);
        // It is one proof.
        let who = Staff { school: &school, cookie: cookie(&done).into() };
        assert!(who.get("/today").await.body.contains("so what you do as Headteacher rests"));
        assert_eq!(who.get("/staff/requests").await.status, StatusCode::FORBIDDEN);

        for (name, password) in [
            ("hanna", "other words"),
            // In the directory, and nobody here; here, and nobody there; nowhere.
            ("stranger", WORDS),
            ("lena", WORDS),
            ("nobody", WORDS),
            // An entry with two names is nobody's.
            ("theo", WORDS),
            ("also", WORDS),
            // What would be more than a name in a filter.
            ("*", WORDS),
            ("hanna)(uid=*", WORDS),
            ("h*", WORDS),
        ] {
            refused(&sign_in(&school, name, password).await);
        }
        let empty = sign_in(&school, "hanna", "").await;
        assert!(empty.body.contains("Enter your password"));
        // The password that is kept here is one too.
        welcomed(&school, &tokens[1]).await;
        assert_eq!(sign_in(&school, "lena", PASSWORD).await.status, StatusCode::SEE_OTHER);
        assert_eq!(how(&test).await, "{\"how\":\"password\"}");
    }
}

#[tokio::test]
async fn a_directory_is_asked_again_for_a_fresh_proof_and_never_without_a_password() {
    let Some(slapd) = Slapd::start(&[person("hanna", WORDS, "")]) else { return };
    for test in databases().await {
        invited(&test, &[(1, "head")]).await;
        let school = plainly(&test, &slapd);
        let who = Staff { school: &school, cookie: cookie(&sign_in(&school, "hanna", WORDS).await).into() };
        school.clock.set(MONDAY.plus_millis(11 * MINUTE_MS));
        assert_eq!(who.get("/me/codes").await.location(), "/sign-in/again?back=%2Fme%2Fcodes");
        // Without a password a directory lets in anybody, as nobody.
        for wrong in ["password=&back=%2Fme", "password=other+words&back=%2Fme"] {
            let again = who.post("/sign-in/again", wrong).await;
            assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "{}: {wrong}", test.engine);
        }
        let right = format!("password={}&back=%2Fme%2Fcodes", WORDS.replace(' ', "+"));
        assert_eq!(who.post("/sign-in/again", &right).await.location(), "/me/codes");
    }
}

/// Another way in than what is kept here says of somebody nothing that lets them in.
fn kept_out(answer: &Answer, case: &str) {
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{case}: {}", answer.body);
    assert!(!answer.headers.contains_key("set-cookie"), "{case}");
}

#[tokio::test]
async fn whoever_is_let_in_again_comes_in_by_their_invitation_and_not_by_the_directory() {
    let Some(slapd) = Slapd::start(&[person("hanna", WORDS, ""), person("theo", WORDS, "")]) else { return };
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head"), (2, "network-manager"), (3, "deputy-dsl")]).await;
        let school = plainly(&test, &slapd);
        let (head, manager) = (welcomed(&school, &tokens[0]).await, welcomed(&school, &tokens[1]).await);
        welcomed(&school, &tokens[2]).await;
        assert_eq!(sign_in(&school, "theo", WORDS).await.status, StatusCode::SEE_OTHER, "{}", test.engine);

        let page = "/staff/recoveries/3";
        manager.post("/staff/recoveries", "whose=theo&reason=Fell+in+the+sea.").await;
        // As long as nobody has agreed, nothing has changed for them.
        assert_eq!(sign_in(&school, "theo", WORDS).await.status, StatusCode::SEE_OTHER, "{}", test.engine);
        let proposal = head.get(page).await.value("input[name=proposal]").unwrap();
        let body = format!("proposal={proposal}&agreement=I+know+him.");
        let agreed = head.post(&format!("{page}/agreement"), &body).await;
        assert_eq!(agreed.words("h1"), ["You agreed"], "{}", agreed.body);
        kept_out(&sign_in(&school, "theo", WORDS).await, "agreed, and no link yet");
        let given = manager.post(&format!("{page}/link"), "").await;
        kept_out(&sign_in(&school, "theo", WORDS).await, "the link is on its way");
        let link = given.words("main code").concat();
        let link = link.strip_prefix("http://portal.example").unwrap();
        let back = school.post(HERE, link, &crate::staff::form("cobweb lantern ferry")).await;
        assert_eq!(back.location(), "/today", "{}", back.body);
        assert_eq!(sign_in(&school, "theo", WORDS).await.status, StatusCode::SEE_OTHER, "{}", test.engine);

        // Invited anew at the machine, when they were away for so long that their sessions are forgotten.
        let tx = test.db.begin().await.unwrap();
        tx.conn().execute_unprepared("DELETE FROM session").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(sign_in(&school, "hanna", WORDS).await.status, StatusCode::SEE_OTHER, "{}", test.engine);
        let tx = test.db.begin().await.unwrap();
        tx.conn().execute_unprepared("DELETE FROM session").await.unwrap();
        tx.commit().await.unwrap();
        crate::staff::invited_anew(&test, 1).await;
        kept_out(&sign_in(&school, "hanna", WORDS).await, test.engine);
    }
}

#[tokio::test]
async fn a_directory_must_prove_who_it_is_and_is_told_no_password_before_it_has() {
    let Some(slapd) = Slapd::start(&[person("hanna", WORDS, "")]) else { return };
    let test = &databases().await[0];
    invited(test, &[]).await;
    let own = || Trust::of_pem(slapd.certificate.as_bytes());
    let other = || {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        Trust::of_pem(made.cert.pem().as_bytes())
    };
    let over_tls = || settings(&format!("ldaps://localhost:{}", slapd.tls_port));
    let starting =
        || Settings { start_tls: Some(true), ..settings(&format!("ldap://localhost:{}", slapd.port)) };
    let by_address = || settings(&format!("ldaps://127.0.0.1:{}", slapd.tls_port));
    for (settings, trust, lets_in) in [
        (over_tls(), own(), true),
        (starting(), own(), true),
        (over_tls(), other(), false),
        (starting(), other(), false),
        (over_tls(), Trust::of_pem(b""), false),
        // Its certificate is for its name.
        (by_address(), own(), false),
    ] {
        let school = school(test, settings.clone(), trust);
        let answer = sign_in(&school, "hanna", WORDS).await;
        if lets_in {
            assert_eq!(answer.status, StatusCode::SEE_OTHER, "{settings:?}: {}", answer.body);
        } else {
            assert!(answer.body.contains("does not answer just now"), "{settings:?}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn people_are_found_by_what_the_roll_calls_them_and_get_an_account_by_it() {
    let people = [
        person("a.example", WORDS, "employeeNumber: Ada\n"),
        person("b.example", WORDS, "employeeNumber: nobody\n"),
        person("lena", WORDS, "employeeNumber: Hanna Example\n"),
        person("c.example", WORDS, ""),
    ];
    let Some(slapd) = Slapd::start(&people) else { return };
    let by_roll = |more: Settings| Settings {
        person: Some("employeeNumber".into()),
        means: Some(Means::RollId),
        ..more
    };
    for test in databases().await {
        invited(&test, &[(1, "teacher")]).await;
        let plain = format!("ldap://localhost:{}", slapd.port);
        let school_of = |settings| school(&test, by_roll(settings), Trust::of_pem(b""));
        let school = school_of(settings(&plain));
        refused(&sign_in(&school, "a.example", WORDS).await);
        let mut tx = test.db.begin().await.unwrap();
        let roll = "[[person]]\nname = \"Hanna Example\"\ngroups = []\n[[person]]\nid = \"Ada\"\nname = \"Ada Example\"\ngroups = []\n";
        people::import(&mut tx, &Actor::CommandLine(1000), &RollFile::parse(roll).unwrap(), MONDAY)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let done = sign_in(&school, "a.example", WORDS).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}: {}", test.engine, done.body);
        let ada = Staff { school: &school, cookie: cookie(&done).into() };
        assert!(ada.get("/me").await.body.contains("Ada Example"));
        let mut tx = test.db.read().await.unwrap();
        let entries = trail::newest(&mut tx, None, 10).await.unwrap();
        assert!(entries.iter().any(|one| one.verb == "account.make"), "{}", test.engine);
        tx.roll_back().await.unwrap();
        // Nobody is put on the roll, and whoever the directory does not number is nobody.
        refused(&sign_in(&school, "b.example", WORDS).await);
        refused(&sign_in(&school, "c.example", WORDS).await);
        // Lena has left the roll; by that name the directory means Hanna.
        let hanna = sign_in(&school, "lena", WORDS).await;
        let hanna = Staff { school: &school, cookie: cookie(&hanna).into() };
        assert!(hanna.get("/me").await.body.contains("Hanna Example"), "{}", test.engine);
        // As themselves, and not by the name of an account: Hanna is called hanna here, and the directory has none.
        school.clock.set(MONDAY.plus_millis(11 * MINUTE_MS));
        let again = format!("password={}", WORDS.replace(' ', "+"));
        assert_eq!(hanna.post("/sign-in/again", &again).await.status, StatusCode::UNPROCESSABLE_ENTITY);

        // As people sign in to it themselves, without an account of the program's own.
        let template = Some("uid={},ou=people,dc=school,dc=example".to_owned());
        let own = Settings { service: None, secret: None, template, ..settings(&plain) };
        let other = school_of(own);
        // Those who were refused before wait no more.
        other.clock.set(MONDAY.plus_millis(60 * MINUTE_MS));
        let done = sign_in(&other, "a.example", WORDS).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}: {}", test.engine, done.body);
        refused(&sign_in(&other, "a.example", "other words").await);
    }
}

#[tokio::test]
async fn whoever_signs_in_to_a_directory_by_one_name_is_not_whom_it_finds_by_another() {
    // By the template, hanna is whose cn that is, and who reads others' entries; the search finds by uid, and that is somebody else.
    let other = format!(
        "dn: {READER}\nobjectClass: inetOrgPerson\nuid: somebody\ncn: hanna\nsn: Example\nuserPassword: words of another\n\n"
    );
    let Some(slapd) = Slapd::start(&[person("hanna", WORDS, ""), other]) else { return };
    for test in databases().await {
        invited(&test, &[]).await;
        let template = Some("cn={},ou=people,dc=school,dc=example".to_owned());
        let settings = settings(&format!("ldap://localhost:{}", slapd.port));
        let school =
            school(&test, Settings { service: None, secret: None, template, ..settings }, Trust::of_pem(b""));
        refused(&sign_in(&school, "hanna", "words of another").await);
        refused(&sign_in(&school, "hanna", WORDS).await);
    }
}

#[tokio::test]
async fn whoever_has_left_the_roll_is_nobody_whatever_the_directory_says() {
    let Some(slapd) = Slapd::start(&[person("hanna", WORDS, "")]) else { return };
    for test in databases().await {
        invited(&test, &[]).await;
        let school = plainly(&test, &slapd);
        assert_eq!(sign_in(&school, "hanna", WORDS).await.status, StatusCode::SEE_OTHER);
        let mut tx = test.db.begin().await.unwrap();
        let roll = RollFile::parse("[[person]]\nname = \"Lena Example\"\ngroups = []\n").unwrap();
        people::import(&mut tx, &Actor::CommandLine(1000), &roll, MONDAY).await.unwrap();
        tx.commit().await.unwrap();
        refused(&sign_in(&school, "hanna", WORDS).await);
    }
}

#[tokio::test]
async fn a_directory_is_handed_few_wrong_passwords_of_one_name_wherever_they_come_from() {
    let Some(slapd) = Slapd::start(&[person("hanna", WORDS, "")]) else { return };
    for test in databases().await {
        let tokens = invited(&test, &[]).await;
        let school = plainly(&test, &slapd);
        welcomed(&school, &tokens[0]).await;
        for number in 1..=5 {
            let from = format!("127.0.0.{number}");
            let body = "name=hanna&password=other+words";
            assert!(school.post(&from, "/sign-in", body).await.body.contains(NOT_RIGHT), "{number}");
        }
        let right = format!("name=hanna&password={}", WORDS.replace(' ', "+"));
        let waits = school.post("127.0.0.99", "/sign-in", &right).await;
        assert!(waits.body.contains("tried too often"), "{}: {}", test.engine, waits.body);
        // The password that is kept here waits for nobody elsewhere.
        let here = format!("name=hanna&password={}", PASSWORD.replace(' ', "+"));
        assert_eq!(school.post("127.0.0.98", "/sign-in", &here).await.status, StatusCode::SEE_OTHER);
        school.clock.set(MONDAY.plus_millis(MINUTE_MS));
        let later = school.post("127.0.0.97", "/sign-in", &right).await;
        assert_eq!(later.status, StatusCode::SEE_OTHER, "{}: {}", test.engine, later.body);
    }
}

#[tokio::test]
async fn a_directory_that_does_not_answer_keeps_nobody_out_who_has_a_password_here() {
    for test in databases().await {
        let tokens = invited(&test, &[]).await;
        let dead = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ldap://{}", dead.local_addr().unwrap());
        let school = Arc::new(school(&test, settings(&url), Trust::of_pem(b"")));
        welcomed(&school, &tokens[1]).await;
        // Twenty people at once, each in a place of their own. No more than four keep it, and its silence, company.
        let asking = async {
            let mut all = tokio::task::JoinSet::new();
            for number in 1..=20_u8 {
                let school = Arc::clone(&school);
                all.spawn(async move {
                    let from = format!("127.0.1.{number}");
                    school.post(&from, "/sign-in", "name=hanna&password=other+words+again").await
                });
            }
            all.join_all().await
        };
        let meanwhile = async {
            let mut held = Vec::new();
            while held.len() < 4 {
                let mut connection = dead.accept().await.unwrap().0;
                // Whoever it is signs in there, and waits.
                assert!(connection.read(&mut [0; 256]).await.unwrap() > 0);
                held.push(connection);
            }
            let lena = sign_in(&school, "lena", PASSWORD).await;
            assert_eq!(lena.status, StatusCode::SEE_OTHER, "{}: {}", test.engine, lena.body);
            let more = tokio::time::timeout(std::time::Duration::ZERO, dead.accept()).await;
            assert!(more.is_err(), "{}: a fifth asks beside four", test.engine);
            drop(held);
            drop(dead);
        };
        let (answers, ()) = tokio::join!(asking, meanwhile);
        let waits = answers.iter().filter(|answer| answer.body.contains("tried too often")).count();
        let silent = answers.iter().filter(|answer| answer.body.contains("does not answer just now")).count();
        assert_eq!(waits + silent, 20, "{}", test.engine);
        assert!(silent >= 4, "{}: {silent}", test.engine);
        let judged = school.tries.all();
        assert!(judged.iter().any(|(id, count)| *id == "no-answer" && *count >= 4), "{judged:?}");
    }
}

#[tokio::test]
async fn whoever_is_let_in_again_comes_in_by_their_invitation_and_by_nothing_that_a_directory_says() {
    let Some(slapd) = Slapd::start(&[person("lena", WORDS, "")]) else { return };
    for test in databases().await {
        let duties = [(1, "head"), (2, "network-manager"), (3, "dsl")];
        let tokens = invited(&test, &duties).await;
        let school = plainly(&test, &slapd);
        let (head, dsl) = (welcomed(&school, &tokens[0]).await, welcomed(&school, &tokens[2]).await);
        welcomed(&school, &tokens[1]).await;
        assert_eq!(sign_in(&school, "lena", WORDS).await.status, StatusCode::SEE_OTHER, "{}", test.engine);
        head.post("/staff/recoveries", "whose=lena&reason=Lost.").await;
        let page = "/staff/recoveries/2";
        let proposal = dsl.get(page).await.value("input[name=proposal]").unwrap();
        let body = format!("proposal={proposal}&agreement=I+know+her.");
        let agreed = dsl.post(&format!("{page}/agreement"), &body).await;
        assert_eq!(agreed.words("h1"), ["You agreed"], "{}", agreed.body);
        // Somebody who has learned her password there does not come in first: neither before the link is made nor after.
        refused(&sign_in(&school, "lena", WORDS).await);
        let link = head.post(&format!("{page}/link"), "").await.words("main code").concat();
        refused(&sign_in(&school, "lena", WORDS).await);
        let link = link.strip_prefix("http://portal.example").unwrap();
        let again = school.post(HERE, link, &crate::staff::form("cobweb lantern ferry")).await;
        assert_eq!(again.location(), "/today", "{}: {}", test.engine, again.body);
        assert_eq!(sign_in(&school, "lena", WORDS).await.status, StatusCode::SEE_OTHER, "{}", test.engine);
    }
}

/// The answer that somebody may sign in (RFC 4511, 4.2.2), to the first question.
const LET_IN: &[u8] = &[0x30, 0x0c, 2, 1, 1, 0x61, 7, 10, 1, 0, 4, 0, 4, 0];

/// What a program that is no directory, or a broken one, may answer: its name, the answer to signing in, that to the search.
fn garbage() -> Vec<(&'static str, Vec<u8>, Vec<u8>)> {
    let none = Vec::new;
    let let_in = || LET_IN.to_vec();
    let done = |second: &[u8]| [second, &[0x30, 0x0c, 2, 1, 2, 0x65, 7, 10, 1, 0, 4, 0, 4, 0]].concat();
    vec![
        ("another protocol", b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), none()),
        ("zeros", vec![0; 4_096], none()),
        ("ones", vec![0xff; 4_096], none()),
        ("an empty message", vec![0x30, 0], none()),
        ("a number and nothing", vec![0x30, 3, 2, 1, 1], none()),
        ("an answer with nothing in it", vec![0x30, 5, 2, 1, 1, 0x61, 0], none()),
        ("a number that is a text", vec![0x30, 5, 4, 1, 1, 0x61, 0], none()),
        ("an answer of one part", vec![0x30, 8, 2, 1, 1, 0x61, 3, 10, 1, 0], none()),
        ("a text that is none", vec![0x30, 0x0e, 2, 1, 1, 0x61, 9, 10, 1, 0, 4, 2, 0xff, 0xfe, 4, 0], none()),
        ("controls alone", vec![0x30, 2, 0xa0, 0], none()),
        ("controls that are none", [&[0x30, 0x10][..], &LET_IN[2..], &[0xa0, 2, 4, 0]].concat(), none()),
        ("the answer to another question", vec![0x30, 0x0c, 2, 1, 99, 0x61, 7, 10, 1, 0, 4, 0, 4, 0], none()),
        ("an answer of another kind", vec![0x30, 0x0c, 2, 1, 1, 0x65, 7, 10, 1, 0, 4, 0, 4, 0], none()),
        ("half a message", LET_IN[..6].to_vec(), none()),
        ("a huge length", vec![0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 2, 1, 1], none()),
        ("a length that no number holds", [&[0x30, 0xff][..], &[0xff; 127]].concat(), none()),
        ("an entry with nothing in it", let_in(), done(&[0x30, 5, 2, 1, 2, 0x64, 0])),
        ("an entry of one part", let_in(), done(&[0x30, 7, 2, 1, 2, 0x64, 2, 4, 0])),
        (
            "an entry without a name",
            let_in(),
            done(&[0x30, 0x0b, 2, 1, 2, 0x64, 6, 4, 2, 0xff, 0xfe, 0x30, 0]),
        ),
        (
            "an attribute with nothing in it",
            let_in(),
            done(&[0x30, 0x0b, 2, 1, 2, 0x64, 6, 4, 0, 0x30, 2, 0x30, 0]),
        ),
        ("a referral that is none", let_in(), done(&[0x30, 5, 2, 1, 2, 0x73, 0])),
        ("a question in place of an answer", let_in(), vec![0x30, 5, 2, 1, 2, 0x63, 0]),
        (
            "no end of entries",
            let_in(),
            [0x30, 0x0b, 2, 1, 2, 0x64, 6, 4, 2, b'a', b'=', 0x30, 0].repeat(20_000),
        ),
    ]
}

/// Answers whoever asks: the first question so, the second so, and nothing more.
async fn answers(listener: TcpListener, first: Vec<u8>, second: Vec<u8>) {
    use tokio::io::AsyncWriteExt as _;
    while let Ok((mut connection, _)) = listener.accept().await {
        for bytes in [&first, &second] {
            let asked = connection.read(&mut [0; 4_096]).await;
            if asked.is_err() || bytes.is_empty() || connection.write_all(bytes).await.is_err() {
                break;
            }
        }
        // It stays, and says no more.
        let _ = connection.read(&mut [0; 4_096]).await;
    }
}

/// In a program in which a panic ends its task alone; the released one, where it ends the program, starts its hub again.
#[tokio::test]
async fn whatever_a_directory_answers_whoever_signs_in_is_told_plainly_and_the_rest_goes_on() {
    let test = &databases().await[0];
    let tokens = invited(test, &[]).await;
    let mut number = 0;
    for (name, first, second) in garbage() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ldap://{}", listener.local_addr().unwrap());
        let answering = tokio::spawn(answers(listener, first, second));
        let school = school(test, settings(&url), Trust::of_pem(b""));
        // Those who were refused before wait no more.
        number += 1;
        school.clock.set(MONDAY.plus_millis(number * 60 * MINUTE_MS));
        if number == 1 {
            school.clock.set(MONDAY);
            welcomed(&school, &tokens[1]).await;
        }
        let begun = std::time::Instant::now();
        let answer = sign_in(&school, "hanna", WORDS).await;
        assert!(begun.elapsed() < std::time::Duration::from_secs(9), "{name}: {:?}", begun.elapsed());
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}: {}", answer.body);
        let plainly = ["does not answer just now", NOT_RIGHT].iter().any(|words| answer.body.contains(words));
        assert!(plainly && !answer.headers.contains_key("set-cookie"), "{name}: {}", answer.body);
        // Whoever has a password here signs in as ever.
        let lena = sign_in(&school, "lena", PASSWORD).await;
        assert_eq!(lena.status, StatusCode::SEE_OTHER, "{name}: {}", lena.body);
        answering.abort();
    }
}
