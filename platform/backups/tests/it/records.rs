//! What the records know of back-ups and drills, on both engines.

use backups::kept::{self, Depth, Found, Made, Problem};
use kit::Actor;
use store::orm::ConnectionTrait as _;
use testing::{MONDAY, databases};

const JOB: Actor = Actor::Job("back-ups");

fn made(number: i64) -> Made {
    Made {
        name: format!("fivebar-3f9ab01c22-{number}"),
        made_at: MONDAY.plus_millis(number),
        place: "/srv/disk".to_owned(),
        bytes: 12,
        sha256: "ab".to_owned(),
        encrypted: true,
        entries: 7,
        took_ms: 5,
        left_out: String::new(),
        removed_at: None,
    }
}

#[tokio::test]
async fn what_was_made_what_went_and_what_failed_is_known() {
    for test in databases().await {
        let mut tx = test.db.begin().await.unwrap();
        assert_eq!(kept::known(&mut tx).await.unwrap(), backups::Known::default());
        kept::insert(&mut tx, &made(1)).await.unwrap();
        kept::insert(&mut tx, &made(2)).await.unwrap();
        kept::removed(&mut tx, &JOB, &made(1).name, MONDAY.plus_millis(9)).await.unwrap();
        let newest = kept::newest(&mut tx, 5).await.unwrap();
        assert_eq!(newest[0], made(2));
        assert_eq!(newest[1].removed_at, Some(MONDAY.plus_millis(9)));
        let problem = Problem { at: MONDAY, why: "no room".to_owned(), no_backup: true };
        kept::keep_problem(&mut tx, Some(&problem)).await.unwrap();
        kept::keep_problem(&mut tx, Some(&problem)).await.unwrap();
        let known = kept::known(&mut tx).await.unwrap();
        assert_eq!((known.last_made, known.problem), (Some(MONDAY.plus_millis(2)), Some(problem)));
        kept::keep_problem(&mut tx, None).await.unwrap();
        assert_eq!(kept::problem(&mut tx).await.unwrap(), None);
        assert!(kept::first_hash(&mut tx).await.unwrap().is_some(), "what went is in the trail");
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn a_drill_is_evidence_and_one_that_was_altered_or_removed_is_found() {
    for test in databases().await {
        let mut tx = test.db.begin().await.unwrap();
        let found = |passed, depth| Found {
            backup: made(1).name,
            depth,
            passed,
            took_ms: 1_500,
            says: "It was read whole.".to_owned(),
        };
        kept::keep_drill(&mut tx, &JOB, &found(true, Depth::Restored), MONDAY).await.unwrap();
        let later = MONDAY.plus_millis(60_000);
        let failed = kept::keep_drill(&mut tx, &JOB, &found(false, Depth::Read), later).await.unwrap();
        assert_eq!(kept::drills(&mut tx, 9).await.unwrap()[0], failed);
        let known = kept::known(&mut tx).await.unwrap();
        assert_eq!(known.restored.map(|drill| drill.number), Some(1));
        assert_eq!(known.drilled.map(|drill| (drill.number, drill.passed)), Some((2, false)));
        assert_eq!(kept::prove(&mut tx).await.unwrap().altered, Vec::<String>::new());
        tx.conn().execute_unprepared("UPDATE back_up_drill SET passed = 1 WHERE number = 2").await.unwrap();
        let proved = kept::prove(&mut tx).await.unwrap();
        assert_eq!(proved.altered, ["drill 2 is not the one that was kept"], "{}", test.engine);
        tx.conn().execute_unprepared("DELETE FROM back_up_drill WHERE number = 1").await.unwrap();
        let proved = kept::prove(&mut tx).await.unwrap();
        assert!(proved.altered.contains(&"drill 1 was run and is missing".to_owned()));
        tx.roll_back().await.unwrap();
    }
}
