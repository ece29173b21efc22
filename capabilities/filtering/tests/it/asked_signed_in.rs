//! Where somebody is signed in, what they ask for and report is theirs, whoever's device they hold.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use engine::PersonNo;
use filtering::lasting;
use filtering::overrides::{Override, Whom};
use testing::{MONDAY, databases};

use crate::house::House;
use crate::school::Answer;
use crate::staff::{Staff, shown};

/// Ada's tablet, of Year 5.
const ADAS: &str = "10.0.0.3";

/// Somebody's browser on Ada's tablet, over the portal's own certificate.
async fn on_the_tablet(who: &Staff<'_>, path: &str, body: Option<&str>) -> Answer {
    let request = match body {
        Some(_) => Request::post(path).header("content-type", "application/x-www-form-urlencoded"),
        None => Request::get(path),
    };
    let request = request
        .header("cookie", who.cookie.now())
        .header("sec-fetch-site", "same-origin")
        .extension(web::Encrypted)
        .body(body.map_or_else(Body::empty, |body| Body::from(body.to_owned())));
    who.school.ask(ADAS, request.unwrap()).await
}

#[tokio::test]
async fn whoever_is_signed_in_asks_and_not_whoever_the_device_is_registered_to() {
    for test in databases().await {
        let house = House::new(&test, &[(1, "online-safety-lead"), (6, "head")]).await;
        let (lead, head) = (house.sign_in(1).await, house.sign_in(6).await);
        let cy = house.sign_in(5).await;
        let sent =
            on_the_tablet(&cy, "/requests", Some("site=closed.example&what=A+topic&how-long=day")).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
        let place = sent.location().to_owned();
        let page = format!("/staff{place}");
        let read = lead.get(&page).await;
        assert!(read.body.contains("Cy Example, who was signed in"), "{}", read.body);
        assert!(read.body.contains("One that the network knows as Ada Example’s"), "{}", read.body);

        // "Whoever asked" is whoever was signed in.
        let form = lead.get(&page).await;
        assert!(form.body.contains("person:5") && !form.body.contains("person:3"), "{}", form.body);
        lead.post(&format!("{page}/proposal"), "whom=person%3A5&until=day&risk=Low.").await;
        let words = format!("proposal={}&agreement=For+the+topic.", shown(&head, &page).await);
        assert_eq!(head.post(&format!("{page}/agreement"), &words).await.location(), page);
        let mut tx = test.db.read().await.unwrap();
        let open = lasting::not_over::<Override>(&mut tx, MONDAY).await.unwrap();
        tx.roll_back().await.unwrap();
        assert_eq!(open[0].grant.whom, Whom::Person(PersonNo(5)), "{}", test.engine);
        assert!(!house.decides(ADAS, "closed.example").0, "it is not open for Ada");

        // Cy reads it on *You*, wherever they sign in; Ada does not, on her own tablet.
        assert!(cy.get("/me").await.body.contains("/me/asked"));
        let asked = cy.get("/me/asked").await;
        assert!(asked.body.contains("For the topic.") && asked.body.contains(&place), "{}", asked.body);
        assert_eq!(cy.get(&place).await.status, StatusCode::OK);
        assert_eq!(house.school.get(ADAS, &place).await.status, StatusCode::NOT_FOUND, "{}", test.engine);
        let ada = house.sign_in(3).await;
        assert_eq!(on_the_tablet(&ada, &place, None).await.status, StatusCode::NOT_FOUND);
        assert!(ada.get("/me/asked").await.body.contains("There is nothing yet"));
    }
}

#[tokio::test]
async fn a_child_finds_the_answer_where_they_asked_and_nobody_elses() {
    for test in databases().await {
        let house = House::new(&test, &[(1, "online-safety-lead"), (6, "head")]).await;
        let (lead, cy) = (house.sign_in(1).await, house.sign_in(5).await);
        assert!(!house.school.get(ADAS, "/requests").await.body.contains("What you asked for lately"));
        // On her own tablet, without signing in.
        let sent =
            house.school.post(ADAS, "/requests", "site=games.example&what=chess&how-long=lesson").await;
        let place = sent.location().split('?').next().unwrap().to_owned();
        on_the_tablet(&cy, "/requests", Some("site=closed.example&what=A+topic&how-long=day")).await;
        // And somebody at a device that is nobody's own.
        house.school.post("10.0.0.77", "/requests", "site=closed.example&what=x&how-long=day").await;

        let waits = house.school.get(ADAS, "/requests").await;
        assert!(
            waits.body.contains(&place) && waits.body.contains("Waiting for an answer"),
            "{}",
            waits.body
        );
        assert!(!waits.body.contains("closed.example"), "{}: Cy's is Cy's", test.engine);
        let refused = lead.post(&format!("/staff{place}/refusal"), "refusal=It+is+a+lesson.").await;
        assert_eq!(refused.status, StatusCode::SEE_OTHER, "{}", refused.body);
        assert!(
            house.school.get(ADAS, "/requests").await.body.contains("Request refused"),
            "{}",
            test.engine
        );
        let shared = house.school.get("10.0.0.77", "/requests").await;
        assert!(!shared.body.contains("What you asked for lately"), "whoever has it now may be another");
        let own = on_the_tablet(&cy, "/requests", None).await;
        assert!(own.body.contains("closed.example") && !own.body.contains(&place), "{}", own.body);
        house.school.clock.set(MONDAY.plus_millis(29 * 86_400_000));
        assert!(!house.school.get(ADAS, "/requests").await.body.contains(&place), "{}", test.engine);
    }
}

#[tokio::test]
async fn a_report_says_who_was_signed_in_and_nothing_of_who_wrote_about_a_site_of_help() {
    for test in databases().await {
        let house = House::new(&test, &[(6, "dsl")]).await;
        let (dsl, cy) = (house.sign_in(6).await, house.sign_in(5).await);
        let sent = on_the_tablet(&cy, "/reports", Some("site=bad.example&kind=should-be-closed&what=")).await;
        let place = sent.location().to_owned();
        let read = dsl.get(&format!("/staff{place}")).await;
        assert!(
            read.body.contains(
                "Cy Example, who was signed in, on a device that the network knows as one of Ada Example"
            ),
            "{}",
            read.body
        );
        dsl.post(&format!("/staff{place}/answer"), "outcome=left&answer=It+is+a+museum.").await;
        assert!(cy.get("/me/asked").await.body.contains("It is a museum."), "{}", test.engine);

        let help =
            on_the_tablet(&cy, "/reports", Some("site=www.childline.org.uk&kind=other&what=Slow")).await;
        assert_eq!(help.status, StatusCode::OK);
        let mut tx = test.db.read().await.unwrap();
        let all = filtering::site_report::actions::list(&mut tx, true, 10).await.unwrap();
        assert_eq!(all.len(), 1);
        assert!(all[0].tell.asker.is_nobody(), "{}: nothing is kept of who speaks of help", test.engine);
        assert!(!cy.get("/me/asked").await.body.contains("childline"));
    }
}
