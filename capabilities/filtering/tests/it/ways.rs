//! What stands for what: passkeys, passwords and invitations, and that nobody loses their only way in.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use engine::PersonNo;
use kit::Private;
use people::account::provider::{Provider, Settings};
use people::account::{self, Invite, InviteError, Means, Token, Trust, Ways};
use people::duty::{self, Duties, Proof};
use store::Actor;
use store::orm::{ConnectionTrait as _, Statement};
use testing::{MONDAY, TestDatabase, databases};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

use crate::school::School;
use crate::staff::{HERE, PASSWORD, Staff, cookie, form, invited, permit, welcomed};

const FIRST: &str = "passkey_01890a5dac96774bbcceb302099a8057";
const SECOND: &str = "passkey_01890a5dac96774bbcceb302099a8058";

async fn run(test: &TestDatabase, sql: &str) {
    let tx = test.db.begin().await.unwrap();
    tx.conn().execute_raw(Statement::from_string(tx.backend(), sql)).await.unwrap();
    tx.commit().await.unwrap();
}

/// A passkey of somebody's, as it is kept. What one proves a browser proves, in `journeys/browser/passkeys.test.mjs`.
async fn passkey(test: &TestDatabase, person: u32, id: &str) {
    run(
        test,
        &format!(
            "INSERT INTO passkey (id, account, credential, called, key, made_at) \
             SELECT '{id}', id, '{id}', 'My key', '{{}}', 0 FROM account WHERE person = {person}"
        ),
    )
    .await;
}

#[tokio::test]
async fn a_password_or_an_invitation_does_not_stand_for_a_passkey() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head"), (2, "teacher")]).await;
        let school = School::new(&test, None);
        let hanna = welcomed(&school, &tokens[0]).await;
        assert_eq!(hanna.get("/me/codes").await.status, StatusCode::OK, "{}: the first one", test.engine);
        passkey(&test, 1, FIRST).await;

        let alone = school.post(HERE, "/sign-in", "name=hanna&password=teapots+over+jupiter").await;
        let alone = Staff { school: &school, cookie: cookie(&alone).into() };
        assert!(alone.get("/today").await.body.contains("Prove it by your passkey"));
        assert_eq!(alone.get("/staff/requests").await.status, StatusCode::FORBIDDEN, "{}", test.engine);
        let mut tx = test.db.begin().await.unwrap();
        let token = Token::of([9; 32]);
        account::invite(&mut tx, &permit::<Invite>(PersonNo(1)), None, &token, MONDAY).await.unwrap();
        tx.commit().await.unwrap();
        let page = ["/me/codes", "/me/passkeys", &format!("/me/passkeys/{FIRST}")].map(str::to_owned);
        for path in &page {
            let refused = alone.get(path).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}: {path}", test.engine);
            assert_eq!(refused.words("h1"), ["Show your second proof first"]);
        }
        let changes =
            ["/me/codes", "/me/codes/removal", "/me/codes/recovery", "/me/passkeys"].map(str::to_owned);
        let own = ["name", "removal"].map(|what| format!("/me/passkeys/{FIRST}/{what}"));
        for path in changes.iter().chain(&own) {
            let refused = alone.post(path, "called=mine&code=123456&sealed=AAAA").await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}: {path}", test.engine);
        }
        // Nor does an invitation, whoever gave it.
        let anew =
            school.post(HERE, &format!("/welcome/{}", token.reveal()), &form("cobweb lantern ferry")).await;
        assert_eq!((anew.status, anew.location()), (StatusCode::SEE_OTHER, "/today"), "{}", anew.body);
        let anew = Staff { school: &school, cookie: cookie(&anew).into() };
        assert_eq!(anew.get("/staff/requests").await.status, StatusCode::FORBIDDEN, "{}", test.engine);
        assert_eq!(anew.get("/me/codes").await.status, StatusCode::FORBIDDEN);

        // A teacher's duties open nothing that a password must not: whoever has lost what held it takes it away.
        welcomed(&school, &tokens[1]).await;
        passkey(&test, 2, SECOND).await;
        let lena = school.post(HERE, "/sign-in", "name=lena&password=teapots+over+jupiter").await;
        let lena = Staff { school: &school, cookie: cookie(&lena).into() };
        let page = lena.get(&format!("/me/passkeys/{SECOND}")).await;
        assert!(page.body.contains("your password alone lets you in"), "{}", page.body);
        // Nobody else's, by whatever they are called.
        let other = format!("/me/passkeys/{FIRST}");
        assert_eq!(lena.get(&other).await.status, StatusCode::NOT_FOUND);
        assert_eq!(lena.post(&format!("{other}/name"), "called=mine").await.status, StatusCode::NOT_FOUND);
        lena.post(&format!("{other}/removal"), "").await;
        assert_eq!(lena.get("/me/passkeys/none").await.status, StatusCode::NOT_FOUND);
        let gone = lena.post(&format!("/me/passkeys/{SECOND}/removal"), "").await;
        assert_eq!(gone.location(), "/me/passkeys", "{}", gone.body);
        let kept = Statement::from_string(test.db.begin().await.unwrap().backend(), "SELECT id FROM passkey");
        let tx = test.db.begin().await.unwrap();
        assert_eq!(tx.conn().query_all_raw(kept).await.unwrap().len(), 1, "{}: Hanna's is hers", test.engine);
    }
}

#[tokio::test]
async fn the_only_way_in_is_not_taken_away() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "teacher")]).await;
        let school = School::new(&test, None);
        let hanna = welcomed(&school, &tokens[0]).await;
        passkey(&test, 1, FIRST).await;
        passkey(&test, 1, SECOND).await;
        run(&test, "UPDATE account SET password = NULL, password_at = NULL").await;
        let one = hanna.post(&format!("/me/passkeys/{FIRST}/removal"), "").await;
        assert_eq!(one.status, StatusCode::SEE_OTHER, "{}: {}", test.engine, one.body);
        let last = hanna.post(&format!("/me/passkeys/{SECOND}/removal"), "").await;
        assert_eq!(last.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", test.engine);
        assert!(last.body.contains("the only way in that you have"), "{}", last.body);
        // One that was stopped is no way in.
        run(&test, "UPDATE passkey SET stopped_at = 1").await;
        assert!(hanna.get("/today").await.body.contains("as if there were a copy of it"), "{}", test.engine);
        let stopped = hanna.post(&format!("/me/passkeys/{SECOND}/removal"), "").await;
        assert_eq!(stopped.status, StatusCode::SEE_OTHER, "{}: {}", test.engine, stopped.body);
    }
}

#[tokio::test]
async fn nobody_alone_invites_anew_whoever_holds_what_needs_a_second_proof() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head"), (2, "network-manager"), (3, "teacher")]).await;
        let school = School::new(&test, None);
        let invite = async |whom: u32| {
            let mut tx = test.db.begin().await.unwrap();
            let proof = Proof { at: MONDAY, several: true };
            let stands = duty::of_person(&mut tx, PersonNo(2), proof, MONDAY).await.unwrap();
            let authority = Duties::built_in().authority();
            let permit = authority.grant::<Invite>(&stands.standing, PersonNo(whom), MONDAY).unwrap();
            let invited = account::invite(
                &mut tx,
                &permit,
                None,
                &Token::of([100 + u8::try_from(whom).unwrap(); 32]),
                MONDAY,
            )
            .await;
            tx.roll_back().await.unwrap();
            invited
        };
        // How an account begins takes one person, and so does what opens nothing that a password must not.
        invite(1).await.unwrap();
        welcomed(&school, &tokens[0]).await;
        welcomed(&school, &tokens[2]).await;
        assert!(matches!(invite(1).await, Err(InviteError::NeedsTwo)), "{}", test.engine);
        invite(3).await.unwrap();
        // Nor once they were away for so long that their sessions are forgotten.
        let retention = store::retention::Retention::built_in().unwrap();
        let a_year_on = MONDAY.plus_millis(365 * 86_400_000);
        let erased =
            store::retention::carry_out(&test.db, &retention, &Actor::Job("retention"), a_year_on).await;
        assert!(erased.unwrap()["session"] > 1, "{}", test.engine);
        assert!(matches!(invite(1).await, Err(InviteError::NeedsTwo)), "{}: a year later", test.engine);
        // Not after a restore either, when nobody has a password.
        run(&test, "UPDATE account SET password = NULL, password_at = NULL").await;
        assert!(matches!(invite(1).await, Err(InviteError::NeedsTwo)), "{}", test.engine);
        let mut tx = test.db.begin().await.unwrap();
        let at_the_machine = permit::<Invite>(PersonNo(1));
        account::invite(&mut tx, &at_the_machine, None, &Token::of([7; 32]), MONDAY).await.unwrap();
        tx.commit().await.unwrap();
        let done =
            school.post(HERE, &format!("/welcome/{}", Token::of([7; 32]).reveal()), &form(PASSWORD)).await;
        assert_eq!(done.location(), "/today", "{}", done.body);
    }
}

/// A provider that is said to be there.
fn provided(issuer: &str) -> Ways {
    let settings = Settings {
        id: "sso".into(),
        name: "School account".into(),
        issuer: issuer.to_owned(),
        client_id: "fivebar".into(),
        secret: "sso.secret".into(),
        certificates: None,
        scopes: vec!["email".into()],
        person: "email".into(),
        means: Means::AccountName,
        called: None,
        hosted_domain: None,
        tenant: None,
        two_proofs: Vec::new(),
    };
    assert_eq!(settings.problems(), []);
    let provider = Provider::new(settings, Private::new("secret".into()), Trust::of_pem(b""));
    Ways::since(MONDAY).with_providers([provider])
}

#[tokio::test]
async fn signing_in_elsewhere_begins_on_our_own_page_alone() {
    let test = &databases().await[0];
    // Nobody listens there: whoever is led on is told that it does not answer.
    let school = School::with_ways(test, provided("http://127.0.0.1:9"));
    let begun = async |site: Option<&str>| {
        let request = Request::get("/sign-in/with/sso?back=%2Fme");
        let request = site.into_iter().fold(request, |request, site| request.header("sec-fetch-site", site));
        school.ask(HERE, request.body(Body::empty()).unwrap()).await
    };
    for elsewhere in ["cross-site", "same-site", "nonsense"] {
        let answer = begun(Some(elsewhere)).await;
        assert_eq!(answer.location(), "/sign-in?back=%2Fme", "{elsewhere}");
        assert!(!answer.headers.contains_key("set-cookie"));
    }
    for own in [Some("same-origin"), Some("none"), None] {
        assert!(begun(own).await.body.contains("does not answer just now"), "{own:?}");
    }
}

#[tokio::test]
async fn a_provider_that_does_not_answer_keeps_nobody_out_who_has_a_password_here() {
    for test in databases().await {
        let tokens = invited(&test, &[]).await;
        let dead = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let school = School::with_ways(&test, provided(&format!("http://{}", dead.local_addr().unwrap())));
        let school = Arc::new(school);
        welcomed(&school, &tokens[0]).await;
        // Twenty people at once: it is asked once, and one silence is enough for all.
        let asking = async {
            let mut all = tokio::task::JoinSet::new();
            for number in 1..=20_u8 {
                let school = Arc::clone(&school);
                all.spawn(async move { school.get(&format!("127.0.1.{number}"), "/sign-in/with/sso").await });
            }
            all.join_all().await
        };
        let meanwhile = async {
            let mut held = dead.accept().await.unwrap().0;
            assert!(held.read(&mut [0; 1024]).await.unwrap() > 0);
            let hanna = school.post(HERE, "/sign-in", "name=hanna&password=teapots+over+jupiter").await;
            assert_eq!(hanna.status, StatusCode::SEE_OTHER, "{}: {}", test.engine, hanna.body);
            let more = tokio::time::timeout(std::time::Duration::ZERO, dead.accept()).await;
            assert!(more.is_err(), "{}: it is asked twice at once", test.engine);
            drop(held);
            drop(dead);
        };
        let (answers, ()) = tokio::join!(asking, meanwhile);
        for answer in answers {
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", test.engine);
            assert!(answer.body.contains("School account does not answer just now"), "{}", answer.body);
            assert!(answer.body.contains("name=\"password\""), "the other way is on the page");
        }
    }
}

#[tokio::test]
async fn of_two_ways_in_that_are_taken_away_at_once_one_stays() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "teacher")]).await;
        let school = School::new(&test, None);
        let hanna = welcomed(&school, &tokens[0]).await;
        passkey(&test, 1, FIRST).await;
        passkey(&test, 1, SECOND).await;
        run(&test, "UPDATE account SET password = NULL, password_at = NULL").await;
        let (first, second) =
            (format!("/me/passkeys/{FIRST}/removal"), format!("/me/passkeys/{SECOND}/removal"));
        let (one, other) = tokio::join!(hanna.post(&first, ""), hanna.post(&second, ""));
        let mut came = [one.status, other.status];
        came.sort();
        assert_eq!(came, [StatusCode::SEE_OTHER, StatusCode::UNPROCESSABLE_ENTITY], "{}", test.engine);
    }
}

#[tokio::test]
async fn a_passkey_that_is_older_than_the_password_does_not_come_with_a_duty() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "teacher"), (2, "teacher")]).await;
        let school = School::new(&test, None);
        welcomed(&school, &tokens[0]).await;
        welcomed(&school, &tokens[1]).await;
        passkey(&test, 1, FIRST).await;
        passkey(&test, 2, SECOND).await;
        // The first was there before its owner chose their password: whoever invited them before may have put it there.
        run(&test, &format!("UPDATE passkey SET made_at = {} WHERE id = '{FIRST}'", MONDAY.as_millis() - 1))
            .await;
        run(&test, &format!("UPDATE passkey SET made_at = {} WHERE id = '{SECOND}'", MONDAY.as_millis() + 1))
            .await;
        for person in [1, 2] {
            crate::staff::give(&test, person, "deputy-dsl").await;
        }
        let tx = test.db.read().await.unwrap();
        let left =
            tx.conn().query_all_raw(Statement::from_string(tx.backend(), "SELECT id FROM passkey")).await;
        let left: Vec<String> = left.unwrap().iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
        assert_eq!(left, [SECOND], "{}", test.engine);
    }
}
