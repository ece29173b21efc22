//! A version of the policy is what was applied, or it is not published.

use filtering::filter_policy::{Altered, ApplyError, check, check_in_force, current, prove};
use filtering::publish::{Published, RecordsError, Scope};
use store::Tx;
use store::orm::ConnectionTrait;
use testing::{TestDatabase, databases};

use crate::publishing::{Folders, apply, prepare, publish};
use crate::school::POLICY;

/// A school with two versions of which the second is in force and published.
async fn school(database: &TestDatabase, folders: &Folders) -> Published {
    let mut tx = database.db.begin().await.unwrap();
    apply(&mut tx, POLICY, "the first").await.unwrap();
    apply(&mut tx, &format!("{POLICY}\n# the second\n"), "the second").await.unwrap();
    let (published, tx) = publish(database, tx, folders, Scope::Everything).await;
    tx.commit().await.unwrap();
    published
}

/// Changes the versions as somebody with the database in their hands would: around the program and its triggers.
async fn tamper(database: &TestDatabase, sql: &str) -> Tx {
    let tx = database.db.begin().await.unwrap();
    let disarm: &[&str] = match database.engine {
        "sqlite" => &["DROP TRIGGER policy_version_unchanged", "DROP TRIGGER policy_version_kept"],
        _ => &["DROP TRIGGER policy_version_unchanged ON policy_version"],
    };
    for statement in disarm.iter().chain([&sql]) {
        tx.conn().execute_unprepared(statement).await.unwrap();
    }
    tx
}

#[tokio::test]
async fn the_database_refuses_to_change_or_remove_a_version() {
    for database in databases().await {
        let folders = Folders::of(&database);
        school(&database, &folders).await;
        let mut rows = vec![
            "UPDATE policy_version SET text = 'form = 1' WHERE number = 1",
            "UPDATE policy_version SET note = 'another' WHERE number = 2",
            "DELETE FROM policy_version WHERE number = 2",
            "DELETE FROM policy_version",
        ];
        rows.push(match database.engine {
            "sqlite" => {
                "REPLACE INTO policy_version SELECT number, 'x', note, applied_by, at FROM policy_version"
            }
            _ => "TRUNCATE policy_version",
        });
        for sql in rows {
            let tx = database.db.begin().await.unwrap();
            let refused = tx.conn().execute_unprepared(sql).await.unwrap_err().to_string();
            assert!(refused.contains("a version of the policy is never"), "{sql}: {refused}");
        }
        let mut tx = database.db.read().await.unwrap();
        assert_eq!(prove(&mut tx).await.unwrap(), (2, vec![]), "{}", database.engine);
    }
}

#[tokio::test]
async fn a_version_that_is_not_what_was_applied_is_found_and_never_published() {
    let rows = [
        ("UPDATE policy_version SET text = text || ' ' WHERE number = 2", Altered::Text(2), true),
        ("UPDATE policy_version SET text = text || ' ' WHERE number = 1", Altered::Text(1), false),
        ("UPDATE policy_version SET applied_by = 'person:1' WHERE number = 2", Altered::Origin(2), true),
        ("UPDATE policy_version SET at = at + 1 WHERE number = 2", Altered::Origin(2), true),
        ("DELETE FROM policy_version WHERE number = 2", Altered::Missing("2".into()), true),
        ("DELETE FROM policy_version WHERE number = 1", Altered::Missing("1".into()), false),
        (
            "INSERT INTO policy_version SELECT 3, text, note, applied_by, at FROM policy_version WHERE number = 1",
            Altered::Unknown(3),
            true,
        ),
    ];
    for (sql, wrong, in_force) in rows {
        for database in databases().await {
            let folders = Folders::of(&database);
            let before = school(&database, &folders).await;
            let mut tx = tamper(&database, sql).await;
            assert_eq!(prove(&mut tx).await.unwrap().1, std::slice::from_ref(&wrong), "{sql}");
            let prepared = prepare(&mut tx, &folders, Scope::Policy).await;
            if !in_force {
                assert!(prepared.is_ok(), "{sql}: an older version holds nothing up");
                continue;
            }
            match prepared.map(drop) {
                Err(RecordsError::Altered(why)) => assert_eq!(why, wrong, "{sql}"),
                other => panic!("{}: {sql}: {other:?}", database.engine),
            }
            assert_eq!(Published::read(&folders.gate).unwrap(), Some(before), "the gate keeps what it had");

            // The school's own policy, applied again, is a version of its own and in force.
            let number = apply(&mut tx, &format!("{POLICY}\n# again\n"), "as it was").await.unwrap();
            assert!(number >= 3, "{sql}: {number} was given before");
            let (after, mut tx) = publish(&database, tx, &folders, Scope::Policy).await;
            assert_eq!(after.policy(&folders.gate).unwrap().version, number);
            assert_eq!(current(&mut tx).await.unwrap().unwrap().number, number);
            assert_eq!(
                prove(&mut tx).await.unwrap().1,
                std::slice::from_ref(&wrong),
                "what was altered stays found"
            );
        }
    }
}

#[tokio::test]
async fn a_policy_in_force_stays_though_a_newer_look_at_it_would_refuse_it() {
    let text = format!(
        "{POLICY}\n[[locked]]\nset-by = \"leadership\"\ndo = \"block\"\nsite = \"childline.org.uk\"\nreason = \"none\"\n"
    );
    let (catalogue, sealed) = (crate::school::catalogue(), crate::publishing::sealed());
    let (document, problems) = check(&text, &catalogue, &sealed, None);
    assert!(
        document.is_none() && problems.iter().any(|problem| problem.message.contains("help (Childline)"))
    );
    let (document, problems) = check_in_force(&text, &catalogue, &sealed);
    assert!(document.is_some() && !engine::Problem::any_error(&problems), "{problems:#?}");
    for database in databases().await {
        let mut tx = database.db.begin().await.unwrap();
        let refused = apply(&mut tx, &text, "none").await;
        assert!(matches!(refused, Err(ApplyError::Problems(_))), "{refused:?}");
    }
}
