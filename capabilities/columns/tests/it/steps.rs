//! A crash between any two steps of packing, merging and erasing loses nothing and doubles nothing.

use std::path::Path;

use activity::{LogStore as _, Search, Subject, TimeRange, Whose};
use engine::PersonNo;

use crate::school::{School, at, columns_in, files, fill, found, scanned};

/// Copies a folder's files.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let path = file.unwrap().path();
        std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

const INDEX: &str = "columns.index";

/// Every state of the folder that a crash can leave on the way from `before` to `after`: the new file half-written, whole
/// under its temporary name, named, in a half-written index, in the index, and then old files going one by one.
fn states(before: &Path, after: &Path, at: &Path) -> Vec<std::path::PathBuf> {
    let new: Vec<String> =
        files(after, ".parquet").into_iter().filter(|name| !before.join(name).exists()).collect();
    let old: Vec<String> =
        files(before, "").into_iter().filter(|name| !after.join(name).exists() && name != INDEX).collect();
    assert!(!new.is_empty() && !old.is_empty(), "{new:?} {old:?}");
    let mut states = Vec::new();
    let mut state = |name: String, change: &dyn Fn(&Path)| {
        let folder = at.join(name).join("log");
        copy(before, &folder);
        change(&folder);
        states.push(folder);
    };
    let put = |folder: &Path, name: &str, whole: bool, to: &str| {
        let bytes = std::fs::read(after.join(name)).unwrap();
        let length = if whole { bytes.len() } else { bytes.len() / 2 };
        std::fs::write(folder.join(to), &bytes[..length]).unwrap();
    };
    state("half".into(), &|folder| put(folder, &new[0], false, "columns-x.tmp"));
    state("whole".into(), &|folder| put(folder, &new[0], true, "columns-x.tmp"));
    for named in 1..=new.len() {
        state(format!("named-{named}"), &|folder| {
            new.iter().take(named).for_each(|name| put(folder, name, true, name));
        });
    }
    state("half-an-index".into(), &|folder| {
        new.iter().for_each(|name| put(folder, name, true, name));
        put(folder, INDEX, false, "columns.tmp");
    });
    for gone in 0..=old.len() {
        state(format!("gone-{gone}"), &|folder| {
            new.iter().for_each(|name| put(folder, name, true, name));
            put(folder, INDEX, true, INDEX);
            old.iter().take(gone).for_each(|name| std::fs::remove_file(folder.join(name)).unwrap());
        });
    }
    // All is done, and then bytes of the index are not what was written: each file tells of itself.
    state("damaged-index".into(), &|folder| {
        new.iter().for_each(|name| put(folder, name, true, name));
        put(folder, INDEX, false, INDEX);
        old.iter().for_each(|name| std::fs::remove_file(folder.join(name)).unwrap());
        files(after, ".log").iter().for_each(|name| put(folder, name, true, name));
    });
    states
}

/// Opens a state, which must hold what the log held, and finish what was begun.
fn holds(state: &Path, school: &School, finish: &dyn Fn(&activity::log::AppendLog)) {
    let name = state.display();
    let whole = school.open();
    let expected = scanned(&whole, TimeRange::default());
    let accounts = whole.accounts(&school.run_dir());
    drop(whole);
    let mut other = School::new(true);
    other.segment_bytes = school.segment_bytes;
    copy(state, &other.dir());
    for _ in 0..2 {
        let log = other.open();
        assert_eq!(scanned(&log, TimeRange::default()), expected, "{name}");
        assert_eq!(log.accounts(&other.run_dir()), accounts, "{name}");
        finish(&log);
        assert_eq!(scanned(&log, TimeRange::default()), expected, "{name}, finished");
        let look = activity::log::look(&other.dir(), &other.run_dir()).unwrap();
        assert!(look.damaged.is_empty(), "{name}: {:?}", look.damaged);
        assert!(files(&other.dir(), ".tmp").is_empty(), "{name}");
        drop(log);
    }
}

#[test]
fn a_crash_while_packing_loses_nothing_and_doubles_nothing() {
    let school = School::new(true);
    let (before, after) = (school.folder.path().join("before"), school.folder.path().join("after"));
    let log = school.open();
    let mut next = [1; 2];
    fill(&log, 60, 1, &mut next);
    log.pack(|| false).unwrap();
    fill(&log, 30, 2, &mut next);
    drop(log);
    copy(&school.dir(), &before);
    let log = school.open();
    log.pack(|| false).unwrap();
    drop(log);
    copy(&school.dir(), &after);
    let packed = columns_in(&after).len();
    for state in states(&before, &after, &school.folder.path().join("states")) {
        holds(&state, &school, &|log| {
            log.pack(|| false).unwrap();
            assert_eq!(columns_in(log.dir()).len(), packed, "{}", state.display());
        });
    }
}

#[test]
fn a_crash_while_merging_a_day_loses_nothing_and_doubles_nothing() {
    let school = School::new(true);
    let (before, after) = (school.folder.path().join("before"), school.folder.path().join("after"));
    let log = school.open();
    fill(&log, 90, 3, &mut [1; 2]);
    log.pack(|| false).unwrap();
    copy(&school.dir(), &before);
    let next_day = at("2026-11-24T02:00:00Z");
    assert_eq!(log.merge_days(next_day, || false).unwrap(), 1);
    drop(log);
    copy(&school.dir(), &after);
    assert_eq!(columns_in(&after).len(), 1);
    for state in states(&before, &after, &school.folder.path().join("states")) {
        holds(&state, &school, &|log| {
            log.merge_days(next_day, || false).unwrap();
            assert_eq!(columns_in(log.dir()).len(), 1, "{}", state.display());
        });
    }
}

#[test]
fn a_crash_while_erasing_shows_nothing_and_is_finished_at_the_next_start() {
    let school = School::new(true);
    let (before, after) = (school.folder.path().join("before"), school.folder.path().join("after"));
    let log = school.open();
    fill(&log, 90, 4, &mut [1; 2]);
    log.pack(|| false).unwrap();
    let subject = Subject { whose: Whose::Person(PersonNo(2)), time: TimeRange::default() };
    let theirs = Search { person: Some(PersonNo(2)), ..Search::default() };
    assert!(!found(&log, &theirs).0.is_empty());
    drop(log);
    copy(&school.dir(), &before);
    let log = school.open();
    log.erase(subject, at("2026-12-01T00:00:00Z")).unwrap();
    drop(log);
    copy(&school.dir(), &after);
    // The entry that begins it is the first thing on the disk; the one that ends it is the last.
    let entries = std::fs::read(after.join("entries.log")).unwrap();
    let begun = activity::frame::at(&entries, 0).unwrap().end;
    std::fs::write(before.join("entries.log"), &entries[..begun]).unwrap();
    for state in states(&before, &after, &school.folder.path().join("states")) {
        holds(&state, &school, &|log| {
            assert!(found(log, &theirs).0.is_empty(), "{}", state.display());
            log.finish_erasures(at("2026-12-02T00:00:00Z")).unwrap();
            assert_eq!(log.entries().unwrap().iter().filter(|entry| is_end(entry)).count(), 1);
        });
    }
}

fn is_end(entry: &activity::Entry) -> bool {
    matches!(entry.what, activity::entry::What::ErasureDone { .. })
}
