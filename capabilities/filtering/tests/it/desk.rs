//! What waits for people, and a site that one person opened alone.

use axum::http::StatusCode;
use filtering::desk;
use filtering::lasting;
use filtering::overrides::Override;
use kit::Timestamp;
use people::duty::{Duties, SchoolKind};
use register::task::{self, Kinds};
use store::trail;
use testing::{MONDAY, TestDatabase, databases};

use crate::school::{School, TABLET};
use crate::staff::{MINUTE_MS, Staff, give, invited, shown, welcomed};

const DAY_MS: i64 = 86_400_000;

/// Does what the hub's job does.
async fn kept_up(test: &TestDatabase, at: Timestamp) -> desk::Kept {
    let mut tx = test.db.begin().await.unwrap();
    let kept = desk::keep_up(&mut tx, at).await.unwrap();
    tx.commit().await.unwrap();
    kept
}

/// The kinds of what is open, the first due first.
async fn open(test: &TestDatabase) -> Vec<String> {
    let mut tx = test.db.read().await.unwrap();
    let open = task::open(&mut tx).await.unwrap();
    tx.roll_back().await.unwrap();
    let mut kinds: Vec<String> = open.into_iter().map(|task| task.kind).collect();
    kinds.sort();
    kinds
}

/// How many exceptions hold.
async fn opened(test: &TestDatabase, at: Timestamp) -> usize {
    let mut tx = test.db.read().await.unwrap();
    let open = lasting::not_over::<Override>(&mut tx, at).await.unwrap().len();
    tx.roll_back().await.unwrap();
    open
}

/// The page of a request that a tablet has just sent.
async fn asked(school: &School) -> String {
    let sent = school.post(TABLET, "/requests", "site=games.example&what=chess+club&how-long=lesson").await;
    format!("/staff{}", sent.location())
}

/// The address of the first link on "Your work" that goes to a task.
async fn first_task(who: &Staff<'_>) -> Option<String> {
    let page = who.get("/tasks").await;
    let tree = scraper::Html::parse_document(&page.body);
    let links = web::check::all(&tree, "tbody a[href^='/tasks/']");
    links.first().and_then(|link| link.attr("href")).map(str::to_owned)
}

#[test]
fn every_duty_of_the_register_is_one_and_may_see_and_do_its_work() {
    let duties = Duties::built_in();
    let may = |action: &str| duties.table().find(|(id, ..)| *id == action).unwrap().2.clone();
    let (read, act) = (may("task.read"), may("task.do"));
    let mut named = std::collections::BTreeSet::new();
    for kind in Kinds::built_in().all() {
        for duty in kind.all_duties() {
            assert!(duties.named(duty).is_some(), "{}: there is no duty {duty}", kind.id);
            assert!(read.contains(duty) && act.contains(duty), "{duty} cannot do {}", kind.id);
            named.insert(duty.to_owned());
        }
    }
    assert_eq!((&read, &act), (&named, &named), "somebody may do work that is never theirs");
    // In every kind of school somebody hears of it.
    for school in [SchoolKind::Maintained, SchoolKind::AcademyTrust, SchoolKind::SoleProprietor] {
        for kind in Kinds::built_in().all() {
            for step in &kind.escalate {
                let here = step.to.iter().filter_map(|id| duties.named(id)).any(|duty| duty.is_in(school));
                assert!(here, "{}: nobody hears of it in {school:?}", kind.id);
            }
        }
    }
}

#[tokio::test]
async fn a_request_that_waits_is_somebodys_until_it_is_answered() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head"), (2, "online-safety-lead")]).await;
        let school = School::new(&test, None);
        let page = asked(&school).await;
        assert_eq!(kept_up(&test, MONDAY).await.opened, 1, "{}", test.engine);
        assert_eq!(kept_up(&test, MONDAY).await, desk::Kept::default(), "doing it again does nothing more");
        assert_eq!(open(&test).await, ["site-request"]);
        let (head, lead) = (welcomed(&school, &tokens[0]).await, welcomed(&school, &tokens[1]).await);
        let theo = welcomed(&school, &tokens[2]).await;
        assert_eq!(theo.get("/tasks").await.status, StatusCode::NOT_FOUND, "no duty, no page");
        assert!(first_task(&head).await.is_none(), "it is none of the head's");
        assert!(lead.get("/today").await.body.contains("1 task of your work"));
        let task = first_task(&lead).await.unwrap();
        let shown_task = lead.get(&task).await;
        assert!(
            shown_task.body.contains(&page) && shown_task.body.contains("2 school days"),
            "{}",
            shown_task.body
        );
        // Whoever it is not theirs cannot tell that it is there.
        for (path, body) in
            [("taking", ""), ("handing", "to=duty%3Ahead"), ("ending", "outcome=done&words=x")]
        {
            let answer = head.post(&format!("{task}/{path}"), body).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        }
        assert_eq!(head.get(&task).await.status, StatusCode::NOT_FOUND);
        assert_eq!(lead.post(&format!("{task}/taking"), "").await.location(), task);
        let by_hand = lead.post(&format!("{task}/ending"), "outcome=done&words=Done.").await;
        assert_eq!(by_hand.status, StatusCode::UNPROCESSABLE_ENTITY, "it is done by answering");
        let nobody = lead.post(&format!("{task}/handing"), "to=person%3A1").await;
        assert_eq!(nobody.status, StatusCode::UNPROCESSABLE_ENTITY, "the head holds none of its duties");
        give(&test, 3, "network-manager").await;
        // What they signed in by before they had it is one proof alone.
        assert_eq!(theo.get("/tasks").await.status, StatusCode::FORBIDDEN);
        let theo = welcomed(&school, &crate::staff::invited_anew(&test, 3).await).await;
        assert_eq!(lead.post(&format!("{task}/handing"), "to=person%3A3").await.location(), "/tasks");
        assert!(first_task(&lead).await.is_none(), "it is somebody else's now");
        assert_eq!(first_task(&theo).await, Some(task.clone()));
        // A week later it is late, and has come to the leadership team; answered, it is done.
        give(&test, 1, "leader").await;
        assert_eq!(kept_up(&test, MONDAY.plus_millis(7 * DAY_MS)).await.escalated, 1);
        assert_eq!(first_task(&head).await, Some(task.clone()));
        lead.post(&format!("{page}/refusal"), "refusal=Play+at+home.").await;
        assert_eq!(kept_up(&test, MONDAY.plus_millis(7 * DAY_MS)).await.settled, 1);
        assert_eq!(open(&test).await, Vec::<String>::new());
        let mut tx = test.db.read().await.unwrap();
        let entries = trail::newest(&mut tx, None, 60).await.unwrap();
        for (who, verb) in [
            ("job:tasks", "task.open"),
            ("person:2", "task.take"),
            ("person:2", "task.hand"),
            ("job:tasks", "task.escalate"),
            ("job:tasks", "task.done"),
        ] {
            assert!(entries.iter().any(|one| one.actor == who && one.verb == verb), "{who} {verb}");
        }
        assert!(entries.iter().all(|one| !one.detail.contains("chess")), "words are never in the trail");
    }
}

#[tokio::test]
async fn what_cannot_wait_is_opened_by_one_for_a_day_and_looked_at_by_another() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head"), (2, "online-safety-lead"), (2, "dsl")]).await;
        let school = School::new(&test, None);
        let page = asked(&school).await;
        let (head, lead) = (welcomed(&school, &tokens[0]).await, welcomed(&school, &tokens[1]).await);
        assert_eq!(
            lead.get(&format!("{page}/alone")).await.status,
            StatusCode::NOT_FOUND,
            "nothing is proposed"
        );
        lead.post(&format!("{page}/proposal"), "whom=everyone&until=month&risk=Low.").await;
        assert!(lead.get(&page).await.body.contains("open it alone, now, for 24 hours"));
        kept_up(&test, MONDAY).await;
        assert_eq!(open(&test).await, ["second-person", "site-request"]);
        assert_eq!(
            head.get(&format!("{page}/alone")).await.status,
            StatusCode::NOT_FOUND,
            "it is not theirs"
        );
        let form = lead.get(&format!("{page}/alone")).await;
        let proposal = form.value("input[name=proposal]").unwrap();
        let wordless = lead.post(&format!("{page}/alone"), &format!("proposal={proposal}&reason=")).await;
        assert_eq!(wordless.status, StatusCode::UNPROCESSABLE_ENTITY);
        let other = head.post(&format!("{page}/alone"), &format!("proposal={proposal}&reason=x")).await;
        assert_ne!(other.status, StatusCode::SEE_OTHER, "only whoever proposed it opens it alone");
        assert_eq!(opened(&test, MONDAY).await, 0);
        let body = format!("proposal={proposal}&reason=A+visitor+waits.");
        let done = lead.post(&format!("{page}/alone"), &body).await;
        assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, &*page), "{}", done.body);
        let twice = lead.post(&format!("{page}/alone"), &body).await;
        assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY, "{}: once", test.engine);
        assert_eq!(opened(&test, MONDAY.plus_millis(DAY_MS - 1)).await, 1);
        assert_eq!(opened(&test, MONDAY.plus_millis(DAY_MS)).await, 0, "it ends by itself after 24 hours");

        // The task is the other's, whatever duties the first holds, and the first cannot look at it.
        kept_up(&test, MONDAY).await;
        assert_eq!(open(&test).await, ["emergency-opening", "site-request"]);
        let task = first_task(&head).await.unwrap();
        assert!(head.get(&task).await.body.contains("opened alone"));
        assert_eq!(lead.get(&task).await.status, StatusCode::NOT_FOUND);
        assert_eq!(lead.get(&format!("{page}/look")).await.status, StatusCode::NOT_FOUND);
        let look = head.get(&format!("{page}/look")).await;
        assert!(
            look.body.contains("A visitor waits.") && look.body.contains("Lena Example"),
            "{}",
            look.body
        );
        let shown = look.value("input[name=opened]").unwrap();
        let own =
            lead.post(&format!("{page}/look"), &format!("opened={shown}&found=right&words=Fine.")).await;
        assert_ne!(own.status, StatusCode::SEE_OTHER, "nobody looks at their own");
        let right =
            head.post(&format!("{page}/look"), &format!("opened={shown}&found=right&words=Fine.")).await;
        assert_eq!((right.status, right.location()), (StatusCode::SEE_OTHER, &*page), "{}", right.body);
        assert_eq!(opened(&test, MONDAY).await, 1, "it goes on to its end");
        // It waits for its ordinary second person now, though that was somebody's task before it was opened alone, and done with that.
        kept_up(&test, MONDAY).await;
        assert_eq!(open(&test).await, ["second-person", "site-request"]);
        assert_eq!(kept_up(&test, MONDAY).await, desk::Kept::default());
        let mut tx = test.db.read().await.unwrap();
        let entries = trail::newest(&mut tx, None, 60).await.unwrap();
        for (who, verb) in [
            ("person:2", "emergency.open"),
            ("person:2", "override.grant"),
            ("person:1", "emergency.review"),
            ("person:1", "task.done"),
        ] {
            assert!(entries.iter().any(|one| one.actor == who && one.verb == verb), "{who} {verb}");
        }
        assert!(entries.iter().all(|one| !one.detail.contains("visitor")), "words are never in the trail");
    }
}

#[tokio::test]
async fn what_waits_for_a_duty_that_nobody_holds_is_shown_to_the_head_as_a_gap() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head"), (2, "online-safety-lead")]).await;
        let school = School::new(&test, None);
        asked(&school).await;
        kept_up(&test, MONDAY).await;
        let (head, lead) = (welcomed(&school, &tokens[0]).await, welcomed(&school, &tokens[1]).await);
        assert!(!head.get("/today").await.body.contains("nobody’s to do"));
        let task = first_task(&lead).await.unwrap();
        // It is handed to nobody who is not there.
        assert!(!lead.get(&task).await.body.contains("Whoever is Network manager"));
        let handed = lead.post(&format!("{task}/handing"), "to=duty%3Anetwork-manager").await;
        assert_eq!(handed.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(handed.body.contains("Nobody holds that duty just now"), "{}", handed.body);
        // Somebody holds it, is handed the work, and leaves it: it is the others' again.
        give(&test, 3, "network-manager").await;
        assert_eq!(
            lead.post(&format!("{task}/handing"), "to=duty%3Anetwork-manager").await.location(),
            "/tasks"
        );
        assert!(first_task(&lead).await.is_none());
        crate::staff::end(&test, 3).await;
        assert!(
            head.get("/today").await.body.contains("1 task is nobody’s to do"),
            "{}: at once",
            test.engine
        );
        kept_up(&test, MONDAY).await;
        assert_eq!(first_task(&lead).await, Some(task), "{}", test.engine);
        assert!(!head.get("/today").await.body.contains("nobody’s to do"));
        // Nobody is left who could do it.
        crate::staff::end(&test, 2).await;
        kept_up(&test, MONDAY).await;
        let page = head.get("/today").await;
        assert!(page.body.contains("1 task is nobody’s to do"), "{}: {}", test.engine, page.body);
        assert!(
            page.body.contains("Online safety lead, Network manager")
                || page.body.contains("Network manager, Online safety lead")
        );
    }
}

/// A school in which the lead has opened a site alone: its request's page.
async fn opened_alone<'a>(school: &'a School, lead: &Staff<'a>) -> String {
    let page = asked(school).await;
    lead.post(&format!("{page}/proposal"), "whom=everyone&until=month&risk=Low.").await;
    let proposal = lead.get(&format!("{page}/alone")).await.value("input[name=proposal]").unwrap();
    let done = lead.post(&format!("{page}/alone"), &format!("proposal={proposal}&reason=Now.")).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    page
}

#[tokio::test]
async fn the_other_ends_it_or_agrees_and_whoever_opened_it_takes_it_back() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head"), (2, "online-safety-lead")]).await;
        let school = School::new(&test, None);
        let (head, lead) = (welcomed(&school, &tokens[0]).await, welcomed(&school, &tokens[1]).await);

        let ended = opened_alone(&school, &lead).await;
        let look = head.get(&format!("{ended}/look")).await.value("input[name=opened]").unwrap();
        let nothing = head.post(&format!("{ended}/look"), &format!("opened={look}&found=&words=")).await;
        assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY);
        let end = head.post(&format!("{ended}/look"), &format!("opened={look}&found=end&words=No.")).await;
        assert_eq!(end.status, StatusCode::SEE_OTHER, "{}", end.body);
        assert_eq!(opened(&test, MONDAY).await, 0, "{}", test.engine);
        assert!(!lead.get(&ended).await.body.contains("Proposed: open it"), "it needs a new proposal");
        lead.post(&format!("{ended}/refusal"), "refusal=No.").await;

        // Agreed to as any proposal, it is open as was proposed, and looked at.
        let agreed = opened_alone(&school, &lead).await;
        let words = format!("proposal={}&agreement=Yes.", shown(&head, &agreed).await);
        assert_eq!(head.post(&format!("{agreed}/agreement"), &words).await.location(), agreed);
        assert_eq!(opened(&test, MONDAY.plus_millis(2 * DAY_MS)).await, 1);
        assert_eq!(opened(&test, MONDAY).await, 1, "what was opened alone holds no longer beside it");

        // Taken back, it is closed at once, and somebody still looks at it.
        let back = opened_alone(&school, &lead).await;
        lead.post(&format!("{back}/withdrawal"), "").await;
        assert_eq!(opened(&test, MONDAY).await, 1);
        kept_up(&test, MONDAY).await;
        assert_eq!(open(&test).await, ["emergency-opening", "site-request"]);
        assert_eq!(head.get(&format!("{back}/look")).await.status, StatusCode::OK);

        // Not agreed to, it is closed.
        let refused = opened_alone(&school, &lead).await;
        let words = format!("proposal={}&disagreement=No.", shown(&head, &refused).await);
        assert_eq!(head.post(&format!("{refused}/disagreement"), &words).await.location(), refused);
        assert_eq!(opened(&test, MONDAY).await, 1);
        school.clock.set(MONDAY.plus_millis(11 * MINUTE_MS));
        let stale = lead.get(&format!("{refused}/alone")).await;
        assert!(stale.location().starts_with("/sign-in/again"), "it takes a fresh proof");
    }
}
