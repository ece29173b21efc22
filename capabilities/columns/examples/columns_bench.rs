//! What columns cost: events a second and core from the append to the packed file, bytes an event, and how long reports take.
//!
//! `cargo run --release -p columns --example columns_bench [events] [folder]`: a made-up school of 1,500 people over four days,
//! the same whenever it is run. Prints a JSON object a line. A folder that is given is kept, for other engines to read; with no
//! events more, what is in it already is asked.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use activity::batch::{self, Batch};
use activity::event::encode;
use activity::log::{AppendLog, LogConfig};
use activity::page::Run;
use activity::past::{self, Asked};
use activity::{LogStore as _, Report, Search, TimeRange};
use columns::Parquet;
use engine::searching::Words;
use engine::{
    Activity, Decision, DeviceNo, Fact, Front, GroupNo, Host, HostName, Identity, KnownBy, Obligations,
    PersonNo, Reason, Request, RuleRef, Step, Transport, Verdict,
};
use kit::Timestamp;
use serde_json::json;

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

const PEOPLE: u64 = 1_500;
const SITES: usize = 100_000;
const DAYS: u64 = 4;
const A_DAY_MS: u64 = 86_400_000;
/// 2026-09-07, a Monday.
const FIRST_DAY_MS: u64 = 1_788_739_200_000;
const A_BATCH: u64 = 1_024;
/// How often each report is made, at least and at most; the median counts.
const ROUNDS: usize = 5;
const MOST_ROUNDS: usize = 50;

fn main() -> Outcome {
    let mut args = std::env::args().skip(1);
    let events: u64 = args.next().and_then(|text| text.parse().ok()).unwrap_or(2_000_000);
    let kept = args.next();
    let made = tempfile::tempdir()?;
    let folder = kept.as_deref().map_or(made.path(), Path::new);
    #[expect(clippy::disallowed_methods, reason = "an example has no commands' output to go through")]
    let mut out = std::io::stdout();
    let columns = Arc::new(Parquet::default());
    let config = LogConfig { columns: Some(columns), ..LogConfig::in_dir(folder) };
    let end = Timestamp::from_millis((FIRST_DAY_MS + (DAYS + 1) * A_DAY_MS) as i64);
    let log = AppendLog::open(config, end)?;

    let mut school = School::new();
    let (mut appending, mut packing) = (0.0, 0.0);
    let mut done = 0;
    while done < events {
        // Made beforehand, so that the making is in no figure.
        let chunk = (events - done).min(64 * A_BATCH);
        let batches = school.batches(done, chunk, events);
        let began = cpu_seconds()?;
        for batch in &batches {
            let batch = Batch::parse(batch).ok_or("a batch that is none")?;
            log.append(&[(Run(1), batch)])?;
        }
        appending += cpu_seconds()? - began;
        done += chunk;
        let began = cpu_seconds()?;
        log.pack(|| false)?;
        packing += cpu_seconds()? - began;
    }
    let began = cpu_seconds()?;
    log.close_day(end)?;
    log.pack(|| false)?;
    packing += cpu_seconds()? - began;
    let rate = |seconds: f64| events as f64 / seconds.max(0.01);
    writeln!(out, "{}", json!({ "what": "append", "events_a_core_second": rate(appending) }))?;
    let packed = json!({
        "what": "append and pack", "events_a_core_second": rate(appending + packing), "bytes_an_event": bytes(folder, "columns-")? as f64 / events as f64,
        "resident_kb": resident_kb()?,
    });
    writeln!(out, "{packed}")?;
    std::fs::write("/proc/self/clear_refs", "5")?;
    let began = cpu_seconds()?;
    let days = log.merge_days(end, || false)?;
    let merged = json!({
        "what": "merge", "files": days, "events_a_core_second": rate(cpu_seconds()? - began),
        "bytes_an_event": bytes(folder, "columns-")? as f64 / events as f64,
        "side_table_bytes_an_event": bytes(folder, "sums-")? as f64 / events as f64,
        "resident_kb": resident_kb()?,
    });
    writeln!(out, "{merged}")?;
    if events > 0 {
        let (began, mut requests) = (cpu_seconds()?, 0);
        log.past(&Asked::default(), &mut |parcel| {
            requests += past::read(parcel).map_or(0, |batch| batch.rows.len());
            std::ops::ControlFlow::Continue(())
        })?;
        let read = json!({
            "what": "requests of the past, read for a replay", "events": requests,
            "events_a_core_second": requests as f64 / (cpu_seconds()? - began).max(0.01),
        });
        writeln!(out, "{read}")?;
    }
    for (what, report) in reports() {
        let Took { first_ms, ms, cpu_ms, rows } = timed(|| Ok(log.report(&report)?.rows.len()))?;
        let text = report.sql()?;
        let told = json!({
            "what": what, "first_ms": first_ms, "ms": ms, "cpu_ms": cpu_ms, "rows": rows, "sql": text,
        });
        writeln!(out, "{told}")?;
    }
    let day = TimeRange { from: at(DAYS - 1, 0), to: at(DAYS, 0) };
    let search = Search { person: Some(PersonNo(77)), time: day, limit: Some(100), ..Search::default() };
    let Took { first_ms, ms, cpu_ms, rows } = timed(|| {
        let mut found = 0;
        log.query(&search, &mut |_| {
            found += 1;
            std::ops::ControlFlow::Continue(())
        })?;
        Ok(found)
    })?;
    let search = json!({
        "what": "last 100 of a person's day", "first_ms": first_ms, "ms": ms, "cpu_ms": cpu_ms, "rows": rows,
    });
    writeln!(out, "{search}")?;
    writeln!(out, "{}", json!({ "what": "at the end", "resident_kb": resident_kb()? }))?;
    Ok(())
}

fn at(day: u64, hour: u64) -> Option<Timestamp> {
    Some(Timestamp::from_millis((FIRST_DAY_MS + day * A_DAY_MS + hour * 3_600_000) as i64))
}

fn zone() -> String {
    "Europe/London".to_owned()
}

/// What the table asks.
fn reports() -> Vec<(&'static str, Report)> {
    let term = TimeRange::default();
    let day = TimeRange { from: at(DAYS - 1, 0), to: at(DAYS, 0) };
    vec![
        ("one person's day", Report::Person { person: PersonNo(77), time: day }),
        ("a common site over a term", Report::Site { site: site_name(3), time: term, zone: zone() }),
        ("a rare site over a term", Report::Site { site: site_name(70_000), time: term, zone: zone() }),
        ("top blocked by group", Report::TopBlocked { most: 10, time: term, zone: zone() }),
        ("search terms", Report::SearchTerms { term: "word77".to_owned(), time: term }),
    ]
}

/// How long a question took, in milliseconds, and how many rows came of it.
struct Took {
    first_ms: f64,
    /// The median of the runs after the first.
    ms: f64,
    /// The processor time of each of them.
    cpu_ms: f64,
    rows: usize,
}

/// Asks as often as it takes to be sure: the clock of the processor's time ticks a hundred times a second.
fn timed(mut run: impl FnMut() -> Outcome<usize>) -> Outcome<Took> {
    let mut once = || {
        let began = Instant::now();
        run().map(|rows| (began.elapsed().as_secs_f64() * 1_000.0, rows))
    };
    let (first_ms, rows) = once()?;
    let (began, busy) = (Instant::now(), cpu_seconds()?);
    let mut all = Vec::new();
    while all.len() < ROUNDS || (all.len() < MOST_ROUNDS && began.elapsed().as_secs_f64() < 2.0) {
        all.push(once()?.0);
    }
    let cpu_ms = (cpu_seconds()? - busy) * 1_000.0 / all.len() as f64;
    all.sort_by(f64::total_cmp);
    Ok(Took { first_ms, ms: all.get(all.len() / 2).copied().unwrap_or(first_ms), cpu_ms, rows })
}

/// User and system time of this process.
fn cpu_seconds() -> Outcome<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: u64 = fields.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse().unwrap_or(0)).sum();
    Ok(ticks as f64 / 100.0)
}

fn resident_kb() -> Outcome<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no peak is told")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

fn bytes(folder: &Path, begins: &str) -> Outcome<u64> {
    let mut sum = 0;
    for file in std::fs::read_dir(folder)? {
        let file = file?;
        if file.file_name().to_string_lossy().starts_with(begins) {
            sum += file.metadata()?.len();
        }
    }
    Ok(sum)
}

fn site_name(site: usize) -> String {
    format!("site{site}.example")
}

/// A school's traffic: sites by Zipf with favourites of each person, up to six hosts a site, lessons and evenings, a path
/// in three of ten and a random number in a third of those, one of twenty blocked.
struct School {
    dice: u64,
    /// Where each site's share of all visits ends.
    shares: Vec<f64>,
}

impl School {
    fn new() -> Self {
        let mut sum = 0.0;
        let mut shares: Vec<f64> = (1..=SITES)
            .map(|rank| {
                sum += 1.0 / (rank as f64).powf(1.05);
                sum
            })
            .collect();
        shares.iter_mut().for_each(|share| *share /= sum);
        Self { dice: 42, shares }
    }

    fn roll(&mut self, most: u64) -> u64 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        (self.dice >> 16) % most
    }

    fn site(&mut self, person: u64) -> usize {
        let mut part = self.roll(1 << 30) as f64 / (1_u64 << 30) as f64;
        if self.roll(10) < 6 {
            // One of the person's own forty, which are drawn from the same shares.
            let favourite = self.roll(40);
            let own = (person * 40 + favourite).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            part = (own >> 34) as f64 / (1_u64 << 30) as f64;
        }
        self.shares.partition_point(|share| *share < part).min(SITES - 1)
    }

    /// Batches of so many events of all, from the event `first` on.
    fn batches(&mut self, first: u64, count: u64, all: u64) -> Vec<Vec<u8>> {
        let mut batches = Vec::new();
        let mut number = first;
        while number < first + count {
            let size = A_BATCH.min(first + count - number);
            let base = self.moment(number, all);
            let mut bytes = Vec::new();
            batch::write_head(&mut bytes, number + 1, base as i64, size as u32);
            for event in 0..size {
                let after = self.moment(number + event, all) + self.roll(400);
                self.event(&mut bytes, event, after as i64 - base as i64);
            }
            batches.push(bytes);
            number += size;
        }
        batches
    }

    /// Most of a day's events come between eight and four.
    fn moment(&self, number: u64, all: u64) -> u64 {
        let a_day = all.div_ceil(DAYS);
        let (day, part) = (number / a_day, (number % a_day) as f64 / a_day as f64);
        let hours = if part < 0.8 { 8.0 + part * 10.0 } else { 16.0 + (part - 0.8) * 30.0 };
        FIRST_DAY_MS + day * A_DAY_MS + (hours * 3_600_000.0) as u64
    }

    fn event(&mut self, out: &mut Vec<u8>, number: u64, at_ms: i64) {
        let person = self.roll(PEOPLE);
        let site = self.site(person);
        let below = self.roll(1 + site as u64 % 6);
        let host = if below == 0 { site_name(site) } else { format!("h{below}.{}", site_name(site)) };
        let Some(name) = HostName::new(&host) else { return };
        let path = (self.roll(10) < 3).then(|| {
            let page = self.roll(40);
            if self.roll(100) < 35 {
                format!("/p{page}/{:08x}", self.roll(1 << 32))
            } else {
                format!("/lesson/{page}")
            }
        });
        let identity = Identity {
            person: Some(PersonNo(person as u32)),
            device: Some(DeviceNo(person as u32 + 10_000)),
            known_by: KnownBy::DeviceRegister,
            ..Identity::default()
        };
        let request = Request {
            host: Host::Name(name),
            port: None,
            path: path.as_deref(),
            as_sent: None,
            chain: &[],
            addresses: &[],
            identity: &identity,
            front: if path.is_some() { Front::Proxy } else { Front::Dns },
        };
        let reason = Reason {
            step: Step::PermittedUse,
            rule: RuleRef(site as u32 % 300),
            fact: Fact::Host,
            category: Some(site as u16 % 60),
            list: Some(site as u16 % 9),
            group: Some(GroupNo(person as u16 % 12)),
            beside: None,
        };
        let verdict = if self.roll(20) == 0 { Verdict::Block } else { Verdict::Allow };
        let decision = Decision { verdict, reason, obligations: Obligations::default() };
        let agent = path.as_ref().map(|_| format!("Mozilla/5.0 (made up) Browser/{}", person % 8));
        let client = [10, 0, (person / 250) as u8, (person % 250) as u8].into();
        let bytes = if path.is_some() { self.roll(200_000) } else { 0 };
        let activity =
            Activity::of(&request, &decision, Timestamp::from_millis(0), client, agent.as_deref(), bytes);
        // Eight of a thousand are searches.
        let words = (path.is_some() && self.roll(1_000) < 27)
            .then(|| format!("word{} and word{}", self.roll(2_000), self.roll(2_000)));
        // Some browsers ask by themselves, over HTTPS.
        let how = if person.is_multiple_of(8) { Transport::Https } else { Transport::Udp };
        let activity = activity.over(how).searching(words.as_deref().and_then(Words::new));
        encode(out, number, at_ms, &activity, None);
    }
}
