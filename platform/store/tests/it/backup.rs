//! Back-ups, on both engines.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::json;
use store::backup::{
    BackUp, BackupError, BackupIdentity, Doing, Restore, back_up, check, restore, unwatched,
};
use store::orm::ConnectionTrait;
use store::trail::{self, Known, Verified};
use store::{Actor, DatabaseUrl, Db, StoreError, Subject};
use testing::databases::urls;
use testing::{MONDAY, TestDatabase, databases};

const WHO: Actor = Actor::CommandLine(1000);

async fn write(db: &Db, number: i64) {
    let mut tx = db.begin().await.unwrap();
    let sql = format!("INSERT INTO setting (key, value) VALUES ('k{number}', 'v')");
    tx.conn().execute_unprepared(&sql).await.unwrap();
    trail::changed(&mut tx, &WHO, "setting.change", &Subject::new("setting", number), &json!({}), MONDAY)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

/// A home folder with the files a school has, beside the test's database.
fn furnish(test: &TestDatabase) -> BackUp {
    let home = test.folder.path();
    fs::create_dir_all(home.join("gate/lists")).unwrap();
    fs::create_dir_all(home.join("keys")).unwrap();
    fs::write(home.join("fivebar.toml"), "# a school\n").unwrap();
    fs::write(home.join("gate/lists/index"), vec![7u8; 300_000]).unwrap();
    fs::write(home.join("keys/sealed.key"), [9u8; 32]).unwrap();
    fs::set_permissions(home.join("keys/sealed.key"), fs::Permissions::from_mode(0o600)).unwrap();
    std::os::unix::fs::symlink("lists", home.join("gate/current")).unwrap();
    BackUp {
        home: home.to_owned(),
        include: ["fivebar.toml", "gate", "keys", "records.db", "records.db-wal", "not-there"]
            .map(PathBuf::from)
            .into(),
        kept_as: None,
        target: home.join("school.fivebar-backup"),
        keys: Vec::new(),
        program: "0.1.0".to_owned(),
        actor: WHO,
        at: MONDAY,
    }
}

fn into(archive: &Path, home: &Path, records: &DatabaseUrl) -> Restore {
    // On SQLite the records live in the home, as `fivebar init` puts them.
    let records = match records {
        DatabaseUrl::Sqlite(_) => DatabaseUrl::sqlite(home.join("hub/records.db")),
        other => other.clone(),
    };
    Restore {
        archive: archive.to_owned(),
        identity: None,
        home: home.to_owned(),
        records,
        replace: false,
        stays: vec!["log".to_owned()],
        suit: None,
        actor: WHO,
        at: MONDAY,
    }
}

/// A place to restore to: an empty folder, and for PostgreSQL an empty database.
async fn elsewhere(engine: &str) -> (tempfile::TempDir, DatabaseUrl) {
    urls().await.into_iter().find(|(_, url)| url.engine() == engine).unwrap()
}

async fn entries(url: &DatabaseUrl) -> i64 {
    let db = Db::look(url).await.unwrap();
    match trail::verify(&db).await.unwrap() {
        Verified::Whole { entries, .. } => entries,
        broken => panic!("{broken:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_back_up_taken_while_the_school_works_restores_to_what_it_was() {
    for test in databases().await {
        let wanted = furnish(&test);
        for number in 0..40 {
            write(&test.db, number).await;
        }
        let stop = Arc::new(AtomicBool::new(false));
        let busy = {
            let (db, stop) = (test.db.clone(), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut number = 1_000;
                while !stop.load(Ordering::SeqCst) {
                    write(&db, number).await;
                    number += 1;
                }
                number - 1_000
            })
        };
        let seen = Arc::new(Mutex::new(Vec::new()));
        let watch = {
            let seen = Arc::clone(&seen);
            Arc::new(move |progress: store::backup::Progress| seen.lock().unwrap().push(progress.doing))
                as store::backup::Watch
        };
        let manifest = back_up(&test.db, &wanted, &watch).await.unwrap();
        stop.store(true, Ordering::SeqCst);
        let meanwhile = busy.await.unwrap();
        assert!(meanwhile > 0, "{}: nothing was written meanwhile", test.engine);

        let seen = seen.lock().unwrap().clone();
        for doing in [Doing::CopyingRecords, Doing::Writing, Doing::Reading, Doing::CheckingRecords] {
            assert!(seen.contains(&doing), "{}: nobody was told of {doing:?}", test.engine);
        }
        assert!(manifest.trail.entries >= 40 && manifest.trail.entries <= 40 + meanwhile);
        assert_eq!(manifest.rows["setting"], manifest.trail.entries, "one moment of both tables");
        assert_eq!(manifest.left_out, ["gate/current"]);
        let files: Vec<&str> = manifest.files.iter().map(|line| &*line.path).collect();
        assert_eq!(
            files,
            ["fivebar.toml", "gate/lists/index", "keys/sealed.key"],
            "the live database is not in it"
        );
        assert_eq!(fs::metadata(&wanted.target).unwrap().permissions().mode() & 0o777, 0o600);
        let known = trail::compare(&test.db, manifest.trail.entries, &manifest.trail.head).await.unwrap();
        assert_eq!(known, Known::Held);
        assert_eq!(check(&wanted.target, None, Some(&test.url), &unwatched()).await.unwrap(), manifest);

        let (folder, url) = elsewhere(test.engine).await;
        let home = folder.path().join("home");
        let order = into(&wanted.target, &home, &url);
        let restored = restore(&order, &unwatched()).await.unwrap();
        assert_eq!(restored.manifest, manifest);
        assert_eq!(restored.moved_aside, Vec::<String>::new());
        // What was backed up, and the entry that tells of the restore.
        assert_eq!(entries(&order.records).await, manifest.trail.entries + 1);
        assert_eq!(fs::read(home.join("gate/lists/index")).unwrap(), vec![7u8; 300_000]);
        assert_eq!(fs::metadata(home.join("keys/sealed.key")).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(home.join("keys")).unwrap().permissions().mode() & 0o777, 0o700);
        let left: Vec<_> = fs::read_dir(&home).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(left.iter().all(|name| !name.to_string_lossy().starts_with('.')), "{left:?}");

        // A restored database still guards its trail.
        let db = Db::open(&order.records).await.unwrap();
        let tx = db.begin().await.unwrap();
        assert!(tx.conn().execute_unprepared("DELETE FROM trail").await.is_err(), "{}", test.engine);
    }
}

#[tokio::test]
async fn a_damaged_archive_is_refused_wherever_the_damage_is() {
    for test in databases().await {
        let wanted = furnish(&test);
        write(&test.db, 1).await;
        back_up(&test.db, &wanted, &unwatched()).await.unwrap();
        let whole = fs::read(&wanted.target).unwrap();
        let damaged = test.folder.path().join("damaged");
        let eighth = whole.len() / 8;
        let mut tried = 0;
        for place in (1..8).map(|n| n * eighth).chain([0, whole.len() - 1]) {
            for cut in [true, false] {
                let mut bytes = whole.clone();
                if cut {
                    bytes.truncate(place);
                } else {
                    bytes[place] ^= 0x10;
                }
                fs::write(&damaged, &bytes).unwrap();
                let refused = check(&damaged, None, Some(&test.url), &unwatched()).await.unwrap_err();
                let named = matches!(refused, BackupError::NotWhole { .. } | BackupError::Damaged { .. });
                assert!(named, "{} byte {place} cut {cut}: {refused}", test.engine);
                tried += 1;
            }
        }
        assert_eq!(tried, 18);
    }
}

#[tokio::test]
async fn a_trail_that_was_tampered_with_makes_no_good_back_up() {
    for test in databases().await {
        let wanted = furnish(&test);
        for number in 0..4 {
            write(&test.db, number).await;
        }
        let tx = test.db.begin().await.unwrap();
        let disarm = match test.engine {
            "sqlite" => "DROP TRIGGER trail_unchanged",
            _ => "DROP TRIGGER trail_unchanged ON trail",
        };
        tx.conn().execute_unprepared(disarm).await.unwrap();
        tx.conn().execute_unprepared("UPDATE trail SET verb = 'x' WHERE seq = 3").await.unwrap();
        tx.commit().await.unwrap();
        let refused = back_up(&test.db, &wanted, &unwatched()).await.unwrap_err();
        assert!(matches!(refused, BackupError::TrailBroken { seq: 3, .. }), "{}: {refused}", test.engine);
        assert!(!wanted.target.exists());
    }
}

#[tokio::test]
async fn a_back_up_that_was_broken_off_leaves_nothing_under_its_name() {
    for test in databases().await {
        let wanted = furnish(&test);
        write(&test.db, 1).await;
        for moment in [Doing::CopyingRecords, Doing::CheckingRecords, Doing::Writing, Doing::Reading] {
            let reached = Arc::new(tokio::sync::Notify::new());
            let watch = {
                let reached = Arc::clone(&reached);
                Arc::new(move |progress: store::backup::Progress| {
                    if progress.doing == moment {
                        reached.notify_one();
                    }
                }) as store::backup::Watch
            };
            tokio::select! {
                biased;
                () = reached.notified() => {}
                done = back_up(&test.db, &wanted, &watch) => panic!("{moment:?} never came: {done:?}"),
            }
            assert!(!wanted.target.exists(), "{}: broken off while {}", test.engine, moment.words());
        }
        // And the name is still free for one that is not broken off.
        back_up(&test.db, &wanted, &unwatched()).await.unwrap();
        let refused = back_up(&test.db, &wanted, &unwatched()).await.unwrap_err();
        assert!(matches!(refused, BackupError::NameTaken(_)), "{refused}");
    }
}

#[tokio::test]
async fn a_home_in_use_is_refused_and_one_with_something_in_it_is_moved_aside_when_told() {
    for test in databases().await {
        let wanted = furnish(&test);
        write(&test.db, 1).await;
        back_up(&test.db, &wanted, &unwatched()).await.unwrap();
        let (folder, url) = elsewhere(test.engine).await;
        let mut order = into(&wanted.target, folder.path(), &url);

        // Another school's records are there, and the program has them open.
        fs::create_dir_all(folder.path().join("hub")).unwrap();
        fs::write(folder.path().join("fivebar.toml"), "# the other school\n").unwrap();
        let other = Db::open(&order.records).await.unwrap();
        write(&other, 1).await;
        write(&other, 2).await;
        for replace in [false, true] {
            order.replace = replace;
            let refused = restore(&order, &unwatched()).await.unwrap_err();
            assert!(matches!(refused, BackupError::InUse(_)), "{}: {refused}", test.engine);
        }
        other.close().await.unwrap();
        order.replace = false;
        let refused = restore(&order, &unwatched()).await.unwrap_err();
        assert!(matches!(refused, BackupError::NotEmpty(_)), "{}: {refused}", test.engine);
        assert_eq!(entries(&order.records).await, 2, "{}: it was left alone", test.engine);

        order.replace = true;
        fs::create_dir_all(folder.path().join("log")).unwrap();
        fs::write(folder.path().join("log/segment-1"), "what was recorded").unwrap();
        let restored = restore(&order, &unwatched()).await.unwrap();
        assert_eq!(entries(&order.records).await, 2, "{}: one entry and the restore's own", test.engine);
        assert_eq!(fs::read_to_string(folder.path().join("fivebar.toml")).unwrap(), "# a school\n");
        let aside = folder.path().join(format!("before-restore-{}", MONDAY.as_millis()));
        // No back-up has the log, and what was moved aside neither search nor retention would reach.
        assert_eq!(fs::read_to_string(folder.path().join("log/segment-1")).unwrap(), "what was recorded");
        assert!(!aside.join("log").exists());
        assert_eq!(fs::read_to_string(aside.join("fivebar.toml")).unwrap(), "# the other school\n");
        assert!(restored.moved_aside.contains(&aside.display().to_string()));
        if test.engine == "sqlite" {
            assert_eq!(entries(&DatabaseUrl::sqlite(aside.join("hub/records.db"))).await, 2);
        } else {
            let db = Db::look(&order.records).await.unwrap();
            let tx = db.read().await.unwrap();
            let sql = format!("SELECT count(*) AS n FROM \"before_restore_{}\".trail", MONDAY.as_millis());
            let row = tx.conn().query_one_raw(store::orm::Statement::from_string(tx.backend(), sql)).await;
            assert_eq!(row.unwrap().unwrap().try_get::<i64>("", "n").unwrap(), 2);
        }
    }
}

#[tokio::test]
async fn records_of_the_other_engine_are_refused_before_anything_is_touched() {
    let all = databases().await;
    let [sqlite, postgres] = &all[..] else {
        println!("skipped: there is no second engine");
        return;
    };
    for (from, to) in [(sqlite, "postgres"), (postgres, "sqlite")] {
        let wanted = furnish(from);
        back_up(&from.db, &wanted, &unwatched()).await.unwrap();
        let (folder, url) = elsewhere(to).await;
        let refused = restore(&into(&wanted.target, folder.path(), &url), &unwatched()).await.unwrap_err();
        assert!(matches!(refused, BackupError::OtherEngine { .. }), "{refused}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{to}: the home was left empty");
    }
}

#[tokio::test]
async fn a_copied_file_verifies_without_its_program() {
    let all = databases().await;
    let test = all.first().unwrap();
    for number in 0..3 {
        write(&test.db, number).await;
    }
    // As after a power cut: the file and its write-ahead log, and nobody who has them open.
    let folder = tempfile::tempdir().unwrap();
    for end in ["", "-wal"] {
        fs::copy(
            test.folder.path().join(format!("records.db{end}")),
            folder.path().join(format!("copy.db{end}")),
        )
        .unwrap();
    }
    assert_eq!(entries(&DatabaseUrl::sqlite(folder.path().join("copy.db"))).await, 3);
    let missing = Db::look(&DatabaseUrl::sqlite(folder.path().join("none.db"))).await.unwrap_err();
    assert!(matches!(missing, StoreError::File { .. }), "{missing}");
}

/// A made-up identity, as `age-keygen` writes one.
fn identity(secret: &str) -> BackupIdentity {
    BackupIdentity::read(&format!("# made up for this test\n{secret}\n")).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_encrypted_back_up_opens_with_its_identity_and_shows_nothing_without() {
    let head = identity("AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX");
    let other = identity("AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33");
    for test in databases().await {
        for number in 0..5 {
            write(&test.db, number).await;
        }
        let stick = tempfile::tempdir().unwrap();
        let target = stick.path().join("school.fivebar-backup");
        let wanted = BackUp { target: target.clone(), keys: vec![head.key()], ..furnish(&test) };
        // Nothing in plain is ever beside it.
        let beside = Arc::new(Mutex::new(Vec::new()));
        let watch = {
            let (beside, folder) = (Arc::clone(&beside), stick.path().to_owned());
            Arc::new(move |_| {
                for staging in fs::read_dir(&folder).unwrap() {
                    let staging = staging.unwrap().path();
                    let inside = fs::read_dir(&staging).into_iter().flatten().flatten();
                    beside.lock().unwrap().extend(inside.map(|file| file.file_name()));
                }
            }) as store::backup::Watch
        };
        let manifest = back_up(&test.db, &wanted, &watch).await.unwrap();
        // The lock of whoever is at it has nothing in it.
        let plain = |name: &std::ffi::OsString| name != "archive" && name != ".held";
        assert!(!beside.lock().unwrap().iter().any(plain), "{beside:?}");
        let bytes = fs::read(&target).unwrap();
        assert!(bytes.starts_with(b"age-encryption.org/v1"));
        assert!(!bytes.windows(7).any(|part| part == b"records"), "{}: a name shows", test.engine);
        let left: Vec<_> =
            fs::read_dir(stick.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
        assert_eq!(left, ["school.fivebar-backup"]);

        let url = Some(&test.url);
        assert_eq!(check(&target, Some(&head), url, &unwatched()).await.unwrap(), manifest);
        let refused = check(&target, None, url, &unwatched()).await.unwrap_err();
        assert!(matches!(refused, BackupError::Encrypted(_)), "{refused}");
        let refused = check(&target, Some(&other), url, &unwatched()).await.unwrap_err();
        assert!(matches!(refused, BackupError::NotForThis(_)), "{refused}");

        let (folder, url) = elsewhere(test.engine).await;
        let home = folder.path().join("home");
        let order = into(&target, &home, &url);
        for wrong in [None, Some(other.clone())] {
            let refused = restore(&Restore { identity: wrong, ..order.clone() }, &unwatched()).await;
            assert!(refused.is_err() && !home.join("fivebar.toml").exists(), "{refused:?}");
        }
        let order = Restore { identity: Some(head.clone()), ..order };
        assert_eq!(restore(&order, &unwatched()).await.unwrap().manifest, manifest);
        assert_eq!(entries(&order.records).await, manifest.trail.entries + 1);
        assert_eq!(fs::read(home.join("gate/lists/index")).unwrap(), vec![7u8; 300_000]);

        // Cut off anywhere, or changed in one bit, it is refused whole.
        let short = stick.path().join("short");
        for length in [10, 100, 200, bytes.len() / 2, bytes.len() - 17, bytes.len() - 1] {
            fs::write(&short, &bytes[..length]).unwrap();
            let refused = check(&short, Some(&head), Some(&test.url), &unwatched()).await.unwrap_err();
            assert!(matches!(refused, BackupError::NotWhole { .. }), "{length}: {refused}");
        }
        for place in [bytes.len() / 2, bytes.len() - 1] {
            let mut bent = bytes.clone();
            bent[place] ^= 1;
            fs::write(&short, bent).unwrap();
            let refused = check(&short, Some(&head), Some(&test.url), &unwatched()).await.unwrap_err();
            assert!(matches!(refused, BackupError::NotWhole { .. }), "{place}: {refused}");
        }
    }
}
