//! The log process is killed again and again while it packs, merges, erases and takes in: nothing that was acknowledged is lost,
//! and nothing is there twice.
//!
//! The log is a process of its own: this test program, started again and told what to be.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use activity::entry::What;
use activity::{Client, Sink, Subject, TimeRange, Whose};
use columns::Parquet;
use engine::{
    Activity, ActivitySink as _, Decision, Fact, Front, Host, HostName, Identity, Obligations, PersonNo,
    Reason, Request, RuleRef, Step, Verdict,
};
use kit::Clock;

use crate::school::{columns_in, files};

const ROLE: &str = "FIVEBAR_TEST_ROLE";
const HOUSE: &str = "FIVEBAR_TEST_HOUSE";

/// What a child of this test is; does nothing in an ordinary run.
#[test]
fn role() {
    let (Ok(role), Ok(house)) = (std::env::var(ROLE), std::env::var(HOUSE)) else { return };
    assert_eq!(role, "packing log");
    let house = std::path::PathBuf::from(house);
    let mut config = activity::Config::new(&house.join("log"), &house.join("run"));
    config.log.segment_bytes = 20_000;
    config.log.keep_days = 36_500;
    config.log.columns = Some(Arc::new(Parquet::default()));
    // It is always long past the day of the events, and days are merged without waiting for the hour.
    config.upkeep_every = Duration::from_millis(50);
    config.first_upkeep = Duration::ZERO;
    let stop = Arc::new(AtomicBool::new(false));
    let parent_gone = Arc::clone(&stop);
    std::thread::spawn(move || {
        // The end of standard input is the end of the parent, however it ended.
        drop(std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
        parent_gone.store(true, Ordering::SeqCst);
    });
    activity::service::run(config, stop).unwrap();
}

struct Process(Child);

impl Process {
    fn start(house: &std::path::Path) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "kill::role", "--nocapture", "--test-threads=1"])
            .env(ROLE, "packing log")
            .env(HOUSE, house)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self(child.unwrap())
    }
}

/// `kill -9`.
impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(2)); // looks again; the deadline ends it
    }
}

fn visit(sink: &Sink, number: u64) {
    let identity = Identity { person: Some(PersonNo((number % 7) as u32)), ..Identity::default() };
    let path = format!("/{number}");
    let request = Request {
        host: Host::Name(HostName::new("www.example.org").unwrap()),
        port: None,
        path: Some(&path),
        as_sent: None,
        chain: &[],
        addresses: &[],
        identity: &identity,
        front: Front::Proxy,
    };
    let reason = Reason {
        step: Step::School,
        rule: RuleRef(1),
        fact: Fact::Host,
        category: None,
        list: None,
        group: None,
        beside: None,
    };
    let decision = Decision { verdict: Verdict::Allow, reason, obligations: Obligations::default() };
    // Days go by as the numbers do, so that files come to be merged.
    let at = kit::Timestamp::from_millis(1_700_000_000_000 + (number / 2_000) as i64 * 86_400_000);
    sink.record(&Activity::of(&request, &decision, at, [10, 0, 0, 7].into(), None, 1));
}

fn rounds() -> u64 {
    std::env::var("FIVEBAR_KILL_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(24)
}

#[test]
fn killing_the_log_while_it_packs_and_merges_loses_nothing_and_doubles_nothing() {
    let house = tempfile::tempdir().unwrap();
    let (run_dir, log_dir) = (house.path().join("run"), house.path().join("log"));
    activity::make_folders(&run_dir).unwrap();
    let client = Client::new(&run_dir);
    let sink = Sink::start(&run_dir, Clock::System.now()).unwrap();
    let mut recorded = 0;
    for round in 0..rounds() {
        let log = Process::start(house.path());
        until("the log answers", || client.status().is_ok());
        let from = sink.counts().taken;
        for _ in 0..400 {
            visit(&sink, recorded);
            recorded += 1;
        }
        let wanted = 1 + round * 131 % 400;
        until("events become durable", || sink.counts().taken >= from + wanted);
        drop(log);
    }
    let log = Process::start(house.path());
    until("all of it is durable", || sink.counts().taken == recorded);
    drop(sink);
    until("every run is settled", || {
        client.status().is_ok_and(|status| status.accounts.open.is_empty() && status.accounts.ended_runs > 0)
    });
    until("what is closed is packed", || {
        files(&log_dir, ".log").iter().filter(|name| name.starts_with("append")).count() == 1
    });
    let accounts = client.status().unwrap().accounts;
    assert_eq!((accounts.issued, accounts.durable, accounts.lost), (recorded, recorded, 0));
    let (mut places, mut paths) = (Vec::new(), HashSet::new());
    let answered = client.scan(TimeRange::default(), |event| {
        places.push(event.seq);
        assert!(paths.insert(event.path.unwrap()), "an event is there twice");
        ControlFlow::Continue(())
    });
    assert_eq!(answered.unwrap().damaged_bytes, 0);
    assert_eq!(places, (1..=recorded).collect::<Vec<_>>(), "places rise by one");
    assert!(files(&log_dir, ".tmp").is_empty());
    let names = columns_in(&log_dir);
    assert!(!names.is_empty());
    eprintln!("{recorded} events, {} files of columns", names.len());
    drop(log);
}

/// How many erasures have begun, and how many of those are done.
fn erasures(client: &Client) -> (usize, usize) {
    let entries = client.entries().unwrap_or_default();
    let count = |is_one: fn(&What) -> bool| entries.iter().filter(|entry| is_one(&entry.what)).count();
    let begun = count(|what| matches!(what, What::ErasureBegun { .. }));
    (begun, count(|what| matches!(what, What::ErasureDone { .. })))
}

#[test]
fn killing_the_log_while_it_erases_leaves_nothing_of_the_erased_and_all_of_the_others() {
    let house = tempfile::tempdir().unwrap();
    let run_dir = house.path().join("run");
    activity::make_folders(&run_dir).unwrap();
    let client = Client::new(&run_dir);
    let sink = Sink::start(&run_dir, Clock::System.now()).unwrap();
    let (mut number, mut recorded) = (0, Vec::new());
    let mut erased = HashSet::new();
    for round in 0..rounds().min(15) {
        let log = Process::start(house.path());
        until("the log answers", || client.status().is_ok());
        let from = sink.counts().taken;
        let mut new = 0;
        while new < 300 {
            if !erased.contains(&(number % 7)) {
                visit(&sink, number);
                recorded.push(number);
                new += 1;
            }
            number += 1;
        }
        until("events become durable", || sink.counts().taken >= from + new);
        let person = round % 5;
        erased.insert(person);
        let begun = erasures(&client).0;
        let asked = {
            let client = client.clone();
            let whose = Whose::Person(PersonNo(person as u32));
            std::thread::spawn(move || client.erase(Subject { whose, time: TimeRange::default() }))
        };
        until("the erasure has begun", || erasures(&client).0 > begun);
        // Each round it is killed a little later.
        for _ in 0..round * 3 {
            drop(client.status());
        }
        drop(log);
        // Whether it was told that it is done or not.
        drop(asked.join().unwrap());
    }
    let log = Process::start(house.path());
    until("every erasure is done", || {
        let (begun, done) = erasures(&client);
        client.status().is_ok() && begun > 0 && begun == done
    });
    let wanted: HashSet<String> = (recorded.iter())
        .filter(|number| !erased.contains(&(*number % 7)))
        .map(|number| format!("/{number}"))
        .collect();
    let mut paths = HashSet::new();
    client
        .scan(TimeRange::default(), |event| {
            assert!(event.person.is_none_or(|person| !erased.contains(&u64::from(person.0))));
            assert!(paths.insert(event.path.unwrap()), "an event is there twice");
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(paths, wanted);
    drop(sink);
    until("every run is settled", || client.status().is_ok_and(|status| status.accounts.open.is_empty()));
    let accounts = client.status().unwrap().accounts;
    assert_eq!(
        (accounts.durable, accounts.lost),
        (recorded.len() as u64, 0),
        "an empty place stays for each"
    );
    drop(log);
}
