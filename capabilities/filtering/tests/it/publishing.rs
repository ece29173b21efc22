//! Policy, lists and overrides reach the gate as whole generations.

use std::path::Path;
use std::sync::Arc;

use engine::document::Effect;
use engine::{Catalogue, Current, Front, Host, HostName, LiveDocument, Sealed, SealedKey, Step};
use filtering::filter_policy::{self, ApplyError};
use filtering::lasting::{self, Span};
use filtering::list::web::Downloads;
use filtering::list::{self, HoldError, ImportError, Intake, Kinds};
use filtering::overrides::{self, Grant, Whom};
use filtering::publish::{CommitError, FromRecords, Prepared, Published, RecordsError, Scope, verify};
use lists::ListIndex;
use store::orm::ConnectionTrait;
use store::{Actor, Tx};
use testing::{MONDAY, TestDatabase, databases};

use crate::school::{POLICY, TABLET, UNKNOWN, catalogue};

pub const ACTOR: Actor = Actor::CommandLine(1000);

pub struct Folders {
    pub gate: std::path::PathBuf,
    pub kept: std::path::PathBuf,
    pub incoming: std::path::PathBuf,
}

impl Folders {
    pub fn of(database: &TestDatabase) -> Self {
        let folder = |name: &str| {
            let path = database.folder.path().join(name);
            std::fs::create_dir_all(&path).unwrap();
            path
        };
        Self { gate: folder("gate"), kept: folder("lists"), incoming: folder("own") }
    }
}

fn key() -> SealedKey {
    SealedKey::new([5; 32])
}

pub fn sealed() -> Arc<Sealed> {
    Arc::new(filtering::sealed::test_entries(key()).unwrap())
}

/// A school that says nothing otherwise than the program does.
static NO_WORDS: words::Own = words::Own::none();

fn from_records<'a>(
    folders: &'a Folders,
    catalogue: &'a Arc<Catalogue>,
    sealed: &'a Arc<Sealed>,
) -> FromRecords<'a> {
    let (gate, kept) = (&folders.gate, &folders.kept);
    FromRecords { gate, kept, catalogue, sealed, portal: &[], words: &NO_WORDS, watch: &|_, _, _| {} }
}

pub async fn prepare(tx: &mut Tx, folders: &Folders, scope: Scope) -> Result<Prepared, RecordsError> {
    from_records(folders, &catalogue(), &sealed()).prepare(tx, scope, MONDAY).await
}

/// Commits and publishes, and begins the next transaction.
pub async fn publish(
    database: &TestDatabase,
    mut tx: Tx,
    folders: &Folders,
    scope: Scope,
) -> (Published, Tx) {
    let prepared = prepare(&mut tx, folders, scope).await.unwrap();
    let published = prepared.commit(tx).await.unwrap();
    (published, database.db.begin().await.unwrap())
}

/// Whether a gate would carry the new part out.
pub async fn carries_out(folders: &Folders, tx: &mut Tx, new: &LiveDocument) -> Result<(), RecordsError> {
    from_records(folders, &catalogue(), &sealed()).carries_out(tx, new).await
}

/// What no gate carries out any more.
pub async fn left_out(folders: &Folders, tx: &mut Tx) -> Vec<engine::live::LeftOut> {
    from_records(folders, &catalogue(), &sealed()).left_out(tx, MONDAY).await.unwrap()
}

/// The step and the verdict that a gate with this folder gives the host for the address.
fn decided(gate: &Path, host: &str, from: &str) -> (Step, bool) {
    let published = Published::read(gate).unwrap().unwrap();
    let index = ListIndex::open(Arc::new(std::fs::read(published.lists_path(gate)).unwrap())).unwrap();
    let policy = published.policy(gate).unwrap().compile(key(), &catalogue(), Arc::new(index)).unwrap();
    let (current, problems) = Current::new(policy, &published.live(gate).unwrap());
    assert_eq!(problems, []);
    let held = current.hold(MONDAY);
    let identity = held.identify(from.parse().unwrap());
    let request = engine::Request {
        host: Host::Name(HostName::new(host).unwrap()),
        port: None,
        path: None,
        as_sent: None,
        chain: &[],
        addresses: &[],
        identity: &identity,
        front: Front::Dns,
    };
    let decision = held.decide(&request);
    (decision.reason.step, decision.verdict.is_block())
}

pub fn intake() -> Intake {
    Intake::new(Kinds::built_in().unwrap()).unwrap()
}

async fn import(tx: &mut Tx, folders: &Folders, text: &str) -> Result<list::Imported, ImportError> {
    let path = folders.incoming.join("self-harm.txt");
    std::fs::write(&path, text).unwrap();
    let found = list::find(&path).unwrap();
    list::import(tx, &ACTOR, &folders.kept, &found[0], None, &mut intake(), MONDAY).await
}

pub async fn apply(tx: &mut Tx, text: &str, note: &str) -> Result<u32, ApplyError> {
    let applied = filter_policy::apply(tx, &ACTOR, text, note, &catalogue(), &sealed(), MONDAY).await;
    applied.map(|(version, _)| version.number)
}

#[tokio::test]
async fn the_gate_decides_by_what_was_published_last() {
    for database in databases().await {
        let folders = Folders::of(&database);
        let mut tx = database.db.begin().await.unwrap();
        assert!(matches!(prepare(&mut tx, &folders, Scope::Everything).await, Err(RecordsError::NoPolicy)));
        assert_eq!(apply(&mut tx, POLICY, "the first").await.unwrap(), 1);
        import(&mut tx, &folders, "harm.example\n").await.unwrap();
        let first;
        (first, tx) = publish(&database, tx, &folders, Scope::Everything).await;
        assert_eq!(verify(&folders.gate).unwrap(), first.generation);
        assert_eq!(decided(&folders.gate, "games.example", UNKNOWN), (Step::School, true));
        assert_eq!(decided(&folders.gate, "harm.example", UNKNOWN), (Step::School, true));
        assert_eq!(decided(&folders.gate, "chess.example", UNKNOWN), (Step::Unknown, false));
        assert_eq!(decided(&folders.gate, "sealed-test-iwf.fivebar.example", TABLET), (Step::Sealed, true));

        // An override is a new live part beside the same policy and lists.
        let grant = Grant {
            whom: Whom::Everyone,
            effect: Effect::Allow,
            target: "games.example".into(),
            reason: "sports day".into(),
            span: Span { starts_at: MONDAY, ends_at: MONDAY.plus_millis(3_600_000) },
            request: None,
        };
        let made = overrides::actions::grant(&mut tx, &ACTOR, grant, MONDAY).await.unwrap();
        let second;
        (second, tx) = publish(&database, tx, &folders, Scope::Live).await;
        assert!(second.same_policy(&first) && second.generation > first.generation);
        assert_eq!(second.live(&folders.gate).unwrap().overrides.len(), 1);
        assert_eq!(decided(&folders.gate, "games.example", UNKNOWN), (Step::Override, false));
        lasting::end::<overrides::Override>(&mut tx, &ACTOR, made.number, "over early", MONDAY)
            .await
            .unwrap();
        (_, tx) = publish(&database, tx, &folders, Scope::Live).await;
        assert_eq!(decided(&folders.gate, "games.example", UNKNOWN), (Step::School, true));

        let open = POLICY.replace("do = \"block\"\nsite", "do = \"allow\"\nsite");
        assert_eq!(apply(&mut tx, &open, "games are for school as well").await.unwrap(), 2);
        let third;
        (third, tx) = publish(&database, tx, &folders, Scope::Policy).await;
        assert!(!third.same_policy(&first));
        assert_eq!(decided(&folders.gate, "games.example", UNKNOWN), (Step::School, false));
        let verbs = store::trail::newest(&mut tx, None, 10).await.unwrap();
        let verbs: Vec<_> = verbs.iter().rev().map(|entry| entry.verb.as_str()).collect();
        assert_eq!(
            verbs,
            ["policy.apply", "list.import", "override.grant", "override.withdraw", "policy.apply"]
        );
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn the_portal_of_whoever_publishes_is_essential_whatever_the_school_closes() {
    for database in databases().await {
        let folders = Folders::of(&database);
        let (catalogue, sealed) = (catalogue(), sealed());
        let mut tx = database.db.begin().await.unwrap();
        apply(&mut tx, POLICY, "the first").await.unwrap();
        (_, tx) = publish(&database, tx, &folders, Scope::Everything).await;
        assert_eq!(decided(&folders.gate, "games.example", TABLET), (Step::School, true));
        // A portal that moves is essential at its new name, and at the old one no more.
        for (portal, other) in [("games.example", "chess.example"), ("chess.example", "games.example")] {
            let hosts = [portal.to_owned()];
            let from = FromRecords { portal: &hosts, ..from_records(&folders, &catalogue, &sealed) };
            let prepared = from.prepare(&mut tx, Scope::Policy, MONDAY).await.unwrap();
            let published = prepared.commit(tx).await.unwrap();
            assert_eq!(published.policy(&folders.gate).unwrap().portal, hosts);
            assert_eq!(decided(&folders.gate, portal, TABLET), (Step::Essential, false));
            assert_ne!(decided(&folders.gate, other, TABLET).0, Step::Essential);
            tx = database.db.begin().await.unwrap();
        }
        tx.roll_back().await.unwrap();
    }
}

/// What the index says of each list, and of every name.
fn told(gate: &Path, names: &[String]) -> Vec<String> {
    let published = Published::read(gate).unwrap().unwrap();
    let index = ListIndex::open(Arc::new(std::fs::read(published.lists_path(gate)).unwrap())).unwrap();
    let lists = index.lists().iter().map(|list| format!("{list:?}"));
    let names = names.iter().map(|name| {
        let found = index.matches(HostName::new(name).unwrap());
        let found = found.iter().map(|one| (one.entry.as_str(), one.exact, index.set(one.set).to_vec()));
        format!("{name} {:?}", found.collect::<Vec<_>>())
    });
    lists.chain(names).collect()
}

#[tokio::test]
async fn lists_published_as_they_are_taken_in_are_those_that_are_read_back() {
    for database in databases().await {
        let folders = Folders::of(&database);
        let mut tx = database.db.begin().await.unwrap();
        apply(&mut tx, POLICY, "the first").await.unwrap();
        let names: Vec<String> = (0..4_000).map(|number| format!("site{number}.example")).collect();
        let mut together = intake();
        for (list, step) in [("self-harm", 2), ("self-harm-2", 3), ("self-harm-3", 5)] {
            let folder = folders.incoming.join(list);
            std::fs::create_dir_all(&folder).unwrap();
            let text: String = names.iter().step_by(step).map(|name| format!("{name}\n")).collect();
            std::fs::write(folder.join("domains"), format!("{text}two words\n192.0.2.{step}\n")).unwrap();
            std::fs::write(folder.join("urls"), format!("site{step}.example/game\n")).unwrap();
            std::fs::write(folder.join("expressions"), format!("(chess|go)-{step}\n")).unwrap();
            let found = list::find(&folder).unwrap();
            let category = ["self-harm".to_owned()];
            list::import(&mut tx, &ACTOR, &folders.kept, &found[0], Some(&category), &mut together, MONDAY)
                .await
                .unwrap();
        }
        let (catalogue, sealed) = (catalogue(), sealed());
        let from = from_records(&folders, &catalogue, &sealed);
        // Nothing is read back: what is kept is away.
        let aside = folders.kept.with_extension("aside");
        std::fs::rename(&folders.kept, &aside).unwrap();
        let prepared = from.prepare_with(&mut tx, Scope::Everything, Some(together), MONDAY).await.unwrap();
        prepared.commit(tx).await.unwrap();
        // Nothing is made in its place: since when lists hold their entries is written where they are.
        assert!(!folders.kept.exists());
        std::fs::rename(&aside, &folders.kept).unwrap();
        let at_once = told(&folders.gate, &names);
        let tx = database.db.begin().await.unwrap();
        publish(&database, tx, &folders, Scope::Everything).await.1.roll_back().await.unwrap();
        assert_eq!(told(&folders.gate, &names), at_once);
        assert!(
            at_once.iter().any(|line| line
                .contains("site30.example [(\"site30.example\", false, [ListNo(0), ListNo(1), ListNo(2)])]")),
            "{:?}",
            &at_once[..5]
        );
    }
}

/// Lets a reference to a request that is not there pass until the commit, which then fails.
async fn let_the_commit_fail(database: &TestDatabase) -> Tx {
    let tx = database.db.begin().await.unwrap();
    let defer = match database.engine {
        "sqlite" => "PRAGMA defer_foreign_keys = ON",
        _ => {
            "ALTER TABLE override ALTER CONSTRAINT override_request_fkey DEFERRABLE INITIALLY DEFERRED; \
             COMMIT; BEGIN"
        }
    };
    tx.conn().execute_unprepared(defer).await.unwrap();
    tx
}

#[tokio::test]
async fn what_is_not_kept_is_not_published() {
    for database in databases().await {
        let folders = Folders::of(&database);
        let mut tx = database.db.begin().await.unwrap();
        apply(&mut tx, POLICY, "the first").await.unwrap();
        let (before, tx) = publish(&database, tx, &folders, Scope::Everything).await;
        tx.roll_back().await.unwrap();
        let files = || -> std::collections::BTreeSet<_> {
            std::fs::read_dir(&folders.gate).unwrap().map(|entry| entry.unwrap().file_name()).collect()
        };
        let there = files();

        let mut tx = let_the_commit_fail(&database).await;
        let grant = Grant {
            whom: Whom::Everyone,
            effect: Effect::Allow,
            target: "games.example".into(),
            reason: "sports day".into(),
            span: Span { starts_at: MONDAY, ends_at: MONDAY.plus_millis(3_600_000) },
            request: Some(tx.ids().make(MONDAY)),
        };
        overrides::actions::grant(&mut tx, &ACTOR, grant, MONDAY).await.unwrap();
        let prepared = prepare(&mut tx, &folders, Scope::Live).await.unwrap();
        assert_eq!(
            Published::read(&folders.gate).unwrap(),
            Some(before),
            "no gate goes by it before the commit"
        );
        let failed = prepared.commit(tx).await;
        assert!(matches!(failed, Err(CommitError::NotKept(_))), "{}: {failed:?}", database.engine);
        assert_eq!(Published::read(&folders.gate).unwrap(), Some(before));
        assert_eq!(files(), there, "what was prepared is gone");
        assert_eq!(decided(&folders.gate, "games.example", UNKNOWN), (Step::School, true));

        let mut tx = database.db.begin().await.unwrap();
        assert!(lasting::newest::<overrides::Override>(&mut tx, 10).await.unwrap().is_empty());
        let (after, _) = publish(&database, tx, &folders, Scope::Live).await;
        assert_eq!(after.generation, before.generation + 1);
    }
}

#[tokio::test]
async fn a_policy_that_cannot_be_used_changes_nothing() {
    for database in databases().await {
        let mut tx = database.db.begin().await.unwrap();
        apply(&mut tx, POLICY, "the first").await.unwrap();
        let wrong = POLICY.replace("self-harm", "no-such-category");
        let error = apply(&mut tx, &wrong, "a slip").await.unwrap_err();
        assert!(
            matches!(&error, ApplyError::Problems(problems) if problems.iter().any(|one| one.line > 0)),
            "{error:?}"
        );
        // Nothing may open a host with sealed entries.
        let opens = POLICY.replace(
            "do = \"block\"\nsite = \"games.example\"",
            "do = \"allow\"\nsite = \"fivebar.example\"",
        );
        assert!(matches!(apply(&mut tx, &opens, "opens it").await, Err(ApplyError::Problems(_))));
        assert!(matches!(apply(&mut tx, POLICY, "again").await, Err(ApplyError::Unchanged(1))));
        assert!(matches!(apply(&mut tx, &format!("{POLICY}\n# new"), "  ").await, Err(ApplyError::NoNote)));
        assert_eq!(filter_policy::history(&mut tx).await.unwrap().len(), 1);
        assert_eq!(filter_policy::current(&mut tx).await.unwrap().unwrap().text, POLICY);
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn two_lists_of_one_name_never_take_each_others_place() {
    for database in databases().await {
        let folders = Folders::of(&database);
        let mut tx = database.db.begin().await.unwrap();
        let place = |path: &str, text: &str| {
            let path = folders.incoming.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            path
        };
        let mut ids = Vec::new();
        let mut take = async |path: &Path| {
            let mut outcomes = Vec::new();
            for found in list::find(path).unwrap() {
                let outcome =
                    list::import(&mut tx, &ACTOR, &folders.kept, &found, None, &mut intake(), MONDAY).await;
                outcomes.push(outcome.map(|imported| imported.list.id));
            }
            outcomes
        };
        let first = place("vendor/gambling.txt", "a.example\n");
        ids.extend(take(&first).await.into_iter().map(Result::unwrap));
        // Beside the list that has the name already, the new one is told apart and the old one keeps its id.
        place("vendor/gambling.hosts", "0.0.0.0 b.example\n");
        ids.extend(take(&folders.incoming).await.into_iter().map(Result::unwrap));
        assert_eq!(ids, ["vendor/gambling", "vendor/gambling.hosts", "vendor/gambling"]);
        // The same name from another place is refused while the first is there, and taken once it has moved.
        let moved = place("moved/vendor/gambling.txt", "a.example\n");
        let refused = take(&moved).await.remove(0).unwrap_err();
        assert!(matches!(&refused, ImportError::SameName { id, .. } if id == "vendor/gambling"), "{refused}");
        assert!(refused.to_string().contains("fivebar lists remove vendor/gambling"), "{refused}");
        std::fs::remove_file(&first).unwrap();
        assert_eq!(take(&moved).await.remove(0).unwrap(), "vendor/gambling");
        let accepted: u64 =
            list::status(&mut tx).await.unwrap().iter().map(|status| status.list.report.accepted).sum();
        assert_eq!(accepted, 2);
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn a_file_that_is_no_list_leaves_its_siblings_in_use() {
    for database in databases().await {
        let folders = Folders::of(&database);
        let mut tx = database.db.begin().await.unwrap();
        apply(&mut tx, POLICY, "the first").await.unwrap();
        let folder = folders.incoming.join("self-harm");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("domains"), "harm.example\n").unwrap();
        std::fs::write(folder.join("urls"), "http://b.example/x\n").unwrap();
        let found = list::find(&folder).unwrap();
        let take = async |mut tx: Tx| {
            let imported =
                list::import(&mut tx, &ACTOR, &folders.kept, &found[0], None, &mut intake(), MONDAY)
                    .await
                    .unwrap();
            let (_, tx) = publish(&database, tx, &folders, Scope::Everything).await;
            (imported, tx)
        };
        let (whole, tx) = take(tx).await;
        assert_eq!((whole.list.report.accepted, whole.parts.len()), (2, 0));
        // A download that failed under one of the names.
        std::fs::write(folder.join("urls"), "<!DOCTYPE html>\n<html>\n").unwrap();
        let (imported, tx) = take(tx).await;
        let report = &imported.list.report;
        assert_eq!((report.accepted, report.lines, report.refused_count()), (1, 3, 2));
        assert_eq!(
            (imported.parts[0].file.as_str(), imported.parts[0].why),
            ("urls", lists::Foreign::WebPage)
        );
        assert_eq!(decided(&folders.gate, "www.harm.example", UNKNOWN), (Step::School, true));
        // What is kept is made whole again by reading the same once more.
        std::fs::remove_dir_all(&folders.kept).unwrap();
        let (again, tx) = take(tx).await;
        assert!(!again.changed);
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn a_bad_list_says_so_and_everything_else_goes_on() {
    for database in databases().await {
        let folders = Folders::of(&database);
        let mut tx = database.db.begin().await.unwrap();
        let many: String = (0..400).map(|number| format!("site{number}.example\n")).collect();
        let first = import(&mut tx, &folders, &format!("{many}two words\nbad..name\n")).await.unwrap();
        assert_eq!((first.list.report.accepted, first.list.report.refused_count()), (400, 2));
        assert!(!import(&mut tx, &folders, &format!("{many}two words\nbad..name\n")).await.unwrap().changed);
        let nothing = import(&mut tx, &folders, "two words\n").await;
        assert!(nothing.is_err(), "a list of nothing is no update");

        // An update that loses nearly everything waits for a person; the same text imported by one is taken.
        std::fs::write(folders.incoming.join("self-harm.txt"), "only.example\n").unwrap();
        let updated =
            list::update(&mut tx, &ACTOR, &folders.kept, &[], &Downloads::new(), &mut intake(), MONDAY)
                .await
                .unwrap();
        assert!(matches!(updated[0].1, Err(ImportError::ChangesTooMuch { before: 400, now: 1, .. })));
        let waiting = list::status(&mut tx).await.unwrap().remove(0);
        assert_eq!((waiting.list.report.accepted, waiting.word()), (400, "waiting"));
        assert!(waiting.waits.is_some_and(|waits| waits.contains("from 400 entries to 1")));
        assert!(import(&mut tx, &folders, "only.example\n").await.unwrap().changed);
        assert_eq!(list::status(&mut tx).await.unwrap()[0].word(), "active");

        // A held list takes nothing until it is released, and both need a reason.
        let id = first.list.id.as_str();
        assert!(matches!(list::hold(&mut tx, &ACTOR, id, " ", MONDAY).await, Err(HoldError::NoReason)));
        list::hold(&mut tx, &ACTOR, id, "looks odd", MONDAY).await.unwrap();
        assert!(matches!(import(&mut tx, &folders, "new.example\n").await, Err(ImportError::Held { .. })));
        list::release(&mut tx, &ACTOR, id, "was looked at", MONDAY).await.unwrap();
        assert!(import(&mut tx, &folders, "new.example\n").await.unwrap().changed);

        // Taken out with a reason, it decides nothing; imported again it goes on counting its versions.
        apply(&mut tx, POLICY, "the first").await.unwrap();
        (_, tx) = publish(&database, tx, &folders, Scope::Everything).await;
        assert!(decided(&folders.gate, "new.example", UNKNOWN).1);
        assert!(matches!(list::remove(&mut tx, &ACTOR, id, "", MONDAY).await, Err(HoldError::NoReason)));
        list::remove(&mut tx, &ACTOR, id, "imported by mistake", MONDAY).await.unwrap();
        let again = list::remove(&mut tx, &ACTOR, id, "imported by mistake", MONDAY).await;
        assert!(matches!(again, Err(HoldError::NotFound(_))));
        (_, tx) = publish(&database, tx, &folders, Scope::Everything).await;
        assert!(!decided(&folders.gate, "new.example", UNKNOWN).1);
        assert_eq!(list::status(&mut tx).await.unwrap(), []);
        assert_eq!(import(&mut tx, &folders, "new.example\n").await.unwrap().list.version, 4);
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn an_update_that_cannot_be_used_waits_until_it_is_whole_or_imported_or_taken_out() {
    for database in databases().await {
        let folders = Folders::of(&database);
        let path = folders.incoming.join("self-harm.txt");
        let mut tx = database.db.begin().await.unwrap();
        let names =
            |count: usize| -> String { (0..count).map(|number| format!("site{number}.example\n")).collect() };
        let id = import(&mut tx, &folders, &names(1_000)).await.unwrap().list.id;
        let update = async |tx: &mut Tx, text: Option<&str>| {
            match text {
                Some(text) => std::fs::write(&path, text).unwrap(),
                None => std::fs::remove_file(&path).unwrap(),
            }
            let outcome =
                list::update(tx, &ACTOR, &folders.kept, &[], &Downloads::new(), &mut intake(), MONDAY)
                    .await
                    .unwrap();
            let status = list::status(tx).await.unwrap().remove(0);
            assert_eq!(status.list.report.accepted, 1_000, "it stays as it was");
            (outcome[0].1.is_ok(), status.word(), status.waits.unwrap_or_default())
        };
        // From bad to worse: each time the last reason is the one that is shown.
        let (page, gone) = ("<!DOCTYPE html>\n<html>\n", "self-harm.txt: it is not there any more");
        for (text, why) in [
            (Some(names(300).as_str()), "from 1000 entries to 300"),
            (Some(page), "web page"),
            (Some(""), "not one of its 0 lines"),
            (None, gone),
        ] {
            let (taken, word, waits) = update(&mut tx, text).await;
            assert!(!taken && word == "waiting" && waits.contains(why), "{word}: {waits:?} for {why}");
        }
        assert_eq!(update(&mut tx, Some(&names(1_000))).await, (true, "active", String::new()));
        // And where nothing waited before.
        for (text, why) in [(Some(page), "web page"), (Some(""), "not one of its 0 lines"), (None, gone)] {
            let (taken, word, waits) = update(&mut tx, text).await;
            assert!(!taken && word == "waiting" && waits.contains(why), "{word}: {waits:?} for {why}");
            assert_eq!(update(&mut tx, Some(&names(1_000))).await.1, "active");
        }
        // An import ends it, and so does taking it out.
        assert_eq!(update(&mut tx, Some(page)).await.1, "waiting");
        import(&mut tx, &folders, &names(300)).await.unwrap();
        assert_eq!(list::status(&mut tx).await.unwrap()[0].word(), "active");
        std::fs::remove_file(&path).unwrap();
        list::update(&mut tx, &ACTOR, &folders.kept, &[], &Downloads::new(), &mut intake(), MONDAY)
            .await
            .unwrap();
        assert_eq!(list::status(&mut tx).await.unwrap()[0].word(), "waiting");
        list::remove(&mut tx, &ACTOR, &id, "its maker gave it up", MONDAY).await.unwrap();
        import(&mut tx, &folders, &names(300)).await.unwrap();
        assert_eq!(list::status(&mut tx).await.unwrap()[0].word(), "active");
        tx.commit().await.unwrap();
    }
}
