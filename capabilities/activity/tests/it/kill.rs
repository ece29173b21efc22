//! Nothing acknowledged is lost, nothing is there twice, and the rest is counted exactly, whoever is killed when.
//!
//! The gate and the log are processes of their own: this test program, started again and told what to be.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::ops::ControlFlow;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use activity::entry::{Cause, What};
use activity::{Sink, TimeRange};
use engine::{ActivitySink, Owed};
use kit::Clock;

use crate::house::{House, Visit, until};

const ROLE: &str = "FIVEBAR_TEST_ROLE";
const HOUSE: &str = "FIVEBAR_TEST_HOUSE";

/// What a child of this test is; does nothing in an ordinary run.
#[test]
fn role() {
    let (Ok(role), Ok(house)) = (std::env::var(ROLE), std::env::var(HOUSE)) else { return };
    let house = std::path::PathBuf::from(house);
    match role.as_str() {
        "log" => {
            let mut config = activity::Config::new(&house.join("log"), &house.join("run"));
            config.log.segment_bytes = 200_000;
            let stop = Arc::new(AtomicBool::new(false));
            let parent_gone = Arc::clone(&stop);
            std::thread::spawn(move || {
                // The end of standard input is the end of the parent, however it ended.
                drop(std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
                parent_gone.store(true, std::sync::atomic::Ordering::SeqCst);
            });
            activity::service::run(config, stop).unwrap();
        }
        "gate" => gate(&house.join("run")),
        "carrying" => carrying(&house.join("run")),
        other => panic!("no role {other}"),
    }
}

/// Records in two threads and keeps saying how much of it has been acknowledged.
fn gate(run_dir: &std::path::Path) {
    let sink = Sink::start(run_dir, Clock::System.now()).unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for thread in 0..2 {
            let (sink, stop) = (&sink, &stop);
            scope.spawn(move || {
                for burst in 0u64.. {
                    if stop.load(std::sync::atomic::Ordering::Relaxed) {
                        return;
                    }
                    for n in 0..50 {
                        let path = Some(format!("/{}/{thread}/{}", sink.run(), burst * 50 + n));
                        Visit { path, ..Visit::to("www.example.org") }.record(sink);
                    }
                    std::thread::sleep(Duration::from_millis(2)); // the load's rhythm, not a wait for anything
                }
            });
        }
        let mut told = std::io::stderr();
        loop {
            // One write, so that a kill leaves a whole line or none: a pipe takes so few bytes at once.
            told.write_all(taken_line(&sink).as_bytes()).unwrap();
            let mut line = [0; 1];
            // The parent asks with a byte; it ends the run by closing its end.
            if std::io::Read::read(&mut std::io::stdin(), &mut line).unwrap() == 0 {
                break;
            }
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    sink.stop();
    std::io::stderr().write_all(taken_line(&sink).as_bytes()).unwrap();
}

/// Begins ten requests, ends seven of them in every way there is, says so, and goes on carrying out three.
fn carrying(run_dir: &std::path::Path) {
    let sink = Arc::new(Sink::start(run_dir, Clock::System.now()).unwrap());
    let to = Arc::clone(&sink) as Arc<dyn ActivitySink>;
    let mut owed: Vec<Owed> = (0..10).map(|_| Owed::new(&to, Clock::System.now())).collect();
    for _ in 0..4 {
        Visit::to("www.example.org").pay(owed.pop().unwrap());
    }
    Visit::help("help.example.org").pay(owed.pop().unwrap());
    owed.truncate(3); // two whose connection panicked
    Visit::to("www.example.org").record(&*sink);
    std::io::stderr().write_all(b"carrying\n").unwrap();
    drop(std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
    drop(owed);
    sink.stop();
}

fn taken_line(sink: &Sink) -> String {
    format!("taken {} {}\n", sink.run(), sink.counts().taken)
}

struct Process(Child);

impl Process {
    fn start(house: &House, role: &str) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "kill::role", "--nocapture", "--test-threads=1"])
            .env(ROLE, role)
            .env(HOUSE, house.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self(child)
    }

    /// `kill -9`.
    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    fn end(mut self) {
        drop(self.0.stdin.take());
        assert!(self.0.wait().unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// The most each run was told is durable.
type Taken = Arc<Mutex<HashMap<String, u64>>>;

fn listen(gate: &mut Process, taken: &Taken) -> std::thread::JoinHandle<()> {
    let (lines, taken) = (BufReader::new(gate.0.stderr.take().unwrap()).lines(), Arc::clone(taken));
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            let words: Vec<_> = line.split(' ').collect();
            if let ["taken", run, count] = words[..] {
                taken.lock().unwrap().insert(run.to_owned(), count.parse().unwrap());
            }
        }
    })
}

/// Waits until the gate has said of a further `more` events that they are durable.
fn progress(gate: &mut Process, taken: &Taken, more: u64) {
    let sum = || taken.lock().unwrap().values().sum::<u64>();
    let before = sum();
    until("events become durable", || {
        gate.0.stdin.as_mut().unwrap().write_all(b"?").unwrap();
        sum() >= before + more
    });
}

fn rounds() -> u64 {
    std::env::var("FIVEBAR_KILL_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(24)
}

#[test]
fn killing_gate_and_log_again_and_again_loses_nothing_acknowledged_and_counts_the_rest() {
    let house = House::new();
    let taken = Taken::default();
    let mut listeners = Vec::new();
    let mut log = Process::start(&house, "log");
    let mut gate = Process::start(&house, "gate");
    listeners.push(listen(&mut gate, &taken));
    for round in 0..rounds() {
        progress(&mut gate, &taken, 1 + round * 131 % 1_500);
        if round % 3 != 0 {
            gate.kill();
            gate = Process::start(&house, "gate");
            listeners.push(listen(&mut gate, &taken));
        }
        if round % 3 != 1 {
            log.kill();
            log = Process::start(&house, "log");
        }
    }
    progress(&mut gate, &taken, 1);
    gate.end();
    listeners.into_iter().for_each(|listener| listener.join().unwrap());
    let client = house.client();
    until("every run is settled", || {
        client.status().is_ok_and(|status| status.accounts.open.is_empty() && status.accounts.ended_runs > 0)
    });

    let accounts = house.status().accounts;
    assert_eq!(accounts.issued, accounts.durable + accounts.lost);
    assert_eq!(accounts.inexact_runs, 0);
    let mut places = Vec::new();
    let mut paths = HashSet::new();
    let answered = client
        .scan(TimeRange::default(), |event| {
            places.push(event.seq);
            assert!(paths.insert(event.path.unwrap()), "an event is there twice");
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(answered.damaged_bytes, 0);
    assert_eq!(paths.len() as u64, accounts.durable);
    assert_eq!(places, (1..=accounts.durable).collect::<Vec<_>>(), "places rise by one");
    let mut durable_of = HashMap::new();
    let mut counted_lost = 0;
    for entry in client.entries().unwrap() {
        match entry.what {
            What::RunEnded { run, durable, .. } => drop(durable_of.insert(run.to_string(), durable)),
            What::Lost { events, .. } => counted_lost += events,
            _ => {}
        }
    }
    assert_eq!(counted_lost, accounts.lost);
    for (run, &taken) in &*taken.lock().unwrap() {
        let durable = durable_of[run];
        assert!(durable >= taken, "{taken} of run {run} were acknowledged and {durable} are there");
    }
    eprintln!("{} issued, {} durable, {} lost and counted", accounts.issued, accounts.durable, accounts.lost);
    log.kill();
}

#[test]
fn what_a_killed_gate_was_carrying_out_is_counted_as_lost_and_said_so() {
    for killed in [true, false] {
        let house = House::new();
        let log = house.log();
        let mut gate = Process::start(&house, "carrying");
        let mut said = BufReader::new(gate.0.stderr.take().unwrap()).lines();
        assert_eq!(said.next().unwrap().unwrap(), "carrying");
        until("what has an event is durable", || {
            house.status().accounts.open.iter().any(|run| (run.durable, run.lost, run.owed) == (5, 2, 3))
        });
        if killed {
            gate.kill()
        } else {
            gate.end()
        }
        until("the run is over", || house.status().accounts.ended_runs == 1);
        let accounts = house.status().accounts;
        assert_eq!((accounts.issued, accounts.durable, accounts.lost, accounts.inexact_runs), (10, 5, 5, 0));
        let mut lost: Vec<(Cause, u64)> = Vec::new();
        for entry in house.client().entries().unwrap() {
            if let What::Lost { cause, events, .. } = entry.what {
                lost.push((cause, events));
            }
        }
        let last = if killed { Cause::InFlight } else { Cause::NoRoom };
        assert_eq!(lost, [(Cause::NoRoom, 2), (last, 3)]);
        log.stop();
    }
}
