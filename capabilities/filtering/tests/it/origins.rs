//! Since when lists hold their entries is kept over updates, beside what is published.

use std::fs;

use filtering::list;
use filtering::publish::origins::{self, OriginsError};
use filtering::publish::{Scope, damaged};
use kit::{HostName, Timestamp};
use lists::origins::Sought;
use store::Tx;
use testing::{MONDAY, TestDatabase, databases};

use crate::publishing::{ACTOR, Folders, apply, intake, publish};
use crate::school::POLICY;

const DAY_MS: i64 = 86_400_000;

async fn import(tx: &mut Tx, folders: &Folders, text: &str, at: Timestamp) {
    let path = folders.incoming.join("self-harm.txt");
    fs::write(&path, text).unwrap();
    let found = list::find(&path).unwrap();
    list::import(tx, &ACTOR, &folders.kept, &found[0], None, &mut intake(), at).await.unwrap();
}

/// Imports and publishes; gives the next transaction.
async fn taken(database: &TestDatabase, mut tx: Tx, folders: &Folders, text: &str, days: i64) -> Tx {
    import(&mut tx, folders, text, MONDAY.plus_millis(days * DAY_MS)).await;
    publish(database, tx, folders, Scope::Everything).await.1
}

/// First seen, since, left and whether it is gone, with the licence.
type Known = (String, String, Option<String>, bool, Option<String>);

/// What is known of a host.
fn seen(folders: &Folders, host: &str) -> Option<Known> {
    let opened = origins::read(&folders.kept).unwrap();
    let sought = Sought::default().host(HostName::new(host).unwrap());
    let found = opened.origins.find(opened.origins.lists(), &sought).unwrap();
    assert!(found.len() <= 1);
    found.first().map(|found| {
        let seen = found.seen;
        let left = seen.left.map(|left| left.to_string());
        (seen.first.to_string(), seen.since.to_string(), left, seen.gone, found.list.licence.clone())
    })
}

/// Whether the day of a host's entry is the latest possible one.
fn is_unsure(folders: &Folders, host: &str) -> bool {
    let opened = origins::read(&folders.kept).unwrap();
    let sought = Sought::default().host(HostName::new(host).unwrap());
    let found = opened.origins.find(opened.origins.lists(), &sought).unwrap();
    found.iter().any(|found| found.list.is_latest_possible(found.seen.first))
}

#[tokio::test]
async fn an_entry_keeps_its_first_day_and_one_that_leaves_and_returns_is_told() {
    for database in databases().await {
        let folders = Folders::of(&database);
        let mut tx = database.db.begin().await.unwrap();
        apply(&mut tx, POLICY, "the first").await.unwrap();
        assert!(matches!(origins::read(&folders.kept), Err(OriginsError::Never)));
        tx = taken(&database, tx, &folders, "# License: MIT\na.example\nb.example\n", 0).await;
        let day = |text: &str| text.to_owned();
        let mit = Some(day("MIT"));
        let monday = day("2026-11-23");
        assert_eq!(
            seen(&folders, "www.a.example"),
            Some((monday.clone(), monday.clone(), None, false, mit.clone()))
        );
        tx = taken(&database, tx, &folders, "# License: MIT\nb.example\nc.example\n", 3).await;
        assert_eq!(
            seen(&folders, "a.example"),
            Some((monday.clone(), monday.clone(), Some(day("2026-11-26")), true, mit.clone()))
        );
        assert_eq!(seen(&folders, "b.example").unwrap().0, monday);
        assert_eq!(seen(&folders, "c.example").unwrap().0, "2026-11-26");
        tx = taken(&database, tx, &folders, "a.example\nb.example\n", 9).await;
        let (first, since, left, gone, licence) = seen(&folders, "a.example").unwrap();
        assert_eq!((first, since, left, gone), (monday, day("2026-12-02"), Some(day("2026-11-26")), false));
        assert_eq!(licence, None);

        // What the school says of the licence counts with the next publication, and stands in the trail.
        let id = list::in_use(&mut tx).await.unwrap()[0].id.clone();
        list::say_licence(&mut tx, &ACTOR, &id, "CC0", MONDAY).await.unwrap();
        list::say_licence(&mut tx, &ACTOR, &id, "CC0", MONDAY).await.unwrap();
        let entries = store::trail::newest(&mut tx, None, 2).await.unwrap();
        assert_eq!(entries.iter().filter(|entry| entry.verb == "list.licence").count(), 1);
        (_, tx) = publish(&database, tx, &folders, Scope::Policy).await;
        assert_eq!(seen(&folders, "a.example").unwrap().4.as_deref(), Some("CC0"));
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn damage_to_it_is_found_stops_nothing_and_costs_no_day_that_the_file_before_knows() {
    for database in databases().await {
        let folders = Folders::of(&database);
        let mut tx = database.db.begin().await.unwrap();
        apply(&mut tx, POLICY, "the first").await.unwrap();
        tx = taken(&database, tx, &folders, "a.example\n", 0).await;
        tx = taken(&database, tx, &folders, "a.example\nb.example\n", 2).await;
        let newest = folders.kept.join(".origins");
        let whole = fs::read(&newest).unwrap();
        for harmed in [&whole[..whole.len() / 2], &[0; 400], &[]] {
            fs::write(&newest, harmed).unwrap();
            let opened = origins::read(&folders.kept).unwrap();
            assert!(opened.behind.is_some_and(|why| why.to_string().contains("damaged")));
            assert!(damaged(&folders.gate).is_empty(), "no gate reads it");
        }
        tx = taken(&database, tx, &folders, "a.example\nc.example\n", 4).await;
        assert!(origins::read(&folders.kept).unwrap().behind.is_none());
        assert_eq!(seen(&folders, "a.example").unwrap().0, "2026-11-23");
        // What came with the version between may have come earlier than is known.
        assert!(!is_unsure(&folders, "a.example") && is_unsure(&folders, "c.example"));
        // Both gone: filtering goes on, and of what is there the day of its version is the latest possible.
        for name in [".origins", ".origins.before"] {
            fs::write(folders.kept.join(name), b"nothing").unwrap();
        }
        assert!(matches!(origins::read(&folders.kept), Err(OriginsError::Damaged { .. })));
        (_, tx) = publish(&database, tx, &folders, Scope::Policy).await;
        assert_eq!(seen(&folders, "a.example").unwrap().0, "2026-11-27");
        assert!(is_unsure(&folders, "a.example"));
        tx = taken(&database, tx, &folders, "a.example\nf.example\n", 5).await;
        assert!(is_unsure(&folders, "a.example") && !is_unsure(&folders, "f.example"));
        // Where it cannot be written, the lists are published all the same.
        fs::remove_file(folders.kept.join(".origins.lock")).unwrap();
        fs::create_dir(folders.kept.join(".origins.lock")).unwrap();
        tx = taken(&database, tx, &folders, "d.example\n", 6).await;
        assert_eq!(seen(&folders, "d.example"), None);
        tx.commit().await.unwrap();
    }
}
