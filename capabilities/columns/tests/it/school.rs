//! A made-up school's log, without a gate: events of every form, written as a gate would.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use activity::batch::{self, Batch};
use activity::event::{encode, encode_erased};
use activity::log::{AppendLog, LogConfig};
use activity::page::Run;
use activity::past::{self, Asked};
use activity::sealed::RecordRef;
use activity::{Event, LogStore as _, Search, TimeRange};
use columns::Parquet;
use engine::searching::Words;
use engine::{
    Activity, Decision, DeviceNo, Fact, Front, GroupNo, Host, HostName, Identity, KnownBy, Obligations,
    PersonNo, Reason, Request, RuleRef, Step, Transport, Verdict,
};
use kit::Timestamp;

pub const HOSTS: [&str; 8] = [
    "www.example.org",
    "example.org",
    "static.cdn.example.net",
    "a.b.example.co.uk",
    "files.s3.amazonaws.com",
    "printer",
    "xn--mnchen-3ya.example",
    "notexample.org",
];
pub const ADDRESSES: [IpAddr; 3] = [
    IpAddr::V4(Ipv4Addr::new(10, 0, 0, 7)),
    IpAddr::V4(Ipv4Addr::new(10, 0, 0, 8)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 9)),
];
pub const RUNS: [Run; 2] = [Run(0xda3a6e), Run(0xb)];

/// Numbers that look random and are the same for the same seed.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }

    fn perhaps<T>(&mut self, some: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.below(3) > 0).then(|| some(self))
    }
}

pub fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// The first moment of the school's first day.
pub fn morning() -> Timestamp {
    at("2026-11-23T08:00:00Z")
}

/// One event of some form, at about `minute` after the school's first morning.
fn event(out: &mut Vec<u8>, number: u64, dice: &mut Dice, minute: u64) {
    if dice.below(40) == 0 {
        return encode_erased(out, number, (minute * 60_000) as i64);
    }
    let identity = Identity {
        person: dice.perhaps(|dice| PersonNo(dice.below(5) as u32)),
        device: dice.perhaps(|dice| DeviceNo(dice.below(7) as u32)),
        known_by: KnownBy::from_number(dice.below(8) as u8).unwrap(),
        ..Identity::default()
    };
    let host = match dice.below(6) {
        0 => Host::Address(dice.of(&ADDRESSES)),
        _ => Host::Name(HostName::new(dice.of(&HOSTS)).unwrap()),
    };
    let path = dice.perhaps(|dice| format!("/page/{}/ü,\"{}\"", dice.below(9), dice.below(1_000_000)));
    let front = Front::from_number(dice.below(4) as u8).unwrap();
    let request = Request {
        host,
        port: None,
        path: path.as_deref(),
        as_sent: None,
        chain: &[],
        addresses: &[],
        identity: &identity,
        front,
    };
    let step = Step::from_number(1 + dice.below(14) as u8).unwrap();
    let reason = Reason {
        step,
        rule: RuleRef(if step == Step::Front { 1 + dice.below(8) as u32 } else { dice.below(40) as u32 }),
        fact: dice.of(&[
            Fact::None,
            Fact::Host,
            Fact::Path,
            Fact::Chain(200),
            Fact::Address(3),
            Fact::PartOfHost,
        ]),
        category: dice.perhaps(|dice| dice.below(4) as u16),
        list: dice.perhaps(|dice| dice.below(4) as u16),
        group: dice.perhaps(|dice| GroupNo(dice.below(4) as u16)),
        beside: dice.perhaps(|dice| GroupNo(dice.below(4) as u16)),
    };
    let verdict = Verdict::from_number(dice.below(4) as u8).unwrap();
    let decision = Decision { verdict, reason, obligations: Obligations::default() };
    let agent = dice.perhaps(|dice| format!("Browser/{}", dice.below(3)));
    let bytes = if dice.below(9) == 0 { u64::MAX - dice.below(9) } else { dice.below(100_000) };
    let moment = minute * 60_000 + dice.below(600_000);
    let at = Timestamp::from_millis(0);
    let words = dice.perhaps(|dice| dice.of(&["Chess openings", "how to win at chess", "owls, 100%", "ü"]));
    let opened = Activity::of(&request, &decision, at, dice.of(&ADDRESSES), agent.as_deref(), bytes)
        .searching(words.and_then(Words::new))
        .over(Transport::ALL[number as usize % 4]);
    let ended =
        if front == Front::Connect && dice.below(2) == 0 { opened.ended(at, dice.below(9)) } else { None };
    let record = RecordRef::from_number(dice.below(3));
    encode(out, number, moment as i64, &ended.unwrap_or(opened), record);
}

/// A school's log in a folder.
pub struct School {
    pub folder: tempfile::TempDir,
    pub segment_bytes: u64,
    pub packs: bool,
}

impl School {
    /// With segments of two thousand bytes, twenty events or so.
    pub fn new(packs: bool) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), segment_bytes: 2_000, packs }
    }

    pub fn dir(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    pub fn run_dir(&self) -> PathBuf {
        let run = self.folder.path().join("run");
        activity::make_folders(&run).unwrap();
        run
    }

    pub fn open(&self) -> AppendLog {
        let mut config = LogConfig { segment_bytes: self.segment_bytes, ..LogConfig::in_dir(&self.dir()) };
        if self.packs {
            config.columns = Some(Arc::new(Parquet::default()));
        }
        AppendLog::open(config, morning()).unwrap()
    }
}

/// Appends `count` events in batches of up to eight, from two gates by turns; `first` numbers each gate's next event.
pub fn fill(log: &AppendLog, count: u64, seed: u64, first: &mut [u64; 2]) {
    fill_from(log, (count, seed), first, morning(), |done| done / 4);
}

/// The same from a moment on; `minute` says when, by how many events there were.
pub fn fill_from(
    log: &AppendLog,
    (count, seed): (u64, u64),
    first: &mut [u64; 2],
    base: Timestamp,
    minute: impl Fn(u64) -> u64,
) {
    let mut dice = Dice(seed);
    let mut done = 0;
    while done < count {
        let gate = dice.below(2) as usize;
        let size = (1 + dice.below(8)).min(count - done);
        let mut bytes = Vec::new();
        batch::write_head(&mut bytes, first[gate], base.as_millis(), size as u32);
        for number in 0..size {
            event(&mut bytes, number, &mut dice, minute(done));
            done += 1;
        }
        first[gate] += size;
        log.append(&[(RUNS[gate], Batch::parse(&bytes).unwrap())]).unwrap();
    }
}

pub fn found(log: &AppendLog, search: &Search) -> (Vec<Event>, u64) {
    let mut events = Vec::new();
    let answered = log.query(search, &mut |event| {
        events.push(event);
        ControlFlow::Continue(())
    });
    let answered = answered.unwrap();
    assert_eq!(answered.events, events.len() as u64);
    (events, answered.damaged_bytes)
}

pub fn scanned(log: &AppendLog, time: TimeRange) -> Vec<Event> {
    let mut events = Vec::new();
    log.scan(time, &mut |event| {
        events.push(event);
        ControlFlow::Continue(())
    })
    .unwrap();
    events
}

/// What a replay is handed of a time, each request in words, in the order of the words.
pub fn replayed(log: &AppendLog, asked: &Asked) -> Vec<String> {
    let mut all = Vec::new();
    let answered = log.past(asked, &mut |parcel| {
        let batch = past::read(parcel).unwrap();
        for row in &batch.rows {
            let (person, client) = batch.askers[row.asker as usize];
            let host = row.host.map(|host| batch.hosts[host as usize].to_string());
            let (front, path) = (row.front.id(), row.path);
            let decided = (row.verdict, row.known_by, row.step, row.fact);
            all.push(format!("{:?}", (row.at, person, client, host, path, front, decided)));
        }
        ControlFlow::Continue(())
    });
    assert_eq!(answered.unwrap().events, all.len() as u64);
    all.sort();
    all
}

/// The same by events.
pub fn as_replayed(events: &[Event], brought_in: bool) -> Vec<String> {
    let mut all: Vec<String> = (events.iter())
        .filter(|event| (event.step == Step::Elsewhere) == brought_in)
        .map(|event| {
            let (host, path, front) = (event.host.clone(), event.path.as_deref(), event.front.as_str());
            let decided = (event.verdict, event.known_by, event.step, event.fact);
            format!("{:?}", (event.at, event.person, event.client, host, path, front, decided))
        })
        .collect();
    all.sort();
    all
}

/// Names of the files in a folder that end so.
pub fn files(dir: &Path, end: &str) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(dir)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(end))
        .collect();
    names.sort();
    names
}

/// Names of the files of columns in a folder.
pub fn columns_in(dir: &Path) -> Vec<String> {
    files(dir, ".parquet").into_iter().filter(|name| name.starts_with("columns-")).collect()
}

/// Flips one bit of a file.
pub fn flip(path: &Path, place: u64) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[place as usize] ^= 0x10;
    std::fs::write(path, bytes).unwrap();
}
