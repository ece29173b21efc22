//! What befalls a log: a full disk, a full spool, a power loss, a clock that is set.

use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;

use activity::entry::{Cause, What};
use activity::page::{self, Run};
use activity::{Search, Sink, SinkConfig, TimeRange};

use crate::house::{House, Visit, at, until};

fn whats(house: &House) -> Vec<What> {
    house.client().entries().unwrap().into_iter().map(|entry| entry.what).collect()
}

#[test]
fn events_wait_for_a_log_that_is_away_and_are_there_once() {
    let house = House::new();
    let sink = Sink::start(&house.run_dir(), house.clock.now()).unwrap();
    for _ in 0..1_000 {
        Visit::to("early.example").record(&sink);
    }
    let log = house.log();
    until("they are durable", || sink.counts().taken == 1_000);
    log.stop();
    for _ in 0..1_000 {
        Visit::to("late.example").record(&sink);
    }
    let log = house.log();
    until("they are durable too", || sink.counts().taken == 2_000);
    assert_eq!(house.found(&Search::default()).len(), 2_000);
    drop(sink);
    until("the run is settled", || house.status().accounts.open.is_empty());
    let accounts = house.status().accounts;
    assert_eq!((accounts.issued, accounts.durable, accounts.lost), (2_000, 2_000, 0));
    log.stop();
}

#[test]
fn what_finds_no_room_is_dropped_numbered_and_shown() {
    let house = House::new();
    let config = SinkConfig { run_dir: house.run_dir(), spool_bytes: 128 << 10 };
    let sink = Sink::start_with(&config, house.clock.now()).unwrap();
    for _ in 0..5_000 {
        Visit::to("www.example.org").record(&sink);
    }
    let dropped = sink.counts().dropped;
    assert!(dropped > 1_000 && dropped < 5_000, "{dropped}");
    let log = house.log();
    until("the gap is counted while the gate runs on", || {
        house.status().accounts.open.iter().any(|run| run.lost == dropped && run.durable == 5_000 - dropped)
    });
    Visit::to("after.example").record(&sink);
    until("it goes on", || sink.counts().taken == 5_001 - dropped);
    let lost = whats(&house).into_iter().find_map(|what| match what {
        What::Lost { numbers, events, cause, .. } => Some((numbers, events, cause)),
        _ => None,
    });
    assert_eq!(lost, Some((vec![(5_001 - dropped, 5_000)], dropped, Cause::NoRoom)));
    drop(sink);
    log.stop();
}

#[test]
fn after_a_power_loss_the_window_is_shown() {
    let house = House::new();
    let log = house.log();
    let sink = Sink::start(&house.run_dir(), house.clock.now()).unwrap();
    for _ in 0..10 {
        Visit::to("www.example.org").record(&sink);
    }
    until("they are durable", || sink.counts().taken == 10);
    log.stop();
    let run = sink.run();
    let path = page::path_of(&house.run_dir(), run);
    let mut left_behind = std::fs::read(&path).unwrap();
    drop(sink);
    // What such a machine finds after its restart: a page of an earlier boot, with the counts of a while ago.
    left_behind[16] ^= 1;
    left_behind[64] = 4;
    std::fs::write(&path, left_behind).unwrap();
    let log = house.log();
    until("the run is settled", || house.status().accounts.ended_runs == 1);
    let ended = whats(&house).into_iter().find(|what| matches!(what, What::RunEnded { .. }));
    let Some(What::RunEnded { run: ended, issued, durable, lost, exact, since, until: found_at }) = ended
    else {
        panic!("no entry: {ended:?}")
    };
    assert_eq!((ended, issued, durable, lost, exact), (run, 10, 10, 0, false));
    assert_eq!(since, Some(at("2026-11-23T10:49:00.123Z")));
    assert!(found_at > at("2020-01-01T00:00:00Z"));
    assert_eq!(house.status().accounts.inexact_runs, 1);
    log.stop();
}

#[test]
fn a_clock_set_back_changes_no_order_and_no_time() {
    let house = House::new();
    let log = house.log();
    let sink = Sink::start(&house.run_dir(), house.clock.now()).unwrap();
    let times =
        ["2026-11-23T10:49:00Z", "2026-11-23T09:00:00Z", "2030-01-01T00:00:00Z", "1971-01-01T00:00:00Z"];
    for (done, time) in (1..).zip(times) {
        Visit { at: at(time), ..Visit::to("www.example.org") }.record(&sink);
        until("it is durable", || sink.counts().taken == done);
    }
    let mut seen = Vec::new();
    house
        .client()
        .scan(TimeRange::default(), |event| {
            seen.push((event.seq, event.at));
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(seen, (1..).zip(times.map(at)).collect::<Vec<_>>());
    let time = TimeRange { from: Some(at("2026-11-23T08:00:00Z")), to: Some(at("2026-11-23T10:00:00Z")) };
    assert_eq!(house.found(&Search { time, ..Search::default() }).len(), 1);
    drop(sink);
    log.stop();
}

/// A file system of one megabyte, where this user may mount one.
struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    fn mount(at: &'a Path) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "fivebar-test"]).arg(at).status();
        mounted.is_ok_and(|status| status.success()).then_some(Self(at))
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(self.0).status());
    }
}

#[test]
fn a_full_disk_stops_no_query_loses_nothing_and_is_over_by_itself() {
    let house = House::new();
    let log_dir = house.log_dir();
    let Some(_disk) = SmallDisk::mount(&log_dir) else {
        eprintln!("skipped: mounting a small file system needs more rights than this user has");
        return;
    };
    let ballast = log_dir.join("ballast");
    std::fs::write(&ballast, vec![7; 600 << 10]).unwrap();
    let log = house.log();
    let sink = Sink::start(&house.run_dir(), house.clock.now()).unwrap();
    let mut recorded = 0;
    until("the disk is full", || {
        for _ in 0..200 {
            Visit::to("www.example.org").record(&sink);
        }
        recorded += 200;
        house.status().alarm.is_some()
    });
    let taken = sink.counts().taken;
    let status = house.status();
    assert!(taken < recorded && status.alarm.unwrap().why.contains("append"), "{taken} of {recorded}");
    assert_eq!(
        house.found(&Search::default()).len() as u64,
        status.last_seq,
        "queries are answered meanwhile"
    );
    assert_eq!(sink.counts().taken, taken, "nothing is acknowledged meanwhile");

    std::fs::remove_file(ballast).unwrap();
    until("all of it is durable", || sink.counts().taken == recorded);
    drop(sink);
    until("the run is settled", || house.status().accounts.open.is_empty());
    let status = house.status();
    assert!(status.alarm.is_none());
    let accounts = &status.accounts;
    assert_eq!((accounts.issued, accounts.durable, accounts.lost), (recorded, recorded, 0));
    let mut places = 0;
    let answered = house.client().scan(TimeRange::default(), |event| {
        places += 1;
        assert_eq!(event.seq, places);
        ControlFlow::Continue(())
    });
    assert_eq!((answered.unwrap().damaged_bytes, places), (0, recorded));
    assert!(whats(&house).iter().any(|what| matches!(what, What::Unwritable { .. })));
    log.stop();
}

#[test]
fn a_gate_that_talks_nonsense_is_let_go_and_the_others_go_on() {
    use std::io::{Read as _, Write as _};
    let house = House::new();
    let log = house.log();
    let sink = Sink::start(&house.run_dir(), house.clock.now()).unwrap();
    for nonsense in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        &[0xff; 64],
        &[1, 0, 0, 0, 2],
        &[10, 0, 0, 0, 1, 9, 1, 2, 3, 4, 5, 6, 7, 8],
    ] {
        let mut stream =
            std::os::unix::net::UnixStream::connect(activity::gate_socket(&house.run_dir())).unwrap();
        stream.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
        // The log may have hung up before all of it is written.
        drop(stream.write_all(nonsense));
        assert!(matches!(stream.read(&mut [0; 8]), Ok(0) | Err(_)), "{nonsense:?}");
    }
    Visit::to("www.example.org").record(&sink);
    until("it is durable", || sink.counts().taken == 1);
    assert_eq!(house.status().accounts.open.len(), 1);
    assert!(page::runs_in(&house.run_dir()).unwrap().contains(&sink.run()));
    let _: Run = sink.run();
    drop(sink);
    log.stop();
}
