//! The access trail, on both engines.

use serde_json::json;
use store::orm::ConnectionTrait;
use store::trail::{
    self, Broken, Checkpoint, CheckpointKey, Known, NOTHING_BEFORE, NotACheckpoint, Stands, Verified, Wanted,
};
use store::{Actor, Db, Subject};
use testing::{MONDAY, databases};

const JOB: Actor = Actor::Job("test");

async fn write(db: &Db, how_many: i64) {
    for number in 0..how_many {
        let mut tx = db.begin().await.unwrap();
        let subject = Subject::new("policy-version", number);
        trail::changed(&mut tx, &JOB, "policy.apply", &subject, &json!({"n": number}), MONDAY).await.unwrap();
        tx.commit().await.unwrap();
    }
}

/// Changes the trail as somebody with the database in their hands would: around the program and its triggers.
async fn tamper(db: &Db, engine: &str, sql: &str) {
    let tx = db.begin().await.unwrap();
    let disarm: &[&str] = match engine {
        "sqlite" => {
            &["DROP TRIGGER trail_unchanged", "DROP TRIGGER trail_kept", "DROP TRIGGER trail_in_line"]
        }
        _ => &["DROP TRIGGER trail_unchanged ON trail", "DROP TRIGGER trail_in_line ON trail"],
    };
    for statement in disarm {
        tx.conn().execute_unprepared(statement).await.unwrap();
    }
    tx.conn().execute_unprepared(sql).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn an_untouched_trail_is_whole_and_an_empty_one_too() {
    for test in databases().await {
        let empty = Verified::Whole { entries: 0, head: NOTHING_BEFORE.to_owned() };
        assert_eq!(trail::verify(&test.db).await.unwrap(), empty, "{}", test.engine);
        write(&test.db, 5).await;
        let Verified::Whole { entries: 5, head } = trail::verify(&test.db).await.unwrap() else {
            panic!("{}: not whole", test.engine);
        };
        assert_eq!(trail::compare(&test.db, 5, &head).await.unwrap(), Known::Held);
        assert_eq!(trail::compare(&test.db, 4, &head).await.unwrap(), Known::Changed);
        assert_eq!(trail::compare(&test.db, 6, &head).await.unwrap(), Known::Missing { entries: 5 });
        let mut tx = test.db.read().await.unwrap();
        let newest = trail::newest(&mut tx, None, 2).await.unwrap();
        assert_eq!(newest.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [5, 4]);
        let about = trail::newest(&mut tx, Some(&Subject::new("policy-version", 2)), 10).await.unwrap();
        assert_eq!(about.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [3]);
    }
}

#[tokio::test]
async fn entries_are_found_by_when_whom_what_and_about_what() {
    for test in databases().await {
        write(&test.db, 3).await;
        let mut tx = test.db.begin().await.unwrap();
        let (who, later) = (Actor::CommandLine(1000), MONDAY.plus_millis(1_000));
        for (verb, subject) in [
            ("activity.search-opened", Subject::new("activity-log", "identities")),
            ("activity-import.begun", Subject::new("activity-import", "r1")),
            ("activity.erase", Subject::new("person", 7)),
        ] {
            trail::changed(&mut tx, &who, verb, &subject, &json!({}), later).await.unwrap();
        }
        tx.commit().await.unwrap();
        let mut tx = test.db.read().await.unwrap();
        let everything = Wanted::default();
        for (wanted, found) in [
            (everything, &[6, 5, 4, 3, 2, 1][..]),
            (Wanted { since: Some(later), ..everything }, &[6, 5, 4][..]),
            (Wanted { until: Some(later), ..everything }, &[3, 2, 1][..]),
            (Wanted { actor: Some("job:test"), ..everything }, &[3, 2, 1][..]),
            (Wanted { verb: Some("activity"), ..everything }, &[6, 4][..]),
            (Wanted { verb: Some("activity.erase"), ..everything }, &[6][..]),
            (Wanted { verb: Some("activity.er"), ..everything }, &[][..]),
            (Wanted { verb: Some("a%"), ..everything }, &[][..]),
            (Wanted { about: Some(("person", "7")), ..everything }, &[6][..]),
            (Wanted { about: Some(("person", "7")), actor: Some("job:test"), ..everything }, &[][..]),
        ] {
            let entries = trail::find(&mut tx, &wanted, 10).await.unwrap();
            let places: Vec<i64> = entries.iter().map(|entry| entry.seq).collect();
            assert_eq!(places, found, "{}: {wanted:?}", test.engine);
        }
        let two = trail::find(&mut tx, &everything, 2).await.unwrap();
        assert_eq!(two.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [6, 5], "{}", test.engine);
    }
}

#[tokio::test]
async fn whatever_is_altered_around_the_triggers_is_found_by_its_number() {
    let rows = [
        ("UPDATE trail SET detail = '{\"n\":9}' WHERE seq = 3", 3, Broken::Altered),
        ("UPDATE trail SET at = at + 1 WHERE seq = 1", 1, Broken::Altered),
        ("UPDATE trail SET actor = 'person:1' WHERE seq = 5", 5, Broken::Altered),
        ("UPDATE trail SET prev = hash WHERE seq = 4", 4, Broken::NotAfterTheLast),
        ("DELETE FROM trail WHERE seq = 2", 2, Broken::Missing),
        ("DELETE FROM trail WHERE seq <= 2", 1, Broken::Missing),
        (
            "INSERT INTO trail SELECT 0, at, actor, verb, subject_kind, subject_id, detail, prev, hash FROM trail \
          WHERE seq = 1",
            0,
            Broken::NotAfterTheLast,
        ),
    ];
    for (sql, seq, why) in rows {
        for test in databases().await {
            write(&test.db, 5).await;
            tamper(&test.db, test.engine, sql).await;
            let found = trail::verify(&test.db).await.unwrap();
            assert_eq!(found, Verified::BrokenAt { seq, why }, "{}: {sql}", test.engine);
        }
    }
}

#[tokio::test]
async fn the_database_refuses_to_change_shorten_or_fork_the_trail() {
    let forged =
        "INSERT INTO trail (seq, at, actor, verb, subject_kind, subject_id, detail, prev, hash) SELECT";
    let rows = [
        "UPDATE trail SET verb = 'x' WHERE seq = 1".to_owned(),
        "DELETE FROM trail WHERE seq = 3".to_owned(),
        "DELETE FROM trail".to_owned(),
        format!(
            "{forged} 3, at, actor, verb, subject_kind, subject_id, detail, prev, 'f' FROM trail WHERE seq = 3"
        ),
        format!(
            "{forged} 5, at, actor, verb, subject_kind, subject_id, detail, hash, 'f' FROM trail WHERE seq = 3"
        ),
        format!(
            "{forged} 4, at, actor, verb, subject_kind, subject_id, detail, prev, 'f' FROM trail WHERE seq = 3"
        ),
    ];
    for test in databases().await {
        write(&test.db, 3).await;
        let mut rows = rows.to_vec();
        match test.engine {
            "sqlite" => rows.extend([
                "REPLACE INTO trail SELECT * FROM trail WHERE seq = 2".to_owned(),
                // The number is the next one, but an old entry's hash: it must not take that entry's place.
                "INSERT OR REPLACE INTO trail SELECT 4, at, actor, verb, subject_kind, subject_id, detail, prev, hash \
                 FROM trail WHERE seq = 2"
                    .to_owned(),
            ]),
            _ => rows.push("TRUNCATE trail".to_owned()),
        }
        for sql in rows {
            let tx = test.db.begin().await.unwrap();
            let refused = tx.conn().execute_unprepared(&sql).await.unwrap_err().to_string();
            assert!(
                refused.contains("the access trail is never") || refused.contains("trail never forks"),
                "{refused}"
            );
        }
        let whole = trail::verify(&test.db).await.unwrap();
        assert!(matches!(whole, Verified::Whole { entries: 3, .. }), "{}: {whole:?}", test.engine);
    }
}

#[tokio::test]
async fn an_entry_lasts_only_with_its_change() {
    for test in databases().await {
        let mut tx = test.db.begin().await.unwrap();
        let subject = Subject::new("setting", "x");
        trail::changed(&mut tx, &JOB, "setting.change", &subject, &json!({}), MONDAY).await.unwrap();
        drop(tx);
        let whole = trail::verify(&test.db).await.unwrap();
        assert!(matches!(whole, Verified::Whole { entries: 0, .. }), "{}: {whole:?}", test.engine);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_on_many_connections_never_fork_the_trail() {
    const WRITERS: i64 = 8;
    const EACH: i64 = 25;
    for test in databases().await {
        let mut writers = Vec::new();
        for _ in 0..WRITERS {
            // Each opens the records for itself, as another process would.
            let url = test.url.clone();
            writers.push(tokio::spawn(async move {
                let db = Db::open(&url).await.unwrap();
                write(&db, EACH).await;
                db.close().await.unwrap();
            }));
        }
        for writer in writers {
            writer.await.unwrap();
        }
        let whole = trail::verify(&test.db).await.unwrap();
        let wanted = WRITERS * EACH;
        assert!(
            matches!(whole, Verified::Whole { entries, .. } if entries == wanted),
            "{}: {whole:?}",
            test.engine
        );
    }
}

/// Writes the whole chain anew, each entry fitting the one before, as somebody could who has the database file.
async fn write_anew(db: &Db, engine: &str, from: i64) {
    tamper(db, engine, "SELECT 1").await;
    write_anew_again(db, from).await;
}

/// The same once nothing refuses it any more.
async fn write_anew_again(db: &Db, from: i64) {
    let mut tx = db.read().await.unwrap();
    let mut entries = trail::newest(&mut tx, None, 100).await.unwrap();
    tx.roll_back().await.unwrap();
    entries.reverse();
    let mut prev = NOTHING_BEFORE.to_owned();
    let tx = db.begin().await.unwrap();
    for mut entry in entries {
        if entry.seq == from {
            entry.detail = "{\"n\":7}".to_owned();
        }
        entry.prev = prev;
        entry.hash = entry.true_hash();
        prev = entry.hash.clone();
        let sql = format!(
            "UPDATE trail SET detail = '{}', prev = '{}', hash = '{}' WHERE seq = {}",
            entry.detail, entry.prev, entry.hash, entry.seq
        );
        tx.conn().execute_unprepared(&sql).await.unwrap();
    }
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_checkpoint_tells_on_a_trail_that_was_cut_off_or_written_anew_however_well_it_fits() {
    let key = CheckpointKey::new(&[7; 32]);
    for test in databases().await {
        let empty = Checkpoint::sign(&test.db, &key, [0; 16], MONDAY).await.unwrap();
        write(&test.db, 5).await;
        let made = Checkpoint::sign(&test.db, &key, [1; 16], MONDAY).await.unwrap();
        let other = Checkpoint::sign(&test.db, &key, [2; 16], MONDAY).await.unwrap();
        assert_eq!(made.entries, 5);
        assert_ne!((&made.head, &made.id), (&other.head, &other.id), "two of one head do not look alike");
        write(&test.db, 2).await;
        for held in [&empty, &made, &other] {
            assert_eq!(held.compare(&test.db).await.unwrap(), Stands::Held, "{}", test.engine);
        }
        // What comes after it is no affair of the checkpoint's; what it covers is.
        write_anew(&test.db, test.engine, 6).await;
        assert_eq!(made.compare(&test.db).await.unwrap(), Stands::Held);
        write_anew_again(&test.db, 2).await;
        assert!(trail::verify(&test.db).await.unwrap().is_whole(), "by itself it looks whole");
        assert_eq!(made.compare(&test.db).await.unwrap(), Stands::Rewritten, "{}", test.engine);

        let tx = test.db.begin().await.unwrap();
        tx.conn().execute_unprepared("DELETE FROM trail WHERE seq > 3").await.unwrap();
        tx.commit().await.unwrap();
        assert!(trail::verify(&test.db).await.unwrap().is_whole(), "by itself it looks whole");
        assert_eq!(made.compare(&test.db).await.unwrap(), Stands::Shortened { entries: 3 });
        assert_eq!(empty.compare(&test.db).await.unwrap(), Stands::Held);
    }
}

#[tokio::test]
async fn a_checkpoint_reads_back_from_a_report_and_not_once_a_word_of_it_is_changed() {
    let key = CheckpointKey::new(&[7; 32]);
    let test = databases().await.into_iter().next().unwrap();
    write(&test.db, 3).await;
    let made = Checkpoint::sign(&test.db, &key, [1; 16], MONDAY).await.unwrap();
    let printed = made.to_string();
    assert_eq!(printed.parse(), Ok(made.clone()));
    let quoted =
        format!("Governors' report\r\n\r\n{}\r\nSigned: the head\r\n", printed.replace('\n', "  \r\n  "));
    assert_eq!(quoted.parse(), Ok(made.clone()));
    for (part, instead) in [
        ("entries: 3", "entries: 2".to_owned()),
        (&made.salt, "0".repeat(32)),
        (&made.key, CheckpointKey::new(&[8; 32]).public()),
        (&made.id, "0".repeat(16)),
        ("at: 2", "at: 3".to_owned()),
    ] {
        let bent = printed.replace(part, &instead);
        assert_ne!(bent, printed);
        assert_eq!(bent.parse::<Checkpoint>(), Err(NotACheckpoint::Altered), "{part}");
    }
    for text in ["", "a page of something else", &printed[..printed.len() - 130]] {
        assert_eq!(text.parse::<Checkpoint>(), Err(NotACheckpoint::Unreadable));
    }
    let short = &printed[..printed.len() - 1];
    assert_eq!(short.parse::<Checkpoint>(), Err(NotACheckpoint::Altered));
}
