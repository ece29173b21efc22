//! What somebody reports about a site reaches somebody, who closes it and answers.

use axum::http::StatusCode;
use engine::Step;
use filtering::desk;
use filtering::lasting;
use filtering::overrides::{Override, Whom};
use register::task;
use store::trail;
use testing::{MONDAY, TestDatabase, databases};

use crate::house::House;
use crate::school::{School, TABLET, UNKNOWN};
use crate::staff::{invited, welcomed};

const DAY_MS: i64 = 86_400_000;

async fn reported(school: &School, from: &str, body: &str) -> String {
    let sent = school.post(from, "/reports", body).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
    sent.location().to_owned()
}

async fn keep_up(test: &TestDatabase, at: kit::Timestamp) -> desk::Kept {
    let mut tx = test.db.begin().await.unwrap();
    let kept = desk::keep_up(&mut tx, at).await.unwrap();
    tx.commit().await.unwrap();
    kept
}

async fn kinds(test: &TestDatabase) -> Vec<String> {
    let mut tx = test.db.read().await.unwrap();
    let open = task::open(&mut tx).await.unwrap();
    tx.roll_back().await.unwrap();
    open.into_iter().map(|task| task.kind).collect()
}

async fn told(test: &TestDatabase, person: u32) -> Vec<&'static str> {
    let mut tx = test.db.read().await.unwrap();
    let unseen = notices::unseen(&mut tx, person).await.unwrap();
    tx.roll_back().await.unwrap();
    unseen.into_iter().map(|notice| notice.kind.id()).collect()
}

#[tokio::test]
async fn what_a_child_reports_is_on_the_page_of_whoever_holds_the_duty_and_of_nobody_else() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "dsl"), (2, "teacher"), (3, "governor")]).await;
        let school = School::new(&test, None);
        let (dsl, teacher) = (welcomed(&school, &tokens[0]).await, welcomed(&school, &tokens[1]).await);
        let governor = welcomed(&school, &tokens[2]).await;
        let place =
            reported(&school, TABLET, "site=bad.example&kind=should-be-closed&what=Somebody+wrote+to+me")
                .await;
        let page = format!("/staff{place}");

        assert_eq!(told(&test, 1).await, ["report.waiting"], "{}", test.engine);
        assert_eq!(told(&test, 2).await, Vec::<&str>::new());
        assert_eq!(keep_up(&test, MONDAY).await.opened, 1);
        assert_eq!(kinds(&test).await, ["site-report"]);
        let today = dsl.get("/today").await;
        assert!(today.body.contains("1 report about a site to answer"), "{}", today.body);
        assert!(today.body.contains("1 task of your work"), "{}", today.body);
        assert!(!today.body.contains("bad.example") && !today.body.contains("wrote to me"));
        assert_eq!(dsl.get("/staff/reports").await.words("tbody th"), ["bad.example"]);
        let shown = dsl.get(&page).await;
        assert!(shown.body.contains("Somebody wrote to me"), "{}", shown.body);
        assert!(shown.body.contains("The site now") && shown.body.contains("Open"), "{}", shown.body);
        let tree = scraper::Html::parse_document(&dsl.get("/tasks").await.body);
        let link = web::check::all(&tree, "tbody a[href^='/tasks/']")[0].attr("href").unwrap().to_owned();
        assert!(dsl.get(&link).await.body.contains(&page), "the task leads to the report");

        for other in [&teacher, &governor] {
            for path in ["/staff/reports", &page, &link] {
                assert_eq!(other.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
            }
            for (path, body) in [("answer", "outcome=left&answer=x"), ("request", "")] {
                let answer = other.post(&format!("{page}/{path}"), body).await;
                assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
            }
            assert!(!other.get("/today").await.body.contains("/staff/reports"));
        }

        // A mistake keeps what was written.
        let nothing = dsl.post(&format!("{page}/answer"), "answer=Thank+you.").await;
        assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(nothing.value("textarea[name=answer]").as_deref(), Some("Thank you."));
        let why = dsl.post(&format!("{page}/answer"), "outcome=close&answer=Thank+you.").await;
        assert_eq!(why.status, StatusCode::UNPROCESSABLE_ENTITY, "whoever meets it reads why");
        let body = "outcome=close&why=It+is+looked+at.&answer=Thank+you.+It+is+closed+now.";
        let done = dsl.post(&format!("{page}/answer"), body).await;
        assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, &*page), "{}", done.body);
        let twice = dsl.post(&format!("{page}/answer"), body).await;
        assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY, "{}: once", test.engine);

        // Whoever reported it reads the answer, and nobody at another device does.
        assert_eq!(
            school.get(TABLET, &place).await.words(".govuk-inset-text"),
            ["Thank you. It is closed now."]
        );
        assert_eq!(school.get(UNKNOWN, &place).await.status, StatusCode::NOT_FOUND);
        assert_eq!(keep_up(&test, MONDAY).await.settled, 1);
        assert_eq!(kinds(&test).await, Vec::<String>::new());
        let mut tx = test.db.read().await.unwrap();
        let made = lasting::not_over::<Override>(&mut tx, MONDAY).await.unwrap();
        assert_eq!(made.len(), 1, "closed once");
        assert_eq!((&*made[0].grant.target, &made[0].grant.whom), ("bad.example", &Whom::Everyone));
        assert_eq!(made[0].grant.span.ends_at, MONDAY.plus_millis(DAY_MS), "it ends by itself");
        let entries = trail::newest(&mut tx, None, 60).await.unwrap();
        for (who, verb) in
            [("person:1", "site-report.answer"), ("person:1", "override.grant"), ("job:tasks", "task.done")]
        {
            assert!(entries.iter().any(|one| one.actor == who && one.verb == verb), "{who} {verb}");
        }
        assert!(entries.iter().all(|one| !one.detail.contains("wrote")), "words are never in the trail");
        assert!(dsl.get("/today").await.body.contains("1 report about a site was answered"));
    }
}

#[tokio::test]
async fn a_report_that_a_site_should_be_open_becomes_a_request_that_takes_two_people() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "dsl"), (2, "head")]).await;
        let school = School::new(&test, None);
        let dsl = welcomed(&school, &tokens[0]).await;
        let place = reported(&school, TABLET, "site=games.example&kind=should-be-open&what=").await;
        let page = format!("/staff{place}");
        let shown = dsl.get(&page).await;
        assert!(shown.body.contains("Closed") && shown.body.contains("Games are for home"), "{}", shown.body);
        let made = dsl.post(&format!("{page}/request"), "").await;
        assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
        let request = made.location().to_owned();
        assert!(request.starts_with("/staff/requests/R-"), "{request}");
        assert!(dsl.get(&request).await.body.contains("It is blocked and should not be"));
        let answer = school.get(TABLET, &place).await;
        let reference = request.trim_start_matches("/staff/requests/");
        assert!(answer.body.contains(reference), "{}", answer.body);
        assert_eq!(school.get(TABLET, &format!("/requests/{reference}")).await.status, StatusCode::OK);
        assert_eq!(
            dsl.post(&format!("{page}/request"), "").await.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{}: once",
            test.engine
        );
        // What somebody tells of a site that should be closed is no request for it.
        let told = "site=bad.example&kind=should-be-closed&what=Somebody+asked+me+for+photos";
        let page = format!("/staff{}", reported(&school, TABLET, told).await);
        assert!(!dsl.get(&page).await.body.contains("Look at it as a request"), "{}", test.engine);
        assert_eq!(dsl.post(&format!("{page}/request"), "").await.status, StatusCode::NOT_FOUND);
        let mut tx = test.db.read().await.unwrap();
        assert_eq!(lasting::not_over::<Override>(&mut tx, MONDAY).await.unwrap().len(), 0, "nothing is open");
    }
}

#[tokio::test]
async fn must_hold_2_nobody_closes_a_site_of_help_and_nobody_learns_who_reported_it() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "dsl")]).await;
        let school = School::new(&test, None);
        let dsl = welcomed(&school, &tokens[0]).await;
        let sent =
            school.post(TABLET, "/reports", "site=www.childline.org.uk&kind=other&what=It+is+slow").await;
        assert_eq!(sent.status, StatusCode::OK, "{}", sent.body);
        let tree = scraper::Html::parse_document(&dsl.get("/staff/reports").await.body);
        let page = web::check::all(&tree, "tbody a")[0].attr("href").unwrap().to_owned();
        let shown = dsl.get(&page).await;
        assert!(shown.body.contains("Nothing is kept of who tells about a site of help"), "{}", shown.body);
        assert!(!shown.body.contains("Look at it as a request"), "it is open to everyone");
        let closed = dsl.post(&format!("{page}/answer"), "outcome=close&why=x&answer=y").await;
        assert_eq!(closed.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", test.engine);
        assert!(closed.body.contains("place of help"), "{}", closed.body);
        let mut tx = test.db.read().await.unwrap();
        assert_eq!(lasting::not_over::<Override>(&mut tx, MONDAY).await.unwrap().len(), 0);
    }
}

#[tokio::test]
async fn what_is_closed_for_everyone_from_a_report_is_closed_at_the_gate_at_once() {
    for test in databases().await {
        let house = House::new(&test, &[(6, "dsl")]).await;
        let dsl = house.sign_in(6).await;
        assert!(house.decides("10.0.0.3", "fine.example").0, "it is open before");
        let place =
            reported(&house.school, "10.0.0.3", "site=fine.example&kind=should-be-closed&what=").await;
        let page = format!("/staff{place}");
        let shown = dsl.get(&page).await;
        assert!(shown.body.contains("one of Ada Example. Somebody else may have held it"), "{}", shown.body);
        let done = dsl.post(&format!("{page}/answer"), "outcome=close&why=Not+now.&answer=Thanks.").await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
        assert_eq!(house.decides("10.0.0.3", "fine.example"), (false, Step::Override), "{}", test.engine);
    }
}
