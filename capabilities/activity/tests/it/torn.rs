//! A segment that ends in the middle of a record, at every byte, and one with damage in its middle.

use activity::batch::{self, Batch};
use activity::entry::What;
use activity::event::encode_erased;
use activity::log::{AppendLog, LogConfig, segment};
use activity::page::Run;
use activity::{LogStore as _, TimeRange};

use crate::house::{House, at};

const RUN: Run = Run(0xfee1);

/// A batch of three events, numbered from `first` on.
fn three(first: u64) -> Vec<u8> {
    let mut out = Vec::new();
    batch::write_head(&mut out, first, 1_000, 3);
    (0..3).for_each(|number| encode_erased(&mut out, number, 5));
    out
}

fn append(log: &AppendLog, first: u64) {
    let bytes = three(first);
    log.append(&[(RUN, Batch::parse(&bytes).unwrap())]).unwrap();
}

fn open(house: &House) -> AppendLog {
    AppendLog::open(LogConfig::in_dir(&house.log_dir()), at("2026-11-23T00:00:00Z")).unwrap()
}

#[test]
fn wherever_a_crash_tore_the_last_record_the_log_goes_on_after_the_whole_ones() {
    let house = House::new();
    let log = open(&house);
    append(&log, 1);
    let path = segment::path_of(&house.log_dir(), 1);
    let before = std::fs::metadata(&path).unwrap().len();
    append(&log, 4);
    drop(log);
    let whole = std::fs::read(&path).unwrap();
    for end in before..whole.len() as u64 {
        let house = House::new();
        std::fs::create_dir(house.log_dir()).unwrap();
        let path = segment::path_of(&house.log_dir(), 1);
        std::fs::write(&path, &whole[..end as usize]).unwrap();
        let log = open(&house);
        assert_eq!(log.segments()[0].next_seq, 4, "cut at {end}");
        assert_eq!(std::fs::metadata(&path).unwrap().len(), before);
        let cut: Vec<_> = log
            .entries()
            .unwrap()
            .into_iter()
            .filter_map(|entry| match entry.what {
                What::Repaired { cut_bytes, damaged_bytes: 0, .. } => Some(cut_bytes),
                _ => None,
            })
            .collect();
        assert_eq!(cut, if end == before { vec![] } else { vec![end - before] }, "it says how much");
        // What was torn comes again from the gate and is new; what was whole is known.
        append(&log, 1);
        append(&log, 4);
        assert_eq!(log.segments()[0].next_seq, 7);
        drop(log);
        assert_eq!(std::fs::read(&path).unwrap(), whole, "as if nothing had happened");
    }
}

#[test]
fn damage_in_the_middle_costs_its_own_record_and_is_said() {
    let house = House::new();
    let log = open(&house);
    append(&log, 1);
    let path = segment::path_of(&house.log_dir(), 1);
    let second = std::fs::metadata(&path).unwrap().len() as usize;
    append(&log, 4);
    let third = std::fs::metadata(&path).unwrap().len() as usize;
    append(&log, 7);
    drop(log);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[second + 20] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let log = open(&house);
    let damaged = (third - second) as u64;
    assert!(log.entries().unwrap().iter().any(|entry| {
        matches!(entry.what, What::Repaired { cut_bytes: 0, damaged_bytes, .. } if damaged_bytes == damaged)
    }));
    assert_eq!(log.segments()[0].next_seq, 10, "places after the damage are as they were");
    let mut seen = 0;
    let answered = log.scan(TimeRange::default(), &mut |_| {
        seen += 1;
        std::ops::ControlFlow::Continue(())
    });
    assert_eq!(answered.unwrap().damaged_bytes, damaged, "every answer says what it may lack");
    // The events were acknowledged, so no gate sends them again; if one does, they are taken in anew.
    append(&log, 4);
    assert_eq!(log.segments()[0].next_seq, 13);
}

#[test]
fn two_processes_never_write_one_log() {
    let house = House::new();
    let _log = open(&house);
    let second = AppendLog::open(LogConfig::in_dir(&house.log_dir()), at("2026-11-23T00:00:00Z"));
    assert!(second.unwrap_err().to_string().contains("another process"));
}

#[test]
fn a_repeated_batch_is_known_in_every_later_segment_and_after_a_restart() {
    let house = House::new();
    let config = LogConfig { segment_bytes: 200, ..LogConfig::in_dir(&house.log_dir()) };
    let start = || AppendLog::open(config.clone(), at("2026-11-23T00:00:00Z")).unwrap();
    let mut log = start();
    for first in (1..60).step_by(3) {
        append(&log, first);
        if first % 2 == 0 {
            drop(log);
            log = start();
        }
        for again in (1..=first).step_by(3) {
            append(&log, again);
        }
        assert_eq!(log.segments().last().unwrap().next_seq, first + 3);
    }
    assert!(log.segments().len() > 3);
}
