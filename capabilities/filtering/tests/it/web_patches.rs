//! A list is brought up to date by its maker's patches, and fetched whole where one does not fit. The patches are written
//! by `diff --rcs` of Debian's diffutils.

use std::fs;
use std::path::Path;
use std::process::Command;

use filtering::list::web::{self, Answer, Asked, Every, Fetcher, WebAddress};
use filtering::list::{self, ImportError, Imported};
use kit::Timestamp;
use sha1::Digest as _;
use store::Tx;
use testing::{MONDAY, databases};

use crate::publishing::{ACTOR, Folders, intake};
use crate::web_server::{Says, Server, ok, status};

const HOUR_MS: i64 = 3_600_000;

const fn hours(count: i64) -> Timestamp {
    MONDAY.plus_millis(count * HOUR_MS)
}

/// A version of the list: its own names, and where the patch to the next lies.
fn version(number: usize, next: &str) -> String {
    let names: String = (0..400 + number)
        .filter(|name| name % 97 != number)
        .fold(String::new(), |text, name| format!("{text}||site{name}.example^\n"));
    format!("! Title: Games\n! Diff-Path: {next}\n! Version: {number}\n{names}")
}

fn rcs(folder: &Path, old: &str, new: &str) -> String {
    let (one, other) = (folder.join("old"), folder.join("new"));
    fs::write(&one, old).unwrap();
    fs::write(&other, new).unwrap();
    let out = Command::new("diff").arg("--rcs").args([one, other]).output().unwrap();
    assert_eq!(out.status.code(), Some(1), "the two differ");
    String::from_utf8(out.stdout).unwrap()
}

/// The patch with the words in front that say what must come out.
fn checked(patch: &str, new: &str, name: &str, digits: usize) -> String {
    let sum: String = sha1::Sha1::digest(new).iter().map(|byte| format!("{byte:02x}")).collect();
    let lines = patch.matches('\n').count();
    format!("diff name:{name} checksum:{} lines:{lines}\n{patch}", &sum[..digits])
}

async fn import(tx: &mut Tx, folders: &Folders, server: &Server, text: &str) {
    server.says([ok("etag: \"one\"\r\n", text.as_bytes())]);
    let address = WebAddress::parse(&server.url("lists/games.txt")).unwrap();
    let asked = Asked { address, name: None, checksum: None };
    let fetched =
        Fetcher::new(1 << 20).fetch(&asked.address, None, None, &folders.kept, &|_, _| {}).await.unwrap();
    let Answer::Sent(fetched) = fetched else { unreachable!("nothing was known before") };
    let games = ["games".to_owned()];
    let outcomes =
        web::import(tx, &ACTOR, &folders.kept, &asked, fetched, Some(&games), &mut intake(), MONDAY).await;
    assert!(outcomes.unwrap().iter().all(|(_, outcome)| outcome.is_ok()));
    server.heard();
}

/// As the hub does it when the time has come.
async fn renewed(tx: &mut Tx, folders: &Folders, at: Timestamp) -> Vec<Result<Imported, ImportError>> {
    let due = web::due(tx, &folders.kept, Every::Hour, at).await.unwrap();
    let downloads = web::fetch_all(&Fetcher::new(1 << 20), &due, &folders.kept, &|_, _| {}).await;
    let updated =
        list::update_fetched(tx, &ACTOR, &folders.kept, &downloads, &mut intake(), at).await.unwrap();
    updated.into_iter().map(|(_, outcome)| outcome).collect()
}

fn kept(folders: &Folders, version: u32) -> String {
    fs::read_to_string(folders.kept.join(format!("127.0.0.1/games/{version}/games.txt"))).unwrap()
}

/// The paths that were asked for.
fn asked_for(server: &Server) -> Vec<String> {
    server.heard().iter().map(|head| head.split(' ').nth(1).unwrap().to_owned()).collect()
}

#[tokio::test]
async fn patches_are_carried_out_one_after_the_other_and_the_whole_is_not_fetched() {
    for database in databases().await {
        let folders = Folders::of(&database);
        let server = Server::start().await;
        let mut tx = database.db.begin().await.unwrap();
        let (one, two) = (version(1, "../p/a-1-1.patch#games"), version(2, "/p/b.patch"));
        let three = version(3, "c-1-1.patch");
        import(&mut tx, &folders, &server, &one).await;
        let other = "diff name:other checksum:0123456789abcdef lines:1\nd1 1\n";
        let first =
            format!("{other}{}", checked(&rcs(database.folder.path(), &one, &two), &two, "games", 10));
        let second = rcs(database.folder.path(), &two, &three);
        server.says([ok("", first.as_bytes()), ok("", second.as_bytes()), status("404 Not Found", "")]);
        let outcome = renewed(&mut tx, &folders, hours(2)).await.remove(0).unwrap();
        assert!(outcome.changed && outcome.list.version == 2);
        assert_eq!(kept(&folders, 2), three);
        assert_eq!(asked_for(&server), ["/p/a-1-1.patch", "/p/b.patch", "/lists/c-1-1.patch"]);
        let changes = list::changes(&folders.kept, &outcome.list, 3).unwrap().unwrap();
        assert_eq!((changes.before, changes.added.count, changes.removed.count), (1, 7, 5));
        assert_eq!(changes.added.examples[0], "site1.example and all below it");

        // There is none yet, said in three ways.
        for nothing in [status("404 Not Found", ""), status("204 No Content", ""), ok("", b"\n")] {
            server.says([nothing]);
            assert!(!renewed(&mut tx, &folders, hours(5)).await.remove(0).unwrap().changed);
            assert_eq!(asked_for(&server), ["/lists/c-1-1.patch"]);
            assert_eq!(list::status(&mut tx).await.unwrap()[0].web.as_ref().unwrap().failures, 0);
            // Due again, as after an hour.
            web_not_tried(&mut tx).await;
        }
        // Once a week the whole is asked for, whatever the patches say.
        server.says([status("304 Not Modified", "")]);
        renewed(&mut tx, &folders, hours(7 * 24)).await.remove(0).unwrap();
        assert_eq!(asked_for(&server), ["/lists/games.txt"]);
        // A person who asks gets the whole.
        let wanted = web::wanted(&mut tx, &folders.kept, &[]).await.unwrap();
        web::fetch_all(&Fetcher::new(1 << 20), &wanted, &folders.kept, &|_, _| {}).await;
        assert_eq!(asked_for(&server), ["/lists/games.txt"]);
        tx.roll_back().await.unwrap();
    }
}

async fn web_not_tried(tx: &mut Tx) {
    use store::orm::ConnectionTrait as _;
    tx.conn().execute_unprepared("UPDATE list_web SET tried_at = 0").await.unwrap();
}

#[tokio::test]
async fn where_a_patch_does_not_fit_the_whole_list_is_fetched() {
    for database in databases().await {
        let folders = Folders::of(&database);
        let server = Server::start().await;
        let mut tx = database.db.begin().await.unwrap();
        let one = version(1, "a-1-1.patch");
        import(&mut tx, &folders, &server, &one).await;
        let two = version(2, "b-1-1.patch");
        let good = rcs(database.folder.path(), &one, &two);
        let same = version(2, "a-1-1.patch");
        let circle = rcs(database.folder.path(), &one, &same);
        let wrong: [Says; 6] = [
            ok("", checked(&good, &one, "games", 40).as_bytes()),
            ok("", b"d900 1\n"),
            ok("", b"<html>Not found</html>"),
            ok("", circle.as_bytes()),
            ok("content-length: 99999\r\n", b"d1 1\n"),
            status("500 Internal Server Error", ""),
        ];
        for (round, patch) in wrong.into_iter().enumerate() {
            // Something new each time, and the same patch named.
            let whole = version(4 + round, "a-1-1.patch");
            server.says([patch, ok("", whole.as_bytes())]);
            let outcome =
                renewed(&mut tx, &folders, hours(2 * (i64::try_from(round).unwrap() + 1))).await.remove(0);
            let outcome = outcome.unwrap();
            assert!(outcome.changed, "{round}");
            assert_eq!(kept(&folders, outcome.list.version), whole, "{round}");
            assert_eq!(asked_for(&server), ["/lists/a-1-1.patch", "/lists/games.txt"], "{round}");
        }
        tx.roll_back().await.unwrap();
    }
}
