//! Tests of the filter are kept as evidence: what is altered afterwards is noticed.

use filtering::filter_test::{self, Altered, Report};
use store::orm::ConnectionTrait as _;
use testing::{MONDAY, databases};

use crate::publishing::ACTOR;

fn report(passed: bool) -> Report {
    Report {
        passed,
        content: "1".into(),
        policy: 1,
        groups: vec!["year-7".into()],
        all_groups: false,
        server: "127.0.0.1:53".into(),
        notice: None,
        checks: Vec::new(),
        rows: Vec::new(),
    }
}

#[tokio::test]
async fn a_test_that_was_altered_taken_away_or_made_up_is_noticed() {
    for database in databases().await {
        let mut tx = database.db.begin().await.unwrap();
        for passed in [true, false, true] {
            filter_test::keep(&mut tx, &ACTOR, &report(passed), MONDAY).await.unwrap();
        }
        let proved = filter_test::prove(&mut tx).await.unwrap();
        assert_eq!((proved.tests, proved.before_proofs, proved.altered), (3, 0, vec![]));
        let lie = "UPDATE filter_test SET report = replace(report, '\"passed\":false', '\"passed\":true') WHERE number = 2";
        tx.conn().execute_unprepared(lie).await.unwrap();
        assert_eq!(filter_test::prove(&mut tx).await.unwrap().altered, [Altered::Report(2)]);
        for (sql, wrong) in [
            (
                "UPDATE filter_test SET at = at + 1 WHERE number = 1",
                vec![Altered::Origin(1), Altered::Report(2)],
            ),
            (
                "DELETE FROM filter_test WHERE number = 2",
                vec![Altered::Origin(1), Altered::Missing("2".into())],
            ),
            (
                "INSERT INTO filter_test (number, at, run_by, passed, report) SELECT 9, at, run_by, passed, report FROM filter_test \
                 WHERE number = 3",
                vec![Altered::Origin(1), Altered::Unknown(9), Altered::Missing("2".into())],
            ),
        ] {
            tx.conn().execute_unprepared(sql).await.unwrap();
            assert_eq!(filter_test::prove(&mut tx).await.unwrap().altered, wrong, "{sql}");
        }
        tx.roll_back().await.unwrap();
    }
}
