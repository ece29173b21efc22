//! What is taken in as a list, and what is not.

use std::io::Write;
use std::path::{Path, PathBuf};

use filtering::list::{self, Found, ImportError, Limits};
use store::Tx;
use testing::{MONDAY, databases};

use crate::publishing::{ACTOR, Folders, intake};

/// A list of one file.
fn place(folders: &Folders, path: &str, content: &[u8]) -> Found {
    let path = folders.incoming.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, content).unwrap();
    list::find(&path).unwrap().remove(0)
}

fn packed(text: &str) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(text.as_bytes()).unwrap();
    out.finish().unwrap()
}

#[tokio::test]
async fn a_list_of_a_kind_that_nobody_says_is_never_unpacked() {
    for database in databases().await {
        let folders = Folders::of(&database);
        let mut tx = database.db.begin().await.unwrap();
        // It could not be unpacked, which nobody finds out.
        let whole = packed(&"a.example\n".repeat(10_000));
        let half = &whole[..whole.len() / 2];
        let unknown = place(&folders, "vendor/never-heard-of.txt.gz", half);
        let unsaid =
            list::import(&mut tx, &ACTOR, &folders.kept, &unknown, None, &mut intake(), MONDAY).await;
        assert!(matches!(unsaid, Err(ImportError::NoCategory { .. })), "{unsaid:?}");
        let wrong = ["no-such-kind".to_owned()];
        let wrong =
            list::import(&mut tx, &ACTOR, &folders.kept, &unknown, Some(&wrong), &mut intake(), MONDAY).await;
        assert!(matches!(wrong, Err(ImportError::UnknownCategory(_))), "{wrong:?}");
        // Its kind known, it is read, and says what is wrong with it.
        let games = ["games".to_owned()];
        let said =
            list::import(&mut tx, &ACTOR, &folders.kept, &unknown, Some(&games), &mut intake(), MONDAY).await;
        let said = said.unwrap_err().to_string();
        assert!(said.ends_with("the packed file is cut short, as by a download that failed; fetch it again"));
        assert_eq!(list::status(&mut tx).await.unwrap(), []);
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn a_list_takes_no_more_memory_and_disk_than_it_may_and_leaves_nothing_behind() {
    for database in databases().await {
        let folders = Folders::of(&database);
        let mut tx = database.db.begin().await.unwrap();
        let names: String = (0..50_000).map(|number| format!("site{number}.example\n")).collect();
        let urls: String = (0..5_000).map(|number| format!("a.example/a/long/path/{number}\n")).collect();
        let bytes = names.len() as u64;
        for (path, text, limits, taken) in [
            (
                "vendor/games.txt.gz",
                &names,
                Limits { unpacked: bytes, gathered: 50_000 * 12, together: usize::MAX },
                true,
            ),
            (
                "more/games.txt.gz",
                &names,
                Limits { unpacked: bytes - 1, gathered: usize::MAX, together: usize::MAX },
                false,
            ),
            (
                "less/games.txt.gz",
                &names,
                Limits { unpacked: bytes, gathered: 49_000 * 12, together: usize::MAX },
                false,
            ),
            // Addresses with paths are held as they are written.
            (
                "some/games.urls.gz",
                &urls,
                Limits { unpacked: bytes, gathered: urls.len(), together: usize::MAX },
                false,
            ),
        ] {
            let found = place(&folders, path, &packed(text));
            let mut intake = intake().within(limits);
            let outcome =
                list::import(&mut tx, &ACTOR, &folders.kept, &found, None, &mut intake, MONDAY).await;
            let said = outcome.as_ref().map_or_else(ToString::to_string, |_| String::new());
            assert_eq!(outcome.is_ok(), taken, "{path}: {said}");
            assert!(taken || said.contains(path) && said.contains("MiB"), "{said}");
        }
        // What is kept is the list that was taken, and nothing of the others.
        let kept: Vec<_> =
            std::fs::read_dir(&folders.kept).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(kept, ["vendor"]);
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn many_large_lists_of_one_import_are_refused_before_they_fill_the_memory_together() {
    for database in databases().await {
        let folders = Folders::of(&database);
        let mut tx = database.db.begin().await.unwrap();
        let names = |list: usize| -> String {
            (0..10_000).map(|number| format!("site{number}.list{list}.example\n")).collect()
        };
        let limits = Limits { together: 25_000 * 12, ..Limits::default() };
        // In one import, and in one that comes after it.
        for first in [0, 5] {
            let mut intake = intake().within(limits);
            for number in first..first + 4 {
                let found = place(&folders, &format!("v{number}/games.txt"), names(number).as_bytes());
                let outcome =
                    list::import(&mut tx, &ACTOR, &folders.kept, &found, None, &mut intake, MONDAY).await;
                let fits = number < 2;
                let said = outcome.as_ref().map_or_else(ToString::to_string, |_| String::new());
                assert_eq!(outcome.is_ok(), fits, "{number}: {said}");
                assert!(
                    fits || said.contains("with the lists in use") && said.contains("lists remove"),
                    "{said}"
                );
            }
        }
        // A list that takes the place of itself, and one that is small, find room; so does another once one is out.
        let mut again = intake().within(limits);
        for (path, text) in [("v1/games.txt", names(9)), ("v9/games.txt", "a.example\n".to_owned())] {
            let found = place(&folders, path, text.as_bytes());
            list::import(&mut tx, &ACTOR, &folders.kept, &found, None, &mut again, MONDAY).await.unwrap();
        }
        let id = list::in_use(&mut tx).await.unwrap()[0].id.clone();
        list::remove(&mut tx, &ACTOR, &id, "too large", MONDAY).await.unwrap();
        let found = place(&folders, "v8/games.txt", names(8).as_bytes());
        let mut again = intake().within(limits);
        list::import(&mut tx, &ACTOR, &folders.kept, &found, None, &mut again, MONDAY).await.unwrap();
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn a_list_that_comes_with_the_program_is_brought_back_and_stands_in_the_trail() {
    for database in databases().await {
        let folders = Folders::of(&database);
        let mut tx = database.db.begin().await.unwrap();
        let bring = async |tx: &mut Tx, only: &[String]| {
            list::import_built_in(tx, &ACTOR, &folders.kept, only, &mut intake(), MONDAY).await.unwrap()
        };
        let all = list::built_in();
        assert_eq!(bring(&mut tx, &[]).await.len(), all.len());
        let games = "starter/games".to_owned();
        assert!(all.contains(&games));
        list::remove(&mut tx, &ACTOR, &games, "a mistake", MONDAY).await.unwrap();
        let (id, back) = bring(&mut tx, std::slice::from_ref(&games)).await.remove(0);
        let back = back.unwrap();
        assert_eq!((id, back.changed, back.list.version), (games.clone(), true, 2));
        let verbs: Vec<(String, String)> = store::trail::newest(&mut tx, None, 2)
            .await
            .unwrap()
            .into_iter()
            .map(|entry| (entry.verb, entry.subject_id))
            .collect();
        assert_eq!(
            verbs,
            [("list.import".to_owned(), games.clone()), ("list.remove".to_owned(), games.clone())]
        );

        // A list of the school's own under that name keeps its place, and holds up no other.
        list::remove(&mut tx, &ACTOR, &games, "our own is better", MONDAY).await.unwrap();
        let own = place(&folders, "starter/games.txt", b"own.example\n");
        list::import(&mut tx, &ACTOR, &folders.kept, &own, None, &mut intake(), MONDAY).await.unwrap();
        for (id, outcome) in bring(&mut tx, &[]).await {
            match outcome {
                Ok(imported) => assert!(!imported.changed && id != games, "{id}"),
                Err(error) => {
                    assert!(matches!(error, ImportError::SameName { .. }) && id == games, "{error}")
                }
            }
        }
        tx.commit().await.unwrap();
    }
}

/// Every folder of the real lists, through the import itself.
#[tokio::test]
async fn every_real_list_is_taken_with_a_category() {
    let Some(folder) = data("domains") else { return };
    for database in databases().await {
        let folders = Folders::of(&database);
        let mut tx = database.db.begin().await.unwrap();
        let mut refused = Vec::new();
        let mut words = Vec::new();
        let looked = list::look(&folder).unwrap();
        assert!(looked.lists.len() > 100, "{}", looked.lists.len());
        for found in &looked.lists {
            // Each by itself, so that no more than one is in memory.
            let outcome =
                list::import(&mut tx, &ACTOR, &folders.kept, found, None, &mut intake(), MONDAY).await;
            match outcome {
                Ok(imported) => {
                    let list = imported.list;
                    assert!(!list.categories.is_empty() && imported.parts.is_empty(), "{}", found.id);
                    let everything = list.report.refused.get(&lists::Refusal::ExpressionMatchesAll);
                    assert!(everything.is_none(), "{}", found.id);
                    if list.categories.iter().any(|category| category == "words-in-addresses") {
                        words.push((list.id.clone(), list.report.format.clone(), list.report.accepted));
                    }
                }
                Err(ImportError::Foreign { why, .. }) => refused.push((found.id.clone(), why)),
                // The public suffix list is of no kind, and so never read.
                Err(ImportError::NoCategory { id }) => assert_eq!(id, "psl/public_suffix_list"),
                Err(error) => panic!("{}: {error}", found.id),
            }
        }
        // What finds words anywhere is apart from the list of adult sites, which is pornography.
        assert_eq!(
            words,
            [("ut1/adult.very_restrictive_expression".to_owned(), "expressions".to_owned(), 2)]
        );
        assert_eq!(refused, []);
        tx.roll_back().await.unwrap();
    }
}

#[tokio::test]
async fn an_expression_about_every_address_is_refused_and_counted() {
    for database in databases().await {
        let folders = Folders::of(&database);
        let mut tx = database.db.begin().await.unwrap();
        let found = place(&folders, "games/expressions", b".*\nchess-[0-9]+\n.\n()\n(a|)\n");
        let found = Found { id: "vendor/games".to_owned(), ..found };
        let imported =
            list::import(&mut tx, &ACTOR, &folders.kept, &found, None, &mut intake(), MONDAY).await.unwrap();
        let report = imported.list.report;
        let everything = &report.refused[&lists::Refusal::ExpressionMatchesAll];
        assert_eq!(
            (report.accepted, everything.count, everything.first_lines.as_slice()),
            (1, 4, &[1, 3, 4, 5][..])
        );
        assert!(lists::Refusal::ExpressionMatchesAll.words().contains("matches every address"));
        tx.commit().await.unwrap();
    }
}

/// A folder of the real data beside the checkout; says so and gives `None` where it is not there.
#[expect(clippy::print_stdout, reason = "a test that is skipped says so")]
fn data(folder: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let path = std::env::var_os("FIVEBAR_DATA").map_or(beside, Into::into).join(folder);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: there is no {folder} in the data folder (set FIVEBAR_DATA to where it is)");
    None
}
