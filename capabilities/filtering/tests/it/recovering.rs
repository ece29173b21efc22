//! Two people let somebody in again who has lost password and phone.

use axum::http::StatusCode;
use store::trail;
use testing::{MONDAY, databases};

use crate::school::School;
use crate::staff::{HERE, MINUTE_MS, Staff, form, invited, welcomed};

async fn shown(who: &Staff<'_>, page: &str) -> String {
    who.get(page).await.value("input[name=proposal]").unwrap()
}

#[tokio::test]
async fn two_others_let_somebody_in_again_and_neither_alone() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head"), (2, "network-manager"), (3, "teacher")]).await;
        let school = School::new(&test, None);
        let (head, manager) = (welcomed(&school, &tokens[0]).await, welcomed(&school, &tokens[1]).await);
        let theo = welcomed(&school, &tokens[2]).await;
        for path in ["/staff/recoveries", "/staff/recoveries/1"] {
            assert_eq!(theo.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
        }
        let empty = manager.post("/staff/recoveries", "whose=nobody&reason=").await;
        assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(empty.value("input[name=whose]").as_deref(), Some("nobody"));
        let own = manager.post("/staff/recoveries", "whose=lena&reason=me").await;
        assert!(own.body.contains("Nobody lets themselves in again"), "{}", own.body);

        let page = "/staff/recoveries/3";
        let proposed = manager.post("/staff/recoveries", "whose=Theo+Example&reason=Fell+in+the+sea.").await;
        assert_eq!(
            (proposed.status, proposed.location()),
            (StatusCode::SEE_OTHER, page),
            "{}",
            proposed.body
        );
        let twice = head.post("/staff/recoveries", "whose=theo&reason=again").await;
        assert!(twice.body.contains("waits for a second person"), "{}", twice.body);
        let seen = manager.get(page).await;
        assert!(seen.body.contains("another must agree") && seen.value("input[name=proposal]").is_none());
        let body = format!("proposal={}&agreement=I+know+him.", shown(&head, page).await);
        let alone = manager.post(&format!("{page}/agreement"), &body).await;
        assert_eq!(alone.status, StatusCode::UNPROCESSABLE_ENTITY, "{}: one person alone", test.engine);

        let agreed = head.post(&format!("{page}/agreement"), &body).await;
        assert_eq!(agreed.words("h1"), ["Hand this over"], "{}", agreed.body);
        let link = agreed.words("main code").concat();
        let link = link.strip_prefix("http://portal.example").unwrap();
        assert_eq!(theo.get("/me").await.status, StatusCode::SEE_OTHER, "{}: his sessions end", test.engine);
        // The password that somebody else may know is nobody's any more.
        let old = format!("name=theo&password={}", crate::staff::PASSWORD.replace(' ', "+"));
        let old = school.post(HERE, "/sign-in", &old).await;
        assert_eq!(old.status, StatusCode::UNPROCESSABLE_ENTITY, "{}: {}", test.engine, old.body);
        let again = school.post(HERE, link, &form("cobweb lantern ferry")).await;
        assert_eq!(again.location(), "/today", "{}", again.body);
        assert_eq!(head.post(&format!("{page}/agreement"), &body).await.status, StatusCode::NOT_FOUND);

        let mut tx = test.db.read().await.unwrap();
        let entries = trail::newest(&mut tx, None, 30).await.unwrap();
        for (who, verb) in [
            ("person:2", "approval.propose"),
            ("person:1", "approval.agree"),
            ("person:1", "account.recover"),
        ] {
            assert!(entries.iter().any(|one| one.actor == who && one.verb == verb), "{who} {verb}");
        }
        assert!(entries.iter().all(|one| !one.detail.contains("sea") && !one.detail.contains("know")));
    }
}

#[tokio::test]
async fn the_head_is_let_in_again_with_somebody_who_stands_over_them() {
    for test in databases().await {
        let duties = [(1, "head"), (2, "network-manager"), (3, "dsl")];
        let tokens = invited(&test, &duties).await;
        let school = School::new(&test, None);
        welcomed(&school, &tokens[0]).await;
        let (manager, dsl) = (welcomed(&school, &tokens[1]).await, welcomed(&school, &tokens[2]).await);
        let page = "/staff/recoveries/1";
        manager.post("/staff/recoveries", "whose=hanna&reason=Lost.").await;
        let body = format!("proposal={}&agreement=I+know+her.", shown(&dsl, page).await);
        let told = dsl.post(&format!("{page}/agreement"), &body).await;
        assert!(told.body.contains("one of the two must be the chair"), "{}: {}", test.engine, told.body);
        crate::staff::give(&test, 3, "chair").await;
        let agreed = dsl.post(&format!("{page}/agreement"), &body).await;
        assert_eq!(agreed.words("h1"), ["Hand this over"], "{}: {}", test.engine, agreed.body);
    }
}

#[tokio::test]
async fn whoever_it_is_about_is_told_and_says_no() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head"), (2, "network-manager"), (3, "teacher")]).await;
        let school = School::new(&test, None);
        let (head, manager) = (welcomed(&school, &tokens[0]).await, welcomed(&school, &tokens[1]).await);
        let theo = welcomed(&school, &tokens[2]).await;
        manager.post("/staff/recoveries", "whose=theo&reason=He+asked+me.").await;
        let body = format!("proposal={}&agreement=yes", shown(&head, "/staff/recoveries/3").await);
        let today = theo.get("/today").await;
        assert!(today.body.contains("Two people may be about to let you in again"), "{}", today.body);
        assert_eq!(theo.post("/me/recovery/objection", "").await.location(), "/today");
        assert!(!theo.get("/today").await.body.contains("Two people"));
        let late = head.post("/staff/recoveries/3/agreement", &body).await;
        assert_eq!(late.status, StatusCode::NOT_FOUND, "{}", test.engine);

        // A proposal ends after a day, and can be taken back or refused before.
        for (who, what, words) in [(&manager, "withdrawal", ""), (&head, "disagreement", "disagreement=No.")]
        {
            manager.post("/staff/recoveries", "whose=theo&reason=Again.").await;
            let words = if words.is_empty() {
                String::new()
            } else {
                format!("proposal={}&{words}", shown(&head, "/staff/recoveries/3").await)
            };
            let answer = who.post(&format!("/staff/recoveries/3/{what}"), &words).await;
            assert_eq!(answer.location(), "/staff/recoveries", "{what}: {}", answer.body);
            assert!(head.get("/staff/recoveries").await.body.contains("Nobody waits"), "{what}");
        }
        // Whoever may not propose it any more proposed nothing.
        manager.post("/staff/recoveries", "whose=theo&reason=Again.").await;
        assert!(!head.get("/staff/recoveries").await.body.contains("Nobody waits"));
        crate::staff::end(&test, 2).await;
        assert!(head.get("/staff/recoveries").await.body.contains("Nobody waits"), "{}", test.engine);
        head.post("/staff/recoveries", "whose=theo&reason=Again.").await;
        head.post("/staff/recoveries/3/withdrawal", "").await;
        crate::staff::give(&test, 2, "network-manager").await;
        school.clock.set(MONDAY.plus_millis(11 * MINUTE_MS));
        manager.post("/staff/recoveries", "whose=theo&reason=Again.").await;
        assert!(head.get("/staff/recoveries").await.body.contains("Nobody waits"), "a proof comes first");
    }
}
