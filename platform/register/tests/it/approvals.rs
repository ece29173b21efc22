//! Approvals as they are kept.

use kit::Actor;
use register::approval::{self, AnswerError, Proposal, Refused, State};
use serde_json::json;
use store::StoreError;
use store::orm::ConnectionTrait as _;
use testing::{MONDAY, databases};

const HEAD: Actor = Actor::Person(1);
const LEAD: Actor = Actor::Person(2);

fn proposal(subject: &str) -> Proposal {
    Proposal {
        kind: "request.approve",
        subject: subject.to_owned(),
        terms: json!({"whom": "group:year-9", "ends_at": 5}),
        reason: "chess club".to_owned(),
        lapses_at: MONDAY.plus_millis(1_000),
    }
}

#[tokio::test]
async fn what_one_proposes_another_agrees_to_once() {
    for test in databases().await {
        let mut tx = test.db.begin().await.unwrap();
        let proposed = approval::propose(&mut tx, &LEAD, proposal("r-1"), MONDAY).await.unwrap();
        let found = approval::waiting_for(&mut tx, "request.approve", "r-1").await.unwrap();
        assert_eq!(found, Some(proposed.clone()));
        let own = approval::agree(&mut tx, &LEAD, proposed.id, "yes", MONDAY).await;
        assert!(matches!(own, Err(AnswerError::Refused(Refused::NotYourOwn(_)))), "{own:?}");
        let agreed = approval::agree(&mut tx, &HEAD, proposed.id, " yes ", MONDAY).await.unwrap();
        assert_eq!(agreed.terms, json!({"whom": "group:year-9", "ends_at": 5}));
        let again = approval::agree(&mut tx, &Actor::Person(3), proposed.id, "yes", MONDAY).await;
        assert!(
            matches!(again, Err(AnswerError::Refused(Refused::NotWaiting { was: "agreed" }))),
            "{again:?}"
        );
        let history = approval::history(&mut tx, "request.approve", "r-1").await.unwrap();
        assert_eq!(
            history.into_iter().map(|one| one.state).collect::<Vec<_>>(),
            [State::Agreed { by: "person:1".into(), at: MONDAY, words: "yes".into() }]
        );
        assert_eq!(approval::waiting_for(&mut tx, "request.approve", "r-1").await.unwrap(), None);
        let entries = store::trail::newest(&mut tx, None, 10).await.unwrap();
        let verbs: Vec<_> = entries.iter().map(|entry| entry.verb.as_str()).collect();
        assert_eq!(verbs, ["approval.agree", "approval.propose"]);
        assert!(entries.iter().all(|entry| !entry.detail.contains("chess")), "words are never in the trail");
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn the_same_waits_once_and_lapses_by_itself() {
    for test in databases().await {
        let mut tx = test.db.begin().await.unwrap();
        approval::propose(&mut tx, &LEAD, proposal("r-1"), MONDAY).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = test.db.begin().await.unwrap();
        let twice = approval::propose(&mut tx, &HEAD, proposal("r-1"), MONDAY).await;
        assert!(matches!(twice, Err(StoreError::Taken)), "{twice:?}");
        drop(tx);
        let mut tx = test.db.begin().await.unwrap();
        let job = Actor::Job("approvals");
        assert!(approval::lapse(&mut tx, &job, MONDAY.plus_millis(999)).await.unwrap().is_empty());
        let lapsed = approval::lapse(&mut tx, &job, MONDAY.plus_millis(1_000)).await.unwrap();
        assert_eq!(lapsed.len(), 1, "{}", test.engine);
        let again = Proposal { lapses_at: MONDAY.plus_millis(5_000), ..proposal("r-1") };
        approval::propose(&mut tx, &HEAD, again, MONDAY.plus_millis(1_001)).await.unwrap();
        tx.commit().await.unwrap();
    }
}

/// Whatever the program above does: the database refuses a second person who is the first.
#[tokio::test]
async fn the_database_refuses_a_second_who_is_the_first() {
    for test in databases().await {
        let mut tx = test.db.begin().await.unwrap();
        approval::propose(&mut tx, &LEAD, proposal("r-1"), MONDAY).await.unwrap();
        tx.commit().await.unwrap();
        let tx = test.db.begin().await.unwrap();
        let refused = tx
            .conn()
            .execute_unprepared(
                "UPDATE approval SET state = 'agreed', answered_by = proposed_by, answered_at = 1",
            )
            .await;
        assert!(refused.is_err(), "{}: one person approved twice", test.engine);
    }
}
