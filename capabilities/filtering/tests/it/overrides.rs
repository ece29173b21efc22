//! What is open or closed for a time is seen at the portal, ended there, and a site is closed there.

use axum::http::StatusCode;
use engine::Step;
use filtering::desk;
use filtering::lasting;
use filtering::overrides::{Override, Whom};
use store::orm::ConnectionTrait as _;
use store::trail;
use testing::{MONDAY, TestDatabase, databases};

use crate::house::House;
use crate::staff::{Staff, shown};

const DAY_MS: i64 = 86_400_000;
/// Ada's tablet, of Year 5.
const ADAS: &str = "10.0.0.3";

async fn holds(test: &TestDatabase, at: kit::Timestamp) -> Vec<Override> {
    let mut tx = test.db.read().await.unwrap();
    let all = lasting::not_over::<Override>(&mut tx, at).await.unwrap();
    tx.roll_back().await.unwrap();
    all
}

/// So many are in Year 5, Ada and Bo among them, and the gate knows of it.
async fn in_year_5(test: &TestDatabase, house: &House, many: usize) {
    let more = (2..many)
        .map(|number| format!("[[person]]\nname = \"Pupil {number} Example\"\ngroups = [\"year-5\"]\n"));
    let file =
        people::RollFile::parse(&format!("{}{}", crate::house::ROLL, more.collect::<String>())).unwrap();
    let mut tx = test.db.begin().await.unwrap();
    people::import(&mut tx, &store::Actor::CommandLine(1000), &file, MONDAY).await.unwrap();
    let live = filtering::publish::records::live(&mut tx, MONDAY).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(house.school.current.swap_live(&live), []);
}

/// A site that two people agreed to open for everyone: its request's page.
async fn agreed(house: &House, one: &Staff<'_>, other: &Staff<'_>, site: &str) -> String {
    let body = format!("site={site}&what=chess&how-long=week");
    let sent = house.school.post(ADAS, "/requests", &body).await;
    let page = format!("/staff{}", sent.location());
    one.post(&format!("{page}/proposal"), "whom=everyone&until=week&risk=Low.").await;
    let words = format!("proposal={}&agreement=Yes.", shown(other, &page).await);
    let agreed = other.post(&format!("{page}/agreement"), &words).await;
    assert_eq!(agreed.status, StatusCode::SEE_OTHER, "{}", agreed.body);
    page
}

#[tokio::test]
async fn what_two_people_opened_is_ended_by_one_from_its_request() {
    for test in databases().await {
        let house = House::new(&test, &[(1, "online-safety-lead"), (6, "head"), (2, "teacher")]).await;
        let (lead, head) = (house.sign_in(1).await, house.sign_in(6).await);
        let teacher = house.sign_in(2).await;
        let page = agreed(&house, &lead, &head, "closed.example").await;
        assert_eq!(house.decides(ADAS, "closed.example"), (true, Step::Override), "{}", test.engine);

        let request = lead.get(&page).await;
        assert!(request.body.contains("/staff/overrides/1"), "{}", request.body);
        assert!(lead.get("/today").await.body.contains("/staff/overrides"));
        let all = lead.get("/staff/overrides").await;
        assert_eq!(all.words("tbody th"), ["closed.example"]);
        assert!(all.body.contains("Everyone") && all.body.contains("Hanna Example"), "{}", all.body);
        for path in ["/staff/overrides", "/staff/overrides/1", "/staff/overrides/close"] {
            assert_eq!(teacher.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
        }
        assert_eq!(teacher.post("/staff/overrides/1/ending", "why=x").await.status, StatusCode::NOT_FOUND);

        let wordless = lead.post("/staff/overrides/1/ending", "why=").await;
        assert_eq!(wordless.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(holds(&test, MONDAY).await.len(), 1);
        let ended = lead.post("/staff/overrides/1/ending", "why=A+violent+advert.").await;
        assert_eq!((ended.status, ended.location()), (StatusCode::SEE_OTHER, "/staff/overrides"));
        assert!(!house.decides(ADAS, "closed.example").0, "{}: it is closed at once", test.engine);
        assert_eq!(holds(&test, MONDAY).await.len(), 0);
        let after = lead.get("/staff/overrides").await;
        assert!(after.body.contains("A violent advert."), "{}", after.body);
        // Whoever comes back to it is led to what holds.
        assert_eq!(lead.get("/staff/overrides/1").await.location(), "/staff/overrides");
        assert_eq!(lead.post("/staff/overrides/1/ending", "why=x").await.location(), "/staff/overrides");
    }
}

#[tokio::test]
async fn one_person_closes_a_site_for_a_class_or_a_pupil_and_it_opens_by_itself() {
    for test in databases().await {
        let house = House::new(&test, &[(6, "dsl")]).await;
        let dsl = house.sign_in(6).await;
        for (body, field) in [
            ("site=&whom=everyone&why=x", "site"),
            ("site=fine.example&whom=&why=x", "whom"),
            ("site=fine.example&whom=everyone&pupil=Ada+Example&why=x", "whom"),
            ("site=fine.example&pupil=Nobody+There&why=x", "pupil"),
            ("site=fine.example&whom=group%3Anone&why=x", "whom"),
            ("site=fine.example&whom=everyone&why=", "why"),
            ("site=fine.example%2Fpart&whom=everyone&why=x", "site"),
            ("site=www.childline.org.uk&whom=everyone&why=x", "site"),
            ("site=co.uk&whom=everyone&why=x", "site"),
        ] {
            let refused = dsl.post("/staff/overrides/close", body).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
            assert!(refused.body.contains(&format!("{field}-error")), "{body}: {}", refused.body);
        }
        assert_eq!(holds(&test, MONDAY).await.len(), 0, "{}", test.engine);

        assert!(house.decides(ADAS, "fine.example").0);
        let body = "site=fine.example&whom=group%3Ayear-5&why=It+is+looked+at.";
        let closed = dsl.post("/staff/overrides/close", body).await;
        assert_eq!((closed.status, closed.location()), (StatusCode::SEE_OTHER, "/staff/overrides/1"));
        assert_eq!(house.decides(ADAS, "fine.example"), (false, Step::Override));
        assert!(house.decides("10.0.0.77", "fine.example").0, "it is closed for nobody else");
        let all = holds(&test, MONDAY).await;
        assert_eq!(all[0].grant.whom, Whom::Group("year-5".into()));
        assert_eq!(all[0].grant.span.ends_at, MONDAY.plus_millis(DAY_MS), "it opens by itself");

        let pupil = "site=other.example&pupil=Ada+Example&why=It+is+looked+at.";
        assert_eq!(dsl.post("/staff/overrides/close", pupil).await.location(), "/staff/overrides/2");
        assert_eq!(house.decides(ADAS, "other.example"), (false, Step::Override));
        // What they closed themselves they take back themselves.
        dsl.post("/staff/overrides/2/ending", "why=It+was+the+wrong+site.").await;
        assert!(house.decides(ADAS, "other.example").0, "{}", test.engine);
        let mut tx = test.db.read().await.unwrap();
        let entries = trail::newest(&mut tx, None, 40).await.unwrap();
        for verb in ["override.grant", "override.withdraw"] {
            assert!(entries.iter().any(|one| one.actor == "person:6" && one.verb == verb), "{verb}");
        }
    }
}

#[tokio::test]
async fn what_another_closed_is_opened_before_its_time_by_two_people() {
    for test in databases().await {
        let house =
            House::new(&test, &[(6, "dsl"), (1, "online-safety-lead"), (2, "online-safety-governor")]).await;
        let (dsl, lead) = (house.sign_in(6).await, house.sign_in(1).await);
        let governor = house.sign_in(2).await;
        let body = "site=fine.example&whom=everyone&why=It+is+looked+at.";
        dsl.post("/staff/overrides/close", body).await;
        assert!(governor.get("/staff/overrides").await.body.contains("Nothing is open or closed"));
        assert_eq!(governor.get("/staff/overrides/1").await.location(), "/staff/overrides", "nothing waits");

        let proposed = lead.post("/staff/overrides/1/ending", "why=It+is+a+museum.").await;
        assert_eq!((proposed.status, proposed.location()), (StatusCode::SEE_OTHER, "/staff/overrides/1"));
        assert!(!house.decides(ADAS, "fine.example").0, "{}: one person opens nothing", test.engine);
        let again = lead.post("/staff/overrides/1/ending", "why=Again.").await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "once");
        let mut tx = test.db.begin().await.unwrap();
        desk::keep_up(&mut tx, MONDAY).await.unwrap();
        let open = register::task::open(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(
            open.iter().map(|task| (&*task.kind, &*task.path)).collect::<Vec<_>>(),
            [("second-person", "/staff/overrides/1")]
        );

        let page = "/staff/overrides/1";
        let own = lead.get(&format!("{page}/agreement")).await;
        assert!(own.value("input[name=proposal]").is_none(), "nobody agrees to their own: {}", own.body);
        let seen = governor.get(&format!("{page}/agreement")).await;
        assert!(seen.body.contains("It is a museum."), "{}", seen.body);
        let shown = seen.value("input[name=proposal]").unwrap();
        let forged = lead.post(&format!("{page}/agreement"), &format!("proposal={shown}&agreement=x")).await;
        assert_eq!(forged.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", test.engine);
        let no =
            dsl.post(&format!("{page}/disagreement"), &format!("proposal={shown}&disagreement=Wait.")).await;
        assert_eq!(no.status, StatusCode::SEE_OTHER, "{}", no.body);
        assert!(!house.decides(ADAS, "fine.example").0);

        lead.post(&format!("{page}/ending"), "why=It+is+a+museum.").await;
        let old = governor.post(&format!("{page}/agreement"), &format!("proposal={shown}&agreement=x")).await;
        assert_eq!(old.status, StatusCode::UNPROCESSABLE_ENTITY, "what was read is what is agreed to");
        let shown = governor.get(&format!("{page}/agreement")).await.value("input[name=proposal]").unwrap();
        let agreed =
            governor.post(&format!("{page}/agreement"), &format!("proposal={shown}&agreement=Yes.")).await;
        assert_eq!((agreed.status, agreed.location()), (StatusCode::SEE_OTHER, "/staff/overrides"));
        assert!(house.decides(ADAS, "fine.example").0, "{}", test.engine);
    }
}

#[tokio::test]
async fn the_second_person_sees_what_a_site_is_why_it_is_closed_and_what_last_week_says() {
    for test in databases().await {
        let house = House::new(&test, &[(1, "network-manager"), (6, "online-safety-governor")]).await;
        let (manager, governor) = (house.sign_in(1).await, house.sign_in(6).await);
        let sent = house
            .school
            .post(ADAS, "/requests", "site=https%3A%2F%2Fshared.example%2Fwatch%3Fv%3D1&what=x&how-long=day")
            .await;
        let page = format!("/staff{}", sent.location());
        let before = manager.get(&page).await;
        for words in [
            "Video sites",
            "1 part: Pornography",
            "All of ",
            "Over an encrypted connection the filter sees the site and not the page",
            "What followed a ? in the address was left out",
            "What one person asked for last week is not told here",
        ] {
            assert!(before.body.contains(words), "{}: {words}: {}", test.engine, before.body);
        }

        let log = house.log();
        for (client, minutes) in [(ADAS, 1), (ADAS, 2), ("10.0.0.77", 3)] {
            house.visits(&log, client, "shared.example", MONDAY.plus_millis(-minutes * 60_000));
        }
        house.visits(&log, ADAS, "other.example", MONDAY.plus_millis(-60_000));
        log.has(4);
        manager.post(&format!("{page}/proposal"), "whom=group%3Ayear-5&until=hour&risk=Low.").await;
        // Two are in Year 5: what both did together tells what one did. The page says why it tells nothing.
        let few = governor.get(&format!("{page}/agreement")).await;
        assert!(few.body.contains("it would be for fewer than 10 people"), "{}: {}", test.engine, few.body);
        assert!(!few.body.contains("in the last seven days"), "{}: {}", test.engine, few.body);
        in_year_5(&test, &house, 9).await;
        let nine = governor.get(&format!("{page}/agreement")).await;
        assert!(!nine.body.contains("in the last seven days"), "{}: {}", test.engine, nine.body);
        in_year_5(&test, &house, 10).await;
        let asked = governor.get(&format!("{page}/agreement")).await;
        assert!(asked.body.contains("It was asked for 3 times in the last seven days"), "{}", asked.body);
        assert!(asked.body.contains("for 1 person or device"), "{}: {}", test.engine, asked.body);
        assert!(
            asked.body.contains("Year 5") && asked.body.contains("1 part: Pornography"),
            "{}",
            asked.body
        );
        assert!(!asked.body.contains("Ada Example"), "who asked is none of theirs");

        // What one person did stands behind their pseudonym: of somebody else it cannot be asked, of whoever asked it is not told.
        manager.post(&format!("{page}/withdrawal"), "").await;
        let other = manager.post(&format!("{page}/proposal"), "whom=person%3A4&until=hour&risk=Low.").await;
        assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", test.engine);
        assert!(other.body.contains("One person alone is whoever asked for it"), "{}", other.body);
        manager.post(&format!("{page}/proposal"), "whom=person%3A3&until=hour&risk=Low.").await;
        // The trail says for whom, by a number.
        let mut tx = test.db.read().await.unwrap();
        let entries = trail::newest(&mut tx, None, 10).await.unwrap();
        tx.roll_back().await.unwrap();
        let proposed = entries.iter().find(|one| one.verb == "approval.propose").unwrap();
        let detail: serde_json::Value = serde_json::from_str(&proposed.detail).unwrap();
        assert_eq!(
            (&detail["whom"]["kind"], &detail["whom"]["id"]),
            (&"person".into(), &"3".into()),
            "{detail}"
        );
        assert!(!proposed.detail.contains("Ada"), "{detail}");
        let asked = governor.get(&format!("{page}/agreement")).await;
        assert!(
            asked.body.contains("What one person asked for last week is not told here"),
            "{}",
            asked.body
        );
        assert!(!asked.body.contains("in the last seven days"), "{}: {}", test.engine, asked.body);
    }
}

#[tokio::test]
async fn a_proposal_for_one_person_says_who_to_whoever_sees_who_asks_and_to_nobody_else() {
    for test in databases().await {
        let house =
            House::new(&test, &[(1, "network-manager"), (2, "dsl"), (6, "online-safety-governor")]).await;
        let (manager, dsl) = (house.sign_in(1).await, house.sign_in(2).await);
        let governor = house.sign_in(6).await;
        let sent = house.school.post(ADAS, "/requests", "site=closed.example&what=x&how-long=day").await;
        let page = format!("/staff{}", sent.location());
        manager.post(&format!("{page}/proposal"), "whom=person%3A3&until=hour&risk=Low.").await;
        for who in [&manager, &dsl, &governor] {
            let seen = who.get(&page).await.body;
            assert!(seen.contains("Whoever asked") && !seen.contains("Person 3"), "{}: {seen}", test.engine);
        }
        // As it was proposed when another than whoever asked could be named.
        let tx = test.db.begin().await.unwrap();
        let older = "UPDATE approval SET terms = replace(terms, '\"id\":\"3\"', '\"id\":\"4\"')";
        tx.conn().execute_unprepared(older).await.unwrap();
        tx.commit().await.unwrap();
        for who in [&manager, &dsl] {
            let seen = who.get(&page).await.body;
            assert!(seen.contains("Bo Example") && !seen.contains("Person 4"), "{}: {seen}", test.engine);
        }
        let seen = governor.get(&page).await.body;
        assert!(seen.contains("One person") && !seen.contains("Person 4"), "{}: {seen}", test.engine);
        assert!(!seen.contains("Bo Example"), "{}: {seen}", test.engine);
    }
}
