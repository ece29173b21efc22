//! Whose internet access is withheld is looked at again at the portal, and the task is done by that.

use axum::http::StatusCode;
use engine::{PersonNo, Step};
use filtering::desk;
use filtering::lasting;
use filtering::withheld::{self, Decision, Withheld};
use register::task;
use store::Actor;
use testing::{MONDAY, TestDatabase, databases};

use crate::house::House;
use crate::staff::shown;

const DAY_MS: i64 = 86_400_000;

/// Withholds Ada's access, to be looked at again so soon, and has the gate go by it.
async fn withhold(test: &TestDatabase, house: &House, review_ms: i64) {
    let mut tx = test.db.begin().await.unwrap();
    let decision = Decision {
        person: PersonNo(3),
        reason: "Shared a password twice.".into(),
        starts_at: MONDAY,
        ends_at: None,
        review_at: Some(MONDAY.plus_millis(review_ms)),
    };
    withheld::actions::start(&mut tx, &Actor::CommandLine(1000), decision, MONDAY).await.unwrap();
    let live = filtering::publish::records::live(&mut tx, MONDAY).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(house.school.current.swap_live(&live), []);
}

async fn keep_up(test: &TestDatabase, at: kit::Timestamp) -> (desk::Kept, Vec<(String, String)>) {
    let mut tx = test.db.begin().await.unwrap();
    let kept = desk::keep_up(&mut tx, at).await.unwrap();
    let open = task::open(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    let ours = open.into_iter().filter(|task| task.kind.starts_with("withheld-"));
    (kept, ours.map(|task| (task.kind, task.path)).collect())
}

async fn holds(test: &TestDatabase, at: kit::Timestamp) -> Vec<Withheld> {
    let mut tx = test.db.read().await.unwrap();
    let all = lasting::not_over::<Withheld>(&mut tx, at).await.unwrap();
    tx.roll_back().await.unwrap();
    all
}

#[tokio::test]
async fn withheld_access_is_decided_anew_or_given_back_and_the_task_is_done_by_that() {
    for test in databases().await {
        let house =
            House::new(&test, &[(6, "dsl"), (1, "head"), (2, "network-manager"), (2, "teacher")]).await;
        withhold(&test, &house, 60_000).await;
        let now = MONDAY.plus_millis(120_000);
        house.school.clock.set(now);
        let (dsl, head) = (house.sign_in(6).await, house.sign_in(1).await);
        assert_eq!(house.decides("10.0.0.3", "fine.example"), (false, Step::Withheld));
        let (_, tasks) = keep_up(&test, now).await;
        assert_eq!(
            tasks,
            [("withheld-review".to_owned(), "/staff/withheld/1".to_owned())],
            "{}",
            test.engine
        );
        let today = dsl.get("/today").await;
        assert!(
            today.body.contains("/staff/withheld") && !today.body.contains("withhold list"),
            "{}",
            today.body
        );
        let all = dsl.get("/staff/withheld").await;
        assert_eq!(all.words("tbody th"), ["Ada Example"]);
        assert!(all.body.contains("Shared a password twice.") && all.body.contains("To be looked at again"));
        {
            let other = house.sign_in(2).await;
            for path in ["/staff/withheld", "/staff/withheld/1"] {
                assert_eq!(other.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
            }
            let given = other.post("/staff/withheld/1/ending", "why=x").await;
            assert_eq!(given.status, StatusCode::NOT_FOUND);
        }

        let nothing = dsl.post("/staff/withheld/1/renewal", "reason=").await;
        assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY);
        let anew = dsl.post("/staff/withheld/1/renewal", "review=week&reason=It+went+on.").await;
        assert_eq!(
            (anew.status, anew.location()),
            (StatusCode::SEE_OTHER, "/staff/withheld/2"),
            "{}",
            anew.body
        );
        let all = holds(&test, now).await;
        assert_eq!(all.len(), 1, "{}: one decision in place of the other", test.engine);
        assert_eq!((all[0].person, &*all[0].reason), (PersonNo(3), "It went on."));
        assert!(all[0].review_at.is_some_and(|at| at > now.plus_millis(6 * DAY_MS)));
        assert_eq!(house.decides("10.0.0.3", "fine.example"), (false, Step::Withheld));
        let (kept, tasks) = keep_up(&test, now).await;
        assert_eq!((kept.settled, tasks.len()), (1, 0), "it is done by itself");

        let why = dsl.post("/staff/withheld/2/ending", "why=").await;
        assert_eq!(why.status, StatusCode::UNPROCESSABLE_ENTITY);
        let proposed = dsl.post("/staff/withheld/2/ending", "why=They+talked+it+over.").await;
        assert_eq!((proposed.status, proposed.location()), (StatusCode::SEE_OTHER, "/staff/withheld/2"));
        assert!(!house.decides("10.0.0.3", "fine.example").0, "{}: one person proposes", test.engine);
        let (_, tasks) = keep_up(&test, now).await;
        assert_eq!(
            tasks,
            [("withheld-second".to_owned(), "/staff/withheld/2".to_owned())],
            "{}",
            test.engine
        );
        let agreement =
            format!("proposal={}&agreement=I+have+spoken+with+Ada.", shown(&head, "/staff/withheld/2").await);
        let agreed = dsl.post("/staff/withheld/2/agreement", &agreement).await;
        assert_eq!(agreed.status, StatusCode::UNPROCESSABLE_ENTITY, "nobody agrees to their own");
        assert!(!house.decides("10.0.0.3", "fine.example").0, "{}", test.engine);
        let agreed = head.post("/staff/withheld/2/agreement", &agreement).await;
        assert_eq!((agreed.status, agreed.location()), (StatusCode::SEE_OTHER, "/staff/withheld"));
        assert!(house.decides("10.0.0.3", "fine.example").0, "{}: at once", test.engine);
        assert_eq!(holds(&test, now).await.len(), 0);
        assert_eq!(dsl.get("/staff/withheld/2").await.location(), "/staff/withheld");
        assert!(dsl.get("/staff/withheld").await.body.contains("Nobody’s access is withheld"));
    }
}

#[tokio::test]
async fn nobody_gives_back_to_themselves_what_was_withheld_from_them() {
    for test in databases().await {
        let house = House::new(&test, &[(6, "head"), (2, "dsl"), (1, "leader")]).await;
        let mut tx = test.db.begin().await.unwrap();
        let decision = Decision {
            person: PersonNo(2),
            reason: "It is looked into.".into(),
            starts_at: MONDAY,
            ends_at: None,
            review_at: Some(MONDAY.plus_millis(DAY_MS)),
        };
        withheld::actions::start(&mut tx, &Actor::CommandLine(1000), decision, MONDAY).await.unwrap();
        tx.commit().await.unwrap();
        let (head, dsl, leader) = (house.sign_in(6).await, house.sign_in(2).await, house.sign_in(1).await);
        assert!(head.get("/staff/withheld").await.body.contains("It is looked into."));
        let own = dsl.get("/staff/withheld").await;
        assert!(!own.body.contains("It is looked into."), "{}: {}", test.engine, own.body);
        for (who, status) in [(&dsl, StatusCode::SEE_OTHER), (&leader, StatusCode::NOT_FOUND)] {
            let given = who.post("/staff/withheld/1/ending", "why=It+is+fine.").await;
            assert_eq!(given.status, status, "{}: {}", test.engine, given.body);
            assert_eq!(who.post("/staff/withheld/1/renewal", "review=week&reason=x").await.status, status);
        }
        assert_eq!(holds(&test, MONDAY).await.len(), 1, "{}", test.engine);
    }
}

#[tokio::test]
async fn what_was_said_at_a_tasks_end_is_read_by_whoever_holds_its_duty() {
    for test in databases().await {
        let house = House::new(
            &test,
            &[(1, "network-manager"), (2, "network-manager"), (6, "online-safety-governor")],
        )
        .await;
        let mut tx = test.db.begin().await.unwrap();
        let opening = task::Opening {
            kind: "drill-failed",
            subject: "drill:1".into(),
            path: "/staff/back-ups".into(),
            due_at: None,
            not_by: None,
        };
        let year = register::SchoolYear::new(kit::Zone::named("Europe/London").unwrap());
        let made =
            task::put_once(&mut tx, &Actor::Job("tasks"), opening, &year, MONDAY).await.unwrap().unwrap();
        tx.commit().await.unwrap();
        let page = format!("/tasks/{}", made.id);
        let one = house.sign_in(1).await;
        let done = one.post(&format!("{page}/ending"), "outcome=done&words=The+disk+was+full.").await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
        let other = house.sign_in(2).await;
        assert!(other.get("/tasks").await.body.contains(&page), "{}", test.engine);
        let read = other.get(&page).await;
        assert!(
            read.body.contains("The disk was full.") && read.body.contains("Tess Example"),
            "{}",
            read.body
        );
        let governor = house.sign_in(6).await;
        assert!(!governor.get("/tasks").await.body.contains(&page));
        assert_eq!(governor.get(&page).await.status, StatusCode::NOT_FOUND, "it is no work of theirs");
    }
}

#[tokio::test]
async fn what_is_withheld_is_neither_given_back_nor_shortened_by_one_person() {
    for test in databases().await {
        let house = House::new(&test, &[(6, "dsl"), (1, "head"), (2, "leader")]).await;
        let mut tx = test.db.begin().await.unwrap();
        let decision = Decision {
            person: PersonNo(3),
            reason: "It is looked into.".into(),
            starts_at: MONDAY,
            ends_at: Some(MONDAY.plus_millis(200 * DAY_MS)),
            review_at: Some(MONDAY.plus_millis(DAY_MS)),
        };
        withheld::actions::start(&mut tx, &Actor::CommandLine(1000), decision, MONDAY).await.unwrap();
        tx.commit().await.unwrap();
        let (dsl, head, leader) = (house.sign_in(6).await, house.sign_in(1).await, house.sign_in(2).await);

        // Who decides anew has made what holds, and is one person all the same; it ends no earlier by that.
        dsl.post("/staff/withheld/1/renewal", "review=week&reason=It+goes+on.").await;
        let end = MONDAY.plus_millis(200 * DAY_MS);
        assert_eq!(holds(&test, MONDAY).await[0].span.ends_at, end, "{}", test.engine);
        let page = "/staff/withheld/2";
        dsl.post(&format!("{page}/ending"), "why=Enough.").await;
        assert_eq!(holds(&test, MONDAY).await.len(), 1, "{}", test.engine);
        let again = head.post(&format!("{page}/ending"), "why=Me+too.").await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "it waits already");

        // A no is kept with its words, and it goes on.
        let shown_to_leader = shown(&leader, page).await;
        let no = format!("proposal={shown_to_leader}&disagreement=Not+yet.");
        assert_eq!(leader.post(&format!("{page}/disagreement"), &no).await.location(), "/staff/withheld");
        assert_eq!(holds(&test, MONDAY).await.len(), 1, "{}", test.engine);
        let yes = format!("proposal={shown_to_leader}&agreement=Yes.");
        let late = head.post(&format!("{page}/agreement"), &yes).await;
        assert_ne!(late.status, StatusCode::SEE_OTHER, "what was answered is answered: {}", late.body);

        // Decided anew meanwhile: nobody agrees to what was proposed of the decision before.
        dsl.post(&format!("{page}/ending"), "why=Enough.").await;
        let waited = shown(&head, page).await;
        head.post(&format!("{page}/renewal"), "review=month&reason=Longer.").await;
        for old in [page, "/staff/withheld/3"] {
            let yes = format!("proposal={waited}&agreement=Yes.");
            let agreed = head.post(&format!("{old}/agreement"), &yes).await;
            assert_ne!(agreed.status, StatusCode::SEE_OTHER, "{}: {old}", test.engine);
        }
        assert_eq!(holds(&test, MONDAY).await.len(), 1, "{}", test.engine);

        // Whoever proposed it takes it back, and it can be proposed again.
        let page = "/staff/withheld/3";
        dsl.post(&format!("{page}/ending"), "why=Enough.").await;
        dsl.post(&format!("{page}/withdrawal"), "").await;
        assert!(!head.get(page).await.body.contains("Enough."), "{}", test.engine);
    }
}
