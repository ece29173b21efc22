//! Moving a school's records between the two engines.

use serde_json::json;
use store::moving::{MoveError, move_records};
use store::orm::ConnectionTrait;
use store::trail::{self, Verified};
use store::{Actor, DatabaseUrl, Db, Subject};
use testing::databases::urls;
use testing::{MONDAY, TestDatabase, databases};

const WHO: Actor = Actor::CommandLine(1000);

/// Rows in tables that point to each other, one of them to itself and written in the wrong order of its ids, with whatever a
/// text can hold, and a trail.
async fn fill(db: &Db) {
    let mut tx = db.begin().await.unwrap();
    for sql in [
        "INSERT INTO setting (key, value) VALUES ('empty', ''), ('signs', 'a''b\"c\\d — ŵ 🦉 \t\n')",
        "INSERT INTO person (id, number, key, name, groups, joined_at)
         VALUES ('p1', 1, 'ada', 'Ada Example', '[]', 5), ('p2', 2, 'bo', 'Bo Example', '[]', -5)",
        "INSERT INTO duty_assignment (id, person, duty, starts_at, reason, given_by, created_at)
         VALUES ('z', 1, 'head', 1, '', 'command-line:1', 1)",
        "INSERT INTO duty_assignment (id, person, duty, starts_at, ends_at, covers, reason, given_by, created_at)
         VALUES ('a', 2, 'head', 1, 9223372036854775807, 'z', 'cover', 'command-line:1', 1)",
    ] {
        tx.conn().execute_unprepared(sql).await.unwrap();
    }
    for number in 1..=500 {
        let subject = Subject::new("setting", number);
        trail::changed(&mut tx, &WHO, "setting.change", &subject, &json!({ "n": number }), MONDAY)
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
}

/// A new database of each engine.
async fn each_way() -> Vec<(TestDatabase, tempfile::TempDir, DatabaseUrl)> {
    let mut ways = Vec::new();
    for test in databases().await {
        for (folder, url) in urls().await {
            let again = databases().await.into_iter().find(|again| again.engine == test.engine).unwrap();
            ways.push((again, folder, url));
        }
    }
    ways
}

async fn dump(db: &Db, sql: &str) -> Vec<String> {
    let tx = db.read().await.unwrap();
    let statement = store::orm::Statement::from_string(tx.backend(), sql);
    let rows = tx.conn().query_all_raw(statement).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

#[tokio::test]
async fn everything_arrives_whichever_way_a_school_moves() {
    for (test, _folder, to) in each_way().await {
        fill(&test.db).await;
        let way = format!("{} to {}", test.engine, to.engine());
        let moved = move_records(&test.url, &to, &WHO, MONDAY, &|_| {}).await.unwrap();
        assert_eq!(
            (moved.entries, moved.rows["person"], moved.rows["duty_assignment"]),
            (500, 2, 2),
            "{way}"
        );
        let there = Db::open(&to).await.unwrap();
        let texts = "SELECT value FROM setting ORDER BY key";
        assert_eq!(dump(&there, texts).await, dump(&test.db, texts).await, "{way}");
        assert_eq!(dump(&there, "SELECT id FROM duty_assignment WHERE covers = 'z'").await, ["a"], "{way}");
        let Verified::Whole { entries, .. } = trail::verify(&there).await.unwrap() else { panic!("{way}") };
        assert_eq!(entries, 501, "{way}");
        let mut tx = there.read().await.unwrap();
        let newest = trail::newest(&mut tx, None, 1).await.unwrap();
        assert!(newest[0].verb == "records.move" && newest[0].detail.contains(&moved.head), "{way}");
        drop(tx);
        // Given again, as after a cut, it finds that they arrived, and copies nothing.
        assert_eq!(move_records(&test.url, &to, &WHO, MONDAY, &|_| {}).await.unwrap(), moved, "{way}");
        // Once anything was changed there it is not empty, and nothing is put over what is there.
        let mut tx = there.begin().await.unwrap();
        let subject = Subject::new("setting", 1);
        trail::changed(&mut tx, &WHO, "setting.change", &subject, &json!({}), MONDAY).await.unwrap();
        tx.commit().await.unwrap();
        let again = move_records(&test.url, &to, &WHO, MONDAY, &|_| {}).await.unwrap_err();
        assert!(matches!(again, MoveError::NotEmpty { .. }), "{way}: {again}");
        let Verified::Whole { entries, .. } = trail::verify(&test.db).await.unwrap() else { panic!("{way}") };
        assert_eq!(entries, 500, "{way}: the old records are as they were");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_changed_or_broken_is_not_moved() {
    for (test, _folder, to) in each_way().await {
        fill(&test.db).await;
        let same = move_records(&test.url, &test.url, &WHO, MONDAY, &|_| {}).await.unwrap_err();
        assert!(matches!(same, MoveError::SamePlace), "{same}");
        // Somebody at another command line meanwhile, once most of it has been read.
        let (runtime, db) = (tokio::runtime::Handle::current(), test.db.clone());
        let meanwhile = move |table: &str| {
            if table == "trail" {
                let (runtime, db) = (runtime.clone(), db.clone());
                std::thread::spawn(move || {
                    runtime.block_on(async {
                        let mut tx = db.begin().await.unwrap();
                        let subject = Subject::new("setting", 1);
                        trail::changed(&mut tx, &WHO, "setting.change", &subject, &json!({}), MONDAY)
                            .await
                            .unwrap();
                        tx.commit().await.unwrap();
                    });
                })
                .join()
                .unwrap();
            }
        };
        let changed = move_records(&test.url, &to, &WHO, MONDAY, &meanwhile).await.unwrap_err();
        assert!(matches!(changed, MoveError::Changed), "{}: {changed}", test.engine);
        let there = Db::open(&to).await.unwrap();
        assert_eq!(dump(&there, "SELECT name FROM person").await, Vec::<String>::new());
        there.close().await.unwrap();
        move_records(&test.url, &to, &WHO, MONDAY, &|_| {}).await.unwrap();
    }
}
