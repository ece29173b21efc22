//! Opening the records, on both engines.

use store::orm::{ConnectionTrait, Statement};
use store::{DatabaseUrl, Db, StoreError, newest_shape};
use testing::databases;

#[tokio::test]
async fn records_of_a_newer_program_are_refused_in_words() {
    for test in databases().await {
        let tx = test.db.begin().await.unwrap();
        tx.conn()
            .execute_unprepared("INSERT INTO schema_migration VALUES (9999, 'from_the_future')")
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let known = newest_shape();
        for refused in [Db::open(&test.url).await.unwrap_err(), Db::look(&test.url).await.unwrap_err()] {
            assert!(
                matches!(refused, StoreError::TooNew { found: 9999, known: k, .. } if k == known),
                "{refused}"
            );
            assert!(refused.to_string().contains("install that version"), "{refused}");
        }
    }
}

#[tokio::test]
async fn looking_changes_nothing_and_needs_records_to_be_there() {
    for (folder, url) in testing::databases::urls().await {
        let refused = Db::look(&url).await.unwrap_err();
        assert!(matches!(refused, StoreError::File { .. } | StoreError::NotOurs { .. }), "{refused}");
        drop(folder);
    }
    for test in databases().await {
        let looking = Db::look(&test.url).await.unwrap();
        let tx = looking.read().await.unwrap();
        let refused = tx.conn().execute_unprepared("INSERT INTO setting VALUES ('a', 'b')").await;
        assert!(refused.is_err(), "{}", test.engine);
    }
}

#[tokio::test]
async fn a_reading_transaction_cannot_write_and_sees_one_moment() {
    for test in databases().await {
        let count = Statement::from_string(test.db.backend(), "SELECT count(*) AS n FROM setting");
        let reading = test.db.read().await.unwrap();
        let seen = |row: Option<store::orm::QueryResult>| row.unwrap().try_get::<i64>("", "n").unwrap();
        assert_eq!(seen(reading.conn().query_one_raw(count.clone()).await.unwrap()), 0);
        let writing = test.db.begin().await.unwrap();
        writing.conn().execute_unprepared("INSERT INTO setting VALUES ('a', 'b')").await.unwrap();
        writing.commit().await.unwrap();
        assert_eq!(seen(reading.conn().query_one_raw(count).await.unwrap()), 0, "{}", test.engine);
        assert!(reading.conn().execute_unprepared("DELETE FROM setting").await.is_err(), "{}", test.engine);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn programs_that_start_together_set_up_the_records_once() {
    for (_folder, url) in testing::databases::urls().await {
        let starting: Vec<_> = (0..6)
            .map(|_| {
                let url = url.clone();
                tokio::spawn(async move { Db::open(&url).await.map(drop) })
            })
            .collect();
        for one in starting {
            one.await.unwrap().unwrap_or_else(|error| panic!("{}: {error}", url.engine()));
        }
    }
}

#[tokio::test]
async fn sqlite_is_set_for_power_cuts_and_foreign_keys() {
    let all = databases().await;
    let test = all.first().unwrap();
    let tx = test.db.begin().await.unwrap();
    for (pragma, wanted) in
        [("synchronous", "2"), ("foreign_keys", "1"), ("journal_mode", "wal"), ("busy_timeout", "5000")]
    {
        let row =
            tx.conn().query_one_raw(Statement::from_string(tx.backend(), format!("PRAGMA {pragma}"))).await;
        let row = row.unwrap().unwrap();
        let got = row
            .try_get_by_index::<i64>(0)
            .map(|n| n.to_string())
            .or_else(|_| row.try_get_by_index::<String>(0));
        assert_eq!(got.unwrap(), wanted, "{pragma}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_changes_at_once_no_two_pass_the_same_count() {
    for test in databases().await {
        // Twelve at once may each take a place while there are places for three, in six rounds: as a rule of the sort "no more than three"
        // is kept by an action that counts and then adds.
        for round in 0..6 {
            let all: Vec<_> = (0..12)
                .map(|one| {
                    let db = test.db.clone();
                    tokio::spawn(async move {
                        let tx = db.begin().await?;
                        let like =
                            format!("SELECT count(*) AS n FROM setting WHERE key LIKE 'place {round} %'");
                        let row = tx.conn().query_one_raw(Statement::from_string(tx.backend(), like)).await?;
                        let taken: i64 = row.unwrap().try_get("", "n")?;
                        if taken >= 3 {
                            return Ok(false);
                        }
                        // Whoever else counts has time to.
                        tokio::task::yield_now().await;
                        let add = format!("INSERT INTO setting VALUES ('place {round} {one}', 'taken')");
                        tx.conn().execute_unprepared(&add).await?;
                        tx.commit().await?;
                        Ok::<bool, StoreError>(true)
                    })
                })
                .collect();
            let mut took = 0;
            for one in all {
                took += usize::from(one.await.unwrap().unwrap());
            }
            assert_eq!(took, 3, "{}: round {round}", test.engine);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_changes_at_once_in_two_programs_no_two_take_the_same_number() {
    for test in databases().await {
        // A second program with the same records open.
        let other = Db::open(&test.url).await.unwrap();
        let taking = |db: Db| async move {
            for _ in 0..25 {
                let tx = db.begin().await?;
                let highest = "SELECT coalesce(max(CAST(value AS BIGINT)), 0) AS n FROM setting";
                let row = tx.conn().query_one_raw(Statement::from_string(tx.backend(), highest)).await?;
                let next = row.unwrap().try_get::<i64>("", "n")? + 1;
                let add = format!("INSERT INTO setting VALUES ('number {next}', '{next}')");
                tx.conn().execute_unprepared(&add).await?;
                tx.commit().await?;
            }
            Ok::<(), StoreError>(())
        };
        let all =
            [test.db.clone(), other.clone(), test.db.clone(), other.clone()].map(taking).map(tokio::spawn);
        for one in all {
            // A number taken twice would be refused by its key.
            one.await.unwrap().unwrap_or_else(|error| panic!("{}: {error}", test.engine));
        }
    }
}

#[tokio::test]
async fn somebody_who_writes_for_too_long_is_told_of() {
    for test in databases().await {
        let other = Db::open(&test.url).await.unwrap();
        let holding = test.db.begin().await.unwrap();
        let refused = match test.engine {
            "sqlite" => other.begin().await.map(drop).unwrap_err(),
            // Half a minute is too long for a test: what PostgreSQL says afterwards is the same.
            _ => {
                let tx = other.read().await.unwrap();
                let soon = "SET LOCAL lock_timeout = 100; SELECT pg_advisory_xact_lock(7379559642237596162)";
                StoreError::from(tx.conn().execute_unprepared(soon).await.unwrap_err())
            }
        };
        assert_eq!(
            kit::Unavailable::among(&refused),
            Some(kit::Unavailable::Busy),
            "{}: {refused}",
            test.engine
        );
        drop(holding);
    }
}

#[tokio::test]
async fn a_transaction_that_sqlite_undid_by_itself_takes_none_after_it_along() {
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::sqlite(folder.path().join("it.db"));
    let (db, other) = (Db::open(&url).await.unwrap(), Db::open(&url).await.unwrap());
    let set = async |db: &Db, key: &str| {
        let tx = db.begin().await?;
        let sql = format!("INSERT INTO setting (key, value) VALUES ('{key}', '1')");
        tx.conn().execute_unprepared(&sql).await?;
        tx.commit().await
    };
    let keys = async |db: &Db| {
        let tx = db.read().await.unwrap();
        let statement =
            Statement::from_string(tx.backend(), "SELECT key FROM setting WHERE value = '1' ORDER BY key");
        let rows = tx.conn().query_all_raw(statement).await.unwrap();
        rows.iter().map(|row| row.try_get_by_index::<String>(0).unwrap()).collect::<Vec<_>>()
    };
    // As SQLite does where a disk is full: what the driver then ends is there no more.
    let tx = db.begin().await.unwrap();
    tx.conn().execute_unprepared("ROLLBACK").await.unwrap();
    drop(tx);
    // One that is dropped, and one that is kept: by what another process sees.
    drop(db.begin().await.unwrap());
    set(&db, "kept").await.unwrap();
    assert_eq!(keys(&other).await, ["kept"], "what was acknowledged is there");
    set(&other, "theirs").await.unwrap();
    assert_eq!(keys(&db).await, ["kept", "theirs"], "and nobody is kept from writing");
}
