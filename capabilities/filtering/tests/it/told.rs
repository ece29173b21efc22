//! What people are told at the portal, and how they choose how.

use axum::http::StatusCode;
use kit::Private;
use notices::push::{Reach, Vapid};
use people::account::notices::Telling;
use testing::{MONDAY, TestDatabase, databases};

use crate::school::{School, TABLET};
use crate::staff::{HERE, MINUTE_MS, PASSWORD, Staff, cookie, invited, welcomed};

const P256DH: &str =
    "BLn9b-VR0ca83knDNZ32dCHGyjJp-1riX9ZTN40MqV8K_LpQmLqxC_DoHvqvFXO_nGdAB4W9dogZb_sM-uV4JbY";

fn telling() -> Telling {
    let key = Private::new([7; 32]);
    Telling { mail: true, push: Vapid::of(&key), reach: Reach::Public, key }
}

async fn unseen(test: &TestDatabase, person: u32) -> Vec<(&'static str, u32)> {
    let mut tx = test.db.read().await.unwrap();
    let unseen = notices::unseen(&mut tx, person).await.unwrap();
    tx.roll_back().await.unwrap();
    unseen.into_iter().map(|notice| (notice.kind.id(), notice.count)).collect()
}

/// Signs in by name and password in a browser that is new, or that is known.
async fn signs_in<'a>(school: &'a School, known: Option<&str>) -> (Staff<'a>, String) {
    let form = format!("name=hanna&password={}", PASSWORD.replace(' ', "+"));
    let request = axum::http::Request::post("/sign-in")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .header("cookie", known.unwrap_or("a=b"))
        .body(axum::body::Body::from(form))
        .unwrap();
    let answer = school.ask(HERE, request).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let known = answer.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap());
    let known =
        known.filter_map(|line| line.split(';').next()).find(|line| line.contains("-known=")).unwrap();
    (Staff { school, cookie: cookie(&answer).into() }, known.to_owned())
}

#[tokio::test]
async fn whoever_answers_requests_is_told_of_one_and_looks_at_it() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "online-safety-lead"), (2, "teacher")]).await;
        let school = School::new(&test, None);
        let lead = welcomed(&school, &tokens[0]).await;
        let teacher = welcomed(&school, &tokens[1]).await;
        assert!(!lead.get("/today").await.words("h2").contains(&"New for you".to_owned()));
        for _ in 0..2 {
            let asked =
                school.post(TABLET, "/requests", "site=play.example&what=For+maths&how-long=lesson").await;
            assert_eq!(asked.status, StatusCode::SEE_OTHER, "{}", asked.body);
        }
        assert_eq!(unseen(&test, 1).await, [("request.waiting", 2)], "{}", test.engine);
        assert_eq!(unseen(&test, 2).await, [], "a teacher does not answer them");
        assert_eq!(teacher.get("/me/notices/all").await.words("td").len(), 0);
        let today = lead.get("/today").await;
        assert!(today.words("h2").contains(&"New for you".to_owned()));
        assert!(
            today.body.contains("A request waits (2)") && !today.body.contains("For maths"),
            "{}",
            today.body
        );

        // Nobody looks at them for somebody else.
        teacher.post("/me/notices/all/seen", "back=/today").await;
        assert_eq!(unseen(&test, 1).await.len(), 1);
        let seen = lead.post("/me/notices/all/seen", "back=/today").await;
        assert_eq!((seen.status, seen.location()), (StatusCode::SEE_OTHER, "/today"));
        assert_eq!(unseen(&test, 1).await, [], "{}", test.engine);
        let elsewhere = lead.post("/me/notices/all/seen", "back=https%3A%2F%2Fother.example").await;
        assert_eq!(elsewhere.location(), "/me/notices/all");
        assert_eq!(lead.post("/me/notices/all/seen", "notice=x").await.status, StatusCode::NOT_FOUND);
        assert!(lead.get("/me/notices/all").await.body.contains("A request waits"));
    }
}

#[tokio::test]
async fn a_sign_in_in_a_new_browser_is_told_and_one_in_a_known_browser_is_not() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head")]).await;
        let school = School::new(&test, None);
        welcomed(&school, &tokens[0]).await;
        assert_eq!(unseen(&test, 1).await, [], "{}: the very first is no news", test.engine);
        let (_, known) = signs_in(&school, None).await;
        assert_eq!(unseen(&test, 1).await, [("account.new-sign-in", 1)], "{}", test.engine);
        signs_in(&school, Some(&known)).await;
        assert_eq!(unseen(&test, 1).await, [("account.new-sign-in", 1)], "{}", test.engine);
        signs_in(&school, None).await;
        assert_eq!(unseen(&test, 1).await, [("account.new-sign-in", 2)], "{}", test.engine);
    }
}

#[tokio::test]
async fn people_choose_how_they_are_told_once_they_have_proved_who_they_are() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head")]).await;
        let school = School::told(&test, telling());
        let head = welcomed(&school, &tokens[0]).await;
        let page = head.get("/me/notices").await;
        assert_eq!(page.words("h1"), ["How you are told"]);
        assert_eq!(page.value("input[name=from]").as_deref(), Some("18:00"));
        assert!(page.body.contains("data-fivebar-push=\"B"), "{}", page.body);
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("worker-src 'self'") && !policy.contains("unsafe"), "{policy}");

        let kept = head
            .post(
                "/me/notices",
                "from=17%3A30&until=08%3A00&weekends=no&request.waiting=portal&digest=nonsense",
            )
            .await;
        assert_eq!(kept.status, StatusCode::SEE_OTHER, "{}", kept.body);
        let page = head.get("/me/notices").await;
        assert_eq!(page.value("input[name=from]").as_deref(), Some("17:30"));
        let chosen = page.value("select[name='request.waiting'] option[selected]");
        assert_eq!(chosen.as_deref(), Some("portal"), "{}", test.engine);
        assert_eq!(page.value("select[name=digest] option[selected]").as_deref(), Some("mail"));
        let wrong = head.post("/me/notices", "from=soon&until=25%3A00&weekends=no").await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.body.contains("Enter a time of the day") && wrong.body.contains("value=\"soon\""));

        let given = head.post("/me/notices/address", "address=hanna%40school.example").await;
        assert_eq!(given.status, StatusCode::SEE_OTHER, "{}", given.body);
        let page = head.get("/me/notices").await;
        assert!(
            page.body.contains("A code was sent to") && !page.body.contains("Notices go to"),
            "{}",
            page.body
        );
        let wrong = head.post("/me/notices/address/code", "code=12").await;
        assert!(wrong.body.contains("That code is not right"), "{}", wrong.body);
        let odd = head.post("/me/notices/address", "address=a%40b.example%0D%0ABcc%3A+c%40d.example").await;
        assert!(odd.body.contains("Enter an e-mail address"), "{}", odd.body);

        let form = |endpoint: &str| {
            format!("endpoint={endpoint}&key={P256DH}&auth=_ordMnz7uTCmrpBTeUV4Bw&called=Phone")
        };
        let taken = head.post("/me/notices/subscriptions", &form("https%3A%2F%2Fpush.example%2Fx")).await;
        assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.body);
        let inside = head.post("/me/notices/subscriptions", &form("https%3A%2F%2F127.0.0.1%2Fx")).await;
        assert!(inside.body.contains("notices are not sent to"), "{}", inside.body);
        let page = head.get("/me/notices").await;
        assert!(page.words("th").contains(&"Phone".to_owned()));
        let remove = page.body.split("action=\"/me/notices/subscriptions/").nth(1).unwrap();
        let remove = format!("/me/notices/subscriptions/{}", remove.split('"').next().unwrap());
        assert_eq!(head.post(&remove, "").await.status, StatusCode::SEE_OTHER);
        assert_eq!(head.post(&remove, "").await.status, StatusCode::NOT_FOUND);

        assert_eq!(head.post("/me/notices/trial", "").await.location(), "/me/notices/all");
        assert_eq!(unseen(&test, 1).await, [("trial", 1)], "{}", test.engine);

        // Later, whoever sits there proves first who they are.
        school.clock.set(MONDAY.plus_millis(11 * MINUTE_MS));
        for (path, body) in [
            ("/me/notices", "from=00%3A00&until=00%3A00&weekends=no"),
            ("/me/notices/address", "address=thief%40other.example"),
            ("/me/notices/address/removal", ""),
        ] {
            let refused = head.post(path, body).await;
            assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{path}: {}", refused.body);
        }
        assert_eq!(head.get("/me/notices").await.value("input[name=from]").as_deref(), Some("17:30"));
    }
}

#[tokio::test]
async fn a_pupil_is_told_at_the_portal_alone() {
    for test in databases().await {
        let tokens = invited(&test, &[]).await;
        let school = School::told(&test, telling());
        let pupil = welcomed(&school, &tokens[2]).await;
        let page = pupil.get("/me/notices").await;
        assert!(page.body.contains("Nothing is sent to you anywhere else"), "{}", page.body);
        assert_eq!(page.words("select").len() + page.words("input[type=email]").len(), 0);
        for path in ["/me/notices", "/me/notices/address", "/me/notices/subscriptions"] {
            assert_eq!(
                pupil.post(path, "from=1%3A00&until=2%3A00").await.status,
                StatusCode::NOT_FOUND,
                "{path}"
            );
        }
        assert_eq!(
            school.get(HERE, "/me/notices").await.status,
            StatusCode::SEE_OTHER,
            "nobody else's either"
        );
    }
}

#[tokio::test]
async fn what_shows_notices_is_served_and_asked_for_again_each_time() {
    for test in databases().await {
        let school = School::new(&test, None);
        let worker = school.get(HERE, "/assets/notices-worker.js").await;
        assert_eq!(
            (worker.status, worker.headers["cache-control"].to_str().unwrap()),
            (StatusCode::OK, "no-cache")
        );
        assert!(worker.body.contains("showNotification"));
    }
}

#[tokio::test]
async fn whoever_is_signed_out_everywhere_is_told_nowhere_else_until_they_say_where() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head")]).await;
        let school = School::told(&test, telling());
        let head = welcomed(&school, &tokens[0]).await;
        // Somebody who has learned the password adds a browser of theirs.
        let browser = format!(
            "endpoint=https%3A%2F%2Fpush.example%2Fx&key={P256DH}&auth=_ordMnz7uTCmrpBTeUV4Bw&called=Phone"
        );
        let taken = head.post("/me/notices/subscriptions", &browser).await;
        assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.body);
        assert!(head.get("/me/notices").await.words("th").contains(&"Phone".to_owned()));
        let mut tx = test.db.begin().await.unwrap();
        let everywhere = crate::staff::permit::<people::account::EndSessions>(engine::PersonNo(1));
        people::account::end_everywhere(&mut tx, &everywhere, MONDAY).await.unwrap();
        let entries = store::trail::newest(&mut tx, None, 5).await.unwrap();
        let ended = entries.iter().find(|one| one.verb == "session.end").unwrap();
        assert!(
            ended.detail.contains("\"told\":1") && ended.detail.contains("\"programs\":true"),
            "{}",
            ended.detail
        );
        tx.commit().await.unwrap();
        let (head, _) = signs_in(&school, None).await;
        assert!(!head.get("/me/notices").await.words("th").contains(&"Phone".to_owned()), "{}", test.engine);
        assert!(unseen(&test, 1).await.contains(&("account.made-safe", 1)), "{}", test.engine);
    }
}
