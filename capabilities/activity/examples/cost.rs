//! What the log costs: a front, by event and by number of threads; and the log process, at a steady rate.
//!
//! `cargo run --release -p activity --example cost [events a second] [seconds]`

use std::io::Write as _;
use std::net::IpAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use activity::{Client, Config, Sink, SinkConfig};
use engine::{
    Activity, ActivitySink as _, Decision, DeviceNo, Fact, Front, GroupNo, Host, HostName, Identity, KnownBy,
    Obligations, PersonNo, Reason, Request, RuleRef, Step, Verdict,
};
use kit::Clock;

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn main() -> Outcome {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [role, house] = &args[..]
        && role == "log"
    {
        let house = std::path::Path::new(house);
        let config = Config::new(&house.join("log"), &house.join("run"));
        activity::service::run(config, Arc::new(AtomicBool::new(false)))?;
        return Ok(());
    }
    let number =
        |place: usize, usual: u64| args.get(place).and_then(|text| text.parse().ok()).unwrap_or(usual);
    let (rate, seconds) = (number(0, 20_000), number(1, 20));
    #[expect(clippy::disallowed_methods, reason = "an example has no commands' output to go through")]
    let mut out = std::io::stdout();
    for threads in [1, 2, 4] {
        writeln!(out, "record(), {threads} thread(s), no log: {:.0} ns an event", record_alone(threads)?)?;
    }
    log_process(&mut out, rate, seconds)
}

/// Nanoseconds of processor time for each event, with room for all of them: what other programs do beside it is not in
/// it.
fn record_alone(threads: u32) -> Result<f64, Box<dyn std::error::Error>> {
    const EVENTS: u32 = 400_000;
    let run = tempfile::tempdir()?;
    let config = SinkConfig { run_dir: run.path().to_owned(), spool_bytes: 512 << 20 };
    let sink = Sink::start_with(&config, Clock::System.now())?;
    let sink = &sink;
    let work = |thread: u32| {
        let before = thread_ns()?;
        (0..EVENTS).for_each(|n| visit(sink, thread * EVENTS + n, n % 4 != 0));
        thread_ns().map(|after| after - before)
    };
    let took: u64 = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|thread| scope.spawn(move || work(thread))).collect();
        workers.into_iter().map(|worker| worker.join().ok().flatten()).sum::<Option<u64>>()
    })
    .ok_or("this machine does not say how long a thread ran")?;
    let counts = sink.counts();
    if counts.dropped > 0 {
        return Err(format!("{} events found no room", counts.dropped).into());
    }
    Ok(took as f64 / f64::from(threads * EVENTS))
}

/// How long this thread has run on a processor, in nanoseconds.
fn thread_ns() -> Option<u64> {
    std::fs::read_to_string("/proc/thread-self/schedstat").ok()?.split(' ').next()?.parse().ok()
}

/// One event like a school's: three of four are DNS questions, the fourth has a path and an agent.
fn visit(sink: &Sink, n: u32, dns: bool) {
    const HOSTS: [&str; 4] =
        ["www.example.org", "static.cdn.example.net", "api.learning.example.com", "video.example"];
    let host = HOSTS.get((n % 4) as usize).and_then(|host| HostName::new(host));
    let Some(host) = host else { return };
    let identity = Identity {
        person: Some(PersonNo(n % 1_500)),
        device: Some(DeviceNo(n % 2_000)),
        known_by: KnownBy::DeviceRegister,
        ..Identity::default()
    };
    let request = Request {
        host: Host::Name(host),
        port: None,
        path: if dns { None } else { Some("/lessons/2026/fractions/page-7.html") },
        as_sent: None,
        chain: &[],
        addresses: &[],
        identity: &identity,
        front: if dns { Front::Dns } else { Front::Proxy },
    };
    let reason = Reason {
        step: Step::PermittedUse,
        rule: RuleRef(n % 300),
        fact: Fact::Host,
        category: Some(12),
        list: Some(3),
        group: Some(GroupNo(9)),
        beside: None,
    };
    let verdict = if n.is_multiple_of(20) { Verdict::Block } else { Verdict::Allow };
    let decision = Decision { verdict, reason, obligations: Obligations::default() };
    let agent =
        "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0";
    let client = IpAddr::from([10, 0, (n / 250 % 8) as u8, (n % 250) as u8]);
    let agent = if dns { None } else { Some(agent) };
    sink.record(&Activity::of(&request, &decision, Clock::System.now(), client, agent, 512));
}

fn log_process(out: &mut impl std::io::Write, rate: u64, seconds: u64) -> Outcome {
    let house = tempfile::tempdir()?;
    let run_dir = house.path().join("run");
    std::fs::create_dir(&run_dir)?;
    let log = Killed(
        Command::new(std::env::current_exe()?).arg("log").arg(house.path()).stdin(Stdio::null()).spawn()?,
    );
    let client = Client::new(&run_dir);
    while client.status().is_err() {
        std::thread::sleep(Duration::from_millis(20));
    }
    let sink = Sink::start(&run_dir, Clock::System.now())?;
    let before = cpu_ticks(log.0.id())?;
    let began = Instant::now();
    let mut recorded = 0;
    while began.elapsed() < Duration::from_secs(seconds) {
        let due = u64::try_from(began.elapsed().as_micros())? * rate / 1_000_000;
        for n in recorded..due {
            visit(&sink, n as u32, n % 4 != 0);
        }
        recorded = due.max(recorded);
        std::thread::sleep(Duration::from_millis(2));
    }
    while sink.counts().taken < recorded && began.elapsed() < Duration::from_secs(seconds + 30) {
        std::thread::sleep(Duration::from_millis(20));
    }
    let ticks = cpu_ticks(log.0.id())? - before;
    let status = client.status()?;
    writeln!(out, "{recorded} events at {rate} a second:")?;
    writeln!(
        out,
        "  log process: {:.2} µs of processor time an event",
        ticks as f64 * 10_000.0 / recorded as f64
    )?;
    writeln!(out, "  durable: {}, dropped: {}", sink.counts().taken, sink.counts().dropped)?;
    writeln!(out, "  bytes an event on disk: {:.1}", status.bytes as f64 / status.last_seq as f64)?;
    writeln!(out, "  append and fdatasync: p50 {} µs, p99 {} µs", status.sync_us_p50, status.sync_us_p99)?;
    Ok(())
}

/// User and system time of a process, in hundredths of a second.
fn cpu_ticks(process: u32) -> Result<u64, Box<dyn std::error::Error>> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    Ok(fields.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap_or(0)).sum())
}

/// A child that ends with this program.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
