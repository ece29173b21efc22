//! The school's own words at the portal.

use axum::http::StatusCode;
use store::trail;
use testing::databases;

use crate::house::House;
use crate::school::Answer;

fn said(answer: &Answer) -> String {
    answer.words("main").join(" ")
}

#[tokio::test]
async fn who_leads_says_a_label_otherwise_and_whoever_reads_only_is_not_offered_it() {
    for test in databases().await {
        let house = House::new(&test, &[(1, "teacher"), (2, "dsl"), (6, "head")]).await;
        let (teacher, dsl, head) = (house.sign_in(1).await, house.sign_in(2).await, house.sign_in(6).await);
        for path in ["/staff/words", "/staff/words/cy", "/staff/words/cy/labels/block.title"] {
            assert_eq!(teacher.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
            assert_eq!(head.get(path).await.status, StatusCode::OK, "{path}");
        }
        let languages = dsl.get("/staff/words").await;
        assert_eq!(languages.words("tbody tr").len(), 12, "{}", said(&languages));
        let found = dsl.get("/staff/words/cy?find=block.title").await;
        assert_eq!(found.words("tbody th"), ["block.title"], "{}", said(&found));
        assert!(found.words("tbody th a").is_empty(), "reading offers no change");
        assert!(said(&dsl.get("/staff/words/cy?find=zzzz").await).contains("No label has that in it."));
        let path = "/staff/words/cy/labels/block.title";
        assert_eq!(dsl.get(path).await.status, StatusCode::NOT_FOUND);
        assert_eq!(dsl.post(path, "text=Ddim").await.status, StatusCode::NOT_FOUND);

        let answer = head.post(path, "text=Ddim+yn+yr+ysgol").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", said(&answer));
        assert!(said(&head.get("/staff/words/cy/labels/block.title?said=yes").await).contains("It is said"));
        assert_eq!(
            head.post("/staff/words/pl/standing", "text=our+interpreter").await.status,
            StatusCode::SEE_OTHER
        );
        let mut tx = test.db.read().await.unwrap();
        let entries = trail::newest(&mut tx, None, 2).await.unwrap();
        assert!(entries.iter().all(|entry| entry.verb == "words.change" && !entry.detail.contains("ysgol")));
        tx.roll_back().await.unwrap();
        // Who changed it, and what it said, stands below it.
        let kept = head.get(path).await;
        assert!(said(&kept).contains("How it was changed"), "{}", said(&kept));
        assert!(kept.words("tbody td").contains(&"Ddim yn yr ysgol".to_owned()), "{}", said(&kept));
        assert!(said(&head.get("/today").await).contains("2 labels of the pages were said otherwise"));
    }
}

#[tokio::test]
async fn what_a_child_in_trouble_reads_is_the_safeguarding_leads_to_change_and_nobody_elses() {
    for test in databases().await {
        let house = House::new(&test, &[(1, "network-manager"), (2, "dsl"), (6, "online-safety-lead")]).await;
        let (manager, dsl) = (house.sign_in(1).await, house.sign_in(2).await);
        let online = house.sign_in(6).await;
        for label in ["help.danger", "help.private", "block.talk-now"] {
            let (help, other) =
                (format!("/staff/words/en/help/{label}"), format!("/staff/words/en/labels/{label}"));
            for who in [&manager, &online] {
                for path in [&help, &other] {
                    assert_eq!(who.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
                    assert_eq!(who.post(path, "text=Nothing").await.status, StatusCode::NOT_FOUND, "{path}");
                }
            }
            assert_eq!(dsl.get(&other).await.status, StatusCode::NOT_FOUND, "{other}");
            assert_eq!(dsl.get(&help).await.status, StatusCode::OK, "{help}");
        }
        // No other label comes in by that door.
        let around = "/staff/words/en/help/block.title";
        assert_eq!(dsl.post(around, "text=Nothing").await.status, StatusCode::NOT_FOUND);
        let found = manager.get("/staff/words/en?find=help.danger").await;
        assert!(found.words("tbody th a").is_empty(), "it is not offered: {}", said(&found));
        let answer = dsl.post("/staff/words/en/help/help.danger", "text=Ring+999+now.").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", said(&answer));
        let mut tx = test.db.read().await.unwrap();
        let entry = trail::newest(&mut tx, None, 1).await.unwrap().remove(0);
        tx.roll_back().await.unwrap();
        assert_eq!((entry.verb.as_str(), entry.subject_id.as_str()), ("words.change", "help.danger"));
        assert!(entry.detail.contains("\"now\"") && !entry.detail.contains("999"), "{}", entry.detail);
    }
}

#[tokio::test]
async fn a_label_that_would_break_a_page_is_refused_with_the_persons_words_kept() {
    for test in databases().await {
        let house = House::new(&test, &[(6, "head")]).await;
        let head = house.sign_in(6).await;
        for (label, text, say) in [
            ("block.title", "", "It is empty"),
            ("block.site", "The+site", "In braces must stand {site}"),
            ("block.title", &"a".repeat(1_001), "It has more than 1000 characters"),
        ] {
            let answer = head.post(&format!("/staff/words/en/labels/{label}"), &format!("text={text}")).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{label}");
            assert!(said(&answer).contains(say), "{label}: {}", said(&answer));
            assert_eq!(answer.words(".govuk-error-summary a").len(), 1);
        }
        let kept = head.post("/staff/words/en/labels/block.site", "text=My+words").await;
        assert!(kept.words("textarea").contains(&"My words".to_owned()), "{}", said(&kept));
        for path in
            ["/staff/words/xx", "/staff/words/cy/labels/nothing.here", "/staff/words/xx/labels/block.title"]
        {
            assert_eq!(head.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
        }
        let unknown = head.post("/staff/words/cy/labels/nothing.here", "text=x").await;
        assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    }
}
