//! The sealed tier: its feed, its recipients, who opened a record.

use std::path::Path;
use std::sync::Arc;

use engine::{SealedKey, SealedState};
use filtering::sealed::{
    How, ImportError, Imported, InForceError, Kind, OpeningError, RecipientError, add_recipient, import,
    in_force, openings, recipients, remove_recipient, write_opening,
};
use kit::Timestamp;
use store::{Actor, Tx};
use testing::{MONDAY, databases};

use crate::school::{POLICY, catalogue};

const ACTOR: Actor = Actor::CommandLine(1000);

fn key() -> SealedKey {
    SealedKey::new([5; 32])
}

fn live(as_of: Timestamp) -> Kind {
    Kind::Live { as_of, fresh_for_days: 7 }
}

async fn load(
    tx: &mut Tx,
    kept: &Path,
    text: &str,
    kind: Kind,
    replace: Option<&str>,
) -> Result<Imported, ImportError> {
    import(tx, &ACTOR, kept, key(), &catalogue(), text, kind, replace, MONDAY).await
}

fn feed(numbers: std::ops::Range<u32>) -> String {
    numbers.map(|number| format!("made-up-{number}.example\n")).collect()
}

#[tokio::test]
async fn additions_are_in_force_at_once_and_a_shrunken_update_keeps_the_union() {
    for database in databases().await {
        let kept = database.folder.path().join("lists");
        let mut tx = database.db.begin().await.unwrap();
        let first = load(&mut tx, &kept, &feed(0..100), live(MONDAY), None).await.unwrap();
        assert_eq!(
            (first.version.number, first.version.accepted, first.version.how),
            (1, 100, How::Replaced)
        );
        // More than the tier ever held, all at once: nothing holds it up.
        let more = load(&mut tx, &kept, &feed(0..5_000), live(MONDAY), None).await.unwrap();
        assert_eq!((more.version.how, more.lacking), (How::Replaced, 0));
        let fewer = load(&mut tx, &kept, &feed(0..10), live(MONDAY), None).await.unwrap();
        assert_eq!((fewer.version.how, fewer.lacking > 4_000), (How::Joined, true));
        let entries = in_force(&mut tx, &kept, key()).await.unwrap();
        for number in [0, 9, 10, 99, 4_999] {
            assert!(entries.holds_host(&format!("www.made-up-{number}.example")), "{number}");
        }
        assert!(
            entries.holds_host("sealed-test-iwf.fivebar.example"),
            "the tier can be tried beside a live feed"
        );
        // As many lines, but others: a wrong file, as a rule.
        let other = load(&mut tx, &kept, &feed(9_000..9_020), live(MONDAY), None).await.unwrap();
        assert_eq!(other.version.how, How::Joined);
        // A person may give entries up, and says why.
        let blank = load(&mut tx, &kept, &feed(0..10), live(MONDAY), Some(" ")).await;
        assert!(matches!(blank, Err(ImportError::NoReason)));
        let given_up =
            load(&mut tx, &kept, &feed(0..10), live(MONDAY), Some("the issuer says so")).await.unwrap();
        assert_eq!(given_up.version.how, How::Replaced);
        assert!(!in_force(&mut tx, &kept, key()).await.unwrap().holds_host("made-up-4999.example"));
        let verbs = store::trail::newest(&mut tx, None, 10).await.unwrap();
        assert_eq!(
            verbs.iter().filter(|entry| entry.verb == "sealed.import").count(),
            5,
            "refused ones have none"
        );
        assert!(verbs.iter().all(|entry| !entry.detail.contains("made-up")));
        tx.commit().await.unwrap();
        for file in std::fs::read_dir(kept.join("sealed-entries")).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            assert!(text.contains("\"hashes\"") && !text.contains("made-up"));
        }
    }
}

#[tokio::test]
async fn what_cannot_be_a_feed_changes_nothing() {
    for database in databases().await {
        let kept = database.folder.path().join("lists");
        let mut tx = database.db.begin().await.unwrap();
        let nothing =
            load(&mut tx, &kept, "two words\nco.uk\nwww.childline.org.uk\n", live(MONDAY), None).await;
        assert!(matches!(nothing, Err(ImportError::Nothing(3))), "{nothing:?}");
        let future = load(&mut tx, &kept, &feed(0..3), live(MONDAY.plus_millis(1)), None).await;
        assert!(matches!(future, Err(ImportError::NotYet)));
        let forever = Kind::Live { as_of: MONDAY, fresh_for_days: 10_000 };
        assert!(matches!(
            load(&mut tx, &kept, &feed(0..3), forever, None).await,
            Err(ImportError::Freshness)
        ));
        load(&mut tx, &kept, &feed(0..3), Kind::Test, None).await.unwrap();
        assert_eq!(in_force(&mut tx, &kept, key()).await.unwrap().state(MONDAY), SealedState::TestEntries);
        load(&mut tx, &kept, &feed(0..3), live(MONDAY), None).await.unwrap();
        let back = load(&mut tx, &kept, &feed(0..3), Kind::Test, None).await;
        assert!(
            matches!(back, Err(ImportError::TestOverLive)),
            "a live feed is never given up for test entries"
        );
        let entries = in_force(&mut tx, &kept, key()).await.unwrap();
        assert_eq!(entries.state(MONDAY), SealedState::Live);
        let later = MONDAY.plus_millis(7 * 86_400_000 + 1);
        assert_eq!(entries.state(later), SealedState::Stale);
        assert!(entries.holds_host("made-up-2.example"), "stale entries go on blocking");
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn entries_that_were_changed_on_disk_are_not_used_and_can_be_loaded_again() {
    for database in databases().await {
        let kept = database.folder.path().join("lists");
        let mut tx = database.db.begin().await.unwrap();
        load(&mut tx, &kept, &feed(0..20), live(MONDAY), None).await.unwrap();
        let path = kept.join("sealed-entries/1.json");
        let whole = std::fs::read(&path).unwrap();
        for place in [whole.len() / 3, whole.len() / 2, whole.len() - 5] {
            let mut bent = whole.clone();
            bent[place] ^= 1;
            std::fs::write(&path, bent).unwrap();
            let refused = in_force(&mut tx, &kept, key()).await;
            assert!(matches!(refused, Err(InForceError::Unverifiable(_))), "{place}");
        }
        std::fs::write(&path, &whole).unwrap();
        assert!(matches!(
            in_force(&mut tx, &kept, SealedKey::new([6; 32])).await,
            Err(InForceError::Unverifiable(_))
        ));
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(in_force(&mut tx, &kept, key()).await, Err(InForceError::Unverifiable(_))));
        let again = load(&mut tx, &kept, &feed(0..5), live(MONDAY), None).await.unwrap();
        assert!(again.lost_earlier, "and it is said that nothing before could be kept");
        assert!(in_force(&mut tx, &kept, key()).await.unwrap().holds_host("made-up-4.example"));
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn a_rule_that_new_entries_cover_never_holds_them_up() {
    for database in databases().await {
        let kept = database.folder.path().join("lists");
        let opens = POLICY.replace("do = \"block\"\nsite", "do = \"allow\"\nsite");
        let mut tx = database.db.begin().await.unwrap();
        let before = Arc::new(in_force(&mut tx, &kept, key()).await.unwrap());
        let applied =
            filtering::filter_policy::apply(&mut tx, &ACTOR, &opens, "games", &catalogue(), &before, MONDAY)
                .await;
        applied.unwrap();
        let imported = load(&mut tx, &kept, "games.example\n", live(MONDAY), None).await.unwrap();
        let sealed = Arc::new(imported.sealed);
        let (document, problems) = filtering::filter_policy::check_in_force(&opens, &catalogue(), &sealed);
        assert!(document.is_some() && !engine::Problem::any_error(&problems) && !problems.is_empty());
        let (document, _) = filtering::filter_policy::check(&opens, &catalogue(), &sealed, None);
        assert!(document.is_none(), "a new version must not say so again");
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn recipients_are_duties_with_a_key_and_openings_have_a_reason() {
    for database in databases().await {
        let mut tx = database.db.begin().await.unwrap();
        assert!(recipients(&mut tx).await.unwrap().is_empty());
        add_recipient(&mut tx, &ACTOR, "head", "age1one", MONDAY).await.unwrap();
        add_recipient(&mut tx, &ACTOR, "dsl", "age1two", MONDAY).await.unwrap();
        let twice = add_recipient(&mut tx, &ACTOR, "head", "age1six", MONDAY).await;
        assert!(matches!(twice, Err(RecipientError::There(_))));
        let name = add_recipient(&mut tx, &ACTOR, "Somebody's Name", "age1six", MONDAY).await;
        assert!(matches!(name, Err(RecipientError::Name(_))));
        remove_recipient(&mut tx, &ACTOR, "head", MONDAY).await.unwrap();
        assert!(matches!(
            remove_recipient(&mut tx, &ACTOR, "head", MONDAY).await,
            Err(RecipientError::NotThere(_))
        ));
        add_recipient(&mut tx, &ACTOR, "head", "age1ten", MONDAY).await.unwrap();
        let keys: Vec<String> = recipients(&mut tx).await.unwrap().into_iter().map(|one| one.key).collect();
        assert_eq!(keys, ["age1two", "age1ten"]);

        let reference = "S-7KQ4-M2HX-9TRB";
        let blank = write_opening(&mut tx, &ACTOR, reference, " ", "age1two", true, MONDAY).await;
        assert!(matches!(blank, Err(OpeningError::NoReason)));
        write_opening(&mut tx, &ACTOR, reference, "the police ask", "age1six", false, MONDAY).await.unwrap();
        write_opening(&mut tx, &ACTOR, reference, "the police ask", "age1two", true, MONDAY).await.unwrap();
        let outcomes: Vec<bool> =
            openings(&mut tx, reference).await.unwrap().iter().map(|one| one.opened).collect();
        assert_eq!(outcomes, [false, true]);
        let entries = store::trail::newest(&mut tx, None, 10).await.unwrap();
        let verbs: Vec<&str> = entries.iter().rev().map(|entry| entry.verb.as_str()).collect();
        assert_eq!(
            verbs,
            [
                "sealed.recipient-add",
                "sealed.recipient-add",
                "sealed.recipient-remove",
                "sealed.recipient-add",
                "sealed.open-refused",
                "sealed.open"
            ]
        );
        assert!(entries.iter().all(|entry| !entry.detail.contains("police")), "words are not in the trail");
        tx.commit().await.unwrap();
    }
}
