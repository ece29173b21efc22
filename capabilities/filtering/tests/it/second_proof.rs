//! A second proof beside a password: codes of an app, and on paper.

use axum::http::StatusCode;
use engine::PersonNo;
use kit::Timestamp;
use people::account::codes::{self, CodeSecret};
use people::account::{self, Token};
use store::{Actor, trail};
use testing::{MONDAY, databases};

use crate::school::{Answer, School};
use crate::staff::{HERE, MINUTE_MS, Staff, cookie, form, invited, permit, welcomed};

const RIGHT: &str = "name=hanna&password=teapots+over+jupiter";
const STEP_MS: i64 = 30_000;

/// The secret as the page gives it to somebody who types it into an app.
fn typed_in(page: &Answer) -> CodeSecret {
    const SIGNS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let words = page.words(".fivebar-secret").concat().replace(' ', "");
    let bits = words.chars().flat_map(|sign| {
        let value = SIGNS.find(sign).unwrap();
        (0..5).rev().map(move |bit| (value >> bit) & 1 == 1)
    });
    let bits: Vec<bool> = bits.collect();
    let bytes = bits.chunks(8).map(|byte| byte.iter().fold(0, |all, bit| (all << 1) | u8::from(*bit)));
    CodeSecret::of(bytes.collect::<Vec<u8>>().try_into().unwrap())
}

/// Sets codes up for somebody who is signed in: the app's secret, and the recovery codes.
async fn set_up(who: &Staff<'_>, at: Timestamp) -> (CodeSecret, Vec<String>) {
    let page = who.get("/me/codes").await;
    assert_eq!(page.words("h1"), ["Set up codes on your phone"], "{}", page.body);
    assert!(page.body.contains("<svg") && page.body.contains("role=\"img\""));
    let (secret, sealed) = (typed_in(&page), page.value("input[name=sealed]").unwrap());
    let wrong = who.post("/me/codes", &format!("sealed={sealed}&code=000000")).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(typed_in(&wrong).reveal(), secret.reveal(), "the app has it already");
    let code = secret.code(at).unwrap();
    let done = who.post("/me/codes", &format!("sealed={sealed}&code={code}")).await;
    assert_eq!(done.words("h1"), ["Your recovery codes"], "{}", done.body);
    let codes = done.words("ol code");
    assert_eq!(codes.len(), 10);
    (secret, codes)
}

/// The page after the right password.
async fn half_way(school: &School, from: &str) -> Answer {
    let page = school.post(from, "/sign-in", &format!("{RIGHT}&back=%2Fme")).await;
    assert_eq!(
        (page.status, page.words("h1")),
        (StatusCode::OK, vec!["Enter a code".to_owned()]),
        "{}",
        page.body
    );
    assert!(!page.headers.contains_key("set-cookie"), "half is nothing");
    page
}

async fn with_code(school: &School, from: &str, half: &Answer, code: &str) -> Answer {
    let (half, back) = (half.value("input[name=half]").unwrap(), half.value("input[name=back]").unwrap());
    let body = format!("half={half}&code={}&back={}", code.replace(' ', "+"), back.replace('/', "%2F"));
    school.post(from, "/sign-in/code", &body).await
}

#[tokio::test]
async fn somebody_changes_their_own_password_and_is_signed_out_everywhere_else() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "teacher")]).await;
        let school = School::new(&test, None);
        let here = welcomed(&school, &tokens[0]).await;
        let old = "name=hanna&password=teapots+over+jupiter";
        let elsewhere = school.post(HERE, "/sign-in", old).await;
        let elsewhere = Staff { school: &school, cookie: cookie(&elsewhere).into() };
        assert!(here.get("/me").await.body.contains("Change your password"));
        assert_eq!(here.get("/me/password").await.status, StatusCode::OK);
        for (body, say) in [
            ("password=short&repeated=short", "characters"),
            ("password=cobweb+lantern+ferry&repeated=cobweb+lantern", "the same password twice"),
        ] {
            let again = here.post("/me/password", body).await;
            assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
            assert!(again.body.contains(say), "{body}: {}", again.body);
        }
        let changed = here.post("/me/password", &form("cobweb lantern ferry")).await;
        assert_eq!(changed.location(), "/me", "{}: {}", test.engine, changed.body);
        assert_eq!(here.get("/me").await.status, StatusCode::OK, "{}: one stays where one is", test.engine);
        assert_eq!(elsewhere.get("/me").await.status, StatusCode::SEE_OTHER, "{}", test.engine);
        assert_eq!(school.post(HERE, "/sign-in", old).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        let new = school.post(HERE, "/sign-in", "name=hanna&password=cobweb+lantern+ferry").await;
        assert_eq!(new.status, StatusCode::SEE_OTHER, "{}", new.body);
        // Some minutes later they prove first who they are.
        school.clock.set(MONDAY.plus_millis(11 * MINUTE_MS));
        let late = here.post("/me/password", &form("cobweb lantern barge")).await;
        assert!(late.value("input[name=repeated]").is_some(), "{}", late.body);
        assert_eq!(here.get("/me/password").await.status, StatusCode::SEE_OTHER);
    }
}

#[tokio::test]
async fn a_code_is_the_second_proof_and_is_never_taken_twice() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head")]).await;
        let school = School::new(&test, None);
        let first = welcomed(&school, &tokens[0]).await;
        assert!(first.get("/today").await.body.contains("Before you sign out"), "{}", test.engine);
        let (secret, _) = set_up(&first, MONDAY).await;
        assert!(!first.get("/today").await.body.contains("Before you sign out"));

        let half = half_way(&school, HERE).await;
        let used = with_code(&school, HERE, &half, &secret.code(MONDAY).unwrap()).await;
        assert_eq!(used.status, StatusCode::UNPROCESSABLE_ENTITY, "{}: the one that set it up", test.engine);
        // A clock that is half a minute ahead; blanks as apps show them.
        let next = secret.code(MONDAY.plus_millis(STEP_MS)).unwrap();
        let spaced = format!("{} {}", &next[..3], &next[3..]);
        let done = with_code(&school, HERE, &half, &spaced).await;
        assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, "/me"), "{}", done.body);
        let again = with_code(&school, HERE, &half_way(&school, HERE).await, &next).await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "{}: twice", test.engine);
        let before = secret.code(MONDAY.plus_millis(-STEP_MS)).unwrap();
        let older = with_code(&school, HERE, &half, &before).await;
        assert_eq!(older.status, StatusCode::UNPROCESSABLE_ENTITY, "{}: an older one", test.engine);

        let who = Staff { school: &school, cookie: cookie(&done).into() };
        let me = who.get("/me").await;
        assert!(me.words(".govuk-summary-list__value").contains(&"Headteacher".to_owned()), "{}", me.body);
        let today = who.get("/today").await;
        assert!(today.body.contains("You last signed in before at"), "{}", today.body);
        let mut tx = test.db.read().await.unwrap();
        let entries = trail::newest(&mut tx, None, 20).await.unwrap();
        let begun = entries.iter().find(|one| one.verb == "session.begin").unwrap();
        assert_eq!(begun.detail, "{\"how\":\"password+code\"}");
        assert!(entries.iter().any(|one| one.verb == "second-proof.set-up"));
    }
}

#[tokio::test]
async fn a_password_alone_leaves_the_duties_that_need_more_at_rest() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head"), (2, "teacher")]).await;
        let school = School::new(&test, None);
        welcomed(&school, &tokens[0]).await;
        let alone =
            Staff { school: &school, cookie: cookie(&school.post(HERE, "/sign-in", RIGHT).await).into() };
        let today = alone.get("/today").await;
        assert!(today.body.contains("so what you do as Headteacher rests"), "{}", today.body);
        assert_eq!(alone.get("/staff/requests").await.status, StatusCode::FORBIDDEN, "{}", test.engine);
        // The page says what rests and what to do, and leads back; a change is refused the same way, and what nobody has is not there.
        let rests = alone.get("/staff/requests").await;
        assert_eq!(rests.words("h1"), ["This needs your second proof"], "{}", rests.body);
        assert!(
            rests.body.contains("Headteacher") && rests.body.contains("/me/codes?back=%2Fstaff%2Frequests")
        );
        let refused = alone.post("/staff/roll/new", "given=Ada").await;
        assert_eq!(refused.words("h1"), ["This needs your second proof"], "{}", refused.body);
        assert_eq!(alone.get("/staff/no-such-page").await.status, StatusCode::NOT_FOUND);
        let asked = alone.get("/me/codes?back=%2Fstaff%2Frequests").await;
        assert_eq!(asked.value("input[name=back]").as_deref(), Some("/staff/requests"), "{}", asked.body);
        let elsewhere = alone.get("/me/codes?back=%2F%2Felsewhere.example").await;
        assert_eq!(elsewhere.value("input[name=back]").as_deref(), Some("/today"), "{}", elsewhere.body);
        let (secret, sealed) = (typed_in(&asked), asked.value("input[name=sealed]").unwrap());
        let code = secret.code(MONDAY).unwrap();
        let body = format!("sealed={sealed}&back=%2Fstaff%2Frequests&code={code}");
        let done = alone.post("/me/codes", &body).await;
        assert!(done.body.contains("href=\"/staff/requests\""), "{}: {}", test.engine, done.body);
        alone.post("/me/codes/removal", "").await;
        // By setting codes up they are held at once, in this session.
        school.clock.set(MONDAY.plus_millis(STEP_MS * 2));
        set_up(&alone, MONDAY.plus_millis(STEP_MS * 2)).await;
        assert_eq!(alone.get("/staff/requests").await.status, StatusCode::OK, "{}", test.engine);
        // Taking them away lets them rest again, everywhere.
        assert_eq!(alone.post("/me/codes/removal", "").await.location(), "/me");
        assert_eq!(alone.get("/staff/requests").await.status, StatusCode::FORBIDDEN);

        // A teacher's duties open nothing that a password must not.
        welcomed(&school, &tokens[1]).await;
        let lena = school.post(HERE, "/sign-in", "name=lena&password=teapots+over+jupiter").await;
        let lena = Staff { school: &school, cookie: cookie(&lena).into() };
        assert!(!lena.get("/today").await.body.contains("rests"));
        assert!(lena.get("/me").await.body.contains("Teacher"));
    }
}

#[tokio::test]
async fn a_recovery_code_lets_in_once_and_is_kept_as_a_keyed_hash() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head")]).await;
        let school = School::new(&test, None);
        let first = welcomed(&school, &tokens[0]).await;
        let (_, codes) = set_up(&first, MONDAY).await;
        let half = half_way(&school, HERE).await;
        let done = with_code(&school, HERE, &half, &codes[3].to_lowercase().replace('-', " ")).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}: {}", test.engine, done.body);
        let again = with_code(&school, HERE, &half, &codes[3]).await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "{}: twice", test.engine);
        let who = Staff { school: &school, cookie: cookie(&done).into() };
        assert!(who.get("/me/codes").await.body.contains("9 recovery codes are left."));
        let renewed = who.post("/me/codes/recovery", "").await.words("ol code");
        assert!(renewed.len() == 10 && !renewed.contains(&codes[0]));
        let old = with_code(&school, HERE, &half, &codes[0]).await;
        assert_eq!(old.status, StatusCode::UNPROCESSABLE_ENTITY, "{}: of before", test.engine);
        // After ten minutes a proof comes first, and both are asked for.
        school.clock.set(MONDAY.plus_millis(11 * MINUTE_MS));
        let asked = who.get("/me/codes").await;
        assert_eq!(asked.location(), "/sign-in/again?back=%2Fme%2Fcodes");
        assert!(who.get("/sign-in/again").await.body.contains("name=\"code\""));
        let without = who.post("/sign-in/again", "password=teapots+over+jupiter&back=%2Fme%2Fcodes").await;
        assert_eq!(without.status, StatusCode::UNPROCESSABLE_ENTITY);
        let body = format!("password=teapots+over+jupiter&code={}&back=%2Fme%2Fcodes", renewed[0]);
        assert_eq!(who.post("/sign-in/again", &body).await.location(), "/me/codes");
    }
}

#[tokio::test]
async fn guessing_codes_waits_wherever_it_is_done_from_and_half_a_sign_in_ends_by_itself() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head")]).await;
        let school = School::new(&test, None);
        let first = welcomed(&school, &tokens[0]).await;
        let (secret, _) = set_up(&first, MONDAY).await;
        let half = half_way(&school, HERE).await;
        for number in 1..=5 {
            let from = format!("127.0.0.{number}");
            let wrong = with_code(&school, &from, &half, "000000").await;
            assert!(wrong.body.contains("That code is not right"), "{number}: {}", wrong.body);
        }
        let right = secret.code(MONDAY.plus_millis(STEP_MS)).unwrap();
        let told = with_code(&school, "127.0.0.99", &half, &right).await;
        assert!(told.body.contains("tried too often"), "{}", test.engine);
        let later = MONDAY.plus_millis(MINUTE_MS);
        school.clock.set(later);
        let done = with_code(&school, HERE, &half, &secret.code(later).unwrap()).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}: {}", test.engine, done.body);

        school.clock.set(MONDAY.plus_millis(6 * MINUTE_MS));
        let late = with_code(&school, HERE, &half, "123456").await;
        assert!(late.body.contains("That took too long"), "{}", late.body);
        let half = half_way(&school, HERE).await;
        // Another password ends what the one before began.
        let token = Token::of([9; 32]);
        let mut tx = test.db.begin().await.unwrap();
        account::invite(&mut tx, &permit::<account::Invite>(PersonNo(1)), None, &token, MONDAY)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let other = "cobweb lantern ferry";
        let page = school.post(HERE, &format!("/welcome/{}", token.reveal()), &form(other)).await;
        assert_eq!(page.words("h1"), ["Enter a code"], "an invitation alone lets nobody be somebody else");
        assert!(!page.headers.contains_key("set-cookie"));
        let ended = with_code(&school, HERE, &half, &secret.code(school.clock.now()).unwrap()).await;
        assert!(ended.body.contains("That took too long"), "{}", test.engine);
        let done = with_code(&school, HERE, &page, &secret.code(school.clock.now()).unwrap()).await;
        assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, "/today"), "{}", done.body);
        let made_up = school.post(HERE, "/sign-in/code", "half=AAAA&code=123456").await;
        assert!(made_up.body.contains("That took too long"));
    }
}

#[tokio::test]
async fn a_secret_is_sealed_in_the_records_and_ends_with_a_lost_phone() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head")]).await;
        let school = School::new(&test, None);
        let first = welcomed(&school, &tokens[0]).await;
        let (secret, _) = set_up(&first, MONDAY).await;
        let mut tx = test.db.begin().await.unwrap();
        use store::orm::{ConnectionTrait as _, Statement};
        let asked = Statement::from_string(tx.backend(), "SELECT secret FROM code_app");
        let row = tx.conn().query_one_raw(asked).await.unwrap().unwrap();
        let kept: String = row.try_get("", "secret").unwrap();
        let plain = secret.in_groups().replace(' ', "");
        assert!(!kept.contains(&plain) && kept.len() > 60, "{}", test.engine);
        let account = account::of(&mut tx, PersonNo(1)).await.unwrap().unwrap();
        let actor = Actor::CommandLine(1000);
        assert!(codes::remove(&mut tx, &actor, &account, MONDAY).await.unwrap());
        assert!(!codes::remove(&mut tx, &actor, &account, MONDAY).await.unwrap());
        let entries = trail::newest(&mut tx, None, 1).await.unwrap();
        assert_eq!(
            (entries[0].verb.as_str(), entries[0].actor.as_str()),
            ("second-proof.remove", "command-line:1000")
        );
        tx.commit().await.unwrap();
        let done = school.post(HERE, "/sign-in", RIGHT).await;
        assert_eq!(
            done.status,
            StatusCode::SEE_OTHER,
            "the password alone, and with it nothing that needs more"
        );
    }
}
