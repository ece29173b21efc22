//! Somebody says that another knows their password, or that something is wrong; and an account in many hands.

use axum::http::StatusCode;
use filtering::desk;
use kit::Timestamp;
use register::task;
use store::trail;
use testing::{MONDAY, TestDatabase, databases};

use crate::house::{HERE, House};
use crate::school::Answer;
use crate::staff::Staff;

/// Does what the hub's job does; the kinds and pages of what is open about accounts.
async fn tasks(test: &TestDatabase, at: Timestamp) -> Vec<(String, String)> {
    let mut tx = test.db.begin().await.unwrap();
    desk::keep_up(&mut tx, at).await.unwrap();
    let open = task::open(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    let about = open.into_iter().filter(|task| task.kind.starts_with("account-"));
    about.map(|task| (task.kind, task.path)).collect()
}

/// Somebody who has a password signs in with another browser.
async fn again<'a>(house: &'a House, person: u8) -> Staff<'a> {
    let form = format!("name=someone{person}&password=teapots+over+jupiter&back=");
    let answer = house.school.post(HERE, "/sign-in", &form).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let line = answer.headers["set-cookie"].to_str().unwrap();
    Staff { school: &house.school, cookie: line.split(';').next().unwrap().to_owned().into() }
}

async fn is_in(who: &Staff<'_>) -> bool {
    who.get("/me").await.status == StatusCode::OK
}

fn thanked(answer: &Answer) -> bool {
    answer.status == StatusCode::OK && answer.words("h1") == ["Thank you for saying so"]
}

#[tokio::test]
async fn whoever_says_that_something_is_wrong_is_signed_out_elsewhere_and_somebody_looks_at_it() {
    for test in databases().await {
        let house = House::new(&test, &[(1, "teacher"), (2, "network-manager"), (6, "head")]).await;
        // Without a session: what helps at once, and nothing about whose names there are.
        let page = house.school.get(HERE, "/worry").await;
        assert!(page.body.contains("you are not in trouble"), "{}", page.body);
        let wrong = house.school.post(HERE, "/worry", "what=&name=&words=").await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.body.contains("Select what happened"), "{}", wrong.body);
        let tess = house.sign_in(1).await;
        let (known, unknown) = (
            house.school.post(HERE, "/worry", "what=password&name=someone1&words=I+saw+it+on+a+note").await,
            house.school.post(HERE, "/worry", "what=password&name=nobody.at.all&words=").await,
        );
        assert!(thanked(&known) && thanked(&unknown), "{}", known.body);
        assert_eq!(known.words("main"), unknown.words("main"), "nobody learns who has an account");
        assert!(is_in(&tess).await, "{}: a stranger signs nobody out", test.engine);

        // Signed in: every other session ends in that moment.
        let other = again(&house, 1).await;
        assert!(is_in(&tess).await && is_in(&other).await);
        let said = other.post("/worry", "what=used&name=&words=").await;
        assert!(thanked(&said) && said.body.contains("You are signed out everywhere else"), "{}", said.body);
        assert!(!is_in(&tess).await && is_in(&other).await, "{}", test.engine);

        // Each is a task of whoever looks after accounts.
        let open = tasks(&test, MONDAY).await;
        assert_eq!(open.len(), 3, "{}: {open:?}", test.engine);
        assert!(open.iter().all(|(kind, _)| kind == "account-worry"));
        let sam = house.sign_in(2).await;
        let mut told = None;
        for (_, page) in &open {
            assert_eq!(other.get(page).await.status, StatusCode::NOT_FOUND, "a teacher reads none");
            let shown = sam.get(page).await;
            assert_eq!(shown.status, StatusCode::OK, "{}", shown.body);
            if shown.body.contains("I saw it on a note") {
                assert!(
                    shown.body.contains("Somebody who was not signed in")
                        && shown.body.contains("Tess Example")
                );
                told = Some(page.clone());
            }
        }
        let told = told.unwrap();
        assert_eq!(sam.post(&format!("{told}/end-sessions"), "").await.location(), told);
        assert!(!is_in(&other).await, "{}: whose account it is about is out everywhere", test.engine);
        assert_eq!(tasks(&test, MONDAY).await.len(), 3, "looking again makes no second task");
        let mut tx = test.db.read().await.unwrap();
        let entries = trail::newest(&mut tx, None, 60).await.unwrap();
        assert_eq!(entries.iter().filter(|one| one.verb == "account.worry").count(), 3);
        assert!(entries.iter().all(|one| !one.detail.contains("note") && !one.detail.contains("nobody.at")));
    }
}

#[tokio::test]
async fn whoever_finds_a_browser_open_says_that_something_is_wrong_and_signs_its_owner_out_nowhere() {
    for test in databases().await {
        let house = House::new(&test, &[(1, "teacher")]).await;
        let (left_open, owner) = (house.sign_in(1).await, again(&house, 1).await);
        house.school.clock.set(MONDAY.plus_millis(11 * crate::house::MINUTE_MS));
        let said = left_open.post("/worry", "what=used&name=&words=").await;
        assert!(thanked(&said), "{}: it is written down: {}", test.engine, said.body);
        assert!(said.body.contains("You are signed in elsewhere still"), "{}", said.body);
        assert!(!said.body.contains("You are signed out everywhere else"), "{}", said.body);
        assert!(is_in(&owner).await && is_in(&left_open).await, "{}", test.engine);
        assert_eq!(tasks(&test, house.school.clock.now()).await.len(), 1, "{}", test.engine);
        let end = "/me/sessions/end-others";
        assert!(said.body.contains(end), "{}", said.body);
        let unproved = left_open.post(end, "").await;
        assert_eq!(unproved.status, StatusCode::UNAUTHORIZED, "{}", unproved.body);
        let wrong = left_open.post(end, "fivebar-proof=not+it+at+all").await;
        assert_ne!(wrong.status, StatusCode::SEE_OTHER, "{}", wrong.body);
        assert!(is_in(&owner).await, "{}", test.engine);
        let proved = left_open.post(end, "fivebar-proof=teapots+over+jupiter").await;
        assert_eq!((proved.status, proved.location()), (StatusCode::SEE_OTHER, "/me"), "{}", proved.body);
        assert!(!is_in(&owner).await && is_in(&left_open).await, "{}", test.engine);
        // Whoever is signed in nowhere else is asked for nothing.
        house.school.clock.set(MONDAY.plus_millis(30 * crate::house::MINUTE_MS));
        let alone = left_open.post("/worry", "what=used&name=&words=").await;
        assert!(
            alone.body.contains("You are signed out everywhere else") && !alone.body.contains(end),
            "{}",
            alone.body
        );
    }
}

#[tokio::test]
async fn nobody_fills_the_desk_with_worries() {
    for test in databases().await {
        let house = House::new(&test, &[(1, "teacher")]).await;
        let tess = house.sign_in(1).await;
        for _ in 0..5 {
            assert!(thanked(&tess.post("/worry", "what=lost").await), "{}", test.engine);
        }
        let refused = tess.post("/worry", "what=lost").await;
        assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
        assert!(refused.body.contains("Please say it to somebody"), "{}", refused.body);
        // One device at which nobody is signed in keeps those of others out no more.
        for _ in 0..40 {
            house.school.post(HERE, "/worry", "what=lost").await;
        }
        assert_eq!(
            house.school.post(HERE, "/worry", "what=lost").await.status,
            StatusCode::TOO_MANY_REQUESTS
        );
        assert_eq!(tasks(&test, MONDAY).await.len(), 5 + 6, "{}", test.engine);
        assert!(thanked(&house.school.post("10.0.0.3", "/worry", "what=lost").await), "{}", test.engine);
        house.school.clock.set(MONDAY.plus_millis(3_600_001));
        assert!(
            thanked(&house.school.post(HERE, "/worry", "what=lost").await),
            "{}: an hour on",
            test.engine
        );
        assert_eq!(tasks(&test, MONDAY).await.len(), 5 + 6 + 2, "{}", test.engine);
    }
}

#[tokio::test]
async fn an_account_in_more_browsers_at_once_than_one_person_uses_is_asked_about_once_a_week() {
    for test in databases().await {
        let house = House::new(&test, &[(1, "teacher"), (2, "network-manager")]).await;
        let mut browsers = vec![house.sign_in(1).await];
        for _ in 0..2 {
            browsers.push(again(&house, 1).await);
        }
        assert_eq!(
            tasks(&test, MONDAY).await,
            [],
            "{}: a laptop, a phone and a computer of the school",
            test.engine
        );
        browsers.push(again(&house, 1).await);
        let shared = vec![("account-shared".to_owned(), "/staff/roll/1".to_owned())];
        assert_eq!(tasks(&test, MONDAY).await, shared, "{}", test.engine);
        browsers.push(again(&house, 1).await);
        assert_eq!(tasks(&test, MONDAY).await, shared, "{}: one is enough", test.engine);
        // Nothing was stopped.
        for browser in &browsers {
            assert!(is_in(browser).await);
        }
        // Sessions that nobody uses any more are not at once.
        let later = MONDAY.plus_millis(8 * 86_400_000);
        assert_eq!(tasks(&test, later).await.len(), 1, "{}", test.engine);
    }
}
