//! What is damaged of columns costs what lies in it, is counted exactly, and is told by every answer that passes it.

use activity::columns::Block;
use activity::entry::What;
use activity::log::{AppendLog, index};
use activity::{LogStore as _, Search, Subject, TimeRange, Whose};
use engine::PersonNo;

use crate::school::{School, at, columns_in, fill, flip, found, morning};

/// A log of four files of columns and some frames.
fn packed() -> (School, u64) {
    let mut school = School::new(true);
    school.segment_bytes = 4_000;
    let log = school.open();
    fill(&log, 200, 7, &mut [1; 2]);
    assert!(log.pack(|| false).unwrap() > 2);
    (school, 200)
}

fn counted(log: &AppendLog, school: &School) -> (u64, u64) {
    log.settle(&school.run_dir(), |_| false, morning()).unwrap();
    let accounts = log.accounts(&school.run_dir());
    assert!(accounts.open.is_empty());
    (accounts.durable - accounts.damaged, accounts.lost + accounts.damaged)
}

fn blocks(school: &School) -> Vec<(String, Block)> {
    let listed = index::load(&school.dir()).unwrap();
    listed
        .into_iter()
        .flat_map(|file| file.blocks.into_iter().map(move |block| (file.name.clone(), block)))
        .collect()
}

#[test]
fn damaged_rows_are_lost_counted_once_and_told() {
    let (school, all) = packed();
    let (name, rows) = blocks(&school).into_iter().find(|(_, block)| block.rows > 0).unwrap();
    flip(&school.dir().join(&name), rows.from + 300);
    for round in 0..2 {
        let log = school.open();
        let (events, damaged_bytes) = found(&log, &Search::default());
        assert_eq!(damaged_bytes, rows.to - rows.from);
        assert_eq!(log.look_for_damage(morning(), || false).unwrap(), if round == 0 { rows.rows } else { 0 });
        assert_eq!(counted(&log, &school), (all - rows.rows, rows.rows));
        let erased = all - rows.rows - events.len() as u64;
        assert!(erased < all / 10, "places that hold no event are few");
        let said =
            log.entries().unwrap().into_iter().filter(|entry| matches!(entry.what, What::Damaged { .. }));
        assert_eq!(said.count(), 1);
    }
    let look = activity::log::look(&school.dir(), &school.run_dir()).unwrap();
    let damaged: Vec<_> =
        look.damaged.iter().map(|(damage, _)| (damage.file.clone(), damage.from, damage.to)).collect();
    assert_eq!(damaged, [(name, rows.from, rows.to)]);
    // What somebody has seen is told as before, and is no news.
    let log = school.open();
    log.acknowledge(&[look.damaged[0].0.clone()], "The disk was changed.", morning()).unwrap();
    drop(log);
    let look = activity::log::look(&school.dir(), &school.run_dir()).unwrap();
    assert!(look.damaged[0].1.is_some());
}

#[test]
fn without_its_end_a_file_is_lost_and_so_is_one_that_is_gone() {
    let (school, all) = packed();
    let ends: Vec<_> = blocks(&school).into_iter().filter(|(_, block)| block.rows == 0).collect();
    flip(&school.dir().join(&ends[0].0), ends[0].1.to - 3);
    std::fs::remove_file(school.dir().join(&ends[1].0)).unwrap();
    let lost: u64 = (blocks(&school).iter())
        .filter(|(name, _)| *name == ends[0].0 || *name == ends[1].0)
        .map(|(_, block)| block.rows)
        .sum();
    let log = school.open();
    assert!(found(&log, &Search::default()).1 > 0);
    assert_eq!(log.look_for_damage(morning(), || false).unwrap(), lost);
    assert_eq!(counted(&log, &school), (all - lost, lost));
    drop(log);
    let look = activity::log::look(&school.dir(), &school.run_dir()).unwrap();
    assert!(look.damaged.len() >= 3, "{:?}", look.damaged);
}

#[test]
fn an_erasure_takes_damaged_rows_too_and_they_stay_counted() {
    let (school, all) = packed();
    let (name, rows) = blocks(&school).into_iter().find(|(_, block)| block.rows > 0).unwrap();
    flip(&school.dir().join(&name), rows.from + 300);
    let log = school.open();
    log.look_for_damage(morning(), || false).unwrap();
    let subject = Subject { whose: Whose::Person(PersonNo(1)), time: TimeRange::default() };
    log.erase(subject, at("2026-12-01T00:00:00Z")).unwrap();
    assert_eq!(log.look_for_damage(morning(), || false).unwrap(), 0);
    assert_eq!(counted(&log, &school), (all - rows.rows, rows.rows));
    assert_eq!(found(&log, &Search::default()).1, 0);
    drop(log);
    assert!(!columns_in(&school.dir()).contains(&name));
    let log = school.open();
    assert_eq!(log.look_for_damage(morning(), || false).unwrap(), 0);
    assert_eq!(counted(&log, &school), (all - rows.rows, rows.rows));
    assert!(activity::log::look(&school.dir(), &school.run_dir()).unwrap().damaged.is_empty());
}

#[test]
fn a_segment_with_damaged_bytes_is_not_packed_until_an_erasure_has_taken_them() {
    let school = School::new(true);
    let log = school.open();
    fill(&log, 60, 9, &mut [1; 2]);
    let contents = log.segments()[1];
    flip(&contents.path(&school.dir()), contents.bytes - 200);
    log.pack(|| false).unwrap();
    assert_eq!(log.pack(|| false).unwrap(), 0);
    assert_eq!(log.segments().iter().filter(|kept| kept.first_seq == contents.first_seq).count(), 1);
    let before = found(&log, &Search::default());
    assert!(before.1 > 0);
    let nobody = Subject { whose: Whose::Person(PersonNo(999)), time: TimeRange::default() };
    log.erase(nobody, at("2026-12-01T00:00:00Z")).unwrap();
    assert!(log.pack(|| false).unwrap() > 0);
    assert_eq!(found(&log, &Search::default()), (before.0, 0));
}

#[test]
fn where_runs_stood_is_known_when_the_segment_before_is_packed() {
    let school = School::new(true);
    let log = school.open();
    fill(&log, 100, 11, &mut [1; 2]);
    log.pack(|| false).unwrap();
    let accounts = log.accounts(&school.run_dir());
    let last = *log.segments().last().unwrap();
    drop(log);
    // The second frame of the last segment is an opening, which says where a run stood.
    let path = last.path(&school.dir());
    let second = activity::frame::at(&std::fs::read(&path).unwrap(), 0).unwrap().end;
    flip(&path, second as u64 + 30);
    assert_eq!(school.open().accounts(&school.run_dir()), accounts);
}
