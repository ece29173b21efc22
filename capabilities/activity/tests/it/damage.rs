//! A byte that the disk gives back changed, in the log of gates that are over and of one that goes on.

use std::path::{Path, PathBuf};

use activity::batch::{self, Batch};
use activity::entry::What;
use activity::event::encode_erased;
use activity::log::{AppendLog, LogConfig, segment};
use activity::page::{self, Run};
use activity::{LogStore as _, Search, Sink, Status};

use crate::house::{House, Visit, at, until};

fn flip(path: &Path, place: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[place] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

/// What `activity status` says: on disk and lost.
fn counted(status: &Status) -> (u64, u64) {
    let (accounts, open) = (&status.accounts, &status.accounts.open);
    let durable = accounts.durable + open.iter().map(|run| run.durable).sum::<u64>() - accounts.damaged;
    (durable, accounts.lost + open.iter().map(|run| run.lost).sum::<u64>() + accounts.damaged)
}

/// A log that ended in order, with eight records of five events each, and where each record ends.
fn ended() -> (House, PathBuf, Vec<usize>) {
    let house = House::new();
    let path = segment::path_of(&house.log_dir(), 1);
    let log = house.log();
    let sink = Sink::start(&house.run_dir(), house.clock.now()).unwrap();
    let mut ends = vec![std::fs::metadata(&path).unwrap().len() as usize];
    for round in 1..=8 {
        for _ in 0..5 {
            Visit::to("www.example.org").record(&sink);
        }
        until("they are durable", || sink.counts().taken == round * 5);
        ends.push(std::fs::metadata(&path).unwrap().len() as usize);
    }
    drop(sink);
    until("the run is settled", || house.status().accounts.open.is_empty());
    log.stop();
    (house, path, ends)
}

#[test]
fn what_lay_in_damaged_bytes_counts_as_lost_once_and_not_as_on_disk() {
    let (house, path, ends) = ended();
    let mut seen = 40;
    // In the middle, then again, then in the last record, which looks like one that a crash tore.
    for record in [3, 4, 1, 7] {
        flip(&path, (ends[record] + ends[record + 1]) / 2);
        for _ in 0..2 {
            let log = house.log();
            let found = house.found(&Search::default()).len() as u64;
            assert!(found < 40 && found <= seen, "{found}");
            seen = found;
            assert_eq!(counted(&house.status()), (found, 40 - found), "record {record}");
            log.stop();
        }
    }
    assert!(seen <= 20, "{seen}");
    let log = house.log();
    let said: u64 = (house.client().entries().unwrap().into_iter())
        .map(|entry| if let What::Damaged { events, .. } = entry.what { events } else { 0 })
        .sum();
    assert_eq!(said, 40 - seen, "entries say how many");
    log.stop();
}

const RUN: Run = Run(0xda3a6e);

fn append(log: &AppendLog, first: u64) {
    let mut bytes = Vec::new();
    batch::write_head(&mut bytes, first, 1_000, 3);
    (0..3).for_each(|number| encode_erased(&mut bytes, number, 5));
    log.append(&[(RUN, Batch::parse(&bytes).unwrap())]).unwrap();
}

#[test]
fn of_a_run_that_goes_on_the_missing_are_counted_with_its_end_and_not_twice() {
    let house = House::new();
    let open = || AppendLog::open(LogConfig::in_dir(&house.log_dir()), at("2026-11-23T00:00:00Z")).unwrap();
    let log = open();
    log.begin_run(RUN);
    append(&log, 1);
    let path = segment::path_of(&house.log_dir(), 1);
    let second = std::fs::metadata(&path).unwrap().len() as usize;
    append(&log, 4);
    append(&log, 7);
    drop(log);
    flip(&path, second + 20);
    let log = open();
    let accounts = log.accounts(&house.run_dir());
    assert_eq!(
        (accounts.open[0].durable, accounts.damaged),
        (6, 0),
        "the gate may still say what became of them"
    );
    log.settle(&house.run_dir(), |_| false, at("2026-11-23T00:00:01Z")).unwrap();
    drop(log);
    let accounts = open().accounts(&house.run_dir());
    assert_eq!((accounts.issued, accounts.durable, accounts.lost, accounts.damaged), (9, 6, 3, 0));
}

#[test]
fn damage_in_a_full_segment_is_found_while_the_log_runs_and_counted_once() {
    let house = House::new();
    let config = LogConfig { segment_bytes: 200, ..LogConfig::in_dir(&house.log_dir()) };
    let open = || AppendLog::open(config.clone(), at("2026-11-23T00:00:00Z")).unwrap();
    let log = open();
    log.begin_run(RUN);
    for first in (1..60).step_by(3) {
        append(&log, first);
    }
    log.settle(&house.run_dir(), |_| false, at("2026-11-23T00:00:01Z")).unwrap();
    let segments = log.segments();
    assert!(segments.len() > 3);
    drop(log);
    // The first event frame of the second segment, and the end of the third: its last events and its closing.
    let second = segments[1].path(&house.log_dir());
    let opening = segment::recover(&std::fs::read(&second).unwrap(), segments[1].first_seq);
    assert_eq!(opening.missing, 0);
    let length = std::fs::metadata(&second).unwrap().len() as usize;
    flip(&second, length - 60);
    let third = segments[2].path(&house.log_dir());
    let bytes = std::fs::read(&third).unwrap();
    std::fs::write(&third, &bytes[..bytes.len() - 60]).unwrap();
    let log = open();
    let counted = log.look_for_damage(at("2026-11-23T00:00:02Z"), || false).unwrap();
    assert_eq!(counted, 6, "three of each");
    assert_eq!(log.look_for_damage(at("2026-11-23T00:00:03Z"), || false).unwrap(), 0);
    drop(log);
    let accounts = open().accounts(&house.run_dir());
    assert_eq!((accounts.issued, accounts.durable, accounts.damaged), (60, 60, 6));
    // Without a reader's own memory the files say it too.
    let damaged: Vec<_> = activity::log::look(&house.log_dir()).unwrap().damaged;
    let names: Vec<_> =
        [&second, &third].map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).into();
    assert_eq!(damaged.into_iter().map(|(name, _)| name).collect::<Vec<_>>(), names);
}

#[test]
fn a_page_that_is_none_is_said() {
    let house = House::new();
    let sink = Sink::start(&house.run_dir(), house.clock.now()).unwrap();
    assert_eq!(page::damaged_in(&house.run_dir()).unwrap(), (1, vec![]));
    let path = page::path_of(&house.run_dir(), sink.run());
    flip(&path, 0);
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    assert_eq!(page::damaged_in(&house.run_dir()).unwrap(), (1, vec![name]));
}
