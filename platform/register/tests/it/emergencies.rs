//! What one person opened alone, as it is kept.

use kit::{Actor, Zone};
use register::approval::{self, Approval, Proposal};
use register::emergency::{self, Carried, EmergencyError, LONGEST_MS, Refused, Verdict};
use register::{SchoolYear, task};
use serde_json::json;
use store::Tx;
use store::orm::ConnectionTrait as _;
use testing::{MONDAY, databases};

const LEAD: Actor = Actor::Person(2);
const HEAD: Actor = Actor::Person(1);

fn year() -> SchoolYear {
    SchoolYear::new(Zone::named("Europe/London").unwrap())
}

async fn proposed(tx: &mut Tx) -> Approval {
    let proposal = Proposal {
        kind: "request.approve",
        subject: "r-1".to_owned(),
        terms: json!({}),
        reason: "chess club".to_owned(),
        lapses_at: MONDAY.plus_millis(10 * LONGEST_MS),
    };
    approval::propose(tx, &LEAD, proposal, MONDAY).await.unwrap()
}

fn carried(ends_at: i64) -> Carried {
    Carried {
        made: "1".to_owned(),
        path: "/staff/requests/R-7KQ4M2HX".to_owned(),
        reason: "A visitor waits.".to_owned(),
        ends_at: MONDAY.plus_millis(ends_at),
    }
}

#[tokio::test]
async fn what_one_opens_another_looks_at_once() {
    for test in databases().await {
        let mut tx = test.db.begin().await.unwrap();
        let proposal = proposed(&mut tx).await;
        let refused = emergency::open(&mut tx, &HEAD, &proposal, carried(5), &year(), MONDAY).await;
        assert!(matches!(refused, Err(EmergencyError::Refused(Refused::NotTheirs))), "{refused:?}");
        let far = carried(9 * LONGEST_MS);
        let opened = emergency::open(&mut tx, &LEAD, &proposal, far, &year(), MONDAY).await.unwrap();
        assert_eq!(opened.ends_at, MONDAY.plus_millis(LONGEST_MS), "a day at most, whatever was asked");
        assert_eq!(emergency::waiting(&mut tx).await.unwrap(), std::slice::from_ref(&opened));
        let open = task::open(&mut tx).await.unwrap();
        assert_eq!(open.len(), 1, "{}", test.engine);
        assert_eq!((open[0].kind.as_str(), open[0].not_by.as_deref()), (emergency::TASK, Some("person:2")));
        let own = emergency::review(&mut tx, &LEAD, opened.id, Verdict::Right, "mine", MONDAY).await;
        assert!(matches!(own, Err(EmergencyError::Refused(Refused::NotYourOwn(_)))), "{own:?}");
        emergency::review(&mut tx, &HEAD, opened.id, Verdict::Right, "Fine.", MONDAY).await.unwrap();
        let again = emergency::review(&mut tx, &HEAD, opened.id, Verdict::Ended, "No.", MONDAY).await;
        assert!(matches!(again, Err(EmergencyError::Refused(Refused::Reviewed))), "{again:?}");
        assert_eq!(emergency::waiting(&mut tx).await.unwrap(), []);
        assert_eq!(task::open(&mut tx).await.unwrap(), [], "the task is done with it");
        let kept = emergency::of_approval(&mut tx, proposal.id).await.unwrap().unwrap();
        assert_eq!(
            kept.reviewed.map(|review| (review.by, review.verdict)),
            Some(("person:1".into(), Verdict::Right))
        );
        let entries = store::trail::newest(&mut tx, None, 10).await.unwrap();
        assert!(
            entries.iter().all(|entry| !entry.detail.contains("visitor")),
            "words are never in the trail"
        );
        tx.commit().await.unwrap();
        let mut tx = test.db.begin().await.unwrap();
        let twice = emergency::open(&mut tx, &LEAD, &proposal, carried(5), &year(), MONDAY).await;
        assert!(matches!(twice, Err(EmergencyError::Twice)), "{twice:?}");
    }
}

#[tokio::test]
async fn nobody_opens_it_a_second_day_before_the_first_was_looked_at() {
    for test in databases().await {
        let mut tx = test.db.begin().await.unwrap();
        let first = proposed(&mut tx).await;
        let opened = emergency::open(&mut tx, &LEAD, &first, carried(5), &year(), MONDAY).await.unwrap();
        approval::withdraw(&mut tx, &LEAD, first.id, MONDAY).await.unwrap();
        let second = proposed(&mut tx).await;
        tx.commit().await.unwrap();
        let mut tx = test.db.begin().await.unwrap();
        let again = emergency::open(&mut tx, &LEAD, &second, carried(5), &year(), MONDAY).await;
        assert!(matches!(again, Err(EmergencyError::Twice)), "{}: {again:?}", test.engine);
        drop(tx);
        let mut tx = test.db.begin().await.unwrap();
        emergency::review(&mut tx, &HEAD, opened.id, Verdict::Right, "Fine.", MONDAY).await.unwrap();
        emergency::open(&mut tx, &LEAD, &second, carried(5), &year(), MONDAY).await.unwrap();
        tx.commit().await.unwrap();
    }
}

/// Whatever the program above does: the database refuses more than a day, and whoever opened it as the one who looks at it.
#[tokio::test]
async fn the_database_refuses_more_than_a_day_and_a_look_at_ones_own() {
    for test in databases().await {
        let mut tx = test.db.begin().await.unwrap();
        let proposal = proposed(&mut tx).await;
        emergency::open(&mut tx, &LEAD, &proposal, carried(5), &year(), MONDAY).await.unwrap();
        tx.commit().await.unwrap();
        for change in [
            "UPDATE emergency SET verdict = 'right', review = 'x', reviewed_at = 1, reviewed_by = opened_by",
            "UPDATE emergency SET ends_at = opened_at + 86400001",
            "UPDATE emergency SET verdict = 'right'",
        ] {
            let tx = test.db.begin().await.unwrap();
            assert!(tx.conn().execute_unprepared(change).await.is_err(), "{}: {change}", test.engine);
        }
    }
}
