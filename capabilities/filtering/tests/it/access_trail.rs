//! The access trail is read at the portal, by who, what and when, and a look at it is an entry.

use axum::http::StatusCode;
use filtering::access_trail::views::{self, Line, Looked};
use kit::{Private, Zone};
use store::trail::{self, Entry, Wanted};
use testing::{MONDAY, databases};
use web::{Mistakes, Page, Submitted};

use crate::house::House;

#[tokio::test]
async fn whoever_may_reads_who_did_what_and_leaves_one_entry_an_hour_of_that() {
    for test in databases().await {
        let house =
            House::new(&test, &[(6, "data-protection-officer"), (1, "online-safety-lead"), (2, "teacher")])
                .await;
        let sent =
            house.school.post("10.0.0.3", "/requests", "site=games.example&what=chess&how-long=lesson").await;
        let place = sent.location().split('?').next().unwrap().to_owned();
        let (officer, lead) = (house.sign_in(6).await, house.sign_in(1).await);
        // A pupil who signs in is a pupil.
        house.sign_in(3).await;
        lead.post(&format!("/staff{place}/refusal"), "refusal=It+is+a+lesson.").await;

        assert!(officer.get("/today").await.body.contains("/staff/trail"), "{}", test.engine);
        let all = officer.get("/staff/trail").await;
        assert_eq!(all.status, StatusCode::OK, "{}", all.body);
        assert!(
            all.body.contains("<code class=\"fivebar-host\">site-request.refuse</code>")
                && all.body.contains("Tess Example"),
            "{}",
            all.body
        );
        assert!(all.body.contains("A pupil") && !all.body.contains("Ada Example"), "{}", all.body);
        assert!(!all.body.contains("It is a lesson."), "{}: nobody's words are in it", test.engine);
        assert_eq!(lead.get("/staff/trail").await.status, StatusCode::OK);
        let teacher = house.sign_in(2).await;
        assert_eq!(teacher.get("/staff/trail").await.status, StatusCode::NOT_FOUND);

        let by = officer.post("/staff/trail", "who=Tess+Example&what=site-request&from=&until=").await;
        assert_eq!(by.words("tbody tr").len(), 1, "{}: {}", test.engine, by.body);
        for (form, said) in [
            ("who=Nobody+There&what=&from=&until=", "Nobody on the roll is called so"),
            ("who=&what=&from=soon&until=", "Enter a day as in"),
            ("who=&what=&from=24/11/2026&until=", "There is no entry of that kind"),
            ("who=&what=site-request.approve&from=&until=", "There is no entry of that kind"),
        ] {
            let answer = officer.post("/staff/trail", form).await;
            assert!(answer.body.contains(said), "{}: {form}: {}", test.engine, answer.body);
        }
        let day =
            officer.post("/staff/trail", "who=&what=site-request&from=23/11/2026&until=23/11/2026").await;
        assert!(day.body.contains("<code class=\"fivebar-host\">site-request.refuse</code>"), "{}", day.body);

        // However often somebody looks: one entry an hour each.
        let looks = || async {
            let mut tx = test.db.read().await.unwrap();
            let wanted = Wanted { verb: Some("trail.look"), ..Wanted::default() };
            let found = trail::find(&mut tx, &wanted, 100).await.unwrap();
            tx.roll_back().await.unwrap();
            found.len()
        };
        assert_eq!(looks().await, 2, "{}", test.engine);
        for minutes in [25, 50, 61] {
            house.school.clock.set(MONDAY.plus_millis(minutes * 60_000));
            officer.get("/staff/trail").await;
        }
        assert_eq!(looks().await, 3, "{}", test.engine);
    }
}

#[tokio::test]
async fn the_trail_is_read_on_page_by_page() {
    for test in databases().await {
        let house = House::new(&test, &[(6, "head")]).await;
        let head = house.sign_in(6).await;
        house.sign_in(1).await;
        for _ in 0..60 {
            house.sign_in_again(1).await;
        }
        let first = head.get("/staff/trail").await;
        assert_eq!(first.words("tbody tr").len(), 50, "{}", test.engine);
        let before = first.value("input[name=before]").unwrap();
        let older = head.post("/staff/trail", &format!("before={before}&who=&what=&from=&until=")).await;
        assert!(older.body.contains("The newest entries"), "{}", older.body);
        assert_ne!(first.words("tbody tr")[0], older.words("tbody tr")[0], "{}", test.engine);
    }
}

/// The page, in every state.
pub fn samples() -> Vec<(&'static str, Page)> {
    let zone = Zone::named("Europe/London").unwrap();
    let entry = |seq: i64, verb: &str, detail: &str| Line {
        entry: Entry {
            seq,
            at: MONDAY,
            actor: "person:1".into(),
            verb: verb.into(),
            subject_kind: "site-request".into(),
            subject_id: "site-request_01jd".repeat(3),
            detail: detail.into(),
            prev: "0".repeat(64),
            hash: "1".repeat(64),
        },
        by: Private::new("Ada Example".into()),
    };
    let lines = [
        entry(9, "site-request.refuse", "{}"),
        entry(8, "session.begin", &format!("{{\"how\":\"{}\"}}", "x".repeat(80))),
    ];
    let nothing = Mistakes::default();
    let mut wrong = Mistakes::default();
    for field in ["who", "from", "until"] {
        wrong.add(field, "Enter what is missing here");
    }
    let form =
        Submitted::of([("who", "Ada Example"), ("what", "site-request"), ("from", "soon"), ("until", "x")]);
    let page = |looked: &Looked<'_>, form: &Submitted, mistakes| views::page(looked, form, mistakes, &zone);
    let none = Looked { lines: &[], older: None, further: false };
    vec![
        ("staff-trail", page(&Looked { lines: &lines, older: Some(8), further: true }, &form, &nothing)),
        ("staff-trail-empty", page(&none, &Submitted::default(), &nothing)),
        ("staff-trail-wrong", page(&none, &form, &wrong)),
    ]
}
