//! What is taken in as a list, and what is not.

use std::io::Write;

use filtering::list::{self, Found, ImportError, Limits};
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
            ("vendor/games.txt.gz", &names, Limits { unpacked: bytes, gathered: 50_000 * 12 }, true),
            ("more/games.txt.gz", &names, Limits { unpacked: bytes - 1, gathered: usize::MAX }, false),
            ("less/games.txt.gz", &names, Limits { unpacked: bytes, gathered: 49_000 * 12 }, false),
            // Addresses with paths are held as they are written.
            ("some/games.urls.gz", &urls, Limits { unpacked: bytes, gathered: urls.len() }, false),
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
