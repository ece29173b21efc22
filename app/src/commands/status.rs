//! `status`: how the school's filter fares.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use filtering::filter_test;
use filtering::health::{Lost, backups_owed, many_devices};
use filtering::observing;
use filtering::publish::Published;
use kit::{Clock, Timestamp, Zone};
use serde_json::{Value, json};

use crate::commands::backup::doing_now;
use crate::commands::context::Context;
use crate::commands::lasting::school_zone;
use crate::output::{Failure, is_unheard};
use crate::process::health::Health;

#[derive(Debug, Args)]
#[command(
    after_help = "The exit code is 4 where a part is not running or does not answer, and 6 where the back-ups are not as [backup] in \
                  fivebar.toml wants them. With --watch it goes on until it is stopped."
)]
pub struct Status {
    /// Go on, every two seconds.
    #[arg(long)]
    watch: bool,
}

/// How long a part is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
const EVERY: Duration = Duration::from_secs(2);
/// A test of the filter that is older wants another.
const TEST_EVERY_DAYS: i64 = 31;
const DAY_MS: i64 = 86_400_000;
/// How many tests are looked at for failures that stand.
const LOOKED_BACK: u32 = 200;

/// How everything is at one moment.
struct Seen {
    at: Timestamp,
    gate: Option<Health>,
    log: Option<activity::Status>,
    generation: Option<u64>,
    /// Lists that wait for a person, are held, or fail, by their word.
    lists: Vec<(String, &'static str)>,
    in_use: usize,
    tested: Option<(u32, Timestamp, bool, String)>,
    /// Tests before that one which failed, and whose groups nobody was tested as since.
    failed: Vec<(u32, Timestamp, String)>,
    /// Why a test could not be run by itself.
    not_tested: Option<String>,
    /// What is owed to the rule of the back-ups, in words; nothing where there is none.
    owed: Vec<String>,
    /// When the newest back-up was made that is still there.
    backed_up: Option<Timestamp>,
    /// What is being done with back-ups just now.
    backing_up: Option<String>,
    /// The school's own time.
    zone: Zone,
    /// Whether the portal takes connections, where it is known where it is.
    portal: Option<bool>,
}

/// Runs the command.
pub fn run(context: &Context, asked: &Status) -> Result<()> {
    let mut before: Option<Seen> = None;
    loop {
        let seen = Seen::now(context)?;
        if asked.watch {
            context.output.clear_screen();
        }
        seen.tell(context, before.as_ref());
        if !asked.watch {
            if seen.gate.is_none() || seen.log.is_none() || seen.portal == Some(false) {
                let why = "not everything is running; `fivebar run` starts it".to_owned();
                return Err(Failure::NotRunning(why).into());
            }
            return match seen.owed.first() {
                None => Ok(()),
                Some(first) => Err(Failure::BackUpsOwed(first.clone()).into()),
            };
        }
        if is_unheard() {
            return Ok(());
        }
        before = Some(seen);
        std::thread::sleep(EVERY);
    }
}

impl Seen {
    fn now(context: &Context) -> Result<Self> {
        let at = Clock::System.now();
        let records = context.records()?;
        let (all, tests, not_tested, back_ups, zone) = context.wait(async {
            let mut tx = records.read().await?;
            let all = filtering::list::status(&mut tx).await?;
            let tests = filter_test::newest(&mut tx, LOOKED_BACK).await?;
            let not_tested = filter_test::problem(&mut tx).await?;
            let back_ups = backups::kept::known(&mut tx).await?;
            let zone = school_zone(&mut tx).await?;
            tx.roll_back().await?;
            anyhow::Ok((all, tests, not_tested, back_ups, zone))
        })?;
        let rule = context.config.backup.as_ref().map(crate::config::Backup::rule);
        let owed = rule.iter().flat_map(|rule| rule.owed(&back_ups, &zone, at));
        let owed = owed.map(|owed| backups_owed(&owed, &zone).0).collect();
        let lists = all.iter().map(|one| (one.list.id.clone(), one.word()));
        Ok(Self {
            at,
            gate: Health::read(&context.home.health(), at),
            log: activity::Client::new(&context.home.run()).status_within(PATIENCE).ok(),
            generation: Published::read(&context.home.gate())?.map(|published| published.generation),
            in_use: all.len(),
            lists: lists.filter(|(_, word)| *word != "active").collect(),
            tested: tests
                .first()
                .map(|test| (test.number, test.at, test.report.passed, test.report.in_short())),
            failed: filter_test::still_failed(&tests)
                .into_iter()
                .filter(|failed| tests.first().is_some_and(|newest| newest.number != failed.number))
                .map(|failed| (failed.number, failed.at, failed.report.in_short()))
                .collect(),
            not_tested,
            owed,
            backed_up: back_ups.last_made,
            backing_up: doing_now(&context.home),
            zone,
            portal: portal(context),
        })
    }

    fn tell(&self, context: &Context, before: Option<&Self>) {
        context.output.object(&self.object());
        let out = context.output;
        if let Some(until) = self.observing_until() {
            out.say(format!("RULES {}", observing::words(until, self.at, &self.zone)));
        }
        match &self.gate {
            None => out.say("Gate  NOT RUNNING: devices get no answers from it."),
            Some(gate) => {
                let rate = rate(before, self);
                out.say(format!("Gate  runs since {}{rate}", Timestamp::from_millis(gate.started_ms)));
                let of = |name| gate.count("dns", name);
                out.say(format!(
                    "      DNS: {} questions, {} refused, {} from the cache, {} could not be found out",
                    of("questions"),
                    of("blocked"),
                    of("cached"),
                    of("failed")
                ));
                if of("doubted") > 0 {
                    out.say(format!(
                        "      {} QUESTIONS NAMED TWO DEVICES: a router under [dns] routers passes on what a device says of itself. Add \
                         strip-subnet and strip-mac to its dnsmasq.conf, or take it out of routers (docs/operations/install.md)",
                        of("doubted")
                    ));
                }
                let of = |name| gate.count("proxy", name);
                out.say(format!(
                    "      proxy: {} connections now, {} requests, {} tunnels, {} refused",
                    of("open"),
                    of("forwarded"),
                    of("tunnels"),
                    of("blocked")
                ));
                if let Some(notice) = &gate.notice {
                    out.say(format!("      {notice}"));
                }
            }
        }
        match &self.log {
            None => out.say("Log   NOT RUNNING: what devices do is kept by the gate until it is full, then lost and counted."),
            Some(log) => {
                let kept = log.last_seq.saturating_sub(log.first_seq.saturating_sub(1));
                out.say(format!("Log   keeps {kept} events in {} bytes", log.bytes));
                for crowd in &log.crowds {
                    out.say(format!("      {}", many_devices(crowd)));
                }
                let Lost { events, damaged, at_least } = Lost::of(log);
                let at_least = if at_least { "at least " } else { "" };
                if damaged > 0 {
                    out.say(format!(
                        "      DAMAGED: {damaged} events that were on disk are lost; `fivebar verify` says which file and when it was found"
                    ));
                }
                if events > damaged {
                    out.say(format!(
                        "      {at_least}{events} events were lost in all; `fivebar activity status` counts them"
                    ));
                }
                if let Some(alarm) = &log.alarm {
                    out.say(format!("      ALARM since {}: events cannot be written: {}", alarm.since, alarm.why));
                }
            }
        }
        if self.portal == Some(false) {
            out.say("Hub   NOT ANSWERING: the portal is not there, and nothing is published or renewed.");
        }
        match self.generation {
            None => out.say("Rules nothing was published yet; `fivebar policy apply` does"),
            Some(generation) => {
                out.say(format!("Rules publication {generation}, {} lists in use", self.in_use));
            }
        }
        for (list, word) in &self.lists {
            out.say(format!("      {list} is {word}; `fivebar lists status` says why"));
        }
        match &self.tested {
            None => out.say("Test  the filter was never tested; `fivebar filter-test` does"),
            Some((number, at, _, outcome)) => {
                let old = (self.at.as_millis() - at.as_millis()) / DAY_MS > TEST_EVERY_DAYS;
                let old = if old { "; that was more than a month ago" } else { "" };
                out.say(format!("Test  number {number} of {at} {outcome}{old}"));
            }
        }
        if let Some(why) = &self.not_tested {
            out.say(format!("      it could not be tested by itself: {why}"));
        }
        if let Some(at) = self.backed_up {
            out.say(format!("Kept  the newest back-up by rule was made {at}"));
        }
        if let Some(doing) = &self.backing_up {
            out.say(format!("      just now: {doing}"));
        }
        for owed in &self.owed {
            out.say(format!("      BACK-UPS: {owed}"));
        }
        for (number, at, outcome) in &self.failed {
            out.say(format!(
                "      number {number} of {at} {outcome}; nobody was tested as these groups since: `fivebar filter-test` does"
            ));
        }
    }

    /// Until when the running gate refuses nothing but illegal content, if it does.
    fn observing_until(&self) -> Option<Timestamp> {
        self.gate.as_ref()?.observing_until_ms.map(Timestamp::from_millis)
    }

    fn object(&self) -> Value {
        let counts = |gate: &Health| -> Value {
            gate.counts.iter().map(|one| (format!("{}_{}", one.front, one.name), json!(one.value))).collect()
        };
        json!({
            "at": self.at.to_string(),
            "gate": self.gate.as_ref().map(|gate| json!({
                "pid": gate.pid, "since": Timestamp::from_millis(gate.started_ms).to_string(),
                "notice": gate.notice, "counts": counts(gate),
            })),
            "log": self.log.as_ref().map(|log| json!({
                "events": log.last_seq.saturating_sub(log.first_seq.saturating_sub(1)), "bytes": log.bytes,
                "lost": Lost::of(log).events, "damaged": Lost::of(log).damaged, "at_least": log.accounts.at_least,
                "alarm": log.alarm, "many_devices": log.crowds,
            })),
            "observing": self.observing_until().map(|until| json!({
                "until": until.to_string(), "notice": observing::words(until, self.at, &self.zone),
            })),
            "portal": self.portal,
            "generation": self.generation,
            "lists": { "in_use": self.in_use, "waiting": self.lists.iter().map(|(id, word)| json!({ "id": id, "state": word })).collect::<Vec<_>>() },
            "filter_test": self.tested.as_ref().map(|(number, at, passed, outcome)| json!({
                "number": number, "at": at.to_string(), "passed": passed, "in_short": outcome,
            })),
            "filter_test_problem": self.not_tested,
            "back_ups": {
                "newest": self.backed_up.map(|at| at.to_string()), "owed": self.owed, "now": self.backing_up,
            },
            "filter_tests_failed": self.failed.iter().map(|(number, at, outcome)| json!({
                "number": number, "at": at.to_string(), "in_short": outcome,
            })).collect::<Vec<_>>(),
        })
    }
}

/// Whether the portal answers on its port. Of one that took any free port nothing is known.
fn portal(context: &Context) -> Option<bool> {
    let listens = context.config.portal.listen;
    let address = match listens.ip() {
        ip if !ip.is_unspecified() => listens,
        IpAddr::V4(_) => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), listens.port()),
        IpAddr::V6(_) => SocketAddr::new(Ipv6Addr::LOCALHOST.into(), listens.port()),
    };
    if listens.port() == 0 {
        return None;
    }
    let asked = || {
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(b"HEAD / HTTP/1.0\r\n\r\n")?;
        stream.read(&mut [0; 16])
    };
    Some(asked().is_ok_and(|read| read > 0))
}

/// How many questions a second, since the time before.
fn rate(before: Option<&Seen>, now: &Seen) -> String {
    let (Some(before), Some(gate)) = (before.and_then(|seen| seen.gate.as_ref()), &now.gate) else {
        return String::new();
    };
    let ms = gate.at_ms - before.at_ms;
    if before.pid != gate.pid || ms <= 0 {
        return String::new();
    }
    let more = gate.count("dns", "questions").saturating_sub(before.count("dns", "questions"));
    format!("; {} questions a second", more.saturating_mul(1000) / ms.unsigned_abs())
}
