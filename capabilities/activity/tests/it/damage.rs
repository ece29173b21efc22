//! A byte that the disk gives back changed, in the log of gates that are over and of one that goes on.

use std::path::{Path, PathBuf};

use activity::batch::{self, Batch, Stored};
use activity::entry::What;
use activity::event::encode_erased;
use activity::frame::{self, Kind, Piece};
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
    append_of(log, RUN, first);
}

fn append_of(log: &AppendLog, run: Run, first: u64) {
    let mut bytes = Vec::new();
    batch::write_head(&mut bytes, first, 1_000, 3);
    (0..3).for_each(|number| encode_erased(&mut bytes, number, 5));
    log.append(&[(run, Batch::parse(&bytes).unwrap())]).unwrap();
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
    let look = || activity::log::look(&house.log_dir(), &house.run_dir()).unwrap();
    let damaged: Vec<_> = look().damaged;
    let names: Vec<_> =
        [&second, &third].map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).into();
    assert_eq!(damaged.iter().map(|(damage, _)| damage.file.clone()).collect::<Vec<_>>(), names);
    // What was seen and acknowledged is still found, with what was said of it; anything else is news.
    let seen: Vec<_> = damaged.into_iter().map(|(damage, _)| damage).collect();
    let log = open();
    log.acknowledge(&seen[..1], "The disk was changed.", at("2026-11-23T00:00:04Z")).unwrap();
    drop(log);
    let said = |look: &activity::log::Look| -> Vec<Option<String>> {
        let reason = |said: &activity::log::Acknowledged| said.reason.clone();
        look.damaged.iter().map(|(_, said)| said.as_ref().map(reason)).collect()
    };
    assert_eq!(said(&look()), [Some("The disk was changed.".to_owned()), None]);
    // Other damage in the same place, or beside it, was not seen.
    flip(&second, length - 58);
    assert_eq!(said(&look()), [None, None]);
}

#[test]
fn events_whose_bytes_are_gone_are_told_with_when_it_was_found_until_somebody_has_seen_it() {
    let house = House::new();
    let config = LogConfig::in_dir(&house.log_dir());
    let open = |when: &str| AppendLog::open(config.clone(), at(when)).unwrap();
    let log = open("2026-11-23T00:00:00Z");
    log.begin_run(RUN);
    for first in (1..60).step_by(3) {
        append(&log, first);
    }
    log.settle(&house.run_dir(), |_| false, at("2026-11-23T00:00:01Z")).unwrap();
    let path = log.segments()[0].path(&house.log_dir());
    drop(log);
    let look = || activity::log::look(&house.log_dir(), &house.run_dir()).unwrap();
    assert!(look().lost.is_empty());
    let cut = || {
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() * 2 / 3]).unwrap();
    };
    cut();
    let found = "2026-11-24T00:00:00Z";
    let log = open(found);
    let gone = log.accounts(&house.run_dir()).damaged;
    assert!(gone > 0);
    // The start has repaired the file: nothing in it is damaged any more, and the events are gone.
    let seen = look();
    assert!(seen.damaged.is_empty());
    let lost: u64 = seen.lost.iter().map(|(loss, _)| loss.events).sum();
    assert_eq!(lost, gone);
    let (loss, acknowledged) = seen.lost[0].clone();
    assert_eq!((loss.found, acknowledged), (at(found), None));
    log.acknowledge(&[loss.as_damage()], "The disk was changed.", at("2026-11-25T00:00:00Z")).unwrap();
    drop(log);
    let said = |look: &activity::log::Look| -> Vec<Option<String>> {
        look.lost.iter().map(|(_, said)| said.as_ref().map(|said| said.reason.clone())).collect()
    };
    assert_eq!(said(&look()), [Some("The disk was changed.".to_owned())]);
    // What is cut off the same file later was not seen.
    cut();
    drop(open("2026-11-26T00:00:00Z"));
    assert_eq!(said(&look()), [Some("The disk was changed.".to_owned()), None]);
}

/// How many events can still be read.
fn readable(log: &AppendLog) -> u64 {
    let segments = log.segments();
    let bytes = segments.iter().map(|contents| std::fs::read(contents.path(log.dir())).unwrap());
    bytes.map(|bytes| events_in(&bytes)).sum()
}

fn events_in(bytes: &[u8]) -> u64 {
    let frames = frame::pieces(bytes).filter_map(|piece| match piece {
        Piece::Whole(frame) if frame.kind == Kind::Events => Stored::parse(frame.body),
        _ => None,
    });
    frames.map(|stored| stored.batch.heads().count() as u64).sum()
}

#[test]
fn a_damaged_opening_costs_no_event_and_counts_none_as_lost() {
    let house = House::new();
    let config = LogConfig { segment_bytes: 200, ..LogConfig::in_dir(&house.log_dir()) };
    let open = || AppendLog::open(config.clone(), at("2026-11-23T00:00:00Z")).unwrap();
    let log = open();
    log.begin_run(RUN);
    for first in (1..60).step_by(3) {
        append(&log, first);
    }
    let segments = log.segments();
    drop(log);
    let before = |contents: &segment::Contents| std::fs::read(contents.path(&house.log_dir())).unwrap();
    // The last two: the run stands in the second opening of each.
    for contents in segments.iter().rev().take(2) {
        let bytes = before(contents);
        let second = frame::at(&bytes, 0).unwrap().end;
        assert_eq!(frame::at(&bytes, second).map(|frame| frame.kind), Some(Kind::Opening));
        flip(&contents.path(&house.log_dir()), second + 30);
    }
    for _ in 0..2 {
        let log = open();
        let accounts = log.accounts(&house.run_dir());
        let run = &accounts.open[0];
        assert_eq!((run.issued, run.durable, run.lost), (60, 60, 0));
        assert_eq!((accounts.damaged, accounts.at_least), (0, false));
        drop(log);
    }
    // What was before is known by itself now, whatever becomes of the segments before.
    for contents in segments.iter().rev().skip(1) {
        std::fs::remove_file(contents.path(&house.log_dir())).unwrap();
    }
    let log = open();
    assert_eq!(log.accounts(&house.run_dir()).open[0].durable, 60);
    log.settle(&house.run_dir(), |_| false, at("2026-11-23T00:00:01Z")).unwrap();
    let accounts = log.accounts(&house.run_dir());
    assert_eq!((accounts.issued, accounts.durable, accounts.lost), (60, 60, 0));
}

#[test]
fn a_run_whose_end_no_entry_tells_is_counted_from_its_events() {
    let house = House::new();
    let config = LogConfig { segment_bytes: 200, ..LogConfig::in_dir(&house.log_dir()) };
    let open = || AppendLog::open(config.clone(), at("2026-11-23T00:00:00Z")).unwrap();
    let other = Run(0xb);
    let log = open();
    log.begin_run(RUN);
    append(&log, 1);
    append(&log, 7);
    assert_eq!(log.mark(RUN, 9, at("2026-11-23T00:00:01Z")).unwrap(), 3);
    log.settle(&house.run_dir(), |_| false, at("2026-11-23T00:00:01Z")).unwrap();
    log.begin_run(other);
    for first in (1..60).step_by(3) {
        append_of(&log, other, first);
    }
    log.settle(&house.run_dir(), |_| false, at("2026-11-23T00:00:02Z")).unwrap();
    drop(log);
    // The entries are: lost of the first, its end, the end of the second.
    let entries = house.log_dir().join("entries.log");
    let bytes = std::fs::read(&entries).unwrap();
    let ends = frame::at(&bytes, 0).unwrap().end;
    flip(&entries, ends + 30);
    for _ in 0..2 {
        let log = open();
        log.settle(&house.run_dir(), |_| false, at("2026-11-23T00:00:03Z")).unwrap();
        let accounts = log.accounts(&house.run_dir());
        assert_eq!((accounts.issued, accounts.durable, accounts.lost), (69, 66, 3));
        assert!(accounts.at_least);
    }
    // Where the entry about what it lost is damaged too, what is on disk is still exact.
    flip(&entries, 30);
    let again = frame::pieces(&std::fs::read(&entries).unwrap()).count();
    assert!(again > 2);
    let accounts = open().accounts(&house.run_dir());
    assert_eq!(accounts.durable, 66);
}

/// Three gates, one of them over, one that goes on and one that lost some; bytes change anywhere, before a start and before the
/// next: by the file, the place in it, and whether it is the second start.
fn is_counted_all_the_same(
    flips: &[(usize, usize, bool)],
) -> Result<(), proptest::test_runner::TestCaseError> {
    let house = House::new();
    let config = LogConfig { segment_bytes: 300, ..LogConfig::in_dir(&house.log_dir()) };
    let open = || AppendLog::open(config.clone(), at("2026-11-23T00:00:00Z")).unwrap();
    let settle =
        |log: &AppendLog| log.settle(&house.run_dir(), |_| false, at("2026-11-23T00:00:01Z")).unwrap();
    let log = open();
    log.begin_run(RUN);
    (1..30).step_by(3).for_each(|first| append(&log, first));
    settle(&log);
    let (lossy, last) = (Run(0xb), Run(0xc));
    log.begin_run(lossy);
    log.begin_run(last);
    for first in (1..30).step_by(6) {
        append_of(&log, lossy, first);
        (first..first + 6).step_by(3).for_each(|first| append_of(&log, last, first));
    }
    log.mark(lossy, 27, at("2026-11-23T00:00:01Z")).unwrap();
    drop(log);
    let issued = 30 + 27 + 30;
    for late in [false, true] {
        for &(file, place, when) in flips {
            if when != late {
                continue;
            }
            let mut files: Vec<_> = std::fs::read_dir(house.log_dir())
                .unwrap()
                .map(|file| file.unwrap().path())
                .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
                .collect();
            files.sort();
            let path = &files[file % files.len()];
            let length = std::fs::metadata(path).unwrap().len() as usize;
            if length > 0 {
                flip(path, place % length);
            }
        }
        let log = open();
        log.look_for_damage(at("2026-11-23T00:00:02Z"), || false).unwrap();
        if late {
            settle(&log);
        }
        let accounts = log.accounts(&house.run_dir());
        let open = |of: fn(&activity::log::OpenRun) -> u64| accounts.open.iter().map(of).sum::<u64>();
        let durable = accounts.durable + open(|run| run.durable) - accounts.damaged;
        let lost = accounts.lost + open(|run| run.lost) + accounts.damaged;
        proptest::prop_assert_eq!(durable, readable(&log), "{:?}", accounts);
        if late {
            proptest::prop_assert_eq!(accounts.issued, durable + lost, "{:?}", accounts);
            proptest::prop_assert!(lost <= issued - durable, "{:?}", accounts);
            proptest::prop_assert!(lost == issued - durable || accounts.at_least, "{:?}", accounts);
        }
    }
    Ok(())
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 24, ..Default::default() })]

    #[test]
    fn whatever_is_damaged_what_is_on_disk_is_counted_exactly_and_the_lost_at_least(
        flips in proptest::collection::vec((0usize..64, 0usize..100_000, proptest::bool::ANY), 1..5),
    ) {
        is_counted_all_the_same(&flips)?;
    }
}

#[test]
fn what_damage_counted_as_lost_is_not_lost_once_more_with_its_run() {
    // Events of the last segment but one, and then the opening of the last, which alone said that they had been durable.
    is_counted_all_the_same(&[(15, 36_689, false), (52, 29_108, true)]).unwrap();
}

#[test]
fn a_page_that_is_none_is_said() {
    let house = House::new();
    let sink = Sink::start(&house.run_dir(), house.clock.now()).unwrap();
    assert_eq!(page::damaged_in(&house.run_dir()).unwrap(), (1, vec![]));
    let path = page::path_of(&house.run_dir(), sink.run());
    flip(&path, 0);
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    assert_eq!(page::damaged_in(&house.run_dir()).unwrap(), (1, vec![name.clone()]));
    let log = AppendLog::open(LogConfig::in_dir(&house.log_dir()), at("2026-11-23T00:00:00Z")).unwrap();
    let look = activity::log::look(&house.log_dir(), &house.run_dir()).unwrap();
    assert_eq!(look.damaged.iter().map(|(damage, _)| &damage.file).collect::<Vec<_>>(), [&name]);
    log.acknowledge(&[look.damaged[0].0.clone()], "Seen.", at("2026-11-23T00:00:01Z")).unwrap();
    let look = activity::log::look(&house.log_dir(), &house.run_dir()).unwrap();
    assert!(look.damaged[0].1.is_some());
}
