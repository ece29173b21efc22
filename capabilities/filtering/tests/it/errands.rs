//! What takes longer than a page: the hub is sent for it, and the page says how it goes.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use filtering::errand::Errand;
use store::{Actor, trail};
use testing::{TestDatabase, databases};

use crate::house::House;
use crate::school::Answer;
use crate::staff::Staff;

fn said(answer: &Answer) -> String {
    answer.words("main").join(" ")
}

async fn begun(test: &TestDatabase) -> Vec<(String, String)> {
    let mut tx = test.db.read().await.unwrap();
    let entries = trail::newest(&mut tx, None, 50).await.unwrap();
    tx.roll_back().await.unwrap();
    let begun = entries.into_iter().filter(|entry| entry.verb == "errand.begin");
    begun.map(|entry| (entry.actor, entry.subject_kind)).collect()
}

/// Lets one errand end, and gives the page that says so.
pub async fn until_it_ended(house: &House, who: &Staff<'_>, page: &str) -> Answer {
    house.hub.may_end.add_permits(1);
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let answer = who.get(page).await;
        if !said(&answer).contains("It began at") {
            return answer;
        }
        assert!(Instant::now() < deadline, "it never ended: {}", said(&answer));
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_test_and_a_back_up_are_begun_once_and_the_page_says_what_came_of_them() {
    for test in databases().await {
        let house = House::backed_up(&test, &[(2, "governor"), (6, "network-manager")]).await;
        let manager = house.sign_in(6).await;
        for (page, kind, errand) in [
            ("/staff/filter-tests", "filter-test", Errand::Test),
            ("/staff/back-ups", "backup", Errand::BackUp),
        ] {
            let button = format!("form[action='{page}/now'] button");
            assert_eq!(manager.get(page).await.words(&button).len(), 1, "{page}");
            for _ in 0..2 {
                let sent = manager.post(&format!("{page}/now"), "").await;
                assert_eq!((sent.status, sent.location()), (StatusCode::SEE_OTHER, page), "{}", sent.body);
            }
            let asked = house.hub.asked();
            assert_eq!(asked.iter().filter(|(one, _)| *one == errand).count(), 1, "{asked:?}");
            assert_eq!(asked.last(), Some(&(errand, Actor::Person(6))));
            assert_eq!(begun(&test).await.iter().filter(|(_, of)| of == kind).count(), 1);
            let runs = manager.get(page).await;
            assert!(
                said(&runs).contains("It began at 09:00 on Monday 23 November 2026, by: You"),
                "{}",
                said(&runs)
            );
            assert_eq!(runs.words(&button).len(), 0, "it is not begun twice");
            let ended = until_it_ended(&house, &manager, page).await;
            assert!(said(&ended).contains("ended at 09:00 on Monday 23 November 2026."), "{}", said(&ended));
            // Again, and in vain: why, and the button once more.
            *house.hub.why_not.lock().unwrap() = Some("no gate answers".into());
            manager.post(&format!("{page}/now"), "").await;
            let failed = until_it_ended(&house, &manager, page).await;
            assert!(said(&failed).contains("could not be done: no gate answers."), "{}", said(&failed));
            assert_eq!(failed.words(&button).len(), 1);
            *house.hub.why_not.lock().unwrap() = None;
        }
        // A governor reads the tests, and begins none; nor a back-up.
        let governor = house.sign_in(2).await;
        assert_eq!(governor.get("/staff/filter-tests").await.words("main form").len(), 0);
        for path in ["/staff/filter-tests/now", "/staff/back-ups/now"] {
            assert_eq!(governor.post(path, "").await.status, StatusCode::NOT_FOUND, "{path}");
        }
        assert_eq!(house.hub.asked().len(), 4);
    }
}

#[tokio::test]
async fn without_a_rule_for_back_ups_none_is_begun_and_the_page_says_why() {
    for test in databases().await {
        let house = House::new(&test, &[(6, "network-manager")]).await;
        let manager = house.sign_in(6).await;
        let page = manager.get("/staff/back-ups").await;
        assert!(said(&page).contains("Nothing is backed up by itself here."), "{}", said(&page));
        assert_eq!(page.words("main form").len(), 0);
        assert_eq!(manager.post("/staff/back-ups/now", "").await.location(), "/staff/back-ups");
        assert!(house.hub.asked().is_empty() && begun(&test).await.is_empty());
    }
}
