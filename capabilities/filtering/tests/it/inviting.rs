//! Giving the adults of a school a way in, at the portal.

use axum::http::StatusCode;
use engine::PersonNo;
use testing::{MONDAY, TestDatabase, databases};

use crate::cards::words;
use crate::house::{HERE, House, MINUTE_MS};
use crate::staff::{form, give};

const PASSWORD: &str = "teapots over jupiter";

async fn opens(house: &House, link: &str) -> (StatusCode, String) {
    let path = link.strip_prefix("http://portal.example").unwrap_or(link);
    let answer = house.school.post(HERE, path, &form(PASSWORD)).await;
    (answer.status, answer.body)
}

/// The link of a printed slip: it is broken into lines.
fn link(printed: &str) -> String {
    let rest = printed.split_once("http://portal.example").unwrap().1;
    rest.split_once("After that").unwrap().0.split_whitespace().collect()
}

#[tokio::test]
async fn a_head_gives_one_adult_a_way_in_by_a_link_and_its_slip() {
    for test in databases().await {
        let house = House::new(&test, &[(6, "head"), (1, "teacher")]).await;
        let head = house.sign_in(6).await;
        let page = head.get("/staff/roll/1").await;
        assert!(page.body.contains("/staff/roll/1/invitation"), "{}", page.body);
        let asked = head.get("/staff/roll/1/invitation").await;
        assert_eq!(asked.value("input[name=name]").as_deref(), Some("tess.e"), "{}", asked.body);
        for (name, say) in [("tess e", "Enter a name to sign in by"), ("someone6", "Somebody else signs in")]
        {
            let wrong =
                head.post("/staff/roll/1/invitation", &format!("name={}", name.replace(' ', "+"))).await;
            assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
            assert!(wrong.body.contains(say), "{name}: {}", wrong.body);
            assert_eq!(wrong.value("input[name=name]").as_deref(), Some(name));
        }
        let made = head.post("/staff/roll/1/invitation", "name=tess").await;
        assert_eq!(made.words("h1"), ["Hand this to Tess Example"], "{}", made.body);
        assert!(made.body.contains("<svg") && made.body.contains("until"), "{}", made.body);
        let first = made.words("main code").concat();
        let token = made.value("input[name=token]").unwrap();
        let slip = head.post("/staff/roll/1/invitation/slip", &format!("token={token}")).await;
        let said = words(&slip);
        assert!(said.contains("Tess Example") && said.contains("signing in is tess"), "{said}");
        assert_eq!(first, format!("http://portal.example{}", link(&said)), "{}", test.engine);
        // Another ends it, and its slip is printed no more.
        let again = head.post("/staff/roll/1/invitation", "").await;
        let second = again.words("main code").concat();
        assert!(opens(&house, &first).await.1.contains("This invitation has ended"));
        let late = head.post("/staff/roll/1/invitation/slip", &format!("token={token}")).await;
        assert_eq!(late.words("h1"), ["That invitation has ended"], "{}", late.body);
        assert_eq!(opens(&house, &second).await.0, StatusCode::SEE_OTHER, "{}", test.engine);
        let pupil = head.get("/staff/roll/3/invitation").await;
        assert_eq!(pupil.words("h1"), ["Pupils get a card or a slip"]);
        assert_eq!(head.get("/staff/roll/99/invitation").await.status, StatusCode::NOT_FOUND);
        // Who has come in, and is to hold what nobody alone may come by, is let in again by two.
        give(&test, 1, "online-safety-lead").await;
        let two = head.get("/staff/roll/1/invitation").await;
        assert_eq!(two.words("h1"), ["Two people let them in again"], "{}", two.body);
        let two = head.post("/staff/roll/1/invitation", "").await;
        assert_eq!(two.words("h1"), ["Two people let them in again"], "{}", two.body);
        // Who has left their screen proves first that it is them.
        house.school.clock.set(MONDAY.plus_millis(11 * MINUTE_MS));
        let stale = head.post("/staff/roll/2/invitation", "name=sam").await;
        assert_eq!(stale.status, StatusCode::UNAUTHORIZED, "{}", stale.body);
        assert!(!has_account(&test, 2).await);
    }
}

#[tokio::test]
async fn whoever_gives_a_duty_reads_that_what_its_holder_had_to_come_in_by_has_ended() {
    for test in databases().await {
        let house = House::new(&test, &[(6, "head")]).await;
        let head = house.sign_in(6).await;
        // Sam has an invitation that nobody used yet; Tess came in by hers, and has chosen her password.
        let invited = head.post("/staff/roll/2/invitation", "name=sam").await;
        let link = invited.words("main code").concat();
        house.sign_in(1).await;
        for whom in ["2", "1"] {
            let given = head.post("/staff/duties/dsl/holders", &format!("to={whom}&reason=appointed")).await;
            assert_eq!(given.location(), "/staff/duties/dsl", "{}", given.body);
        }
        assert!(opens(&house, &link).await.1.contains("This invitation has ended"), "{}", test.engine);
        let after = head.get("/staff/duties/dsl").await;
        assert!(after.body.contains("Sam Example cannot sign in now"), "{}: {}", test.engine, after.body);
        assert!(!after.body.contains("Tess Example cannot sign in now"), "{}: {}", test.engine, after.body);
        assert!(after.body.contains("/staff/roll/2/invitation"), "{}", after.body);
        let again = head.post("/staff/roll/2/invitation", "").await;
        assert_eq!(again.words("h1"), ["Hand this to Sam Example"], "{}", again.body);
        let invited = head.get("/staff/duties/dsl").await;
        assert!(!invited.body.contains("cannot sign in now"), "{}: {}", test.engine, invited.body);
    }
}

async fn has_account(test: &TestDatabase, person: u32) -> bool {
    let mut tx = test.db.read().await.unwrap();
    let account = people::account::of(&mut tx, PersonNo(person)).await.unwrap();
    tx.roll_back().await.unwrap();
    account.is_some()
}

#[tokio::test]
async fn slips_for_all_who_have_no_way_in_are_printed_at_once_and_another_ends_the_one_before() {
    for test in databases().await {
        let house = House::new(&test, &[(6, "head"), (1, "teacher")]).await;
        let head = house.sign_in(6).await;
        let today = head.get("/today").await;
        assert!(today.body.contains("2 of the staff have no way in"), "{}", today.body);
        let page = head.get("/staff/ways-in").await;
        let offered: Vec<String> = page.words(".govuk-checkboxes__label");
        assert_eq!(
            offered,
            ["Sam Example", "Tess Example"],
            "pupils and whoever is in are not: {}",
            page.body
        );
        let none = head.post("/staff/ways-in", "kind=").await;
        assert!(none.body.contains("Tick whom to print a slip for"), "{}", none.body);
        assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
        let both = words(&head.post("/staff/ways-in", "person-1=yes&person-2=yes&person-3=yes").await);
        assert!(both.contains("Tess Example") && both.contains("Sam Example"), "{both}");
        assert!(both.contains("tess.e") && both.contains("sam.e") && !both.contains("child"), "{both}");
        assert!(!both.contains("Ada Example") && !has_account(&test, 3).await, "a pupil gets none here");
        let after = head.get("/staff/ways-in").await;
        assert!(after.body.contains("2 were invited and have not come yet."), "{}", after.body);
        assert!(!head.get("/today").await.body.contains("no way in"));
        let sam = words(&head.post("/staff/ways-in", "person-2=yes").await);
        let (mut sams, mut tesses) = (both.clone(), both);
        let at = sams.find("Sam Example").unwrap();
        sams = sams.split_off(at);
        tesses = tesses[tesses.find("Tess Example").unwrap()..].to_owned();
        assert!(opens(&house, &link(&sams)).await.1.contains("This invitation has ended"), "{}", test.engine);
        assert_eq!(opens(&house, &link(&sam)).await.0, StatusCode::SEE_OTHER, "{}", test.engine);
        assert_eq!(opens(&house, &link(&tesses)).await.0, StatusCode::SEE_OTHER, "{}", test.engine);
        let last = head.get("/staff/ways-in").await;
        assert!(
            last.body.contains("3 have a way in.") && last.body.contains("Nobody here needs a slip"),
            "{}",
            last.body
        );
        let teacher = house.sign_in_anew(2).await;
        for path in ["/staff/ways-in", "/staff/roll/1/invitation"] {
            assert_eq!(teacher.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
            assert_eq!(teacher.post(path, "person-1=yes").await.status, StatusCode::NOT_FOUND, "{path}");
        }
        let mut tx = test.db.read().await.unwrap();
        let entries = store::trail::newest(&mut tx, None, 60).await.unwrap();
        let invites = entries.iter().filter(|one| one.verb == "account.invite" && one.actor == "person:6");
        assert_eq!(invites.count(), 3, "{}", test.engine);
    }
}

#[tokio::test]
async fn where_nobody_holds_a_duty_the_portal_says_how_the_first_comes_in() {
    for test in databases().await {
        let house = House::new(&test, &[]).await;
        for path in ["/", "/sign-in"] {
            let page = house.school.get(HERE, path).await;
            assert!(page.body.contains("fivebar people first-head"), "{path}: {}", page.body);
        }
        give(&test, 6, "head").await;
        for path in ["/", "/sign-in"] {
            let page = house.school.get(HERE, path).await;
            assert!(!page.body.contains("first-head"), "{path}: {}", page.body);
        }
    }
}
