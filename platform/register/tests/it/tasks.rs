//! Tasks as they are kept.

use kit::{Actor, Zone};
use register::SchoolYear;
use register::chase::{self, Telling};
use register::task::{self, Opening, Owner, State};
use store::StoreError;
use store::orm::ConnectionTrait as _;
use testing::{MONDAY, databases};

const JOB: Actor = Actor::Job("tasks");
const DAY_MS: i64 = 86_400_000;

fn opening(kind: &'static str, subject: &str) -> Opening {
    Opening {
        kind,
        subject: subject.to_owned(),
        path: "/staff/filter-tests".to_owned(),
        due_at: None,
        not_by: Some("person:9".to_owned()),
    }
}

fn year() -> SchoolYear {
    SchoolYear::new(Zone::named("Europe/London").unwrap())
}

#[tokio::test]
async fn a_task_is_put_once_for_its_kind_and_what_it_is_about() {
    for test in databases().await {
        let mut tx = test.db.begin().await.unwrap();
        let put = task::put_once(&mut tx, &JOB, opening("drill-failed", "drill:1"), &year(), MONDAY).await;
        let put = put.unwrap().unwrap();
        assert_eq!(put.due_at, MONDAY.plus_millis(39 * 3_600_000), "to the end of Tuesday");
        assert_eq!(task::open(&mut tx).await.unwrap(), std::slice::from_ref(&put), "{}", test.engine);
        for again in ["drill-failed", "no-such-kind"] {
            let again = task::put_once(&mut tx, &JOB, opening(again, "drill:1"), &year(), MONDAY).await;
            assert_eq!(again.unwrap(), None);
        }
        let late = task::escalate(&mut tx, &JOB, put, MONDAY.plus_millis(5 * DAY_MS)).await.unwrap().unwrap();
        assert_eq!(task::open(&mut tx).await.unwrap(), [late]);
        let settled = task::settle(&mut tx, &JOB, "drill-failed", "drill:1", MONDAY).await.unwrap().unwrap();
        assert!(matches!(settled.state, State::Done(_)));
        assert_eq!(task::open(&mut tx).await.unwrap(), []);
        assert_eq!(task::settle(&mut tx, &JOB, "drill-failed", "drill:1", MONDAY).await.unwrap(), None);
        let done = task::put_once(&mut tx, &JOB, opening("drill-failed", "drill:1"), &year(), MONDAY).await;
        assert_eq!(done.unwrap(), None, "whoever is done with it is not asked again");
        let entries = store::trail::newest(&mut tx, None, 10).await.unwrap();
        let verbs: Vec<_> = entries.iter().map(|entry| entry.verb.as_str()).collect();
        assert_eq!(verbs, ["task.done", "task.escalate", "task.open"]);
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn whoever_lost_their_duty_has_a_task_no_more() {
    for test in databases().await {
        let mut tx = test.db.begin().await.unwrap();
        let put = task::put_once(&mut tx, &JOB, opening("drill-failed", "drill:1"), &year(), MONDAY).await;
        let taken = task::Task { owner: Some(Owner::Person(3)), ..put.unwrap().unwrap() };
        let back = task::give_back(&mut tx, &JOB, taken, MONDAY).await.unwrap().unwrap();
        assert_eq!(back.owner, None);
        assert_eq!(task::open(&mut tx).await.unwrap(), [back], "{}", test.engine);
        tx.commit().await.unwrap();
    }
}

/// Whatever the program above does: whose work a task looks at neither has it nor ends it.
#[tokio::test]
async fn the_database_refuses_a_task_to_whose_work_it_looks_at() {
    for test in databases().await {
        let mut tx = test.db.begin().await.unwrap();
        task::put_once(&mut tx, &JOB, opening("drill-failed", "drill:1"), &year(), MONDAY).await.unwrap();
        tx.commit().await.unwrap();
        for change in [
            "UPDATE task SET owner = not_by",
            "UPDATE task SET state = 'done', closed_at = 1, words = '', closed_by = not_by",
            "UPDATE task SET state = 'done'",
        ] {
            let tx = test.db.begin().await.unwrap();
            let refused = tx.conn().execute_unprepared(change).await;
            assert!(refused.is_err(), "{}: {change}", test.engine);
        }
    }
}

#[tokio::test]
async fn the_same_is_put_into_the_outbox_once() {
    for test in databases().await {
        let mut tx = test.db.begin().await.unwrap();
        let telling = [Telling { key: "digest:2026-11-23:1".into(), person: 1, kind: "digest", count: 2 }];
        for _ in 0..2 {
            chase::put(&mut tx, &telling, MONDAY).await.unwrap();
        }
        let seen = jobs::seen(&mut tx, MONDAY).await.unwrap();
        assert_eq!(seen.waiting, 1, "{}", test.engine);
        tx.commit().await.map_err(|error: StoreError| error.to_string()).unwrap();
    }
}
